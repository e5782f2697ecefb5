/* SPDX-License-Identifier: Apache-2.0 */
/* Removals that somebody asked for: one message, a purge, and what no consumer needs any more. Who
 * asked waits until it is durable. */
#include "base/alloc.h"
#include "base/assert.h"
#include "base/le.h"
#include "store/store.h"
#include "stream/stream_internal.h"
#include "stream/stream_sections.h"

/* Who waits for a command of the log. In the order of the commands. */
struct change {
    struct list node;  /* of the stream's `changes`, or of `erasing` when only that is waited for */
    uint64_t    index; /* the command is the log's so-manieth */
    void      (*removed)(void *ctx, enum err);
    void      (*purged)(void *ctx, enum err, uint64_t count);
    void       *ctx;
};

static struct change *change_new(struct stream *s, void *ctx)
{
    struct change *c = xcalloc(1, sizeof *c);
    c->index = s->log->proposed;
    c->ctx = ctx;
    list_add_tail(&s->changes, &c->node);
    return c;
}

/* Who waits for the command that is being applied; NULL: nobody. */
static struct change *change_take(struct stream *s)
{
    if (list_empty(&s->changes)) return NULL;
    struct change *c = container_of(s->changes.next, struct change, node);
    assert(c->index >= s->log->applied);
    if (c->index != s->log->applied) return NULL;
    list_remove(&c->node);
    return c;
}

static void change_end(struct change *c, enum err e, uint64_t count)
{
    assert((c->removed == NULL) != (c->purged == NULL));
    if (c->removed != NULL) c->removed(c->ctx, e);
    else c->purged(c->ctx, e, count);
    xfree(c);
}

void stream_changes_fail(struct stream *s, enum err e)
{
    struct list *node;
    assert(e != ERR_OK);
    while ((node = list_pop(&s->changes)) != NULL)
        change_end(container_of(node, struct change, node), e, 0);
}

void stream_erasing_fail(struct stream *s, enum err e)
{
    struct list *node;
    assert(e != ERR_OK);
    while ((node = list_pop(&s->erasing)) != NULL)
        change_end(container_of(node, struct change, node), e, 0);
}

uint8_t *stream_propose_removal(struct stream *s, enum command_kind kind, uint32_t len)
{
    assert(kind == COMMAND_REMOVE || kind == COMMAND_COMPACT || kind == COMMAND_PURGE);
    if (s->failure != ERR_OK) return NULL;
    uint8_t *at = stream_log_propose(s->log, kind, 0, len, JOURNAL_USE_RELEASE);
    if (at != NULL) s->removals_upto = s->log->proposed;
    return at;
}

/* ---- one message ---- */

static bool propose_remove(struct stream *s, uint64_t sequence, uint8_t flags)
{
    uint8_t *at = stream_propose_removal(s, COMMAND_REMOVE, remove_command_size(1));
    if (at == NULL) return false;
    remove_command_begin(at, flags, 1);
    remove_command_set(at, 0, sequence);
    return true;
}

/* What is damaged can be removed, too. */
static bool is_there(struct stream *s, uint64_t sequence)
{
    struct slice subject;
    uint64_t size;
    return msgs_has(s->msgs, sequence) ||
           msgs_meta(s->msgs, sequence, &subject, &size) != ERR_NOTFOUND;
}

bool stream_remove(struct stream *s, uint64_t sequence, bool no_erase,
                   void (*done)(void *ctx, enum err), void *ctx)
{
    assert(done != NULL);
    if (!is_there(s, sequence)) return false;
    if (propose_remove(s, sequence, no_erase ? 0 : REMOVE_ERASE)) {
        change_new(s, ctx)->removed = done;
        return true;
    }
    enum err e = stream_log_error(s->log);
    done(ctx, e == ERR_OK ? ERR_LIMIT : e);
    return true;
}

static void erased(void *ctx, enum err e)
{
    struct change *c = ctx;
    if (c == NULL) return;              /* nobody waits */
    list_remove(&c->node);
    change_end(c, e, 0);
}

