/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that is full to the last byte. What frees space (blocks and journal that a list lets go)
 * needs a durable list, which needs space itself: so the first space that there is belongs to the
 * list. While one is refused, or the reserve is missing, nothing is stored, the journal makes no
 * segment and no stream writes to its blocks. The list is tried once a second; one that frees
 * something is first told anew, without what has gone since, and gets the reserve. */
#include "base/assert.h"
#include "store/store_cache.h"
#include "store/store_internal.h"

static void retry_all(struct store *s)
{
    assert(!s->is_sparing);
    LIST_EACH(&s->owners.all, node) {
        struct store_owner *o = container_of(node, struct store_owner, all);
        if (o->ops->retry != NULL) o->ops->retry(o);
    }
}

/* At the end of a life, or when no list will ever come, the journal takes what it needs. */
static void spare(struct store *s)
{
    bool is_short = checkpoint_is_refused(s->checkpoint) || store_reserve_is_missing(s);
    bool is_sparing = is_short && !s->is_stopping && !s->is_stuck;
    assert(s->recovery == NULL);
    if (s->is_sparing == is_sparing) return;
    s->is_sparing = is_sparing;
    journal_hold(s->journal, is_sparing);
    store_cache_spare(s->cache, is_sparing);
    if (!is_sparing) retry_all(s);
}

void store_refused_tick(struct store *s)
{
    struct checkpoint *c = s->checkpoint;
    spare(s);
    store_reserve_tick(s);
    if (!checkpoint_is_refused(c)) s->retry_list = s->now;
    if (store_refused_due(s) > s->now) return;
    assert(!s->is_stopping && !s->is_stuck);
    s->retry_list = s->now + CHECKPOINT_RETRY;
    bool helps = store_list_helps(s);
    assert(s->step == STEP_WRITING);
    if (helps && store_reserve_is_held(s) && !journal_is_preparing(s->journal))
        store_reserve_give(s); /* the list comes when it is cut */
    else if (helps && checkpoint_may_amend(c)) store_list_amend(s);
    else (void)checkpoint_tick(c);
}

nanos store_refused_due(const struct store *s)
{
    assert(s->recovery == NULL);
    bool waits = s->is_stopping || s->is_stuck || store_reserve_is_cut(s);
    return waits || !checkpoint_is_refused(s->checkpoint) ? NANOS_MAX : s->retry_list;
}
