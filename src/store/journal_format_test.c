/* SPDX-License-Identifier: Apache-2.0 */
#include "store/journal_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/rng.h"

enum { STORE_ID = 0x5eed, BODY_MAX = 4096 };

struct batch_bytes {
    struct journal_head h;
    uint8_t             bytes[HEAD_SIZE + 3 * RANGE_SIZE + BODY_MAX];
    uint32_t            head_len;
};

static uint32_t put_record(uint8_t *at, uint64_t owner, uint64_t sequence, const char *text)
{
    const struct journal_record r = { owner, sequence, 7, slice_str(text) };
    journal_record_encode(&r, at);
    memcpy(at + RECORD_SIZE, text, r.body.len);
    return RECORD_SIZE + r.body.len;
}

/* Three records of two owners. */
static void make(struct batch_bytes *b)
{
    *b = (struct batch_bytes){ .h = { .store_id = STORE_ID,
                                      .generation = 3,
                                      .segment = 9,
                                      .ranges = 2,
                                      .offset = 1024,
                                      .pos = 77,
                                      .before = 75,
                                      .link_before = 5,
                                      .durable = 75,
                                      .records = 3 } };
    b->head_len = journal_head_len(b->h.ranges);
    uint8_t *body = b->bytes + b->head_len;
    uint32_t len = put_record(body, 1, 10, "hello");
    len += put_record(body + len, 2, 0, "");
    len += put_record(body + len, 1, 11, "a longer one, of more bytes than a head has");
    b->h.body_len = len;
    le_put_u64(b->bytes + HEAD_SIZE + RANGE_OWNER, 1);
    le_put_u64(b->bytes + HEAD_SIZE + RANGE_FIRST, 10);
    le_put_u64(b->bytes + HEAD_SIZE + RANGE_LAST, 11);
    le_put_u64(b->bytes + HEAD_SIZE + RANGE_SIZE + RANGE_OWNER, 2);
    journal_head_encode(&b->h, b->bytes);
    journal_head_finish(b->bytes, journal_body_finish(body, len, journal_body_seed(&b->h)));
}

static enum journal_verdict decode(const struct batch_bytes *b, struct journal_head *ret)
{
    uint32_t need = 0;
    return journal_head_decode(slice_of(b->bytes, sizeof b->bytes), STORE_ID, ret, &need);
}

static bool is_good(const struct batch_bytes *b)
{
    struct journal_head h = { 0 };
    if (decode(b, &h) != JOURNAL_HEAD) return false;
    return journal_body_check(&h, slice_of(b->bytes + journal_head_len(h.ranges), h.body_len));
}

static void a_batch_comes_back_as_it_was_written(void **state)
{
    (void)state;
    struct batch_bytes b;
    struct journal_head h = { 0 };
    make(&b);
    assert_int_equal(decode(&b, &h), JOURNAL_HEAD);
    uint8_t again[HEAD_SIZE + 2 * RANGE_SIZE];
    memcpy(again, b.bytes, sizeof again);
    journal_head_encode(&h, again);
    journal_head_finish(again, h.body_sum);
    assert_memory_equal(again, b.bytes, sizeof again);
    assert_int_equal(h.pos, 77);
    assert_int_equal(h.durable, 75);
    assert_int_equal(h.segment, 9);
    assert_int_equal(h.offset, 1024);
    assert_true(is_good(&b));
    struct journal_range r = journal_range_get(b.bytes, 0);
    assert_int_equal(r.owner, 1);
    assert_int_equal(r.first_sequence, 10);
    assert_int_equal(r.last_sequence, 11);
    assert_int_equal(journal_range_get(b.bytes, 1).owner, 2);
    const struct journal_batch all = { 77, 3, { b.bytes + b.head_len, h.body_len } };
    struct journal_record record;
    uint32_t at = 0;
    assert_true(journal_next(&all, &at, &record));
    assert_true(slice_equal_str(record.body, "hello"));
    assert_int_equal(record.sequence, 10);
    assert_int_equal(record.kind, 7);
    assert_true(journal_next(&all, &at, &record));
    assert_int_equal(record.owner, 2);
    assert_true(journal_next(&all, &at, &record));
    assert_false(journal_next(&all, &at, &record));
}

