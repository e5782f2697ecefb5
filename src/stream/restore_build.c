/* SPDX-License-Identifier: Apache-2.0 */
/* From the items of an archive to the commands of a hidden stream. */
#include "base/alloc.h"
#include "base/assert.h"
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

/* One that is made when all messages are there. */
struct waiting {
    struct waiting         *next;
    struct arena           *arena;
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
    struct waiting        *consumers, **consumers_end;
    uint32_t               consumers_count;
    uint64_t               last;        /* sequence that it ends with */
    nanos                  last_time;
    uint64_t               in_flight;   /* bytes, since all was applied */
    const struct nats_index *index;     /* that is being compared with the messages … */
    uint64_t               index_at;    /* … from here on */
    struct msgs_wait       wait;
    bool                   is_waiting;  /* `wait` will be called */
    bool                   has_messages;
    bool                   is_whole;    /* the archive has come to its end */
    bool                   has_made;    /* consumers were proposed */
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
    b->consumers_end = &b->consumers;
    return b;
}

static void consumers_drop(struct restore_build *b)
{
    while (b->consumers != NULL) {
        struct waiting *w = b->consumers;
        b->consumers = w->next;
        arena_free(w->arena);
        xfree(w);
    }
    b->consumers_end = &b->consumers;
    b->consumers_count = 0;
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
    const struct js_server_limits *server = &a->js->limits;
    bool is_file = b->config.storage == JS_STORAGE_FILE;
    int64_t max = is_file ? a->limits.store_max : a->limits.memory_max;
    int64_t server_max = is_file ? server->store_max : server->memory_max;
    uint64_t used = is_file ? a->store_used : a->memory_used;
    uint64_t server_used = is_file ? a->js->store_used : a->js->memory_used;
    if ((max < 0 || used <= (uint64_t)max) &&
        (server_max < 0 || server_used <= (uint64_t)server_max))
        return true;
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
    const struct waiting *w = b->consumers;
    assert(slice_equal_str(stream, b->config.name));
    while (w != NULL && index-- > 0) w = w->next;
    if (w != NULL) *ret_name = w->name;
    return w == NULL ? NULL : &w->config;
}

static int64_t count_consumers(void *ctx, struct slice stream)
{
    const struct restore_build *b = ctx;
    assert(slice_equal_str(stream, b->config.name));
    return b->consumers_count;
}

static bool has_interest(void *ctx, const char *subject)
{
    (void)ctx;
    (void)subject;
    return true;
}

static bool check_consumer(struct restore_build *b, struct waiting *w, struct js_error *e)
{
    struct js_directory directory;
    struct js_check check;
    const char *name = arena_str(w->arena, w->name);
    js_account_checks(b->account, &directory, w->arena, &check);
    directory.ctx = b;
    directory.stream_find = find_stream;
    directory.consumer_at = consumer_at;
    directory.consumer_find = NULL;
    directory.consumers_count = count_consumers;
    directory.has_interest = has_interest;
    struct consumer_create_request q = { .stream_name = b->config.name, .config = w->config };
    bool was_durable = consumer_is_durable(&q.config);
    q.config.name = name;
    if (was_durable) q.config.durable_name = name;
    if (!js_name_valid(name))
        return js_error_set(e, JS_ERR_STREAM_INVALID_CONFIG,
                            "consumer name can not contain '.', '*', '>', '\\', '/'");
    (void)js_error_set(e, JS_ERR_CONSUMER_NAME_EXIST);      /* one that is there twice */
    if (consumer_create_check(&q, &check, e) != CONSUMER_NEW) return false;
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
    return stream_restore_first(b->stream, state->first_seq, e);
}

static bool take_consumer(struct restore_build *b, const struct archive_item *item,
                          struct js_error *e)
{
    struct js_error why;
    struct waiting *w = xcalloc(1, sizeof *w);
    w->arena = arena_new();
    w->name = arena_slice(w->arena, item->name);
    consumer_config_copy(&item->consumer.config, w->arena, &w->config);
    w->state = item->consumer.state;
    w->state.created = item->created;
    w->state.pending.items = NULL;
    w->state.redelivered.items = NULL;
    const struct json_array *from[] = { &item->consumer.state.pending,
                                        &item->consumer.state.redelivered };
    struct json_array *to[] = { &w->state.pending, &w->state.redelivered };
    const size_t sizes[] = { sizeof(struct ack_entry), sizeof(struct consumer_redelivered) };
    for (size_t i = 0; i < ARRAY_COUNT(from); i++)
        if (from[i]->count > 0)
            to[i]->items = (void *)(uintptr_t)arena_slice(
                               w->arena, slice_of(from[i]->items, from[i]->count * sizes[i]))
                               .ptr;
    bool is_good = check_consumer(b, w, &why);
    *b->consumers_end = w;
    b->consumers_end = &w->next;
    b->consumers_count++;
    if (is_good) return true;
    return js_error_setf(e, JS_ERR_STREAM_RESTORE, "failed to add consumer \"%.*s\": %s (%u)",
                         SLICE_ARGS(slice_first(item->name, 256)), why.text,
                         (unsigned)why.err_code);
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

static bool make_consumers(struct restore_build *b, struct js_error *e)
{
    for (struct waiting *w = b->consumers; w != NULL; w = w->next)
        if (!stream_restore_consumer(b->stream, &w->config, w->name, &w->state, e)) return false;
    consumers_drop(b);
    return true;
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
    if (!b->has_made) {
        b->has_made = true;
        if (!stream_restore_last(b->stream, b->last, b->last_time, ret_error)) return ERR_INVALID;
        if (!make_consumers(b, ret_error)) return ERR_INVALID;
        return ERR_BUSY;
    }
    if (!check_place(b, 0, ret_error)) return ERR_INVALID;
    if (!stream_restore_finish(b->stream, ret_error)) return ERR_INVALID;
    *ret = b->stream;
    b->stream = NULL;
    return ERR_OK;
}
