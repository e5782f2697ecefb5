/* SPDX-License-Identifier: Apache-2.0 */
/* The expected texts were made by the nkeys library of Go from the seed 00 01 02 .. 1f. */
#include "crypto/nkey.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct known {
    enum nkey_kind kind;
    const char    *seed;
    const char    *public;
};

static const struct known table[] = {
    { NKEY_USER, "SUAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H776Y",
      "UAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3RLKK" },
    { NKEY_ACCOUNT, "SAAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4HYMHI",
      "AAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QPZV" },
    { NKEY_SERVER, "SNAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H2D5U",
      "NAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3RSWB" },
    { NKEY_OPERATOR, "SOAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H2AJA",
      "OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT" },
    { NKEY_CLUSTER, "SCAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4HYO7Q",
      "CAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3R53J" },
    { NKEY_CURVE, "SXAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H74KM",
      "XCHUBRNNW2HSKYSK4WZBJ2TWPJXMSTMCTU6XWXQ22G5G6PRBHAUF76G7" },
};

static const struct slice nonce = SLICE_LIT("DEkRsqZv_jht7Eo");
static const char sig_url[] =
    "H83Ti9oawObgPyVsg2Zy4WPjgphLQrPth4cgSgAYQI2Me1iGvVUW3iWjp3-L6VGi7OxgklMnXC-zVZTR-uFlAQ";
static const char sig_std[] =
    "H83Ti9oawObgPyVsg2Zy4WPjgphLQrPth4cgSgAYQI2Me1iGvVUW3iWjp3+L6VGi7OxgklMnXC+zVZTR+uFlAQ==";

static struct nkey seed_of(enum nkey_kind kind)
{
    struct nkey seed = { .kind = kind };
    for (uint32_t i = 0; i < NKEY_RAW; i++) seed.raw[i] = (uint8_t)i;
    return seed;
}

static void keys_have_the_texts_of_the_go_library(void **state)
{
    (void)state;
    char seed_text[NKEY_SEED_TEXT_SIZE], text[NKEY_TEXT_SIZE];
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        struct nkey seed = seed_of(table[i].kind);
        struct nkey public = nkey_public(&seed);
        assert_string_equal(nkey_seed_encode(&seed, seed_text), table[i].seed);
        assert_string_equal(nkey_encode(&public, text), table[i].public);
    }
}

static void texts_read_back_as_the_keys_they_were(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        struct nkey seed = { 0 }, public = { 0 };
        struct nkey expected = seed_of(table[i].kind);
        assert_true(nkey_seed_decode(slice_str(table[i].seed), &seed));
        assert_true(nkey_decode(slice_str(table[i].public), &public));
        assert_int_equal(seed.kind, table[i].kind);
        assert_int_equal(public.kind, table[i].kind);
        assert_memory_equal(seed.raw, expected.raw, NKEY_RAW);
        expected = nkey_public(&seed);
        assert_memory_equal(public.raw, expected.raw, NKEY_RAW);
        nkey_wipe(&seed);
        assert_int_equal(seed.raw[1], 0);
    }
}

static void a_key_is_of_one_kind_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(table); i++)
        for (size_t k = 0; k < ARRAY_COUNT(table); k++)
            assert_int_equal(nkey_is(slice_str(table[i].public), table[k].kind), i == k);
}

/* Flips each character through a few others, and cuts and grows the text. */
static void expect_only_the_text_itself(const char *right, bool (*accepts)(struct slice))
{
    char text[NKEY_SEED_TEXT_SIZE + 1];
    size_t len = strlen(right);
    static const char others[] = "AB7Z2a189=-_ \n";
    for (size_t at = 0; at < len; at++) {
        for (const char *other = others; *other != 0; other++) {
            memcpy(text, right, len + 1);
            if (text[at] == *other) continue;
            text[at] = *other;
            assert_false(accepts(slice_of(text, len)));
        }
        assert_false(accepts(slice_of(right, at)));
    }
    memcpy(text, right, len);
    text[len] = 'A';
    assert_false(accepts(slice_of(text, len + 1)));
    assert_true(accepts(slice_of(text, len)));
}

