/* SPDX-License-Identifier: Apache-2.0 */
/* From a durable batch to the owners of its records.
 *
 * With many owners each record would wait for memory at every step of its way: so what the next
 * ones will touch is fetched meanwhile. At each turn one record is applied, and those behind it are
 * looked at one step further: what a step has asked for has come when the next one needs it
 * (docs/decisions/012). */
#include "base/assert.h"
#include "store/store_internal.h"

enum {
    STEPS = 1 + STORE_SOON_STEPS, /* the first one is for the owner */
    AHEAD = 8,            /* records that are known, at most */
    BODY_AHEAD = 1 << 10, /* bytes of the batch */
    RUN_BATCHES = 16,     /* of a run at least: to note each would touch a line more */
};
static_assert(STEPS < AHEAD,
              "each keeps its place until it is applied, a turn after its last step");

struct ahead_record {
    struct journal_record record;
    struct store_owner   *owner;    /* NULL: not looked for yet, or there was none */
    bool                  is_same;  /* owner as of the one before, which fetches */
};

/* Records count from 0, and so do turns: at its own turn a record makes its first step, and STEPS
 * turns later it is applied. */
struct store_ahead {
    struct ahead_record at[AHEAD];
    uint64_t read, applied;
    uint64_t fresh;     /* records up to here were the last that were not `is_same`, and one more */
};

static struct ahead_record *at(struct store_ahead *a, uint64_t record)
{
    return &a->at[record % AHEAD];
}

static bool read_next(struct store_ahead *a, const struct journal_batch *b, uint32_t *offset)
{
    struct ahead_record *r = at(a, a->read);
    uint32_t begin = *offset;
    if (!journal_next(b, offset, &r->record)) return false;
    uint32_t end = *offset + BODY_AHEAD;
    for (uint32_t i = begin + BODY_AHEAD; i < end && i < b->body.len; i += CACHE_LINE)
        PREFETCH(b->body.ptr + i);
    r->owner = NULL;
    r->is_same = a->read > 0 && at(a, a->read - 1)->record.owner == r->record.owner;
    a->read++;
    if (!r->is_same) a->fresh = a->read;
    return true;
}

static bool is_run_due(const struct store *s, const struct store_owner *o)
{
    assert(s->applied >= o->runs_pos);
    return o->runs_pos == 0 || s->applied >= o->runs_pos + RUN_BATCHES;
}

static void look_at(struct store *s, struct ahead_record *r, uint32_t step)
{
    assert(step < STEPS);
    if (r->is_same) return;
    if (step == 0) {
        owners_soon(&s->owners, r->record.owner);
        return;
    }
    if (step == 1) {
        r->owner = owners_find(&s->owners, r->record.owner);
        if (r->owner != NULL && is_run_due(s, r->owner)) PREFETCH(&r->owner->runs);
    }
    if (r->owner != NULL && r->owner->ops->soon != NULL) r->owner->ops->soon(r->owner, step - 1);
}

/* The last STEPS that were read, each a step further. */
static void look_ahead(struct store *s, struct store_ahead *a, uint64_t turn)
{
    uint64_t i = turn < STEPS ? 0 : turn - STEPS + 1;
    if (a->fresh <= a->applied) return;
    for (; i < a->read; i++) look_at(s, at(a, i), (uint32_t)(turn - i));
}

/* Records of an owner that was forgotten may still come: nobody misses them. */
static void apply_one(struct store *s, struct ahead_record *r)
{
    const struct journal_record *record = &r->record;
    struct store_owner *o = r->owner;
    if (o == NULL) o = owners_find(&s->owners, record->owner);
    if (UNLIKELY(o == NULL)) return;
    assert(o->incarnation == record->owner);
    owner_changed(s, o, s->applied, RECORD_HEAD + record->body.len);
    if (record->sequence > 0 && is_run_due(s, o))
        store_runs_add(s, o, record->sequence, s->applied);
    r->owner = o;                       /* until it leaves */
    o->ops->apply(o, record, false);
}

/* Of the one that was applied, unless the next one is its own. */
static void remember(struct store_ahead *a)
{
    struct store_owner *o = at(a, a->applied)->owner;
    bool is_known = a->applied + 1 < a->read;
    if (o == NULL || (is_known && at(a, a->applied + 1)->is_same)) return;
    assert(o->incarnation > 0);
    if (o->ops->remember != NULL) o->ops->remember(o);
}

void store_on_batch(void *ctx, const struct journal_batch *b)
{
    struct store *s = ctx;
    struct store_ahead a;
    uint32_t offset = 0;
    bool has_more = true;
    assert(b->pos > s->applied);
    assert(s->ahead == NULL);
    a.read = a.applied = a.fresh = 0;
    s->applied = b->pos;
    s->ahead = &a;
    for (uint64_t turn = 0; has_more || a.applied < a.read; turn++) {
        if (has_more) has_more = read_next(&a, b, &offset);
        look_ahead(s, &a, turn);
        if (turn < STEPS || a.applied == a.read) continue;
        apply_one(s, at(&a, a.applied));
        remember(&a);
        a.applied++;
    }
    s->ahead = NULL;
    assert(s->recovery == NULL);
}

void store_ahead_leave(struct store *s, const struct store_owner *o)
{
    struct store_ahead *a = s->ahead;
    if (a == NULL) return;
    assert(a->applied <= a->read && a->read - a->applied <= AHEAD);
    for (uint64_t i = a->applied; i < a->read; i++)
        if (at(a, i)->owner == o) at(a, i)->owner = NULL;
}
