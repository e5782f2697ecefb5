/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C (Castagnoli, RFC 3720), as the framing of S2 and Snappy has it.
 *
 * Pure; thread: any. */
#ifndef MIDGE_CODEC_CRC32C_H
#define MIDGE_CODEC_CRC32C_H

#include <stdint.h>

#include "base/slice.h"

/* `before` is what crc32c() gave for the bytes in front; 0 at the start. */
uint32_t crc32c(uint32_t before, struct slice);

/* How the framing stores it: a sum over bytes that contain sums would be a poor one. */
static inline uint32_t crc32c_masked(uint32_t crc)
{
    return (crc >> 15 | crc << 17) + 0xa282ead8;
}

#endif
