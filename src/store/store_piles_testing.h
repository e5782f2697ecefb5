/* SPDX-License-Identifier: Apache-2.0 */
/* Store_piles_testing: a store whose owners are piles of messages in blocks of files, on a disk of
 * memory. What a message holds its incarnation and sequence tell, so what must be there after any
 * end is known: all that was handed up, and what was removed not. Included by tests only.
 *
 * Memory: yard_new() and yard_free(). */
#ifndef MIDGE_STORE_STORE_PILES_TESTING_H
#define MIDGE_STORE_STORE_PILES_TESTING_H

#include "store/msgs_file.h"
#include "store/store_testing.h"

enum { PILES = 3, PILE_MAX = 256, YARD_REPORTS = 8192 };
enum { PILE_BEGIN = 1, PILE_STORE, PILE_REMOVE };
enum { PILE_SECTION = 64 };

struct yard;

struct pile {
    struct store_owner owner;
    struct yard *yard;
    struct msgs *msgs;
    uint64_t     proposed; /* sequence */
    bool         is_told;
};

/* What is known of a pile whatever becomes of the process. */
struct promise {
    uint64_t incarnation;
    uint64_t stored; /* sequences up to here were handed up */
    bool     is_removed[PILE_MAX];
};

struct yard {
    struct world  *world; /* its disk, its options; not its things */
    struct store  *store;
    struct pile   *piles[PILES];
    uint32_t       count;
    struct promise promises[PILES];
    uint32_t       promised;
    uint32_t       refills; /* messages that a list had left to the journal, in all */
    uint32_t       losses; /* ranges told by blocks, since the start */
    int            failures; /* of blocks */
    int            ends;     /* of the journal */
    uint32_t       notices;
    char           notice[256];
    char           reports[YARD_REPORTS];
};

/* ---- messages ---- */

static inline uint32_t pile_text(uint64_t incarnation, uint64_t sequence, char text[128])
{
    int len = snprintf(text, 128, "%llu/%llu ", (unsigned long long)incarnation,
                       (unsigned long long)sequence);
    uint32_t more = 24 + (uint32_t)(sequence % 40);
    memset(text + len, 'x', more);
    return (uint32_t)len + more;
}

static inline struct slice pile_subject(uint64_t sequence)
{
    static const char *const names[] = { "p.a", "p.bb", "p.ccc", "p.d" };
    return slice_str(names[sequence % 4]);
}

/* ---- a pile ---- */

static inline struct pile *pile_of(struct store_owner *o)
{
    return container_of(o, struct pile, owner);
}

static inline struct promise *promise_of(struct yard *y, uint64_t incarnation)
{
    for (uint32_t i = 0; i < y->promised; i++)
        if (y->promises[i].incarnation == incarnation) return &y->promises[i];
    return NULL;
}

static inline void pile_message(const struct pile *p, uint64_t sequence, char text[128],
                                struct stored *ret)
{
    uint32_t len = pile_text(p->owner.incarnation, sequence, text);
    *ret = (struct stored){
        sequence, (nanos)sequence, pile_subject(sequence), { NULL, 0 }, slice_of(text, len)
    };
}

static inline void pile_store(struct pile *p, uint64_t sequence, bool is_replay)
{
    struct msgs_state state;
    struct stored m;
    char text[128];
    pile_message(p, sequence, text, &m);
    msgs_state(p->msgs, &state);
    /* what stood between was in a part of the journal that is gone */
    if (is_replay && sequence > state.last_sequence + 1)
        msgs_file_damaged(p->msgs, state.last_sequence + 1, sequence - 1);
    assert_true(sequence > state.last_sequence);
    msgs_append(p->msgs, &m);
    if (p->proposed < sequence) p->proposed = sequence;
}

static inline void pile_apply(struct store_owner *o, const struct journal_record *r, bool is_replay)
{
    struct pile *p = pile_of(o);
    struct promise *promise = promise_of(p->yard, o->incarnation);
    if (r->kind == PILE_STORE) {
        pile_store(p, r->sequence, is_replay);
        if (!is_replay) promise->stored = r->sequence;
    }
    if (r->kind != PILE_REMOVE) return;
    uint64_t sequence = le_get_u64(r->body.ptr);
    (void)msgs_remove(p->msgs, sequence, NULL);
    promise->is_removed[sequence] = true;
}

