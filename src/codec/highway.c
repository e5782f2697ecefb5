/* SPDX-License-Identifier: Apache-2.0 */
/* J. Alakuijala, B. Cox, J. Wassenberg: Fast keyed hash/pseudo-random function using SIMD multiply
 * and permute (2016). Four lanes of 64 bits; each packet of 32 bytes is added and multiplied in,
 * then bytes are permuted within pairs of lanes. */
#include "codec/highway.h"

#include <string.h>

#include "base/assert.h"
#include "base/le.h"

enum { FINAL_ROUNDS = 4 };

/* Digits of pi, as the paper has them. */
static const uint64_t start0[HIGHWAY_LANES] = {
    UINT64_C(0xdbe6d5d5fe4cce2f),
    UINT64_C(0xa4093822299f31d0),
    UINT64_C(0x13198a2e03707344),
    UINT64_C(0x243f6a8885a308d3),
};
static const uint64_t start1[HIGHWAY_LANES] = {
    UINT64_C(0x3bd39e10cb0ef593),
    UINT64_C(0xc0acf169b5f18a8c),
    UINT64_C(0xbe5466cf34e90c6c),
    UINT64_C(0x452821e638d01377),
};

static uint64_t swap_halves(uint64_t x)
{
    return x >> 32 | x << 32;
}

void highway_init(struct highway *h, const uint8_t key[HIGHWAY_KEY_SIZE])
{
    for (int i = 0; i < HIGHWAY_LANES; i++) {
        uint64_t k = le_get_u64(key + 8 * i);
        h->mul0[i] = start0[i];
        h->mul1[i] = start1[i];
        h->v0[i] = start0[i] ^ k;
        h->v1[i] = start1[i] ^ swap_halves(k);
    }
    h->rest_len = 0;
}

/* The byte at `at` of `x`, moved to `to`. */
static uint64_t byte_moved(uint64_t x, int at, int to)
{
    return (x >> 8 * at & 0xff) << 8 * to;
}

/* Bytes of a pair of lanes, so mixed that the middle ones of products, which are the best, come to
 * the places that the next multiplication makes most of. */
static void zipper_add(uint64_t low, uint64_t high, uint64_t *ret_low, uint64_t *ret_high)
{
    *ret_low += byte_moved(low, 3, 0) | byte_moved(high, 4, 1) | byte_moved(low, 2, 2) |
                byte_moved(low, 5, 3) | byte_moved(high, 6, 4) | byte_moved(low, 1, 5) |
                byte_moved(high, 7, 6) | byte_moved(low, 0, 7);
    *ret_high += byte_moved(high, 3, 0) | byte_moved(low, 4, 1) | byte_moved(high, 2, 2) |
                 byte_moved(high, 5, 3) | byte_moved(high, 1, 4) | byte_moved(low, 6, 5) |
                 byte_moved(high, 0, 6) | byte_moved(low, 7, 7);
}

static void packet_add(struct highway *h, const uint64_t lanes[HIGHWAY_LANES])
{
    for (int i = 0; i < HIGHWAY_LANES; i++) {
        h->v1[i] += h->mul0[i] + lanes[i];
        h->mul0[i] ^= (h->v1[i] & UINT32_MAX) * (h->v0[i] >> 32);
        h->v0[i] += h->mul1[i];
        h->mul1[i] ^= (h->v0[i] & UINT32_MAX) * (h->v1[i] >> 32);
    }
    zipper_add(h->v1[0], h->v1[1], &h->v0[0], &h->v0[1]);
    zipper_add(h->v1[2], h->v1[3], &h->v0[2], &h->v0[3]);
    zipper_add(h->v0[0], h->v0[1], &h->v1[0], &h->v1[1]);
    zipper_add(h->v0[2], h->v0[3], &h->v1[2], &h->v1[3]);
}

static void bytes_add(struct highway *h, const uint8_t packet[HIGHWAY_PACKET])
{
    uint64_t lanes[HIGHWAY_LANES];
    for (int i = 0; i < HIGHWAY_LANES; i++) lanes[i] = le_get_u64(packet + 8 * i);
    packet_add(h, lanes);
}

void highway_add(struct highway *h, struct slice s)
{
    assert(h->rest_len < HIGHWAY_PACKET);
    if (h->rest_len > 0) {
        uint32_t room = HIGHWAY_PACKET - h->rest_len;
        struct slice head = slice_first(s, room);
        if (head.len > 0) memcpy(h->rest + h->rest_len, head.ptr, head.len);
        h->rest_len += head.len;
        if (h->rest_len < HIGHWAY_PACKET) return;
        bytes_add(h, h->rest);
        h->rest_len = 0;
        s = slice_from(s, head.len);
    }
    for (; s.len >= HIGHWAY_PACKET; s = slice_from(s, HIGHWAY_PACKET)) bytes_add(h, s.ptr);
    if (s.len > 0) memcpy(h->rest, s.ptr, s.len);
    h->rest_len = s.len;
}

static uint64_t rotate_halves(uint64_t x, uint32_t count)
{
    uint32_t low = (uint32_t)x, high = (uint32_t)(x >> 32);
    low = low << count | low >> (32 - count);
    high = high << count | high >> (32 - count);
    return (uint64_t)high << 32 | low;
}

/* The last 1 to 31 bytes: their count goes into the state, and those behind the last whole four to
 * the end of the packet (16 and more) or, thrice, to its middle. */
static void rest_add(struct highway *h)
{
    uint32_t len = h->rest_len, odd = len % 4;
    assert(len > 0);
    assert(len < HIGHWAY_PACKET);
    for (int i = 0; i < HIGHWAY_LANES; i++) {
        h->v0[i] += ((uint64_t)len << 32) + len;
        h->v1[i] = rotate_halves(h->v1[i], len);
    }
    uint8_t packet[HIGHWAY_PACKET] = { 0 };
    const uint8_t *tail = h->rest + (len - odd);
    memcpy(packet, h->rest, len - odd);
    if (len >= 16) {
        memcpy(packet + 28, h->rest + len - 4, 4);
    } else if (odd > 0) {
        packet[16] = tail[0];
        packet[17] = tail[odd / 2];
        packet[18] = tail[odd - 1];
    }
    bytes_add(h, packet);
}

uint64_t highway_sum(struct highway *h)
{
    if (h->rest_len > 0) rest_add(h);
    for (int i = 0; i < FINAL_ROUNDS; i++) {
        const uint64_t lanes[HIGHWAY_LANES] = { swap_halves(h->v0[2]), swap_halves(h->v0[3]),
                                                swap_halves(h->v0[0]), swap_halves(h->v0[1]) };
        packet_add(h, lanes);
    }
    return h->v0[0] + h->v1[0] + h->mul0[0] + h->mul1[0];
}

uint64_t highway64(const uint8_t key[HIGHWAY_KEY_SIZE], struct slice s)
{
    struct highway h;
    highway_init(&h, key);
    highway_add(&h, s);
    return highway_sum(&h);
}