/* Who waits does so until it is gone from the disk, too. */
static void erase(struct stream *s, uint64_t sequence, struct change *waits)
{
    assert(waits == NULL || waits->removed != NULL);
    if (waits != NULL) list_add_tail(&s->erasing, &waits->node);
    if (stream_is_file(s)) store_erase(s->account->js->store, &s->owner, sequence, erased, waits);
    else msgs_erase(s->msgs, sequence, erased, waits);
}

void stream_apply_remove(struct stream *s, const struct remove_command *c)
{
    struct change *waits = change_take(s);
    enum err e = ERR_OK;
    assert(waits == NULL || c->count == 1);
    for (uint32_t i = 0; i < c->count; i++) {
        uint64_t sequence = remove_command_get(c, i);
        if (!stream_take_out(s, sequence)) e = ERR_NOTFOUND;
        else if (c->flags & REMOVE_ERASE) {
            erase(s, sequence, waits);
            waits = NULL;
        }
    }
    if (waits != NULL) change_end(waits, e, 0);
}

/* ---- many ---- */

void stream_purge(struct stream *s, const struct stream_purge *p,
                  void (*done)(void *ctx, enum err, uint64_t purged), void *ctx)
{
    struct purge_command c = { p->below, p->keep, p->filter };
    uint8_t *at = stream_propose_removal(s, COMMAND_PURGE, purge_command_size(&c));
    assert(done != NULL);
    if (at == NULL) {
        enum err e = stream_log_error(s->log);
        done(ctx, e == ERR_OK ? ERR_LIMIT : e, 0);
        return;
    }
    purge_command_write(&c, at);
    if (purge_is_compact(&c) && c.below - 1 > s->last_proposed) s->last_proposed = c.below - 1;
    change_new(s, ctx)->purged = done;
}

void stream_apply_purge(struct stream *s, const struct purge_command *c)
{
    struct change *waits = change_take(s);
    uint64_t gone = stream_take_matching(s, c);
    if (waits != NULL) change_end(waits, ERR_OK, gone);
}

/* ---- what nobody needs ---- */

struct range {
    uint64_t first, last;
};

/* What an ack has ended in a work queue goes by a command that comes later. Until that is applied
 * it stands here: a checkpoint between the two would know of neither. */
struct leaving {
    uint64_t first, last;
    uint64_t upto; /* the log's command after which it is gone */
};

static void leaving_trim(struct stream *s)
{
    struct leaving l;
    uint32_t at = 0, len = s->leaving.len;
    assert(len % sizeof l == 0);
    for (; at < len; at += (uint32_t)sizeof l) {
        memcpy(&l, s->leaving.ptr + at, sizeof l);
        if (l.upto > s->log->applied) break;
    }
    if (at == len) buf_deinit(&s->leaving);
    else if (at > 0) buf_drop(&s->leaving, at);
    assert(s->leaving.len == len - at);
}

static void leaving_add(struct stream *s, uint64_t first, uint64_t last)
{
    const struct leaving l = { first, last, UINT64_MAX };
    assert(first <= last);
    if (s->config.retention != JS_RETENTION_WORKQUEUE || !stream_is_file(s)) return;
    buf_add(&s->leaving, slice_of(&l, sizeof l));
}

/* Everything that was added by now goes with what is proposed by now. */
static void leaving_proposed(struct stream *s)
{
    struct leaving l;
    for (uint32_t at = s->leaving.len; at > 0; at -= (uint32_t)sizeof l) {
        uint8_t *end = s->leaving.ptr + at - sizeof l;
        memcpy(&l, end, sizeof l);
        if (l.upto != UINT64_MAX) break;
        l.upto = s->log->proposed;
        memcpy(end, &l, sizeof l);
    }
    leaving_trim(s);
}

static void put_range(struct buf *out, uint64_t first, uint64_t last)
{
    uint8_t row[SECTION_ACKED_SIZE];
    assert(first <= last);
    le_put_u64(row, first);
    le_put_u64(row + 8, last);
    buf_add(out, slice_of(row, sizeof row));
}

