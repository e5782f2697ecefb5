/* SPDX-License-Identifier: Apache-2.0 */
/* The table is found by subject and queue side by side, as a subscription keeps them; which part is
 * which is compared in the ring that stands there.
 *
 * No change is lost, although the index is read without a lock: who enters or leaves the index adds
 * 0 to `count` behind that, a watch that begins adds 1 before it is asked. Of the two one is later:
 * it sees what the other did. A watch that is due already is told later than it was made so, under
 * the lock. */
#include "core/sub_watch.h"

#include "base/assert.h"
#include "base/hash.h"
#include "core/core.h"
#include "core/session.h"
#include "subject/subject.h"

enum {
    SHARDS = 64,        /* so that growing one is short: 100 000 watches are 1 600 a table */
    TOLD_AT_ONCE = 256, /* in one turn; the others have the next */
};

struct sub_watches {
    _Atomic uint64_t       count;
    struct reactor        *home;                /* set by the first watch */
    _Atomic(struct slots *) *shards;            /* SHARDS of them; NULL until the first watch */
    struct list            due;
    bool                   is_asked;            /* a turn will come */
    uint64_t               seed;
    struct lock            lock;                /* of all but `count` and `home` */
    struct mail            mail;
    struct turn            turn;
};

static struct slice sub_watch_text(const struct sub_watch *w)
{
    return slice_of(w->text, (size_t)w->subject_len + w->queue_len);
}

static struct slice text_of_slot(uintptr_t value)
{
    return sub_watch_text((const struct sub_watch *)value);
}

static void tell(struct turn *, struct reactor *);

static void mail_came(struct mail *mail, struct reactor *r)
{
    struct sub_watches *all = container_of(mail, struct sub_watches, mail);
    assert(all->home == r);
    assert(all->shards != NULL);
    reactor_turn(r, &all->turn);
}

struct sub_watches *sub_watches_new(uint64_t hash_seed)
{
    struct sub_watches *all = xcalloc(1, sizeof *all);
    all->seed = hash_seed;
    all->mail.run = mail_came;
    list_init(&all->due);
    lock_init(&all->lock);
    turn_init(&all->turn, tell);
    return all;
}

struct sub_watches *sub_watches_free(struct sub_watches *all)
{
    if (all == NULL) return NULL;
    assert(atomic_load(&all->count) == 0);
    assert(list_empty(&all->due));
    assert((all->home == NULL) == (all->shards == NULL));
    turn_cancel(&all->turn);
    for (uint32_t i = 0; all->shards != NULL && i < SHARDS; i++)
        xfree(atomic_load(&all->shards[i]));
    xfree(all->shards);
    lock_deinit(&all->lock);
    return xfree(all);
}

/* ---- the table; its lock is held ---- */

static _Atomic(struct slots *) *shard_of(const struct sub_watches *all, uint64_t hash)
{
    assert(all->shards != NULL);
    return &all->shards[(hash >> 32) % SHARDS];
}

static struct sub_watch *find(const struct sub_watches *all, struct slice text,
                              _Atomic uint64_t **ret_slot)
{
    assert(text.len > 0);
    uint64_t hash = hash_bytes(text, all->seed);
    struct slots *slots = atomic_load_explicit(shard_of(all, hash), memory_order_relaxed);
    return (struct sub_watch *)slots_find(slots, hash, text, text_of_slot, ret_slot);
}

static void put_in(struct sub_watches *all, struct sub_watch *w)
{
    struct sub_watch *first = find(all, sub_watch_text(w), NULL);
    assert(first != w);
    assert(list_empty(&w->ring));
    if (first != NULL) {
        list_add_tail(&first->ring, &w->ring);
        return;
    }
    struct garbage *garbage = NULL;
    uint64_t hash = hash_bytes(sub_watch_text(w), all->seed);
    slots_add(shard_of(all, hash), all->seed, text_of_slot, (uintptr_t)w, &garbage);
    garbage_free(garbage);      /* nobody reads it without the lock */
}

static void take_out(struct sub_watches *all, struct sub_watch *w)
{
    _Atomic uint64_t *slot = NULL;
    struct sub_watch *first = find(all, sub_watch_text(w), &slot);
    assert(first != NULL);
    assert(w->account->watches == all);
    if (first == w && list_empty(&w->ring)) {
        uint64_t hash = hash_bytes(sub_watch_text(w), all->seed);
        slots_remove(atomic_load_explicit(shard_of(all, hash), memory_order_relaxed), slot);
    } else if (first == w) {
        slots_replace(slot, (uintptr_t)container_of(w->ring.next, struct sub_watch, ring));
    }
    list_remove(&w->ring);
    list_remove(&w->due);
}

