/* SPDX-License-Identifier: Apache-2.0 */
/* What a bit may cost, by where it stands in files that are made here. */
#include "sim/rot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store/block_format.h"
#include "store/journal_testing.h"

enum { DRAWS = 400, LARGE = 20000, SMALL = 50 };

static void put(struct disk_memory *d, const char *name, struct slice bytes)
{
    struct disk_file *file;
    struct disk *disk = &d->base;
    assert_int_equal(disk->open(disk, name, DISK_OPEN_CREATE, &file, NULL), ERR_OK);
    assert_int_equal(disk->write(disk, file, 0, bytes), ERR_OK);
    disk->close(disk, file);
}

static void where_there_is_no_file_nothing_is_flipped(void **state)
{
    struct disk_memory *d = disk_memory_new(1);
    struct sim_rot r;
    struct rng rng;
    (void)state;
    rng_init(&rng, 1);
    for (uint32_t kind = 0; kind < SIM_ROT_KINDS; kind++) {
        sim_rot_flip(d, kind, 0, &rng, &r);
        assert_int_equal(r.kind, SIM_ROT_NONE);
        assert_int_equal(r.first, 0);
    }
    (void)disk_memory_free(d);
}

static void one_bit_is_flipped_and_no_more(void **state)
{
    struct disk_memory *d = disk_memory_new(1);
    struct sim_rot r;
    struct rng rng;
    uint8_t before[100] = { 1, 2, 3 };
    uint64_t size;
    uint32_t differ = 0;
    (void)state;
    rng_init(&rng, 1);
    put(d, "identity.a", slice_of(before, sizeof before));
    sim_rot_flip(d, SIM_ROT_IDENTITY, 0, &rng, &r);
    assert_int_equal(r.kind, SIM_ROT_IDENTITY);
    assert_string_equal(r.name, "identity.a");
    assert_int_equal(r.first, 0);
    const uint8_t *after = disk_memory_bytes(d, "identity.a", &size);
    for (uint32_t i = 0; i < sizeof before; i++) differ += before[i] != after[i];
    assert_int_equal(differ, 1);
    assert_int_equal(before[r.offset] ^ after[r.offset], 1 << r.bit);
    (void)disk_memory_free(d);
}

/* Of records of 20000 bytes that is what a bit costs, of small ones nothing. */
static void in_the_journal_only_a_large_record_is_lost(void **state)
{
    uint32_t large = 0, small = 0;
    (void)state;
    for (uint64_t seed = 0; seed < DRAWS; seed++) {
        struct world *w = world_new(seed);
        struct sim_rot r;
        assert_int_equal(world_open(w, false), ERR_OK);
        for (uint32_t i = 0; i < 4; i++) (void)world_add(w, i == 1 ? LARGE : SMALL);
        world_settle(w);
        world_rest(w);
        world_crash(w, true);
        sim_rot_flip(w->disk, SIM_ROT_JOURNAL, LARGE, &w->rng, &r);
        if (r.first > 0) {
            const struct entry *e = &w->entries[1];
            assert_int_equal(r.owner, e->owner);
            assert_int_equal(r.first, e->sequence);
            large++;
        } else {
            small += r.kind != SIM_ROT_NONE;
        }
        (void)world_free(w);
    }
    assert_true(large > DRAWS / 10); /* it may have a batch of its own */
    assert_true(small > 0);
}

/* Two messages in a plain chunk. Returns its length. */
static uint32_t make_block(uint8_t *part)
{
    uint64_t seed = message_seed(7, 9);
    const struct stored first = {
        .sequence = 4, .time = 1, .subject = SLICE_LIT("a"), .payload = SLICE_LIT("first")
    };
    const struct stored second = {
        .sequence = 6, .time = 2, .subject = SLICE_LIT("a"), .payload = SLICE_LIT("the second")
    };
    struct part_head h = {
        .kind = PART_CHUNK,
        .store_id = 7,
        .incarnation = 9,
        .block = 1,
        .count = 2,
        .first = 4,
        .last = 6,
    };
    h.stored = h.plain = message_len(&first) + message_len(&second);
    part_encode(&h, part);
    message_encode(&first, seed, part + PART_HEAD);
    message_encode(&second, seed, part + PART_HEAD + message_len(&first));
    part_finish(part);
    return PART_HEAD + h.stored;
}

/* One draw for a store whose only file is this block. */
static void flip_in_block(uint64_t seed, struct slice block, struct rng *rng, struct sim_rot *ret)
{
    struct disk_memory *d = disk_memory_new(seed);
    assert_int_equal(d->base.make_dir(&d->base, "streams"), ERR_OK);
    put(d, "streams/1", block);
    sim_rot_flip(d, SIM_ROT_BLOCK, 0, rng, ret);
    (void)disk_memory_free(d);
}

