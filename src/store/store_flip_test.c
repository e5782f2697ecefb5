/* SPDX-License-Identifier: Apache-2.0 */
/* One bit of one file is wrong: every message that was acked is there as it was, or is told to be
 * lost by its sequence; and only in blocks it costs any. */
#include "store/store_rest_testing.h"

enum { STEP = 8, ZEROS_STEP = 128 };

static void flip_one(const struct rest *r, const struct rest_file *f, uint64_t at, uint32_t bit)
{
    struct yard *y = rest_copy(r, NULL);
    struct errmsg why = { "" };
    disk_memory_flip(y->world->disk, f->name, at, bit);
    enum err e = yard_open(y, &why);
    if (e) fail_msg("%s, bit %u of byte %u: %s", f->name, bit, (unsigned)at, why.text);
    uint32_t lost = yard_count_lost(y);
    if (rest_is_free(f) && lost > 0)
        fail_msg("%s, bit %u of byte %u: %u are lost", f->name, bit, (unsigned)at, lost);
    if (lost > 0 && y->losses == 0 && y->reports[0] == '\0')
        fail_msg("%s, bit %u of byte %u: nobody told", f->name, bit, (unsigned)at);
    yard_free(y);
}

static bool is_zero_near(const struct rest_file *f, uint64_t at)
{
    uint64_t from = at / ZEROS_STEP * ZEROS_STEP;
    for (uint64_t i = from; i < from + ZEROS_STEP && i < f->size; i++)
        if (f->bytes[i] != 0) return false;
    return true;
}

static void flip_all(enum store_cipher cipher)
{
    struct rest *r = rest_new(cipher, false);
    struct yard *y = rest_copy(r, NULL);
    yard_start(y);
    yard_expect_all(y);
    yard_free(y);
    for (uint32_t i = 0; i < r->count; i++) {
        const struct rest_file *f = &r->files[i];
        for (uint64_t at = i % STEP; at < f->size; at += STEP) {
            if (is_zero_near(f, at)) at += ZEROS_STEP - STEP;
            if (at < f->size) flip_one(r, f, at, (uint32_t)(at / STEP) % 8);
        }
    }
    rest_free(r);
}

static void a_bit_of_a_plain_store_costs_what_is_told(void **state)
{
    (void)state;
    flip_all(STORE_PLAIN);
}

static void a_bit_of_a_sealed_store_costs_what_is_told(void **state)
{
    (void)state;
    flip_all(STORE_CHACHA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bit_of_a_plain_store_costs_what_is_told),
        cmocka_unit_test(a_bit_of_a_sealed_store_costs_what_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