/* ---- begin and end ---- */

static void settle(struct sub_watches *all, struct reactor *home)
{
    assert((all->home == NULL) == (all->shards == NULL));
    if (all->home == NULL) all->home = home;
    assert(all->home == home);
    if (all->shards == NULL) all->shards = xcalloc(SHARDS, sizeof all->shards[0]);
}

void sub_watch_begin(struct core_reactor *cr, struct account *account, struct sub_watch *w,
                     struct slice subject, struct slice queue)
{
    struct sub_watches *all = account->watches;
    assert(core_reactor_of(cr->reactor) == cr);
    assert(w->told != NULL);
    assert(w->account == NULL);
    assert(subject.len > 0);
    assert(!subject_has_wildcard(subject));
    w->account = account;
    w->subject_len = subject.len;
    w->queue_len = queue.len;
    w->text = xalloc((size_t)subject.len + queue.len);
    memcpy(w->text, subject.ptr, subject.len);
    if (queue.len > 0) memcpy(w->text + subject.len, queue.ptr, queue.len);
    list_init(&w->ring);
    list_init(&w->due);
    lock_take(&all->lock);
    settle(all, cr->reactor);
    put_in(all, w);
    lock_drop(&all->lock);
    atomic_fetch_add_explicit(&all->count, 1, memory_order_acq_rel);
}

void sub_watch_end(struct sub_watch *w)
{
    if (w->account == NULL) return;
    struct sub_watches *all = w->account->watches;
    assert(w->text != NULL);
    assert(all->home != NULL);
    lock_take(&all->lock);
    take_out(all, w);
    lock_drop(&all->lock);
    uint64_t before = atomic_fetch_sub_explicit(&all->count, 1, memory_order_acq_rel);
    assert(before > 0);
    w->text = xfree(w->text);
    w->account = NULL;
}

/* ---- telling ---- */

static struct sub_watch *next_due(struct sub_watches *all)
{
    lock_take(&all->lock);
    assert(all->is_asked);                      /* this is the turn */
    struct list *n = list_pop(&all->due);
    if (n == NULL) all->is_asked = false;
    lock_drop(&all->lock);
    return n == NULL ? NULL : container_of(n, struct sub_watch, due);
}

static void tell(struct turn *turn, struct reactor *r)
{
    struct sub_watches *all = container_of(turn, struct sub_watches, turn);
    assert(all->home == r);
    for (uint32_t i = 0; i < TOLD_AT_ONCE; i++) {
        struct sub_watch *w = next_due(all);
        if (w == NULL) return;
        assert(w->account->watches == all);
        w->told(w, core_reactor_of(r));         /* its memory may be gone now */
    }
    reactor_turn(r, turn);
}

static bool make_due(struct sub_watches *all, struct sub_watch *w, const struct sub *sub)
{
    assert(w->account->watches == all);
    if (w->subject_len != sub->entry.subject_len) return false;
    assert(w->queue_len == sub->entry.queue_len);       /* the texts are equal */
    if (!list_empty(&w->due)) return false;
    list_add_tail(&all->due, &w->due);
    return true;
}

/* True when this reactor must ask for the turn. */
static bool poke(struct sub_watches *all, const struct sub *sub)
{
    size_t len = (size_t)sub->entry.subject_len + sub->entry.queue_len;
    assert(sub->entry.text == sub->text);       /* subject and queue, side by side */
    struct sub_watch *first = find(all, slice_of(sub->entry.text, len), NULL);
    if (first == NULL) return false;
    bool any = make_due(all, first, sub);
    LIST_EACH(&first->ring, n) any |= make_due(all, container_of(n, struct sub_watch, ring), sub);
    bool asks = any && !all->is_asked;
    all->is_asked |= any;
    return asks;
}

void sub_watches_poke(struct sub_watches *all, struct reactor *r, const struct sub *sub)
{
    assert(sub->entry.subject_len > 0);
    assert(r->id < r->set->count);
    if (LIKELY(atomic_fetch_add_explicit(&all->count, 0, memory_order_acq_rel) == 0)) return;
    lock_take(&all->lock);
    bool asks = poke(all, sub);
    lock_drop(&all->lock);
    if (!asks) return;
    assert(all->home != NULL);
    if (all->home == r) reactor_turn(r, &all->turn);
    else reactor_post(all->home, &all->mail);
}

/* ---- who is there ---- */

