/* SPDX-License-Identifier: Apache-2.0 */
/* The hashes marked so were made by the bcrypt of Go. */
#include "crypto/password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define DIGITS_72 "012345678901234567890123456789012345678901234567890123456789012345678901"

static const struct slice hash_of_s3cret = /* Go */
    SLICE_LIT("$2a$04$ou8P/2wOR4bI1q0LpXmW/O0CShP.itrZqLL1BbNb5CGrjo7piZVEC");

static void a_bcrypt_hash_is_known_by_its_prefix(void **state)
{
    (void)state;
    static const char *yes[] = { "$2a$11$", "$2b$04$x", "$2x$99$...", "$2y$10$abc" };
    static const char *no[] = { "",           "$",         "$2$04$abc", "$2c$04$abc",
                                "$2a$4$abcd", "$2a$004$",  "2a$04$abc", "$2a$04abc",
                                "x$2a$04$ab", "$3a$04$ab", "$2A$04$ab", "$2a$0x$ab" };
    for (size_t i = 0; i < ARRAY_COUNT(yes); i++)
        assert_true(password_is_bcrypt(slice_str(yes[i])));
    for (size_t i = 0; i < ARRAY_COUNT(no); i++) assert_false(password_is_bcrypt(slice_str(no[i])));
}

static void a_plain_password_equals_itself_only(void **state)
{
    (void)state;
    static const struct slice words[] = {
        SLICE_LIT(""),    SLICE_LIT("\0"),   SLICE_LIT("a"),   SLICE_LIT("b"),    SLICE_LIT("aa"),
        SLICE_LIT("ab"),  SLICE_LIT("ba"),   SLICE_LIT("aaa"), SLICE_LIT("a\0a"), SLICE_LIT("a\0b"),
        SLICE_LIT("A"),   SLICE_LIT("abab"), SLICE_LIT("aba"), SLICE_LIT("\xff"), SLICE_LIT("\x7f"),
    };
    for (size_t i = 0; i < ARRAY_COUNT(words); i++)
        for (size_t k = 0; k < ARRAY_COUNT(words); k++)
            assert_int_equal(password_equal(words[i], words[k]), i == k);
    assert_true(password_equal((struct slice){ NULL, 0 }, (struct slice){ NULL, 0 }));
    assert_false(password_equal((struct slice){ NULL, 0 }, SLICE_LIT("a")));
    assert_false(password_equal(SLICE_LIT("a"), (struct slice){ NULL, 0 }));
}

struct known {
    struct slice hash;
    struct slice password;
};

static void a_hash_of_the_go_library_matches_its_password(void **state)
{
    (void)state;
    static const struct known table[] = {
        { SLICE_LIT("$2a$04$LCRGPxTENupL1uBLcFHonOP5gUJL6/ioseOz5FjB0MwJZow3MCb2a"),
          SLICE_LIT("") },
        { SLICE_LIT("$2a$04$.0hNhLRvcAD9R5qCUZZX4.hDfOmgbEK2ZhyHf8ybY9.oKTFNwGqnO"),
          SLICE_LIT("\xff\xa3x") },
        { SLICE_LIT("$2a$04$HMmbBKTaGIgapvVhgS.Lm.cTYKbWF7l3nUnbHgBzF2ttOHjEd4K4m"),
          SLICE_LIT(DIGITS_72) },
        { SLICE_LIT("$2a$04$HMmbBKTaGIgapvVhgS.Lm.cTYKbWF7l3nUnbHgBzF2ttOHjEd4K4m"),
          SLICE_LIT(DIGITS_72 "and more") },
        { SLICE_LIT("$2b$04$abcdefghijklmnopqrstuuLZYjhNQAOdpbzt4WxWlUHjv1wsyH5DG"),
          SLICE_LIT("s3cret") },
    };
    for (size_t i = 0; i < ARRAY_COUNT(table); i++)
        assert_true(password_bcrypt_matches(table[i].hash, table[i].password));
    assert_true(password_bcrypt_matches(hash_of_s3cret, SLICE_LIT("s3cret")));
}

static void all_four_prefixes_mean_one_algorithm(void **state)
{
    (void)state;
    char hash[BCRYPT_SIZE];
    for (const char *kind = "abxy"; *kind != 0; kind++) {
        memcpy(hash, "$2a$04$.0hNhLRvcAD9R5qCUZZX4.hDfOmgbEK2ZhyHf8ybY9.oKTFNwGqnO", BCRYPT_SIZE);
        hash[2] = *kind;
        assert_true(password_bcrypt_matches(slice_str(hash), SLICE_LIT("\xff\xa3x")));
        assert_false(password_bcrypt_matches(slice_str(hash), SLICE_LIT("\xff\xa3y")));
    }
}