static inline enum err pile_load(struct store_owner *o, uint32_t kind, struct slice bytes)
{
    struct pile *p = pile_of(o);
    if (kind == PILE_SECTION) {
        p->is_told = true;
        return ERR_OK;
    }
    const struct checkpoint_section s = { o->incarnation, kind, bytes };
    return msgs_file_load(p->msgs, &s);
}

static inline enum err pile_loaded(struct store_owner *o, struct errmsg *why)
{
    struct pile *p = pile_of(o);
    struct msgs_state state;
    enum err e = msgs_file_loaded(p->msgs, why);
    msgs_state(p->msgs, &state);
    p->proposed = state.last_sequence;
    return e;
}

static inline bool pile_refill(struct store_owner *o, const struct journal_record *r)
{
    struct pile *p = pile_of(o);
    struct stored m;
    char text[128];
    if (r->kind != PILE_STORE) return false;
    pile_message(p, r->sequence, text, &m);
    bool is_back = msgs_file_refill(p->msgs, &m);
    p->yard->refills += is_back;
    return is_back;
}

static inline void pile_refilled(struct store_owner *o)
{
    msgs_file_refilled(pile_of(o)->msgs);
}

static inline void pile_damaged(struct store_owner *o, uint64_t first, uint64_t last)
{
    struct pile *p = pile_of(o);
    if (first == 0) return;
    msgs_file_damaged(p->msgs, first, last);
    if (p->proposed < last) p->proposed = last;
}

static inline void pile_free(struct pile *p)
{
    struct yard *y = p->yard;
    for (uint32_t i = 0; i < y->count; i++)
        if (y->piles[i] == p) y->piles[i] = y->piles[--y->count];
    p->msgs = msgs_free(p->msgs);
    xfree(p);
}

static inline void pile_dropped(struct store_owner *o)
{
    pile_free(pile_of(o));
}

static inline void pile_flushed(void *ctx, enum err e)
{
    struct pile *p = ctx;
    store_flushed(p->yard->store, &p->owner, e);
}

static inline void pile_flush(struct store_owner *o)
{
    struct pile *p = pile_of(o);
    msgs_file_flush(p->msgs, pile_flushed, p);
}

static inline bool pile_leaves(struct store_owner *o)
{
    return msgs_file_leave(pile_of(o)->msgs);
}

static inline void pile_checkpoint(struct store_owner *o, struct checkpoint *c)
{
    struct pile *p = pile_of(o);
    if (!p->is_told) (void)checkpoint_add(c, o->incarnation, PILE_SECTION, 0);
    p->is_told = true;
    msgs_file_checkpoint(p->msgs, c);
}

static inline bool pile_slice(struct store_owner *o, struct checkpoint *c, bool is_first,
                              uint32_t budget)
{
    struct pile *p = pile_of(o);
    if (is_first) (void)checkpoint_add(c, o->incarnation, PILE_SECTION, 0);
    return msgs_file_slice(p->msgs, c, is_first, budget);
}

static inline void pile_settled(struct store_owner *o, enum err e)
{
    if (e == ERR_OK) msgs_file_checkpointed(pile_of(o)->msgs);
}

static inline enum err pile_recovered(struct store_owner *o, bool is_whole, struct errmsg *why)
{
    return msgs_file_recovered(pile_of(o)->msgs, is_whole, why);
}

static inline void pile_amend(struct store_owner *o)
{
    msgs_file_amend(pile_of(o)->msgs);
}

static inline bool pile_keeps(const struct store_owner *o, uint32_t kind)
{
    (void)o;
    return msgs_file_is_kept(kind);
}

static inline bool pile_frees(const struct store_owner *o)
{
    return msgs_file_frees(container_of(o, const struct pile, owner)->msgs);
}

static inline void pile_retry(struct store_owner *o)
{
    msgs_file_retry(pile_of(o)->msgs);
}

static inline uint32_t pile_scrub(struct store_owner *o)
{
    return msgs_file_scrub(pile_of(o)->msgs);
}

static inline enum err pile_convert(struct store_owner *o)
{
    return msgs_file_convert(pile_of(o)->msgs);
}

