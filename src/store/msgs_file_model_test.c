/* SPDX-License-Identifier: Apache-2.0 */
/* A stream lives through many processes: each ends with a power cut, a kill or a clean stop while
 * blocks, checkpoints and rewrites of their log are underway. What the next one finds is the newest
 * whole list; the commands above it come again, as a journal would bring them. Then all must be as
 * the model has it. */
#include "store/msgs_file_testing.h"

enum { SNAPSHOTS = 4, OPS = 500, LIVES = 7 };

/* The model when a list was gathered. */
struct snapshot {
    journal_pos       pos;
    struct list_model model;
    struct rng        rng;
    uint64_t          left_above; /* the list has left what is above this one to the journal */
};

struct world {
    struct files      *files;
    struct checkpoint *log;
    struct play        play;
    struct rng         rng;   /* of all but the commands */
    journal_pos        ops;   /* commands so far: the last one is at this position */
    struct snapshot    snapshots[SNAPSHOTS];
    uint32_t           taken;
    uint64_t           flushed;   /* last one when the last flush of this life began; 0: none has */
    uint32_t           refills;
    bool               is_flushing, is_committing, uses_erase;
    uint32_t           damages, sections, slices, lists;
    int                erased;
};

/* ---- commands ---- */

static void command(struct world *w)
{
    struct play *p = &w->play;
    uint32_t draw = rng_below(&p->rng, 100);
    w->ops++;
    if (draw < 60) play_append(p, rng_below(&p->rng, 8) == 0 ? 3 : 0);
    else if (draw < 92) play_remove(p);
    else if (draw < 95) play_compact(p);
    else if (draw < 97) play_skip(p);
    else if (draw < 98) play_purge(p);
}

/* ---- checkpoints ---- */

static void committed(void *ctx, enum err e)
{
    struct world *w = ctx;
    w->is_committing = false;
    if (e) return;
    w->lists++;
    msgs_file_checkpointed(w->play.msgs);
}

static void gather(struct world *w)
{
    struct snapshot *s = &w->snapshots[w->taken++ % SNAPSHOTS];
    bool may_leave = w->flushed > 0 && !w->is_flushing && rng_below(&w->rng, 2) == 0;
    bool leaves = may_leave && msgs_file_leave(w->play.msgs);
    *s = (struct snapshot){ w->ops, w->play.model, w->play.rng, leaves ? w->flushed : UINT64_MAX };
    w->is_committing = true;
    checkpoint_begin(w->log, w->ops);
    msgs_file_checkpoint(w->play.msgs, w->log);
    checkpoint_commit(w->log, committed, w);
}

static void flushed(void *ctx, enum err e)
{
    struct world *w = ctx;
    w->is_flushing = false;
    assert_true(e == ERR_OK || e == ERR_LIMIT || e == ERR_IO);
}

static bool slice(void *ctx, struct checkpoint *c, bool is_first)
{
    struct world *w = ctx;
    w->slices++;
    return msgs_file_slice(w->play.msgs, c, is_first, 200);
}

static void log_failed(void *ctx, enum err e, const char *what)
{
    (void)ctx;
    assert_string_equal(what, e == ERR_CLOSED ? what : "");
}

static void tick(struct world *w)
{
    struct files *f = w->files;
    for (uint32_t i = rng_below(&w->rng, 6); i > 0; i--) {
        (void)disk_memory_step(f->disk);
        (void)disk_queue_poll(f->queue);
    }
    (void)checkpoint_tick(w->log);
    bool is_free = !w->is_committing && !checkpoint_is_busy(w->log);
    if (is_free && rng_below(&w->rng, 12) == 0) gather(w);
    else if (!w->is_flushing && rng_below(&w->rng, 12) == 0) {
        w->is_flushing = true;
        w->flushed = w->play.model.last;
        msgs_file_flush(w->play.msgs, flushed, w);
    }
    if (rng_below(&w->rng, 40) == 0) msgs_file_retry(w->play.msgs);
}

/* ---- processes ---- */

static void on_section(void *ctx, const struct checkpoint_section *s)
{
    struct world *w = ctx;
    w->sections++;
    assert_int_equal(msgs_file_load(w->play.msgs, s), ERR_OK);
}

static void on_damage(void *ctx, journal_pos after)
{
    struct world *w = ctx;
    (void)after;
    w->damages++;
}

/* What the model was at that list; at 0 as in the beginning. Returns above which message the
 * journal has what the list leaves out. */
static uint64_t go_back(struct world *w, journal_pos pos)
{
    struct play *p = &w->play;
    for (uint32_t i = 0; i < SNAPSHOTS; i++) {
        if (pos == 0 || w->snapshots[i].pos != pos) continue;
        p->model = w->snapshots[i].model;
        p->rng = w->snapshots[i].rng;
        return w->snapshots[i].left_above;
    }
    assert_int_equal(pos, 0);
    p->model = (struct list_model){ .first = 1 };
    rng_init(&p->rng, 77);
    return UINT64_MAX;
}

