/* SPDX-License-Identifier: Apache-2.0 */
#include "os/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void a_machine_has_every_part_and_comes_apart_again(void **state)
{
    (void)state;
    struct machine *m = machine_new();
    struct env *env = machine_env(m);
    assert_non_null(env->clock);
    assert_non_null(env->entropy);
    assert_non_null(env->net);
    assert_non_null(env->files);
    assert_non_null(env->disks);
    assert_non_null(env->log);
    assert_non_null(env->worker);
    assert_non_null(env->http);
    assert_non_null(env->usage);
    assert_ptr_equal(env->threads, roster_threads(machine_roster(m)));
    assert_null(machine_free(m));
    assert_null(machine_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_has_every_part_and_comes_apart_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
