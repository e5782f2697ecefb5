/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sim/codec.h"

static void each_operation_is_read_whole_and_only_when_it_is_whole(void **state)
{
    static const char *const whole[] = {
        "+OK\r\n",
        "PING\r\n",
        "PONG\r\n",
        "INFO {\"a\":1} \r\n",
        "-ERR 'no'\r\n",
        "MSG a.b 7 5\r\nhello\r\n",
        "MSG a 7 re.ply 0\r\n\r\n",
        "HMSG a 1 12 14\r\nNATS/1.0\r\n\r\nhi\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        uint32_t len = (uint32_t)strlen(whole[i]), used = 0;
        struct sim_op op;
        for (uint32_t cut = 0; cut < len; cut++)
            assert_int_equal(sim_codec_next(slice_of(whole[i], cut), &op, &used), SIM_PARSE_MORE);
        assert_int_equal(sim_codec_next(slice_str(whole[i]), &op, &used), SIM_PARSE_OP);
        assert_int_equal(used, len);
    }
}

static void a_message_shows_all_its_parts(void **state)
{
    uint32_t used = 0;
    struct sim_op op;
    (void)state;
    struct slice in = SLICE_LIT("HMSG a.b 12 re.ply 12 17\r\nNATS/1.0\r\n\r\nhello\r\nPING\r\n");
    assert_int_equal(sim_codec_next(in, &op, &used), SIM_PARSE_OP);
    assert_true(slice_equal_str(op.subject, "a.b"));
    assert_true(slice_equal_str(op.sid, "12"));
    assert_true(slice_equal_str(op.reply, "re.ply"));
    assert_true(slice_equal_str(op.headers, "NATS/1.0\r\n\r\n"));
    assert_true(slice_equal_str(op.payload, "hello"));
    assert_int_equal(in.len - used, 6);
}

static void what_a_server_must_not_write_is_refused(void **state)
{
    static const char *const bad[] = {
        "ping\r\n",
        "PING\n",
        "PING \r\n",
        "MSG a 1\r\n",
        "MSG a  1 0\r\n\r\n",
        "MSG a 1 x\r\n\r\n",
        "MSG a 1 0 \r\n\r\n",
        "MSG a 1 2\r\nabc\r\n",
        "HMSG a 1 5\r\nhello\r\n",
        "HMSG a 1 6 5\r\nhello\r\n",
        "-ERR no\r\n",
        "\r\n",
        "OK\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint32_t used = 0;
        struct sim_op op;
        assert_int_equal(sim_codec_next(slice_str(bad[i]), &op, &used), SIM_PARSE_BAD);
    }
}

static void clients_write_canonical_lines(void **state)
{
    struct buf b = { 0 };
    struct slice none = { 0 };
    (void)state;
    sim_codec_sub(&b, SLICE_LIT("a.*"), SLICE_LIT("q"), 3);
    sim_codec_unsub(&b, 3, 9);
    sim_codec_unsub(&b, 3, 0);
    sim_codec_pub(&b, SLICE_LIT("a"), none, none, SLICE_LIT("hi"));
    sim_codec_pub(&b, SLICE_LIT("a"), SLICE_LIT("r"), SLICE_LIT("H\r\n"), SLICE_LIT("hi"));
    assert_string_equal(buf_str(&b), "SUB a.* q 3\r\nUNSUB 3 9\r\nUNSUB 3\r\nPUB a 2\r\nhi\r\n"
                                     "HPUB a r 3 5\r\nH\r\nhi\r\n");
    buf_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_operation_is_read_whole_and_only_when_it_is_whole),
        cmocka_unit_test(a_message_shows_all_its_parts),
        cmocka_unit_test(what_a_server_must_not_write_is_refused),
        cmocka_unit_test(clients_write_canonical_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
