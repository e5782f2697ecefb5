/* SPDX-License-Identifier: Apache-2.0 */
/* From the items of an archive to the commands of a hidden stream. */
#include "base/alloc.h"
#include "base/assert.h"
#include "base/map.h"
#include "config/options.h"
#include "import/nats_index.h"
#include "store/store_cache.h"
#include "stream/archive_read.h"
#include "stream/consumer_config_update.h"
#include "stream/restore.h"
#include "stream/stream_config_update.h"
#include "stream/stream_internal.h"
#include "stream/stream_restore.h"
#include "subject/subject.h"
#include "subject/tree.h"

/* A header is counted by 16 bits where it is stored. */
enum { HEADER_MAX = UINT16_MAX };
/* Proposed before what was proposed must be applied. */
enum { IN_FLIGHT_MAX = 1 << 20 };
/* Of the configuration of a consumer, as JSON: what checks and commands can bear, and more than a
 * request of the API has by default. */
enum { CONSUMER_CONFIG_MAX = 4 << 20 };
/* Memory of all consumers that wait: a few million acks. A small archive may say many of them. */
enum { CONSUMERS_BYTES_MAX = 512 << 20 };
/* Made at a time. */
enum { CONSUMERS_SHARE = 512 };

/* One that is made when all messages are there. */
struct waiting {
    struct consumer_config  config;
    struct slice            name;
    struct consumer_state   state;
};

struct restore_build {
    struct stream_maker   *maker;
    struct js_account     *account;
    struct stream_config   config;
    struct arena          *arena;
    struct archive_reader *reader;
    struct stream         *stream;      /* NULL: not begun, finished, or dropped */
    struct arena          *consumers_arena;
    /* struct waiting *; in consumers_arena, as what they have */
    struct json_array      consumers;
    struct map            *names;       /* the same by name */
    uint32_t               made;        /* of them */
    uint64_t               consumers_bytes;
    uint64_t               last;        /* sequence that it ends with */
    nanos                  last_time;
    uint64_t               in_flight;   /* bytes, since all was applied */
    const struct nats_index *index;     /* that is being compared with the messages … */
    uint64_t               index_at;    /* … from here on */
    struct msgs_wait       wait;
    bool                   is_waiting;  /* `wait` will be called */
    bool                   has_messages;
    bool                   is_whole;    /* the archive has come to its end */
    bool                   has_last;    /* its last sequence was proposed */
};

/* ---- life ---- */

static uint32_t message_max(const struct js_account *a)
{
    int64_t max = a->js->options->limits.max_payload;
    assert(max > 0);
    return max > (64 << 20) ? 64 << 20 : (uint32_t)max;
}

static void index_read(struct msgs_wait *w)
{
    struct restore_build *b = container_of(w, struct restore_build, wait);
    assert(b->is_waiting);
    b->is_waiting = false;
    b->maker->applied(b->maker);
}

static void wait_cancel(struct restore_build *b)
{
    if (b->is_waiting) msgs_wait_cancel(&b->wait);
    b->is_waiting = false;
}

struct restore_build *restore_build_new(struct stream_maker *maker, struct js_account *a,
                                        const struct stream_config *config)
{
    struct restore_build *b = xcalloc(1, sizeof *b);
    const struct archive_limits limits = { .message_max = message_max(a),
                                           .configured_max = config->max_msg_size };
    b->maker = maker;
    b->account = a;
    b->arena = arena_new();
    stream_config_copy(config, b->arena, &b->config);
    b->reader = archive_reader_new(&limits);
    list_init(&b->wait.node);
    b->wait.done = index_read;
    return b;
}

static void consumers_drop(struct restore_build *b)
{
    b->consumers_arena = arena_free(b->consumers_arena);
    b->names = map_free(b->names);
    b->consumers = (struct json_array){ 0 };
    b->made = 0;
}

static struct waiting *waiting_at(const struct restore_build *b, uint32_t index)
{
    struct waiting *const *all = b->consumers.items;
    return index < b->consumers.count ? all[index] : NULL;
}

struct restore_build *restore_build_free(struct restore_build *b)
{
    if (b == NULL) return NULL;
    wait_cancel(b);
    if (b->stream != NULL) b->stream->maker = NULL;
    consumers_drop(b);
    b->reader = archive_reader_free(b->reader);
    b->arena = arena_free(b->arena);
    return xfree(b);
}

