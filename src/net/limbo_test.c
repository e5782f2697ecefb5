/* SPDX-License-Identifier: Apache-2.0 */
#include "net/limbo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/net_fake.h"

enum { THINGS = 4 };

struct thing {
    struct retired retired;
    uint32_t freed;
};

static void thing_free(struct retired *r)
{
    container_of(r, struct thing, retired)->freed++;
}

static void retire(struct reactor *r, struct thing *t)
{
    *t = (struct thing){ 0 };
    reactor_retire(r, &t->retired, thing_free);
}

static void on_record(struct reactor *r, const struct record *rec)
{
    (void)r;
    assert_int_equal(((const struct thing *)rec->targets[0])->freed, 0);
}

static void post(struct reactor *from, struct reactor *to, struct thing *target)
{
    void *targets[] = { target };
    struct record rec = { .targets = targets, .targets_count = 1 };
    mailbox_record(from, to, &rec);
}

static struct fake *fake_of_two(void)
{
    struct fake *f = fake_new_many(2);
    for (uint32_t i = 0; i < 2; i++) f->set->at[i]->on_record = on_record;
    return f;
}

static void tick(struct reactor *r, int times)
{
    for (int i = 0; i < times; i++) (void)reactor_tick(r, 0);
}

static void a_lone_reactor_frees_within_a_few_ticks_but_never_at_once(void **state)
{
    (void)state;
    struct fake *f = fake_new();
    struct thing t;
    retire(f->reactor, &t);
    assert_int_equal(t.freed, 0);
    assert_false(limbo_is_empty(f->reactor->limbo));
    tick(f->reactor, 5);
    assert_int_equal(t.freed, 1);
    assert_true(limbo_is_empty(f->reactor->limbo));
    fake_free(f);
}

static void nothing_is_freed_while_another_reactor_has_not_passed(void **state)
{
    (void)state;
    struct fake *f = fake_of_two();
    struct reactor *a = f->set->at[0], *b = f->set->at[1];
    struct thing t;
    tick(b, 1); /* online: it may hold a pointer */
    retire(a, &t);
    tick(a, 20);
    assert_int_equal(t.freed, 0);
    tick(b, 1);
    tick(a, 5);
    assert_int_equal(t.freed, 1);
    fake_free(f);
}

static void a_sleeper_holds_nothing_up(void **state)
{
    (void)state;
    struct fake *f = fake_of_two();
    struct reactor *a = f->set->at[0], *b = f->set->at[1];
    struct thing t;
    tick(b, 1);
    retire(a, &t);
    qsbr_offline(&f->set->qsbr, b->id);
    tick(a, 5);
    assert_int_equal(t.freed, 1);
    fake_free(f);
}

/* The second gate: what the other one posted before it passed must be consumed here first. */
static void what_was_posted_to_a_retired_target_still_finds_it(void **state)
{
    (void)state;
    struct fake *f = fake_of_two();
    struct reactor *a = f->set->at[0], *b = f->set->at[1];
    struct thing t;
    tick(b, 1);
    retire(a, &t);
    post(b, a, &t);
    mailbox_publish(b);
    (void)limbo_advance(a->limbo, a); /* draws the ticket */
    qsbr_quiescent(&f->set->qsbr, b->id);
    qsbr_quiescent(&f->set->qsbr, a->id);
    for (int i = 0; i < 10; i++) (void)limbo_advance(a->limbo, a);
    assert_int_equal(t.freed, 0); /* the record was not consumed yet */
    (void)mailbox_drain_records(a, 10);
    (void)limbo_advance(a->limbo, a);
    assert_int_equal(t.freed, 1);
    fake_free(f);
}

/* Each gate has room for one batch: the next one waits in front of it, and is not put in its
 * place. */
static void what_waits_for_mail_is_not_lost_when_more_is_retired(void **state)
{
    (void)state;
    struct fake *f = fake_of_two();
    struct reactor *a = f->set->at[0], *b = f->set->at[1];
    struct thing first, second, third;
    tick(b, 1);
    retire(a, &first);
    post(b, a, &first);
    mailbox_publish(b);
    for (int i = 0; i < 10; i++) {
        if (i == 4) retire(a, &second);
        if (i == 7) retire(a, &third);
        (void)limbo_advance(a->limbo, a);
        qsbr_quiescent(&f->set->qsbr, b->id);
        qsbr_quiescent(&f->set->qsbr, a->id);
    }
    assert_int_equal(first.freed, 0);
    assert_int_equal(second.freed, 0);
    assert_int_equal(third.freed, 0);
    (void)mailbox_drain_records(a, 10);
    for (int i = 0; i < 10; i++) {
        (void)limbo_advance(a->limbo, a);
        qsbr_quiescent(&f->set->qsbr, b->id);
        qsbr_quiescent(&f->set->qsbr, a->id);
    }
    assert_int_equal(first.freed, 1);
    assert_int_equal(second.freed, 1);
    assert_int_equal(third.freed, 1);
    fake_free(f);
}

static void things_retired_in_different_ticks_are_each_freed_once(void **state)
{
    (void)state;
    struct fake *f = fake_of_two();
    static struct thing things[50];
    for (int i = 0; i < 50; i++) {
        retire(f->set->at[i % 2], &things[i]);
        (void)fake_tick(f);
    }
    for (int i = 0; i < 10; i++) (void)fake_tick(f);
    for (int i = 0; i < 50; i++) assert_int_equal(things[i].freed, 1);
    fake_free(f);
}

static void what_still_waits_at_the_end_is_freed(void **state)
{
    (void)state;
    struct fake *f = fake_of_two();
    static struct thing things[THINGS];
    for (int i = 0; i < THINGS; i++) {
        retire(f->set->at[0], &things[i]);
        tick(f->set->at[0], 1);
    }
    fake_free(f);
    for (int i = 0; i < THINGS; i++) assert_int_equal(things[i].freed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lone_reactor_frees_within_a_few_ticks_but_never_at_once),
        cmocka_unit_test(nothing_is_freed_while_another_reactor_has_not_passed),
        cmocka_unit_test(a_sleeper_holds_nothing_up),
        cmocka_unit_test(what_was_posted_to_a_retired_target_still_finds_it),
        cmocka_unit_test(what_waits_for_mail_is_not_lost_when_more_is_retired),
        cmocka_unit_test(things_retired_in_different_ticks_are_each_freed_once),
        cmocka_unit_test(what_still_waits_at_the_end_is_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
