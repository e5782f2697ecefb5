/* SPDX-License-Identifier: Apache-2.0 */
/* XAES-256-GCM (c2sp.org/XAES-256-GCM): with L = AES(K, 0), doubled in GF(2^128) to K1, the key for
 * a nonce N is AES(K, M1 ^ K1) and AES(K, M2 ^ K1), where Mi is 00 i 'X' 00 and the first 12 bytes
 * of
 * N. Its AES-256-GCM runs with the last 12. The key of the last used first half is kept: while a
 * server writes there is but one. */
#include "crypto/seal.h"

#include <limits.h>
#include <openssl/evp.h>
#include <sodium.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "crypto/hmac.h"

enum { BLOCK = 16, HALF = 12, COUNTER_SIZE = 8 };

/* GCM under the key of one first half of a nonce. */
struct gcm {
    EVP_CIPHER_CTX *context;
    uint8_t half[HALF];
    bool is_set;
};

struct seal;

struct cipher {
    void (*begin)(struct seal *);
    void (*end)(struct seal *);
    void (*close)(struct seal *, const uint8_t *nonce, struct slice context, struct slice plain,
                  uint8_t *ret_sealed);
    bool (*open)(struct seal *, const uint8_t *nonce, struct slice context, struct slice sealed,
                 uint8_t *ret_plain);
    /* without its tag */
    void (*peek)(struct seal *, const uint8_t *nonce, struct slice body, uint8_t *ret_plain);
};

struct seal {
    const struct cipher *cipher;
    uint8_t key[SEAL_KEY_SIZE];
    uint8_t drawn[SEAL_DRAWN_SIZE];
    uint64_t counter;
    uint8_t k1[BLOCK]; /* AES */
    struct gcm closing, opening;
};

/* ---- AES ---- */

/* AES of one block; `ret_block` may be `block`. */
static void block_encrypt(const uint8_t key[SEAL_KEY_SIZE], const uint8_t block[BLOCK],
                          uint8_t ret_block[BLOCK])
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    assert(c != NULL);
    int len = 0;
    int ok = EVP_EncryptInit_ex(c, EVP_aes_256_ecb(), NULL, key, NULL);
    assert(ok == 1);
    (void)EVP_CIPHER_CTX_set_padding(c, 0);
    ok = EVP_EncryptUpdate(c, ret_block, &len, block, BLOCK);
    assert(ok == 1);
    assert(len == BLOCK);
    EVP_CIPHER_CTX_free(c);
}

static void aes_begin(struct seal *s)
{
    uint8_t block[BLOCK] = { 0 };
    block_encrypt(s->key, block, block);
    for (int i = 0; i < BLOCK; i++) {
        uint8_t next = i + 1 < BLOCK ? block[i + 1] >> 7 : 0;
        s->k1[i] = (uint8_t)(block[i] << 1 | next);
    }
    if (block[0] & 0x80) s->k1[BLOCK - 1] ^= 0x87;
    sodium_memzero(block, sizeof block);
    s->closing.context = EVP_CIPHER_CTX_new();
    s->opening.context = EVP_CIPHER_CTX_new();
    assert(s->closing.context != NULL);
    assert(s->opening.context != NULL);
}

static void aes_end(struct seal *s)
{
    EVP_CIPHER_CTX_free(s->closing.context); /* wipes the key */
    EVP_CIPHER_CTX_free(s->opening.context);
}

static void key_for(const struct seal *s, const uint8_t half[HALF], uint8_t ret_key[SEAL_KEY_SIZE])
{
    for (uint8_t i = 0; i < 2; i++) {
        uint8_t *block = ret_key + (ptrdiff_t)i * BLOCK;
        const uint8_t head[BLOCK - HALF] = { 0, (uint8_t)(i + 1), 'X', 0 };
        memcpy(block, head, sizeof head);
        memcpy(block + sizeof head, half, HALF);
        for (int b = 0; b < BLOCK; b++) block[b] ^= s->k1[b];
        block_encrypt(s->key, block, block);
    }
}