void stream_acked_write(struct stream *s, struct buf *out)
{
    struct leaving l;
    struct range r;
    assert(s->config.retention == JS_RETENTION_WORKQUEUE);
    leaving_trim(s);
    for (uint32_t at = 0; at < s->leaving.len; at += (uint32_t)sizeof l) {
        memcpy(&l, s->leaving.ptr + at, sizeof l);
        put_range(out, l.first, l.last);
    }
    for (uint32_t at = 0; at < s->unneeded.len; at += (uint32_t)sizeof r) {
        memcpy(&r, s->unneeded.ptr + at, sizeof r);
        put_range(out, r.first, r.last);
    }
}

enum err stream_acked_load(struct stream *s, struct slice rows)
{
    assert(!s->is_started);
    if (rows.len % SECTION_ACKED_SIZE != 0) return ERR_CORRUPT;
    s->unneeded.len = 0;
    for (uint32_t at = 0; at < rows.len; at += SECTION_ACKED_SIZE) {
        const struct range r = { le_get_u64(rows.ptr + at), le_get_u64(rows.ptr + at + 8) };
        if (r.first == 0 || r.first > r.last || r.last >= INT64_MAX) return ERR_CORRUPT;
        buf_add(&s->unneeded, slice_of(&r, sizeof r));
    }
    return ERR_OK;
}

void stream_acked_find(struct stream *s, uint64_t last)
{
    const struct msgs_filter all = { NULL, 0 };
    assert(s->config.retention == JS_RETENTION_WORKQUEUE);
    assert(s->unneeded.len % sizeof(struct range) == 0);
    for (uint64_t at = 0; msgs_next(s->msgs, &all, at, NULL, &at) == ERR_OK && at <= last; at++) {
        struct slice subject;
        uint64_t size;
        if (msgs_meta(s->msgs, at, &subject, &size) != ERR_OK) continue;
        if (!consumers_want(s->consumers, subject)) continue; /* a later one may */
        if (!consumers_need(s->consumers, at, subject)) stream_unneeded(s, at, at);
    }
}

void stream_unneeded(struct stream *s, uint64_t first, uint64_t last)
{
    struct range r = { first, last }, *before;
    assert(first <= last);
    bool is_queue = s->config.retention == JS_RETENTION_WORKQUEUE;
    if (s->config.retention == JS_RETENTION_LIMITS) return;
    if (!s->is_started && !is_queue) {  /* a replay: the start looks at them all */
        if (last > s->let_go) s->let_go = last;
        return;
    }
    uint32_t count = s->unneeded.len / (uint32_t)sizeof r;
    before = count == 0 ? NULL : (struct range *)(void *)s->unneeded.ptr + count - 1;
    if (before != NULL && before->last + 1 == first) before->last = last;
    else buf_add(&s->unneeded, slice_of(&r, sizeof r));
    s->is_quiet = false;
    stream_wake(s);
}

void stream_unneeded_take(struct stream *s)
{
    const struct msgs_filter all = { NULL, 0 };
    uint64_t at = 0;
    for (; msgs_next(s->msgs, &all, at, NULL, &at) == ERR_OK; at++) {
        struct slice subject;
        uint64_t size;
        if (msgs_meta(s->msgs, at, &subject, &size) != ERR_OK) continue;
        if (consumers_need(s->consumers, at, subject)) continue;
        (void)stream_take_out(s, at);
    }
}

/* How many sequences one command removes at most. */
enum { REMOVE_MAX = 64 * 1024 };

static bool is_needed(struct stream *s, uint64_t sequence)
{
    struct slice subject;
    uint64_t size;
    if (msgs_meta(s->msgs, sequence, &subject, &size) != ERR_OK) return true;
    /* its one consumer has acked it, whatever became of that one since */
    if (s->config.retention == JS_RETENTION_WORKQUEUE) return false;
    return consumers_need(s->consumers, sequence, subject);
}