static void in_a_plain_chunk_a_message_is_lost_and_the_head_costs_nothing(void **state)
{
    uint8_t part[400] = { 0 };
    struct rng rng;
    uint32_t heads = 0, firsts = 0, seconds = 0;
    (void)state;
    rng_init(&rng, 3);
    uint32_t len = make_block(part);
    for (uint32_t i = 0; i < DRAWS; i++) {
        struct sim_rot r;
        flip_in_block(i, slice_of(part, len), &rng, &r);
        uint32_t second = PART_HEAD + MESSAGE_HEAD + 6;
        uint64_t lost = r.offset < PART_HEAD ? 0 : r.offset < second ? 4 : 6;
        assert_int_equal(r.first, lost);
        assert_int_equal(r.last, lost);
        if (lost > 0) assert_int_equal(r.owner, 9);
        heads += lost == 0;
        firsts += lost == 4;
        seconds += lost == 6;
    }
    assert_true(heads > 0 && firsts > 0 && seconds > 0);
}

/* How many of many draws flip a bit of this block, from `least` on. */
static uint32_t count_flips(const uint8_t *bytes, uint32_t len, uint32_t least)
{
    uint32_t flips = 0;
    struct rng rng;
    rng_init(&rng, 5);
    for (uint32_t i = 0; i < DRAWS; i++) {
        struct sim_rot r;
        flip_in_block(i, slice_of(bytes, len), &rng, &r);
        flips += r.kind != SIM_ROT_NONE && r.offset >= least;
    }
    return flips;
}

/* A length that has turned would give the second message's bytes to the first one (seed 6827). */
static void where_a_bit_hides_whose_byte_it_is_none_is_flipped(void **state)
{
    static const uint32_t hides[] = { MESSAGE_PAYLOAD, MESSAGE_HEADER, MESSAGE_SUBJECT };
    static const uint32_t heads[] = { PART_STORED, PART_MAGIC, PART_OFFSET };
    uint8_t parts[800] = { 0 };
    (void)state;
    uint32_t len = make_block(parts);
    assert_true(count_flips(parts, len, PART_HEAD) > 0);
    for (uint32_t i = 0; i < ARRAY_COUNT(hides); i++) {
        for (uint32_t bit = 0; bit < 4; bit++) {
            (void)make_block(parts);
            parts[PART_HEAD + hides[i]] ^= (uint8_t)(1u << bit);
            assert_int_equal(count_flips(parts, len, PART_HEAD), 0);
            assert_true(count_flips(parts, len, 0) > 0); /* the head costs nothing, as before */
        }
    }
    for (uint32_t i = 0; i < ARRAY_COUNT(heads); i++) {
        for (uint32_t bit = 0; bit < 8; bit++) {
            (void)make_block(parts);
            (void)make_block(parts + len);
            le_put_u64(parts + len + PART_OFFSET, len);
            assert_true(count_flips(parts, 2 * len, 0) > 0);
            parts[heads[i]] ^= (uint8_t)(1u << bit);
            assert_int_equal(count_flips(parts, 2 * len, 0), 0);
        }
    }
}

static void a_read_that_fails_costs_what_it_meets(void **state)
{
    uint8_t parts[800] = { 0 };
    struct sim_rot r;
    (void)state;
    uint32_t len = make_block(parts);
    (void)make_block(parts + len);
    le_put_u64(parts + len + PART_FIRST, 7);
    le_put_u64(parts + len + PART_LAST, 8);
    struct slice file = slice_of(parts, 2 * len);
    assert_true(sim_rot_of_read(file, 0, len, &r));
    assert_int_equal(r.owner, 9);
    assert_int_equal(r.first, 4);
    assert_int_equal(r.last, 6);
    assert_true(sim_rot_of_read(file, len, 1, &r));
    assert_int_equal(r.first, 7);
    assert_int_equal(r.last, 8);
    assert_false(sim_rot_of_read(file, 2 * len, 1, &r));
    memcpy(parts + len + PART_MAGIC, "MBF", 3); /* a footer tells of all */
    assert_true(sim_rot_of_read(file, len, 1, &r));
    assert_int_equal(r.first, 4);
    assert_int_equal(r.last, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_there_is_no_file_nothing_is_flipped),
        cmocka_unit_test(one_bit_is_flipped_and_no_more),
        cmocka_unit_test(in_the_journal_only_a_large_record_is_lost),
        cmocka_unit_test(in_a_plain_chunk_a_message_is_lost_and_the_head_costs_nothing),
        cmocka_unit_test(where_a_bit_hides_whose_byte_it_is_none_is_flipped),
        cmocka_unit_test(a_read_that_fails_costs_what_it_meets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
