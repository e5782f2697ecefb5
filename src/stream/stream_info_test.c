/* SPDX-License-Identifier: Apache-2.0 */
#include "json/gotime.h"
#include "stream/stream_testing.h"

static void removed(void *ctx, enum err e)
{
    (void)ctx;
    assert_int_equal(e, ERR_OK);
}

static void a_stream_that_was_never_used_is_empty(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a\"]}");
    AUTO_FREE(arena) arena = arena_new();
    struct stream_info info;
    const struct stream_details none = { 0 };
    stream_info_fill(s, &none, arena, &info);
    assert_int_equal(info.state.first_seq, 0);
    assert_int_equal(info.state.last_seq, 0);
    assert_int_equal(info.state.first_ts, GOTIME_ZERO);
    assert_int_equal(info.created, 1700000000 * SECOND);
    assert_string_equal(info.config.name, "S");
    assert_null(info.domain);
    assert_int_equal(info.state.num_deleted, 0);
    streams_world_free(w);
}

/* Streams of this world are in memory; what tells them apart is asked of the configuration. */
static void only_of_a_file_stream_that_was_never_used_is_nothing_deleted(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a\"]}");
    AUTO_FREE(arena) arena = arena_new();
    const struct stream_details d = { .deleted = true };
    struct stream_state st;
    stream_state_fill(s, &d, arena, &st);
    assert_int_equal(st.num_deleted, 0);
    enum js_storage storage = s->config.storage;
    s->config.storage = JS_STORAGE_FILE;
    stream_state_fill(s, &d, arena, &st);
    assert_int_equal(st.num_deleted, 1);
    assert_int_equal(st.deleted.count, 1);
    assert_int_equal(*(uint64_t *)st.deleted.items, 0);
    s->config.storage = storage;
    streams_world_free(w);
}

static void details_are_there_when_asked_for(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a.*\"]}");
    static const char *const subjects[] = { "a.2", "a.1", "a.3", "a.1" };
    for (size_t i = 0; i < ARRAY_COUNT(subjects); i++)
        (void)streams_publish(w, subjects[i], NULL, "x");
    assert_true(stream_remove(s, 2, true, removed, NULL));
    streams_run(w);
    AUTO_FREE(arena) arena = arena_new();
    struct js_paged paged;
    struct stream_state st;
    struct stream_details d = { .deleted = true, .subjects = ">", .offset = 1, .paged = &paged };
    stream_state_fill(s, &d, arena, &st);
    assert_int_equal(st.messages, 3);
    assert_int_equal(st.num_deleted, 1);
    assert_int_equal(st.deleted.count, 1);
    assert_int_equal(*(uint64_t *)st.deleted.items, 2);
    assert_int_equal(st.num_subjects, 3);
    assert_int_equal(st.subjects.count, 2);
    const struct json_count *counts = st.subjects.items;
    assert_string_equal(counts[0].key, "a.2");
    assert_int_equal(counts[0].value, 1);
    assert_string_equal(counts[1].key, "a.3");
    assert_int_equal(paged.total, 3);
    assert_int_equal(paged.offset, 1);
    assert_null(st.lost);
    d = (struct stream_details){ .subjects = "a.1" };
    stream_state_fill(s, &d, arena, &st);
    assert_int_equal(st.subjects.count, 1);
    assert_int_equal(st.deleted.count, 0);
    streams_world_free(w);
}

static void more_deleted_than_an_answer_holds_are_only_counted(void **state)
{
    (void)state;
    struct streams_world *w = streams_world_new(1);
    struct stream *s = streams_make(w, "{\"name\":\"S\",\"subjects\":[\"a\"]}");
    AUTO_FREE(arena) arena = arena_new();
    const struct stream_details d = { .deleted = true };
    struct stream_state st;
    (void)streams_publish(w, "a", NULL, "x");
    msgs_skip(s->msgs, INT64_C(1) << 62, 1700000001 * SECOND);
    stream_state_fill(s, &d, arena, &st);
    assert_int_equal(st.last_seq, INT64_C(1) << 62);
    assert_int_equal(st.num_deleted, (INT64_C(1) << 62) - 1);
    assert_int_equal(st.deleted.count, 0);
    streams_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_that_was_never_used_is_empty),
        cmocka_unit_test(only_of_a_file_stream_that_was_never_used_is_nothing_deleted),
        cmocka_unit_test(details_are_there_when_asked_for),
        cmocka_unit_test(more_deleted_than_an_answer_holds_are_only_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
