/* SPDX-License-Identifier: Apache-2.0 */
#include "os/errno_text.h"

#include <errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void the_words_are_those_of_go(void **state)
{
    (void)state;
    static const struct {
        int         number;
        const char *text;
    } rows[] = {
        { ENOENT, "no such file or directory" },
        { EACCES, "permission denied" },
        { EADDRINUSE, "address already in use" },
        { EADDRNOTAVAIL, "cannot assign requested address" },
        { ECONNREFUSED, "connection refused" },
        { EMFILE, "too many open files" },
        { EISDIR, "is a directory" },
        { ESRCH, "no such process" },
        { EIO, "input/output error" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[ERRNO_TEXT];
        assert_string_equal(errno_text(rows[i].number, text), rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_words_are_those_of_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
