/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/compiler.h"

#define NOTHING ((struct slice){ 0 })

static const uint8_t drawn[SEAL_DRAWN_SIZE] = "0123456789abcdef";

static struct seal *seal_of(enum seal_cipher cipher, uint8_t byte)
{
    uint8_t key[SEAL_KEY_SIZE];
    memset(key, byte, sizeof key);
    return seal_new(cipher, key, drawn);
}

static void expect_hex(const uint8_t *bytes, const char *hex)
{
    char text[400];
    for (size_t i = 0; i < strlen(hex) / 2; i++) (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    assert_string_equal(text, hex);
}

/* c2sp.org/XAES-256-GCM, "Test vectors": the two cover both ways to double L. */
static void aes_meets_the_published_vectors(void **state)
{
    (void)state;
    const uint8_t *nonce = (const uint8_t *)"ABCDEFGHIJKLMNOPQRSTUVWX";
    uint8_t sealed[12 + SEAL_OVERHEAD];
    struct seal *s = seal_of(SEAL_AES, 1);
    seal_close(s, nonce, NOTHING, SLICE_LIT("XAES-256-GCM"), sealed);
    expect_hex(sealed, "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271");
    seal_free(s);
    s = seal_of(SEAL_AES, 3);
    seal_close(s, nonce, SLICE_LIT("c2sp.org/XAES-256-GCM"), SLICE_LIT("XAES-256-GCM"), sealed);
    expect_hex(sealed, "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d");
    seal_free(s);
}

/* draft-irtf-cfrg-xchacha-03, A.3.1 */
static void chacha_meets_the_published_vector(void **state)
{
    (void)state;
    uint8_t key[SEAL_KEY_SIZE], nonce[SEAL_NONCE_SIZE], sealed[200];
    for (uint32_t i = 0; i < sizeof key; i++) key[i] = (uint8_t)(0x80 + i);
    for (uint32_t i = 0; i < sizeof nonce; i++) nonce[i] = (uint8_t)(0x40 + i);
    struct slice plain = SLICE_LIT("Ladies and Gentlemen of the class of '99: If I could offer you "
                                   "only one tip for the future, sunscreen would be it.");
    struct seal *s = seal_new(SEAL_CHACHA, key, drawn);
    seal_close(s, nonce, SLICE_LIT("\x50\x51\x52\x53\xc0\xc1\xc2\xc3\xc4\xc5\xc6\xc7"), plain,
               sealed);
    expect_hex(sealed, "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
                       "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
                       "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
                       "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49");
    seal_free(s);
}

static void what_is_closed_opens_again_in_place_too(void **state)
{
    (void)state;
    static const uint32_t sizes[] = { 0, 1, 15, 16, 17, 4096, 100000 };
    uint8_t *bytes = malloc(100000 + SEAL_OVERHEAD), *plain = malloc(100000);
    assert_non_null(bytes);
    assert_non_null(plain);
    memset(plain, 'p', 100000);
    for (int c = 0; c < SEAL_CIPHERS; c++) {
        struct seal *s = seal_of((enum seal_cipher)c, 7);
        for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
            uint8_t nonce[SEAL_NONCE_SIZE];
            uint32_t len = sizes[i];
            seal_nonce(s, nonce);
            memcpy(bytes, plain, len);
            seal_close(s, nonce, SLICE_LIT("here"), slice_of(bytes, len), bytes);
            if (len > 8) assert_memory_not_equal(bytes, plain, len);
            struct slice sealed = slice_of(bytes, len + SEAL_OVERHEAD);
            assert_int_equal(seal_open(s, nonce, SLICE_LIT("here"), sealed, bytes), ERR_OK);
            assert_memory_equal(bytes, plain, len);
        }
        seal_free(s);
    }
    free(bytes);
    free(plain);
}

static void any_changed_bit_is_noticed_and_nothing_leaks(void **state)
{
    (void)state;
    enum { LEN = 40, SEALED = LEN + SEAL_OVERHEAD };
    static const uint8_t zeros[LEN] = { 0 };
    for (int c = 0; c < SEAL_CIPHERS; c++) {
        struct seal *s = seal_of((enum seal_cipher)c, 7);
        uint8_t nonce[SEAL_NONCE_SIZE], plain[LEN], sealed[SEALED], context[5] = "where";
        struct slice where = slice_of(context, sizeof context);
        memset(plain, 'p', LEN);
        seal_nonce(s, nonce);
        seal_close(s, nonce, where, slice_of(plain, LEN), sealed);
        const struct {
            uint8_t *ptr;
            uint32_t len;
        } parts[] = { { sealed, SEALED }, { nonce, sizeof nonce }, { context, sizeof context } };
        for (size_t p = 0; p < ARRAY_COUNT(parts); p++)
            for (uint32_t bit = 0; bit < parts[p].len * 8; bit++) {
                parts[p].ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
                enum err e = seal_open(s, nonce, where, slice_of(sealed, SEALED), plain);
                assert_int_equal(e, ERR_CORRUPT);
                assert_memory_equal(plain, zeros, LEN);
                parts[p].ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
            }
        assert_int_equal(seal_open(s, nonce, where, slice_of(sealed, SEALED), plain), ERR_OK);
        assert_int_equal(plain[0], 'p');
        seal_free(s);
    }
}