static const struct store_owner_ops pile_ops = {
    .apply = pile_apply,
    .load = pile_load,
    .loaded = pile_loaded,
    .refill = pile_refill,
    .refilled = pile_refilled,
    .recovered = pile_recovered,
    .damaged = pile_damaged,
    .dropped = pile_dropped,
    .flush = pile_flush,
    .leaves = pile_leaves,
    .checkpoint = pile_checkpoint,
    .slice = pile_slice,
    .settled = pile_settled,
    .amend = pile_amend,
    .keeps = pile_keeps,
    .frees = pile_frees,
    .retry = pile_retry,
    .scrub = pile_scrub,
    .convert = pile_convert,
};

static inline void pile_failed(void *ctx, enum err e, const char *what)
{
    struct pile *p = ctx;
    (void)e;
    (void)what;
    p->yard->failures++;
}

static inline void pile_changed(void *ctx)
{
    struct pile *p = ctx;
    store_touch(p->yard->store, &p->owner);
}

static inline void pile_lost(void *ctx, uint64_t first, uint64_t last)
{
    struct pile *p = ctx;
    (void)first;
    (void)last;
    p->yard->losses++;
}

static inline struct pile *pile_new(struct yard *y, uint64_t incarnation)
{
    struct pile *p = xcalloc(1, sizeof *p);
    p->owner.ops = &pile_ops;
    p->yard = y;
    store_enter(y->store, &p->owner, incarnation);
    const struct msgs_file_options o = {
        .disk = store_disk(y->store),
        .queue = store_queue(y->store),
        .cache = store_cache(y->store),
        .seal = *store_seal(y->store),
        .store_id = store_id(y->store),
        .incarnation = incarnation,
        .block_size = 1024,
        .chunk_size = 256,
        .tail_size = 512,
        .ctx = p,
        .on_failed = pile_failed,
        .on_changed = pile_changed,
        .on_lost = pile_lost,
    };
    p->msgs = msgs_file_new(&o, 1);
    assert_true(y->count < PILES);
    y->piles[y->count++] = p;
    return p;
}

/* ---- the host ---- */

static inline struct store_owner *yard_found(void *ctx, const struct store_found *found)
{
    struct yard *y = ctx;
    y->store = found->store;
    if (found->kind != (found->is_record ? PILE_BEGIN : PILE_SECTION)) return NULL;
    return &pile_new(y, found->incarnation)->owner;
}

static inline void yard_failed(void *ctx, enum err e, const char *what)
{
    struct yard *y = ctx;
    (void)e;
    (void)what;
    y->ends++;
}

static inline void yard_report(void *ctx, const char *what)
{
    struct yard *y = ctx;
    size_t at = strlen(y->reports);
    (void)snprintf(y->reports + at, sizeof y->reports - at, "%s\n", what);
}

static inline void yard_notice(void *ctx, const char *what)
{
    struct yard *y = ctx;
    y->notices++;
    (void)snprintf(y->notice, sizeof y->notice, "%s", what);
}

/* ---- life ---- */

static inline struct yard *yard_new(uint64_t seed)
{
    struct yard *y = xcalloc(1, sizeof *y);
    y->world = world_new(seed);
    y->world->options.journal_cap = UINT64_C(1) << 20; /* lists come when they are asked for */
    return y;
}

static inline void yard_configure(struct yard *y, enum store_cipher cipher, const char *key,
                                  const char *previous)
{
    y->world->options.cipher = cipher;
    y->world->options.key = slice_str(key);
    y->world->options.previous_key = slice_str(previous);
}

static inline enum err yard_open(struct yard *y, struct errmsg *why)
{
    const struct store_host host = { y, yard_found, yard_failed, yard_report, yard_notice };
    y->failures = y->ends = 0;
    y->notices = y->losses = 0;
    y->reports[0] = '\0';
    enum err e = store_open(&y->world->options, &host, &y->store, why);
    if (e) y->store = NULL;
    assert_true(e == ERR_OK || y->count == 0);
    return e;
}

static inline void yard_start(struct yard *y)
{
    struct errmsg why = { "" };
    if (yard_open(y, &why) != ERR_OK) fail_msg("%s", why.text);
}

static inline void yard_tick(struct yard *y, nanos later)
{
    y->world->now += later;
    store_tick(y->store, y->world->now);
}

