/* SPDX-License-Identifier: Apache-2.0 */
#include "import/nats_consumer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"

/* "floor C/S delivered C/S; pending S:C@seconds …; again S*N …" */
static const char *tell(const char *bytes, uint32_t len, struct buf *story)
{
    struct nats_consumer n;
    story->len = 0;
    if (nats_consumer_read(slice_of(bytes, len), &n) != ERR_OK) return "corrupt";
    buf_printf(story, "floor %u/%u delivered %u/%u; pending", (unsigned)n.floor.consumer,
               (unsigned)n.floor.stream, (unsigned)n.delivered.consumer,
               (unsigned)n.delivered.stream);
    for (uint32_t i = 0; i < n.pending_count; i++)
        buf_printf(story, " %u:%u@%lld", (unsigned)n.pending[i].stream,
                   (unsigned)n.pending[i].consumer, (long long)(n.pending[i].time / SECOND));
    buf_add_str(story, "; again");
    for (uint32_t i = 0; i < n.redelivered_count; i++)
        buf_printf(story, " %u*%u", (unsigned)n.redelivered[i].stream,
                   (unsigned)n.redelivered[i].count);
    nats_consumer_deinit(&n);
    return buf_str(story);
}

#define TELL(text) tell(text, sizeof text - 1, &story)

static void a_state_that_nats_server_2_10_wrote_is_read(void **state)
{
    (void)state;
    struct buf story = { 0 };
    assert_string_equal(TELL("\x16\x02\x00\x00\x02\x03\x02\xda\xa1\xe1\xb0\x0d\x01\x01\x02\x03"
                             "\x02\x02\x00"),
                        "floor 0/0 delivered 2/3; pending 1:1@1795958892 3:2@1795958892; again");
    buf_deinit(&story);
}

static void pending_and_redelivered_count_from_the_floor(void **state)
{
    (void)state;
    struct buf story = { 0 };
    assert_string_equal(
        TELL("\x16\x02\x0a\x14\x10\x1e\x01\xc8\x01\x03\x02\x0a\x02\x03\x01\x05\x02"),
        "floor 10/20 delivered 16/30; pending 23:12@95; again 23*1 25*2");
    /* zeros among the redelivered ones say nothing */
    assert_string_equal(TELL("\x16\x02\x0a\x14\x10\x1e\x00\x02\x03\x00\x05\x02"),
                        "floor 10/20 delivered 16/30; pending; again 25*2");
    buf_deinit(&story);
}

static void version_1_counts_what_was_delivered_from_the_floor(void **state)
{
    (void)state;
    struct buf story = { 0 };
    assert_string_equal(TELL("\x16\x01\x0a\x14\x03\x04\x01\xc8\x01\x03\x0a\x00"),
                        "floor 10/20 delivered 12/23; pending 23:0@105; again");
    assert_string_equal(TELL("\x16\x01\x00\x00\x03\x04\x00\x00"),
                        "floor 0/0 delivered 3/4; pending; again");
    buf_deinit(&story);
}

static void what_was_cut_or_makes_no_sense_is_corrupt(void **state)
{
    (void)state;
    static const char whole[] =
        "\x16\x02\x0a\x14\x10\x1e\x01\xc8\x01\x03\x02\x0a\x02\x03\x01\x05\x02";
    struct buf story = { 0 };
    for (uint32_t len = 0; len < sizeof whole - 1; len++)
        assert_string_equal(tell(whole, len, &story), "corrupt");
    static const char *const bad[] = {
        "\x15\x02\x01\x01\x01\x01\x00\x00",
        "\x16\x03\x01\x01\x01\x01\x00\x00",
        /* sequences of 64 bits; more pending ones than bytes; a time before 1970 */
        "\x16\x02\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01\x01\x00\x00",
        "\x16\x02\x01\x01\x01\x01\x7f\x02\x01\x01\x01",
        "\x16\x02\x01\x01\x05\x05\x01\x03\x01\x01\x01\x00",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_string_equal(tell(bad[i], (uint32_t)strlen(bad[i]) + 2, &story), "corrupt");
    buf_deinit(&story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_that_nats_server_2_10_wrote_is_read),
        cmocka_unit_test(pending_and_redelivered_count_from_the_floor),
        cmocka_unit_test(version_1_counts_what_was_delivered_from_the_floor),
        cmocka_unit_test(what_was_cut_or_makes_no_sense_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
