/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct http_head head;

static enum http_verdict parsed(const char *text)
{
    return http_parse(slice_str(text), &head);
}

static void a_head_is_cut_into_its_parts(void **state)
{
    (void)state;
    const char *text =
        "GET /chat/mqtt?a=b HTTP/1.1\r\nHost: h:1\r\nX-Empty:\r\nx-y:  a b \r\n\r\nrest";
    assert_int_equal(parsed(text), HTTP_OK);
    assert_true(slice_equal_str(head.method, "GET"));
    assert_true(slice_equal_str(head.target, "/chat/mqtt?a=b"));
    assert_true(slice_equal_str(head.path, "/chat/mqtt"));
    assert_true(slice_equal_str(head.host, "h:1"));
    assert_int_equal(head.headers_count, 3);
    assert_true(slice_equal_str(http_header(&head, "X-Y"), "a b"));
    assert_int_equal(http_header(&head, "x-empty").len, 0);
    assert_int_equal(http_header(&head, "absent").len, 0);
    assert_int_equal(head.consumed, strlen(text) - 4);
}

static void an_absolute_target_names_the_host(void **state)
{
    (void)state;
    assert_int_equal(parsed("GET http://a.b/c?d HTTP/1.0\nHost: x\n\n"), HTTP_OK);
    assert_true(slice_equal_str(head.host, "a.b"));
    assert_true(slice_equal_str(head.path, "/c"));
    assert_int_equal(parsed("GET ws://a.b HTTP/1.0\nHost: x\n\n"), HTTP_OK);
    assert_int_equal(head.path.len, 0);
}

struct row {
    const char *text;
    enum http_verdict verdict;
};

/* clang-format off */
static const struct row rows[] = {
    {"GET / HTTP/1.1\r\n\r\n", HTTP_OK },
    { "G@T / HTTP/1.1\r\n\r\n", HTTP_BAD },
    { "\r\nGET / HTTP/1.1\r\n\r\n", HTTP_BAD },
    { "GET /\r\n\r\n", HTTP_BAD },
    { "GET  / HTTP/1.1\r\n\r\n", HTTP_BAD },
    { "GET /a b HTTP/1.1\r\n\r\n", HTTP_BAD },
    { "GET /\t HTTP/1.1\r\n\r\n", HTTP_BAD },
    { "GET * HTTP/1.1\r\n\r\n", HTTP_BAD },
    { "GET / HTTP/2.0\r\n\r\n", HTTP_VERSION},
    { "GET / HTTP/1.x\r\n\r\n", HTTP_BAD },
    { "GET / HTTP/1.10\r\n\r\n", HTTP_BAD },
    { "GET / FTP/1.10\r\n\r\n", HTTP_BAD },
    { "GET / HTTP/1.1\r\nA b: c\r\n\r\n", HTTP_BAD },
    { "GET / HTTP/1.1\r\nAb : c\r\n\r\n", HTTP_BAD },
    { "GET / HTTP/1.1\r\n: c\r\n\r\n", HTTP_BAD },
    { "GET / HTTP/1.1\r\nAbc\r\n\r\n", HTTP_BAD },
    { "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", HTTP_BAD },
    { "GET / HTTP/1.1\r\nA: b\001\r\n\r\n", HTTP_BAD },
    { "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", HTTP_BAD },
    { "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", HTTP_BAD },
    { "\x16\x03\x01\r\n\r\n", HTTP_BAD },
};
/* clang-format on */

static void only_well_formed_heads_pass(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (parsed(rows[i].text) != rows[i].verdict) fail_msg("%s", rows[i].text);
}

static void the_verdict_does_not_depend_on_the_cut(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint32_t len = 0;
        while (http_parse(slice_of(rows[i].text, len), &head) == HTTP_MORE) len++;
        assert_int_equal(http_parse(slice_of(rows[i].text, len), &head), rows[i].verdict);
    }
}

static void a_head_is_bounded_in_bytes_and_in_headers(void **state)
{
    (void)state;
    static char text[HTTP_HEAD_MAX + 16];
    memset(text, 'x', sizeof text);
    memcpy(text, "GET / HTTP/1.1\r\nA: ", 19);
    assert_int_equal(http_parse(slice_of(text, HTTP_HEAD_MAX - 1), &head), HTTP_MORE);
    assert_int_equal(http_parse(slice_of(text, HTTP_HEAD_MAX), &head), HTTP_TOO_LARGE);
    memcpy(text + HTTP_HEAD_MAX - 4, "\r\n\r\n", 4);
    assert_int_equal(http_parse(slice_of(text, HTTP_HEAD_MAX), &head), HTTP_OK);

    uint32_t at = 16;
    for (uint32_t i = 0; i < HTTP_HEADERS_MAX; i++, at += 5) memcpy(text + at, "A:b\r\n", 5);
    memcpy(text + at, "\r\n", 2);
    assert_int_equal(http_parse(slice_of(text, at + 2), &head), HTTP_OK);
    memcpy(text + at, "A:b\r\n\r\n", 7);
    assert_int_equal(http_parse(slice_of(text, at + 7), &head), HTTP_TOO_LARGE);
}

static void tokens_are_found_in_lists_of_any_case(void **state)
{
    (void)state;
    assert_int_equal(
        parsed("GET / HTTP/1.1\r\nConnection: keep-alive , UPGRADE\r\nX: a;b\r\nX: c ; d\r\n\r\n"),
        HTTP_OK);
    assert_true(http_has_token(&head, "connection", "Upgrade", false));
    assert_false(http_has_token(&head, "connection", "grade", false));
    assert_false(http_has_token(&head, "connection", "", false));
    assert_false(http_has_token(&head, "x", "c", false));
    assert_true(http_has_token(&head, "x", "c", true));
    assert_true(http_has_token(&head, "x", "d", true));
    assert_true(http_has_token(&head, "x", "b", true));
}

static void cookies_are_found_by_exact_name(void **state)
{
    (void)state;
    struct slice value;
    assert_int_equal(
        parsed("GET / HTTP/1.1\r\nCookie: a=1; jwt=\"x=y\";b=\r\ncookie: user=u v\r\n\r\n"),
        HTTP_OK);
    assert_true(http_cookie(&head, SLICE_LIT("jwt"), &value));
    assert_true(slice_equal_str(value, "x=y"));
    assert_true(http_cookie(&head, SLICE_LIT("b"), &value));
    assert_int_equal(value.len, 0);
    assert_true(http_cookie(&head, SLICE_LIT("user"), &value));
    assert_true(slice_equal_str(value, "u v"));
    assert_false(http_cookie(&head, SLICE_LIT("JWT"), &value));
    assert_false(http_cookie(&head, SLICE_LIT("c"), &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_cut_into_its_parts),
        cmocka_unit_test(an_absolute_target_names_the_host),
        cmocka_unit_test(only_well_formed_heads_pass),
        cmocka_unit_test(the_verdict_does_not_depend_on_the_cut),
        cmocka_unit_test(a_head_is_bounded_in_bytes_and_in_headers),
        cmocka_unit_test(tokens_are_found_in_lists_of_any_case),
        cmocka_unit_test(cookies_are_found_by_exact_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
