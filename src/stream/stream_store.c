/* SPDX-License-Identifier: Apache-2.0 */
/* A file stream as an owner in the store: its records, its sections of checkpoints, its end on the
 * disk.
 *
 * What a checkpoint tells of ids and expiries is gathered while it is read, for a rewrite may tell
 * things twice and out of order; it is put in order when all sections are over. */
#include <stdlib.h>

#include "base/assert.h"
#include "base/le.h"
#include "base/near.h"
#include "store/msgs_file.h"
#include "stream/damage.h"
#include "stream/dedupe.h"
#include "stream/expiry.h"
#include "stream/schedules.h"
#include "stream/source.h"
#include "stream/stream_internal.h"
#include "stream/stream_restore.h"
#include "stream/stream_sections.h"

static struct stream *of(struct store_owner *o)
{
    return container_of(o, struct stream, owner);
}

/* ---- what it says ---- */

static void put_config(struct stream *s, struct checkpoint *cp)
{
    struct buf json = { 0 };
    struct json_writer w = json_writer_on(&json, JSON_COMPACT);
    json_table_write(&stream_config_table, &s->config, &w);
    struct config_command c = { s->created, stream_account_name(s), buf_slice(&json) };
    enum stream_section kind = s->is_created ? STREAM_SECTION_CONFIG : STREAM_SECTION_RESTORE;
    config_command_write(&c, checkpoint_add(cp, s->incarnation, kind, config_command_size(&c)));
    buf_deinit(&json);
}

static void put(struct stream *s, struct checkpoint *cp, enum stream_section kind,
                struct slice bytes)
{
    uint8_t *at = checkpoint_add(cp, s->incarnation, kind, bytes.len);
    if (bytes.len > 0) memcpy(at, bytes.ptr, bytes.len);
}

/* A section of what has gathered, if anything has. False: there is no more than that. */
static bool put_gathered(struct stream *s, struct checkpoint *cp, enum stream_section kind,
                         struct buf *gathered, uint32_t budget)
{
    bool is_full = gathered->len >= budget;
    if (gathered->len > 0) put(s, cp, kind, buf_slice(gathered));
    buf_deinit(gathered);
    return is_full;
}

static void add_id(struct buf *out, const struct dedupe_entry *e)
{
    uint8_t bytes[SECTION_ID_SIZE];
    le_put_u64(bytes, e->id);
    le_put_u64(bytes + 8, e->sequence);
    le_put_u64(bytes + 16, (uint64_t)e->time);
    buf_add(out, slice_of(bytes, sizeof bytes));
}

static void add_expiry(struct buf *out, const struct expiry_entry *e)
{
    uint8_t bytes[SECTION_EXPIRY_SIZE];
    le_put_u64(bytes, (uint64_t)e->expires);
    le_put_u64(bytes + 8, e->sequence);
    buf_add(out, slice_of(bytes, sizeof bytes));
}

/* Ids from `*at` on, at most so many bytes. False: there are no more. */
static bool put_ids(struct stream *s, struct checkpoint *cp, uint64_t *at, uint32_t budget)
{
    struct buf out = { 0 };
    struct dedupe_entry e;
    while (out.len < budget && dedupe_next(s->dedupe, at, &e)) add_id(&out, &e);
    return put_gathered(s, cp, STREAM_SECTION_IDS, &out, budget);
}

typedef bool next_expiry(const struct expiry *, uint64_t *at, struct expiry_entry *ret);

static bool put_expiries(struct stream *s, struct checkpoint *cp, next_expiry *next, uint64_t *at,
                         uint32_t budget)
{
    struct buf out = { 0 };
    struct expiry_entry e;
    while (out.len < budget && next(s->expiry, at, &e)) add_expiry(&out, &e);
    return put_gathered(s, cp, STREAM_SECTION_EXPIRIES, &out, budget);
}

static void put_schedules(struct stream *s, struct checkpoint *cp)
{
    struct buf out = { 0 };
    struct schedules_entry e;
    for (uint32_t at = 0; schedules_at(s->schedules, &at, &e);) {
        const struct expiry_entry row = { e.due, e.sequence };
        add_expiry(&out, &row);
    }
    put(s, cp, STREAM_SECTION_SCHEDULES, buf_slice(&out));
    buf_deinit(&out);
}

