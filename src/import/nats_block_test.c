/* SPDX-License-Identifier: Apache-2.0 */
#include "import/nats_block.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "import/nats_block_testing.h"

static const char name[] = "T-1";

/* "SEQUENCE subject(header)payload", "SEQUENCE erased", "SEQUENCE tombstone", "damage at+len of
 * SEQUENCE", each with a blank behind it. */
static const char *tell(struct slice plain, struct buf *story)
{
    static const char *const kinds[] = { NULL, "erased", "tombstone" };
    struct nats_block b;
    struct nats_record r;
    struct nats_damage d;
    enum nats_block_verdict v;
    story->len = 0;
    nats_block_init(&b, plain, SLICE_LIT("T"), 1);
    while ((v = nats_block_next(&b, &r, &d)) != NATS_BLOCK_END) {
        if (v == NATS_BLOCK_DAMAGE)
            buf_printf(story, "damage %u+%u of %u ", d.offset, d.len, (unsigned)d.sequence);
        else if (r.kind != NATS_MESSAGE)
            buf_printf(story, "%u %s ", (unsigned)r.sequence, kinds[r.kind]);
        else
            buf_printf(story, "%u %.*s(%.*s)%.*s ", (unsigned)r.sequence, SLICE_ARGS(r.subject),
                       SLICE_ARGS(r.header), SLICE_ARGS(r.payload));
    }
    return buf_str(story);
}

static void a_block_that_nats_server_2_10_wrote_is_read(void **state)
{
    (void)state;
    /* stream T: t.a with a header, t.b erased, t.c, t.d empty, a tombstone */
    static const char bytes[] =
        "\x3c\x00\x00\x80\x01\x00\x00\x00\x00\x00\x00\x00\xd0\x2c\x2e\xf2\x18\x87\xec\x18\x03\x00"
        "t.a\x12\x00\x00\x00NATS/1.0\r\nA: b\r\n\r\nhello\xf8\x64\x62\xc9\x77\xd7\x1c\x6e"
        "\x26\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
        "\x9f\x2c\x82\x97\xdc\xf0\x25\x66\x2a\xf1\x7d\xca\xf7\x47\x2c\xcd"
        "\x24\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x20\xf3\xd6\xf5\x18\x87\xec\x18\x03\x00"
        "t.cbye\x18\xdd\x1d\x62\x7f\x0f\xf4\x8b"
        "\x21\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\xe2\x4c\x23\xf7\x18\x87\xec\x18\x03\x00"
        "t.d\x83\x1c\x6a\xbb\x11\x6e\xaf\x5f"
        "\x1e\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x40\xa6\x87\x0e\xf4\x18\x87\xec\x18\x00\x00"
        "\xb0\xb7\x2c\x35\x86\x1c\x69\x88";
    struct buf story = { 0 };
    assert_string_equal(tell(slice_of(bytes, sizeof bytes - 1), &story),
                        "1 t.a(NATS/1.0\r\nA: b\r\n\r\n)hello 2 erased 3 t.c()bye 4 t.d() "
                        "2 tombstone ");
    buf_deinit(&story);
}

static void a_record_has_its_time_and_what_it_counts(void **state)
{
    (void)state;
    struct buf b = { 0 };
    struct nats_block block;
    struct nats_record r;
    struct nats_damage d;
    nats_message_add(&b, name, 7, "abc");
    nats_block_init(&block, buf_slice(&b), SLICE_LIT("T"), 1);
    assert_int_equal(nats_block_next(&block, &r, &d), NATS_BLOCK_RECORD);
    assert_int_equal(r.time, 7 * SECOND);
    assert_int_equal(r.size, 30 + 3 + 3);
    assert_int_equal(nats_block_next(&block, &r, &d), NATS_BLOCK_END);
    assert_int_equal(nats_block_next(&block, &r, &d), NATS_BLOCK_END);
    buf_deinit(&b);
}

static void the_block_of_another_stream_or_number_is_damage(void **state)
{
    (void)state;
    struct buf b = { 0 }, story = { 0 };
    nats_message_add(&b, "T-2", 7, "abc");
    assert_string_equal(tell(buf_slice(&b), &story), "damage 0+36 of 7 ");
    buf_deinit(&b);
    buf_deinit(&story);
}

/* Three messages of 33 + 3 + … bytes; `offset` gets another bit. */
static void make_three(struct buf *out, uint32_t flip)
{
    out->len = 0;
    nats_message_add(out, name, 7, "abc");
    nats_message_add(out, name, 8, "defg");
    nats_message_add(out, name, 9, "hi");
    assert_int_equal(out->len, 36 + 37 + 35);
    if (flip < out->len) out->ptr[flip] ^= 0x10;
}

static void a_flipped_bit_costs_one_record_and_is_told(void **state)
{
    (void)state;
    struct buf b = { 0 }, story = { 0 };
    for (uint32_t at = 36; at < 36 + 37; at++) {
        make_three(&b, at);
        const char *s = tell(buf_slice(&b), &story);
        assert_memory_equal(s, "7 t.7()abc damage 36+37 of ", 27);
        assert_non_null(strstr(s, " 9 t.9()hi "));
    }
    make_three(&b, 36 + NATS_RECORD_HEAD);
    assert_string_equal(tell(buf_slice(&b), &story), "7 t.7()abc damage 36+37 of 8 9 t.9()hi ");
    buf_deinit(&b);
    buf_deinit(&story);
}

