/* SPDX-License-Identifier: Apache-2.0 */
/* A removed message is overwritten wherever the store has it: in the owner's files, in the journal,
 * in the checkpoint log. First a list must be durable that holds the removal: before that a start
 * needs what the message was. Then the three go beside each other; the log, which knows nothing of
 * messages, is rewritten when it has been told of this one.
 *
 * Where in the journal a message stands is remembered as runs: from this sequence on, in this
 * batch. There is a bound on how many an owner has; then every second one is forgotten, and the
 * journal looks between those that are left. */
#include "base/alloc.h"
#include "base/assert.h"
#include "store/store_internal.h"

enum { RUNS_MAX = 256, RUNS_FIRST = 8 };

/* ---- where in the journal ---- */

/* Runs of batches that stand nowhere any more. */
static uint32_t runs_dead(const struct store_owner *o, journal_pos oldest)
{
    uint32_t dead = 0;
    while (dead + 1 < o->runs_count && o->runs[dead + 1].pos <= oldest) dead++;
    assert(dead < o->runs_count);
    return dead;
}

static void runs_shrink(const struct store *s, struct store_owner *o)
{
    uint32_t kept = 0;
    uint32_t dead = s->journal == NULL ? 0 : runs_dead(o, journal_oldest(s->journal));
    assert(o->runs_count == RUNS_MAX);
    if (dead > 0) memmove(o->runs, o->runs + dead, (o->runs_count - dead) * sizeof *o->runs);
    o->runs_count -= dead;
    if (dead >= RUNS_MAX / 4) return;
    for (uint32_t i = 0; i < o->runs_count; i += 2) o->runs[kept++] = o->runs[i];
    o->runs_count = kept;
}

void store_runs_add(const struct store *s, struct store_owner *o, uint64_t sequence,
                    journal_pos pos)
{
    assert(sequence > 0 && pos > o->runs_pos);
    if (o->runs_count == RUNS_MAX) runs_shrink(s, o);
    if (o->runs_count == o->runs_cap) {
        o->runs_cap = o->runs_cap > 0 ? o->runs_cap * 2 : RUNS_FIRST;
        o->runs = xrealloc(o->runs, o->runs_cap * sizeof *o->runs);
    }
    o->runs[o->runs_count++] = (struct store_run){ sequence, pos };
    o->runs_pos = pos;
    assert(o->runs_count <= RUNS_MAX);
}

void store_runs_free(struct store_owner *o)
{
    o->runs = xfree(o->runs);
    o->runs_count = o->runs_cap = 0;
    o->runs_pos = 0;
    assert(o->runs == NULL);
}

/* False: it stands in no batch that is still there. */
static bool runs_find(const struct store *s, const struct store_owner *o, uint64_t sequence,
                      struct journal_erasure *ret)
{
    uint32_t low = 0, high = o->runs_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (o->runs[middle].sequence <= sequence) low = middle + 1;
        else high = middle;
    }
    if (low == 0) return false;
    journal_pos last = low < o->runs_count ? o->runs[low].pos - 1 : s->applied;
    *ret = (struct journal_erasure){ o->runs[low - 1].pos, last, o->incarnation, sequence };
    assert(ret->first <= ret->last);
    return true;
}

/* ---- one that goes ---- */

struct erasure {
    struct list node; /* in one of the lists of struct erasures */
    struct store *store;
    struct store_owner *owner; /* NULL: it has left */
    uint64_t sequence;
    uint64_t list;   /* number of the list that must be durable */
    uint32_t parts;  /* that have begun and are not over */
    bool is_in_log;
    uint32_t pair;   /* of the log: when no such file is left nor an older one, it is gone */
    enum err result;
    void (*done)(void *ctx, enum err);
    void *ctx;
};

static struct erasure *erasure_of(struct list *node)
{
    return container_of(node, struct erasure, node);
}

void erasures_init(struct store *s)
{
    struct erasures *all = &s->erasures;
    list_init(&all->waiting);
    list_init(&all->underway);
    list_init(&all->logged);
    assert(all->in_files == 0);
}

void erasures_deinit(struct store *s)
{
    struct list *lists[] = { &s->erasures.waiting, &s->erasures.underway, &s->erasures.logged };
    for (uint32_t i = 0; i < ARRAY_COUNT(lists); i++) {
        struct list *node;
        while ((node = list_pop(lists[i])) != NULL) xfree(erasure_of(node));
    }
    assert(s->owners.count == 0);
}

static void note(struct erasure *x, enum err e)
{
    assert(x->store != NULL);
    if (x->result == ERR_OK && e != ERR_NOTFOUND) x->result = e;
}

/* Nothing of it is on its way any more. */
static void part_over(struct erasure *x)
{
    assert(x->parts > 0);
    if (--x->parts > 0) return;
    list_remove(&x->node);
    if (x->is_in_log && x->done != NULL) {
        list_add_tail(&x->store->erasures.logged, &x->node);
        return;
    }
    if (x->done != NULL) x->done(x->ctx, x->result);
    xfree(x);
}

static void on_journal(void *ctx, enum err e)
{
    struct erasure *x = ctx;
    note(x, e);
    part_over(x);
}

