/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/archive_files.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "codec/tar.h"
#include "import/nats_block.h"
#include "import/nats_consumer.h"
#include "import/nats_index.h"
#include "import/nats_meta.h"
#include "json/request.h"

enum { FILES_MAX = 1 << 24, NAME_BYTES_MAX = 1024, HEADER_MAX = 64 * 1024 };
/* Of a configuration, and of the state of a consumer, which is then millions of acks. */
enum { META_MAX = 4 << 20, STATE_MAX = 16 << 20 };

enum file {
    FILE_OTHER,
    FILE_META,
    FILE_BLOCK,
    FILE_INDEX,
    FILE_CONSUMER_META,
    FILE_CONSUMER_STATE,
    FILE_ERRORS,
};

struct archive_files {
    struct tar_reader *tar;
    enum file          kind;            /* of the file in hand */
    uint64_t           left;            /* of it */
    struct buf         bytes;           /* what has come of it */
    uint32_t           number;          /* of a block */
    struct buf         name;            /* of a consumer */
    struct arena      *arena;           /* of the item in hand; NULL: it needs none */
    struct buf         stream;          /* its name; empty: not known yet */
    struct nats_block  block;           /* being read */
    struct buf         room;            /* for it */
    bool               is_in_block;
    uint32_t           last_number;     /* of a block */
    uint64_t           last;            /* sequence that a message had */
    uint64_t           given;           /* … that anything had */
    nanos              last_time;
    struct nats_index  index;
    bool               has_index;
    struct buf         meta;            /* of a consumer whose state has not come … */
    struct buf         meta_name;       /* … and whose it is; empty: there is none */
};

#define BAD(why, ...) ((void)errmsg_set(why, ERR_INVALID, __VA_ARGS__), ARCHIVE_BAD)

struct archive_files *archive_files_new(struct slice start)
{
    struct archive_files *f = xcalloc(1, sizeof *f);
    const struct tar_limits limits = {
        .size_max = INT64_MAX,          /* of what is passed over; see bytes_max() */
        .entries = FILES_MAX,
        .name_max = NAME_BYTES_MAX,
        .header_max = HEADER_MAX,
    };
    struct tar_entry entry;
    struct slice data;
    f->tar = tar_reader_new(&limits);
    enum tar_verdict v = tar_reader_next(f->tar, &start, &entry, &data);
    assert(v == TAR_MORE && start.len == 0);
    return f;
}

static void index_drop(struct archive_files *f)
{
    if (f->has_index) nats_index_deinit(&f->index);
    f->has_index = false;
}

struct archive_files *archive_files_free(struct archive_files *f)
{
    if (f == NULL) return NULL;
    struct buf *bufs[] = { &f->bytes, &f->name, &f->stream, &f->room, &f->meta, &f->meta_name };
    index_drop(f);
    f->tar = tar_reader_free(f->tar);
    f->arena = arena_free(f->arena);
    for (size_t i = 0; i < ARRAY_COUNT(bufs); i++) buf_deinit(bufs[i]);
    return xfree(f);
}

bool archive_files_is_between(const struct archive_files *f)
{
    return f->left == 0 && tar_reader_is_between(f->tar);
}

/* ---- names ---- */

static bool is_number(struct slice text, uint32_t *ret)
{
    uint64_t number;
    if (!slice_to_u64(text, &number) || number > UINT32_MAX) return false;
    *ret = (uint32_t)number;
    return true;
}

static bool take_end(struct slice *s, struct slice end)
{
    if (s->len < end.len || !slice_equal(slice_from(*s, s->len - end.len), end)) return false;
    *s = slice_first(*s, s->len - end.len);
    return true;
}

static enum file consumer_file(struct archive_files *f, struct slice path)
{
    struct slice name;
    if (!slice_cut(&path, '/', &name)) return FILE_OTHER;
    f->name.len = 0;
    buf_add(&f->name, name);
    if (slice_equal_str(path, "meta.inf")) return FILE_CONSUMER_META;
    return slice_equal_str(path, "o.dat") ? FILE_CONSUMER_STATE : FILE_OTHER;
}