/* What was acked and is not gone yet. */
static void put_acked(struct stream *s, struct checkpoint *cp)
{
    struct buf out = { 0 };
    if (s->config.retention != JS_RETENTION_WORKQUEUE) return;
    stream_acked_write(s, &out);
    assert(out.len % SECTION_ACKED_SIZE == 0);
    put(s, cp, STREAM_SECTION_ACKED, buf_slice(&out));
    buf_deinit(&out);
}

static bool owner_leaves(struct store_owner *o)
{
    return msgs_file_leave(of(o)->msgs);
}

static void owner_checkpoint(struct store_owner *o, struct checkpoint *cp)
{
    struct stream *s = of(o);
    uint64_t at = 0;
    if (!s->is_config_told) put_config(s, cp);
    s->is_config_told = true;
    (void)put_ids(s, cp, &s->ids_told, UINT32_MAX / 2);
    (void)put_expiries(s, cp, expiry_new_at, &at, UINT32_MAX / 2);
    expiry_told(s->expiry);
    put(s, cp, STREAM_SECTION_LAST_ID, buf_slice(&s->last_id));
    if (s->config.allow_msg_schedules) put_schedules(s, cp);
    put_acked(s, cp);
    sources_checkpoint(s->sources, cp, false);
    msgs_file_checkpoint(s->msgs, cp);
    consumers_checkpoint(s->consumers, cp, s->incarnation, false);
}

/* A rewrite goes through these parts, each in pieces. */
enum part { PART_FIRST, PART_IDS, PART_EXPIRIES, PART_CONSUMERS, PART_MSGS_FIRST, PART_MSGS };

static bool owner_slice(struct store_owner *o, struct checkpoint *cp, bool is_first,
                        uint32_t budget)
{
    struct stream *s = of(o);
    if (is_first) s->slice_part = PART_FIRST;
    switch ((enum part)s->slice_part) {
    case PART_FIRST:
        put_config(s, cp);
        put(s, cp, STREAM_SECTION_LAST_ID, buf_slice(&s->last_id));
        if (s->config.allow_msg_schedules) put_schedules(s, cp);
        put_acked(s, cp);
        sources_checkpoint(s->sources, cp, true);
        s->slice_at = 0;
        s->slice_part = PART_IDS;
        return true;
    case PART_IDS:
        if (put_ids(s, cp, &s->slice_at, budget)) return true;
        s->slice_at = 0;
        s->slice_part = PART_EXPIRIES;
        return true;
    case PART_EXPIRIES:
        if (put_expiries(s, cp, expiry_all_at, &s->slice_at, budget)) return true;
        s->slice_part = PART_CONSUMERS;
        return true;
    case PART_CONSUMERS:
        consumers_checkpoint(s->consumers, cp, s->incarnation, true);
        s->slice_part = PART_MSGS_FIRST;
        return true;
    case PART_MSGS_FIRST:
        s->slice_part = PART_MSGS;
        return msgs_file_slice(s->msgs, cp, true, budget);
    case PART_MSGS: return msgs_file_slice(s->msgs, cp, false, budget);
    }
    unreachable();
}

static void owner_settled(struct store_owner *o, enum err e)
{
    struct stream *s = of(o);
    if (e == ERR_OK) msgs_file_checkpointed(s->msgs);
    consumers_checkpointed(s->consumers, e);
}

/* Of consumers a list tells what has changed since the one before: it stays, and the next part of
 * it goes on from there. */
static void owner_amend(struct store_owner *o)
{
    struct stream *s = of(o);
    msgs_file_amend(s->msgs);
    consumers_checkpointed(s->consumers, ERR_OK);
}

static bool owner_keeps(const struct store_owner *o, uint32_t kind)
{
    assert(o->incarnation > 0);
    return kind > SECTION_MSGS_MAX || msgs_file_is_kept(kind);
}

static bool owner_frees(const struct store_owner *o)
{
    return msgs_file_frees(container_of(o, const struct stream, owner)->msgs);
}

/* ---- what it is told at a start ---- */

static enum err load_config(struct stream *s, struct slice bytes, bool is_whole)
{
    struct config_command c;
    if (config_command_read(bytes, &c) != ERR_OK) return ERR_CORRUPT;
    if (stream_config_take(s, &c) != ERR_OK) return ERR_CORRUPT;
    s->is_config_told = true;
    if (is_whole) s->is_created = true;
    return ERR_OK;
}

static enum err load_rows(struct buf *rows, struct slice bytes, uint32_t size)
{
    if (bytes.len % size != 0) return ERR_CORRUPT;
    if (bytes.len > UINT32_MAX / 2 - rows->len) return ERR_CORRUPT;
    buf_add(rows, bytes);
    return ERR_OK;
}

