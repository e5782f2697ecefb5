/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const enum err all[] = {
#define X(name, text) ERR_##name,
    ERR_LIST(X)
#undef X
};

static void success_is_zero_so_that_an_error_reads_as_true(void **state)
{
    (void)state;
    assert_int_equal(ERR_OK, 0);
    assert_string_equal(err_text(ERR_OK), "ok");
}

static void every_error_has_a_text_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
        assert_true(strlen(err_text(all[i])) > 0);
        for (size_t k = 0; k < i; k++) assert_string_not_equal(err_text(all[i]), err_text(all[k]));
    }
}

static void a_message_is_set_and_its_error_comes_back(void **state)
{
    (void)state;
    struct errmsg why;
    enum err e = errmsg_set(&why, ERR_NOTFOUND, "no file %s at line %d", "a.conf", 3);
    assert_int_equal(e, ERR_NOTFOUND);
    assert_string_equal(why.text, "no file a.conf at line 3");
    assert_int_equal(errmsg_set(NULL, ERR_IO, "nobody listens"), ERR_IO);
}

static void a_message_that_is_too_long_is_cut_and_not_overrun(void **state)
{
    (void)state;
    struct {
        struct errmsg why;
        char guard[8];
    } both;
    memset(&both, '#', sizeof both);
    assert_int_equal(errmsg_set(&both.why, ERR_INVALID, "%2000d", 7), ERR_INVALID);
    assert_int_equal(strlen(both.why.text), ERRMSG_SIZE - 1);
    assert_memory_equal(both.guard, "########", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(success_is_zero_so_that_an_error_reads_as_true),
        cmocka_unit_test(every_error_has_a_text_of_its_own),
        cmocka_unit_test(a_message_is_set_and_its_error_comes_back),
        cmocka_unit_test(a_message_that_is_too_long_is_cut_and_not_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