static void on_files(void *ctx, enum err e)
{
    struct erasure *x = ctx;
    assert(x->store->erasures.in_files > 0);
    x->store->erasures.in_files--;
    if (x->owner != NULL) x->owner->erasing--;
    note(x, e);
    part_over(x);
}

/* Its removal is durable and no record of it will be replayed. */
static void begin(struct erasure *x)
{
    struct store *s = x->store;
    struct store_owner *o = x->owner;
    struct journal_erasure where;
    assert(o != NULL && x->parts == 0);
    list_add_tail(&s->erasures.underway, &x->node);
    x->parts = 1;
    uint32_t number = checkpoint_number(s->checkpoint);
    x->is_in_log = o->ops->is_told != NULL && o->ops->is_told(o, x->sequence, number);
    if (x->is_in_log) {
        x->pair = checkpoint_wipe(s->checkpoint);
        o->flushes_small = true;        /* it will not come to that again */
    }
    if (runs_find(s, o, x->sequence, &where)) {
        x->parts++;
        enum err e = journal_erase(s->journal, &where, on_journal, x);
        if (e) on_journal(x, e);
    }
    if (o->ops->erase != NULL) {
        x->parts++;
        o->erasing++;
        s->erasures.in_files++;
        o->ops->erase(o, x->sequence, on_files, x);
    }
    part_over(x);
}

/* ---- turns ---- */

static void fail_all(struct list *all, enum err e)
{
    struct list *node;
    assert(e != ERR_OK);
    while ((node = list_pop(all)) != NULL) {
        struct erasure *x = erasure_of(node);
        if (x->done != NULL) x->done(x->ctx, e);
        xfree(x);
    }
}

static void log_tick(struct store *s)
{
    struct list *all = &s->erasures.logged;
    while (!list_empty(all)) {
        struct erasure *x = erasure_of(all->next);
        enum err e = checkpoint_wiped(s->checkpoint, x->pair);
        if (e == ERR_BUSY) return;      /* most of those behind it began later */
        note(x, e);
        list_remove(&x->node);
        if (x->done != NULL) x->done(x->ctx, x->result);
        xfree(x);
    }
    assert(list_empty(all));
}

void store_erase_tick(struct store *s)
{
    struct erasures *all = &s->erasures;
    bool is_refused = checkpoint_is_refused(s->checkpoint);
    if (s->failure != ERR_OK || s->is_stuck) {
        fail_all(&all->waiting, ERR_IO);
        fail_all(&all->logged, ERR_IO);
        return;
    }
    while (!list_empty(&all->waiting)) {
        struct erasure *x = erasure_of(all->waiting.next);
        if (x->list > s->lists_settled) break;
        list_remove(&x->node);
        begin(x);
    }
    if (is_refused) fail_all(&all->waiting, ERR_LIMIT); /* the list has no space */
    log_tick(s);
    assert(s->lists_settled <= s->lists);
}

bool store_erase_is_due(const struct store *s)
{
    const struct erasures *all = &s->erasures;
    assert(s->recovery == NULL);
    if (!list_empty(&all->waiting) && erasure_of(all->waiting.next)->list <= s->lists_settled)
        return true;
    if (list_empty(&all->logged)) return false;
    return checkpoint_wiped(s->checkpoint, erasure_of(all->logged.next)->pair) != ERR_BUSY;
}

static bool has_urgent(const struct store *s)
{
    if (s->erasures.in_files == 0) return false;
    LIST_EACH(&s->owners.all, node) {
        const struct store_owner *o = container_of(node, struct store_owner, all);
        if (o->erasing > 0 && o->ops->is_urgent != NULL && o->ops->is_urgent(o)) return true;
    }
    assert(s->erasures.in_files > 0);
    return false;
}

bool store_erase_wants_list(const struct store *s)
{
    const struct erasures *all = &s->erasures;
    assert(s->step == STEP_IDLE);
    bool is_waiting = !list_empty(&all->waiting) && erasure_of(all->waiting.prev)->list > s->lists;
    return is_waiting || checkpoint_wants_list(s->checkpoint) || has_urgent(s);
}

/* ---- from outside ---- */

void store_erase_leave(struct store *s, struct store_owner *o)
{
    struct list *lists[] = { &s->erasures.waiting, &s->erasures.logged };
    assert(o->incarnation > 0);
    for (uint32_t i = 0; i < ARRAY_COUNT(lists); i++)
        LIST_EACH(lists[i], node) {
            struct erasure *x = erasure_of(node);
            if (x->owner != o) continue;
            list_remove(node);
            xfree(x);
        }
    LIST_EACH(&s->erasures.underway, node) {
        struct erasure *x = erasure_of(node);
        if (x->owner != o) continue;
        x->owner = NULL;
        x->done = NULL;
    }
    o->erasing = 0;
}

void store_erase(struct store *s, struct store_owner *o, uint64_t sequence,
                 void (*done)(void *ctx, enum err), void *ctx)
{
    assert(o->incarnation > 0 && sequence > 0);
    assert(done != NULL);
    struct erasure *x = xcalloc(1, sizeof *x);
    *x = (struct erasure){
        .store = s, .owner = o, .sequence = sequence, .list = s->lists + 1, .done = done, .ctx = ctx
    };
    list_init(&x->node);
    list_add_tail(&s->erasures.waiting, &x->node);
}
