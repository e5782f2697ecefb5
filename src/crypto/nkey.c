/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/nkey.h"

#include <sodium.h>

#include "base/assert.h"

enum {
    PREFIX_SEED = 18 << 3,                      /* 'S' */
    CRC = 2,
    PUBLIC_BYTES = 1 + NKEY_RAW + CRC,
    SEED_BYTES = 2 + NKEY_RAW + CRC,
};

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static_assert((PUBLIC_BYTES * 8 + 4) / 5 == NKEY_TEXT, "base32 of a public key");
static_assert((SEED_BYTES * 8 + 4) / 5 == NKEY_SEED_TEXT, "base32 of a seed");
static_assert(NKEY_RAW == crypto_sign_SEEDBYTES, "an ed25519 seed");
static_assert(NKEY_RAW == crypto_sign_PUBLICKEYBYTES, "an ed25519 key");
static_assert(NKEY_RAW == crypto_scalarmult_SCALARBYTES, "an x25519 scalar");
static_assert(NKEY_SIGNATURE == crypto_sign_BYTES, "an ed25519 signature");

/* Idempotent and safe in any thread; picks the fast code for this processor. */
static void sodium_ready(void)
{
    int failed = sodium_init();
    assert(failed >= 0);
}

static int symbol_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= '2' && c <= '7') return c - '2' + 26;
    return -1;
}

static void base32_encode(const uint8_t *bytes, uint32_t count, char *ret_text)
{
    uint32_t bits = 0, held = 0;
    for (uint32_t i = 0; i < count; i++) {
        bits = bits << 8 | bytes[i];
        for (held += 8; held >= 5; held -= 5) *ret_text++ = alphabet[bits >> (held - 5) & 31];
    }
    if (held > 0) *ret_text++ = alphabet[bits << (5 - held) & 31];
    *ret_text = 0;
}

/* One text for one value: the bits that are left over must be 0. */
static bool base32_decode(struct slice text, uint8_t *ret_bytes, uint32_t count)
{
    if (text.len != (count * 8 + 4) / 5) return false;
    uint32_t bits = 0, held = 0;
    for (uint32_t i = 0; i < text.len; i++) {
        int value = symbol_value(text.ptr[i]);
        if (value < 0) return false;
        bits = bits << 5 | (uint32_t)value;
        held += 5;
        if (held < 8) continue;
        held -= 8;
        *ret_bytes++ = (uint8_t)(bits >> held);
    }
    return (bits & ((1U << held) - 1)) == 0;
}

static uint16_t crc16(const uint8_t *bytes, uint32_t count)
{
    uint32_t crc = 0;
    for (uint32_t i = 0; i < count; i++) {
        crc ^= (uint32_t)bytes[i] << 8;
        for (int bit = 0; bit < 8; bit++) crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
    }
    return (uint16_t)crc;
}

static void crc_append(uint8_t *bytes, uint32_t count)
{
    uint16_t crc = crc16(bytes, count);
    bytes[count] = (uint8_t)crc;
    bytes[count + 1] = (uint8_t)(crc >> 8);
}

static bool crc_right(const uint8_t *bytes, uint32_t count)
{
    return crc16(bytes, count) == (bytes[count] | bytes[count + 1] << 8);
}

static uint8_t prefix_of(enum nkey_kind kind)
{
    return (uint8_t)((kind - 'A') << 3);
}

static bool kind_of(uint8_t prefix, enum nkey_kind *ret_kind)
{
    static const enum nkey_kind kinds[] = { NKEY_ACCOUNT,  NKEY_CLUSTER, NKEY_SERVER,
                                            NKEY_OPERATOR, NKEY_USER,    NKEY_CURVE };
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        if (prefix != prefix_of(kinds[i])) continue;
        *ret_kind = kinds[i];
        return true;
    }
    return false;
}

bool nkey_decode(struct slice text, struct nkey *ret_public)
{
    uint8_t bytes[PUBLIC_BYTES];
    enum nkey_kind kind;
    if (!base32_decode(text, bytes, sizeof bytes)) return false;
    if (!crc_right(bytes, PUBLIC_BYTES - CRC)) return false;
    if (!kind_of(bytes[0], &kind)) return false;
    ret_public->kind = kind;
    memcpy(ret_public->raw, bytes + 1, NKEY_RAW);
    return true;
}

