/* SPDX-License-Identifier: Apache-2.0 */
#include "os/log_file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void what_is_no_backup_is_left_alone(void **state)
{
    (void)state;
    char dir[] = "/tmp/midge-log-file-XXXXXX";
    char path[64], other[128];
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/x.log", dir);
    (void)snprintf(other, sizeof other, "%s.2020.01.01.keep", path);
    FILE *f = fopen(other, "w");
    assert_non_null(f);
    (void)fclose(f);
    struct log_file *log = NULL;
    assert_int_equal(log_file_open(path, 4, 1, &log, NULL), ERR_OK);
    assert_false(log_file_is_full(log));
    log_file_write(log, SLICE_LIT("12345"));
    assert_true(log_file_is_full(log));
    struct log_rotation done;
    assert_true(log_file_rotate(log, &done));
    assert_false(log_file_is_full(log));
    assert_int_equal(done.purged_count, 1);         /* with 1 file, no backup stays */
    assert_string_equal(done.purged[0], done.backup);
    assert_int_not_equal(access(done.backup, F_OK), 0);
    assert_int_equal(access(other, F_OK), 0);
    free(done.purged[0]);
    free(done.purged);
    assert_null(log_file_free(log));
    (void)unlink(other);
    (void)unlink(path);
    assert_int_equal(rmdir(dir), 0);
}

static void a_rotation_that_fails_is_tried_again_later(void **state)
{
    (void)state;
    char dir[] = "/tmp/midge-log-file-XXXXXX";
    char path[64];
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/x.log", dir);
    struct log_file *log = NULL;
    assert_int_equal(log_file_open(path, 4, 0, &log, NULL), ERR_OK);
    log_file_write(log, SLICE_LIT("12345"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
    struct log_rotation done;
    assert_false(log_file_rotate(log, &done));
    assert_false(log_file_is_full(log));
    log_file_write(log, SLICE_LIT("12345"));
    assert_true(log_file_is_full(log));
    assert_null(log_file_free(log));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_backup_is_left_alone),
        cmocka_unit_test(a_rotation_that_fails_is_tried_again_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
