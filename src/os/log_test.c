/* SPDX-License-Identifier: Apache-2.0 */
#include "os/log.h"

#include <dirent.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "os/files.h"
#include "os/thread.h"

struct world {
    struct log  *log;
    struct files files;
    char         dir[64];
    char         path[96];
    char         text[65536];
};

static int set_up(void **state)
{
    static struct world w;
    w.log = os_log_new();
    os_files_init(&w.files);
    (void)snprintf(w.dir, sizeof w.dir, "/tmp/midge-log-XXXXXX");
    assert_non_null(mkdtemp(w.dir));
    (void)snprintf(w.path, sizeof w.path, "%s/m.log", w.dir);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    w->log = os_log_free(w->log);
    DIR *dir = opendir(w->dir);
    for (struct dirent *d = readdir(dir); d != NULL; d = readdir(dir)) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/%s", w->dir, d->d_name);
        (void)unlink(path);
    }
    (void)closedir(dir);
    assert_int_equal(rmdir(w->dir), 0);
    return 0;
}

static const char *content(struct world *w, const char *path)
{
    struct buf b = { 0 };
    assert_int_equal(w->files.read(&w->files, path, sizeof w->text - 1, &b, NULL), ERR_OK);
    memcpy(w->text, buf_str(&b), b.len + 1);
    buf_deinit(&b);
    return w->text;
}

static void configure(struct world *w, struct os_log_options o)
{
    struct errmsg why = { 0 };
    enum err e = os_log_configure(w->log, &o, &why);
    assert_string_equal(why.text, "");
    assert_int_equal(e, ERR_OK);
}

static void expect_match(const char *text, const char *pattern)
{
    regex_t r;
    assert_int_equal(regcomp(&r, pattern, REG_EXTENDED | REG_NOSUB), 0);
    if (regexec(&r, text, 0, NULL, 0) != 0) fail_msg("'%s' does not match '%s'", text, pattern);
    regfree(&r);
}

static void a_line_tells_process_time_and_level(void **state)
{
    struct world *w = *state;
    configure(w, (struct os_log_options){ .file = w->path });
    log_info(w->log, "Server is ready");
    log_line(w->log, LOG_FATAL, "gone");
    char pattern[256];
    const char *time = "[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}";
    (void)snprintf(pattern, sizeof pattern,
                   "^\\[%ld\\] %s \\[INF\\] Server is ready\n\\[%ld\\] %s \\[FTL\\] gone\n$",
                   (long)getpid(), time, (long)getpid(), time);
    expect_match(content(w, w->path), pattern);
    struct stat s;
    assert_int_equal(stat(w->path, &s), 0);
    assert_int_equal(s.st_mode & 0137, 0);
}

static void without_log_time_the_stamp_is_left_out(void **state)
{
    struct world *w = *state;
    configure(w, (struct os_log_options){ .file = w->path, .no_time = true });
    log_warn(w->log, "%s", "careful");
    expect_match(content(w, w->path), "^\\[[0-9]+\\] \\[WRN\\] careful\n$");
}

static void utc_and_local_time_differ_by_the_zone(void **state)
{
    struct world *w = *state;
    assert_int_equal(setenv("TZ", "XYZ-07:00", 1), 0);
    tzset();
    configure(w, (struct os_log_options){ .file = w->path, .utc = true });
    log_info(w->log, "utc");
    configure(w, (struct os_log_options){ .file = w->path });
    log_info(w->log, "local");
    int utc, local;
    const char *text = content(w, w->path);
    assert_int_equal(sscanf(text, "[%*d] %*d/%*d/%*d %d:", &utc), 1);
    assert_int_equal(sscanf(strchr(text, '\n') + 1, "[%*d] %*d/%*d/%*d %d:", &local), 1);
    int ahead = (local - utc + 24) % 24;
    assert_true(ahead == 7 || ahead == 8);          /* the hour may just have turned */
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
}

static void the_switches_follow_the_options(void **state)
{
    struct world *w = *state;
    configure(w, (struct os_log_options){ .file = w->path, .debug = true, .trace = true });
    assert_true(log_debug_on(w->log));
    assert_true(log_trace_on(w->log));
    configure(w, (struct os_log_options){ .file = w->path });
    assert_false(log_debug_on(w->log));
    assert_false(log_trace_on(w->log));
}

