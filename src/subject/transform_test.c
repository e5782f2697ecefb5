/* SPDX-License-Identifier: Apache-2.0 */
#include "subject/transform.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/compiler.h"

/* Recorded from nats-server 2.15.2: mappings, one publish each, what a subscriber to `>` got. */
static const struct {
    const char *source;
    const char *destination;
    const char *subject;
    const char *result;
} cases[] = {
    /* clang-format off */
    { "a", "b", "a", "b" },
    { "a.*", "b.$1", "a.x", "b.x" },
    { "a.*.*", "b.$2.$1", "a.x.y", "b.y.x" },
    { "a.*.*", "b.{{wildcard(2)}}.k.{{Wildcard( 1 )}}", "a.x.y", "b.y.k.x" },
    { "a.*.>", "b.$1.>", "a.x.y.z", "b.x.y.z" },
    { "a.>", "b.>", "a.x.y.z", "b.x.y.z" },
    { "a.>", "b.$0.>", "a.x.y", "b.a.x.y" },
    { "a.*", "b.$0", "a.x", "b.a" },
    { "a.*", "b.{{wildcard(-1)}}", "a.x", "b.a" },
    { "a.*", "b.$x.$", "a.x", "b.$x.$" },
    { "a.*", "b.$+1", "a.x", "b.x" },
    { "a.*", "b.$-1", "a.x", "b.a" },
    { "a.*", "b.{{wildcard(1)}}x", "a.x", "b.{{wildcard(1)}}x" },
    { "a.*.*", "b.{{partition(1,1,2)}}", "a.foo.bar", "b.0" },
    { "a.*.*", "b.{{partition(3,1,2)}}", "a.foo.bar", "b.1" },
    { "a.*.*", "b.{{partition(10,1,2)}}", "a.foo.bar", "b.0" },
    { "a.*.*", "b.{{partition(1000,1,2)}}", "a.foo.bar", "b.720" },
    { "a.*.*", "b.{{partition(0,1,2)}}", "a.foo.bar", "b.0" },
    { "a.*.*", "b.{{partition(-1,1,2)}}", "a.foo.bar", "b.3214735720" },
    { "a.*.*", "b.{{partition(-7,1,2)}}", "a.foo.bar", "b.3214735720" },
    { "a.*.*", "b.{{partition(2147483647,1,2)}}", "a.foo.bar", "b.1067252073" },
    { "a.*.*", "b.{{partition(1000,2,1)}}", "a.foo.bar", "b.762" },
    { "c22.*.*", "b.{{partition(1000)}}", "c22.foo.bar", "b.379" },
    { "c23.x", "b.{{partition(1000)}}", "c23.x", "b.255" },
    { "c24.x", "b.{{partition(1000,5)}}", "c24.x", "b.314" },
    { "c25.*", "b.{{partition(1000,0)}}", "c25.foo", "b.639" },
    { "a.*.>", "b.{{partition(1000,1)}}.>", "a.foo.x.y", "b.223.x.y" },
    { "a.*", "b.{{partition(4294967,1)}}", "a.\xc3\xa9\xe4\xb8\x96", "b.1577171" },
    { "a.*", "b.{{partition(100000,1,1,1)}}", "a.zz", "b.36661" },
    { "a.*", "b.{{split(1,-)}}", "a.x-y-z", "b.x.y.z" },
    { "a.*", "b.{{split(1,-)}}", "a.-x-y", "b.x.y" },
    { "a.*", "b.{{split(1,-)}}", "a.x--y", "b.x.y" },
    { "a.*", "b.{{split(1,-)}}", "a.x-", "b.x" },
    { "a.*", "b.{{split(1,-)}}", "a.x--", "b.x" },
    { "a.*", "b.{{split(1,-)}}", "a.x", "b.x" },
    { "a.*", "b.{{split(1,-)}}", "a.a--b---c", "b.a.b.c" },
    { "a.*", "b.{{split(1,-)}}", "a.-a-", "b.a" },
    { "a.*", "b.{{split(1,--)}}", "a.x--y---z", "b.x.y.-z" },
    { "a.*", "b.{{split(1, -)}}", "a.x-y", "b.x.y" },
    { "a.*", "b.{{split(1,)}}", "a.x\xc3\xa9y\xe4\xb8\x96", "b.x.\xc3\xa9.y.\xe4\xb8\x96" },
    { "a.*.*", "b.{{split(2,-)}}.{{split(1,_)}}", "a.x_y.p-q", "b.p.q.x.y" },
    { "a.*", "b.{{split(0,-)}}", "a.x-y", "b.a" },
    { "a.*", "b.{{splitFromLeft(1,0)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{splitFromLeft(1,1)}}", "a.abcdefg", "b.a.bcdefg" },
    { "a.*", "b.{{splitFromLeft(1,2)}}", "a.abcdefg", "b.ab.cdefg" },
    { "a.*", "b.{{splitFromLeft(1,3)}}", "a.abcdefg", "b.abc.defg" },
    { "a.*", "b.{{splitFromLeft(1,4)}}", "a.abcdefg", "b.abcd.efg" },
    { "a.*", "b.{{splitFromLeft(1,5)}}", "a.abcdefg", "b.abcde.fg" },
    { "a.*", "b.{{splitFromLeft(1,6)}}", "a.abcdefg", "b.abcdef.g" },
    { "a.*", "b.{{splitFromLeft(1,7)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{splitFromLeft(1,9)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{splitFromLeft(1,-1)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{splitFromRight(1,0)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{splitFromRight(1,1)}}", "a.abcdefg", "b.abcdef.g" },
    { "a.*", "b.{{splitFromRight(1,2)}}", "a.abcdefg", "b.abcde.fg" },
    { "a.*", "b.{{splitFromRight(1,3)}}", "a.abcdefg", "b.abcd.efg" },
    { "a.*", "b.{{splitFromRight(1,4)}}", "a.abcdefg", "b.abc.defg" },
    { "a.*", "b.{{splitFromRight(1,5)}}", "a.abcdefg", "b.ab.cdefg" },
    { "a.*", "b.{{splitFromRight(1,6)}}", "a.abcdefg", "b.a.bcdefg" },
    { "a.*", "b.{{splitFromRight(1,7)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{splitFromRight(1,9)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{splitFromRight(1,-1)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{sliceFromLeft(1,0)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{sliceFromLeft(1,1)}}", "a.abcdefg", "b.a.b.c.d.e.f.g" },
    { "a.*", "b.{{sliceFromLeft(1,2)}}", "a.abcdefg", "b.ab.cd.ef.g" },
    { "a.*", "b.{{sliceFromLeft(1,3)}}", "a.abcdefg", "b.abc.def.g" },
    { "a.*", "b.{{sliceFromLeft(1,4)}}", "a.abcdefg", "b.abcd.efg" },
    { "a.*", "b.{{sliceFromLeft(1,5)}}", "a.abcdefg", "b.abcde.fg" },
    { "a.*", "b.{{sliceFromLeft(1,6)}}", "a.abcdefg", "b.abcdef.g" },
    { "a.*", "b.{{sliceFromLeft(1,7)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{sliceFromLeft(1,9)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{sliceFromLeft(1,-1)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{sliceFromRight(1,0)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{sliceFromRight(1,1)}}", "a.abcdefg", "b.a.b.c.d.e.f.g" },
    { "a.*", "b.{{sliceFromRight(1,2)}}", "a.abcdefg", "b.a.bc.de.fg" },
    { "a.*", "b.{{sliceFromRight(1,3)}}", "a.abcdefg", "b.a.bcd.efg" },
    { "a.*", "b.{{sliceFromRight(1,4)}}", "a.abcdefg", "b.abc.defg" },
    { "a.*", "b.{{sliceFromRight(1,5)}}", "a.abcdefg", "b.ab.cdefg" },
    { "a.*", "b.{{sliceFromRight(1,6)}}", "a.abcdefg", "b.a.bcdefg" },
    { "a.*", "b.{{sliceFromRight(1,7)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{sliceFromRight(1,9)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{sliceFromRight(1,-1)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{left(1,0)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{left(1,1)}}", "a.abcdefg", "b.a" },
    { "a.*", "b.{{left(1,2)}}", "a.abcdefg", "b.ab" },
    { "a.*", "b.{{left(1,3)}}", "a.abcdefg", "b.abc" },
    { "a.*", "b.{{left(1,4)}}", "a.abcdefg", "b.abcd" },
    { "a.*", "b.{{left(1,5)}}", "a.abcdefg", "b.abcde" },
    { "a.*", "b.{{left(1,6)}}", "a.abcdefg", "b.abcdef" },
    { "a.*", "b.{{left(1,7)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{left(1,9)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{left(1,-1)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{right(1,0)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{right(1,1)}}", "a.abcdefg", "b.g" },
    { "a.*", "b.{{right(1,2)}}", "a.abcdefg", "b.fg" },
    { "a.*", "b.{{right(1,3)}}", "a.abcdefg", "b.efg" },
    { "a.*", "b.{{right(1,4)}}", "a.abcdefg", "b.defg" },
    { "a.*", "b.{{right(1,5)}}", "a.abcdefg", "b.cdefg" },
    { "a.*", "b.{{right(1,6)}}", "a.abcdefg", "b.bcdefg" },
    { "a.*", "b.{{right(1,7)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{right(1,9)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*", "b.{{right(1,-1)}}", "a.abcdefg", "b.abcdefg" },
    { "a.*.*", "b.{{SliceFromLeft(2,2)}}.{{right(1,1)}}", "a.abc.12345", "b.12.34.5.c" },
    { "a.*", "b.{{random(1)}}", "a.x", "b.0" },
    { "a.*", "b.{{random(0)}}", "a.x", "b.0" },
    { "a.*", "b.{{random(-1)}}", "a.x", "b.0" },
    /* clang-format on */
};

