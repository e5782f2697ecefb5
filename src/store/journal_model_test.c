/* SPDX-License-Identifier: Apache-2.0 */
/* Runs drawn from seeds: records, ticks, operations that end in any order, releases, erases, and a
 * process that ends in the middle of anything. After each start the model says whether all that was
 * promised is there. SEEDS=n draws more of them, SEED=n one. */
#include "store/journal_testing.h"

#include <stdlib.h>

#include "store/journal_format.h"

enum { SEEDS = 150, LIVES = 6, STEPS = 120 };

/* What a run may do. */
struct plan {
    bool is_lazy;
    bool is_sealed;
    bool rots;      /* bits flip while no process runs */
    bool sync_lies; /* what a checker must notice */
    bool loses_writes;
    bool misdirects;
    uint32_t fail_permille;
    uint64_t capacity;
};

static void add_some(struct world *w)
{
    uint32_t count = rng_below(&w->rng, 6);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t kind = rng_below(&w->rng, 40);
        uint32_t len = kind == 0 ? rng_below(&w->rng, 20000) : rng_below(&w->rng, 400);
        if (journal_has_room(w->journal, len, JOURNAL_USE_STORE)) (void)world_add(w, len);
    }
}

static void release_some(struct world *w)
{
    if (w->handed == 0) return;
    const struct entry *e = &w->entries[rng_below(&w->rng, w->handed)];
    if (e->state == ENTRY_SAFE && e->pos > w->released) world_release(w, e->pos);
}

static void erase_one(struct world *w)
{
    if (w->handed == 0) return;
    struct entry *e = &w->entries[rng_below(&w->rng, w->handed)];
    if (e->state != ENTRY_SAFE || e->sequence == 0 || e->pos <= w->released) return;
    enum err got = world_erase(w, e);
    if (got) complain(w, "a retained record cannot be erased", e->pos);
}

static void step(struct world *w)
{
    switch (rng_below(&w->rng, 8)) {
    case 0:
    case 1: add_some(w); break;
    case 2:
    case 3: world_tick(w, (nanos)rng_below(&w->rng, 3000) * 100 * MICROSECOND); break;
    case 4:
    case 5: (void)disk_memory_step(w->disk); break;
    case 6: world_poll(w); break;
    default:
        if (rng_chance(&w->rng, 1, 3)) release_some(w);
        if (rng_chance(&w->rng, 1, 6)) erase_one(w);
        if (w->disk->capacity > 0) break; /* it may wait for space */
        if (rng_chance(&w->rng, 1, 20)) world_settle(w);
        if (rng_chance(&w->rng, 1, 40)) world_rest(w);
        break;
    }
}

struct target {
    char name[64];
    uint64_t size;
    uint64_t at;
    struct rng *rng;
};

static void pick(void *ctx, const char *name, uint64_t size)
{
    struct target *t = ctx;
    if (size == 0) return;
    t->size += size;
    if (rng_next(t->rng) % t->size >= size) return;
    (void)snprintf(t->name, sizeof t->name, "%s", name);
    t->at = rng_next(t->rng) % size;
}

/* Flips a bit, more likely where something is written than in the zeros behind it. */
static void rot(struct world *w)
{
    for (uint32_t i = 0; i < 10; i++) {
        struct target t = { .rng = &w->rng };
        uint64_t size = 0;
        disk_memory_each(w->disk, &t, pick);
        if (t.size == 0) return;
        const uint8_t *bytes = disk_memory_bytes(w->disk, t.name, &size);
        if (bytes[t.at] == 0 && i < 9) continue;
        disk_memory_flip(w->disk, t.name, t.at, rng_below(&w->rng, 8));
        return;
    }
}

/* Ends the process in one way or another. */
static void end_life(struct world *w, const struct plan *plan)
{
    uint32_t how = rng_below(&w->rng, 6);
    w->is_unmarked = true;
    w->allows_loss = plan->is_lazy && how < 3;
    w->disk->capacity = how == 5 ? 0 : plan->capacity;
    if (how == 5 && w->failures == 0) {
        world_rest(w);
        w->is_unmarked = w->failures > 0;
        w->allows_loss = false;
        if (w->failures == 0 && rng_chance(&w->rng, 1, 2)) {
            journal_pos clean = rng_chance(&w->rng, 1, 2) ? world_last_safe(w) : w->released;
            world_close(w, clean);
            return;
        }
    }
    world_crash(w, how < 3);
}

