/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "monitor/varz.h"

/* And the tables inside. */
static void check_deep(const struct json_table *t)
{
    json_table_check(t);
    for (uint32_t i = 0; i < t->count; i++) {
        assert_true(t->fields[i].help[0] != '\0');
        if (t->fields[i].table != NULL) check_deep(t->fields[i].table);
    }
}

static void the_tables_fit_their_structs_and_every_field_is_explained(void **state)
{
    (void)state;
    check_deep(&varz_table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_fit_their_structs_and_every_field_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
