/* SPDX-License-Identifier: Apache-2.0 */
/* When what is written is sealed with another key than before (or was plain), all that stands from
 * before is written anew while the store serves (docs/decisions/011): the files of owners, a block
 * at a time; the checkpoint log by a rewrite, whose old files are filled with zeros; the journal by
 * not using its old segments again, which go when a list has released them. Then a list says that
 * the era is whole, and the next start has nothing to do.
 *
 * No key is forgotten, so a crash at any moment leaves what opens. */
#include <stdio.h>

#include "base/assert.h"
#include "store/store_internal.h"

/* Between two looks: so often a block is begun at most. */
#define CONVERT_TURN (10 * MILLISECOND)
/* Without space. */
#define CONVERT_RETRY SECOND
/* Old blocks go by a list: what is written anew in so long stands twice. */
#define CONVERT_LIST SECOND

bool store_convert_is_wanted(const struct store *s)
{
    assert(s->identity.turn > 0);
    assert(s->era_whole <= s->identity.era);
    return s->identity.era > 1 && s->era_whole != s->identity.era;
}

static struct store_owner *owner_from(const struct store *s, const struct list *at)
{
    assert(at != NULL);
    for (; at != &s->owners.all; at = at->next) {
        struct store_owner *o = container_of(at, struct store_owner, all);
        if (o->ops->convert != NULL) return o;
    }
    return NULL;
}

void store_convert_leave(struct store *s, struct store_owner *o)
{
    assert(o->incarnation > 0);
    if (s->convert.at == o) s->convert.at = owner_from(s, o->all.next);
}

/* ---- steps ---- */

static void pass_begin(struct store *s, enum convert_step step)
{
    struct convert *c = &s->convert;
    assert(step == CONVERT_FILES || step == CONVERT_FILES_GO || step == CONVERT_NAMES);
    c->step = step;
    c->at = owner_from(s, s->owners.all.next);
    c->list_due = s->now + CONVERT_LIST;
}

static void list_wanted(struct store *s, enum convert_step step)
{
    assert(step == CONVERT_FILES_LIST || step == CONVERT_ERA_LIST);
    assert(s->lists >= s->lists_settled);
    s->convert.step = step;
    s->convert.list = s->lists + 1;
}

/* One look at one owner. */
static void pass_go(struct store *s)
{
    struct convert *c = &s->convert;
    struct store_owner *o = c->at;
    assert(o != NULL && o->ops->convert != NULL);
    enum err e = o->ops->convert(o);
    bool waits = e == ERR_BUSY || e == ERR_LIMIT ||
                 (e == ERR_EXISTS && c->step == CONVERT_FILES_GO);
    c->due = s->now + (e == ERR_LIMIT ? CONVERT_RETRY : waits ? CONVERT_TURN : 0);
    if (waits) return;
    if (e == ERR_CORRUPT) c->is_stuck = true;
    c->at = owner_from(s, o->all.next);
}

static void logs_go(struct store *s)
{
    struct convert *c = &s->convert;
    enum err e = checkpoint_wiped(s->checkpoint, c->pair);
    assert(c->step == CONVERT_LOGS);
    c->due = s->now + CONVERT_TURN;
    if (e == ERR_LIMIT) {
        c->pair = checkpoint_wipe(s->checkpoint);
        c->due = s->now + CONVERT_RETRY;
    }
    if (e == ERR_OK && journal_is_anew(s->journal)) pass_begin(s, CONVERT_NAMES);
}

/* ---- names: what was removed does not come back ---- */

static void names_over(struct store *s)
{
    struct convert *c = &s->convert;
    assert(c->step == CONVERT_NAMES && c->is_last);
    if (c->is_stuck) {
        c->step = CONVERT_IDLE;
        store_report(s, "what cannot be read or removed any more stays as it was sealed before");
        return;
    }
    s->era_whole = s->identity.era;
    list_wanted(s, CONVERT_ERA_LIST);
}

