/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sub_watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/rng.h"
#include "core/core_fake.h"

/* A feature on the last reactor that follows one subject. */
struct follower {
    struct sub_watch watch;
    struct world *world;
    uint32_t told;
    bool is_met;                /* as of when it was last told */
    bool ends;                  /* when it is told */
    struct follower *also_ends;
};

static struct core_reactor *home_of(struct world *w)
{
    return w->core->at[w->fake->set->count - 1];
}

static void told(struct sub_watch *watch, struct core_reactor *cr)
{
    struct follower *f = container_of(watch, struct follower, watch);
    assert_ptr_equal(cr, home_of(f->world));
    f->told++;
    f->is_met = sub_watch_is_met(cr, watch);
    if (f->also_ends != NULL) sub_watch_end(&f->also_ends->watch);
    if (f->ends) sub_watch_end(watch);
}

static void follow(struct follower *f, struct world *w, const char *subject, const char *queue)
{
    *f = (struct follower){ .watch.told = told, .world = w };
    sub_watch_begin(home_of(w), w->core->global, &f->watch, slice_str(subject), slice_str(queue));
    f->is_met = sub_watch_is_met(home_of(w), &f->watch);
}

/* What was told since the last time: "-", or "+" met, "0" not, behind how often. */
static const char *heard(struct follower *f)
{
    static char text[16];
    if (f->told == 0) return "-";
    (void)snprintf(text, sizeof text, "%u%s", f->told, f->is_met ? "+" : "0");
    f->told = 0;
    return text;
}

static void a_watch_hears_who_begins_and_who_ceases_wherever_he_is(void **state)
{
    (void)state;
    for (uint32_t reactors = 1; reactors <= 3; reactors++) {
        struct world *w = world_new(reactors, NULL);
        uint32_t a = world_client(w, 0), b = world_client(w, reactors - 1);
        struct follower f;
        follow(&f, w, "d.x", "");
        assert_false(f.is_met);
        (void)world_say(w, a, "SUB d.x 1\r\n");
        assert_string_equal(heard(&f), "1+");
        (void)world_say(w, b, "SUB d.x 1\r\n");
        assert_string_equal(heard(&f), "1+");
        (void)world_say(w, a, "UNSUB 1\r\n");
        assert_string_equal(heard(&f), "1+");
        (void)world_say(w, b, "UNSUB 1\r\n");
        assert_string_equal(heard(&f), "10");
        sub_watch_end(&f.watch);
        world_free(w);
    }
}

/* nats-server 2.15.2 starts a push consumer for its exact subject and group only. */
static void only_the_exact_subject_and_group_count(void **state)
{
    (void)state;
    static const struct {
        const char *sub, *plain, *queue;    /* what the two watches hear */
    } rows[] = {
        { "SUB d.* 1\r\n", "-", "-" },     { "SUB > 1\r\n", "-", "-" },
        { "SUB d.xq 1\r\n", "-", "-" },    { "SUB d 1\r\n", "-", "-" },
        { "SUB d.x 1\r\n", "1+", "-" },    { "SUB d.x q 1\r\n", "-", "1+" },
        { "SUB d.x p 1\r\n", "-", "-" },   { "SUB d.* q 1\r\n", "-", "-" },
        { "SUB d.X 1\r\n", "-", "-" },
    };
    struct world *w = world_new(2, NULL);
    uint32_t c = world_client(w, 0);
    struct follower plain, queue;
    follow(&plain, w, "d.x", "");
    follow(&queue, w, "d.x", "q");
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        (void)world_say(w, c, rows[i].sub);
        assert_string_equal(heard(&plain), rows[i].plain);
        assert_string_equal(heard(&queue), rows[i].queue);
        (void)world_say(w, c, "UNSUB 1\r\n");
        plain.told = queue.told = 0;
        assert_false(sub_watch_is_met(home_of(w), &plain.watch));
    }
    sub_watch_end(&plain.watch);
    sub_watch_end(&queue.watch);
    world_free(w);
}

