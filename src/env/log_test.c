/* SPDX-License-Identifier: Apache-2.0 */
#include "env/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { LONGEST = 4000 };

struct kept {
    struct log     base; /* first, so that it is found from the log */
    uint32_t       lines;
    enum log_level level;
    uint32_t       len;
    char           text[LONGEST];
};

static void keep(struct log *log, enum log_level level, struct slice text)
{
    struct kept *k = (struct kept *)log;
    assert_true(text.len < sizeof k->text);
    memcpy(k->text, text.ptr, text.len);
    k->text[text.len] = '\0';
    k->len = text.len;
    k->level = level;
    k->lines++;
}

static void a_line_is_written_once_at_its_level(void **state)
{
    (void)state;
    struct kept k = { .base = { .write = keep } };
    log_warn(&k.base, "%s has %d", "a", 5);
    assert_int_equal(k.lines, 1);
    assert_int_equal(k.level, LOG_WARN);
    assert_string_equal(k.text, "a has 5");
}

/* 1023 bytes fit beside their NUL into what stands on the stack; from 1024 on the heap helps. */
static void a_line_of_any_length_is_written_whole(void **state)
{
    (void)state;
    char text[LONGEST];
    struct kept k = { .base = { .write = keep } };
    memset(text, 'x', sizeof text);
    static const uint32_t lengths[] = { 0, 1, 1022, 1023, 1024, 1025, LONGEST - 1 };
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        log_error(&k.base, "%.*s", (int)lengths[i], text);
        assert_int_equal(k.len, lengths[i]);
        assert_memory_equal(k.text, text, lengths[i]);
    }
}

static void debug_lines_are_written_only_when_wanted(void **state)
{
    (void)state;
    struct kept k = { .base = { .write = keep } };
    log_debug(&k.base, "unheard");
    assert_int_equal(k.lines, 0);
    atomic_store(&k.base.debug, true);
    log_debug(&k.base, "heard");
    assert_int_equal(k.lines, 1);
    assert_int_equal(k.level, LOG_DEBUG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_written_once_at_its_level),
        cmocka_unit_test(a_line_of_any_length_is_written_whole),
        cmocka_unit_test(debug_lines_are_written_only_when_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