static void on_synced(struct disk_op *op)
{
    struct convert *c = container_of(op, struct convert, op);
    struct store *s = container_of(c, struct store, convert);
    assert(c->is_syncing && c->step == CONVERT_NAMES);
    c->is_syncing = false;
    if (op->result && op->result != ERR_NOTFOUND) c->is_stuck = true;
    if (c->is_last) names_over(s);
}

static void names_go(struct store *s)
{
    struct convert *c = &s->convert;
    if (c->is_syncing) return;
    c->is_last = c->at == NULL;
    int len = c->is_last ? snprintf(c->name, sizeof c->name, "journal")
                         : snprintf(c->name, sizeof c->name, STORE_STREAMS "/%016llx",
                                    (unsigned long long)c->at->incarnation);
    assert(len > 0 && (size_t)len < sizeof c->name);
    if (!c->is_last) c->at = owner_from(s, c->at->all.next);
    c->op.kind = DISK_SYNC_DIR;
    c->op.lane = DISK_LANE_BULK;
    c->op.name = c->name;
    c->op.done = on_synced;
    c->is_syncing = true;
    disk_submit(s->queue, &c->op);
}

static void list_settled(struct store *s)
{
    if (s->convert.step == CONVERT_FILES_LIST) {
        pass_begin(s, CONVERT_FILES_GO);
        return;
    }
    assert(s->convert.step == CONVERT_ERA_LIST);
    s->convert.step = CONVERT_IDLE;
    store_notice(s, "all that the store holds is written with the cipher of the configuration");
}

static void step_go(struct store *s)
{
    struct convert *c = &s->convert;
    switch (c->step) {
    case CONVERT_FILES:
    case CONVERT_FILES_GO:
        if (c->at != NULL) pass_go(s);
        else if (c->step == CONVERT_FILES) list_wanted(s, CONVERT_FILES_LIST);
        else c->step = CONVERT_LOGS;
        return;
    case CONVERT_FILES_LIST:
    case CONVERT_ERA_LIST:
        if (s->lists_settled >= c->list) list_settled(s);
        return;
    case CONVERT_LOGS: logs_go(s); return;
    case CONVERT_NAMES: names_go(s); return;
    case CONVERT_IDLE: return;
    default: unreachable();
    }
}

/* ---- turns ---- */

static bool is_over(const struct store *s)
{
    return s->convert.step == CONVERT_IDLE || s->is_stopping || s->is_stuck || s->failure != ERR_OK;
}

void store_convert_tick(struct store *s)
{
    assert(s->recovery == NULL);
    if (is_over(s) || s->now < s->convert.due) return;
    step_go(s);
}

nanos store_convert_due(const struct store *s)
{
    const struct convert *c = &s->convert;
    assert(s->recovery == NULL);
    if (is_over(s)) return NANOS_MAX;
    bool is_list = c->step == CONVERT_FILES_LIST || c->step == CONVERT_ERA_LIST;
    if (c->is_syncing) return NANOS_MAX;
    if (!is_list) return c->due;
    return s->lists_settled >= c->list ? s->now : NANOS_MAX;
}

bool store_convert_wants_list(const struct store *s)
{
    const struct convert *c = &s->convert;
    if (is_over(s)) return false;
    assert(s->lists >= s->lists_settled);
    switch (c->step) {
    case CONVERT_FILES: return s->now >= c->list_due && !list_empty(&s->owners.changed);
    case CONVERT_FILES_LIST:
    case CONVERT_ERA_LIST: return s->lists < c->list;
    case CONVERT_FILES_GO:
    case CONVERT_LOGS:
    case CONVERT_NAMES:
    case CONVERT_IDLE: return false;
    default: unreachable();
    }
    return false;
}

void store_convert_listed(struct store *s)
{
    assert(s->lists > 0);
    s->convert.list_due = s->now + CONVERT_LIST;
}

void store_convert_begin(struct store *s)
{
    struct convert *c = &s->convert;
    assert(c->step == CONVERT_IDLE && s->checkpoint != NULL);
    if (!store_convert_is_wanted(s)) return;
    c->pair = checkpoint_wipe(s->checkpoint);
    pass_begin(s, CONVERT_FILES);
    store_notice(s, "the cipher has changed: what was written before is written anew meanwhile");
}