static bool live(struct world *w, const struct plan *plan)
{
    uint32_t steps = rng_below(&w->rng, STEPS);
    for (uint32_t i = 0; i < steps && w->failures == 0; i++) step(w);
    if (plan->fail_permille == 0 && plan->capacity == 0 && w->failures > 0)
        complain(w, "a journal failed on a good disk", w->failed_with);
    for (uint32_t i = 0; i < DISK_MEMORY_CALLS; i++) w->disk->fault[i].fail_permille = 0;
    end_life(w, plan);
    if (plan->rots && rng_chance(&w->rng, 2, 3)) rot(w);
    return w->complaint[0] == '\0';
}

/* Checked at rest first: what it says must be what the start says. */
static void check_at_rest(struct world *w, uint32_t *ret_replayed, uint32_t *ret_damages)
{
    struct world *at_rest = xcalloc(1, sizeof *at_rest);
    *at_rest = *w;
    at_rest->entries = xcalloc(w->count + 1, sizeof *w->entries);
    if (w->count > 0) memcpy(at_rest->entries, w->entries, w->count * sizeof *w->entries);
    at_rest->options.ctx = at_rest;
    enum err e = world_open(at_rest, true);
    if (e) complain(w, "a check at rest fails", e);
    else at_rest->journal = journal_close(at_rest->journal, 0);
    if (at_rest->complaint[0] != '\0') complain(w, at_rest->complaint, 0);
    *ret_replayed = at_rest->replayed;
    *ret_damages = at_rest->damages;
    w->nonces = at_rest->nonces;
    at_rest->entries = xfree(at_rest->entries);
    xfree(at_rest);
}

