/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"

enum { SEED = 6, SUBS = 20000 };

struct fixture {
    struct door door;
    struct sink sink;
    struct sids sids;
    struct sub *subs[SUBS];
    bool in[SUBS];
    uint32_t count;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    for (uint32_t i = 0; i < SUBS; i++) {
        char sid[16];
        int len = snprintf(sid, sizeof sid, "%u", i);
        f->subs[i] = sub_new(&f->door, &f->sink, SLICE_LIT("a.b"), (struct slice){ 0 },
                             slice_of(sid, (size_t)len));
    }
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    sids_deinit(&f->sids);
    for (uint32_t i = 0; i < SUBS; i++) sub_free(f->subs[i]);
    assert_int_equal(f->door.bytes, 0);
    free(f);
    return 0;
}

static void toggle(struct fixture *f, uint32_t i)
{
    if (f->in[i]) sids_remove(&f->sids, SEED, f->subs[i]);
    else sids_add(&f->sids, SEED, f->subs[i]);
    f->in[i] = !f->in[i];
    f->count += f->in[i] ? 1 : UINT32_MAX;
}

static void assert_same(struct fixture *f)
{
    static bool seen[SUBS];
    memset(seen, 0, sizeof seen);
    uint32_t count = 0;
    struct sub *s;
    for (uint64_t at = 0; (s = sids_next(&f->sids, &at)) != NULL; count++) {
        uint64_t i;
        assert_true(slice_to_u64(sub_sid(s), &i));
        assert_true(f->in[i]);
        assert_false(seen[i]);
        seen[i] = true;
    }
    assert_int_equal(count, f->count);
    assert_int_equal(f->sids.count, f->count);
    for (uint32_t i = 0; i < SUBS; i++)
        assert_ptr_equal(sids_find(&f->sids, SEED, sub_sid(f->subs[i])),
                         f->in[i] ? f->subs[i] : NULL);
    assert_int_equal(sids_any(&f->sids) == NULL, f->count == 0);
}

/* Up to 20 thousand, down to none, and up again, in random order: past the split into shards and
 * with removals that must shift what follows. */
static void any_history_finds_exactly_what_is_in(void **state)
{
    struct fixture *f = *state;
    struct rng rng;
    rng_init(&rng, 12);
    for (int wave = 0; wave < 4; wave++) {
        uint32_t top = wave % 2 == 0 ? 50 : SUBS;
        for (uint32_t step = 0; step < 2 * top; step++) {
            uint32_t i = rng_below(&rng, top);
            if (!f->in[i] || rng_chance(&rng, 1, 5)) toggle(f, i);
        }
        assert_same(f);
        for (uint32_t step = 0; step < 2 * top; step++) {
            uint32_t i = rng_below(&rng, top);
            if (f->in[i] || rng_chance(&rng, 1, 10)) toggle(f, i);
        }
        assert_same(f);
    }
    while (f->sids.count > 0) {
        uint64_t i;
        assert_true(slice_to_u64(sub_sid(sids_any(&f->sids)), &i));
        toggle(f, (uint32_t)i);
    }
    assert_same(f);
}

static void the_table_shrinks_with_its_content(void **state)
{
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 4000; i++) toggle(f, i);
    uint32_t cap = f->sids.first.cap;
    for (uint32_t i = 0; i < 3990; i++) toggle(f, i);
    assert_true(f->sids.first.cap < cap / 16);
    assert_same(f);
}

static void a_sub_keeps_its_texts_apart(void **state)
{
    struct fixture *f = *state;
    struct sub *s = sub_new(&f->door, &f->sink, SLICE_LIT("a.*"), SLICE_LIT("queue"),
                            SLICE_LIT("sid 1"));
    assert_true(slice_equal_str(interest_entry_subject(&s->entry), "a.*"));
    assert_true(slice_equal_str(interest_entry_queue(&s->entry), "queue"));
    assert_true(slice_equal_str(sub_sid(s), "sid 1"));
    assert_ptr_equal(sub_of(&s->entry), s);
    sub_free(s);
}

static void what_the_door_refuses_is_no_sub(void **state)
{
    struct fixture *f = *state;
    static uint8_t large[UINT16_MAX + 1];
    f->door.fail_at = f->door.calls + 1;
    assert_null(sub_new(&f->door, &f->sink, SLICE_LIT("a"), SLICE_LIT(""), SLICE_LIT("1")));
    f->door.fail_at = f->door.calls + 2;        /* the block is there, the index has no room */
    assert_null(sub_new(&f->door, &f->sink, SLICE_LIT("a"), SLICE_LIT(""), SLICE_LIT("1")));
    assert_null(
        sub_new(&f->door, &f->sink, SLICE_LIT("a"), slice_of(large, sizeof large), SLICE_LIT("1")));
    assert_null(
        sub_new(&f->door, &f->sink, SLICE_LIT("a"), SLICE_LIT(""), slice_of(large, sizeof large)));
}

static void soon(const struct sink *s, uint32_t step)
{
    (void)s;
    (void)step;
}

/* Its memory is another one, which the door counts as well. */
static void a_sub_of_a_sink_that_fetches_is_counted_too(void **state)
{
    (void)state;
    struct door plain = { 0 }, door = { 0 };
    struct sink sink = { .reactor = 0 };
    struct slice none = { 0 };
    struct sub *other = sub_new(&plain, &sink, SLICE_LIT("a.b"), none, SLICE_LIT("1"));
    sink.soon = soon;
    struct sub *s = sub_new(&door, &sink, SLICE_LIT("a.b"), none, SLICE_LIT("1"));
    assert_true(s->is_near && !other->is_near);
    assert_int_equal(door.bytes, plain.bytes);
    door.fail_at = door.calls + 1;
    assert_null(sub_new(&door, &sink, SLICE_LIT("a"), none, SLICE_LIT("1")));
    door.fail_at = door.calls + 2;
    assert_null(sub_new(&door, &sink, SLICE_LIT("a"), none, SLICE_LIT("1")));
    assert_int_equal(door.bytes, plain.bytes);
    sub_free(s);
    sub_free(other);
    assert_int_equal(door.bytes, 0);
}

/* A pattern of many tokens is many nodes of the index. */
static void the_door_counts_what_the_index_will_hold(void **state)
{
    (void)state;
    struct door door = { 0 };
    struct sink sink = { .reactor = 0 };
    struct slice none = { 0 };
    struct sub *literal = sub_new(&door, &sink, SLICE_LIT("a.b.c.d.e.f.g.h"), none, SLICE_LIT("1"));
    uint64_t literals = door.bytes;
    struct sub *pattern = sub_new(&door, &sink, SLICE_LIT("a.b.c.d.e.f.g.>"), none, SLICE_LIT("2"));
    assert_true(literals > sizeof(struct sub));
    assert_true(door.bytes - literals > 7 * 100);
    sub_free(pattern);
    assert_int_equal(door.bytes, literals);
    sub_free(literal);
    assert_int_equal(door.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_history_finds_exactly_what_is_in, setup, teardown),
        cmocka_unit_test_setup_teardown(the_table_shrinks_with_its_content, setup, teardown),
        cmocka_unit_test_setup_teardown(a_sub_keeps_its_texts_apart, setup, teardown),
        cmocka_unit_test(a_sub_of_a_sink_that_fetches_is_counted_too),
        cmocka_unit_test_setup_teardown(what_the_door_refuses_is_no_sub, setup, teardown),
        cmocka_unit_test(the_door_counts_what_the_index_will_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
