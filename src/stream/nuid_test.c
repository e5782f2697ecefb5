/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/nuid.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void names_have_22_letters_or_digits_and_none_comes_twice(void **state)
{
    (void)state;
    enum { MANY = 2000 };
    static char names[MANY][NUID_LEN + 1];
    struct rng rng;
    struct nuid n;
    rng_init(&rng, 1);
    nuid_init(&n, &rng);
    for (uint32_t i = 0; i < MANY; i++) {
        nuid_next(&n, names[i]);
        assert_int_equal(strlen(names[i]), NUID_LEN);
        for (uint32_t k = 0; k < NUID_LEN; k++) assert_true(isalnum((unsigned char)names[i][k]));
        if (i > 0) assert_true(strcmp(names[i - 1], names[i]) < 0);
    }
}

static void a_full_count_begins_with_another_prefix(void **state)
{
    (void)state;
    char before[NUID_LEN + 1], after[NUID_LEN + 1];
    struct rng rng;
    struct nuid n;
    rng_init(&rng, 2);
    nuid_init(&n, &rng);
    nuid_next(&n, before);
    n.count = UINT64_MAX / 2;
    nuid_next(&n, after);
    assert_true(memcmp(before, after, NUID_PREFIX) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_22_letters_or_digits_and_none_comes_twice),
        cmocka_unit_test(a_full_count_begins_with_another_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