static enum file file_of(struct archive_files *f, struct slice path)
{
    static const struct slice msgs = SLICE_INIT("msgs/"), obs = SLICE_INIT("obs/");
    if (slice_equal_str(path, "meta.inf")) return FILE_META;
    if (slice_equal_str(path, "errors.txt")) return FILE_ERRORS;
    if (slice_equal_str(path, "msgs/index.db")) return FILE_INDEX;
    if (slice_starts(path, obs)) return consumer_file(f, slice_from(path, obs.len));
    if (!slice_starts(path, msgs)) return FILE_OTHER;
    path = slice_from(path, msgs.len);
    if (!take_end(&path, SLICE_LIT(".blk"))) return FILE_OTHER;
    return is_number(path, &f->number) ? FILE_BLOCK : FILE_OTHER;
}

/* It stays below a folder: no part of it goes up, and it does not begin at the root. */
static bool is_tame(struct slice path)
{
    struct slice part;
    bool goes_on = true;
    if (path.len == 0 || path.ptr[0] == '/' || slice_find_byte(path, '\\') >= 0 ||
        slice_find_byte(path, '\0') >= 0)
        return false;
    while (goes_on) {
        goes_on = slice_cut(&path, '/', &part);
        if (slice_equal_str(part, "..")) return false;
    }
    return true;
}

/* ---- files ---- */

static enum archive_verdict read_meta(struct archive_files *f, struct archive_item *ret,
                                      struct errmsg *why)
{
    struct stream_config config = { .name = NULL };
    const struct json_request json = { &stream_config_table, buf_slice(&f->bytes),
                                       JSON_REQUEST_PLAIN };
    f->arena = arena_new();
    if (f->stream.len > 0) return BAD(why, "meta.inf is there twice");
    if (json_request_read(&json, f->arena, &config, why) != ERR_OK) return ARCHIVE_BAD;
    if (nats_meta_created(buf_slice(&f->bytes), &ret->created) != ERR_OK || config.name == NULL ||
        config.name[0] == '\0')
        return BAD(why, "meta.inf names no stream");
    buf_add_str(&f->stream, config.name);
    memset(&ret->state, 0, sizeof ret->state);
    ret->name = buf_slice(&f->stream);
    return ARCHIVE_STATE;
}

static enum archive_verdict begin_block(struct archive_files *f, struct errmsg *why)
{
    struct slice plain;
    if (f->stream.len == 0) return BAD(why, "expected meta.inf first");
    if (f->number <= f->last_number) return BAD(why, "block %u is out of order", f->number);
    if (nats_block_plain(buf_slice(&f->bytes), &f->room, &plain) != ERR_OK)
        return BAD(why, "block %u is damaged", f->number);
    nats_block_init(&f->block, plain, buf_slice(&f->stream), f->number);
    f->last_number = f->number;
    f->is_in_block = true;
    return ARCHIVE_MORE;
}

/* One that does not fit is as none: the messages say it too, if not as exactly. */
static enum archive_verdict read_index(struct archive_files *f, struct archive_item *ret)
{
    struct slice body;
    index_drop(f);
    if (f->stream.len == 0) return ARCHIVE_MORE;
    if (nats_index_body(buf_slice(&f->bytes), buf_slice(&f->stream), &body) != ERR_OK ||
        nats_index_read(body, &f->index) != ERR_OK)
        return ARCHIVE_MORE;
    f->has_index = true;
    if (!nats_index_is_consistent(&f->index) || f->index.last >= INT64_MAX) return ARCHIVE_MORE;
    if (f->index.last > f->given) f->given = f->index.last;
    if (f->index.last_time > f->last_time) f->last_time = f->index.last_time;
    ret->index = &f->index;
    return ARCHIVE_INDEX;
}

/* ---- consumers ---- */

