/* SPDX-License-Identifier: Apache-2.0 */
#include "core/ahead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/core_fake.h"
#include "core/message.h"
#include "core/sub.h"

enum { PLACES = AHEAD_FROM };

struct place {
    struct sink sink;
    struct sub *sub;
    struct many *many;
    uint32_t    steps; /* how far it was fetched since it was last delivered to */
    uint32_t    fetched; /* how often, to the end */
};

/* Places p0.> p1.> … on one reactor, and in what order messages came. */
struct many {
    struct world *world;
    struct place  at[PLACES];
    struct buf    got; /* "subject;", with a `!` when all steps were made before */
    uint32_t      count;
};

static void place_soon(const struct sink *sink, uint32_t step)
{
    struct place *p = (struct place *)(uintptr_t)container_of(sink, const struct place, sink);
    assert_int_equal(step, p->steps % SINK_SOON_STEPS);
    p->steps++;
    p->fetched += step == SINK_SOON_STEPS - 1;
}

static void place_take(struct sink *sink, struct core_reactor *cr, struct sub *sub,
                       const struct message *m)
{
    struct place *p = container_of(sink, struct place, sink);
    (void)cr, (void)sub;
    buf_printf(&p->many->got, "%.*s%s;", SLICE_ARGS(m->subject),
               p->steps >= SINK_SOON_STEPS ? "!" : "");
    p->steps = 0;
}

static void many_open(struct many *m, uint32_t reactors, uint32_t home, uint32_t count)
{
    *m = (struct many){ .world = world_new(reactors, NULL), .count = count };
    struct reactor *r = m->world->fake->set->at[home];
    for (uint32_t i = 0; i < count; i++) {
        struct place *p = &m->at[i];
        char subject[16];
        (void)snprintf(subject, sizeof subject, i == 0 ? "lone" : "p%u.>", i);
        p->many = m;
        p->sink = (struct sink){ .reactor = home, .deliver = place_take, .soon = place_soon };
        p->sub = sub_new(&r->door, &p->sink, slice_str(subject), SLICE_LIT(""), SLICE_LIT(""));
        sub_enter(r, m->world->core->global, p->sub);
    }
    assert_int_equal(atomic_load(&m->world->core->global->ahead_subs), count);
}

static void many_close(struct many *m)
{
    for (uint32_t i = 0; i < m->count; i++)
        sub_leave(m->world->fake->set->at[m->at[i].sink.reactor], m->world->core->global,
                  m->at[i].sub);
    assert_int_equal(atomic_load(&m->world->core->global->ahead_subs), 0);
    world_run(m->world);
    buf_deinit(&m->got);
    world_free(m->world);
}

static void assert_got(struct many *m, const char *what, const char *want)
{
    uint32_t from = world_client(m->world, 0);
    (void)world_say(m->world, from, what);
    assert_string_equal(buf_str(&m->got), want);
    m->got.len = 0;
}

static void what_stands_in_the_input_is_fetched_before_its_turn(void **state)
{
    (void)state;
    struct many m;
    many_open(&m, 1, 0, PLACES);
    assert_got(&m, "PUB p1.a 1\r\nx\r\nPUB lone 1\r\ny\r\nHPUB p2.c 12 12\r\nNATS/1.0\r\n\r\n\r\n",
               "p1.a!;lone!;p2.c!;");
    assert_int_equal(m.at[0].fetched + m.at[1].fetched + m.at[2].fetched, 3);
    many_close(&m);
}

static void others_are_neither_fetched_nor_lost(void **state)
{
    (void)state;
    struct many m;
    many_open(&m, 1, 0, PLACES);
    /* one that nobody wants, a client's own, one behind another verb, one that is cut */
    assert_got(&m,
               "PUB nobody 0\r\n\r\nPUB p1.a 1\r\nx\r\nPING\r\nPUB p2.b 1\r\ny\r\nPUB p3.c 5\r\nz",
               "p1.a!;p2.b;");
    many_close(&m);
}

static void few_are_not_looked_at(void **state)
{
    (void)state;
    struct many m;
    many_open(&m, 1, 0, AHEAD_FROM - 1);
    assert_got(&m, "PUB p1.a 1\r\nx\r\nPUB p2.b 1\r\ny\r\n", "p1.a;p2.b;");
    many_close(&m);
}

static void one_place_alone_is_not_fetched(void **state)
{
    (void)state;
    struct many m;
    struct buf say = { 0 }, want = { 0 };
    many_open(&m, 1, 0, PLACES);
    for (uint32_t i = 0; i < 2 + AHEAD_REST; i++) {
        buf_printf(&say, "PUB p%u.a 0\r\n\r\n", i < AHEAD_REST ? 1 : i - AHEAD_REST + 2);
        buf_printf(&want, "p%u.a;", i < AHEAD_REST ? 1 : i - AHEAD_REST + 2);
    }
    assert_got(&m, buf_str(&say), buf_str(&want));
    buf_deinit(&say);
    buf_deinit(&want);
    many_close(&m);
}

static void one_that_lives_elsewhere_is_not_read(void **state)
{
    (void)state;
    struct many m;
    many_open(&m, 2, 1, PLACES);
    assert_got(&m, "PUB p1.a 1\r\nx\r\nPUB p2.b 1\r\ny\r\n", "p1.a;p2.b;");
    many_close(&m);
}

/* A publish that is refused ends nothing, one that closes the session ends all. */
static void each_is_still_judged_in_its_turn(void **state)
{
    (void)state;
    struct many m;
    many_open(&m, 1, 0, PLACES);
    assert_got(&m,
               "PUB p1.a 0\r\n\r\nPUB _GR_.x 0\r\n\r\nPUB p2.b 0\r\n\r\n"
               "PUB p3.c 0\r\nbad\r\nPUB p4.d 0\r\n\r\n",
               "p1.a!;p2.b!;");
    many_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stands_in_the_input_is_fetched_before_its_turn),
        cmocka_unit_test(others_are_neither_fetched_nor_lost),
        cmocka_unit_test(few_are_not_looked_at),
        cmocka_unit_test(one_place_alone_is_not_fetched),
        cmocka_unit_test(one_that_lives_elsewhere_is_not_read),
        cmocka_unit_test(each_is_still_judged_in_its_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
