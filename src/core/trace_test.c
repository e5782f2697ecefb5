/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

static void other_fields_are_shown_as_they_were_written(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "{}", "{}" },
        { "", "[REDACTED]" },
        { "{\"verbose\":false,\"name\":\"a \\\"b\\\"\"}",
          "{\"verbose\":false,\"name\":\"a \\\"b\\\"\"}" },
        { "{ \"user\" : \"anna\" , \"pass\" : \"x\", \"lang\":\"c\"}",
          "{ \"user\" : \"anna\" , \"pass\" : \"[REDACTED]\", \"lang\":\"c\"}" },
        { "{\"name\":\"pass\",\"lang\":\"c\"}", "{\"name\":\"pass\",\"lang\":\"c\"}" },
        { "{\"a\":[\"pass\",\"b\"],\"c\":1}", "{\"a\":[\"pass\",\"b\"],\"c\":1}" },
        { "{\"pass\":\"\",\"x\":1}", "{\"pass\":\"[REDACTED]\",\"x\":1}" },
        { "{\"jwt\":null}", "{\"jwt\":\"[REDACTED]\"}" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct buf out = { 0 };
        trace_redact(&out, slice_str(rows[i].text));
        assert_string_equal(buf_str(&out), rows[i].want);
        buf_deinit(&out);
    }
}

/* However a secret is dressed up, CANARY must not come out, and what stands behind it must. */
static void no_secret_survives(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{\"pass\":\"CANARY\",\"end\":1}",
        "{\"PASS\":\"CANARY\",\"end\":1}",
        "{\"Password\":\"CANARY\",\"end\":1}",
        "{\"auth_token\":\"CANARY\",\"end\":1}",
        "{\"sig\":\"CANARY\",\"end\":1}",
        "{\"nkey\":\"CANARY\",\"end\":1}",
        "{\"jwt\":\"CANARY\",\"end\":1}",
        "{\"proxy_sig\":\"CANARY\",\"end\":1}",
        "{\"p\\u0061ss\":\"CANARY\",\"end\":1}",
        "{\"\\u0070\\u0061\\u0073\\u0073\":\"CANARY\",\"end\":1}",
        "{\"pass\" \t\r\n : \n \"CANARY\",\"end\":1}",
        "{\"pass\":\"a\\\"CANARY\",\"end\":1}",
        "{\"pass\":\"a\\\\\",\"pass\":\"CANARY\",\"end\":1}",
        "{\"pass\":\",CANARY:\",\"end\":1}",
        "{\"pass\":\"{CANARY\",\"end\":1}",
        "{\"pass\":[\"a\",\"CANARY\"],\"end\":1}",
        "{\"pass\":{\"a\":\"CANARY\"},\"end\":1}",
        "{\"pass\":[{\"a\":[\"}\",\"CANARY\"]}],\"end\":1}",
        "{\"x\":{\"pass\":\"CANARY\"},\"end\":1}",
        "[{\"pass\":\"CANARY\"},\"end\"]",
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct buf out = { 0 };
        trace_redact(&out, slice_str(rows[i]));
        assert_null(strstr(buf_str(&out), "CANARY"));
        assert_non_null(strstr(buf_str(&out), "\"end\""));
        buf_deinit(&out);
    }
}

static void what_is_no_json_is_not_shown_at_all(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{pass:CANARY}",
        "{'pass':'CANARY'}",
        "{\"pass\":\"CANARY",
        "{\"pass\":CANARY}",
        "\"pass\":\"CANARY\"",
        "{\"pass\"=\"CANARY\"}",
        "CANARY",
        "{\"pass\",\"CANARY\"}",
        "{\"pass\":\"CANARY\\",
        "{\"a\":\"\x01\",\"b\":\"CANARY\"}",
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct buf out = { 0 };
        trace_redact(&out, slice_str(rows[i]));
        assert_string_equal(buf_str(&out), "[REDACTED]");
        buf_deinit(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_fields_are_shown_as_they_were_written),
        cmocka_unit_test(no_secret_survives),
        cmocka_unit_test(what_is_no_json_is_not_shown_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
