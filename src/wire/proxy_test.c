/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define V2 "\r\n\r\n\0\r\nQUIT\n"
#define V4_ADDRESS "\x01\x02\x03\x04\x05\x06\x07\x08\x00\x6f\x00\xde"
#define V6_START "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0"
#define V6_ADDRESS V6_START "\x01" V6_START "\x02\0\x6f\0\xde"

/* A slice in a static table: gcc takes no compound literal there. */
#define TEXT(text)                                   \
    {                                                \
        (const uint8_t *)("" text), sizeof(text) - 1 \
    }

struct row {
    struct slice text;
    enum proxy_verdict verdict;
    bool known;
};

/* Verdicts as nats-server 2.15.2 gave them. */
/* clang-format off */
static const struct row rows[] = {
    {TEXT("PROXY TCP4 1.2.3.4 5.6.7.8 111 222\r\n"), PROXY_OK, true },
    { TEXT("PROXY TCP6 2001:db8::1 ::1 111 222\r\n"), PROXY_OK, true },
    { TEXT("PROXY TCP6 ::ffff:1.2.3.4 ::1 111 222\r\n"), PROXY_OK, true },
    { TEXT("PROXY TCP4 1.2.3.4  5.6.7.8 0111 222 \r\n"), PROXY_OK, true },
    { TEXT("PROXY UNKNOWN\r\n"), PROXY_OK, false},
    { TEXT("PROXY UNKNOWN a b c\r\n"), PROXY_OK, false},
    { TEXT("PROXY UNKNOWNX\r\n"), PROXY_BAD, false},
    { TEXT("PROXY unknown\r\n"), PROXY_BAD, false},
    { TEXT("PROXY \r\n"), PROXY_BAD, false},
    { TEXT("PROXY TCP4 1.2.3.4 5.6.7.8 111 222\n"), PROXY_BAD, false},
    { TEXT("PROXY TCP4 ::1 5.6.7.8 111 222\r\n"), PROXY_BAD, false},
    { TEXT("PROXY TCP6 1.2.3.4 5.6.7.8 111 222\r\n"), PROXY_BAD, false},
    { TEXT("PROXY TCP4 1.2.3.4 5.6.7.8 65536 222\r\n"), PROXY_BAD, false},
    { TEXT("PROXY TCP4 1.2.3.4 5.6.7.8 111 -2\r\n"), PROXY_BAD, false},
    { TEXT("PROXY TCP4 1.2.3.4 5.6.7.8 111\r\n"), PROXY_BAD, false},
    { TEXT("PROXY TCP4 1.2.3.4 5.6.7.8 111 222 333\r\n"), PROXY_BAD, false},
    { TEXT("PROXY TCP5 1.2.3.4 5.6.7.8 111 222\r\n"), PROXY_BAD, false},
    { TEXT("PROXY TCP4 01.2.3.4 5.6.7.8 111 222\r\n"), PROXY_BAD, false},
    { TEXT("PROXY TCP4 1.2.3.4 junk 111 222\r\n"), PROXY_BAD, false},
    { TEXT("PROXYTCP4 1.2.3.4 5.6.7.8 1 2\r\n"), PROXY_NONE, false},
    { TEXT("PING\r\n"), PROXY_NONE, false},
    { TEXT("\x16\x03\x01"), PROXY_NONE, false},
    { TEXT("\r\n\r\nXX"), PROXY_NONE, false},
    { TEXT("\r\n\r\n\0\rXX"), PROXY_BAD, false},
    { TEXT(V2 "\x21\x11\x00\x0c" V4_ADDRESS), PROXY_OK, true },
    { TEXT(V2 "\x21\x21\x00\x24" V6_ADDRESS), PROXY_OK, true },
    { TEXT(V2 "\x21\x11\x00\x10" V4_ADDRESS "\x04\x00\x01z"), PROXY_OK, true },
    { TEXT(V2 "\x20\x11\x00\x0c" V4_ADDRESS), PROXY_OK, false},
    { TEXT(V2 "\x20\x00\x00\x00"), PROXY_OK, false},
    { TEXT(V2 "\x21\x01\x00\x00"), PROXY_OK, false},
    { TEXT(V2 "\x21\x00\x00\x00"), PROXY_BAD, false},
    { TEXT(V2 "\x21\x12\x00\x0c" V4_ADDRESS), PROXY_BAD, false},
    { TEXT(V2 "\x21\x31\x00\x0c" V4_ADDRESS), PROXY_BAD, false},
    { TEXT(V2 "\x21\x11\x00\x08" "\1\2\3\4\5\6\7\x08"), PROXY_BAD, false},
    { TEXT(V2 "\x21\x21\x00\x0c" V4_ADDRESS), PROXY_BAD, false},
    { TEXT(V2 "\x11\x11\x00\x0c" V4_ADDRESS), PROXY_BAD, false},
    { TEXT(V2 "\x22\x11\x00\x0c" V4_ADDRESS), PROXY_BAD, false},
    { TEXT(V2 "\x21\x11\x10\x00"), PROXY_BAD, false},
};
/* clang-format on */