/* "d.x" with the group "q" and "d.xq" without one are the same bytes. */
static void texts_that_are_cut_differently_stay_apart(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    uint32_t c = world_client(w, 0);
    struct follower f[4];
    follow(&f[0], w, "d.x", "q");
    follow(&f[1], w, "d.xq", "");
    follow(&f[2], w, "d.x", "q");
    follow(&f[3], w, "d.xq", "");
    assert_int_equal(sub_watches_check(w->core->global->watches), 4);
    for (uint32_t i = 0; i < 4; i++) {      /* the first of the four is another one each time */
        (void)world_say(w, c, "SUB d.xq 1\r\n");
        for (uint32_t k = i; k < 4; k++) assert_string_equal(heard(&f[k]), k % 2 == 1 ? "1+" : "-");
        (void)world_say(w, c, "UNSUB 1\r\nSUB d.x q 2\r\n");
        for (uint32_t k = i; k < 4; k++)
            assert_string_equal(heard(&f[k]), k % 2 == 1 ? "10" : "1+");
        (void)world_say(w, c, "UNSUB 2\r\n");
        for (uint32_t k = i; k < 4; k++) f[k].told = 0;
        sub_watch_end(&f[i].watch);
        assert_int_equal(sub_watches_check(w->core->global->watches), 3 - i);
    }
    world_free(w);
}

static void what_comes_before_the_turn_is_told_once(void **state)
{
    (void)state;
    struct world *w = world_new(2, NULL);
    uint32_t a = world_client(w, 0), b = world_client(w, 1);
    struct follower f;
    follow(&f, w, "d.x", "");
    (void)world_say(w, a, "SUB d.x 1\r\nUNSUB 1\r\nSUB d.x 1\r\nUNSUB 1\r\nSUB d.x 1\r\n");
    assert_string_equal(heard(&f), "1+");
    (void)world_say(w, b, "SUB d.x 1\r\nUNSUB 1\r\nSUB d.x 1\r\nUNSUB 1\r\n");
    assert_string_equal(heard(&f), "1+");
    (void)world_say(w, a, "UNSUB 1\r\n");
    assert_string_equal(heard(&f), "10");
    sub_watch_end(&f.watch);
    world_free(w);
}

static void a_watch_that_has_ended_is_not_told_whatever_is_on_the_way(void **state)
{
    (void)state;
    for (uint32_t reactors = 1; reactors <= 2; reactors++) {
        struct world *w = world_new(reactors, NULL);
        uint32_t a = world_client(w, 0);
        struct follower f, other;
        follow(&f, w, "d.x", "");
        follow(&other, w, "d.y", "");
        world_put(w, a, "SUB d.x 1\r\nSUB d.y 2\r\n");
        if (reactors == 2) (void)reactor_tick(w->fake->set->at[0], 0); /* the mail is under way */
        sub_watch_end(&f.watch);
        sub_watch_end(&f.watch);                    /* once more is fine */
        world_run(w);
        assert_string_equal(heard(&f), "-");
        assert_string_equal(heard(&other), "1+");
        follow(&f, w, "d.x", "");                   /* and may begin again */
        assert_true(f.is_met);
        (void)world_say(w, a, "UNSUB 1\r\n");
        assert_string_equal(heard(&f), "10");
        sub_watch_end(&f.watch);
        sub_watch_end(&other.watch);
        world_free(w);
    }
}

static void who_is_told_may_end_itself_and_others(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    uint32_t a = world_client(w, 0);
    struct follower f[3];
    for (uint32_t i = 0; i < 3; i++) follow(&f[i], w, "d.x", "");
    f[0].ends = true;
    f[0].also_ends = &f[1];                         /* which is due too */
    (void)world_say(w, a, "SUB d.x 1\r\n");
    assert_string_equal(heard(&f[0]), "1+");
    assert_string_equal(heard(&f[1]), "-");
    assert_string_equal(heard(&f[2]), "1+");
    assert_int_equal(sub_watches_check(w->core->global->watches), 1);
    sub_watch_end(&f[2].watch);
    world_free(w);
}

static void who_closes_with_many_subscriptions_is_gone_at_once_and_told_in_the_end(void **state)
{
    enum { MANY = 20000 };
    (void)state;
    struct world *w = world_new(2, NULL);
    uint32_t a = world_client(w, 0);
    struct follower f;
    follow(&f, w, "d.x", "");
    for (uint32_t i = 0; i < MANY; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "SUB d.x %u\r\n", i);
        world_put(w, a, text);
    }
    world_run(w);
    assert_true(f.is_met);
    f.told = 0;
    session_close(world_session(w, a), CLOSE_KICKED);
    assert_true(interest_count(w->core->global->interest) > 1); /* not all have left */
    assert_false(sub_watch_is_met(home_of(w), &f.watch));
    assert_false(account_wants(home_of(w), w->core->global, SLICE_LIT("d.x")));
    for (int i = 0; i < 1000 && interest_count(w->core->global->interest) > 1; i++) {
        w->fake->now += 2 * MILLISECOND;
        world_run(w);
    }
    assert_true(f.told > 0);
    assert_false(f.is_met);
    sub_watch_end(&f.watch);
    world_free(w);
}

/* ---- many, beside a model ---- */

