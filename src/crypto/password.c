/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/password.h"

#include <crypt.h>
#include <sodium.h>

#include "base/alloc.h"
#include "base/assert.h"

enum {
    PREFIX = 7,                                 /* $2b$NN$ */
    PASSWORD_USED = 72,                         /* bytes that bcrypt looks at */
    PASSWORD_SIZE = PASSWORD_USED + 1,
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

bool password_is_bcrypt(struct slice stored)
{
    const uint8_t *p = stored.ptr;
    if (stored.len < PREFIX || p[0] != '$' || p[1] != '2' || p[3] != '$' || p[6] != '$')
        return false;
    if (p[2] != 'a' && p[2] != 'b' && p[2] != 'x' && p[2] != 'y') return false;
    return is_digit(p[4]) && is_digit(p[5]);
}

/* Reads as many bytes of `stored` as were given, the first one over and over beyond its end. */
bool password_equal(struct slice stored, struct slice given)
{
    static const uint8_t nothing = 0;
    const volatile uint8_t *expected = stored.len > 0 ? stored.ptr : &nothing;
    uint32_t different = stored.len ^ given.len;
    for (uint32_t i = 0; i < given.len; i++) {
        uint32_t inside = (uint32_t)0 - (uint32_t)(i < stored.len);
        different |= (uint32_t)(expected[i & inside] ^ given.ptr[i]);
    }
    return different == 0;
}

static bool is_bcrypt_symbol(uint8_t c)
{
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '/';
}

uint32_t password_bcrypt_cost(struct slice hash)
{
    if (hash.len != BCRYPT_TEXT || !password_is_bcrypt(hash)) return 0;
    for (uint32_t i = PREFIX; i < hash.len; i++)
        if (!is_bcrypt_symbol(hash.ptr[i])) return 0;
    uint32_t cost = (uint32_t)(hash.ptr[4] - '0') * 10 + (uint32_t)(hash.ptr[5] - '0');
    return cost < BCRYPT_COST_MIN || cost > BCRYPT_COST_MAX ? 0 : cost;
}

/* `setting` is a valid hash; the 60 characters that `password` gives with its salt. */
static bool hash_again(const char *setting, const char *password, char ret_hash[BCRYPT_SIZE])
{
    struct crypt_data *data = xcalloc(1, sizeof *data);
    const char *hash = crypt_r(password, setting, data);
    bool ok = hash != NULL && strlen(hash) == BCRYPT_TEXT;
    if (ok) memcpy(ret_hash, hash, BCRYPT_SIZE);
    sodium_memzero(data, sizeof *data);
    xfree(data);
    return ok;
}

/* `$2x$` and `$2a$` are computed as `$2b$`: the C library would reproduce old bugs for them, which
 * nats-server does not have. */
bool password_bcrypt_matches(struct slice hash, struct slice given)
{
    if (password_bcrypt_cost(hash) == 0) return false;
    char setting[BCRYPT_SIZE], again[BCRYPT_SIZE] = "", password[PASSWORD_SIZE] = "";
    memcpy(setting, hash.ptr, BCRYPT_TEXT);
    setting[BCRYPT_TEXT] = 0;
    setting[2] = 'b';

    struct slice used = slice_first(given, PASSWORD_USED);
    if (used.len > 0) memcpy(password, used.ptr, used.len);
    bool cut = slice_find_byte(used, 0) >= 0;   /* C would see a shorter password */
    bool ok = hash_again(setting, password, again);
    sodium_memzero(password, sizeof password);
    return ok && !cut && sodium_memcmp(setting + PREFIX, again + PREFIX, BCRYPT_TEXT - PREFIX) == 0;
}

const char *password_bcrypt_dummy(uint32_t cost, char ret_hash[BCRYPT_SIZE])
{
    assert(cost >= BCRYPT_COST_MIN);
    assert(cost <= BCRYPT_COST_MAX);
    memset(ret_hash, '.', BCRYPT_TEXT);
    memcpy(ret_hash, "$2b$", 4);
    ret_hash[4] = (char)('0' + cost / 10);
    ret_hash[5] = (char)('0' + cost % 10);
    ret_hash[6] = '$';
    ret_hash[BCRYPT_TEXT] = 0;
    return ret_hash;
}

static_assert(PASSWORD_DIGEST == crypto_generichash_BYTES, "BLAKE2b, 256 bits");
static_assert(PASSWORD_KEY == crypto_generichash_KEYBYTES, "its key");

/* The length keeps hash and password apart. */
struct password_digest password_digest(const uint8_t key[PASSWORD_KEY], struct slice hash,
                                       struct slice given)
{
    struct password_digest digest;
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, key, PASSWORD_KEY, PASSWORD_DIGEST);
    (void)crypto_generichash_update(&state, (const uint8_t *)&hash.len, sizeof hash.len);
    (void)crypto_generichash_update(&state, hash.ptr, hash.len);
    (void)crypto_generichash_update(&state, given.ptr, given.len);
    (void)crypto_generichash_final(&state, digest.bytes, PASSWORD_DIGEST);
    sodium_memzero(&state, sizeof state);
    return digest;
}

bool password_digest_equal(const struct password_digest *a, const struct password_digest *b)
{
    return sodium_memcmp(a->bytes, b->bytes, PASSWORD_DIGEST) == 0;
}

void password_wipe(void *bytes, size_t len)
{
    sodium_memzero(bytes, len);
}
