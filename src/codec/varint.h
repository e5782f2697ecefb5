/* SPDX-License-Identifier: Apache-2.0 */
/* Varint: integers of 64 bits in 1 to 10 bytes, seven bits each, the lowest first, as Go and
 * Protocol Buffers write them. Signed ones are zigzag: 0, -1, 1, -2 … become 0, 1, 2, 3 …
 *
 * Pure; thread: any; memory: the caller's. Reading never looks beyond the slice or the tenth byte.
 * A number may be written longer than need be (80 00), as in Go; who hashes what was read must not
 * take the bytes for the value. */
#ifndef MIDGE_CODEC_VARINT_H
#define MIDGE_CODEC_VARINT_H

#include "base/err.h"
#include "base/slice.h"

enum { VARINT_MAX = 10 };

/* Writes 1 to VARINT_MAX bytes; returns how many. */
uint32_t uvarint_put(uint64_t value, uint8_t ret_bytes[VARINT_MAX]);
uint32_t varint_put(int64_t value, uint8_t ret_bytes[VARINT_MAX]);

/* Cuts a number off the front of `*s`. BUSY: it goes on behind the end. INVALID: over 64 bits. Both
 * leave `*s` as it was. */
MUST_CHECK enum err uvarint_take(struct slice *s, uint64_t *ret_value);
MUST_CHECK enum err varint_take(struct slice *s, int64_t *ret_value);

#endif
