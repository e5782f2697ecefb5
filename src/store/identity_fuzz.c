/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever bytes an identity is read from: they are refused, or they are what is written of it
 * again.
 *
 * When the first byte is odd the sum is made to fit, so that what stands behind it is reached. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/le.h"
#include "store/identity_format.h"

enum { CHOICES = 1 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t bytes[IDENTITY_SIZE] = { 0 }, again[IDENTITY_SIZE];
    struct store_identity i = { 0 }, back = { 0 };
    if (size < CHOICES || size > CHOICES + IDENTITY_SIZE) return 0;
    uint32_t len = (uint32_t)size - CHOICES;
    if (len > 0) memcpy(bytes, data + CHOICES, len);
    if (data[0] % 2 == 1) {
        len = IDENTITY_SIZE;
        le_put_u64(bytes, hash_bytes(slice_of(bytes + 8, IDENTITY_SIZE - 8), 0));
    }
    if (identity_decode(slice_of(bytes, len), &i) != IDENTITY_GOOD) return 0;
    identity_encode(&i, again);
    assert(identity_decode(slice_of(again, sizeof again), &back) == IDENTITY_GOOD);
    assert(back.store_id == i.store_id && back.turn == i.turn && back.era == i.era &&
           back.current == i.current);
    assert(memcmp(bytes + IDENTITY_MAGIC, again + IDENTITY_MAGIC,
                  IDENTITY_KEYS + (size_t)i.keys_count * KEY_SIZE - IDENTITY_MAGIC) == 0);
    return 0;
}
