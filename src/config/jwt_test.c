/* SPDX-License-Identifier: Apache-2.0 */
#include "config/jwt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/buf.h"
#include "crypto/nkey.h"

static void base64url_add(struct buf *out, struct slice bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t held = 0, bits = 0;
    for (uint32_t i = 0; i < bytes.len; i++) {
        held = held << 8 | bytes.ptr[i];
        for (bits += 8; bits >= 6; bits -= 6)
            buf_add_byte(out, (uint8_t)digits[held >> (bits - 6) & 63]);
    }
    if (bits > 0) buf_add_byte(out, (uint8_t)digits[held << (6 - bits) & 63]);
}

/* A JWT signed by the operator of this seed; `algorithm` decides what is signed. */
static void jwt_make(const char *algorithm, struct buf *out)
{
    struct nkey seed = { .kind = NKEY_OPERATOR, .raw = { 1, 2, 3 } };
    struct nkey public = nkey_public(&seed);
    char key[NKEY_TEXT_SIZE];
    struct buf part = { 0 };
    buf_printf(&part, "{\"typ\":\"JWT\",\"alg\":\"%s\"}", algorithm);
    base64url_add(out, buf_slice(&part));
    buf_add_byte(out, '.');
    uint32_t claims = out->len;
    part.len = 0;
    buf_printf(&part,
               "{\"iss\":\"%s\",\"sub\":\"%s\",\"name\":\"O\",\"nats\":{\"type\":\"operator\"}}",
               nkey_encode(&public, key), key);
    base64url_add(out, buf_slice(&part));
    bool whole = strcmp(algorithm, "ed25519-nkey") == 0;
    uint8_t signature[NKEY_SIGNATURE];
    nkey_sign(&seed, whole ? buf_slice(out) : slice_from(buf_slice(out), claims), signature);
    buf_add_byte(out, '.');
    base64url_add(out, slice_of(signature, sizeof(signature)));
    buf_deinit(&part);
}

static void a_signed_token_is_read_in_both_versions(void **state)
{
    (void)state;
    static const char *const algorithms[] = { "ed25519-nkey", "ed25519" };
    for (size_t i = 0; i < ARRAY_COUNT(algorithms); i++) {
        AUTO_FREE(arena) arena = arena_new();
        struct buf text = { 0 };
        struct errmsg why = { "" };
        struct jwt jwt = { 0 };
        jwt_make(algorithms[i], &text);
        assert_int_equal(jwt_read(buf_slice(&text), arena, &jwt, &why), ERR_OK);
        assert_string_equal(jwt.kind, "operator");
        assert_string_equal(jwt.name, "O");
        assert_string_equal(jwt.issuer, jwt.subject);
        buf_deinit(&text);
    }
}

static void a_token_with_one_bit_changed_is_refused(void **state)
{
    (void)state;
    struct buf text = { 0 };
    jwt_make("ed25519-nkey", &text);
    for (uint32_t i = 0; i < text.len; i++) {
        AUTO_FREE(arena) arena = arena_new();
        struct errmsg why;
        struct jwt jwt = { .name = "kept" };
        bool last = i == text.len - 1;          /* its lowest bits mean nothing */
        text.ptr[i] ^= last ? 0x20 : 1;
        assert_int_not_equal(jwt_read(buf_slice(&text), arena, &jwt, &why), ERR_OK);
        assert_string_equal(jwt.name, "kept");
        text.ptr[i] ^= last ? 0x20 : 1;
    }
    buf_deinit(&text);
}

static void what_is_no_token_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        { "", "expected 3 chunks" },
        { "a.b", "expected 3 chunks" },
        { "a.b.c.d", "expected 3 chunks" },
        { "YQ.Y!.YQ", "illegal base64 data at input byte 1" },
        { "YQ.YQ.YQ", "claims are not valid JSON" },
        { "e30.e30.YQ", "claim failed V2 signature verification" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE(arena) arena = arena_new();
        struct errmsg why;
        struct jwt jwt;
        assert_int_equal(jwt_read(slice_str(cases[i].text), arena, &jwt, &why), ERR_INVALID);
        assert_string_equal(why.text, cases[i].why);
    }
}

static void decoration_is_taken_off(void **state)
{
    (void)state;
    struct slice bare = jwt_undecorate(SLICE_LIT(" a.b.c\n"));
    assert_true(slice_equal_str(bare, "a.b.c"));
    bare = jwt_undecorate(SLICE_LIT(
        "-----BEGIN NATS OPERATOR JWT-----\n\na.b.c\n------END NATS OPERATOR JWT------\n"));
    assert_true(slice_equal_str(bare, "a.b.c"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signed_token_is_read_in_both_versions),
        cmocka_unit_test(a_token_with_one_bit_changed_is_refused),
        cmocka_unit_test(what_is_no_token_is_named),
        cmocka_unit_test(decoration_is_taken_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
