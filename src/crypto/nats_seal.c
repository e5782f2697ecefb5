/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/nats_seal.h"

#include <limits.h>
#include <openssl/evp.h>
#include <sodium.h>

#include "base/assert.h"
#include "crypto/hmac.h"

enum { AES_NONCE = 16, CHACHA_NONCE = 24 };

static uint32_t nonce_len(enum nats_cipher cipher)
{
    return cipher == NATS_AES ? AES_NONCE : CHACHA_NONCE;
}

/* A nonce and then sealed bytes, by AES-256-GCM. */
static bool gcm_open(const uint8_t key[NATS_SEED_SIZE], struct slice nonce, struct slice sealed,
                     uint8_t *ret_plain)
{
    uint8_t tag[NATS_TAG_SIZE], none[16];
    struct slice body = slice_first(sealed, sealed.len - NATS_TAG_SIZE);
    int len = 0;
    if (body.len > INT_MAX) return false;
    memcpy(tag, sealed.ptr + body.len, NATS_TAG_SIZE);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    assert(c != NULL);
    int ok = EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, NULL, NULL);
    assert(ok == 1);
    ok = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, (int)nonce.len, NULL);
    assert(ok == 1);
    ok = EVP_DecryptInit_ex(c, NULL, NULL, key, nonce.ptr);
    assert(ok == 1);
    ok = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, NATS_TAG_SIZE, tag);
    assert(ok == 1);
    if (body.len > 0) ok = EVP_DecryptUpdate(c, ret_plain, &len, body.ptr, (int)body.len);
    assert(ok == 1);
    bool is_right = EVP_DecryptFinal_ex(c, none, &len) == 1;
    EVP_CIPHER_CTX_free(c);
    return is_right;
}

static enum err file_open(enum nats_cipher cipher, const uint8_t key[NATS_SEED_SIZE],
                          struct slice file, uint8_t *ret_plain)
{
    uint32_t len = nonce_len(cipher);
    if (file.len < len + NATS_TAG_SIZE) return ERR_CORRUPT;
    struct slice nonce = slice_first(file, len), sealed = slice_from(file, len);
    bool is_right = cipher == NATS_AES
                        ? gcm_open(key, nonce, sealed, ret_plain)
                        : crypto_aead_xchacha20poly1305_ietf_decrypt(ret_plain, NULL, NULL,
                                                                     sealed.ptr, sealed.len, NULL,
                                                                     0, nonce.ptr, key) == 0;
    return is_right ? ERR_OK : ERR_CORRUPT;
}

enum err nats_seal_init(struct nats_seal *s, enum nats_cipher cipher,
                        const struct nats_asset *asset, struct slice key_file)
{
    uint32_t len = nonce_len(cipher);
    if (key_file.len != len + NATS_SEED_SIZE + NATS_TAG_SIZE) return ERR_CORRUPT;
    uint8_t key[HMAC_SIZE], seed[NATS_SEED_SIZE];
    hmac_sha256(asset->key, asset->account, asset->context, key);
    enum err e = file_open(cipher, key, key_file, seed);
    sodium_memzero(key, sizeof key);
    if (!e) {
        *s = (struct nats_seal){ .cipher = cipher };
        memcpy(s->seed, seed, sizeof seed);
        memcpy(s->nonce, key_file.ptr, len);
    }
    sodium_memzero(seed, sizeof seed);
    return e;
}

void nats_seal_deinit(struct nats_seal *s)
{
    sodium_memzero(s, sizeof *s);
}

enum err nats_seal_open(const struct nats_seal *s, struct slice file, uint8_t *ret_plain,
                        uint32_t *ret_len)
{
    enum err e = file_open(s->cipher, s->seed, file, ret_plain);
    if (e) return e;
    *ret_len = file.len - nonce_len(s->cipher) - NATS_TAG_SIZE;
    return ERR_OK;
}

static void ctr_run(const struct nats_seal *s, uint8_t *bytes, uint32_t len)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    assert(c != NULL);
    assert(len <= INT_MAX);
    int made = 0;
    int ok = EVP_DecryptInit_ex(c, EVP_aes_256_ctr(), NULL, s->seed, s->nonce);
    assert(ok == 1);
    ok = EVP_DecryptUpdate(c, bytes, &made, bytes, (int)len);
    assert(ok == 1);
    assert((uint32_t)made == len);
    EVP_CIPHER_CTX_free(c);
}

void nats_seal_block(const struct nats_seal *s, uint8_t *block, uint32_t len)
{
    if (len == 0) return;
    if (s->cipher == NATS_AES) ctr_run(s, block, len);
    else (void)crypto_stream_xchacha20_xor(block, block, len, s->nonce, s->seed);
}
