/* SPDX-License-Identifier: Apache-2.0 */
#include "import/nats_meta.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* Both were written by nats-server 2.10. */
static const char stream_meta[] =
    "{\"Created\":\"2026-11-29T13:28:12.578836121Z\",\"name\":\"T\",\"subjects\":[\"t.\\u003e\"],"
    "\"retention\":\"limits\",\"max_consumers\":-1,\"max_msgs\":-1,\"max_bytes\":-1,\"max_age\":0,"
    "\"max_msgs_per_subject\":-1,\"max_msg_size\":-1,\"discard\":\"old\",\"storage\":\"file\","
    "\"num_replicas\":1,\"duplicate_window\":120000000000,\"compression\":\"none\","
    "\"allow_direct\":true,\"mirror_direct\":false,\"sealed\":false,\"deny_delete\":false,"
    "\"deny_purge\":false,\"allow_rollup_hdrs\":false,\"consumer_limits\":{}}";
static const char consumer_meta[] =
    "{\"Created\":\"2026-11-29T13:28:12.772482772Z\",\"Name\":\"C\",\"durable_name\":\"C\","
    "\"name\":\"C\",\"deliver_policy\":\"all\",\"ack_policy\":\"explicit\","
    "\"ack_wait\":30000000000,\"max_deliver\":-1,\"replay_policy\":\"instant\","
    "\"max_waiting\":512,\"max_ack_pending\":1000,\"num_replicas\":0}";

static void checksums_that_nats_server_wrote_fit(void **state)
{
    (void)state;
    struct slice stream = slice_str(stream_meta), consumer = slice_str(consumer_meta);
    assert_true(nats_meta_sum_fits(stream, SLICE_LIT("T"), SLICE_LIT("365ac19764d03061")));
    assert_true(nats_meta_sum_fits(consumer, SLICE_LIT("T/C"), SLICE_LIT("8088c4fcf1c799ed")));
    assert_false(nats_meta_sum_fits(stream, SLICE_LIT("U"), SLICE_LIT("365ac19764d03061")));
    assert_false(nats_meta_sum_fits(consumer, SLICE_LIT("T"), SLICE_LIT("8088c4fcf1c799ed")));
    assert_false(nats_meta_sum_fits(stream, SLICE_LIT("T"), SLICE_LIT("")));
    assert_false(nats_meta_sum_fits(slice_first(stream, stream.len - 1), SLICE_LIT("T"),
                                    SLICE_LIT("365ac19764d03061")));
}

static nanos created(const char *json)
{
    nanos at = -1;
    assert_int_equal(nats_meta_created(slice_str(json), &at), ERR_OK);
    return at;
}

static void the_time_of_creation_is_read(void **state)
{
    (void)state;
    nanos at;
    assert_int_equal(created(stream_meta), INT64_C(1795958892578836121));
    assert_int_equal(created("{\"name\":\"T\"}"), 0);
    assert_int_equal(created("{\"Created\":\"0001-01-01T00:00:00Z\"}"), 0);
    assert_int_equal(created("{\"Created\":\"tomorrow\"}"), 0);
    assert_int_equal(created("{\"Created\":7}"), 0);
    assert_int_equal(nats_meta_created(SLICE_LIT("[]"), &at), ERR_INVALID);
    assert_int_equal(nats_meta_created(SLICE_LIT("{\"Created\""), &at), ERR_INVALID);
}

/* sources "S > >" at 300 with an identity and "T" at 5 without, valid below 9 */
static const char sources[] = "\x01\x02\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0\x05S > >\xac\x02\x04id12"
                              "\x01T\x05\x00";

static void positions_of_sources_are_read(void **state)
{
    (void)state;
    struct nats_sources s;
    struct nats_source one;
    assert_int_equal(nats_sources_init(&s, slice_of(sources, sizeof sources - 1)), ERR_OK);
    assert_int_equal(s.upto, 9);
    assert_int_equal(nats_sources_next(&s, &one), ERR_OK);
    assert_true(slice_equal_str(one.name, "S > >"));
    assert_true(slice_equal_str(one.identity, "id12"));
    assert_int_equal(one.sequence, 300);
    assert_int_equal(nats_sources_next(&s, &one), ERR_OK);
    assert_true(slice_equal_str(one.name, "T"));
    assert_int_equal(one.identity.len, 0);
    assert_int_equal(nats_sources_next(&s, &one), ERR_NOTFOUND);
}

static void positions_that_were_cut_are_corrupt(void **state)
{
    (void)state;
    for (uint32_t len = 0; len < sizeof sources - 1; len++) {
        struct nats_sources s;
        struct nats_source one;
        enum err e = nats_sources_init(&s, slice_of(sources, len));
        while (e == ERR_OK) e = nats_sources_next(&s, &one);
        assert_int_equal(e, ERR_CORRUPT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums_that_nats_server_wrote_fit),
        cmocka_unit_test(the_time_of_creation_is_read),
        cmocka_unit_test(positions_of_sources_are_read),
        cmocka_unit_test(positions_that_were_cut_are_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
