/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/errors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "crypto/sha256.h"

/* One digest stands for 227 texts: a golden copy of the list would only be the list again. It is
 * that of the lines "err_code code description\n", sorted, as nats-server 2.15.2 has them. */
static void the_list_is_that_of_nats_server(void **state)
{
    (void)state;
    static const char golden[] = "8cf53e783c1ccb9ffd71a5e74640041155ebc6f83c295a839b3f12c20d069e3a";
    struct buf lines = { 0 };
    for (uint32_t i = 0; i < js_error_count(); i++) {
        struct js_error_row row = js_error_row(i);
        buf_printf(&lines, "%u %u %s\n", row.err_code, row.code, row.text);
    }
    uint8_t sum[SHA256_SIZE];
    sha256(buf_slice(&lines), sum);
    buf_deinit(&lines);
    struct buf hex = { 0 };
    for (size_t i = 0; i < SHA256_SIZE; i++) buf_printf(&hex, "%02x", sum[i]);
    assert_string_equal(buf_str(&hex), golden);
    buf_deinit(&hex);
    assert_int_equal(js_error_count(), 227);
}

static void the_list_is_sorted_without_doubles(void **state)
{
    (void)state;
    for (uint32_t i = 1; i < js_error_count(); i++)
        assert_true(js_error_row(i - 1).err_code < js_error_row(i).err_code);
}

static void values_replace_what_stands_in_braces(void **state)
{
    (void)state;
    struct js_error e;
    assert_false(js_error_set(&e, JS_ERR_STREAM_NOT_FOUND));
    assert_int_equal(e.err_code, 10059);
    assert_int_equal(e.code, 404);
    assert_string_equal(e.text, "stream not found");

    assert_false(js_error_set(&e, JS_ERR_STREAM_EXTERNAL_API_OVERLAP, "$JS.A", "$JS.API.>"));
    assert_string_equal(e.text, "stream external api prefix $JS.A must not overlap with $JS.API.>");

    assert_false(js_error_setf(&e, JS_ERR_STREAM_WRONG_LAST_SEQUENCE, "%d", 7));
    assert_string_equal(e.text, "wrong last sequence: 7");

    /* a value is not looked at again */
    assert_false(js_error_set(&e, JS_ERR_INVALID_JSON, "{err}"));
    assert_string_equal(e.text, "invalid JSON: {err}");
}

static void a_long_value_is_cut(void **state)
{
    (void)state;
    char value[3000];
    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    struct js_error e;
    assert_false(js_error_set(&e, JS_ERR_INVALID_JSON, value));
    assert_int_equal(strlen(e.text), JS_ERROR_TEXT_SIZE - 1);
    assert_false(js_error_set(NULL, JS_ERR_INVALID_JSON, value));
}

static void an_error_is_written_as_a_client_reads_it(void **state)
{
    (void)state;
    struct js_error e;
    (void)js_error_set(&e, JS_ERR_INVALID_JSON, "json: unknown field \"x\"");
    struct buf out = { 0 };
    struct json_writer w = json_writer_on(&out, JSON_COMPACT);
    js_error_write(&e, &w);
    assert_string_equal(buf_str(&out),
                        "{\"code\":400,\"err_code\":10025,"
                        "\"description\":\"invalid JSON: json: unknown field \\\"x\\\"\"}");
    buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_is_that_of_nats_server),
        cmocka_unit_test(the_list_is_sorted_without_doubles),
        cmocka_unit_test(values_replace_what_stands_in_braces),
        cmocka_unit_test(a_long_value_is_cut),
        cmocka_unit_test(an_error_is_written_as_a_client_reads_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
