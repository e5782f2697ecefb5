/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/stream_testing.h"

struct done {
    uint32_t calls;
    enum err e;
    uint64_t count;
};

static void removed(void *ctx, enum err e)
{
    struct done *d = ctx;
    d->calls++;
    d->e = e;
}

static void purged(void *ctx, enum err e, uint64_t count)
{
    struct done *d = ctx;
    d->calls++;
    d->e = e;
    d->count = count;
}

static struct stream *filled(struct streams_world *w, const char *more)
{
    char json[256];
    snprintf(json, sizeof json, "{\"name\":\"S\",\"subjects\":[\"a.>\"]%s}", more);
    struct stream *s = streams_make(w, json);
    s->consumers->wants = true;
    for (int i = 0; i < 3; i++) {
        (void)streams_publish(w, "a.1", NULL, "x");
        (void)streams_publish(w, "a.2", NULL, "x");
    }
    return s;
}

static void a_removed_message_is_gone_when_it_is_told(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = filled(w, "");
    struct done done = { 0 };
    assert_false(stream_remove(s, 99, false, removed, &done));
    assert_true(stream_remove(s, 2, false, removed, &done));
    assert_true(stream_remove(s, 3, true, removed, &done));
    assert_int_equal(done.calls, 0);
    assert_true(msgs_has(s->msgs, 2));
    streams_run(w);
    assert_int_equal(done.calls, 2);
    assert_int_equal(done.e, ERR_OK);
    assert_false(msgs_has(s->msgs, 2));
    assert_false(msgs_has(s->msgs, 3));
    assert_int_equal(s->consumers->removed, 2);
    assert_int_equal(w->account.memory_used, streams_state(s).bytes);
    streams_world_free(w);
}

static void a_message_that_two_remove_is_not_there_for_the_second(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = filled(w, "");
    struct done first = { 0 }, second = { 0 };
    assert_true(stream_remove(s, 2, false, removed, &first));
    assert_true(stream_remove(s, 2, false, removed, &second));
    streams_run(w);
    assert_int_equal(first.e, ERR_OK);
    assert_int_equal(second.calls, 1);
    assert_int_equal(second.e, ERR_NOTFOUND);
    streams_world_free(w);
}

static void a_purge_tells_how_many_went(void **state)
{
    (void)state;
    static const struct {
        struct stream_purge purge;
        uint64_t count, first, last;
    } cases[] = {
        { { .keep = 0 }, 6, 7, 6 },
        { { .keep = 2 }, 4, 5, 6 },
        { { .below = 3 }, 2, 3, 6 },
        { { .below = 50 }, 6, 50, 49 },
        { { .filter = SLICE_INIT("a.1") }, 3, 2, 6 },
        { { .filter = SLICE_INIT("a.1"), .keep = 1 }, 2, 2, 6 },
        { { .filter = SLICE_INIT("a.*"), .below = 2 }, 1, 2, 6 },
        { { .filter = SLICE_INIT("b") }, 0, 1, 6 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct streams_world *w = streams_world_new(1);
        struct stream *s = filled(w, "");
        struct done done = { 0 };
        stream_purge(s, &cases[i].purge, purged, &done);
        assert_int_equal(done.calls, 0);
        streams_run(w);
        assert_int_equal(done.calls, 1);
        assert_int_equal(done.count, cases[i].count);
        assert_int_equal(streams_state(s).first_sequence, cases[i].first);
        assert_int_equal(streams_state(s).last_sequence, cases[i].last);
        assert_int_equal(s->consumers->purged, cases[i].count > 0);
        streams_world_free(w);
    }
}

static void a_purge_beyond_the_end_moves_it_for_those_behind(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = filled(w, "");
    const struct stream_purge purge = { .below = 50 };
    struct done done = { 0 };
    stream_purge(s, &purge, purged, &done);
    assert_string_equal(streams_publish(w, "a.1", NULL, "x"), "{\"stream\":\"S\",\"seq\":50}");
    assert_int_equal(done.count, 6);
    streams_world_free(w);
}

static void with_interest_retention_what_nobody_needs_goes_at_once(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = filled(w, "");
    s->consumers->needs_from = 5;
    streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a.>\"],\"retention\":\"interest\"}");
    assert_int_equal(streams_state(s).messages, 2);
    assert_int_equal(w->account.memory_used, streams_state(s).bytes);
    streams_world_free(w);
}

static void what_nobody_needs_goes(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = filled(w, ",\"retention\":\"interest\"");
    s->consumers->needs_from = 3;
    stream_unneeded(s, 1, 2);
    stream_unneeded(s, 3, 3);
    stream_unneeded(s, 6, 9);
    assert_int_equal(streams_state(s).messages, 6);
    streams_run(w);
    assert_int_equal(streams_state(s).messages, 4);
    assert_int_equal(streams_state(s).first_sequence, 3);
    streams_world_free(w);
}

/* More than a turn looks at. */
static void many_go_in_several_turns(void **state)
{
    enum { MANY = 40000 };
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = filled(w, ",\"retention\":\"interest\"");
    struct buf many = { 0 };
    for (uint32_t i = 0; i < MANY; i++) buf_add_str(&many, "PUB a.1 0\r\n\r\n");
    (void)streams_say(w, buf_str(&many));
    buf_deinit(&many);
    assert_int_equal(streams_state(s).messages, MANY + 6);
    s->consumers->needs_from = MANY;
    uint64_t runs = s->consumers->runs;
    stream_unneeded(s, 1, MANY + 6);
    streams_run(w);
    assert_int_equal(streams_state(s).messages, 7);
    assert_int_equal(streams_state(s).first_sequence, MANY);
    assert_true(s->consumers->runs >= runs + 3);
    streams_world_free(w);
}

static void with_limits_retention_everything_stays(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = filled(w, "");
    s->consumers->needs_from = 9;
    stream_unneeded(s, 1, 6);
    streams_run(w);
    assert_int_equal(streams_state(s).messages, 6);
    streams_world_free(w);
}

static void who_waits_for_a_failed_stream_is_told(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = filled(w, "");
    struct done done = { 0 };
    stream_fail(s, ERR_IO);
    const struct stream_purge all = { 0 };
    stream_purge(s, &all, purged, &done);
    assert_int_equal(done.calls, 1);
    assert_int_not_equal(done.e, ERR_OK);
    assert_true(stream_remove(s, 2, false, removed, &done));
    assert_int_equal(done.calls, 2);
    streams_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_removed_message_is_gone_when_it_is_told),
        cmocka_unit_test(a_message_that_two_remove_is_not_there_for_the_second),
        cmocka_unit_test(a_purge_tells_how_many_went),
        cmocka_unit_test(a_purge_beyond_the_end_moves_it_for_those_behind),
        cmocka_unit_test(with_interest_retention_what_nobody_needs_goes_at_once),
        cmocka_unit_test(what_nobody_needs_goes),
        cmocka_unit_test(many_go_in_several_turns),
        cmocka_unit_test(with_limits_retention_everything_stays),
        cmocka_unit_test(who_waits_for_a_failed_stream_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
