/* SPDX-License-Identifier: Apache-2.0 */
#include "config/parser.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "config/digest.h"
#include "config/lexer.h"
#include "config/parser_test_cases.h"

/* A world of a few files and variables. */
struct world {
    struct {
        const char *name;
        const char *text;
    } files[4], vars[4];
};

static bool world_read(void *ctx, const char *path, struct buf *ret_text, struct errmsg *why)
{
    const struct world *w = ctx;
    for (size_t i = 0; i < ARRAY_COUNT(w->files) && w->files[i].name != NULL; i++) {
        if (strcmp(w->files[i].name, path) != 0) continue;
        buf_add_str(ret_text, w->files[i].text);
        return true;
    }
    (void)errmsg_set(why, ERR_IO, "open %s: no such file or directory", path);
    return false;
}

static const char *world_getenv(void *ctx, const char *name)
{
    const struct world *w = ctx;
    for (size_t i = 0; i < ARRAY_COUNT(w->vars) && w->vars[i].name != NULL; i++)
        if (strcmp(w->vars[i].name, name) == 0) return w->vars[i].text;
    return NULL;
}

/* The values of a.conf as JSON, or the reason. Caller frees. */
static char *world_parse(struct world *w)
{
    const struct config_source source = { w, world_read, world_getenv };
    AUTO_FREE(arena) arena = arena_new();
    struct value *root = NULL;
    struct errmsg why;
    if (parser_file(&source, "a.conf", arena, &root, &why)) return slice_dup(slice_str(why.text));
    struct buf json = { 0 };
    digest_json(root, &json);
    json.len--;
    return buf_take_str(&json);
}

static void expect(struct world w, const char *result)
{
    char *got = world_parse(&w);
    if (strcmp(got, result) != 0) print_error("text: %s\n", w.files[0].text);
    assert_string_equal(got, result);
    free(got);
}

static void texts_mean_what_nats_server_makes_of_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(parser_test_cases); i++)
        expect((struct world){ .files = { { "a.conf", parser_test_cases[i].text } } },
               parser_test_cases[i].result);
}

