/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies are what was written, and nothing else is taken for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream/command_consumer.h"

static const struct consumer_command sample = {
    .id = 7,
    .created = 1700000000000000001,
    .start = 41,
    .list_end = 99,
    .name = SLICE_INIT("orders"),
    .config = SLICE_INIT("{\"a\":1}"),
};

static void a_consumer_is_read_as_it_was_written(void **state)
{
    (void)state;
    uint8_t bytes[128];
    struct consumer_command c;
    uint32_t size = consumer_command_size(&sample);
    assert_true(size <= sizeof bytes);
    consumer_command_write(&sample, bytes);
    assert_int_equal(consumer_command_read(slice_of(bytes, size), &c), ERR_OK);
    assert_int_equal(c.id, sample.id);
    assert_int_equal(c.created, sample.created);
    assert_int_equal(c.start, sample.start);
    assert_int_equal(c.list_end, sample.list_end);
    assert_true(slice_equal(c.name, sample.name));
    assert_true(slice_equal(c.config, sample.config));
}

static void a_consumer_that_nobody_wrote_is_corrupt(void **state)
{
    (void)state;
    static const struct {
        uint32_t at;
        uint8_t  value;
    } rows[] = {
        { 0, 2 }, { 1, 1 }, { 2, 5 }, { 4, 9 }, { 8, 0 }, { 31, 0x80 }, { 39, 0x80 },
    };
    uint8_t bytes[128];
    struct consumer_command c;
    uint32_t size = consumer_command_size(&sample);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        consumer_command_write(&sample, bytes);
        bytes[rows[i].at] = rows[i].value;
        assert_int_equal(consumer_command_read(slice_of(bytes, size), &c), ERR_CORRUPT);
    }
    consumer_command_write(&sample, bytes);
    for (uint32_t len = 0; len < size; len++)
        assert_int_equal(consumer_command_read(slice_of(bytes, len), &c), ERR_CORRUPT);
}

static void an_end_names_its_consumer(void **state)
{
    (void)state;
    uint8_t bytes[CONSUMER_GONE_SIZE];
    uint64_t id = 0;
    consumer_gone_write(UINT64_C(1) << 40, bytes);
    assert_int_equal(consumer_gone_read(slice_of(bytes, sizeof bytes), &id), ERR_OK);
    assert_int_equal(id, UINT64_C(1) << 40);
    for (uint32_t at = 0; at < sizeof bytes; at++) {
        consumer_gone_write(1, bytes);
        bytes[at] = at == 8 ? 0 : bytes[at] ^ 4;
        enum err want = at > 8 ? ERR_OK : ERR_CORRUPT;
        assert_int_equal(consumer_gone_read(slice_of(bytes, sizeof bytes), &id), want);
    }
    consumer_gone_write(1, bytes);
    assert_int_equal(consumer_gone_read(slice_of(bytes, sizeof bytes - 1), &id), ERR_CORRUPT);
}

static void progress_comes_in_runs(void **state)
{
    (void)state;
    const struct acks_command first = { .kind = ACKS_ACK, .stream_seq = 5 };
    const struct acks_command second = { .kind = ACKS_EXHAUST, .stream_seq = 6 };
    struct buf body = { .ptr = NULL };
    struct acks_command got;
    struct slice in, commands;
    uint64_t id;
    progress_begin(&body);
    uint32_t run = progress_run_begin(&body, 3);
    acks_command_encode(&first, &body);
    acks_command_encode(&second, &body);
    progress_run_end(&body, run);
    run = progress_run_begin(&body, 4);
    acks_command_encode(&first, &body);
    progress_run_end(&body, run);
    in = buf_slice(&body);
    assert_int_equal(progress_open(&in), ERR_OK);
    assert_int_equal(progress_next(&in, &id, &commands), ERR_OK);
    assert_int_equal(id, 3);
    assert_int_equal(acks_command_take(&commands, &got), ERR_OK);
    assert_int_equal(got.kind, ACKS_ACK);
    assert_int_equal(acks_command_take(&commands, &got), ERR_OK);
    assert_int_equal(got.stream_seq, 6);
    assert_int_equal(commands.len, 0);
    assert_int_equal(progress_next(&in, &id, &commands), ERR_OK);
    assert_int_equal(id, 4);
    assert_int_equal(progress_next(&in, &id, &commands), ERR_NOTFOUND);
    buf_deinit(&body);
}

static void cut_progress_is_corrupt(void **state)
{
    (void)state;
    const struct acks_command one = { .kind = ACKS_ACK, .stream_seq = 5 };
    struct buf body = { .ptr = NULL };
    struct slice commands;
    uint64_t id;
    progress_begin(&body);
    uint32_t run = progress_run_begin(&body, 3);
    acks_command_encode(&one, &body);
    progress_run_end(&body, run);
    for (uint32_t len = 2; len < body.len; len++) {
        struct slice in = slice_of(body.ptr, len);
        assert_int_equal(progress_open(&in), ERR_OK);
        assert_int_equal(progress_next(&in, &id, &commands), ERR_CORRUPT);
    }
    struct slice none = slice_of(body.ptr, 0);
    assert_int_equal(progress_open(&none), ERR_CORRUPT);
    body.ptr[0] = 9;
    struct slice other = buf_slice(&body);
    assert_int_equal(progress_open(&other), ERR_CORRUPT);
    buf_deinit(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_consumer_is_read_as_it_was_written),
        cmocka_unit_test(a_consumer_that_nobody_wrote_is_corrupt),
        cmocka_unit_test(an_end_names_its_consumer),
        cmocka_unit_test(progress_comes_in_runs),
        cmocka_unit_test(cut_progress_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
