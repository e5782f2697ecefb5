/* SPDX-License-Identifier: Apache-2.0 */
/* Seal: authenticated encryption of what the store writes (encryption at rest).
 *
 * A store has a random salt. The key of the configuration and the salt give the wrapping key
 * (seal_derive), with which random data keys are wrapped (seal_wrap): so changing the configured
 * key rewraps a few bytes and rewrites nothing. A data key seals bodies (seal_close), each under a
 * nonce of its own and with a context that is authenticated and not stored, such as which file and
 * place the bytes belong to.
 *
 * Two ciphers, both with a key of 32 bytes, a nonce of 24 and a tag of 16 behind the bytes:
 *
 *   SEAL_AES     XAES-256-GCM (C2SP): AES-256-GCM, whose own nonces are too short to be random
 *   ones.
 *                So the first half of the nonce makes a key of its own, by CMAC in counter mode
 *                (NIST SP 800-108), and the second half is the nonce under that key.
 *   SEAL_CHACHA  XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha), which is built alike.
 *
 * Nonces are 16 bytes drawn when the seal is made, and a counter of 8 (big-endian): one seal never
 * repeats, and two seals under one key, of two runs of the server, repeat when 128 random bits do.
 *
 * Thread:  a seal belongs to one thread; another makes its own of the same key, with other drawn
 *          bytes. Memory: keys are wiped when the seal is freed and after use.
 * Errors:  CORRUPT: another key, another context or nonce, or bytes that were changed or cut.
 *          Which, nobody can tell. What was to be plain is wiped then. */
#ifndef MIDGE_CRYPTO_SEAL_H
#define MIDGE_CRYPTO_SEAL_H

#include "base/err.h"
#include "base/slice.h"

enum seal_cipher { SEAL_AES, SEAL_CHACHA, SEAL_CIPHERS };

enum {
    SEAL_KEY_SIZE = 32,
    SEAL_NONCE_SIZE = 24,
    SEAL_DRAWN_SIZE = 16,
    SEAL_SALT_SIZE = 32,
    SEAL_OVERHEAD = 16,
    SEAL_WRAPPED_SIZE = SEAL_NONCE_SIZE + SEAL_KEY_SIZE + SEAL_OVERHEAD,
};

struct seal;

/* `drawn`: from entropy, for this seal alone. */
struct seal *seal_new(enum seal_cipher, const uint8_t key[SEAL_KEY_SIZE],
                      const uint8_t drawn[SEAL_DRAWN_SIZE]);
struct seal *seal_free(struct seal *); /* NULL is fine; returns NULL */

/* The three functions of struct journal_seal; `seal` is the struct seal. `ret_sealed` has room for
 * SEAL_OVERHEAD bytes more, and may be where `plain` is; likewise the other way. */
void seal_close(void *seal, const uint8_t nonce[SEAL_NONCE_SIZE], struct slice context,
                struct slice plain, uint8_t *ret_sealed);
MUST_CHECK enum err seal_open(void *seal, const uint8_t nonce[SEAL_NONCE_SIZE],
                              struct slice context, struct slice sealed, uint8_t *ret_plain);
void seal_nonce(void *seal, uint8_t ret_nonce[SEAL_NONCE_SIZE]);
/* What would come out of seal_open(), sound or not: a bit of it is wrong where a bit of `sealed`
 * is.
 * Only to look for such a bit: nothing else of it may be believed. Not in place. */
void seal_peek(void *seal, const uint8_t nonce[SEAL_NONCE_SIZE], struct slice sealed,
               uint8_t *ret_plain);

/* The wrapping key: HKDF-SHA256 (RFC 5869). It makes nothing slow: the configured key must be hard
 * to guess by itself, as for nats-server. */
void seal_derive(struct slice configured, const uint8_t salt[SEAL_SALT_SIZE],
                 uint8_t ret_key[SEAL_KEY_SIZE]);

/* `wrapping` is a seal of the wrapping key. The context says which key this is. */
void seal_wrap(struct seal *wrapping, struct slice context, const uint8_t key[SEAL_KEY_SIZE],
               uint8_t ret_wrapped[SEAL_WRAPPED_SIZE]);
MUST_CHECK enum err seal_unwrap(struct seal *wrapping, struct slice context,
                                const uint8_t wrapped[SEAL_WRAPPED_SIZE],
                                uint8_t ret_key[SEAL_KEY_SIZE]);

/* For keys on the caller's stack. */
void seal_wipe(void *bytes, size_t size);

#endif