/* As the journal would bring them: those that the list does not lack, too. */
static void refill(struct world *w, uint64_t above)
{
    const struct list_model *m = &w->play.model;
    for (uint32_t i = 0; i < m->count; i++) {
        struct stored msg;
        char subject[32];
        if (m->at[i].sequence <= above) continue;
        listed_message(&m->at[i], subject, &msg);
        w->refills += msgs_file_refill(w->play.msgs, &msg);
    }
    msgs_file_refilled(w->play.msgs);
}

static void begin_life(struct world *w, uint64_t sections_of)
{
    struct files *f = w->files;
    journal_pos pos = 0, ops = w->ops;
    struct errmsg why = { "" };
    const struct checkpoint_options o = { .disk = &f->disk->base,
                                          .queue = f->queue,
                                          .directory = "checkpoint",
                                          .store_id = f->options.store_id,
                                          .seal = f->options.seal,
                                          .rewrite_min = 8192,
                                          .ctx = w,
                                          .on_failed = log_failed,
                                          .slice = slice };
    const struct checkpoint_load load = { .ctx = w,
                                          .on_section = on_section,
                                          .on_damage = on_damage };
    f->options.incarnation = sections_of;
    w->play.msgs = msgs_file_new(&f->options, 1);
    w->is_flushing = w->is_committing = false;
    w->flushed = 0;
    assert_int_equal(checkpoint_open(&o, &load, false, &w->log, &pos, &why), ERR_OK);
    assert_int_equal(msgs_file_loaded(w->play.msgs, &why), ERR_OK);
    assert_int_equal(w->damages, 0);
    refill(w, go_back(w, pos));
    assert_int_equal(msgs_file_recovered(w->play.msgs, false, &why), ERR_OK);
    msgs_check(w->play.msgs);
    for (w->ops = pos; w->ops < ops;) command(w);
    msgs_check(w->play.msgs);
}

static void end_life(struct world *w, uint32_t how)
{
    struct files *f = w->files;
    if (how == 0) disk_memory_crash(f->disk);
    else if (how == 1) disk_memory_kill(f->disk);
    else msgs_file_stop(w->play.msgs);
    files_settle(f);
    w->play.msgs = msgs_free(w->play.msgs);
    w->log = checkpoint_close(w->log);
    files_stop(f);
    if (how < 2) disk_memory_start(f->disk);
    files_start(f);
}

/* With draws of its own, so that the commands stay what they are. */
static void compare(struct world *w)
{
    struct rng kept = w->play.rng;
    w->play.rng = w->rng;
    compare_state(&w->play);
    compare_lists(&w->play);
    for (uint32_t i = 0; i < 20; i++) {
        compare_search(&w->play);
        compare_message(&w->play);
        compare_time(&w->play);
    }
    w->rng = w->play.rng;
    w->play.rng = kept;
    msgs_check(w->play.msgs);
}

static void suite_settle(struct suite *s)
{
    files_settle(container_of(s, struct files, suite));
}

/* Returns how many messages lists had left to the journal. */
static uint32_t live(uint64_t seed, bool is_compressed, bool is_sealed, bool is_scarce)
{
    struct world *w = xcalloc(1, sizeof *w);
    struct files *f = files_setup(seed);
    w->files = f;
    f->suite.settle = suite_settle;
    f->options.is_compressed = is_compressed;
    if (is_sealed) files_seal(f);
    rng_init(&w->rng, seed);
    w->play.suite = &f->suite;
    for (uint32_t life = 0; life < LIVES; life++) {
        begin_life(w, 9);
        compare(w);
        for (uint32_t i = rng_below(&w->rng, OPS); i > 0; i--) {
            command(w);
            tick(w);
            bool is_full = is_scarce && rng_below(&w->rng, 3) == 0;
            f->disk->capacity = is_full ? disk_memory_used(f->disk) + 2000 : 0;
            if (i % 50 == 0) compare(w);
        }
        f->disk->capacity = 0;
        compare(w);
        end_life(w, rng_below(&w->rng, 3));
    }
    assert_int_equal(f->failures, 0);
    assert_true(w->lists > 5 && w->sections > 0);
    uint32_t refills = w->refills;
    files_teardown(f);
    xfree(w);
    return refills;
}

static void what_was_there_is_there_after_every_end(void **state)
{
    (void)state;
    uint32_t refills = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) refills += live(seed, false, false, false);
    assert_true(refills > 0);
}

static void so_it_is_when_blocks_are_compressed_or_sealed(void **state)
{
    (void)state;
    for (uint64_t seed = 20; seed < 24; seed++) (void)live(seed, true, false, false);
    for (uint64_t seed = 30; seed < 34; seed++) (void)live(seed, false, true, false);
    for (uint64_t seed = 40; seed < 44; seed++) (void)live(seed, true, true, false);
}

static void so_it_is_when_space_runs_out(void **state)
{
    (void)state;
    for (uint64_t seed = 50; seed < 56; seed++) (void)live(seed, false, false, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_there_is_there_after_every_end),
        cmocka_unit_test(so_it_is_when_blocks_are_compressed_or_sealed),
        cmocka_unit_test(so_it_is_when_space_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
