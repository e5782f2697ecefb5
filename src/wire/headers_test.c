/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/headers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/compiler.h"

static void expect(struct buf *b, const char *text)
{
    assert_string_equal(buf_str(b), text);
    buf_deinit(b);
}

static const struct {
    const char *block;
    const char *name;
    const char *value; /* NULL: absent */
} lookups[] = {
    { "NATS/1.0\r\nA: b\r\n\r\n", "A", "b" },
    { "NATS/1.0\r\nA:b\r\n\r\n", "A", "b" },
    { "NATS/1.0\r\nA:   b c \r\n\r\n", "A", "b c " },
    { "NATS/1.0\r\nA:\r\n\r\n", "A", "" },
    { "NATS/1.0\r\nA: x: y\r\n\r\n", "A", "x: y" },
    { "NATS/1.0\r\nA: first\r\nA: second\r\n\r\n", "A", "first" },
    { "NATS/1.0 503 Oh\r\nA: b\r\n\r\n", "A", "b" },
    { "NATS/1.0\r\nXA: 1\r\nAX: 2\r\nA: 3\r\n\r\n", "A", "3" },
    { "NATS/1.0\r\nX: A: 1\r\n\r\n", "A", NULL },
    { "NATS/1.0\r\na: b\r\n\r\n", "A", NULL },
    { "NATS/1.0\r\nX: 1\nA: 2\r\n\r\n", "A", NULL },
    { "NATS/1.0\r\nX: 1\rA: 2\r\n\r\n", "A", NULL },
    { "NATS/1.0\r\nA : b\r\n\r\n", "A", NULL },
    { "NATS/1.0\r\nA\r\n\r\n", "A", NULL },
    { "NATS/1.0\r\nA: a\nb\r\n\r\n", "A", "a\nb" },
    { "NATS/1.0\r\nA: cut", "A", "cut" },
    { "NATS/1.0\r\n\r\nA: behind\r\n", "A", "behind" },
    { "A: first line\r\n\r\n", "A", NULL },
    { "NATS/1.0", "A", NULL },
    { "", "A", NULL },
};

static void a_value_is_found_as_nats_server_finds_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(lookups); i++) {
        struct slice value;
        bool found = headers_find(slice_str(lookups[i].block), slice_str(lookups[i].name), &value);
        if (found != (lookups[i].value != NULL)) fail_msg("%s", lookups[i].block);
        if (found && !slice_equal_str(value, lookups[i].value)) fail_msg("%s", lookups[i].block);
    }
}

static void one_pass_finds_several(void **state)
{
    (void)state;
    const struct slice names[] = { SLICE_LIT("Nats-Msg-Id"), SLICE_LIT("Nats-TTL"),
                                   SLICE_LIT("Nats-Rollup"), SLICE_LIT("Empty") };
    struct slice values[ARRAY_COUNT(names)];
    struct slice block = SLICE_LIT(
        "NATS/1.0\r\nNats-TTL: 5s\r\nX: y\r\nEmpty:\r\nNats-Msg-Id: 7\r\n"
        "Nats-TTL: 6s\r\n\r\n");
    assert_int_equal(headers_scan(block, names, ARRAY_COUNT(names), values), 3);
    assert_true(slice_equal_str(values[0], "7"));
    assert_true(slice_equal_str(values[1], "5s"));
    assert_null(values[2].ptr);
    assert_non_null(values[3].ptr);
    assert_int_equal(values[3].len, 0);
    assert_int_equal(headers_scan((struct slice){ 0 }, names, 1, values), 0);
    assert_null(values[0].ptr);
}

static void lines_are_given_in_order(void **state)
{
    (void)state;
    struct slice block = SLICE_LIT(
        "NATS/1.0 100\r\nA: 1\r\nno header\r\n: nameless\r\nB:2\r\n\r\n");
    struct buf told = { 0 };
    struct header h;
    for (uint32_t at = 0; headers_next(block, &at, &h);)
        buf_printf(&told, "[%.*s=%.*s]", SLICE_ARGS(h.name), SLICE_ARGS(h.value));
    expect(&told, "[A=1][=nameless][B=2]");
}

static const struct slice names[] = { { (const uint8_t *)"Nats-Msg-Id", 11 },
                                      { (const uint8_t *)"Nats-TTL", 8 } };
static const struct slice prefixes[] = { { (const uint8_t *)"Nats-Expected-", 14 } };
static const struct header added[] = {
    { { (const uint8_t *)"Nats-TTL", 8 }, { (const uint8_t *)"60", 2 } },
    { { (const uint8_t *)"Odd", 3 }, { (const uint8_t *)"x\r\nEvil: y", 10 } },
};

