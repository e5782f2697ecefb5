/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "store/block_index.h"

enum { MANY = 600, FIRST = 1000, SEED = 9 };

struct listed {
    uint64_t sequence;
    uint32_t subject, payload;
    bool     has_header;
};

static struct slice name(uint32_t subject, char text[32])
{
    return slice_of(text, (size_t)snprintf(text, 32, "token.%u", subject));
}

static struct stored message(const struct listed *l, char text[32])
{
    static const uint8_t payload[64];
    return (struct stored){ .sequence = l->sequence,
                            .time = (nanos)l->sequence * 3,
                            .subject = name(l->subject, text),
                            .header = l->has_header ? SLICE_LIT("NATS/1.0\r\n\r\n") : SLICE_LIT(""),
                            .payload = slice_of(payload, l->payload) };
}

static struct block_index *fill(struct listed *list, uint64_t seed, uint32_t gaps)
{
    struct rng rng;
    char text[32];
    struct block_index *x = block_index_new(FIRST, SEED);
    uint64_t sequence = FIRST;
    rng_init(&rng, seed);
    for (uint32_t i = 0; i < MANY; i++) {
        list[i] = (struct listed){ sequence,
                                   rng_below(&rng, 3) ? rng_below(&rng, 4) : rng_below(&rng, 60),
                                   rng_below(&rng, 64), rng_below(&rng, 3) == 0 };
        struct stored m = message(&list[i], text);
        if (i == 0 || rng_below(&rng, 50) == 0) block_index_begin_chunk(x);
        block_index_add(x, &m, 0);
        sequence += 1 + (gaps == 0 ? 0 : rng_below(&rng, gaps));
    }
    uint64_t offset = 0;
    for (uint32_t i = 0; i < x->chunks_count; i++) {
        x->chunks[i].offset = offset;
        x->chunks[i].stored = x->chunks[i].plain;
        offset += PART_HEAD + x->chunks[i].stored;
    }
    block_index_check(x);
    return x;
}

static void expect_same(const struct block_index *x, const struct listed *list, uint64_t at,
                        uint32_t subject)
{
    char text[32];
    uint32_t next = ENTRY_NONE, previous = ENTRY_NONE;
    for (uint32_t i = 0; i < MANY; i++) {
        if (list[i].subject != subject) continue;
        if (list[i].sequence >= at && next == ENTRY_NONE) next = i;
        if (list[i].sequence <= at) previous = i;
    }
    assert_int_equal(block_index_next_same(x, name(subject, text), at), next);
    assert_int_equal(block_index_previous_same(x, name(subject, text), at), previous);
}

static void expect_all(const struct block_index *x, const struct listed *list)
{
    char text[32];
    for (uint32_t i = 0; i < MANY; i++) {
        struct stored m = message(&list[i], text);
        assert_int_equal(block_index_find(x, list[i].sequence), i);
        assert_int_equal(block_index_from(x, list[i].sequence), i);
        assert_int_equal(entry_size(&x->entries[i]),
                         msgs_size(true, m.subject.len, m.header.len, m.payload.len));
        assert_true(slice_equal(entry_subject(x, i), m.subject));
        assert_int_equal(x->entries[i].time, m.time);
        uint32_t c = block_index_chunk_of(x, i);
        assert_true(x->chunks[c].first_entry <= i && i < chunk_end(x, c));
        for (uint32_t s = 0; s < 62; s += 7) expect_same(x, list, list[i].sequence + i % 2, s);
        expect_same(x, list, list[i].sequence, list[i].subject);
    }
    assert_int_equal(block_index_find(x, FIRST - 1), ENTRY_NONE);
    assert_int_equal(block_index_from(x, list[MANY - 1].sequence + 1), MANY);
    assert_int_equal(block_index_previous_same(x, name(0, text), FIRST - 1), ENTRY_NONE);
}

static uint8_t *footer(const struct block_index *x, const struct listed *list,
                       struct part_head *ret)
{
    uint32_t len = block_index_encoded_len(x);
    uint8_t *bytes = xalloc(len);
    *ret = (struct part_head){ .kind = PART_FOOTER,
                               .count = MANY,
                               .first = FIRST,
                               .last = list[MANY - 1].sequence,
                               .offset = 1 << 20,
                               .plain = len };
    block_index_encode(x, bytes);
    return bytes;
}

static void it_finds_what_a_list_finds_also_when_it_was_written(void **state)
{
    (void)state;
    static struct listed list[MANY];
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct block_index *x = fill(list, seed, (uint32_t)seed % 3 * 2), *again = NULL;
        struct part_head h;
        expect_all(x, list);
        uint8_t *bytes = footer(x, list, &h);
        assert_int_equal(block_index_decode(&h, slice_of(bytes, h.plain), SEED, &again), ERR_OK);
        block_index_check(again);
        expect_all(again, list);
        xfree(bytes);
        block_index_free(again);
        block_index_free(x);
    }
}

static void a_subject_that_is_erased_is_not_found(void **state)
{
    (void)state;
    static struct listed list[MANY];
    char text[32];
    struct block_index *x = fill(list, 3, 0);
    uint32_t number = block_index_subject(x, name(1, text));
    block_index_erase_subject(x, number);
    block_index_check(x);
    assert_int_equal(block_index_subject(x, name(1, text)), ENTRY_NONE);
    assert_int_equal(block_index_subject(x, name(2, text)),
                     x->entries[block_index_next_same(x, name(2, text), 0)].subject &
                         ~ENTRY_HAS_HEADER);
    assert_int_equal(entry_subject(x, x->subjects[number].first).ptr[0], 0);
    block_index_free(x);
}

static void a_footer_whose_parts_do_not_fit_is_refused(void **state)
{
    (void)state;
    static struct listed list[MANY];
    struct block_index *x = fill(list, 2, 3), *again = NULL;
    struct part_head h;
    uint8_t *bytes = footer(x, list, &h);
    uint32_t chunk = FOOTER_HEAD, subject = chunk + x->chunks_count * FOOTER_CHUNK;
    uint32_t entry = subject + x->subjects_count * FOOTER_SUBJECT;
    const struct {
        uint32_t at, value;
    } breaks[] = {
        { FOOTER_CHUNKS, 0 },
        { FOOTER_CHUNKS, 0xffffffff },
        { FOOTER_SUBJECTS, 0x10000000 },
        { chunk, 1 << 20 },
        { chunk + 8, 1 },
        { chunk + 12, 0xfffffff },
        { chunk + 16, 0 },
        { chunk + 16, MANY + 1 },
        { subject + 8, 0 },
        { subject + 8, 0xffff },
        { entry, 1 << 30 },
        { entry + 4, 3 },
        { entry + 4, 0xffffffff },
        { entry + 8, 0x7ffffff },
    };
    for (uint32_t i = 0; i < ARRAY_COUNT(breaks); i++) {
        uint32_t was = le_get_u32(bytes + breaks[i].at);
        le_put_u32(bytes + breaks[i].at, breaks[i].value);
        assert_int_equal(block_index_decode(&h, slice_of(bytes, h.plain), SEED, &again),
                         ERR_CORRUPT);
        le_put_u32(bytes + breaks[i].at, was);
    }
    h.offset = 100;                     /* chunks reach behind it */
    assert_int_equal(block_index_decode(&h, slice_of(bytes, h.plain), SEED, &again), ERR_CORRUPT);
    xfree(bytes);
    block_index_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_finds_what_a_list_finds_also_when_it_was_written),
        cmocka_unit_test(a_subject_that_is_erased_is_not_found),
        cmocka_unit_test(a_footer_whose_parts_do_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