/* One tick, and what was submitted, one by one or all. */
static inline void yard_turn(struct yard *y, nanos later)
{
    yard_tick(y, later);
    disk_memory_settle(y->world->disk, store_queue(y->store));
}

static inline void yard_settle(struct yard *y)
{
    for (uint32_t i = 0; i < 10000; i++) {
        struct store_stats s;
        yard_turn(y, MICROSECOND);
        store_stats(y->store, &s);
        bool is_quiet = store_queue(y->store)->in_flight == 0 &&
                        store_next_due(y->store) > y->world->now;
        if (is_quiet && (s.journal.is_idle || s.is_failed || s.is_full)) return;
    }
    fail_msg("the store does not come to rest");
}

static inline bool yard_is_converting(const struct yard *y)
{
    struct store_stats s;
    store_stats(y->store, &s);
    return s.is_converting;
}

/* A list, with all that has changed. */
static inline void yard_list(struct yard *y)
{
    yard_settle(y);
    yard_tick(y, 3 * MINUTE);
    yard_settle(y);
}

static inline void yard_leave(struct yard *y)
{
    while (y->count > 0) {
        struct pile *p = y->piles[0];
        store_leave(y->store, &p->owner);
        pile_free(p);
    }
    y->store = store_close(y->store);
}

static inline void yard_drain(struct yard *y)
{
    while (store_queue(y->store)->in_flight > 0) {
        (void)disk_memory_finish_all(y->world->disk);
        (void)disk_queue_poll(store_queue(y->store));
    }
}

/* The process is dead; its journal must notice before it is closed. */
static inline void yard_crash(struct yard *y, bool power)
{
    journal_pos pos;
    if (power) disk_memory_crash(y->world->disk);
    else disk_memory_kill(y->world->disk);
    for (uint32_t i = 0; i < y->count; i++) msgs_file_stop(y->piles[i]->msgs);
    yard_drain(y);
    for (uint32_t i = 0; i < 20 && y->ends == 0 && y->count > 0; i++) {
        (void)store_add(y->store, y->piles[0]->owner.incarnation, PILE_BEGIN, 0, 0,
                        JOURNAL_USE_RELEASE, &pos);
        y->world->now += SECOND;
        store_tick(y->store, y->world->now);
        yard_drain(y);
    }
    yard_leave(y);
    disk_memory_start(y->world->disk);
}

static inline void yard_stop(struct yard *y)
{
    store_stop(y->store);
    for (uint32_t i = 0; i < 10000 && !store_is_idle(y->store); i++) yard_turn(y, MICROSECOND);
    assert_true(store_is_idle(y->store));
    for (uint32_t i = 0; i < y->count; i++) msgs_file_stop(y->piles[i]->msgs);
    yard_drain(y);
    yard_leave(y);
}

static inline struct yard *yard_free(struct yard *y)
{
    if (y->store != NULL) yard_crash(y, false);
    y->world = world_free(y->world);
    return xfree(y);
}

/* ---- what piles do ---- */

static inline struct pile *yard_begin(struct yard *y)
{
    uint64_t incarnation = store_incarnation_new(y->store);
    journal_pos pos;
    assert_true(y->promised < PILES);
    y->promises[y->promised++] = (struct promise){ .incarnation = incarnation };
    struct pile *p = pile_new(y, incarnation);
    assert_non_null(
        store_add(y->store, p->owner.incarnation, PILE_BEGIN, 0, 0, JOURNAL_USE_STORE, &pos));
    return p;
}

/* Room is there. */
static inline void pile_add(struct pile *p)
{
    char text[128];
    journal_pos pos;
    uint32_t len = pile_text(p->owner.incarnation, p->proposed + 1, text);
    assert_true(p->proposed + 1 < PILE_MAX);
    uint8_t *at = store_add(p->yard->store, p->owner.incarnation, PILE_STORE, p->proposed + 1, len,
                            JOURNAL_USE_STORE, &pos);
    assert_non_null(at);
    memcpy(at, text, len);
    p->proposed++;
}

static inline void pile_remove(struct pile *p, uint64_t sequence)
{
    journal_pos pos;
    uint8_t *at = store_add(p->yard->store, p->owner.incarnation, PILE_REMOVE, 0, 8,
                            JOURNAL_USE_RELEASE, &pos);
    assert_non_null(at);
    le_put_u64(at, sequence);
}

