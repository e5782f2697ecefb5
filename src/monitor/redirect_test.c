/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/redirect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"

/* Target, query, and where it leads; NULL: nowhere else. */
static void what_is_not_clean_leads_to_what_was_meant(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        { "/varz", "a=b", NULL },
        { "/", "", NULL },
        { "/varz/", "", NULL },
        { "/a%2e%2e/b", "", NULL },
        { "//varz", "", "/varz" },
        { "//varz", "a=1&b=2", "/varz?a=1&b=2" },
        { "//evil.example/..", "", "/" },
        { "///evil.example", "", "/evil.example" },
        { "/varz//", "", "/varz/" },
        { "/./varz", "", "/varz" },
        { "/x/../varz", "", "/varz" },
        { "/varz/.", "", "/varz" },
        { "/a%20b/../varz//", "<x>", "/varz/?%3Cx%3E" },
        { "//\xC3\xA9\r\n", "\"'", "/%C3%A9%0D%0A?%22%27" },
        { "", "", "/" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const char *to = redirect_of(rows[i][0], rows[i][1], arena);
        if (rows[i][2] == NULL) assert_null(to);
        else assert_string_equal(to, rows[i][2]);
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_clean_leads_to_what_was_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