static void a_file_that_was_moved_away_is_opened_anew(void **state)
{
    struct world *w = *state;
    char moved[128];
    (void)snprintf(moved, sizeof moved, "%s.moved", w->path);
    configure(w, (struct os_log_options){ .file = w->path, .no_time = true });
    log_info(w->log, "one");
    assert_int_equal(rename(w->path, moved), 0);
    log_info(w->log, "two");
    assert_int_equal(os_log_reopen(w->log, NULL), ERR_OK);
    log_info(w->log, "three");
    expect_match(content(w, moved), "one\n.*two\n$");
    expect_match(content(w, w->path), "^\\[[0-9]+\\] \\[INF\\] three\n$");
}

static void there_is_nothing_to_open_anew_on_stderr(void **state)
{
    struct world *w = *state;
    assert_int_equal(os_log_reopen(w->log, NULL), ERR_INVALID);
}

static void a_file_that_cannot_be_opened_leaves_the_old_one(void **state)
{
    struct world *w = *state;
    configure(w, (struct os_log_options){ .file = w->path });
    struct os_log_options bad = { .file = "/nonexistent/x" };
    struct errmsg why;
    assert_int_equal(os_log_configure(w->log, &bad, &why), ERR_IO);
    assert_string_equal(why.text,
                        "error opening file: open /nonexistent/x: no such file or directory");
    log_info(w->log, "still here");
    expect_match(content(w, w->path), "still here\n$");
}

static uint32_t count_files(const struct world *w)
{
    uint32_t count = 0;
    DIR *dir = opendir(w->dir);
    for (struct dirent *d = readdir(dir); d != NULL; d = readdir(dir)) count += d->d_name[0] != '.';
    (void)closedir(dir);
    return count;
}

static void a_file_that_grew_too_long_is_moved_aside(void **state)
{
    struct world *w = *state;
    configure(w, (struct os_log_options){ .file = w->path, .size_limit = 500, .no_time = true });
    for (int i = 0; i < 12; i++) log_info(w->log, "%040d", i);
    assert_true(count_files(w) == 2);
    expect_match(content(w, w->path),
                 "^\\[[0-9]+\\] \\[INF\\] Rotated log, backup saved as \"[^\"]*/m[.]log[.]"
                 "[0-9]{4}([.][0-9]{2}){5}[.][0-9]{9}\"\n");
}

static void only_so_many_files_are_kept(void **state)
{
    struct world *w = *state;
    configure(w, (struct os_log_options){
                     .file = w->path, .size_limit = 500, .files_max = 3, .no_time = true });
    for (int i = 0; i < 100; i++) log_info(w->log, "%040d", i);
    assert_int_equal(count_files(w), 3);
    expect_match(content(w, w->path), "Purged log file \"");
}

static void a_file_too_long_at_the_start_is_moved_aside_first(void **state)
{
    struct world *w = *state;
    char big[600];
    memset(big, 'x', sizeof big);
    struct slice bytes = slice_of(big, sizeof big);
    assert_int_equal(w->files.write(&w->files, w->path, bytes, 0600, NULL), ERR_OK);
    configure(w, (struct os_log_options){ .file = w->path, .size_limit = 500, .no_time = true });
    assert_int_equal(count_files(w), 2);
    expect_match(content(w, w->path), "^\\[[0-9]+\\] \\[INF\\] Rotated log");
}

static void write_lines(void *ctx)
{
    struct world *w = ctx;
    for (int i = 0; i < 500; i++) log_info(w->log, "%0100d|", i);
}

static void lines_of_two_threads_stay_whole(void **state)
{
    struct world *w = *state;
    configure(w, (struct os_log_options){ .file = w->path, .size_limit = 40000, .no_time = true });
    struct thread *a = thread_start(NULL, "a", write_lines, w);
    struct thread *b = thread_start(NULL, "b", write_lines, w);
    (void)thread_join(a);
    (void)thread_join(b);
    char *text = w->text;
    (void)content(w, w->path);
    for (char *end = strchr(text, '\n'); end != NULL; text = end + 1, end = strchr(text, '\n')) {
        *end = 0;
        expect_match(text, "^\\[[0-9]+\\] \\[INF\\] ([0-9]{100}[|]|Rotated.*)$");
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_line_tells_process_time_and_level),
        TEST(without_log_time_the_stamp_is_left_out),
        TEST(utc_and_local_time_differ_by_the_zone),
        TEST(the_switches_follow_the_options),
        TEST(a_file_that_was_moved_away_is_opened_anew),
        TEST(there_is_nothing_to_open_anew_on_stderr),
        TEST(a_file_that_cannot_be_opened_leaves_the_old_one),
        TEST(a_file_that_grew_too_long_is_moved_aside),
        TEST(only_so_many_files_are_kept),
        TEST(a_file_too_long_at_the_start_is_moved_aside_first),
        TEST(lines_of_two_threads_stay_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
