/* SPDX-License-Identifier: Apache-2.0 */
#include "core/session_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "core/core_fake.h"

enum { MANY = 1000 };

/* Sessions that nobody started: they have a number, and a reactor. */
struct some {
    struct reactor      reactor;
    struct core_reactor cr;
    struct session     *sessions;
};

static void some_new(struct some *s)
{
    *s = (struct some){ .reactor.id = 3 };
    s->cr.reactor = &s->reactor;
    s->sessions = xcalloc(MANY, sizeof *s->sessions);
    for (uint32_t i = 0; i < MANY; i++) {
        s->sessions[i].cid = 5 + 2 * (uint64_t)i;
        s->sessions[i].sink.reactor = s->reactor.id;
    }
}

static struct session *find(const struct some *s, uint64_t cid)
{
    return session_find(&s->cr, cid * REACTORS_MAX + s->reactor.id);
}

static void each_of_many_is_found_until_it_ends(void **state)
{
    (void)state;
    struct some s;
    some_new(&s);
    assert_null(find(&s, 5));
    for (uint32_t i = 0; i < MANY; i++) {
        session_index_add(&s.cr.index, &s.sessions[i]);
        assert_int_equal(session_index_check(&s.cr.index), i + 1);
        assert_ptr_equal(find(&s, s.sessions[i].cid), &s.sessions[i]);
        assert_null(find(&s, s.sessions[i].cid + 1));
    }
    for (uint32_t i = 0; i < MANY; i++) assert_ptr_equal(find(&s, 5 + 2 * i), &s.sessions[i]);
    for (uint32_t i = 0; i < MANY; i++) {
        uint32_t at = i * 7 % MANY;
        session_index_remove(&s.cr.index, &s.sessions[at]);
        assert_null(find(&s, s.sessions[at].cid));
        assert_int_equal(session_index_check(&s.cr.index), MANY - i - 1);
    }
    session_index_deinit(&s.cr.index);
    xfree(s.sessions);
}

static void the_table_shrinks_with_what_is_in_it(void **state)
{
    (void)state;
    struct some s;
    some_new(&s);
    for (uint32_t i = 0; i < MANY; i++) session_index_add(&s.cr.index, &s.sessions[i]);
    assert_true(s.cr.index.cap >= MANY);
    assert_true(s.cr.index.cap < 4 * MANY);
    for (uint32_t i = 1; i < MANY; i++) session_index_remove(&s.cr.index, &s.sessions[i]);
    assert_true(s.cr.index.cap <= 8);
    assert_ptr_equal(find(&s, 5), &s.sessions[0]);
    session_index_remove(&s.cr.index, &s.sessions[0]);
    session_index_deinit(&s.cr.index);
    assert_null(s.cr.index.at);
    xfree(s.sessions);
}

static void a_session_is_found_from_its_start_to_its_close(void **state)
{
    (void)state;
    struct world *w = world_new(2, NULL);
    struct core_reactor *cr = w->core->at[1];
    uint32_t c = world_client(w, 1);
    struct session *s = world_session(w, c);
    uint64_t origin = session_origin(s);
    assert_ptr_equal(session_find(cr, origin), s);
    assert_null(session_find(cr, origin + REACTORS_MAX));
    session_close(s, CLOSE_KICKED);
    assert_null(session_find(cr, origin));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_of_many_is_found_until_it_ends),
        cmocka_unit_test(the_table_shrinks_with_what_is_in_it),
        cmocka_unit_test(a_session_is_found_from_its_start_to_its_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