static void every_bit_is_covered(void **state)
{
    (void)state;
    struct batch_bytes b;
    make(&b);
    uint32_t len = b.head_len + b.h.body_len;
    for (uint32_t bit = 0; bit < len * 8; bit++) {
        b.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(is_good(&b));
        b.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(is_good(&b));
}

static void a_head_needs_all_its_ranges(void **state)
{
    (void)state;
    struct batch_bytes b;
    struct journal_head h;
    make(&b);
    for (uint32_t len = 0; len < b.head_len; len++) {
        uint32_t need = 0;
        enum journal_verdict got = journal_head_decode(slice_of(b.bytes, len), STORE_ID, &h, &need);
        assert_int_equal(got, JOURNAL_CUT_HEAD);
        assert_int_equal(need, len < HEAD_SIZE ? HEAD_SIZE : b.head_len);
    }
}

static void the_body_of_another_batch_does_not_fit(void **state)
{
    (void)state;
    struct batch_bytes b;
    make(&b);
    uint8_t *body = b.bytes + b.head_len;
    b.h.pos++;
    journal_head_finish(b.bytes, journal_body_finish(body, b.h.body_len, journal_body_seed(&b.h)));
    assert_false(is_good(&b)); /* the head is still that of the batch before */
    journal_head_encode(&b.h, b.bytes);
    journal_head_finish(b.bytes, journal_body_finish(body, b.h.body_len, journal_body_seed(&b.h)));
    assert_true(is_good(&b));
}

static void a_head_of_another_store_or_version_is_none(void **state)
{
    (void)state;
    struct batch_bytes b;
    struct journal_head h;
    uint32_t need = 0;
    make(&b);
    struct slice all = slice_of(b.bytes, sizeof b.bytes);
    assert_int_equal(journal_head_decode(all, STORE_ID + 1, &h, &need), JOURNAL_NO_HEAD);
    b.bytes[HEAD_MAGIC + 3]++;
    assert_int_equal(decode(&b, &h), JOURNAL_NO_HEAD); /* a flipped bit */
    journal_head_finish(b.bytes, 1);
    assert_int_equal(decode(&b, &h), JOURNAL_NEWER_HEAD);
}

static void unsound_heads_are_none_though_their_sums_fit(void **state)
{
    (void)state;
    static const struct {
        uint32_t offset;
        uint64_t value; /* of eight bytes, or four */
        bool     is_u32;
    } rows[] = {
        { HEAD_RANGES, JOURNAL_RANGES_MAX + 1, true },
        { HEAD_OFFSET, 1025, false },
        { HEAD_BEFORE, 77, false },
        { HEAD_DURABLE, 78, false },
        { HEAD_GENERATION, 0, false },
        { HEAD_RECORDS, 0, true },
        { HEAD_BODY_LEN, 0, true },
        { HEAD_BODY_LEN, UINT32_MAX, true },
        { HEAD_POS, 0, false },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct batch_bytes b;
        struct journal_head h;
        make(&b);
        if (rows[i].is_u32) le_put_u32(b.bytes + rows[i].offset, (uint32_t)rows[i].value);
        else le_put_u64(b.bytes + rows[i].offset, rows[i].value);
        bool can_sum = le_get_u32(b.bytes + HEAD_RANGES) <= JOURNAL_RANGES_MAX;
        if (can_sum) journal_head_finish(b.bytes, 1);
        assert_int_equal(decode(&b, &h), JOURNAL_NO_HEAD);
    }
}

static void the_link_tells_heads_apart_and_no_bodies(void **state)
{
    (void)state;
    struct batch_bytes b;
    make(&b);
    uint64_t link = journal_link(&b.h);
    b.h.body_sum ^= 1;
    assert_true(journal_link(&b.h) == link);
    b.h.pos++;
    assert_true(journal_link(&b.h) != link);
}

static void many_records_are_summed_in_one_walk(void **state)
{
    (void)state;
    enum { RECORDS = 1000 };
    struct journal_head h = { .store_id = STORE_ID, .pos = 4, .records = RECORDS };
    uint8_t *body = xcalloc(RECORDS, RECORD_SIZE + 1);
    for (uint32_t i = 0; i < RECORDS; i++)
        (void)put_record(body + (size_t)i * (RECORD_SIZE + 1), i, i, "x");
    h.body_len = RECORDS * (RECORD_SIZE + 1);
    h.body_sum = journal_body_finish(body, h.body_len, journal_body_seed(&h));
    assert_true(journal_body_check(&h, slice_of(body, h.body_len)));
    h.records--;
    assert_false(journal_body_check(&h, slice_of(body, h.body_len)));
    xfree(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_comes_back_as_it_was_written),
        cmocka_unit_test(every_bit_is_covered),
        cmocka_unit_test(a_head_needs_all_its_ranges),
        cmocka_unit_test(the_body_of_another_batch_does_not_fit),
        cmocka_unit_test(a_head_of_another_store_or_version_is_none),
        cmocka_unit_test(unsound_heads_are_none_though_their_sums_fit),
        cmocka_unit_test(the_link_tells_heads_apart_and_no_bodies),
        cmocka_unit_test(many_records_are_summed_in_one_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
