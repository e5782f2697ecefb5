/* SPDX-License-Identifier: Apache-2.0 */
/* HighwayHash-64: the checksum of nats-server's stores. For reading those; midge's own files use
 * XXH3.
 *
 * Pure; thread: any. Memory: `struct highway` is a value of the caller; its fields are private. */
#ifndef MIDGE_CODEC_HIGHWAY_H
#define MIDGE_CODEC_HIGHWAY_H

#include <stdint.h>

#include "base/slice.h"

enum { HIGHWAY_KEY_SIZE = 32, HIGHWAY_PACKET = 32, HIGHWAY_LANES = 4 };

struct highway {
    uint64_t v0[HIGHWAY_LANES], v1[HIGHWAY_LANES];
    uint64_t mul0[HIGHWAY_LANES], mul1[HIGHWAY_LANES];
    uint8_t rest[HIGHWAY_PACKET]; /* what is less than a packet */
    uint32_t rest_len;
};

/* The pieces that are added hash as their concatenation does. The sum may be asked for once. */
void highway_init(struct highway *, const uint8_t key[HIGHWAY_KEY_SIZE]);
void highway_add(struct highway *, struct slice);
uint64_t highway_sum(struct highway *);

uint64_t highway64(const uint8_t key[HIGHWAY_KEY_SIZE], struct slice);

#endif