static void damage_at_either_end_is_told(void **state)
{
    (void)state;
    struct buf b = { 0 }, story = { 0 };
    make_three(&b, 0);
    assert_string_equal(tell(buf_slice(&b), &story), "damage 0+36 of 7 8 t.8()defg 9 t.9()hi ");
    make_three(&b, 36 + 37 + 34);
    assert_string_equal(tell(buf_slice(&b), &story), "7 t.7()abc 8 t.8()defg damage 73+35 of 9 ");
    make_three(&b, UINT32_MAX);
    for (uint32_t cut = 74; cut < b.len; cut++)
        assert_memory_equal(tell(slice_first(buf_slice(&b), cut), &story),
                            "7 t.7()abc 8 t.8()defg damage 73+", 33);
    buf_deinit(&b);
    buf_deinit(&story);
}

static bool begins_whole(struct slice bytes, const char *stream)
{
    struct nats_block b;
    nats_block_init(&b, bytes, slice_str(stream), 1);
    return nats_block_begins_whole(&b);
}

static void whether_it_begins_with_a_record_is_seen_without_a_search(void **state)
{
    (void)state;
    struct buf b = { 0 };
    make_three(&b, UINT32_MAX);
    assert_true(begins_whole(buf_slice(&b), "T"));
    assert_false(begins_whole(buf_slice(&b), "U"));
    assert_false(begins_whole(slice_from(buf_slice(&b), 1), "T"));
    assert_false(begins_whole(slice_first(buf_slice(&b), 35), "T"));
    assert_false(begins_whole(slice_first(buf_slice(&b), 0), "T"));
    b.ptr[b.len - 1] ^= 1;
    assert_true(begins_whole(buf_slice(&b), "T"));
    b.ptr[13] ^= 1;
    assert_false(begins_whole(buf_slice(&b), "T"));
    buf_deinit(&b);
}

static void a_wrong_header_length_which_no_sum_covers_is_damage(void **state)
{
    (void)state;
    struct buf b = { 0 }, story = { 0 };
    nats_record_add(&b, name,
                    &(struct nats_record){ .sequence = 7,
                                           .subject = SLICE_LIT("t"),
                                           .header = SLICE_LIT("NATS/1.0\r\n\r\n"),
                                           .payload = SLICE_LIT("x") });
    b.ptr[NATS_RECORD_HEAD + 1 + 1] = 1;
    nats_message_add(&b, name, 8, "y");
    assert_string_equal(tell(buf_slice(&b), &story), "damage 0+48 of 7 8 t.8()y ");
    buf_deinit(&b);
    buf_deinit(&story);
}

static void nonsense_of_every_length_ends(void **state)
{
    (void)state;
    uint8_t bytes[300];
    struct buf story = { 0 };
    for (uint32_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7);
    assert_string_equal(tell((struct slice){ 0 }, &story), "");
    for (uint32_t len = 1; len <= sizeof bytes; len++)
        assert_memory_equal(tell(slice_of(bytes, len), &story), "damage 0+", 9);
    buf_deinit(&story);
}

static void a_compressed_block_is_the_same_block(void **state)
{
    (void)state;
    struct buf b = { 0 }, packed = { 0 }, room = { 0 }, story = { 0 };
    struct slice plain;
    make_three(&b, UINT32_MAX);
    nats_block_compress(buf_slice(&b), &packed);
    assert_int_equal(nats_block_plain(buf_slice(&packed), &room, &plain), ERR_OK);
    assert_true(slice_equal(plain, buf_slice(&b)));
    assert_int_equal(nats_block_plain(buf_slice(&b), &room, &plain), ERR_OK);
    assert_ptr_equal(plain.ptr, b.ptr);
    buf_deinit(&b);
    buf_deinit(&packed);
    buf_deinit(&room);
    buf_deinit(&story);
}

static void a_compressed_block_that_was_cut_or_changed_is_corrupt(void **state)
{
    (void)state;
    struct buf b = { 0 }, packed = { 0 }, room = { 0 };
    struct slice plain;
    make_three(&b, UINT32_MAX);
    nats_block_compress(buf_slice(&b), &packed);
    for (uint32_t len = 5; len < packed.len; len++)
        assert_int_equal(nats_block_plain(slice_first(buf_slice(&packed), len), &room, &plain),
                         ERR_CORRUPT);
    packed.ptr[3] = 2;
    assert_int_equal(nats_block_plain(buf_slice(&packed), &room, &plain), ERR_CORRUPT);
    packed.ptr[3] = 0;
    assert_int_equal(nats_block_plain(buf_slice(&packed), &room, &plain), ERR_OK);
    assert_int_equal(plain.len, packed.len - 5);
    buf_deinit(&b);
    buf_deinit(&packed);
    buf_deinit(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_that_nats_server_2_10_wrote_is_read),
        cmocka_unit_test(a_record_has_its_time_and_what_it_counts),
        cmocka_unit_test(the_block_of_another_stream_or_number_is_damage),
        cmocka_unit_test(a_flipped_bit_costs_one_record_and_is_told),
        cmocka_unit_test(damage_at_either_end_is_told),
        cmocka_unit_test(whether_it_begins_with_a_record_is_seen_without_a_search),
        cmocka_unit_test(a_wrong_header_length_which_no_sum_covers_is_damage),
        cmocka_unit_test(nonsense_of_every_length_ends),
        cmocka_unit_test(a_compressed_block_is_the_same_block),
        cmocka_unit_test(a_compressed_block_that_was_cut_or_changed_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