static void each_header_gets_the_verdict_of_nats_server(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct proxy_head head;
        enum proxy_verdict verdict = proxy_parse(rows[i].text, &head);
        if (verdict != rows[i].verdict || head.known != rows[i].known)
            fail_msg("row %u: verdict %d known %d", i, verdict, head.known);
        assert_int_equal(verdict == PROXY_BAD, head.why != NULL);
        if (verdict == PROXY_OK) assert_int_equal(head.consumed, rows[i].text.len);
    }
}

/* What comes first when the bytes arrive one at a time is what comes of them at once. */
static void the_verdict_does_not_depend_on_the_cut(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct proxy_head head;
        uint32_t len = 0;
        while (proxy_parse(slice_first(rows[i].text, len), &head) == PROXY_MORE) len++;
        if (proxy_parse(slice_first(rows[i].text, len), &head) != rows[i].verdict)
            fail_msg("row %u", i);
    }
}

static void the_address_is_the_clients(void **state)
{
    (void)state;
    struct proxy_head head;
    assert_int_equal(
        proxy_parse(SLICE_LIT("PROXY TCP4 1.2.3.4 5.6.7.8 111 222\r\nPING\r\n"), &head), PROXY_OK);
    assert_memory_equal(head.ip, "\1\2\3\4", 4);
    assert_int_equal(head.port, 111);
    assert_false(head.v6);
    assert_int_equal(head.consumed, 36);
    assert_int_equal(proxy_parse(SLICE_LIT(V2 "\x21\x21\x00\x24" V6_ADDRESS "PING"), &head),
                     PROXY_OK);
    assert_memory_equal(head.ip, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
    assert_int_equal(head.port, 111);
    assert_true(head.v6);
    assert_int_equal(head.consumed, 52);
}

static void a_line_is_bounded(void **state)
{
    (void)state;
    char line[PROXY_V1_MAX + 3];
    struct proxy_head head;
    memset(line, ' ', sizeof line);
    memcpy(line, "PROXY UNKNOWN", 13);
    assert_int_equal(proxy_parse(slice_of(line, PROXY_V1_MAX - 1), &head), PROXY_MORE);
    assert_int_equal(proxy_parse(slice_of(line, PROXY_V1_MAX), &head), PROXY_BAD);
    memcpy(line + PROXY_V1_MAX - 2, "\r\n", 2);
    assert_int_equal(proxy_parse(slice_of(line, PROXY_V1_MAX), &head), PROXY_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_header_gets_the_verdict_of_nats_server),
        cmocka_unit_test(the_verdict_does_not_depend_on_the_cut),
        cmocka_unit_test(the_address_is_the_clients),
        cmocka_unit_test(a_line_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
