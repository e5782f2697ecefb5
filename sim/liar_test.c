/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/liar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "store/block_format.h"

enum { STORE = 7, INCARNATION = 9, LEN = 300 };

static struct disk_file *make(struct disk_memory *d, struct slice bytes)
{
    struct disk_file *file;
    struct disk *disk = &d->base;
    assert_int_equal(disk->open(disk, "00000001", DISK_OPEN_CREATE, &file, NULL), ERR_OK);
    assert_int_equal(disk->sync_dir(disk, ""), ERR_OK);
    assert_int_equal(disk->write(disk, file, 0, bytes), ERR_OK);
    assert_int_equal(disk->sync(disk, file), ERR_OK);
    return file;
}

static void after_a_lie_about_a_sync_nothing_is_safe(void **state)
{
    (void)state;
    for (int lie = SIM_LIE_NONE; lie <= SIM_LIE_SYNC; lie++) {
        struct disk_memory *d = disk_memory_new(1);
        struct sim_liar l;
        uint64_t size = 0;
        sim_liar_begin(&l, d, (enum sim_lie)lie, 1);
        struct disk_file *file = make(d, SLICE_LIT("safe"));
        d->crash_loses_all = true;
        disk_memory_crash(d);
        d->base.close(&d->base, file);
        const uint8_t *bytes = disk_memory_bytes(d, "00000001", &size);
        assert_int_equal(bytes != NULL && size == 4, lie == SIM_LIE_NONE);
        (void)disk_memory_free(d);
    }
}

/* A chunk of one message, plain. Returns its length. */
static uint32_t make_chunk(uint8_t *part)
{
    const struct stored m = {
        .sequence = 4, .time = 1, .subject = SLICE_LIT("a"), .payload = SLICE_LIT("a payload")
    };
    struct part_head h = { .kind = PART_CHUNK,
                           .store_id = STORE,
                           .incarnation = INCARNATION,
                           .block = 1,
                           .count = 1,
                           .first = 4,
                           .last = 4 };
    h.stored = h.plain = message_len(&m);
    part_encode(&h, part);
    message_encode(&m, message_seed(STORE, INCARNATION), part + PART_HEAD);
    part_finish(part);
    return PART_HEAD + h.stored;
}

static uint32_t bits_that_differ(struct slice a, struct slice b)
{
    uint32_t count = 0;
    assert_int_equal(a.len, b.len);
    for (uint32_t i = 0; i < a.len * 8; i++) count += ((a.ptr[i / 8] ^ b.ptr[i / 8]) >> i % 8) & 1;
    return count;
}

static void a_forged_message_has_another_payload_and_a_sum_that_fits(void **state)
{
    struct disk_memory *d = disk_memory_new(1);
    uint8_t part[LEN], read[LEN];
    struct sim_liar l;
    struct stored m;
    bool is_erased;
    uint64_t moved;
    (void)state;
    uint32_t len = make_chunk(part), forged = 0;
    struct disk_file *file = make(d, slice_of(part, len));
    sim_liar_begin(&l, d, SIM_LIE_FORGE, 1);
    for (uint32_t i = 0; i < 50; i++) {
        assert_int_equal(d->base.read(&d->base, file, 0, (struct disk_span){ read, len }, &moved),
                         ERR_OK);
        assert_true(message_decode(slice_of(read + PART_HEAD, len - PART_HEAD),
                                   message_seed(STORE, INCARNATION), &m, &is_erased));
        assert_int_equal(m.sequence, 4);
        uint32_t bits = bits_that_differ(m.payload, SLICE_LIT("a payload"));
        assert_true(bits <= 1);
        forged += bits;
    }
    assert_true(forged > 0 && forged < 50);
    assert_int_equal(l.told, forged);
    d->base.close(&d->base, file);
    (void)disk_memory_free(d);
}

static void what_is_no_chunk_is_left_alone(void **state)
{
    struct disk_memory *d = disk_memory_new(1);
    uint8_t part[LEN], read[LEN];
    struct sim_liar l;
    uint64_t moved;
    (void)state;
    uint32_t len = make_chunk(part);
    part[PART_FIRST] ^= 1; /* its head is not sound */
    struct disk_file *file = make(d, slice_of(part, len));
    sim_liar_begin(&l, d, SIM_LIE_FORGE, 1);
    for (uint32_t i = 0; i < 50; i++) {
        assert_int_equal(d->base.read(&d->base, file, 0, (struct disk_span){ read, len }, &moved),
                         ERR_OK);
        assert_memory_equal(read, part, len);
    }
    assert_int_equal(l.told, 0);
    d->base.close(&d->base, file);
    (void)disk_memory_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_lie_about_a_sync_nothing_is_safe),
        cmocka_unit_test(a_forged_message_has_another_payload_and_a_sum_that_fits),
        cmocka_unit_test(what_is_no_chunk_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