bool restore_build_drop(struct restore_build *b)
{
    struct stream *s = b->stream;
    consumers_drop(b);
    wait_cancel(b);
    if (s == NULL) return true;
    bool is_lost = stream_is_file(s) && b->account->js->is_failed;
    if (!is_lost && !stream_restore_is_settled(s)) return false;
    b->stream = NULL;
    stream_restore_drop(s);
    return true;
}

/* ---- checks ---- */

static bool fail(struct js_error *e, const char *text)
{
    return js_error_set(e, JS_ERR_STREAM_RESTORE, text);
}

/* Is there room for it, and for its subjects? */
static bool check_place(struct restore_build *b, uint64_t bytes, struct js_error *e)
{
    struct js_directory directory;
    struct js_check check;
    AUTO_FREE(arena) arena = arena_new();
    struct stream_config c = b->config;
    if (!b->account->is_enabled) return js_error_set(e, JS_ERR_NOT_ENABLED_FOR_ACCOUNT);
    if (js_account_stream(b->account, slice_str(c.name)) != NULL)
        return js_error_set(e, JS_ERR_STREAM_NAME_EXIST_RESTORE_FAILED);
    js_account_checks(b->account, &directory, arena, &check);
    int64_t most = bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes;
    if (c.max_bytes < most) c.max_bytes = most;
    js_space_want(b->account->js, &c);
    if (!stream_count_check(&c, &check, e)) return false;
    struct js_error why;
    if (!stream_overlaps_others(&c, &check)) {
        if (stream_replicas_check(&c, &check, &why)) return true;
    } else {
        (void)js_error_set(&why, JS_ERR_STREAM_SUBJECT_OVERLAP);
    }
    return js_error_setf(e, JS_ERR_STREAM_RESTORE, "error adding stream: %s (%u)", why.text,
                         (unsigned)why.err_code);
}

/* What it has taken so far counts. */
static bool check_usage(const struct restore_build *b, struct js_error *e)
{
    const struct js_account *a = b->account;
    struct jetstream *js = a->js;
    bool is_file = b->config.storage == JS_STORAGE_FILE;
    int64_t max = is_file ? a->limits.store_max : a->limits.memory_max;
    int64_t memory_max = js->limits.memory_max;
    uint64_t used = is_file ? a->store_used : a->memory_used;
    bool has_room = is_file ? js_space_has(js, js->store_used, 0)
                            : memory_max < 0 || js->memory_used <= (uint64_t)memory_max;
    if (has_room && (max < 0 || used <= (uint64_t)max)) return true;
    return js_error_set(e, is_file ? JS_ERR_STORAGE_RESOURCES_EXCEEDED
                                   : JS_ERR_MEMORY_RESOURCES_EXCEEDED);
}

/* As the checks of consumers see the account: the stream is there, with those that came before. */
static const struct stream_config *find_stream(void *ctx, struct slice name)
{
    const struct restore_build *b = ctx;
    return slice_equal_str(name, b->config.name) ? &b->config : NULL;
}

static const struct consumer_config *consumer_at(void *ctx, struct slice stream, uint32_t index,
                                                 struct slice *ret_name)
{
    const struct restore_build *b = ctx;
    const struct waiting *w = waiting_at(b, index);
    assert(slice_equal_str(stream, b->config.name));
    if (w != NULL) *ret_name = w->name;
    return w == NULL ? NULL : &w->config;
}

static const struct consumer_config *consumer_find(void *ctx, struct slice stream,
                                                   struct slice name)
{
    const struct restore_build *b = ctx;
    const struct waiting *w = map_find(b->names, name);
    assert(slice_equal_str(stream, b->config.name));
    return w == NULL ? NULL : &w->config;
}

static int64_t count_consumers(void *ctx, struct slice stream)
{
    const struct restore_build *b = ctx;
    assert(slice_equal_str(stream, b->config.name));
    return b->consumers.count;
}

static bool has_interest(void *ctx, const char *subject)
{
    (void)ctx;
    (void)subject;
    return true;
}

/* As a nats-server takes it, which makes all of them durable for a moment. `replaces`: one of the
 * same name came before. */
