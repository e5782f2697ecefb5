/* SPDX-License-Identifier: Apache-2.0 */
#include "config/lexer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct expected {
    enum item_kind kind;
    const char    *text;
    uint32_t       line;
    uint32_t       column;
};

static void expect(const char *text, const struct expected *items, size_t count)
{
    AUTO_FREE(arena) arena = arena_new();
    struct lexer l;
    lexer_init(&l, slice_str(text), arena);
    for (size_t i = 0; i < count; i++) {
        struct item item = lexer_next(&l);
        assert_int_equal(item.kind, items[i].kind);
        assert_true(slice_equal_str(item.text, items[i].text));
        assert_int_equal(item.line, items[i].line);
        assert_int_equal(item.column, items[i].column);
    }
}

static void items_come_with_their_places(void **state)
{
    (void)state;
    static const struct expected items[] = {
        { ITEM_KEY, "a", 1, 0 },          { ITEM_INTEGER, "1k", 1, 3 }, { ITEM_KEY, "m", 2, 1 },
        { ITEM_MAP_START, "", 2, 4 },     { ITEM_KEY, "x", 3, 3 },      { ITEM_TEXT, "y\tz", 3, 7 },
        { ITEM_MAP_END, "", 4, 2 },   { ITEM_KEY, "v", 5, 1 },      { ITEM_VARIABLE, "a", 5, 3 },
        { ITEM_EOF, "", 5, 5 },           { ITEM_EOF, "", 5, 5 },
    };
    expect("a: 1k\nm {\n  x: \"y\\tz\"\n}\nv $a", items, ARRAY_COUNT(items));
}

static void nothing_follows_an_error_but_the_end(void **state)
{
    (void)state;
    static const struct expected items[] = {
        { ITEM_KEY, "a", 1, 0 },
        { ITEM_ERROR, "Floats must start with a digit", 1, 3 },
        { ITEM_EOF, "", 1, 4 },
        { ITEM_EOF, "", 1, 4 },
    };
    expect("a: .5", items, ARRAY_COUNT(items));
}

static void every_prefix_of_a_text_comes_to_an_end(void **state)
{
    (void)state;
    static const char text[] =
        "{ a: [1.5, -2kb, 'x' \"\\x41\" {b: 2016-05-04T18:53:41Z}] # c\n include 'f'; d (\nx\n)\n}";
    for (size_t len = 0; len <= sizeof(text) - 1; len++) {
        AUTO_FREE(arena) arena = arena_new();
        struct lexer l;
        lexer_init(&l, slice_of(text, len), arena);
        uint32_t count = 0;
        for (struct item item = lexer_next(&l); item.kind != ITEM_EOF && item.kind != ITEM_ERROR;
             count++)
            item = lexer_next(&l);
        assert_true(count < 40);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_with_their_places),
        cmocka_unit_test(nothing_follows_an_error_but_the_end),
        cmocka_unit_test(every_prefix_of_a_text_comes_to_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
