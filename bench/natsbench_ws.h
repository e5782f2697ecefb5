/* SPDX-License-Identifier: Apache-2.0 */
/* The client side of WebSocket framing (RFC 6455), as much as a load needs: binary frames, masked
 * on the way out, unmasked on the way in, no compression.
 *
 * Thread:  a `struct ws_in` belongs to its connection's reader.
 * Memory:  both directions work in the caller's buffers.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define WS_HEAD_MAX 14          /* of a masked frame */

struct ws_in {                  /* zeroed = at the start of a frame; private to natsbench_ws.c */
    unsigned char head[10];
    uint32_t head_len;
    uint64_t body_left;
    int opcode;
};

/* Writes one masked frame to `out` (room for len + WS_HEAD_MAX); returns its size. */
size_t ws_wrap(char *out, const char *data, size_t len);

/* Turns `len` received bytes into the application's bytes, in place; returns how many those are.
 * Control frames are swallowed. */
size_t ws_unwrap(struct ws_in *, char *data, size_t len);