static enum err owner_load(struct store_owner *o, uint32_t kind, struct slice bytes)
{
    struct stream *s = of(o);
    if (kind <= SECTION_MSGS_MAX) {
        const struct checkpoint_section section = { s->incarnation, kind, bytes };
        return msgs_file_load(s->msgs, &section);
    }
    if (kind >= CONSUMER_SECTION_FIRST) return consumers_load(s->consumers, kind, bytes);
    switch (kind) {
    case STREAM_SECTION_CONFIG: return load_config(s, bytes, true);
    case STREAM_SECTION_RESTORE: return load_config(s, bytes, false);
    case STREAM_SECTION_IDS: return load_rows(&s->loading_ids, bytes, SECTION_ID_SIZE);
    case STREAM_SECTION_EXPIRIES:
        return load_rows(&s->loading_expiries, bytes, SECTION_EXPIRY_SIZE);
    case STREAM_SECTION_LAST_ID:
        s->last_id.len = 0;
        buf_add(&s->last_id, bytes);
        s->has_ids = true;
        return ERR_OK;
    case STREAM_SECTION_SCHEDULES:
        s->loading_schedules.len = 0;
        return load_rows(&s->loading_schedules, bytes, SECTION_SCHEDULE_SIZE);
    case STREAM_SECTION_SOURCE: return sources_load(s, bytes);
    case STREAM_SECTION_ACKED: s->is_acked_told = true; return stream_acked_load(s, bytes);
    default: return ERR_CORRUPT;
    }
}

/* By the sequence at byte 8 of a row. */
static int by_sequence(const void *a, const void *b)
{
    uint64_t x = le_get_u64((const uint8_t *)a + 8), y = le_get_u64((const uint8_t *)b + 8);
    return x < y ? -1 : x > y;
}

static enum err ids_loaded(struct stream *s)
{
    struct buf *rows = &s->loading_ids;
    nanos time = 0;
    uint64_t sequence = 0;
    if (rows->len > 0) qsort(rows->ptr, rows->len / SECTION_ID_SIZE, SECTION_ID_SIZE, by_sequence);
    for (uint32_t at = 0; at < rows->len; at += SECTION_ID_SIZE) {
        const uint8_t *row = rows->ptr + at;
        const struct dedupe_entry e = { le_get_u64(row), le_get_u64(row + 8),
                                        (nanos)le_get_u64(row + 16) };
        if (e.id == 0 || e.sequence == 0 || e.time < time) return ERR_CORRUPT;
        if (e.sequence != sequence) dedupe_add(s->dedupe, &e);
        sequence = e.sequence;
        time = e.time;
    }
    buf_deinit(rows);
    s->ids_told = dedupe_end(s->dedupe);
    return ERR_OK;
}

static enum err expiries_loaded(struct stream *s)
{
    struct buf *rows = &s->loading_expiries;
    uint64_t sequence = 0;
    if (rows->len > 0)
        qsort(rows->ptr, rows->len / SECTION_EXPIRY_SIZE, SECTION_EXPIRY_SIZE, by_sequence);
    for (uint32_t at = 0; at < rows->len; at += SECTION_EXPIRY_SIZE) {
        const uint8_t *row = rows->ptr + at;
        const struct expiry_entry e = { (nanos)le_get_u64(row), le_get_u64(row + 8) };
        if (e.expires <= 0 || e.sequence == 0) return ERR_CORRUPT;
        if (e.sequence != sequence && msgs_has(s->msgs, e.sequence)) expiry_add(s->expiry, &e);
        sequence = e.sequence;
    }
    buf_deinit(rows);
    expiry_told(s->expiry);
    return ERR_OK;
}

static enum err schedules_loaded(struct stream *s)
{
    struct buf *rows = &s->loading_schedules;
    uint64_t before = 0;
    for (uint32_t at = 0; at < rows->len; at += SECTION_SCHEDULE_SIZE) {
        uint64_t sequence = le_get_u64(rows->ptr + at + 8);
        if (sequence <= before) return ERR_CORRUPT;
        schedules_add(s->schedules, sequence, (nanos)le_get_u64(rows->ptr + at));
        before = sequence;
    }
    buf_deinit(rows);
    return ERR_OK;
}

