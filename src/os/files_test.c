/* SPDX-License-Identifier: Apache-2.0 */
#include "os/files.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct world {
    struct files files;
    char         dir[64];
    char         path[96];
};

static int set_up(void **state)
{
    static struct world w;
    os_files_init(&w.files);
    (void)snprintf(w.dir, sizeof w.dir, "/tmp/midge-files-XXXXXX");
    assert_non_null(mkdtemp(w.dir));
    (void)snprintf(w.path, sizeof w.path, "%s/x", w.dir);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    (void)unlink(w->path);
    assert_int_equal(rmdir(w->dir), 0);     /* so nothing was left beside it */
    return 0;
}

static void what_was_written_is_read_back(void **state)
{
    struct world *w = *state;
    struct buf b = { 0 };
    struct slice text = SLICE_LIT("12345");
    mode_t before = umask(0);
    assert_int_equal(w->files.write(&w->files, w->path, text, 0600, NULL), ERR_OK);
    (void)umask(before);
    assert_int_equal(w->files.read(&w->files, w->path, 5, &b, NULL), ERR_OK);
    assert_true(slice_equal(buf_slice(&b), text));
    buf_deinit(&b);
    struct stat s;
    assert_int_equal(stat(w->path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    w->files.remove(&w->files, w->path);
    w->files.remove(&w->files, w->path);
    assert_int_not_equal(access(w->path, F_OK), 0);
}

static void a_file_that_exists_is_replaced_where_it_is(void **state)
{
    struct world *w = *state;
    struct buf b = { 0 };
    struct stat one, two;
    assert_int_equal(w->files.write(&w->files, w->path, SLICE_LIT("long text"), 0600, NULL),
                     ERR_OK);
    assert_int_equal(stat(w->path, &one), 0);
    assert_int_equal(w->files.write(&w->files, w->path, SLICE_LIT("x"), 0600, NULL), ERR_OK);
    assert_int_equal(stat(w->path, &two), 0);
    assert_true(one.st_ino == two.st_ino);
    assert_int_equal(w->files.read(&w->files, w->path, 100, &b, NULL), ERR_OK);
    assert_true(slice_equal_str(buf_slice(&b), "x"));
    buf_deinit(&b);
}

static void a_longer_file_than_allowed_is_refused(void **state)
{
    struct world *w = *state;
    struct buf b = { 0 };
    struct errmsg why;
    assert_int_equal(w->files.write(&w->files, w->path, SLICE_LIT("12345"), 0600, NULL), ERR_OK);
    assert_int_equal(w->files.read(&w->files, w->path, 4, &b, &why), ERR_LIMIT);
    assert_non_null(strstr(why.text, w->path));
    assert_null(b.ptr);
}

static void errors_are_told_in_the_words_of_go(void **state)
{
    struct world *w = *state;
    struct buf b = { 0 };
    struct errmsg why;
    enum err e = w->files.read(&w->files, "/nonexistent/x", 4, &b, &why);
    assert_int_equal(e, ERR_NOTFOUND);
    assert_string_equal(why.text, "open /nonexistent/x: no such file or directory");
    e = w->files.write(&w->files, "/nonexistent/x", SLICE_LIT("1"), 0600, &why);
    assert_int_equal(e, ERR_NOTFOUND);
    assert_string_equal(why.text, "open /nonexistent/x: no such file or directory");
    e = w->files.read(&w->files, w->dir, 4, &b, &why);
    assert_int_equal(e, ERR_IO);
    assert_non_null(strstr(why.text, "is a directory"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_was_written_is_read_back),
        TEST(a_file_that_exists_is_replaced_where_it_is),
        TEST(a_longer_file_than_allowed_is_refused),
        TEST(errors_are_told_in_the_words_of_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
