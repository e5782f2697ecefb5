/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/counter_sources.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/compiler.h"

static void a_value_takes_the_place_of_the_one_before(void **state)
{
    (void)state;
    static const struct {
        const char *text, *stream, *subject, *value, *previous, *result;
    } rows[] = {
        { "", "A", "a.1", "3", "", "{\"A\":{\"a.1\":\"3\"}}" },
        { "{\"A\":{\"a.1\":\"3\"}}", "A", "a.1", "-7", "3", "{\"A\":{\"a.1\":\"-7\"}}" },
        { "{\"B\":{\"b\":\"1\"},\"A\":{\"z\":\"2\",\"y\":\"3\"}}", "A", "a", "4", "",
          "{\"A\":{\"a\":\"4\",\"y\":\"3\",\"z\":\"2\"},\"B\":{\"b\":\"1\"}}" },
        { "{\"A\":null}", "A", "<", "4", "", "{\"A\":{\"\\u003c\":\"4\"}}" },
        { "{\"A\":{}}", "0", "x", "4", "", "{\"0\":{\"x\":\"4\"},\"A\":{}}" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct buf previous = { 0 }, out = { 0 };
        const struct counter_source source = { slice_str(rows[i].stream),
                                               slice_str(rows[i].subject),
                                               slice_str(rows[i].value) };
        assert_int_equal(counter_sources_set(slice_str(rows[i].text), &source, &previous, &out),
                         ERR_OK);
        assert_true(slice_equal_str(buf_slice(&previous), rows[i].previous));
        assert_string_equal(buf_str(&out), rows[i].result);
        buf_deinit(&previous);
        buf_deinit(&out);
    }
}

static void what_is_no_map_of_maps_of_texts_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "x", "[]", "\"a\"", "{\"A\":1}", "{\"A\":[]}", "{\"A\":{\"a\":1}}", "{\"A\":{\"a\":{}}}",
        "{"
    };
    const struct counter_source source = { SLICE_LIT("A"), SLICE_LIT("a"), SLICE_LIT("1") };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct buf previous = { 0 }, out = { 0 };
        assert_int_equal(counter_sources_set(slice_str(bad[i]), &source, &previous, &out),
                         ERR_INVALID);
        assert_int_equal(counter_sources_copy(slice_str(bad[i]), &out), ERR_INVALID);
        assert_int_equal(out.len, 0);
        buf_deinit(&previous);
        buf_deinit(&out);
    }
}

static void a_copy_is_sorted(void **state)
{
    (void)state;
    struct buf out = { 0 };
    assert_int_equal(counter_sources_copy(SLICE_LIT(" {\"b\" : {\"y\":\"1\"}, \"a\":{}} "), &out),
                     ERR_OK);
    assert_string_equal(buf_str(&out), "{\"a\":{},\"b\":{\"y\":\"1\"}}");
    buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_takes_the_place_of_the_one_before),
        cmocka_unit_test(what_is_no_map_of_maps_of_texts_is_refused),
        cmocka_unit_test(a_copy_is_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