/* ---- what must be ---- */

static inline void pile_loading_done(struct msgs_load *l, enum err e)
{
    (void)l;
    (void)e;
}

/* OK: as it was stored. */
static inline enum err pile_look(struct pile *p, uint64_t sequence)
{
    struct msgs_load load = { .done = pile_loading_done };
    char text[128];
    enum err e = ERR_BUSY;
    for (uint32_t i = 0; i < 100 && e == ERR_BUSY; i++) {
        e = msgs_load(p->msgs, sequence, 0, &load);
        if (e != ERR_BUSY) break;
        msgs_load_cancel(p->msgs, &load);
        disk_memory_settle(p->yard->world->disk, store_queue(p->yard->store));
    }
    if (e) return e;
    uint32_t len = pile_text(p->owner.incarnation, sequence, text);
    assert_true(slice_equal(load.msg.payload, slice_of(text, len)));
    assert_true(slice_equal(load.msg.subject, pile_subject(sequence)));
    return ERR_OK;
}

struct pile_losses {
    uint64_t sequence;
    bool     is_told;
};

static inline bool pile_note_lost(void *ctx, uint64_t first, uint64_t last)
{
    struct pile_losses *l = ctx;
    if (first <= l->sequence && l->sequence <= last) l->is_told = true;
    return true;
}

static inline struct pile *yard_find(struct yard *y, uint64_t incarnation)
{
    for (uint32_t i = 0; i < y->count; i++)
        if (y->piles[i]->owner.incarnation == incarnation) return y->piles[i];
    return NULL;
}

/* Every message that was promised is there as it was, or told to be lost by its sequence. Returns
 * how many are. */
static inline uint32_t yard_count_lost(struct yard *y)
{
    uint32_t lost = 0;
    for (uint32_t i = 0; i < y->promised; i++) {
        const struct promise *promise = &y->promises[i];
        struct pile *p = yard_find(y, promise->incarnation);
        if (p == NULL) {
            if (promise->stored > 0) fail_msg("pile %u is gone: %s", i, y->reports);
            continue;
        }
        for (uint64_t at = 1; at <= promise->stored; at++) {
            struct pile_losses l = { .sequence = at };
            enum err e = pile_look(p, at);
            if (e == ERR_OK) continue; /* one that was removed may have come back with damage */
            if (promise->is_removed[at]) continue;
            (void)msgs_lost(p->msgs, pile_note_lost, &l);
            if (!l.is_told)
                fail_msg("message %u of pile %u: %s, which nobody told: %s", (unsigned)at, i,
                         err_text(e), y->reports);
            lost++;
        }
        msgs_check(p->msgs);
    }
    return lost;
}

/* All of it, and nothing that was removed. */
static inline void yard_expect_all(struct yard *y)
{
    assert_int_equal(yard_count_lost(y), 0);
    for (uint32_t i = 0; i < y->promised; i++) {
        struct pile *p = yard_find(y, y->promises[i].incarnation);
        for (uint64_t at = 1; p != NULL && at <= y->promises[i].stored; at++)
            if (y->promises[i].is_removed[at]) assert_false(msgs_has(p->msgs, at));
    }
}

/* ---- the disk ---- */

struct yard_search {
    struct yard *yard;
    const char  *below; /* in files whose names begin so */
    uint32_t     found;
};

static inline void yard_search_file(void *ctx, const char *name, uint64_t size)
{
    struct yard_search *s = ctx;
    uint64_t got = 0;
    uint32_t run = 0;
    const uint8_t *bytes = disk_memory_bytes(s->yard->world->disk, name, &got);
    assert_int_equal(got, size);
    if (strncmp(name, s->below, strlen(s->below)) != 0) return;
    for (uint64_t i = 0; i < size; i++) {
        run = bytes[i] == 'x' ? run + 1 : 0;
        if (run == 20) s->found++;
    }
}

/* How often texts of messages stand in files whose names begin so. */
static inline uint32_t yard_plain(struct yard *y, const char *below)
{
    struct yard_search s = { y, below, 0 };
    disk_memory_each(y->world->disk, &s, yard_search_file);
    return s.found;
}

#endif
