/* SPDX-License-Identifier: Apache-2.0 */
/* Websocket: frames of RFC 6455, as a server reads and writes them.
 *
 * Thread: any; pure. Memory: nothing is kept. A head is at most WS_HEAD_MAX bytes; payloads are the
 * caller's.
 * The verdict does not depend on how the bytes were cut. */
#ifndef MIDGE_WIRE_WEBSOCKET_H
#define MIDGE_WIRE_WEBSOCKET_H

#include <stdbool.h>

#include "base/slice.h"

enum { WS_HEAD_MAX = 14, WS_SERVER_HEAD_MAX = 10, WS_CONTROL_MAX = 125, WS_REASON_MAX = 123 };

enum ws_opcode {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10,
};

/* RFC 6455, section 7.4.1. */
enum ws_status {
    WS_STATUS_NORMAL = 1000,
    WS_STATUS_GOING_AWAY = 1001,
    WS_STATUS_PROTOCOL = 1002,
    WS_STATUS_NONE = 1005,              /* never on the wire: a close frame without a body */
    WS_STATUS_BAD_TEXT = 1007,
    WS_STATUS_POLICY = 1008,
    WS_STATUS_TOO_BIG = 1009,
    WS_STATUS_INTERNAL = 1011,
    WS_STATUS_TLS = 1015,
};

enum ws_verdict { WS_MORE, WS_OK, WS_BAD };

struct ws_frame {
    uint8_t  opcode;
    bool     fin;
    bool     compressed;                /* RSV1 */
    bool     masked;
    uint8_t  mask[4];
    uint8_t  head_len;
    uint64_t payload_len;               /* below 2^63 */
};

/* What the head is judged by. */
struct ws_rules {
    bool unmasked_allowed;              /* negotiated by Nats-No-Masking */
    bool compression;                   /* permessage-deflate was negotiated */
    bool in_message;                    /* a message has begun and its last frame has not come */
};

/* Decodes and judges one head. `*ret_why` of BAD: the reason as nats-server words it; static. */
enum ws_verdict ws_frame_decode(struct slice in, const struct ws_rules *, struct ws_frame *ret,
                                const char **ret_why);

/* Writes an unmasked head; returns its length. `compressed` sets RSV1. */
uint32_t ws_frame_encode(uint8_t ret_head[WS_SERVER_HEAD_MAX], uint8_t opcode_and_flags,
                         uint64_t payload_len);
enum { WS_FIN = 0x80, WS_COMPRESSED = 0x40 };       /* flags for the above */

/* Masks or unmasks in place. `at` is the payload's offset of the first byte. */
void ws_mask(uint8_t *bytes, uint64_t len, const uint8_t mask[4], uint64_t at);

/* What a peer's close frame says. `reply_status` is what to answer: its own, NONE (an empty body)
 * for none, or an error with `text`. */
struct ws_close {
    uint16_t     reply_status;
    struct slice text;                  /* the body behind the status, or the error */
    bool         fault;                 /* the peer broke the protocol */
};
/* `scratch` holds an error's text. */
enum { WS_CLOSE_SCRATCH = 64 };
struct ws_close ws_close_decode(struct slice payload, char scratch[WS_CLOSE_SCRATCH]);

/* Body of a close frame: the status, then at most WS_REASON_MAX bytes of text, cut with "...".
 * Returns its length;
 * 0 for WS_STATUS_NONE. */
uint32_t ws_close_encode(uint8_t ret_body[WS_CONTROL_MAX], uint16_t status, struct slice text);

#endif