static bool check_consumer(struct restore_build *b, struct waiting *w, bool replaces,
                           struct js_error *e)
{
    struct js_directory directory;
    struct js_check check;
    const char *name = arena_str(b->consumers_arena, w->name);
    js_account_checks(b->account, &directory, b->consumers_arena, &check);
    directory.ctx = b;
    directory.stream_find = find_stream;
    directory.consumer_at = consumer_at;
    directory.consumer_find = consumer_find;
    directory.consumers_count = count_consumers;
    directory.has_interest = has_interest;
    struct consumer_create_request q = { .stream_name = b->config.name, .config = w->config };
    bool has_name = consumer_is_durable(&q.config) || js_text_set(q.config.name);
    if (!has_name) q.config.name = name;
    if (!js_name_valid(name))
        return js_error_set(e, JS_ERR_STREAM_INVALID_CONFIG,
                            "consumer name can not contain '.', '*', '>', '\\', '/'");
    (void)js_error_set(e, JS_ERR_CONSUMER_NAME_EXIST);
    if (q.config.num_replicas > 1) return js_error_set(e, JS_ERR_CONSUMER_REPLICAS_EXCEEDS_STREAM);
    enum consumer_verdict v = consumer_create_check(&q, &check, e);
    if (v != (replaces ? CONSUMER_UPDATED : CONSUMER_NEW)) return false;
    if (q.config.direct) return js_error_set(e, JS_ERR_CONSUMER_DIRECT_REQUIRES_EPHEMERAL);
    if (!has_name) q.config.name = w->config.name;
    q.config.metadata = w->config.metadata;     /* as it was there */
    w->config = q.config;
    return true;
}

/* ---- items ---- */

static bool take_state(struct restore_build *b, const struct archive_item *item, struct js_error *e)
{
    const struct stream_state *state = &item->state;
    assert(b->stream == NULL);
    if (item->name.len > 0 && !slice_equal_str(item->name, b->config.name))
        return fail(e, "stream names do not match");
    if (!check_place(b, state->bytes, e)) return false;
    b->stream = stream_restore_new(b->account, &b->config, e);
    if (b->stream == NULL) return false;
    b->stream->maker = b->maker;
    b->stream->is_quiet = false;
    if (item->created > 0) b->stream->created = item->created;
    if (state->first_seq >= INT64_MAX) return fail(e, "error in state.json: no such sequence");
    if (item->name.len == 0 && state->first_seq <= 1) return stream_restore_used(b->stream, e);
    return stream_restore_first(b->stream, state->first_seq, e);
}

static uint32_t config_bytes(const struct consumer_config *config)
{
    struct buf json = { 0 };
    struct json_writer w = json_writer_on(&json, JSON_COMPACT);
    json_table_write(&consumer_config_table, config, &w);
    uint32_t bytes = json.len;
    buf_deinit(&json);
    return bytes;
}

static uint64_t rows_bytes(const struct consumer_state *s)
{
    return (uint64_t)s->pending.count * sizeof(struct ack_entry) +
           (uint64_t)s->redelivered.count * sizeof(struct consumer_redelivered);
}

/* A copy in the arena. */
static struct json_array rows_copy(struct arena *arena, const struct json_array *from, size_t size)
{
    struct json_array copy = { .count = from->count };
    if (from->count == 0) return copy;
    copy.items = arena_alloc(arena, from->count * size);
    memcpy(copy.items, from->items, from->count * size);
    return copy;
}

static struct waiting *waiting_new(struct restore_build *b, const struct archive_item *item)
{
    const struct consumer_state *state = &item->consumer.state;
    if (b->consumers_arena == NULL) b->consumers_arena = arena_new();
    if (b->names == NULL) b->names = map_new(b->account->js->core->hash_seed);
    struct arena *arena = b->consumers_arena;
    struct waiting *w = arena_alloc(arena, sizeof *w);
    consumer_config_copy(&item->consumer.config, arena, &w->config);
    w->name = arena_slice(arena, item->name);
    if (js_text_set(w->config.name)) w->name = slice_str(w->config.name);
    if (consumer_is_durable(&w->config)) w->name = slice_str(w->config.durable_name);
    w->state = *state;
    w->state.created = item->created;
    w->state.pending = rows_copy(arena, &state->pending, sizeof(struct ack_entry));
    w->state.redelivered = rows_copy(arena, &state->redelivered,
                                     sizeof(struct consumer_redelivered));
    return w;
}