static void add_state(struct archive_files *f, const struct nats_consumer *from,
                      struct consumer_state *ret)
{
    ret->floor = (struct acks_position){ from->floor.consumer, from->floor.stream };
    ret->delivered = (struct acks_position){ from->delivered.consumer, from->delivered.stream };
    struct ack_entry *pending = arena_alloc(f->arena, (from->pending_count + 1) * sizeof *pending);
    struct consumer_redelivered *again = arena_alloc(f->arena,
                                                     (from->redelivered_count + 1) * sizeof *again);
    for (uint32_t i = 0; i < from->pending_count; i++)
        pending[i] = (struct ack_entry){ .stream_seq = from->pending[i].stream,
                                         .consumer_seq = from->pending[i].consumer,
                                         .time = from->pending[i].time };
    for (uint32_t i = 0; i < from->redelivered_count; i++)
        again[i] = (struct consumer_redelivered){ from->redelivered[i].stream,
                                                  from->redelivered[i].count };
    ret->pending = (struct json_array){ pending, from->pending_count };
    ret->redelivered = (struct json_array){ again, from->redelivered_count };
}

/* The consumer whose meta.inf is in hand; `state` NULL: it has done nothing. */
static enum archive_verdict make_consumer(struct archive_files *f, const struct slice *state,
                                          struct archive_item *ret, struct errmsg *why)
{
    const struct json_request json = { &consumer_config_table, buf_slice(&f->meta),
                                       JSON_REQUEST_PLAIN };
    struct nats_consumer from;
    f->arena = arena_new();
    ret->name = arena_slice(f->arena, buf_slice(&f->meta_name));
    memset(&ret->consumer, 0, sizeof ret->consumer);
    f->meta_name.len = 0;
    if (json_request_read(&json, f->arena, &ret->consumer.config, why) != ERR_OK ||
        nats_meta_created(buf_slice(&f->meta), &ret->created) != ERR_OK)
        return BAD(why, "error restoring consumer [\"%.*s\"]: its meta.inf cannot be read",
                   SLICE_ARGS(slice_first(ret->name, 256)));
    if (state == NULL) return ARCHIVE_CONSUMER;
    if (nats_consumer_read(*state, &from) != ERR_OK)
        return BAD(why, "error restoring consumer [\"%.*s\"]: its o.dat cannot be read",
                   SLICE_ARGS(slice_first(ret->name, 256)));
    add_state(f, &from, &ret->consumer.state);
    nats_consumer_deinit(&from);
    return ARCHIVE_CONSUMER;
}

/* One that has no state yet is in the way of the next one. */
static enum archive_verdict take_consumer_meta(struct archive_files *f, struct archive_item *ret,
                                               struct errmsg *why)
{
    enum archive_verdict v = ARCHIVE_MORE;
    if (f->stream.len == 0) return BAD(why, "expected meta.inf first");
    if (f->meta_name.len > 0) v = make_consumer(f, NULL, ret, why);
    f->meta.len = 0;
    buf_add(&f->meta, buf_slice(&f->bytes));
    buf_add(&f->meta_name, buf_slice(&f->name));
    return v;
}

static enum archive_verdict take_consumer_state(struct archive_files *f, struct archive_item *ret,
                                                struct errmsg *why)
{
    struct slice state = buf_slice(&f->bytes);
    if (f->meta_name.len == 0 || !slice_equal(buf_slice(&f->meta_name), buf_slice(&f->name)))
        return BAD(why, "error restoring consumer [\"%.*s\"]: it has no meta.inf",
                   SLICE_ARGS(slice_first(buf_slice(&f->name), 256)));
    return make_consumer(f, &state, ret, why);
}

/* ---- the archive ---- */

static enum archive_verdict file_over(struct archive_files *f, struct archive_item *ret,
                                      struct errmsg *why)
{
    enum file kind = f->kind;
    f->kind = FILE_OTHER;
    switch (kind) {
    case FILE_OTHER: return ARCHIVE_MORE;
    case FILE_META: return read_meta(f, ret, why);
    case FILE_BLOCK: return begin_block(f, why);
    case FILE_INDEX: return read_index(f, ret);
    case FILE_CONSUMER_META: return take_consumer_meta(f, ret, why);
    case FILE_CONSUMER_STATE: return take_consumer_state(f, ret, why);
    case FILE_ERRORS:
        return BAD(why, "it could not be made: %.*s",
                   SLICE_ARGS(slice_first(buf_slice(&f->bytes), 512)));
    default: unreachable();
    }
}