static void names_and_prefixes_are_removed(void **state)
{
    (void)state;
    const struct headers_change c = {
        .remove = names, .remove_count = 2, .prefixes = prefixes, .prefixes_count = 1
    };
    struct buf b = { 0 };
    headers_change(
        SLICE_LIT("NATS/1.0\r\nNats-TTL: 1\r\nA: b\r\nNats-Expected-Stream: S\r\nNats-TTL:2"
                  "\r\nNats-TTLs: 3\r\nNats-Expected-Last-Sequence: 1\r\n\r\n"),
        &c, &b);
    expect(&b, "NATS/1.0\r\nA: b\r\nNats-TTLs: 3\r\n\r\n");
    headers_change(SLICE_LIT("NATS/1.0\r\nNats-TTL: 1\r\n\r\n"), &c, &b);
    expect(&b, "");
    headers_change(SLICE_LIT("NATS/1.0\r\n\r\n"), &c, &b); /* not changed, so it stays */
    expect(&b, "NATS/1.0\r\n\r\n");
    headers_change(SLICE_LIT(""), &c, &b);
    expect(&b, "");
}

static void headers_are_added_at_the_end_and_stay_one_each(void **state)
{
    (void)state;
    const struct headers_change c = {
        .remove = names, .remove_count = 2, .add = added, .add_count = 2
    };
    struct buf b = { 0 };
    headers_change(SLICE_LIT("NATS/1.0\r\nNats-TTL: 1\r\nA: b\r\n\r\n"), &c, &b);
    expect(&b, "NATS/1.0\r\nA: b\r\nNats-TTL: 60\r\nOdd: x  Evil: y\r\n\r\n");
    headers_change((struct slice){ 0 }, &c, &b);
    expect(&b, "NATS/1.0\r\nNats-TTL: 60\r\nOdd: x  Evil: y\r\n\r\n");
    headers_change(SLICE_LIT("NATS/1.0\r\nA: cut"), &c, &b);
    expect(&b, "NATS/1.0\r\nA: cut\r\nNats-TTL: 60\r\nOdd: x  Evil: y\r\n\r\n");
    headers_change(SLICE_LIT("NATS/1.0"), &c, &b);
    expect(&b, "NATS/1.0\r\nNats-TTL: 60\r\nOdd: x  Evil: y\r\n\r\n");
}

static void a_status_is_stripped(void **state)
{
    (void)state;
    const struct headers_change c = { .strip_status = true };
    struct buf b = { 0 };
    headers_change(SLICE_LIT("NATS/1.0 503 No Responders\r\nA: b\r\n\r\n"), &c, &b);
    expect(&b, "NATS/1.0\r\nA: b\r\n\r\n");
    headers_change(SLICE_LIT("NATS/1.0 503\r\n\r\n"), &c, &b);
    expect(&b, "");
    headers_change(SLICE_LIT("NATS/1.0\r\nA: b\r\n\r\n"), &c, &b);
    expect(&b, "NATS/1.0\r\nA: b\r\n\r\n");
    headers_change(SLICE_LIT("NATS/2.0 503\r\n\r\n"), &c, &b);
    expect(&b, "NATS/2.0 503\r\n\r\n");
}

static void a_value_is_replaced_where_it_stands(void **state)
{
    (void)state;
    const struct header h = { SLICE_LIT("A"), SLICE_LIT("new") };
    struct buf b = { 0 };
    headers_set(SLICE_LIT("NATS/1.0\r\nX: 1\r\nA: b\r\nA: c\r\n\r\n"), &h, &b);
    expect(&b, "NATS/1.0\r\nX: 1\r\nA: new\r\nA: c\r\n\r\n");
    headers_set(SLICE_LIT("NATS/1.0\r\nA:\r\n\r\n"), &h, &b);
    expect(&b, "NATS/1.0\r\nA:new\r\n\r\n");
    headers_set(SLICE_LIT("NATS/1.0\r\nX: 1\r\n\r\n"), &h, &b);
    expect(&b, "NATS/1.0\r\nX: 1\r\nA: new\r\n\r\n");
    headers_set((struct slice){ 0 }, &h, &b);
    expect(&b, "NATS/1.0\r\nA: new\r\n\r\n");
}

static void a_status_block_is_made(void **state)
{
    (void)state;
    struct buf b = { 0 };
    headers_status_add(&(struct headers_status){ .code = 404, .text = "Message Not Found" }, &b);
    expect(&b, "NATS/1.0 404 Message Not Found\r\n\r\n");
    headers_status_add(
        &(struct headers_status){ .code = 204, .text = "EOB", .extra = added, .extra_count = 1 },
        &b);
    expect(&b, "NATS/1.0 204 EOB\r\nNats-TTL: 60\r\n\r\n");
    headers_status_add(&(struct headers_status){ .code = 503, .text = "" }, &b);
    expect(&b, "NATS/1.0 503\r\n\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_found_as_nats_server_finds_it),
        cmocka_unit_test(one_pass_finds_several),
        cmocka_unit_test(lines_are_given_in_order),
        cmocka_unit_test(names_and_prefixes_are_removed),
        cmocka_unit_test(headers_are_added_at_the_end_and_stay_one_each),
        cmocka_unit_test(a_status_is_stripped),
        cmocka_unit_test(a_value_is_replaced_where_it_stands),
        cmocka_unit_test(a_status_block_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