static bool take_consumer(struct restore_build *b, const struct archive_item *item,
                          struct js_error *e)
{
    struct js_error why;
    uint32_t config = config_bytes(&item->consumer.config);
    if (config > CONSUMER_CONFIG_MAX)
        return fail(e, "the configuration of a consumer is too large");
    b->consumers_bytes += sizeof(struct waiting) + item->name.len + config +
                          rows_bytes(&item->consumer.state);
    if (b->consumers_bytes > CONSUMERS_BYTES_MAX) return fail(e, "its consumers are too large");
    struct waiting *w = waiting_new(b, item), *before = map_find(b->names, w->name);
    if (!check_consumer(b, w, before != NULL, &why))
        return js_error_setf(e, JS_ERR_STREAM_RESTORE, "failed to add consumer \"%.*s\": %s (%u)",
                             SLICE_ARGS(slice_first(item->name, 256)), why.text,
                             (unsigned)why.err_code);
    if (before != NULL) {
        *before = *w;                   /* the last one counts, as on nats-server */
        return true;
    }
    struct waiting **at = arena_push(b->consumers_arena, &b->consumers.items, &b->consumers.count,
                                     sizeof *at);
    *at = w;
    (void)map_set(b->names, w->name, w);
    return true;
}

static bool take_message(struct restore_build *b, const struct stored *m, struct js_error *e)
{
    unsigned long long sequence = m->sequence;
    if (m->sequence <= b->stream->last_proposed)
        return js_error_setf(e, JS_ERR_STREAM_RESTORE, "message sequence %llu out of order",
                             sequence);
    if (!subject_literal(m->subject) || !subject_valid_strict(m->subject) ||
        !tree_takes(m->subject) || m->header.len > HEADER_MAX)
        return js_error_setf(e, JS_ERR_STREAM_RESTORE, "invalid message sequence %llu", sequence);
    if (!b->has_messages && !stream_restore_first(b->stream, m->sequence, e)) return false;
    b->has_messages = true;
    b->in_flight += (uint64_t)m->subject.len + m->header.len + m->payload.len + 64;
    return stream_restore_message(b->stream, m, e);
}

static bool take_removed(struct restore_build *b, uint64_t sequence, struct js_error *e)
{
    if (sequence > b->stream->last_proposed) return true;
    b->in_flight += 64;
    return stream_restore_remove(b->stream, &sequence, 1, e);
}

static void take_end(struct restore_build *b, const struct stream_state *state)
{
    b->last = state->last_seq < INT64_MAX ? state->last_seq : INT64_MAX - 1;
    b->last_time = state->last_ts > 0 ? state->last_ts : 0;
    b->is_whole = true;
}

static bool take_item(struct restore_build *b, enum archive_verdict what,
                      const struct archive_item *item, struct js_error *e)
{
    switch (what) {
    case ARCHIVE_STATE: return take_state(b, item, e);
    case ARCHIVE_CONSUMER: return take_consumer(b, item, e);
    case ARCHIVE_MESSAGE: return take_message(b, &item->message, e);
    case ARCHIVE_REMOVED: return take_removed(b, item->removed, e);
    case ARCHIVE_INDEX:
        b->index = item->index;
        b->index_at = 1;
        return true;
    case ARCHIVE_END: take_end(b, &item->state); return true;
    case ARCHIVE_BAD: return fail(e, archive_why(b->reader));
    case ARCHIVE_MORE:
    default: unreachable();
    }
}

/* What was proposed must be applied before there is more; and what stands in memory only has its
 * limit. */
static bool is_clogged(struct restore_build *b)
{
    const struct stream *s = b->stream;
    if (s == NULL) return false;
    if (stream_restore_is_settled(s)) b->in_flight = 0;
    if (b->in_flight >= IN_FLIGHT_MAX) return true;
    return stream_is_file(s) && store_cache_is_over(store_cache(b->account->js->store));
}

/* ---- what an index does not know ---- */

/* Sequences of one turn. */
enum { INDEX_SHARE = 64 * 1024 };

/* Asked in order. What is newer than the index is there. */
struct known {
    const struct nats_index *index;
    uint32_t                 block;
    struct nats_deleted      deleted;
};