static enum err owner_loaded(struct store_owner *o, struct errmsg *why)
{
    struct stream *s = of(o);
    enum err e = msgs_file_loaded(s->msgs, why);
    if (e == ERR_OK) e = ids_loaded(s);
    if (e == ERR_OK) e = expiries_loaded(s);
    if (e == ERR_OK) e = schedules_loaded(s);
    return e;
}

static bool owner_refill(struct store_owner *o, const struct journal_record *r)
{
    return stream_refill(of(o), r->kind, r->sequence, r->body);
}

static void owner_refilled(struct store_owner *o)
{
    msgs_file_refilled(of(o)->msgs);
}

static enum err owner_recovered(struct store_owner *o, bool is_whole, struct errmsg *why)
{
    struct stream *s = of(o);
    assert(s->msgs != NULL);
    return msgs_file_recovered(s->msgs, is_whole, why);
}

static void owner_apply(struct store_owner *o, const struct journal_record *r, bool is_replay)
{
    stream_log_journal_apply(of(o)->log, r, is_replay);
}

/* Sequences that were given are not given again. Of a batch that nobody knows the next message
 * tells what is missing. */
static void owner_damaged(struct store_owner *o, uint64_t first, uint64_t last)
{
    struct stream *s = of(o);
    assert(first <= last);
    if (first > 0) msgs_file_damaged(s->msgs, first, last);
    else s->is_torn = true;
}

static void ending_take(struct stream *s)
{
    struct stream **at = &s->account->js->ending;
    assert(s->is_gone);
    while (*at != s) at = &(*at)->next_ending;
    *at = s->next_ending;
}

/* Its end may have been replayed by a start that failed later. */
static void owner_dropped(struct store_owner *o)
{
    struct stream *s = of(o);
    if (s->is_hidden || !s->is_gone) {
        if (s->is_hidden) stream_unhide(s);
        else js_account_remove(s->account, s);
        stream_uncharge(s);
        stream_free(s);
        return;
    }
    ending_take(s);
    s->msgs = msgs_free(s->msgs);
    near_free(s, sizeof *s);
}

/* ---- writing, and the end ---- */

static void flushed(void *ctx, enum err e)
{
    struct stream *s = ctx;
    store_flushed(s->account->js->store, &s->owner, e);
}

static void owner_flush(struct store_owner *o)
{
    struct stream *s = of(o);
    msgs_file_flush(s->msgs, flushed, s);
}

static void removed(void *ctx, enum err e)
{
    struct stream *s = ctx;
    ending_take(s);
    /* what is left is found at the next start, for the store still names it */
    if (e == ERR_OK) store_removed(s->account->js->store, s->incarnation);
    near_free(s, sizeof *s);
}

void stream_file_end(struct stream *s)
{
    struct jetstream *js = s->account->js;
    assert(s->is_gone);
    s->next_ending = js->ending;
    js->ending = s;
    store_forget(js->store, &s->owner); /* it comes back to owner_forgotten() */
}

void streams_end(struct jetstream *js)
{
    while (js->ending != NULL) {
        struct stream *s = js->ending;
        js->ending = s->next_ending;
        store_leave(js->store, &s->owner);
        s->msgs = msgs_free(s->msgs);
        near_free(s, sizeof *s);
    }
}

static void owner_forgotten(struct store_owner *o)
{
    struct stream *s = of(o);
    struct msgs *msgs = s->msgs;
    assert(s->is_gone);
    s->msgs = NULL;
    msgs_file_remove(msgs, removed, s);
}

static void owner_erase(struct store_owner *o, uint64_t sequence, void (*done)(void *ctx, enum err),
                        void *ctx)
{
    struct stream *s = of(o);
    assert(!msgs_has(s->msgs, sequence));
    msgs_erase(s->msgs, sequence, done, ctx);
}

static bool owner_is_told(const struct store_owner *o, uint64_t sequence, uint32_t number)
{
    const struct stream *s = container_of(o, const struct stream, owner);
    return msgs_file_is_told(s->msgs, sequence, number);
}

static bool owner_is_urgent(const struct store_owner *o)
{
    return msgs_file_is_urgent(container_of(o, const struct stream, owner)->msgs);
}

static uint32_t owner_scrub(struct store_owner *o)
{
    struct stream *s = of(o);
    assert(s->msgs != NULL);
    return msgs_file_scrub(s->msgs);
}

static enum err owner_convert(struct store_owner *o)
{
    struct stream *s = of(o);
    assert(s->msgs != NULL);
    return msgs_file_convert(s->msgs);
}