static struct transform *make(const char *source, const char *destination)
{
    struct transform *t = NULL;
    struct errmsg why;
    assert_int_equal(transform_new(slice_str(source), slice_str(destination), &t, &why), ERR_OK);
    return t;
}

static void expect(const char *source, const char *destination, const char *subject,
                   const char *result)
{
    struct rng rng;
    rng_init(&rng, 1);
    struct buf out = { 0 };
    struct transform *t = make(source, destination);
    assert_true(transform_matches(t, slice_str(subject)));
    transform_apply(t, slice_str(subject), &rng, &out);
    assert_string_equal(buf_str(&out), result);
    buf_deinit(&out);
    assert_null(transform_free(t));
}

static void subjects_become_what_they_do_on_nats_server(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        expect(cases[i].source, cases[i].destination, cases[i].subject, cases[i].result);
}

static void no_source_is_every_subject(void **state)
{
    (void)state;
    expect("", ">", "a.b", "a.b");
    expect("", "b.>", "x.y", "b.x.y");
    assert_null(transform_free(NULL));
}

static void only_literal_subjects_of_the_source_match(void **state)
{
    (void)state;
    struct transform *t = make("a.*.>", "b.$1.>");
    assert_true(transform_matches(t, SLICE_LIT("a.b.c.d")));
    static const char *others[] = { "a", "a.b", "b.b.c", "a.b.*", "a.*.c", "a.b.", "a..c", "" };
    for (size_t i = 0; i < ARRAY_COUNT(others); i++)
        assert_false(transform_matches(t, slice_str(others[i])));
    transform_free(t);
    t = make(">", "b.>");
    assert_true(transform_matches(t, SLICE_LIT("x")));
    assert_false(transform_matches(t, SLICE_LIT("x.>")));
    transform_free(t);
}