/* Makes `g` ready for bytes under `nonce`. */
static void gcm_start(const struct seal *s, struct gcm *g, const uint8_t *nonce, int is_closing)
{
    int ok = 1;
    if (!g->is_set || memcmp(g->half, nonce, HALF) != 0) {
        uint8_t key[SEAL_KEY_SIZE];
        key_for(s, nonce, key);
        ok = EVP_CipherInit_ex(g->context, EVP_aes_256_gcm(), NULL, key, NULL, is_closing);
        assert(ok == 1);
        sodium_memzero(key, sizeof key);
        memcpy(g->half, nonce, HALF);
        g->is_set = true;
    }
    ok = EVP_CipherInit_ex(g->context, NULL, NULL, NULL, nonce + HALF, is_closing);
    assert(ok == 1);
}

static void gcm_update(struct gcm *g, struct slice context, struct slice in, uint8_t *ret_out)
{
    int len = 0, ok = 1;
    assert(in.len <= INT_MAX);
    assert(context.len <= INT_MAX);
    if (context.len > 0)
        ok = EVP_CipherUpdate(g->context, NULL, &len, context.ptr, (int)context.len);
    assert(ok == 1);
    if (in.len == 0) return;
    ok = EVP_CipherUpdate(g->context, ret_out, &len, in.ptr, (int)in.len);
    assert(ok == 1);
    assert((uint32_t)len == in.len);
}

static void aes_close(struct seal *s, const uint8_t *nonce, struct slice context,
                      struct slice plain, uint8_t *ret_sealed)
{
    struct gcm *g = &s->closing;
    int len = 0;
    gcm_start(s, g, nonce, 1);
    gcm_update(g, context, plain, ret_sealed);
    int ok = EVP_CipherFinal_ex(g->context, ret_sealed + plain.len, &len);
    assert(ok == 1);
    assert(len == 0);
    ok = EVP_CIPHER_CTX_ctrl(g->context, EVP_CTRL_AEAD_GET_TAG, SEAL_OVERHEAD,
                             ret_sealed + plain.len);
    assert(ok == 1);
}

static bool aes_open(struct seal *s, const uint8_t *nonce, struct slice context,
                     struct slice sealed, uint8_t *ret_plain)
{
    struct gcm *g = &s->opening;
    uint8_t tag[SEAL_OVERHEAD], none[BLOCK];
    int len = 0;
    struct slice body = slice_first(sealed, sealed.len - SEAL_OVERHEAD);
    memcpy(tag, sealed.ptr + body.len, SEAL_OVERHEAD);
    gcm_start(s, g, nonce, 0);
    int ok = EVP_CIPHER_CTX_ctrl(g->context, EVP_CTRL_AEAD_SET_TAG, SEAL_OVERHEAD, tag);
    assert(ok == 1);
    gcm_update(g, context, body, ret_plain);
    return EVP_CipherFinal_ex(g->context, none, &len) == 1;
}

static void aes_peek(struct seal *s, const uint8_t *nonce, struct slice body, uint8_t *ret_plain)
{
    gcm_start(s, &s->opening, nonce, 0);
    gcm_update(&s->opening, (struct slice){ 0 }, body, ret_plain);
}

/* ---- ChaCha ---- */

static void nothing_to_do(struct seal *s)
{
    (void)s;
}

static void chacha_close(struct seal *s, const uint8_t *nonce, struct slice context,
                         struct slice plain, uint8_t *ret_sealed)
{
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(ret_sealed, NULL, plain.ptr, plain.len,
                                                     context.ptr, context.len, NULL, nonce, s->key);
}

static bool chacha_open(struct seal *s, const uint8_t *nonce, struct slice context,
                        struct slice sealed, uint8_t *ret_plain)
{
    return crypto_aead_xchacha20poly1305_ietf_decrypt(ret_plain, NULL, NULL, sealed.ptr, sealed.len,
                                                      context.ptr, context.len, nonce, s->key) == 0;
}

/* Block 0 of the stream is the key of the tag. */
static void chacha_peek(struct seal *s, const uint8_t *nonce, struct slice body, uint8_t *ret_plain)
{
    (void)crypto_stream_xchacha20_xor_ic(ret_plain, body.ptr, body.len, nonce, 1, s->key);
}

static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == SEAL_NONCE_SIZE, "24");
static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == SEAL_KEY_SIZE, "32");
static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES == SEAL_OVERHEAD, "16");

static const struct cipher ciphers[SEAL_CIPHERS] = {
    [SEAL_AES] = { aes_begin, aes_end, aes_close, aes_open, aes_peek },
    [SEAL_CHACHA] = { nothing_to_do, nothing_to_do, chacha_close, chacha_open, chacha_peek },
};

