/* SPDX-License-Identifier: Apache-2.0 */
/* Runs drawn from seeds: owners come, change and go, operations end in any order, and a process
 * ends in the middle of anything. After each start the model says whether all that was promised is
 * there. SEEDS=n draws more of them, SEED=n one. */
#include "store/store_testing.h"

#include <stdlib.h>

enum { SEEDS = 150, LIVES = 6, STEPS = 200, THINGS_MAX = 12 };

struct plan {
    bool is_lazy;
    bool is_sealed;
    bool is_late; /* flushes end later */
    uint32_t fail_permille;
    uint64_t capacity;
};

static struct thing *draw_thing(struct world *w)
{
    uint32_t index = w->things_count > 0 ? rng_below(&w->rng, w->things_count) : 0;
    LIST_EACH(&w->things, node) {
        struct thing *t = thing_at(node);
        if (index-- > 0) continue;
        return t->is_ending || t->owner.incarnation == 0 ? NULL : t;
    }
    return NULL;
}

static void propose(struct world *w)
{
    struct thing *t = draw_thing(w);
    uint32_t what = rng_below(&w->rng, 30);
    if (w->things_count < THINGS_MAX && (t == NULL || what == 0)) {
        (void)world_begin(w);
        return;
    }
    if (t == NULL) return;
    if (what == 1) (void)world_finish(w, t);
    else if (what == 2) store_touch(w->store, &t->owner);
    else if (what == 3) (void)world_add(w, t, RECORD_SET, 0, rng_below(&w->rng, 70000));
    else (void)world_set(w, t, rng_below(&w->rng, THING_KEYS));
}

static void step(struct world *w)
{
    switch (rng_below(&w->rng, 10)) {
    case 0:
    case 1:
    case 2:
    case 3: propose(w); break;
    case 4:
    case 5: world_tick(w, (nanos)rng_below(&w->rng, 1000) * MILLISECOND); break;
    case 6:
    case 7: (void)disk_memory_step(w->disk); break;
    case 8: (void)disk_queue_poll(world_queue(w)); break;
    default:
        if (rng_chance(&w->rng, 1, 3)) world_flush(w);
        if (rng_chance(&w->rng, 1, 10) && w->disk->capacity == 0) world_settle(w);
        if (rng_chance(&w->rng, 1, 20)) w->now += 3 * MINUTE;
        break;
    }
}

/* A disk that is full or fails may refuse a start; a good one must not. */
static bool live(struct world *w, const struct plan *plan)
{
    w->disk->capacity = 0;
    for (uint32_t i = 0; i < DISK_MEMORY_CALLS; i++) w->disk->fault[i].fail_permille = 0;
    world_start(w);
    if (w->store == NULL || w->complaint[0] != '\0') return false;
    struct store_stats s;
    store_stats(w->store, &s);
    if (s.damages > 0) complain(w, "damage where nothing rots", s.damages);
    if (s.quarantined > 0 && !plan->is_lazy) complain(w, "set aside without need", s.quarantined);
    w->disk->capacity = plan->capacity;
    w->disk->fault[DISK_MEMORY_WRITES].fail_permille = plan->fail_permille;
    w->disk->fault[DISK_MEMORY_SYNCS].fail_permille = plan->fail_permille;
    uint32_t steps = rng_below(&w->rng, STEPS);
    for (uint32_t i = 0; i < steps; i++) step(w);
    return true;
}

static void end_life(struct world *w)
{
    uint32_t how = rng_below(&w->rng, 5);
    if (how == 0 && w->failures == 0) world_stop(w);
    else world_crash(w, how < 3);
}

static void run(uint64_t seed, const struct plan *plan)
{
    struct world *w = world_new(seed);
    w->options.sync = plan->is_lazy ? JOURNAL_SYNC_LAZY : JOURNAL_SYNC_EACH;
    w->flushes_late = plan->is_late;
    if (plan->is_sealed) {
        w->options.cipher = seed % 2 == 0 ? STORE_AES : STORE_CHACHA;
        w->options.key = slice_str("a key");
    }
    for (uint32_t i = 0; i < LIVES && live(w, plan); i++) end_life(w);
    if (w->complaint[0] != '\0') fail_msg("SEED=%llu: %s", (unsigned long long)seed, w->complaint);
    (void)world_free(w);
}

static void run_all(const struct plan *plan)
{
    const char *one = getenv("SEED"), *many = getenv("SEEDS");
    uint64_t first = one != NULL ? strtoull(one, NULL, 10) : 1;
    uint64_t count = many != NULL ? strtoull(many, NULL, 10) : SEEDS;
    if (one != NULL) count = 1;
    for (uint64_t seed = first; seed < first + count; seed++) run(seed, plan);
}

static void a_restart_finds_what_was_promised(void **state)
{
    const struct plan plan = { .is_late = false };
    (void)state;
    run_all(&plan);
}

static void also_when_flushes_take_their_time(void **state)
{
    const struct plan plan = { .is_late = true };
    (void)state;
    run_all(&plan);
}

static void also_when_it_is_sealed(void **state)
{
    const struct plan plan = { .is_sealed = true };
    (void)state;
    run_all(&plan);
}

static void also_when_writes_and_syncs_fail(void **state)
{
    const struct plan plan = { .is_late = true, .fail_permille = 20 };
    (void)state;
    run_all(&plan);
}

static void also_when_the_disk_is_full(void **state)
{
    const struct plan plan = { .capacity = 40000 };
    (void)state;
    run_all(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restart_finds_what_was_promised),
        cmocka_unit_test(also_when_flushes_take_their_time),
        cmocka_unit_test(also_when_it_is_sealed),
        cmocka_unit_test(also_when_writes_and_syncs_fail),
        cmocka_unit_test(also_when_the_disk_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