static void owner_retry(struct store_owner *o)
{
    struct stream *s = of(o);
    assert(s->msgs != NULL);
    msgs_file_retry(s->msgs);
}

/* What a stored message touches: the stream and its messages; what it points to, and where its
 * messages go; the texts of what is in flight. */
static void owner_soon(const struct store_owner *o, uint32_t step)
{
    const struct stream *s = container_of(o, const struct stream, owner);
    if (step == 0) {
        stream_soon(s);
        msgs_soon(o->lines, 0);
        return;
    }
    inflight_soon(&s->inflight, step - 1);
    if (step > 1) return;
    PREFETCH(s->log);
    PREFETCH(s->ack.ptr);
    msgs_soon(o->lines, 1);
    if (s->has_consumers) consumers_soon(s->consumers);
}

static_assert((int)STORE_LINES == (int)MSGS_LINES, "those of its messages");

static void owner_remember(struct store_owner *o)
{
    struct stream *s = of(o);
    assert(o->incarnation > 0);
    if (s->msgs != NULL) msgs_lines(s->msgs, o->lines);
}

static const struct store_owner_ops owner_ops = {
    .apply = owner_apply,
    .load = owner_load,
    .loaded = owner_loaded,
    .refill = owner_refill,
    .refilled = owner_refilled,
    .recovered = owner_recovered,
    .damaged = owner_damaged,
    .dropped = owner_dropped,
    .flush = owner_flush,
    .leaves = owner_leaves,
    .checkpoint = owner_checkpoint,
    .slice = owner_slice,
    .settled = owner_settled,
    .forgotten = owner_forgotten,
    .erase = owner_erase,
    .is_told = owner_is_told,
    .is_urgent = owner_is_urgent,
    .amend = owner_amend,
    .keeps = owner_keeps,
    .frees = owner_frees,
    .retry = owner_retry,
    .scrub = owner_scrub,
    .convert = owner_convert,
    .soon = owner_soon,
    .remember = owner_remember,
};

static void msgs_failed(void *ctx, enum err e, const char *what)
{
    struct stream *s = ctx;
    log_error(s->account->js->core->env->log, "JetStream: stream %s takes nothing any more: %s",
              s->config.name, what);
    stream_fail(s, e);
}

static void msgs_changed(void *ctx)
{
    struct stream *s = ctx;
    assert(stream_is_file(s));
    if (!s->is_gone) store_touch(s->account->js->store, &s->owner);
}

static void msgs_lost_some(void *ctx, uint64_t first, uint64_t last)
{
    struct stream *s = ctx;
    assert(first <= last);
    if (s->is_gone) return;
    store_damaged(s->account->js->store, &s->owner);
    damage_found(s, first, last);
}

static uint64_t positive(int64_t limit)
{
    return limit > 0 ? (uint64_t)limit : 0;
}

static uint32_t block_size(const struct stream *s)
{
    return msgs_file_block_size(positive(s->config.max_bytes),
                                positive(s->config.max_msgs_per_subject));
}

void stream_file_bodies_new(struct stream *s)
{
    struct store *store = s->account->js->store;
    assert(stream_is_file(s));
    s->owner.ops = &owner_ops;
    store_enter(store, &s->owner, s->incarnation);
    s->log = stream_log_journal_new(store, &s->owner);
    const struct msgs_file_options options = {
        .disk = store_disk(store),
        .queue = store_queue(store),
        .cache = store_cache(store),
        .seal = *store_seal(store),
        .store_id = store_id(store),
        .incarnation = s->incarnation,
        .block_size = block_size(s),
        .is_compressed = s->config.compression != JS_COMPRESSION_NONE,
        .ctx = s,
        .on_failed = msgs_failed,
        .on_changed = msgs_changed,
        .on_lost = msgs_lost_some,
    };
    s->msgs = msgs_file_new(&options, s->config.first_seq);
}

void stream_file_updated(struct stream *s)
{
    assert(stream_is_file(s));
    msgs_file_set_block_size(s->msgs, block_size(s));
    msgs_file_set_compressed(s->msgs, s->config.compression != JS_COMPRESSION_NONE);
    s->is_config_told = false;
}

bool stream_begins(bool is_record, uint32_t kind)
{
    if (is_record) return kind == COMMAND_CONFIG || kind == COMMAND_RESTORE;
    return kind == STREAM_SECTION_CONFIG || kind == STREAM_SECTION_RESTORE;
}