/* What is kept of a file until it is there. */
static uint64_t bytes_max(enum file kind)
{
    switch (kind) {
    case FILE_OTHER: return UINT64_MAX;
    case FILE_META:
    case FILE_CONSUMER_META:
    case FILE_ERRORS: return META_MAX;
    case FILE_BLOCK:
    case FILE_INDEX: return NATS_BLOCK_MAX;
    case FILE_CONSUMER_STATE: return STATE_MAX;
    default: unreachable();
    }
}

/* An index of millions of subjects may be as none. */
static enum archive_verdict begin_file(struct archive_files *f, const struct tar_entry *e,
                                       struct archive_item *ret, struct errmsg *why)
{
    if (e->kind != TAR_FILE || !is_tame(e->name)) return BAD(why, "unexpected content");
    f->kind = file_of(f, e->name);
    bool is_large = e->size > bytes_max(f->kind);
    if (is_large && f->kind != FILE_INDEX) return BAD(why, "a file of the archive is too large");
    if (is_large) f->kind = FILE_OTHER;
    f->left = e->size;
    f->bytes.len = 0;
    return f->left == 0 ? file_over(f, ret, why) : ARCHIVE_MORE;
}

static enum archive_verdict more_of_file(struct archive_files *f, struct slice data,
                                         struct archive_item *ret, struct errmsg *why)
{
    assert(data.len <= f->left);
    if (f->kind != FILE_OTHER) buf_add(&f->bytes, data);
    f->left -= data.len;
    return f->left == 0 ? file_over(f, ret, why) : ARCHIVE_MORE;
}

static enum archive_verdict finish(struct archive_files *f, struct archive_item *ret,
                                   struct errmsg *why)
{
    if (f->meta_name.len > 0) return make_consumer(f, NULL, ret, why);
    if (f->stream.len == 0) return BAD(why, "expected meta.inf first");
    ret->state.last_seq = f->given;
    ret->state.last_ts = f->last_time;
    return ARCHIVE_END;
}

static enum archive_verdict next_record(struct archive_files *f, struct archive_item *ret,
                                        struct errmsg *why)
{
    struct nats_record r;
    struct nats_damage d;
    switch (nats_block_next(&f->block, &r, &d)) {
    case NATS_BLOCK_END: f->is_in_block = false; return ARCHIVE_MORE;
    case NATS_BLOCK_DAMAGE:
        return BAD(why, "block %u is damaged at byte %u, sequence %llu", f->last_number, d.offset,
                   (unsigned long long)d.sequence);
    case NATS_BLOCK_RECORD: break;
    default: unreachable();
    }
    if (r.sequence == 0 || r.sequence >= INT64_MAX)
        return BAD(why, "invalid message sequence %llu", (unsigned long long)r.sequence);
    if (r.sequence > f->given) f->given = r.sequence;
    if (r.kind == NATS_TOMBSTONE) {
        ret->removed = r.sequence;
        return ARCHIVE_REMOVED;
    }
    if (r.kind == NATS_ERASED || r.sequence <= f->last) return ARCHIVE_MORE;
    f->last = r.sequence;
    if (r.time > f->last_time) f->last_time = r.time;
    ret->message = (struct stored){ r.sequence, r.time, r.subject, r.header, r.payload };
    return ARCHIVE_MESSAGE;
}

enum archive_verdict archive_files_next(struct archive_files *f, struct slice *in,
                                        struct archive_item *ret, struct errmsg *why)
{
    enum archive_verdict v = ARCHIVE_MORE;
    f->arena = arena_free(f->arena);
    while (v == ARCHIVE_MORE) {
        struct tar_entry entry;
        struct slice data;
        if (f->is_in_block) {
            v = next_record(f, ret, why);
            continue;
        }
        switch (tar_reader_next(f->tar, in, &entry, &data)) {
        case TAR_MORE: return ARCHIVE_MORE;
        case TAR_ENTRY: v = begin_file(f, &entry, ret, why); break;
        case TAR_DATA: v = more_of_file(f, data, ret, why); break;
        case TAR_DONE: return finish(f, ret, why);
        case TAR_BAD: return BAD(why, "archive/tar: invalid tar header");
        case TAR_LIMIT: return BAD(why, "a file of the archive is too large");
        default: unreachable();
        }
    }
    return v;
}
