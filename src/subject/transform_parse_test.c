/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "subject/transform.h"

#define BAD "invalid mapping destination: "

/* Recorded from nats-server 2.15.2. */
static const struct {
    const char *from;
    const char *to;
    const char *error;          /* NULL: possible */
} cases[] = {
    { "a", "b", NULL },
    { "a.*", "b.$1", NULL },
    { "a.*", "b.$2", BAD "wildcard index out of range in $2: [2]" },
    { "a.*", "b.$0", NULL },
    { "a.*", "b.$x", NULL },
    { "a.*", "b.*", "invalid subject" },
    { "a.>", "b.>", NULL },
    { "a.>", "b", "invalid subject" },
    { "a", "b.>", "invalid subject" },
    { "a", "b c", BAD "invalid transform" },
    { "a", ".b", BAD "invalid transform" },
    { "a.*", "b.{{ wildcard( 1 ) }}", NULL },
    { "a.*", "b.{{foo(1)}}", BAD "unknown function in {{foo(1)}}" },
    { "a.*", "b.{{LEFT(1,1)}}", BAD "unknown function in {{LEFT(1,1)}}" },
    { "a.*", "b.{{wildcard(1)}}x", NULL },
    { "a.*", "b.{{wildcard(1}}", BAD "unknown function in {{wildcard(1}}" },
    { "a.*", "b.{{wildcard()}}",
      BAD "not enough arguments passed to the function in {{wildcard()}}" },
    { "a.*", "b.{{wildcard(1,2)}}",
      BAD "too many arguments passed to the function in {{wildcard(1,2)}}" },
    { "a.*", "b.{{partition()}}",
      BAD "function argument is invalid or in the wrong format in {{partition()}}" },
    { "a.*", "b.{{partition(3,1)}}", NULL },
    { "a.*", "b.{{partition(3,2)}}", BAD "wildcard index out of range in {{partition(3,2)}}: [2]" },
    { "a.*", "b.{{random(1,2)}}",
      BAD "not enough arguments passed to the function in {{random(1,2)}}" },
    { "a.*", "b.{{split(1,)}}", NULL },
    { "a.*", "b.{{splitFromleft(1,1)}}", NULL },
    { "a", "b.$1", BAD "wildcard index out of range in $1" },
    { "a", "b.$0", BAD "wildcard index out of range in $0" },
    { "a", "b.{{wildcard(0)}}", BAD "wildcard index out of range in {{wildcard(0)}}" },
    { "a", "b.{{split(0,-)}}", BAD "wildcard index out of range in {{split(0,-)}}" },
    { "a", "b.{{partition(3,5)}}", NULL },
    { "a", "b.{{partition(3)}}", NULL },
    { "a.*", "b.*.$7", "invalid subject" },
    { "a.*", "b.*.{{foo(1)}}", BAD "unknown function in {{foo(1)}}" },
    { "a.*", "b.{{left(1,2)}}", NULL },
    { "a.*", "b.{{right(1,2)}}", NULL },
    { "a.*", "b.{{wildcard(7)}}.>", "invalid subject" },
    { "a.>", "b.>.c", BAD "invalid transform in c" },
    { "a.>", "b.$1.>", BAD "wildcard index out of range in $1: [1]" },
    { "a.>", "b.$0.>", NULL },
    { "a.*", "b.{{wildcard(-1)}}", NULL },
    { "a.*", "b.{{split(1,a.b)}}", NULL },
    { "a.*", "b.{{split(1, -)}}", NULL },
    { "a.*", "b.{{split(1,-,)}}",
      BAD "too many arguments passed to the function in {{split(1,-,)}}" },
    { "a.*", "b.{{split(x,-)}}",
      BAD "function argument is invalid or in the wrong format in {{split(x,-)}}" },
    { "a", "b.{{split(x,-)}}",
      BAD "function argument is invalid or in the wrong format in {{split(x,-)}}" },
    { "a.*", "b.{{wildcard(5)}}.{{split(x,-)}}",
      BAD "wildcard index out of range in {{wildcard(5)}}: [5]" },
    { "a.*", "b.{{ Random( 5 ) }}", NULL },
    { "a.*", "b.{{random(-5)}}", NULL },
    { "a.*", "b.{{random()}}",
      BAD "function argument is invalid or in the wrong format in {{random()}}" },
    { "a.*", "b.{{partition(99999999999)}}",
      BAD "function argument is invalid or in the wrong format in {{partition(99999999999)}}" },
    { "a.*", "b..$1", BAD "invalid transform" },
    { "a.*", "b.{{split(1,-)}}.{{foo()}}", BAD "unknown function in {{foo()}}" },
};

static void transforms_are_possible_or_not_as_on_nats_server(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct errmsg why = { "" };
        enum err e = transform_check(slice_str(cases[i].from), slice_str(cases[i].to), &why);
        assert_int_equal(e, cases[i].error == NULL ? ERR_OK : ERR_INVALID);
        assert_string_equal(why.text, cases[i].error == NULL ? "" : cases[i].error);
    }
}

static void a_partition_of_too_many_tokens_is_refused(void **state)
{
    (void)state;
    struct buf to = { 0 };
    struct errmsg why = { "" };
    buf_add_str(&to, "{{partition(3");
    for (uint32_t i = 0; i < 62; i++) buf_add_str(&to, ",1");
    buf_add_str(&to, ")}}");
    assert_int_equal(transform_check(SLICE_LIT("*"), buf_slice(&to), &why), ERR_OK);
    to.len -= 3;
    buf_add_str(&to, ",1)}}");
    assert_int_equal(transform_check(SLICE_LIT("*"), buf_slice(&to), &why), ERR_INVALID);
    buf_deinit(&to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transforms_are_possible_or_not_as_on_nats_server),
        cmocka_unit_test(a_partition_of_too_many_tokens_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