const char *nkey_encode(const struct nkey *public, char ret_text[NKEY_TEXT_SIZE])
{
    uint8_t bytes[PUBLIC_BYTES];
    bytes[0] = prefix_of(public->kind);
    memcpy(bytes + 1, public->raw, NKEY_RAW);
    crc_append(bytes, PUBLIC_BYTES - CRC);
    base32_encode(bytes, sizeof bytes, ret_text);
    return ret_text;
}

bool nkey_is(struct slice text, enum nkey_kind kind)
{
    struct nkey key;
    return nkey_decode(text, &key) && key.kind == kind;
}

static bool seed_read(const uint8_t bytes[SEED_BYTES], struct nkey *ret_seed)
{
    enum nkey_kind kind;
    uint8_t prefix = (uint8_t)((bytes[0] & 7) << 5 | bytes[1] >> 3);
    if ((bytes[0] & 0xf8) != PREFIX_SEED || (bytes[1] & 7) != 0) return false;
    if (!crc_right(bytes, SEED_BYTES - CRC) || !kind_of(prefix, &kind)) return false;
    ret_seed->kind = kind;
    memcpy(ret_seed->raw, bytes + 2, NKEY_RAW);
    return true;
}

bool nkey_seed_decode(struct slice text, struct nkey *ret_seed)
{
    uint8_t bytes[SEED_BYTES];
    bool ok = base32_decode(text, bytes, sizeof bytes) && seed_read(bytes, ret_seed);
    sodium_memzero(bytes, sizeof bytes);
    return ok;
}

const char *nkey_seed_encode(const struct nkey *seed, char ret_text[NKEY_SEED_TEXT_SIZE])
{
    uint8_t bytes[SEED_BYTES];
    uint8_t prefix = prefix_of(seed->kind);
    bytes[0] = (uint8_t)(PREFIX_SEED | prefix >> 5);
    bytes[1] = (uint8_t)((prefix & 31) << 3);
    memcpy(bytes + 2, seed->raw, NKEY_RAW);
    crc_append(bytes, SEED_BYTES - CRC);
    base32_encode(bytes, sizeof bytes, ret_text);
    sodium_memzero(bytes, sizeof bytes);
    return ret_text;
}

struct nkey nkey_public(const struct nkey *seed)
{
    sodium_ready();
    struct nkey public = { .kind = seed->kind };
    if (seed->kind == NKEY_CURVE) {
        int failed = crypto_scalarmult_base(public.raw, seed->raw);
        assert(failed == 0);
        return public;
    }
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    (void)crypto_sign_seed_keypair(public.raw, secret, seed->raw);
    sodium_memzero(secret, sizeof secret);
    return public;
}

void nkey_sign(const struct nkey *seed, struct slice message, uint8_t ret_signature[NKEY_SIGNATURE])
{
    assert(seed->kind != NKEY_CURVE);
    sodium_ready();
    uint8_t public[NKEY_RAW];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    (void)crypto_sign_seed_keypair(public, secret, seed->raw);
    (void)crypto_sign_detached(ret_signature, NULL, message.ptr, message.len, secret);
    sodium_memzero(secret, sizeof secret);
}

bool nkey_verify(const struct nkey *public, struct slice message,
                 const uint8_t signature[NKEY_SIGNATURE])
{
    if (public->kind == NKEY_CURVE) return false;
    sodium_ready();
    return crypto_sign_verify_detached(signature, message.ptr, message.len, public->raw) == 0;
}

bool nkey_signature_decode(struct slice base64, uint8_t ret_signature[NKEY_SIGNATURE])
{
    static const int variants[] = { sodium_base64_VARIANT_URLSAFE_NO_PADDING,
                                    sodium_base64_VARIANT_ORIGINAL };
    const char *text = (const char *)base64.ptr;
    uint8_t bytes[NKEY_SIGNATURE];
    for (size_t i = 0; i < ARRAY_COUNT(variants); i++) {
        size_t len = 0;
        const char *end = NULL;
        int failed = sodium_base642bin(bytes, sizeof bytes, text, base64.len, NULL, &len, &end,
                                       variants[i]);
        if (failed != 0 || len != NKEY_SIGNATURE || end != text + base64.len) continue;
        memcpy(ret_signature, bytes, sizeof bytes);
        return true;
    }
    return false;
}

void nkey_wipe(struct nkey *key)
{
    sodium_memzero(key, sizeof *key);
}