static bool is_known(struct known *k, uint64_t sequence)
{
    const struct nats_index *index = k->index;
    if (sequence > index->last) return true;
    while (k->block < index->blocks_count && index->blocks[k->block].last < sequence)
        if (++k->block < index->blocks_count)
            nats_deleted_init(&k->deleted, &index->blocks[k->block]);
    if (k->block == index->blocks_count) return false;
    return sequence >= index->blocks[k->block].first && !nats_deleted_has(&k->deleted, sequence);
}

/* Removes some of those that it does not know. OK: that was all. BUSY: there is more to do,
 * later. */
static enum err compare_index(struct restore_build *b, struct js_error *e)
{
    const struct msgs_filter all = { NULL, 0 };
    struct known k = { .index = b->index };
    uint64_t gone[256], sequence = 0;
    uint32_t count = 0;
    enum err found = ERR_OK;
    if (b->is_waiting || !stream_restore_is_settled(b->stream)) return ERR_BUSY;
    if (b->index->blocks_count > 0) nats_deleted_init(&k.deleted, &b->index->blocks[0]);
    for (uint32_t i = 0; i < INDEX_SHARE && found == ERR_OK && count < ARRAY_COUNT(gone); i++) {
        found = msgs_next(b->stream->msgs, &all, b->index_at, &b->wait, &sequence);
        if (found != ERR_OK) break;
        if (!is_known(&k, sequence)) gone[count++] = sequence;
        b->index_at = sequence + 1;
    }
    b->is_waiting = found == ERR_BUSY;
    if (!stream_restore_remove(b->stream, gone, count, e)) return ERR_INVALID;
    if (found == ERR_OK && count == 0) b->maker->applied(b->maker);
    if (found != ERR_NOTFOUND) return ERR_BUSY;
    b->index = NULL;
    return ERR_OK;
}

enum err restore_build_take(struct restore_build *b, struct slice *in, struct js_error *ret_error)
{
    struct archive_item item;
    while (!b->is_whole) {
        if (is_clogged(b)) return ERR_BUSY;
        if (b->stream != NULL && !check_usage(b, ret_error)) return ERR_INVALID;
        enum err e = b->index == NULL ? ERR_OK : compare_index(b, ret_error);
        if (e) return e;
        enum archive_verdict v = archive_reader_next(b->reader, in, &item);
        if (v == ARCHIVE_MORE) return ERR_OK;
        if (!take_item(b, v, &item, ret_error)) return ERR_INVALID;
    }
    *in = slice_from(*in, in->len);
    return ERR_OK;
}

/* ---- the end ---- */

/* Some of them: all at once would keep everybody else waiting. */
static bool make_consumers(struct restore_build *b, struct js_error *e)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < CONSUMERS_SHARE && bytes < IN_FLIGHT_MAX; i++) {
        struct waiting *w = waiting_at(b, b->made);
        if (w == NULL) return true;
        bytes += rows_bytes(&w->state);
        if (!stream_restore_consumer(b->stream, &w->config, w->name, &w->state, e)) return false;
        b->made++;
    }
    return true;
}

/* What comes behind the messages. OK: all of it is applied. BUSY, INVALID likewise. */
static enum err make_rest(struct restore_build *b, struct js_error *e)
{
    if (!b->has_last) {
        b->has_last = true;
        if (!stream_restore_last(b->stream, b->last, b->last_time, e)) return ERR_INVALID;
    } else if (b->made == b->consumers.count) {
        return ERR_OK;
    }
    if (!make_consumers(b, e)) return ERR_INVALID;
    return stream_restore_is_settled(b->stream) ? ERR_OK : ERR_BUSY;
}

enum err restore_build_finish(struct restore_build *b, struct stream **ret,
                              struct js_error *ret_error)
{
    if (!b->is_whole && !archive_reader_finish(b->reader)) {
        (void)fail(ret_error, archive_why(b->reader));
        return ERR_INVALID;
    }
    assert(b->stream != NULL);
    if (!stream_restore_is_settled(b->stream)) return ERR_BUSY;
    if (!check_usage(b, ret_error)) return ERR_INVALID;
    enum err e = make_rest(b, ret_error);
    if (e) return e;
    if (!check_place(b, 0, ret_error)) return ERR_INVALID;
    if (!stream_restore_finish(b->stream, ret_error)) return ERR_INVALID;
    *ret = b->stream;
    b->stream = NULL;
    consumers_drop(b);
    return ERR_OK;
}
