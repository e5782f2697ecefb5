/* SPDX-License-Identifier: Apache-2.0 */
#include "os/machine.h"

#include <sys/resource.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "os/limits.h"

static void a_machine_has_every_part_and_comes_apart_again(void **state)
{
    (void)state;
    struct machine *m = machine_new();
    struct env *env = machine_env(m);
    assert_non_null(env->clock);
    assert_non_null(env->entropy);
    assert_non_null(env->net);
    assert_non_null(env->files);
    assert_non_null(env->log);
    assert_non_null(env->worker);
    assert_non_null(env->http);
    assert_non_null(env->usage);
    assert_null(machine_free(m));
    assert_null(machine_free(NULL));
}

static void descriptors_are_raised_to_what_is_allowed(void **state)
{
    (void)state;
    struct rlimit before, now;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    assert_true(limits_raise_files() == before.rlim_max);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
    assert_true(now.rlim_cur == before.rlim_max);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_has_every_part_and_comes_apart_again),
        cmocka_unit_test(descriptors_are_raised_to_what_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
