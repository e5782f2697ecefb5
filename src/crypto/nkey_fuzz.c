/* SPDX-License-Identifier: Apache-2.0 */
/* What reads back as a key must be written as it was read; a signature of a stranger never verifies
 * by accident. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "crypto/nkey.h"
#include "crypto/password.h"

static void check_public(struct slice text)
{
    struct nkey key;
    char again[NKEY_TEXT_SIZE];
    if (!nkey_decode(text, &key)) return;
    assert(slice_equal_str(text, nkey_encode(&key, again)));
    assert(nkey_is(text, key.kind));
}

static void check_seed(struct slice text)
{
    struct nkey seed;
    char again[NKEY_SEED_TEXT_SIZE];
    if (!nkey_seed_decode(text, &seed)) return;
    assert(slice_equal_str(text, nkey_seed_encode(&seed, again)));
}

static void check_signature(struct slice text)
{
    static const struct nkey key = { .kind = NKEY_USER, .raw = { 9, 9, 9 } };
    uint8_t signature[NKEY_SIGNATURE];
    if (nkey_signature_decode(text, signature)) assert(!nkey_verify(&key, text, signature));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096) return 0;
    struct slice text = slice_of(data, size);
    check_public(text);
    check_seed(text);
    check_signature(text);
    if (password_bcrypt_cost(text) != 0) assert(password_is_bcrypt(text));
    return 0;
}