/* A session that has ended may hold subscriptions for a while: they leave later, and are told. */
static bool is_live(const struct interest_entry *e)
{
    if (e == NULL) return false;
    const struct sub *sub = container_of(e, struct sub, entry);
    assert(e->text == sub->text);               /* no other kind of entry is in the index */
    if (atomic_load_explicit(&sub->is_closed, memory_order_relaxed)) return false;
    const struct session *s = sub->sink->session;
    assert(s == NULL || &s->sink == sub->sink);
    return s == NULL || !atomic_load_explicit(&s->is_closed, memory_order_relaxed);
}

static bool has_live(struct entries *e)
{
    uint32_t len = e == NULL ? 0 : atomic_load_explicit(&e->len, memory_order_acquire);
    assert(e == NULL || len <= e->cap);
    for (uint32_t i = 0; i < len; i++)
        if (is_live(atomic_load_explicit(&e->at[i], memory_order_acquire))) return true;
    return false;
}

static bool has_plain(const struct topic *t)
{
    return has_live(atomic_load_explicit(&t->plain, memory_order_acquire));
}

/* `queue` empty: any group. */
static bool has_group(const struct topic *t, struct slice queue)
{
    const struct groups *groups = atomic_load_explicit(&t->groups, memory_order_acquire);
    for (uint32_t i = 0; groups != NULL && i < groups->count; i++) {
        struct group *g = groups->at[i];
        assert(g->name_len > 0);
        if (queue.len > 0 && !slice_equal(slice_of(g->name, g->name_len), queue)) continue;
        if (has_live(atomic_load_explicit(&g->members, memory_order_acquire))) return true;
    }
    return false;
}

bool account_wants(struct core_reactor *cr, struct account *account, struct slice subject)
{
    struct matches *m = &cr->asked;
    assert(subject.len > 0);
    interest_match(account->interest, subject, m);
    if (is_live(m->single)) return true;
    for (uint32_t i = 0; i < m->count; i++)
        if (has_plain(m->topics[i]) || has_group(m->topics[i], (struct slice){ 0 })) return true;
    return false;
}

bool account_subscribes(struct core_reactor *cr, struct account *account, struct slice subject,
                        struct slice queue)
{
    struct matches *m = &cr->asked;
    assert(subject.len > 0);
    assert(!subject_has_wildcard(subject));
    interest_match_literal(account->interest, subject, m);
    if (m->single != NULL) return queue.len == 0 && is_live(m->single);
    if (m->count == 0) return false;
    assert(m->count == 1);
    return queue.len == 0 ? has_plain(m->topics[0]) : has_group(m->topics[0], queue);
}

bool sub_watch_is_met(struct core_reactor *cr, const struct sub_watch *w)
{
    assert(w->account != NULL);
    assert(w->account->watches->home == cr->reactor);
    return account_subscribes(cr, w->account, slice_of(w->text, w->subject_len),
                              slice_of(w->text + w->subject_len, w->queue_len));
}

/* ---- checks ---- */

static void sub_watch_check(const struct sub_watches *all, const struct sub_watch *w,
                            struct slice text)
{
    assert(w->told != NULL);
    assert(w->account->watches == all);
    assert(w->subject_len > 0);
    assert(slice_equal(sub_watch_text(w), text));
    assert(list_empty(&w->due) || all->is_asked);
}

static uint64_t ring_check(const struct sub_watches *all, const struct sub_watch *first)
{
    uint64_t found = 1;
    assert(find(all, sub_watch_text(first), NULL) == first);
    sub_watch_check(all, first, sub_watch_text(first));
    LIST_EACH(&first->ring, n) {
        sub_watch_check(all, container_of(n, struct sub_watch, ring), sub_watch_text(first));
        found++;
    }
    return found;
}

uint64_t sub_watches_check(struct sub_watches *all)
{
    uint64_t found = 0;
    lock_take(&all->lock);
    assert((all->shards == NULL) == (all->home == NULL));
    for (uint32_t i = 0; all->shards != NULL && i < SHARDS; i++) {
        const struct slots *s = atomic_load_explicit(&all->shards[i], memory_order_relaxed);
        for (uint32_t at = 0; s != NULL && at < s->cap; at++) {
            uintptr_t value = slot_value(atomic_load(&s->at[at]));
            if (value > SLOT_DEAD) found += ring_check(all, (const struct sub_watch *)value);
        }
    }
    LIST_EACH(&all->due, n) assert(container_of(n, struct sub_watch, due)->account->watches == all);
    assert(found == atomic_load(&all->count));
    lock_drop(&all->lock);
    return found;
}
