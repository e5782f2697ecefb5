/* SPDX-License-Identifier: Apache-2.0 */
/* Le: integers in what lies on a disk or in a log, little endian whatever the machine is, at any
 * address.
 *
 * Thread: any. Memory: the caller's; nothing is checked here, formats check lengths first. */
#ifndef MIDGE_BASE_LE_H
#define MIDGE_BASE_LE_H

#include <stdint.h>

/* Written out, so that every compiler makes one instruction of it. */
static inline void le_put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static inline void le_put_u32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
    at[2] = (uint8_t)(value >> 16);
    at[3] = (uint8_t)(value >> 24);
}

static inline void le_put_u64(uint8_t *at, uint64_t value)
{
    le_put_u32(at, (uint32_t)value);
    le_put_u32(at + 4, (uint32_t)(value >> 32));
}

static inline uint16_t le_get_u16(const uint8_t *at)
{
    return (uint16_t)((unsigned)at[0] | (unsigned)at[1] << 8);
}

static inline uint32_t le_get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t le_get_u64(const uint8_t *at)
{
    return (uint64_t)le_get_u32(at) | (uint64_t)le_get_u32(at + 4) << 32;
}

#endif