/* ---- both ---- */

struct seal *seal_new(enum seal_cipher cipher, const uint8_t key[SEAL_KEY_SIZE],
                      const uint8_t drawn[SEAL_DRAWN_SIZE])
{
    assert((uint32_t)cipher < SEAL_CIPHERS);
    int failed = sodium_init(); /* picks what this machine does best; once is enough */
    assert(failed >= 0);
    struct seal *s = xcalloc(1, sizeof *s);
    s->cipher = &ciphers[cipher];
    memcpy(s->key, key, SEAL_KEY_SIZE);
    memcpy(s->drawn, drawn, SEAL_DRAWN_SIZE);
    s->cipher->begin(s);
    return s;
}

struct seal *seal_free(struct seal *s)
{
    if (s == NULL) return NULL;
    s->cipher->end(s);
    sodium_memzero(s, sizeof *s);
    xfree(s);
    return NULL;
}

void seal_close(void *seal, const uint8_t nonce[SEAL_NONCE_SIZE], struct slice context,
                struct slice plain, uint8_t *ret_sealed)
{
    struct seal *s = seal;
    s->cipher->close(s, nonce, context, plain, ret_sealed);
}

enum err seal_open(void *seal, const uint8_t nonce[SEAL_NONCE_SIZE], struct slice context,
                   struct slice sealed, uint8_t *ret_plain)
{
    struct seal *s = seal;
    if (sealed.len < SEAL_OVERHEAD) return ERR_CORRUPT;
    if (s->cipher->open(s, nonce, context, sealed, ret_plain)) return ERR_OK;
    if (sealed.len > SEAL_OVERHEAD) sodium_memzero(ret_plain, sealed.len - SEAL_OVERHEAD);
    return ERR_CORRUPT;
}

void seal_peek(void *seal, const uint8_t nonce[SEAL_NONCE_SIZE], struct slice sealed,
               uint8_t *ret_plain)
{
    struct seal *s = seal;
    assert(sealed.len >= SEAL_OVERHEAD);
    assert(ret_plain != sealed.ptr);
    s->cipher->peek(s, nonce, slice_first(sealed, sealed.len - SEAL_OVERHEAD), ret_plain);
}

void seal_nonce(void *seal, uint8_t ret_nonce[SEAL_NONCE_SIZE])
{
    struct seal *s = seal;
    assert(s->counter < UINT64_MAX);
    memcpy(ret_nonce, s->drawn, SEAL_DRAWN_SIZE);
    for (int i = 0; i < COUNTER_SIZE; i++)
        ret_nonce[SEAL_NONCE_SIZE - 1 - i] = (uint8_t)(s->counter >> 8 * i);
    s->counter++;
}

void seal_derive(struct slice configured, const uint8_t salt[SEAL_SALT_SIZE],
                 uint8_t ret_key[SEAL_KEY_SIZE])
{
    static_assert((int)SEAL_KEY_SIZE == (int)HMAC_SIZE, "one block of HKDF is the key");
    uint8_t extracted[HMAC_SIZE];
    hmac_sha256(slice_of(salt, SEAL_SALT_SIZE), configured, (struct slice){ 0 }, extracted);
    hmac_sha256(slice_of(extracted, HMAC_SIZE), SLICE_LIT("midge store key"), SLICE_LIT("\x01"),
                ret_key);
    sodium_memzero(extracted, sizeof extracted);
}

void seal_wrap(struct seal *wrapping, struct slice context, const uint8_t key[SEAL_KEY_SIZE],
               uint8_t ret_wrapped[SEAL_WRAPPED_SIZE])
{
    seal_nonce(wrapping, ret_wrapped);
    seal_close(wrapping, ret_wrapped, context, slice_of(key, SEAL_KEY_SIZE),
               ret_wrapped + SEAL_NONCE_SIZE);
}

enum err seal_unwrap(struct seal *wrapping, struct slice context,
                     const uint8_t wrapped[SEAL_WRAPPED_SIZE], uint8_t ret_key[SEAL_KEY_SIZE])
{
    struct slice sealed = slice_of(wrapped + SEAL_NONCE_SIZE, SEAL_WRAPPED_SIZE - SEAL_NONCE_SIZE);
    return seal_open(wrapping, wrapped, context, sealed, ret_key);
}

void seal_wipe(void *bytes, size_t size)
{
    sodium_memzero(bytes, size);
}
