/* SPDX-License-Identifier: Apache-2.0 */
/* Runs drawn from seeds: lists, rewrites, operations that end in any order, and a process that ends
 * in the middle of anything. After each start the model says whether the state is one that was
 * promised. SEEDS=n draws more of them, SEED=n one. */
#include "store/checkpoint_testing.h"

#include <stdlib.h>

enum { SEEDS = 300, LIVES = 8, STEPS = 400 };

enum rot { ROT_NONE, ROT_ONE, ROT_BOTH };

/* What a run may do. */
struct plan {
    bool is_sealed;
    enum rot rot; /* bits flip while no process runs: in copies of one kind, or of both */
    bool sync_lies; /* what a checker must notice */
    bool loses_writes;
    bool misdirects;
    uint32_t fail_permille;
    uint64_t capacity;
};

/* What all runs of a plan have seen. */
struct seen {
    uint32_t bad, rewrites, slices, dones, damages, failures, starts;
};

static void step(struct world *w)
{
    bool is_busy = checkpoint_is_busy(w->log);
    switch (rng_below(&w->rng, 8)) {
    case 0: world_set(w, rng_below(&w->rng, KEYS)); break;
    case 1:
        if (!is_busy) world_begin(w);
        else if (!w->is_committed) world_commit(w);
        if (checkpoint_is_busy(w->log) && !w->is_committed && rng_chance(&w->rng, 2, 3))
            world_commit(w);
        if (checkpoint_may_amend(w->log) && w->withdrawn_count < WITHDRAWN) world_amend(w);
        if (w->withdrawn_count == WITHDRAWN / 2) w->disk->capacity = 0;
        break;
    case 2:
    case 3: (void)checkpoint_tick(w->log); break;
    case 4:
    case 5: (void)disk_memory_step(w->disk); break;
    case 6: (void)disk_queue_poll(w->queue); break;
    default:
        if (rng_chance(&w->rng, 1, 5)) world_settle(w);
        break;
    }
}

struct target {
    char copy; /* 0: any */
    char name[64];
    uint64_t size, at;
    struct rng *rng;
};

static void pick(void *ctx, const char *name, uint64_t size)
{
    struct target *t = ctx;
    if (size == 0 || (t->copy != 0 && name[strlen(name) - 1] != t->copy)) return;
    t->size += size;
    if (rng_next(t->rng) % t->size >= size) return;
    (void)snprintf(t->name, sizeof t->name, "%s", name);
    t->at = rng_next(t->rng) % size;
}

static void rot(struct world *w, enum rot how)
{
    char copy = how == ROT_BOTH ? 0 : (char)('a' + rng_below(&w->rng, 2));
    uint32_t count = how == ROT_BOTH ? 4 + rng_below(&w->rng, 30) : 1 + rng_below(&w->rng, 4);
    for (uint32_t i = 0; i < count; i++) {
        struct target t = { .rng = &w->rng, .copy = copy };
        disk_memory_each(w->disk, &t, pick);
        if (t.size > 0) disk_memory_flip(w->disk, t.name, t.at, rng_below(&w->rng, 8));
    }
}

static void end_life(struct world *w, const struct plan *plan)
{
    uint32_t how = rng_below(&w->rng, 5);
    w->disk->capacity = 0;
    if (how < 4) world_crash(w, how < 3);
    else world_close(w);
    w->failures = 0;
    if (plan->rot != ROT_NONE && rng_chance(&w->rng, 2, 3)) rot(w, plan->rot);
}

static void set_faults(struct world *w, const struct plan *plan)
{
    struct disk_memory_fault *writes = &w->disk->fault[DISK_MEMORY_WRITES];
    w->disk->capacity = plan->capacity;
    if (plan->loses_writes) w->disk->lose_write_at = writes->count + 1 + rng_below(&w->rng, 40);
    if (plan->misdirects) {
        w->disk->misdirect_write_at = writes->count + 1 + rng_below(&w->rng, 40);
        w->disk->misdirect_by = (uint64_t)(1 + rng_below(&w->rng, 3)) * 512;
    }
    for (uint32_t i = 0; i < DISK_MEMORY_CALLS; i++)
        w->disk->fault[i].fail_permille = plan->fail_permille;
}

static void live(struct world *w, const struct plan *plan, struct seen *seen)
{
    uint32_t steps = rng_below(&w->rng, STEPS);
    set_faults(w, plan);
    for (uint32_t i = 0; i < steps && w->failures == 0; i++) step(w);
    seen->failures += w->failures;
    if (plan->fail_permille == 0 && w->failures > 0)
        complain(w, "a log failed on a good disk", w->failed_with);
    for (uint32_t i = 0; i < DISK_MEMORY_CALLS; i++) w->disk->fault[i].fail_permille = 0;
    end_life(w, plan);
}

