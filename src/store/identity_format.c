/* SPDX-License-Identifier: Apache-2.0 */
#include "store/identity_format.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/le.h"
#include "store/versions.h"

/* "MID" and the version. A later version keeps the first 16 bytes, and that the sum is one of as
 * many bytes as it says, so that an older program sees what this is and refuses. */
enum { MAGIC = 0x0044494d };

static uint64_t sum_of(const uint8_t *bytes, uint32_t len)
{
    assert(len > IDENTITY_MAGIC);
    return hash_bytes(slice_of(bytes + IDENTITY_MAGIC, len - IDENTITY_MAGIC), 0);
}

static void key_encode(const struct identity_key *k, uint8_t *to)
{
    assert(k->number > 0);
    assert((uint32_t)k->cipher < SEAL_CIPHERS);
    le_put_u32(to + KEY_NUMBER, k->number);
    le_put_u32(to + KEY_CIPHER, (uint32_t)k->cipher);
    memcpy(to + KEY_WRAPPED, k->wrapped, SEAL_WRAPPED_SIZE);
}

void identity_encode(const struct store_identity *i, uint8_t ret_bytes[IDENTITY_SIZE])
{
    assert(i->store_id != 0 && i->turn > 0);
    assert(i->era <= i->turn);
    assert(i->keys_count <= IDENTITY_KEYS_MAX);
    assert(i->current == 0 || identity_key_find(i, i->current) != NULL);
    memset(ret_bytes, 0, IDENTITY_SIZE);
    le_put_u32(ret_bytes + IDENTITY_MAGIC, magic_with(MAGIC, IDENTITY_VERSION));
    le_put_u32(ret_bytes + IDENTITY_LEN, IDENTITY_SIZE);
    le_put_u64(ret_bytes + IDENTITY_STORE, i->store_id);
    le_put_u64(ret_bytes + IDENTITY_TURN, i->turn);
    le_put_u64(ret_bytes + IDENTITY_ERA, i->era);
    le_put_u32(ret_bytes + IDENTITY_CURRENT, i->current);
    le_put_u32(ret_bytes + IDENTITY_COUNT, i->keys_count);
    memcpy(ret_bytes + IDENTITY_SALT, i->salt, SEAL_SALT_SIZE);
    for (uint32_t k = 0; k < i->keys_count; k++)
        key_encode(&i->keys[k], ret_bytes + IDENTITY_KEYS + (size_t)k * KEY_SIZE);
    le_put_u64(ret_bytes + IDENTITY_SUM, sum_of(ret_bytes, IDENTITY_SIZE));
}

/* Numbers are different ones, from 1 on; ciphers are known. */
static bool keys_decode(const uint8_t *from, struct store_identity *to)
{
    assert(to->keys_count <= IDENTITY_KEYS_MAX);
    for (uint32_t k = 0; k < to->keys_count; k++, from += KEY_SIZE) {
        uint32_t cipher = le_get_u32(from + KEY_CIPHER);
        uint32_t number = le_get_u32(from + KEY_NUMBER);
        if (number == 0 || cipher >= SEAL_CIPHERS) return false;
        for (uint32_t before = 0; before < k; before++)
            if (to->keys[before].number == number) return false;
        to->keys[k].number = number;
        to->keys[k].cipher = (enum seal_cipher)cipher;
        memcpy(to->keys[k].wrapped, from + KEY_WRAPPED, SEAL_WRAPPED_SIZE);
    }
    return true;
}

enum identity_verdict identity_decode(struct slice in, struct store_identity *ret)
{
    if (in.len < IDENTITY_KEYS) return IDENTITY_BAD;
    uint32_t magic = le_get_u32(in.ptr + IDENTITY_MAGIC), len = le_get_u32(in.ptr + IDENTITY_LEN);
    if ((magic & MAGIC_MASK) != MAGIC || len < IDENTITY_KEYS || len > in.len) return IDENTITY_BAD;
    if (sum_of(in.ptr, len) != le_get_u64(in.ptr + IDENTITY_SUM)) return IDENTITY_BAD;
    if (version_of(magic) > IDENTITY_VERSION) return IDENTITY_NEWER;
    if (version_of(magic) != IDENTITY_VERSION || len != IDENTITY_SIZE) return IDENTITY_BAD;
    struct store_identity i = {
        .store_id = le_get_u64(in.ptr + IDENTITY_STORE),
        .turn = le_get_u64(in.ptr + IDENTITY_TURN),
        .era = le_get_u64(in.ptr + IDENTITY_ERA),
        .current = le_get_u32(in.ptr + IDENTITY_CURRENT),
        .keys_count = le_get_u32(in.ptr + IDENTITY_COUNT),
    };
    memcpy(i.salt, in.ptr + IDENTITY_SALT, SEAL_SALT_SIZE);
    if (i.store_id == 0 || i.turn == 0 || i.keys_count > IDENTITY_KEYS_MAX) return IDENTITY_BAD;
    if (i.era > i.turn) return IDENTITY_BAD;
    if (!keys_decode(in.ptr + IDENTITY_KEYS, &i)) return IDENTITY_BAD;
    if (i.current != 0 && identity_key_find(&i, i.current) == NULL) return IDENTITY_BAD;
    *ret = i;
    return IDENTITY_GOOD;
}

const struct identity_key *identity_key_find(const struct store_identity *i, uint32_t number)
{
    assert(i->keys_count <= IDENTITY_KEYS_MAX);
    for (uint32_t k = 0; k < i->keys_count; k++)
        if (i->keys[k].number == number) return &i->keys[k];
    return NULL;
}

void identity_key_context(const struct store_identity *i, const struct identity_key *k,
                          uint8_t ret_context[IDENTITY_CONTEXT_SIZE])
{
    assert(i->store_id != 0);
    assert(k->number > 0);
    le_put_u64(ret_context, i->store_id);
    le_put_u32(ret_context + 8, k->number);
    le_put_u32(ret_context + 12, (uint32_t)k->cipher);
}