static void variables_of_the_environment_are_configuration(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        const char *result;
    } cases[] = {
        { "4333", "{\"x\":4333}" },
        { "3xyz", "{\"x\":\"3xyz\"}" },
        { "'4333'", "{\"x\":\"4333\"}" },
        { "[a, {b: 1}]", "{\"x\":[\"a\",{\"b\":1}]}" },
        { "1\ny: 2", "{\"x\":1}" },
        { "$Q", "{\"x\":true}" },
        { "a b",
          "variable reference for 'P' on line 1 could not be parsed: "
          "Parse error on line 1: 'Expected "
          "a top-level value to end with a new line, comment or EOF, but got 'b' instead.'" },
        { "$P", "variable reference for 'P' on line 1 could not be parsed: "
                "variable reference cycle for 'P'" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        expect((struct world){ .files = { { "a.conf", "x: $P" } },
                               .vars = { { "P", cases[i].value }, { "Q", "yes" } } },
               cases[i].result);
}

static void included_files_are_merged_where_they_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *result;
    } cases[] = {
        { "include d/b.conf", "{\"p\":1}" },
        { "m { include 'd/b.conf' }", "{\"m\":{\"p\":1}}" },
        { "include /d/b.conf; q: $p", "{\"p\":1,\"q\":1}" },
        { "p: 2\nINCLUDE d/b.conf", "{\"p\":1}" },
        { "include d/b.conf\np: 2", "{\"p\":2}" },
        { "include d/../d/./b.conf # c", "{\"p\":1}" },
        { "include: d/b.conf", "{\"include\":\"d/b.conf\"}" },
        { "include c.conf",
          "error parsing include file 'c.conf', open c.conf: no such file or directory" },
        { "include bad.conf", "error parsing include file 'bad.conf', "
                              "Parse error on line 2: 'Expected value but found new line'" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        expect((struct world){ .files = { { "a.conf", cases[i].text },
                                          { "d/b.conf", "include e.conf" },
                                          { "d/e.conf", "p: 1" },
                                          { "bad.conf", "x: \n" } } },
               cases[i].result);
}

static void files_that_include_each_other_are_refused(void **state)
{
    (void)state;
    struct world w = { .files = { { "a.conf", "include b.conf" },
                                  { "b.conf", "include a.conf" } } };
    char *got = world_parse(&w);
    assert_non_null(strstr(got, "too many files include each other"));
    free(got);
    w.files[1].text = "include a.conf\ninclude a.conf\ninclude a.conf";
    got = world_parse(&w);
    assert_non_null(strstr(got, "too many files include each other"));
    free(got);
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    struct buf text = { 0 };
    buf_add_str(&text, "x: ");
    for (int i = 0; i < 5000; i++) buf_add_byte(&text, '[');
    struct world w = { .files = { { "a.conf", buf_str(&text) } } };
    expect(w, "Parse error on line 1: 'Maps and arrays are nested deeper than 200 levels.'");
    text.len = 0;
    for (int i = 0; i < 5000; i++) buf_add_byte(&text, '{');
    w.files[0].text = buf_str(&text);
    expect(w, "Parse error on line 1: 'Maps and arrays are nested deeper than 200 levels.'");
    buf_deinit(&text);
}

static void variables_cannot_unfold_without_bound(void **state)
{
    (void)state;
    struct buf text = { 0 };
    buf_add_str(&text, "a0: [1 ]\n");
    for (int i = 1; i < 40; i++) buf_printf(&text, "a%d: [$a%d, $a%d]\n", i, i - 1, i - 1);
    expect((struct world){ .files = { { "a.conf", buf_str(&text) } } },
           "configuration unfolds to more than 4194304 values");
    buf_deinit(&text);
}

static void large_maps_keep_the_last_value_of_each_key(void **state)
{
    (void)state;
    struct buf text = { 0 };
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 500; i++) buf_printf(&text, "k%d: %d\n", i, i + round);
    struct world w = { .files = { { "a.conf", buf_str(&text) } } };
    const struct config_source source = { &w, world_read, world_getenv };
    AUTO_FREE(arena) arena = arena_new();
    struct value *root = NULL;
    struct errmsg why;
    assert_int_equal(parser_file(&source, "a.conf", arena, &root, &why), ERR_OK);
    assert_int_equal(root->map.count, 500);
    assert_int_equal(value_map_find(root, SLICE_LIT("k499"))->integer, 500);
    assert_null(value_map_find(root, SLICE_LIT("k500")));
    buf_deinit(&text);
}

static void positions_are_those_of_keys_and_variables_are_marked(void **state)
{
    (void)state;
    struct world w = { .files = { { "a.conf", "v: 1\n  x: $v\nm {\n \"y\": 2 }" } } };
    const struct config_source source = { &w, world_read, world_getenv };
    AUTO_FREE(arena) arena = arena_new();
    struct value *root = NULL;
    struct errmsg why;
    assert_int_equal(parser_file(&source, "a.conf", arena, &root, &why), ERR_OK);
    struct value *v = value_map_find(root, SLICE_LIT("v"));
    assert_true(v->is_used);
    assert_int_equal(v->pos.column, 0);
    struct value *x = value_map_find(root, SLICE_LIT("x"));
    assert_false(x->is_used);
    assert_int_equal(x->pos.line, 2);
    assert_int_equal(x->pos.column, 3);
    struct value *y = value_map_find(value_map_find(root, SLICE_LIT("m")), SLICE_LIT("y"));
    assert_int_equal(y->pos.line, 4);
    assert_string_equal(y->pos.file, "a.conf");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_mean_what_nats_server_makes_of_them),
        cmocka_unit_test(variables_of_the_environment_are_configuration),
        cmocka_unit_test(included_files_are_merged_where_they_are_named),
        cmocka_unit_test(files_that_include_each_other_are_refused),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(variables_cannot_unfold_without_bound),
        cmocka_unit_test(large_maps_keep_the_last_value_of_each_key),
        cmocka_unit_test(positions_are_those_of_keys_and_variables_are_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