enum { WATCHES = 3000, SUBJECTS = 500 };

static void random_watch(struct follower *f, struct world *w, struct rng *rng)
{
    char subject[32];
    (void)snprintf(subject, sizeof subject, "many.%u", rng_below(rng, SUBJECTS));
    follow(f, w, subject, rng_chance(rng, 1, 4) ? "q" : "");
}

static void all_that_watch_a_subject_are_told_however_many_they_are(void **state)
{
    (void)state;
    struct world *w = world_new(2, NULL);
    uint32_t c = world_client(w, 0);
    struct follower *f = xcalloc(WATCHES, sizeof *f);
    struct rng rng;
    rng_init(&rng, 3);
    for (uint32_t i = 0; i < WATCHES; i++) random_watch(&f[i], w, &rng);
    assert_int_equal(sub_watches_check(w->core->global->watches), WATCHES);
    for (uint32_t i = 0; i < WATCHES / 2; i++) {
        struct follower *one = &f[rng_below(&rng, WATCHES)];
        sub_watch_end(&one->watch);
        random_watch(one, w, &rng);
    }
    assert_int_equal(sub_watches_check(w->core->global->watches), WATCHES);
    for (uint32_t i = 0; i < SUBJECTS; i++) {       /* some thousand are due at once */
        char text[64];
        (void)snprintf(text, sizeof text, "SUB many.%u %u\r\n", i, i);
        world_put(w, c, text);
    }
    world_run(w);
    for (uint32_t i = 0; i < WATCHES; i++)
        assert_string_equal(heard(&f[i]), f[i].watch.queue_len > 0 ? "-" : "1+");
    for (uint32_t i = 0; i < WATCHES; i++) sub_watch_end(&f[i].watch);
    assert_int_equal(sub_watches_check(w->core->global->watches), 0);
    xfree(f);
    world_free(w);
}

/* ---- anybody ---- */

static void anybody_counts_for_a_message(void **state)
{
    (void)state;
    static const struct {
        const char *sub;
        bool is_wanted;
    } rows[] = {
        { "SUB d.x 1\r\n", true },     { "SUB d.* 1\r\n", true },   { "SUB > 1\r\n", true },
        { "SUB d.x q 1\r\n", true },   { "SUB d.> q 1\r\n", true }, { "SUB d 1\r\n", false },
        { "SUB d.x.y 1\r\n", false },  { "SUB *.y q 1\r\n", false },
    };
    struct world *w = world_new(2, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint32_t c = world_client(w, i % 2);
        struct account *a = w->core->global;
        assert_false(account_wants(w->core->at[0], a, SLICE_LIT("d.x")));
        (void)world_say(w, c, rows[i].sub);
        assert_int_equal(account_wants(w->core->at[0], a, SLICE_LIT("d.x")), rows[i].is_wanted);
        (void)world_say(w, c, "UNSUB 1\r\n");
    }
    world_free(w);
}

static void a_group_is_asked_by_name(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    struct account *a = w->core->global;
    struct core_reactor *cr = w->core->at[0];
    uint32_t c = world_client(w, 0);
    struct slice none = { 0 }, q = SLICE_LIT("q"), p = SLICE_LIT("p"), x = SLICE_LIT("d.x");
    (void)world_say(w, c, "SUB d.x q 1\r\nSUB > p 2\r\n");
    assert_true(account_subscribes(cr, a, x, q));
    assert_false(account_subscribes(cr, a, x, p));      /* by a pattern only */
    assert_false(account_subscribes(cr, a, x, none));
    (void)world_say(w, c, "SUB d.x p 3\r\nSUB d.x 4\r\nUNSUB 1\r\n");
    assert_false(account_subscribes(cr, a, x, q));
    assert_true(account_subscribes(cr, a, x, p));
    assert_true(account_subscribes(cr, a, x, none));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_watch_hears_who_begins_and_who_ceases_wherever_he_is),
        cmocka_unit_test(only_the_exact_subject_and_group_count),
        cmocka_unit_test(texts_that_are_cut_differently_stay_apart),
        cmocka_unit_test(what_comes_before_the_turn_is_told_once),
        cmocka_unit_test(a_watch_that_has_ended_is_not_told_whatever_is_on_the_way),
        cmocka_unit_test(who_is_told_may_end_itself_and_others),
        cmocka_unit_test(who_closes_with_many_subscriptions_is_gone_at_once_and_told_in_the_end),
        cmocka_unit_test(all_that_watch_a_subject_are_told_however_many_they_are),
        cmocka_unit_test(anybody_counts_for_a_message),
        cmocka_unit_test(a_group_is_asked_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
