/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/source_internal.h"

#include "stream/source_testing.h"

static void a_mirror_asks_its_origin_for_a_consumer(void **state)
{
    (void)state;
    struct origin *o = origin_new(1);
    streams_make(o->w, "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"},\"duplicate_window\":0}");
    assert_true(origin_asked(o));
    assert_string_equal(o->request, "$JS.API.CONSUMER.CREATE.O");
    assert_string_equal(o->header, "Nats-Required-Api-Level: 4");
    assert_non_null(strstr(o->body, "\"name\":\"JS_MIRROR_ih8eMwqr\",\"deliver_policy\":\"all\","
                                    "\"ack_policy\":\"none\",\"ack_wait\":79200000000000,"
                                    "\"max_deliver\":1"));
    assert_non_null(strstr(o->body, "\"direct\":true,\"sourcing\":true,\"metadata\":{"
                                    "\"_nats.mirror.acc\":\"$G\",\"_nats.mirror.stream\":\"M\"}"));
    assert_int_equal(strncmp(o->deliver, "$JS.M.", 6), 0);
    origin_free(o);
}

static void an_external_origin_is_asked_by_its_own_prefix(void **state)
{
    (void)state;
    struct origin *o = origin_new(1);
    streams_make(o->w, "{\"name\":\"M\",\"mirror\":{\"name\":\"O\",\"external\":{"
                       "\"api\":\"$JS.hub.API\",\"deliver\":\"to.me.\"}}}");
    assert_true(origin_asked(o));
    assert_string_equal(o->request, "$JS.hub.API.CONSUMER.CREATE.O");
    assert_int_equal(strncmp(o->deliver, "to.me.M.", 8), 0);
    origin_free(o);
}

static void less_is_asked_of_a_server_that_knows_less(void **state)
{
    static const char refusal[] = "{\"error\":{\"code\":412,\"err_code\":10185,"
                                  "\"description\":\"JetStream minimum api level required\"}}";
    (void)state;
    struct origin *o = origin_new(1);
    streams_make(o->w,
                 "{\"name\":\"M\",\"sources\":[{\"name\":\"O\",\"filter_subject\":\"a.>\"}]}");
    assert_true(origin_asked(o));
    assert_string_equal(o->request, "$JS.API.CONSUMER.CREATE.O.JS_SRC_3nPB4eeG.a.>");
    origin_answer(o, "", refusal);
    assert_true(origin_asked(o));
    assert_string_equal(o->header, "Nats-Required-Api-Level: 4");
    origin_answer(o, "", refusal);
    assert_true(origin_asked(o));
    assert_string_equal(o->header, "");
    assert_null(strstr(o->body, "sourcing"));
    assert_int_equal(strncmp(o->request, "$JS.API.CONSUMER.CREATE.O.JS_SRC_3nPB4eeG_", 42), 0);
    origin_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mirror_asks_its_origin_for_a_consumer),
        cmocka_unit_test(an_external_origin_is_asked_by_its_own_prefix),
        cmocka_unit_test(less_is_asked_of_a_server_that_knows_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
