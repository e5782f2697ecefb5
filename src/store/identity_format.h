/* SPDX-License-Identifier: Apache-2.0 */
/* Identity_format: the bytes of a store's identity, and what is believed of them.
 *
 * Little endian, one sector, the same in `identity.a` and `identity.b`:
 *
 *   offset  size
 *        0     8  sum of all bytes from 8 on (XXH3)
 *        8     4  magic, "MID" and the version of the format
 *       12     4  bytes of all this
 *       16     8  id of the store, random, never 0
 *       24     8  turn: grows with each change; of two good copies the higher one counts
 *       32     4  number of the key that seals what is written now; 0: it stays plain
 *       36     4  count of keys
 *       40    32  salt, which makes the wrapping key of the configured one (crypto/seal.h)
 *       72  80 n  keys: number, cipher (4 each), the wrapped data key
 *        …     …  zeros
 *      392     8  era: the turn since which that key seals, or nothing is sealed; 0, 1: from the
 *                 first on
 *        …     …  zeros
 *
 * A data key is wrapped in the context of the store's id, its number and its cipher.
 *
 * Thread: any; pure. Memory: values. Errors: bad bytes are a verdict, never an assert. */
#ifndef MIDGE_STORE_IDENTITY_FORMAT_H
#define MIDGE_STORE_IDENTITY_FORMAT_H

#include <stdbool.h>

#include "base/slice.h"
#include "crypto/seal.h"

enum {
    IDENTITY_SUM = 0,
    IDENTITY_MAGIC = 8,
    IDENTITY_LEN = 12,
    IDENTITY_STORE = 16,
    IDENTITY_TURN = 24,
    IDENTITY_CURRENT = 32,
    IDENTITY_COUNT = 36,
    IDENTITY_SALT = 40,
    IDENTITY_KEYS = IDENTITY_SALT + SEAL_SALT_SIZE,
    IDENTITY_SIZE = 512,

    KEY_NUMBER = 0,
    KEY_CIPHER = 4,
    KEY_WRAPPED = 8,
    KEY_SIZE = KEY_WRAPPED + SEAL_WRAPPED_SIZE,

    IDENTITY_KEYS_MAX = 4,
    IDENTITY_ERA = IDENTITY_KEYS + IDENTITY_KEYS_MAX * KEY_SIZE,
    IDENTITY_CONTEXT_SIZE = 16,
};
_Static_assert(IDENTITY_ERA + 8 <= IDENTITY_SIZE, "all keys fit");

struct identity_key {
    uint32_t         number; /* from 1 on */
    enum seal_cipher cipher;
    uint8_t          wrapped[SEAL_WRAPPED_SIZE];
};

struct store_identity {
    uint64_t store_id;
    uint64_t turn;
    uint64_t era;
    uint32_t current;
    uint32_t keys_count;
    uint8_t  salt[SEAL_SALT_SIZE];
    struct identity_key keys[IDENTITY_KEYS_MAX];
};

enum identity_verdict {
    IDENTITY_BAD,
    IDENTITY_GOOD,
    IDENTITY_NEWER, /* written by a version of the format that is not known here */
};

void identity_encode(const struct store_identity *, uint8_t ret_bytes[IDENTITY_SIZE]);
enum identity_verdict identity_decode(struct slice, struct store_identity *ret);

/* NULL: there is none with this number. */
const struct identity_key *identity_key_find(const struct store_identity *, uint32_t number);
/* In what context the key is wrapped. */
void identity_key_context(const struct store_identity *, const struct identity_key *,
                          uint8_t ret_context[IDENTITY_CONTEXT_SIZE]);

#endif