static void a_random_partition_is_below_its_limit_and_reaches_all(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 5);
    static const char *destinations[] = { "r.{{random(4)}}", "r.{{random(-4)}}" };
    for (size_t d = 0; d < ARRAY_COUNT(destinations); d++) {
        struct transform *t = make("a", destinations[d]);
        uint32_t seen = 0;
        for (uint32_t i = 0; i < 100; i++) {
            struct buf out = { 0 };
            transform_apply(t, SLICE_LIT("a"), &rng, &out);
            assert_int_equal(out.len, 3);
            assert_true(out.ptr[2] >= '0' && out.ptr[2] <= '3');
            seen |= 1U << (out.ptr[2] - '0');
            buf_deinit(&out);
        }
        assert_int_equal(seen, 15);
        transform_free(t);
    }
}

static void what_cannot_be_is_refused_with_the_reason(void **state)
{
    (void)state;
    struct transform *t = NULL;
    struct errmsg why;
    assert_int_equal(transform_new(SLICE_LIT("a.*"), SLICE_LIT("b.$2"), &t, &why), ERR_INVALID);
    assert_string_equal(why.text,
                        "invalid mapping destination: wildcard index out of range in $2: [2]");
    assert_null(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subjects_become_what_they_do_on_nats_server),
        cmocka_unit_test(no_source_is_every_subject),
        cmocka_unit_test(only_literal_subjects_of_the_source_match),
        cmocka_unit_test(a_random_partition_is_below_its_limit_and_reaches_all),
        cmocka_unit_test(what_cannot_be_is_refused_with_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
