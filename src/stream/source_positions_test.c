/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/source_positions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void position_is(const struct source_positions *p, const char *name, uint64_t sequence,
                        const char *identity)
{
    const struct source_position *found = source_positions_find(p, slice_str(name));
    assert_non_null(found);
    assert_int_equal(found->sequence, sequence);
    assert_string_equal(found->identity, identity);
    source_positions_check(p);
}

static void stored_messages_move_the_position_of_their_source(void **state)
{
    struct source_positions p = { .at = NULL };
    (void)state;
    source_positions_note(&p, 1,
                          SLICE_LIT("NATS/1.0\r\nNats-Stream-Source: O 4 > > a id1\r\n\r\n"));
    position_is(&p, "O > >", 4, "id1");
    source_positions_note(&p, 1, SLICE_LIT("NATS/1.0\r\nNats-Stream-Source: O 9 x y a\r\n\r\n"));
    source_positions_note(&p, 1,
                          SLICE_LIT("NATS/1.0\r\nNats-Stream-Source: O 2 > > a id2\r\n\r\n"));
    position_is(&p, "O > >", 2, "id2"); /* made again */
    position_is(&p, "O x y", 9, "");
    assert_int_equal(p.count, 2);
    source_positions_note(&p, 1, SLICE_LIT("NATS/1.0\r\nA: b\r\n\r\n"));
    source_positions_note(&p, 1, SLICE_LIT("NATS/1.0\r\nNats-Stream-Source: junk\r\n\r\n"));
    source_positions_note(&p, 1, SLICE_LIT(""));
    assert_int_equal(p.count, 2);
    assert_null(source_positions_find(&p, SLICE_LIT("O x z")));
    source_positions_deinit(&p);
}

static void a_header_that_no_source_writes_changes_nothing(void **state)
{
    struct source_positions p = { .at = NULL };
    (void)state;
    static const struct slice headers[] = {
        SLICE_INIT("NATS/1.0\r\nNats-Stream-Source: O\0x 4 > > a id1\r\n\r\n"),
        SLICE_INIT("NATS/1.0\r\nNats-Stream-Source: O 4 >\0 > a id1\r\n\r\n"),
        SLICE_INIT("NATS/1.0\r\nNats-Stream-Source: O 4 > \0> a id1\r\n\r\n"),
        SLICE_INIT("NATS/1.0\r\nNats-Stream-Source: O 4 > > a i\0d\r\n\r\n"),
        SLICE_INIT("NATS/1.0\r\nNats-Stream-Source: O -4 > > a id1\r\n\r\n"),
    };
    for (size_t i = 0; i < ARRAY_COUNT(headers); i++) source_positions_note(&p, 1, headers[i]);
    assert_int_equal(p.count, 0);
    source_positions_check(&p);
    source_positions_deinit(&p);
}

static void the_sources_that_messages_name_are_bounded(void **state)
{
    struct source_positions p = { .at = NULL };
    struct buf header = { 0 };
    (void)state;
    for (int i = 0; i < 2 * SOURCE_POSITIONS_FORMER; i++) {
        header.len = 0;
        buf_printf(&header, "NATS/1.0\r\nNats-Stream-Source: O%d 4 > > a\r\n\r\n", i);
        source_positions_note(&p, 3, buf_slice(&header));
    }
    assert_int_equal(p.count, SOURCE_POSITIONS_FORMER + 3);
    source_positions_note(&p, 3, SLICE_LIT("NATS/1.0\r\nNats-Stream-Source: O7 9 > > a\r\n\r\n"));
    position_is(&p, "O7 > >", 9, ""); /* what is there goes on */
    buf_deinit(&header);
    source_positions_deinit(&p);
}

static void a_change_is_to_be_told(void **state)
{
    struct source_positions p = { .at = NULL };
    (void)state;
    source_positions_set(&p, SLICE_LIT("O > >"), 1, SLICE_LIT("an identity that is too long"));
    position_is(&p, "O > >", 1, "");
    p.at[0].is_told = true;
    source_positions_set(&p, SLICE_LIT("O > >"), 2, SLICE_LIT("12345678"));
    position_is(&p, "O > >", 2, "12345678");
    assert_false(p.at[0].is_told);
    source_positions_deinit(&p);
}

static void a_command_is_read_as_it_was_written(void **state)
{
    const struct source_command c = { 77, SLICE_LIT("O > >"), SLICE_LIT("12345678") };
    const struct source_command nothing = { 0, SLICE_LIT("O > >"), SLICE_LIT("") };
    struct source_command got;
    uint8_t bytes[64];
    (void)state;
    assert_int_equal(source_command_size(&c), 16 + 5 + 8);
    source_command_write(&c, bytes);
    assert_int_equal(source_command_read(slice_of(bytes, source_command_size(&c)), &got), ERR_OK);
    assert_int_equal(got.sequence, 77);
    assert_true(slice_equal_str(got.name, "O > >"));
    assert_true(slice_equal_str(got.identity, "12345678"));
    source_command_write(&nothing, bytes);
    assert_int_equal(source_command_read(slice_of(bytes, 16 + 5), &got), ERR_OK);
    assert_int_equal(got.sequence, 0);
    assert_int_equal(got.identity.len, 0);
}

static void what_no_encoder_wrote_is_corrupt(void **state)
{
    const struct source_command c = { 77, SLICE_LIT("O > >"), SLICE_LIT("12345678") };
    struct source_command got;
    uint8_t bytes[64];
    uint32_t size = source_command_size(&c);
    (void)state;
    source_command_write(&c, bytes);
    for (uint32_t len = 0; len < size; len++)
        assert_int_equal(source_command_read(slice_of(bytes, len), &got), ERR_CORRUPT);
    static const struct {
        uint32_t at;
        uint8_t value;
    } wrong[] = {
        { 0, 2 }, { 1, 9 }, { 1, 7 }, { 2, 1 }, { 3, 1 }, { 4, 0 }, { 4, 6 }, { 7, 255 }, { 17, 0 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        source_command_write(&c, bytes);
        bytes[wrong[i].at] = wrong[i].value;
        assert_int_equal(source_command_read(slice_of(bytes, size), &got), ERR_CORRUPT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stored_messages_move_the_position_of_their_source),
        cmocka_unit_test(a_header_that_no_source_writes_changes_nothing),
        cmocka_unit_test(the_sources_that_messages_name_are_bounded),
        cmocka_unit_test(a_change_is_to_be_told),
        cmocka_unit_test(a_command_is_read_as_it_was_written),
        cmocka_unit_test(what_no_encoder_wrote_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
