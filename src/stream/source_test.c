/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/source.h"

#include "stream/source_testing.h"

static void silence_makes_it_ask_again(void **state)
{
    (void)state;
    struct origin *o = origin_new(1);
    struct stream *m = streams_make(o->w, "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"},"
                                          "\"duplicate_window\":0}");
    origin_make(o, 0, "");
    streams_wait(o->w, 6 * SECOND);
    origin_beat(o, "");
    streams_wait(o->w, 6 * SECOND);
    assert_int_equal(only_source(m)->state, SOURCE_DRAWS);
    streams_wait(o->w, 5 * SECOND);
    streams_wait(o->w, SECOND);
    assert_true(origin_asked(o));
    origin_free(o);
}

static void sources_come_and_go_with_the_configuration(void **state)
{
    (void)state;
    struct origin *o = origin_new(1);
    struct stream *s = streams_make(o->w, "{\"name\":\"M\",\"sources\":[{\"name\":\"O\"}]}");
    origin_make(o, 0, "");
    origin_send(o, 1, "a");
    struct source *first = only_source(s);
    streams_make(o->w, "{\"name\":\"M\",\"sources\":[{\"name\":\"P\"},{\"name\":\"O\"}]}");
    assert_ptr_equal(container_of(s->sources->all.prev, struct source, node), first);
    char deliver[64];
    memcpy(deliver, o->deliver, sizeof deliver);
    assert_true(origin_asked(o));
    assert_string_equal(o->request, "$JS.API.CONSUMER.CREATE.P");
    memcpy(o->deliver, deliver, sizeof deliver);
    origin_send(o, 2, "b");
    assert_int_equal(streams_state(s).messages, 2);
    streams_make(o->w, "{\"name\":\"M\",\"sources\":[]}");
    origin_send(o, 3, "c");
    assert_int_equal(streams_state(s).messages, 2);
    assert_true(list_empty(&s->sources->all));
    /* named again, it goes on where it was */
    streams_make(o->w, "{\"name\":\"M\",\"sources\":[{\"name\":\"O\"}]}");
    assert_true(origin_asked(o));
    assert_non_null(strstr(o->body, "\"opt_start_seq\":3"));
    origin_free(o);
}

static void a_mirror_that_is_promoted_draws_no_more(void **state)
{
    (void)state;
    struct origin *o = origin_new(1);
    struct stream *m = streams_make(o->w, "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"},"
                                          "\"duplicate_window\":0}");
    origin_make(o, 0, "");
    origin_send(o, 5, "a");
    streams_make(o->w, "{\"name\":\"M\",\"subjects\":[\"M\"]}");
    origin_send(o, 6, "b");
    assert_string_equal(streams_publish(o->w, "M", NULL, "own"), "{\"stream\":\"M\",\"seq\":6}");
    assert_int_equal(streams_state(m).messages, 2);
    origin_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_makes_it_ask_again),
        cmocka_unit_test(sources_come_and_go_with_the_configuration),
        cmocka_unit_test(a_mirror_that_is_promoted_draws_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