static bool propose_removals(struct stream *s, struct buf *sequences)
{
    uint32_t count = sequences->len / (uint32_t)sizeof(uint64_t);
    if (count == 0) return true;
    uint8_t *at = stream_propose_removal(s, COMMAND_REMOVE, remove_command_size(count));
    if (at == NULL) return false;
    remove_command_begin(at, 0, count);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t sequence;
        memcpy(&sequence, sequences->ptr + i * sizeof sequence, sizeof sequence);
        remove_command_set(at, i, sequence);
    }
    sequences->len = 0;
    return true;
}

/* A turn looks at so many sequences, then others have theirs: after a start it may be all of a
 * stream. */
enum { UNNEEDED_SHARE = 16 * 1024 };

/* The end of the server waits for no turn that is still to come. */
static bool is_unhurried(const struct stream *s)
{
    return !atomic_load(&s->account->js->is_stopping);
}

static void unneeded_read(struct msgs_wait *w)
{
    struct stream *s = container_of(w, struct stream, unneeded_wait);
    s->is_unneeded_reading = false;
    stream_wake(s);
}

/* False: what is to be looked at is being read, and the turn is asked for when it is there. */
static bool is_ready(struct stream *s, uint64_t first, uint64_t last)
{
    if (!is_unhurried(s)) return true;
    s->unneeded_wait.done = unneeded_read;
    s->is_unneeded_reading = msgs_prepare(s->msgs, first, last, &s->unneeded_wait) == ERR_BUSY;
    return !s->is_unneeded_reading;
}

/* Those of a range that are there and that nobody needs; a share of it. False: the log is full;
 * `*from` is where to go on. */
static bool gather(struct stream *s, uint64_t *from, uint64_t last, struct buf *out)
{
    const struct msgs_filter all = { NULL, 0 };
    uint64_t at = *from;
    if (msgs_next(s->msgs, &all, at, NULL, &at) != ERR_OK || at > last) at = last;
    *from = at; /* nothing stands before it */
    if (is_unhurried(s) && last - at >= UNNEEDED_SHARE) last = at + UNNEEDED_SHARE - 1;
    if (!is_ready(s, at, last)) return true;
    while (at <= last && msgs_next(s->msgs, &all, at, NULL, &at) == ERR_OK && at <= last) {
        *from = at;
        if (!is_needed(s, at)) buf_add(out, slice_of(&at, sizeof at));
        if (out->len >= REMOVE_MAX * sizeof at && !propose_removals(s, out)) return false;
        at++;
    }
    *from = last + 1;
    return true;
}

/* The log takes nothing now. */
static void keep_for_later(struct stream *s, const struct buf *sequences)
{
    for (uint32_t at = 0; at < sequences->len; at += (uint32_t)sizeof(uint64_t)) {
        struct range r;
        memcpy(&r.first, sequences->ptr + at, sizeof r.first);
        r.last = r.first;
        buf_add(&s->unneeded, slice_of(&r, sizeof r));
    }
}

void stream_unneeded_propose(struct stream *s)
{
    struct buf ranges = s->unneeded, out = { 0 };
    uint64_t looked = 0;
    bool has_room = true;
    if (ranges.len == 0 || s->failure != ERR_OK) return;
    if (s->is_unneeded_reading && is_unhurried(s)) return;
    memset(&s->unneeded, 0, sizeof s->unneeded);
    for (uint32_t at = 0; at < ranges.len; at += (uint32_t)sizeof(struct range)) {
        struct range r;
        memcpy(&r, ranges.ptr + at, sizeof r);
        uint64_t first = r.first;
        bool has_turn = !s->is_unneeded_reading && looked < UNNEEDED_SHARE;
        if (has_turn || !is_unhurried(s)) has_room = gather(s, &r.first, r.last, &out) && has_room;
        looked += r.first - first;
        if (first < r.first) leaving_add(s, first, r.first - 1);
        if (r.first <= r.last) buf_add(&s->unneeded, slice_of(&r, sizeof r));
    }
    if (!propose_removals(s, &out)) {
        keep_for_later(s, &out);
        has_room = false;
    }
    leaving_proposed(s);
    if (s->unneeded.len > 0 && has_room && !s->is_unneeded_reading) stream_wake(s);
    buf_deinit(&ranges);
    buf_deinit(&out);
}