static void a_peek_is_wrong_where_the_sealed_bytes_are(void **state)
{
    static const uint8_t nonce[SEAL_NONCE_SIZE] = { 1, 2, 3 };
    enum { LEN = 200 };
    uint8_t text[LEN], sealed[LEN + SEAL_OVERHEAD], seen[LEN];
    (void)state;
    for (uint32_t i = 0; i < LEN; i++) text[i] = (uint8_t)i;
    for (int cipher = 0; cipher < SEAL_CIPHERS; cipher++) {
        struct seal *s = seal_of((enum seal_cipher)cipher, 1);
        struct slice all = slice_of(sealed, sizeof sealed);
        seal_close(s, nonce, SLICE_LIT("where"), slice_of(text, LEN), sealed);
        seal_peek(s, nonce, all, seen);
        assert_memory_equal(seen, text, LEN);
        sealed[77] ^= 4;
        seal_peek(s, nonce, all, seen);
        seen[77] ^= 4;
        assert_memory_equal(seen, text, LEN);
        assert_int_equal(seal_open(s, nonce, SLICE_LIT("where"), all, seen), ERR_CORRUPT);
        sealed[77] ^= 4;
        assert_int_equal(seal_open(s, nonce, SLICE_LIT("where"), all, seen), ERR_OK);
        seal_free(s);
    }
}

static void what_is_cut_or_of_another_key_does_not_open(void **state)
{
    (void)state;
    enum { LEN = 20, SEALED = LEN + SEAL_OVERHEAD };
    for (int c = 0; c < SEAL_CIPHERS; c++) {
        struct seal *s = seal_of((enum seal_cipher)c, 7), *other = seal_of((enum seal_cipher)c, 8);
        uint8_t nonce[SEAL_NONCE_SIZE], plain[SEALED] = { 0 }, sealed[SEALED];
        seal_nonce(s, nonce);
        seal_close(s, nonce, NOTHING, slice_of(plain, LEN), sealed);
        for (uint32_t len = 0; len < SEALED; len++)
            assert_int_equal(seal_open(s, nonce, NOTHING, slice_of(sealed, len), plain),
                             ERR_CORRUPT);
        assert_int_equal(seal_open(other, nonce, NOTHING, slice_of(sealed, SEALED), plain),
                         ERR_CORRUPT);
        seal_free(s);
        seal_free(other);
    }
}

static void nonces_begin_with_what_was_drawn_and_count(void **state)
{
    (void)state;
    uint8_t nonce[SEAL_NONCE_SIZE];
    struct seal *s = seal_of(SEAL_AES, 1);
    seal_nonce(s, nonce);
    expect_hex(nonce, "303132333435363738396162636465660000000000000000");
    for (int i = 0; i < 300; i++) seal_nonce(s, nonce);
    expect_hex(nonce, "30313233343536373839616263646566000000000000012c");
    seal_free(s);
}

/* RFC 5869's HKDF with SHA-256, checked against another implementation. */
static void a_wrapping_key_depends_on_key_and_salt(void **state)
{
    (void)state;
    uint8_t salt[SEAL_SALT_SIZE], key[SEAL_KEY_SIZE], other[SEAL_KEY_SIZE];
    memset(salt, 5, sizeof salt);
    seal_derive(SLICE_LIT("s3cr3t"), salt, key);
    expect_hex(key, "fd24c14871ef5ea989992c1626cdf56343d98bd42ac595bdda5fe5f72a903551");
    seal_derive(SLICE_LIT("s3cr3u"), salt, other);
    assert_memory_not_equal(key, other, sizeof key);
    salt[31] ^= 1;
    seal_derive(SLICE_LIT("s3cr3t"), salt, other);
    assert_memory_not_equal(key, other, sizeof key);
}

static void a_wrapped_key_comes_out_with_the_right_key_and_context_only(void **state)
{
    (void)state;
    for (int c = 0; c < SEAL_CIPHERS; c++) {
        struct seal *s = seal_of((enum seal_cipher)c, 7), *other = seal_of((enum seal_cipher)c, 8);
        uint8_t key[SEAL_KEY_SIZE], back[SEAL_KEY_SIZE];
        uint8_t wrapped[SEAL_WRAPPED_SIZE], again[SEAL_WRAPPED_SIZE];
        memset(key, 'k', sizeof key);
        seal_wrap(s, SLICE_LIT("data key 1"), key, wrapped);
        seal_wrap(s, SLICE_LIT("data key 1"), key, again);
        assert_memory_not_equal(wrapped, again, sizeof wrapped);
        assert_int_equal(seal_unwrap(s, SLICE_LIT("data key 1"), wrapped, back), ERR_OK);
        assert_memory_equal(key, back, sizeof key);
        assert_int_equal(seal_unwrap(s, SLICE_LIT("data key 2"), wrapped, back), ERR_CORRUPT);
        assert_int_equal(seal_unwrap(other, SLICE_LIT("data key 1"), wrapped, back), ERR_CORRUPT);
        static const uint8_t zeros[SEAL_KEY_SIZE] = { 0 };
        seal_wipe(key, sizeof key);
        assert_memory_equal(key, zeros, sizeof key);
        seal_free(s);
        seal_free(other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aes_meets_the_published_vectors),
        cmocka_unit_test(chacha_meets_the_published_vector),
        cmocka_unit_test(what_is_closed_opens_again_in_place_too),
        cmocka_unit_test(any_changed_bit_is_noticed_and_nothing_leaks),
        cmocka_unit_test(a_peek_is_wrong_where_the_sealed_bytes_are),
        cmocka_unit_test(what_is_cut_or_of_another_key_does_not_open),
        cmocka_unit_test(nonces_begin_with_what_was_drawn_and_count),
        cmocka_unit_test(a_wrapping_key_depends_on_key_and_salt),
        cmocka_unit_test(a_wrapped_key_comes_out_with_the_right_key_and_context_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