static void run_life(struct world *w, const struct plan *plan, struct seen *seen)
{
    bool was_flight = w->is_flight;
    w->disk->sync_lies = plan->sync_lies;
    const struct table at_rest = world_peek(w);
    uint32_t damages = w->damages;
    enum err e = world_open(w);
    if (e) {
        complain(w, "a start fails", e);
        return;
    }
    seen->starts++;
    seen->damages += w->damages;
    if (!table_equal(&at_rest, &w->loaded) || damages != w->damages)
        complain(w, "a check at rest and a start disagree", w->loaded.pos);
    /* A list that was on its way may be whole in one copy only, and that one rots. */
    if (w->damages > 0 && plan->rot != ROT_BOTH && !was_flight)
        complain(w, "damage was reported that cost nothing", w->damage_after);
    live(w, plan, seen);
}

static struct world *run(uint64_t seed, const struct plan *plan, struct seen *seen)
{
    struct world *w = world_new(seed);
    if (plan->is_sealed) world_seal(w);
    for (uint32_t i = 0; i < LIVES && w->complaint[0] == '\0'; i++) run_life(w, plan, seen);
    seen->rewrites += w->rewrites;
    seen->slices += w->slices;
    seen->dones += w->dones;
    return w;
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

/* Runs them all, prints the first complaint. */
static struct seen run_all(const struct plan *plan, bool prints)
{
    uint64_t first = number_from("SEED", 0), count = number_from("SEEDS", SEEDS);
    struct seen seen = { 0 };
    if (first > 0) count = 1;
    for (uint64_t seed = first; seed < first + count; seed++) {
        struct world *w = run(seed, plan, &seen);
        bool is_bad = w->complaint[0] != '\0';
        if (is_bad && prints && seen.bad == 0)
            print_message("seed %llu: %s\n", (unsigned long long)seed, w->complaint);
        seen.bad += is_bad;
        (void)world_free(w);
    }
    if (prints)
        print_message("starts %u, lists %u, rewrites %u, slices %u, damages %u, failures %u\n",
                      seen.starts, seen.dones, seen.rewrites, seen.slices, seen.damages,
                      seen.failures);
    return seen;
}

static void the_state_is_a_promised_one_whatever_ends_the_process(void **state)
{
    (void)state;
    struct seen seen = run_all(&(struct plan){ 0 }, true);
    assert_int_equal(seen.bad, 0);
    assert_int_equal(seen.damages, 0);
    assert_true(seen.rewrites > 0 || getenv("SEED") != NULL);
}

static void the_same_when_lists_are_sealed(void **state)
{
    (void)state;
    assert_int_equal(run_all(&(struct plan){ .is_sealed = true }, true).bad, 0);
}

static void bits_that_flip_in_one_copy_cost_nothing(void **state)
{
    (void)state;
    assert_int_equal(run_all(&(struct plan){ .rot = ROT_ONE }, true).bad, 0);
    assert_int_equal(run_all(&(struct plan){ .rot = ROT_ONE, .is_sealed = true }, true).bad, 0);
}

static void bits_that_flip_in_both_are_harmless_or_reported(void **state)
{
    (void)state;
    struct seen seen = run_all(&(struct plan){ .rot = ROT_BOTH }, true);
    assert_int_equal(seen.bad, 0);
    assert_true(seen.damages > 0 || getenv("SEED") != NULL);
}

static void a_disk_that_fails_ends_the_log_and_loses_nothing(void **state)
{
    (void)state;
    assert_int_equal(run_all(&(struct plan){ .fail_permille = 10 }, true).bad, 0);
}

static void a_full_disk_is_no_failure(void **state)
{
    (void)state;
    assert_int_equal(run_all(&(struct plan){ .capacity = 60000 }, true).bad, 0);
    assert_int_equal(run_all(&(struct plan){ .capacity = 90000 }, true).bad, 0);
}

static void a_write_that_goes_astray_costs_nothing(void **state)
{
    (void)state;
    assert_int_equal(run_all(&(struct plan){ .loses_writes = true }, true).bad, 0);
    assert_int_equal(run_all(&(struct plan){ .misdirects = true }, true).bad, 0);
}

/* The checks above are worth something: a disk that lies is found out. */
static void the_model_notices_a_sync_that_does_nothing(void **state)
{
    (void)state;
    assert_true(run_all(&(struct plan){ .sync_lies = true }, false).bad > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_state_is_a_promised_one_whatever_ends_the_process),
        cmocka_unit_test(the_same_when_lists_are_sealed),
        cmocka_unit_test(bits_that_flip_in_one_copy_cost_nothing),
        cmocka_unit_test(bits_that_flip_in_both_are_harmless_or_reported),
        cmocka_unit_test(a_disk_that_fails_ends_the_log_and_loses_nothing),
        cmocka_unit_test(a_full_disk_is_no_failure),
        cmocka_unit_test(a_write_that_goes_astray_costs_nothing),
        cmocka_unit_test(the_model_notices_a_sync_that_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
