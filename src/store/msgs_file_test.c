/* SPDX-License-Identifier: Apache-2.0 */
#include "store/msgs_file_testing.h"

/* ---- the suite ---- */

static struct msgs *suite_make(struct suite *s, uint64_t first_sequence)
{
    return files_make(container_of(s, struct files, suite), first_sequence);
}

static void suite_settle(struct suite *s)
{
    files_settle(container_of(s, struct files, suite));
}

static void count_done(void *ctx, enum err e)
{
    (void)e;
    ++*(int *)ctx;
}

static void suite_tick(struct suite *s, struct msgs *m)
{
    struct files *w = container_of(s, struct files, suite);
    static int flushed;
    for (uint32_t i = rng_below(&w->rng, 6); i > 0; i--) {
        (void)disk_memory_step(w->disk);
        (void)disk_queue_poll(w->queue);
    }
    if (rng_below(&w->rng, 60) == 0) {
        msgs_file_flush(m, count_done, &flushed);
        files_settle(w);
    }
}

static void suite_end(struct suite *s, struct msgs *m)
{
    msgs_file_stop(m);
    suite_settle(s);
    assert_true(msgs_file_is_idle(m));
}

static void play(uint64_t seed, uint64_t seeds, bool is_compressed, bool is_sealed)
{
    for (uint64_t i = seed; i < seed + seeds; i++) {
        struct files *w = files_setup(i);
        w->options.is_compressed = is_compressed;
        w->disk->busy_permille = 300;
        if (is_sealed) files_seal(w);
        w->suite = (struct suite){ suite_make, suite_settle, suite_tick, suite_end };
        suite_play_one(&w->suite, i);
        files_teardown(w);
    }
}

static void it_agrees_with_a_list_whatever_happens(void **state)
{
    (void)state;
    play(1, 8, false, false);
}

static void it_does_so_when_blocks_are_compressed_and_sealed(void **state)
{
    (void)state;
    play(20, 3, true, false);
    play(30, 3, false, true);
    play(40, 3, true, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_agrees_with_a_list_whatever_happens),
        cmocka_unit_test(it_does_so_when_blocks_are_compressed_and_sealed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
