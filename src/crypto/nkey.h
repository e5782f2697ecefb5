/* SPDX-License-Identifier: Apache-2.0 */
/* Nkey: ed25519 (and, for X, x25519) keys in the text form of NATS.
 *
 *   public key: base32(prefix, 32 bytes, crc16), 56 characters; the prefix makes the first letter
 *   seed:       base32(S and prefix in two bytes, 32 bytes, crc16), 58 characters: "SU...", "SX..."
 *
 * base32 is RFC 4648 without padding; crc16 is XMODEM's, little-endian, over all before it.
 *
 * Thread: any. Memory: plain values; nkey_wipe() what held a seed.
 * Errors: a text that is not exactly such a key is false; nothing else is accepted. */
#ifndef MIDGE_CRYPTO_NKEY_H
#define MIDGE_CRYPTO_NKEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"

/* The value is the first letter of the public key. */
enum nkey_kind {
    NKEY_ACCOUNT = 'A',
    NKEY_CLUSTER = 'C',
    NKEY_SERVER = 'N',
    NKEY_OPERATOR = 'O',
    NKEY_USER = 'U',
    NKEY_CURVE = 'X',
};

enum {
    NKEY_RAW = 32,
    NKEY_TEXT = 56,
    NKEY_TEXT_SIZE = NKEY_TEXT + 1,
    NKEY_SEED_TEXT = 58,
    NKEY_SEED_TEXT_SIZE = NKEY_SEED_TEXT + 1,
    NKEY_SIGNATURE = 64,
};

/* A public key, or a seed: the function that made it says which. */
struct nkey {
    enum nkey_kind kind;
    uint8_t        raw[NKEY_RAW];
};

MUST_CHECK bool nkey_decode(struct slice text, struct nkey *ret_public);
const char *nkey_encode(const struct nkey *public, char ret_text[NKEY_TEXT_SIZE]);

/* Is the text a public key of this kind? */
bool nkey_is(struct slice text, enum nkey_kind);

MUST_CHECK bool nkey_seed_decode(struct slice text, struct nkey *ret_seed);
const char *nkey_seed_encode(const struct nkey *seed, char ret_text[NKEY_SEED_TEXT_SIZE]);

/* The public key of a seed. A new key is 32 bytes of entropy taken as seed. */
struct nkey nkey_public(const struct nkey *seed);

/* Not for NKEY_CURVE: those do not sign, and no signature of theirs is valid. */
void nkey_sign(const struct nkey *seed, struct slice message,
               uint8_t ret_signature[NKEY_SIGNATURE]);
MUST_CHECK bool nkey_verify(const struct nkey *public, struct slice message,
                            const uint8_t signature[NKEY_SIGNATURE]);

/* Signatures travel as base64, URL-safe without padding or standard with it. */
MUST_CHECK bool nkey_signature_decode(struct slice base64, uint8_t ret_signature[NKEY_SIGNATURE]);

void nkey_wipe(struct nkey *);

#endif
