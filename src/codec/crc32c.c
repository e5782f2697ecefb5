/* SPDX-License-Identifier: Apache-2.0 */
/* Eight bytes a turn, one table for each of them ("slicing by eight"). A CRC is linear, so the
 * entry of a byte is the sum of the entries of its bits: BITS_n lists those eight, from bit 0, and
 * the compiler makes the table. Table n carries a byte over n further bytes of zeros. */
#include "codec/crc32c.h"

#include "base/le.h"

enum { SLICES = 8 };

/* clang-format off */
#define BIT(n, i, entry) ((((uint32_t)(n)) >> (i) & 1) * UINT32_C(entry))
#define SUM(n, a, b, c, d, e, f, g, h) \
    (BIT(n, 0, a) ^ BIT(n, 1, b) ^ BIT(n, 2, c) ^ BIT(n, 3, d) ^ \
     BIT(n, 4, e) ^ BIT(n, 5, f) ^ BIT(n, 6, g) ^ BIT(n, 7, h))
#define BITS_0(n) SUM(n, 0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf, \
                      0x105ec76f, 0x20bd8ede, 0x417b1dbc, 0x82f63b78)
#define BITS_1(n) SUM(n, 0x13a29877, 0x274530ee, 0x4e8a61dc, 0x9d14c3b8, \
                      0x3fc5f181, 0x7f8be302, 0xff17c604, 0xfbc3faf9)
#define BITS_2(n) SUM(n, 0xa541927e, 0x4f6f520d, 0x9edea41a, 0x38513ec5, \
                      0x70a27d8a, 0xe144fb14, 0xc76580d9, 0x8b277743)
#define BITS_3(n) SUM(n, 0xdd45aab8, 0xbf672381, 0x7b2231f3, 0xf64463e6, \
                      0xe964b13d, 0xd725148b, 0xaba65fe7, 0x52a0c93f)
#define BITS_4(n) SUM(n, 0x38116fac, 0x7022df58, 0xe045beb0, 0xc5670b91, \
                      0x8f2261d3, 0x1ba8b557, 0x37516aae, 0x6ea2d55c)
#define BITS_5(n) SUM(n, 0xef306b19, 0xdb8ca0c3, 0xb2f53777, 0x6006181f, \
                      0xc00c303e, 0x85f4168d, 0x0e045beb, 0x1c08b7d6)
#define BITS_6(n) SUM(n, 0x68032cc8, 0xd0065990, 0xa5e0c5d1, 0x4e2dfd53, \
                      0x9c5bfaa6, 0x3d5b83bd, 0x7ab7077a, 0xf56e0ef4)
#define BITS_7(n) SUM(n, 0x493c7d27, 0x9278fa4e, 0x211d826d, 0x423b04da, \
                      0x847609b4, 0x0d006599, 0x1a00cb32, 0x34019664)

#define FOUR(n, bits)       bits(n), bits((n) + 1), bits((n) + 2), bits((n) + 3)
#define SIXTEEN(n, bits)    FOUR(n, bits), FOUR((n) + 4, bits), \
                            FOUR((n) + 8, bits), FOUR((n) + 12, bits)
#define SIXTY_FOUR(n, bits) SIXTEEN(n, bits), SIXTEEN((n) + 16, bits), \
                            SIXTEEN((n) + 32, bits), SIXTEEN((n) + 48, bits)
#define TABLE(bits)         { SIXTY_FOUR(0, bits), SIXTY_FOUR(64, bits), \
                              SIXTY_FOUR(128, bits), SIXTY_FOUR(192, bits) }

static const uint32_t tables[SLICES][256] = {
    TABLE(BITS_0), TABLE(BITS_1), TABLE(BITS_2), TABLE(BITS_3),
    TABLE(BITS_4), TABLE(BITS_5), TABLE(BITS_6), TABLE(BITS_7),
};
/* clang-format on */

uint32_t crc32c(uint32_t before, struct slice s)
{
    uint32_t crc = ~before;
    for (; s.len >= SLICES; s = slice_from(s, SLICES)) {
        uint32_t low = le_get_u32(s.ptr) ^ crc, high = le_get_u32(s.ptr + 4);
        crc = tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^ tables[5][low >> 16 & 0xff] ^
              tables[4][low >> 24] ^ tables[3][high & 0xff] ^ tables[2][high >> 8 & 0xff] ^
              tables[1][high >> 16 & 0xff] ^ tables[0][high >> 24];
    }
    for (uint32_t i = 0; i < s.len; i++) crc = tables[0][(crc ^ s.ptr[i]) & 0xff] ^ crc >> 8;
    return ~crc;
}
