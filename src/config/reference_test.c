/* SPDX-License-Identifier: Apache-2.0 */
#include "config/reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char path[] = "docs/options.md";

static void the_page_of_options_is_what_the_tables_say(void **state)
{
    (void)state;
    struct buf page = { 0 }, file = { 0 };
    reference_markdown(&page);
    if (getenv("UPDATE") != NULL) {
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(page.ptr, 1, page.len, f), page.len);
        assert_int_equal(fclose(f), 0);
    }
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char part[4096];
    size_t len;
    while ((len = fread(part, 1, sizeof(part), f)) > 0) buf_add(&file, slice_of(part, len));
    (void)fclose(f);
    assert_string_equal(buf_str(&page), buf_str(&file));
    buf_deinit(&page);
    buf_deinit(&file);
}

static void every_row_has_a_sentence(void **state)
{
    (void)state;
    struct buf page = { 0 };
    reference_markdown(&page);
    assert_null(strstr(buf_str(&page), "(null)"));
    assert_null(strstr(buf_str(&page), "|  | |"));
    assert_non_null(strstr(buf_str(&page), "| `max_payload` |"));
    assert_non_null(strstr(buf_str(&page), "## midge { }"));
    buf_deinit(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_of_options_is_what_the_tables_say),
        cmocka_unit_test(every_row_has_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