static struct world *run(uint64_t seed, const struct plan *plan)
{
    struct world *w = world_new(seed);
    if (plan->is_sealed) world_seal(w);
    w->allows_unerased = plan->loses_writes || plan->misdirects;
    w->options.sync = plan->is_lazy ? JOURNAL_SYNC_LAZY : JOURNAL_SYNC_EACH;
    if (rng_chance(&w->rng, 1, 4)) w->options.segment_first = 1024;
    for (uint32_t life = 0; life < LIVES && w->complaint[0] == '\0'; life++) {
        uint32_t replayed = 0, damages = 0;
        w->disk->capacity = 0;
        w->disk->sync_lies = plan->sync_lies;
        w->disk->lose_write_at = w->disk->misdirect_write_at = 0;
        if (life > 0) check_at_rest(w, &replayed, &damages);
        enum err e = world_open(w, false);
        if (e) {
            complain(w, "a start fails", e);
            break;
        }
        if (w->complaint[0] != '\0') break;
        if (life > 0 && (w->replayed != replayed || w->damages != damages))
            complain(w, "a check at rest and a start disagree", life);
        w->disk->capacity = plan->capacity;
        struct disk_memory_fault *writes = &w->disk->fault[DISK_MEMORY_WRITES];
        if (plan->loses_writes) w->disk->lose_write_at = writes->count + 1 + rng_below(&w->rng, 20);
        if (plan->misdirects) {
            w->disk->misdirect_write_at = writes->count + 1 + rng_below(&w->rng, 20);
            w->disk->misdirect_by = (uint64_t)(1 + rng_below(&w->rng, 3)) * 512;
        }
        for (uint32_t i = 0; i < DISK_MEMORY_CALLS; i++)
            w->disk->fault[i].fail_permille = plan->fail_permille;
        if (!live(w, plan)) break;
    }
    return w;
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

/* Runs them all; returns how many ended with a complaint, and prints the first. */
static uint32_t run_all(const struct plan *plan, bool prints)
{
    uint64_t first = number_from("SEED", 0), count = number_from("SEEDS", SEEDS);
    uint32_t bad = 0;
    if (first > 0) count = 1;
    for (uint64_t seed = first; seed < first + count; seed++) {
        struct world *w = run(seed, plan);
        bool is_bad = w->complaint[0] != '\0';
        if (is_bad && prints && bad == 0)
            print_message("seed %llu: %s\n", (unsigned long long)seed, w->complaint);
        bad += is_bad;
        (void)world_free(w);
    }
    return bad;
}

static void nothing_is_lost_twice_or_invented_whatever_ends_the_process(void **state)
{
    (void)state;
    assert_int_equal(run_all(&(struct plan){ 0 }, true), 0);
}

static void the_same_when_bodies_are_sealed(void **state)
{
    (void)state;
    assert_int_equal(run_all(&(struct plan){ .is_sealed = true }, true), 0);
}

static void lazy_loses_at_most_the_end_or_says_what(void **state)
{
    (void)state;
    assert_int_equal(run_all(&(struct plan){ .is_lazy = true }, true), 0);
}

static void a_bit_that_flips_at_rest_is_harmless_or_reported(void **state)
{
    (void)state;
    assert_int_equal(run_all(&(struct plan){ .rots = true }, true), 0);
    assert_int_equal(run_all(&(struct plan){ .rots = true, .is_sealed = true }, true), 0);
}

static void a_disk_that_fails_ends_the_journal_and_loses_nothing(void **state)
{
    (void)state;
    assert_int_equal(run_all(&(struct plan){ .fail_permille = 5 }, true), 0);
    assert_int_equal(run_all(&(struct plan){ .fail_permille = 5, .is_lazy = true }, true), 0);
}

static void a_full_disk_is_no_failure(void **state)
{
    (void)state;
    assert_int_equal(run_all(&(struct plan){ .capacity = 30000 }, true), 0);
}

static void a_write_that_goes_astray_is_reported(void **state)
{
    (void)state;
    assert_int_equal(run_all(&(struct plan){ .loses_writes = true }, true), 0);
    assert_int_equal(run_all(&(struct plan){ .misdirects = true }, true), 0);
}

/* The checks above are worth something: a disk that lies is found out. */
static void the_model_notices_a_sync_that_does_nothing(void **state)
{
    (void)state;
    assert_true(run_all(&(struct plan){ .sync_lies = true }, false) > 0);
}

/* Changes a byte of each batch that is read, and makes all sums fit. */
static void forge(void *ctx, const char *file, uint64_t offset, struct disk_span bytes)
{
    const struct world *w = ctx;
    (void)file;
    (void)offset;
    for (size_t at = 0; at + JOURNAL_SECTOR <= bytes.len; at += JOURNAL_SECTOR) {
        struct journal_head h = { 0 };
        uint32_t need = 0;
        uint8_t *head = bytes.ptr + at;
        struct slice rest = slice_of(head, bytes.len - at);
        enum journal_verdict verdict = journal_head_decode(rest, w->options.store_id, &h, &need);
        uint32_t head_len = journal_head_len(h.ranges);
        bool is_whole = verdict == JOURNAL_HEAD && rest.len - head_len >= h.body_len;
        if (!is_whole || h.records == 0 || le_get_u32(head + head_len + RECORD_LEN) == 0) continue;
        head[head_len + RECORD_SIZE] ^= 2;
        uint64_t seed = journal_body_seed(&h);
        journal_head_finish(head, journal_body_finish(head + head_len, h.body_len, seed));
    }
}

static void the_model_notices_bytes_whose_sums_fit(void **state)
{
    (void)state;
    struct world *w = world_new(3);
    assert_int_equal(world_open(w, false), ERR_OK);
    (void)world_add(w, 100);
    world_close(w, 0);
    w->disk->alter_read = forge;
    w->disk->alter_ctx = w;
    assert_int_equal(world_open(w, false), ERR_OK);
    assert_string_equal(w->complaint, "a body is not what was written (1)");
    (void)world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_twice_or_invented_whatever_ends_the_process),
        cmocka_unit_test(the_same_when_bodies_are_sealed),
        cmocka_unit_test(lazy_loses_at_most_the_end_or_says_what),
        cmocka_unit_test(a_bit_that_flips_at_rest_is_harmless_or_reported),
        cmocka_unit_test(a_disk_that_fails_ends_the_journal_and_loses_nothing),
        cmocka_unit_test(a_full_disk_is_no_failure),
        cmocka_unit_test(a_write_that_goes_astray_is_reported),
        cmocka_unit_test(the_model_notices_a_sync_that_does_nothing),
        cmocka_unit_test(the_model_notices_bytes_whose_sums_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