static void a_wrong_password_does_not_match_a_hash(void **state)
{
    (void)state;
    static const struct slice wrong[] = { SLICE_LIT(""),         SLICE_LIT("s3cre"),
                                          SLICE_LIT("s3cret "),  SLICE_LIT("S3cret"),
                                          SLICE_LIT("s3cret\0"), SLICE_LIT("s3cret\0x"),
                                          SLICE_LIT("\0s3cret") };
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        assert_false(password_bcrypt_matches(hash_of_s3cret, wrong[i]));
}

static void what_is_no_hash_matches_nothing(void **state)
{
    (void)state;
    static const char *broken[] = {
        "$2a$04$",
        "$2a$04$ou8P/2wOR4bI1q0LpXmW/O0CShP.itrZqLL1BbNb5CGrjo7piZVE",
        "$2a$04$ou8P/2wOR4bI1q0LpXmW/O0CShP.itrZqLL1BbNb5CGrjo7piZVECC",
        "$2a$04$ou8P/2wOR4bI1q0LpXmW/O0CShP.itrZqLL1BbNb5CGrjo7piZVE*",
        "$2a$03$ou8P/2wOR4bI1q0LpXmW/O0CShP.itrZqLL1BbNb5CGrjo7piZVEC",
        "$2a$31$ou8P/2wOR4bI1q0LpXmW/O0CShP.itrZqLL1BbNb5CGrjo7piZVEC",
        "$2a$21$ou8P/2wOR4bI1q0LpXmW/O0CShP.itrZqLL1BbNb5CGrjo7piZVEC",
        "$2c$04$ou8P/2wOR4bI1q0LpXmW/O0CShP.itrZqLL1BbNb5CGrjo7piZVEC",
    };
    for (size_t i = 0; i < ARRAY_COUNT(broken); i++) {
        assert_int_equal(password_bcrypt_cost(slice_str(broken[i])), 0);
        assert_false(password_bcrypt_matches(slice_str(broken[i]), SLICE_LIT("s3cret")));
    }
    assert_int_equal(password_bcrypt_cost(hash_of_s3cret), 4);
}

static void a_dummy_hash_is_valid_and_matches_nothing(void **state)
{
    (void)state;
    char dummy[BCRYPT_SIZE];
    for (uint32_t cost = BCRYPT_COST_MIN; cost <= BCRYPT_COST_MAX; cost++)
        assert_int_equal(password_bcrypt_cost(slice_str(password_bcrypt_dummy(cost, dummy))), cost);
    struct slice hash = slice_str(password_bcrypt_dummy(4, dummy));
    assert_false(password_bcrypt_matches(hash, SLICE_LIT("")));
    assert_false(password_bcrypt_matches(hash, SLICE_LIT("s3cret")));
}

static void a_digest_tells_hash_password_and_key_apart(void **state)
{
    (void)state;
    static const uint8_t key[PASSWORD_KEY] = { 1 }, other[PASSWORD_KEY] = { 2 };
    struct password_digest a = password_digest(key, SLICE_LIT("hash"), SLICE_LIT("word"));
    struct password_digest b = password_digest(key, SLICE_LIT("hash"), SLICE_LIT("word"));
    assert_true(password_digest_equal(&a, &b));
    b = password_digest(other, SLICE_LIT("hash"), SLICE_LIT("word"));
    assert_false(password_digest_equal(&a, &b));
    b = password_digest(key, SLICE_LIT("hashw"), SLICE_LIT("ord"));
    assert_false(password_digest_equal(&a, &b));
    b = password_digest(key, SLICE_LIT("hash"), SLICE_LIT("wore"));
    assert_false(password_digest_equal(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bcrypt_hash_is_known_by_its_prefix),
        cmocka_unit_test(a_plain_password_equals_itself_only),
        cmocka_unit_test(a_hash_of_the_go_library_matches_its_password),
        cmocka_unit_test(all_four_prefixes_mean_one_algorithm),
        cmocka_unit_test(a_wrong_password_does_not_match_a_hash),
        cmocka_unit_test(what_is_no_hash_matches_nothing),
        cmocka_unit_test(a_digest_tells_hash_password_and_key_apart),
        cmocka_unit_test(a_dummy_hash_is_valid_and_matches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
