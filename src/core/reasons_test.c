/* SPDX-License-Identifier: Apache-2.0 */
#include "core/reasons.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"

static const enum close_reason all[] = {
#define X(name, text, err, status) CLOSE_##name,
    CLOSE_REASONS(X)
#undef X
};

static void every_reason_has_a_text_but_none_at_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(all); i++)
        assert_int_equal(strlen(close_reason_text(all[i])) > 0, all[i] != CLOSE_NONE);
}

static void what_clients_are_told_fits_into_quotes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(all); i++)
        assert_null(strpbrk(close_reason_err(all[i]), "'\r\n"));
    assert_string_equal(close_reason_err(CLOSE_STALE), "Stale Connection");
    assert_string_equal(close_reason_err(CLOSE_SLOW_PENDING), "");
}

static void statuses_are_those_that_a_close_frame_may_bear(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
        uint32_t status = close_reason_status(all[i]);
        assert_true(status >= 1000 && status <= 1015);
    }
    assert_int_equal(close_reason_status(CLOSE_MAX_PAYLOAD), 1009);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_a_text_but_none_at_all),
        cmocka_unit_test(what_clients_are_told_fits_into_quotes),
        cmocka_unit_test(statuses_are_those_that_a_close_frame_may_bear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