static bool accepts_public(struct slice text)
{
    struct nkey key;
    return nkey_decode(text, &key);
}

static bool accepts_seed(struct slice text)
{
    struct nkey key;
    return nkey_seed_decode(text, &key);
}

static void a_changed_text_is_no_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        expect_only_the_text_itself(table[i].public, accepts_public);
        expect_only_the_text_itself(table[i].seed, accepts_seed);
        assert_false(accepts_public(slice_str(table[i].seed)));
        assert_false(accepts_seed(slice_str(table[i].public)));
    }
}

static void a_signature_of_the_go_library_is_verified(void **state)
{
    (void)state;
    struct nkey user, account;
    uint8_t url[NKEY_SIGNATURE], std[NKEY_SIGNATURE], own[NKEY_SIGNATURE];
    assert_true(nkey_decode(slice_str(table[0].public), &user));
    assert_true(nkey_signature_decode(slice_str(sig_url), url));
    assert_true(nkey_signature_decode(slice_str(sig_std), std));
    assert_memory_equal(url, std, NKEY_SIGNATURE);
    assert_true(nkey_verify(&user, nonce, url));

    struct nkey seed = seed_of(NKEY_USER);
    nkey_sign(&seed, nonce, own);
    assert_memory_equal(own, url, NKEY_SIGNATURE);

    assert_false(nkey_verify(&user, SLICE_LIT("DEkRsqZv_jht7Ep"), url));
    assert_false(nkey_verify(&user, SLICE_LIT(""), url));
    for (uint32_t bit = 0; bit < NKEY_SIGNATURE * 8; bit++) {
        memcpy(own, url, sizeof own);
        own[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(nkey_verify(&user, nonce, own));
    }
    account = user;
    account.raw[0] ^= 1;
    assert_false(nkey_verify(&account, nonce, url));
}

static void a_curve_key_verifies_nothing(void **state)
{
    (void)state;
    struct nkey curve;
    uint8_t signature[NKEY_SIGNATURE];
    assert_true(nkey_signature_decode(slice_str(sig_url), signature));
    assert_true(nkey_decode(slice_str(table[0].public), &curve));
    curve.kind = NKEY_CURVE;
    assert_false(nkey_verify(&curve, nonce, signature));
}

static void only_64_bytes_of_base64_are_a_signature(void **state)
{
    (void)state;
    uint8_t signature[NKEY_SIGNATURE];
    size_t len = strlen(sig_url);
    for (size_t cut = 0; cut < len; cut++)
        assert_false(nkey_signature_decode(slice_of(sig_url, cut), signature));
    for (size_t cut = 0; cut < len + 2; cut++)
        assert_false(nkey_signature_decode(slice_of(sig_std, cut), signature));
    static const char *wrong[] = {
        "",
        "A",
        "=",
        "AA==",
        "????",
        /* both alphabets in one text, blanks, one byte more */
        "H83Ti9oawObgPyVsg2Zy4WPjgphLQrPth4cgSgAYQI2Me1iGvVUW3iWjp3-L6VGi7OxgklMnXC+zVZTR+uFlAQ==",
        "H83Ti9oawObgPyVsg2Zy4WPjgphLQrPth4cgSgAYQI2Me1iGvVUW3iWjp3-L6VGi7OxgklMnXC-zVZTR-uFlAQ ",
        "H83Ti9oawObgPyVsg2Zy4WPjgphLQrPth4cgSgAYQI2Me1iGvVUW3iWjp3-L6VGi7OxgklMnXC-zVZTR-uFlAQA",
    };
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        assert_false(nkey_signature_decode(slice_str(wrong[i]), signature));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_the_texts_of_the_go_library),
        cmocka_unit_test(texts_read_back_as_the_keys_they_were),
        cmocka_unit_test(a_key_is_of_one_kind_only),
        cmocka_unit_test(a_changed_text_is_no_key),
        cmocka_unit_test(a_signature_of_the_go_library_is_verified),
        cmocka_unit_test(a_curve_key_verifies_nothing),
        cmocka_unit_test(only_64_bytes_of_base64_are_a_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
