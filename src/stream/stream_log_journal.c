/* SPDX-License-Identifier: Apache-2.0 */
/* A command is a record of the stream's owner in the store's journal. */
#include "base/assert.h"
#include "base/near.h"
#include "store/store.h"
#include "stream/stream_log.h"

struct log_journal {
    struct stream_log   base;
    struct store       *store;
    uint64_t            incarnation;    /* of the owner */
    bool                is_refused; /* the last proposal */
};

static struct log_journal *log_from(struct stream_log *l)
{
    return container_of(l, struct log_journal, base);
}

static struct stream_log *log_free(struct stream_log *base)
{
    assert(base->applied <= base->proposed);
    return near_free(log_from(base), sizeof(struct log_journal));
}

static uint8_t *log_propose_here(struct stream_log *base, uint32_t kind, uint64_t sequence,
                                 uint32_t len, enum journal_use use)
{
    struct log_journal *l = log_from(base);
    journal_pos pos;
    assert(len <= JOURNAL_BODY_MAX);
    uint8_t *at = store_add(l->store, l->incarnation, kind, sequence, len, use, &pos);
    l->is_refused = at == NULL;
    if (at != NULL) base->proposed++;
    return at;
}

/* Also when there would be room for something smaller: it says why the last one was refused. */
static enum err log_reason(const struct stream_log *base)
{
    const struct log_journal *l = container_of(base, const struct log_journal, base);
    enum err e = store_error(l->store);
    assert(base->ops != NULL);
    if (e != ERR_OK) return e;
    return l->is_refused ? ERR_LIMIT : ERR_OK;
}

static void log_reaches(struct stream_log *base, uint64_t last_sequence)
{
    assert(last_sequence > 0 && base->proposed > 0);
    store_reaches(log_from(base)->store, last_sequence);
}

static void log_linger(struct stream_log *base)
{
    assert(base->proposed > 0);
    store_linger(log_from(base)->store);
}

static void log_hurry(struct stream_log *base)
{
    assert(base->applied < base->proposed);
    store_hurry(log_from(base)->store);
}

void stream_log_journal_apply(struct stream_log *base, const struct journal_record *r,
                              bool is_replay)
{
    const struct stream_log_command c = {
        .kind = r->kind,
        .sequence = r->sequence,
        .body = r->body,
        .is_replay = is_replay,
    };
    assert(r->owner == log_from(base)->incarnation);
    if (is_replay) base->proposed++;
    base->applied++;
    assert(base->applied <= base->proposed);
    base->apply(base->ctx, &c);
}

static const struct stream_log_ops ops = {
    .free = log_free,
    .propose = log_propose_here,
    .error = log_reason,
    .reaches = log_reaches,
    .linger = log_linger,
    .hurry = log_hurry,
};

struct stream_log *stream_log_journal_new(struct store *s, struct store_owner *o)
{
    struct log_journal *l = near_zalloc(sizeof *l);
    assert(o->incarnation > 0);
    l->base.ops = &ops;
    l->store = s;
    l->incarnation = o->incarnation;
    assert(l->base.proposed == 0);
    return &l->base;
}
