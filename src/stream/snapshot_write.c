/* SPDX-License-Identifier: Apache-2.0 */
/* What the archive of a stream holds, produced piece by piece. */
#include "base/alloc.h"
#include "base/assert.h"
#include "codec/natsarc.h"
#include "codec/s2_stream.h"
#include "stream/archive_consumer.h"
#include "stream/consumer_internal.h"
#include "stream/snapshot.h"

/* Bytes of messages in one turn, and so many more are read ahead. */
enum { TURN_BYTES = 256 * 1024 };

/* A consumer at the moment of the snapshot; its acks as a checkpoint has them. */
struct frozen {
    struct consumer_config config;
    struct slice           name;
    struct slice           acks;
    uint8_t                policy;
};

struct snapshot_archive {
    struct stream      *stream;
    struct stream_state state;
    struct arena       *arena;
    struct json_array   consumers;      /* struct frozen */
    uint32_t            told;           /* of the consumers */
    nanos               time;           /* of what is no message */
    uint64_t            next;           /* sequence to look at */
    struct s2_writer   *writer;
    struct buf          plain;          /* an entry in the making */
    struct msgs_wait    wait;
    struct msgs_load    load;
    enum { READS_NOTHING, READS_INDEX, READS_MESSAGE } reads;
    bool                is_begun, is_over;
    void              (*ready)(void *ctx);
    void               *ctx;
};

/* ---- consumers ---- */

static void freeze(struct snapshot_archive *a, struct consumer *c, struct buf *scratch)
{
    void *list = a->consumers.items;
    struct frozen *f = arena_push(a->arena, &list, &a->consumers.count, sizeof *f);
    a->consumers.items = list;
    scratch->len = 0;
    acks_encode(&c->acks, ACKS_FULL, scratch);
    consumer_config_copy(consumer_config(c), a->arena, &f->config);
    f->name = arena_slice(a->arena, slice_str(c->name));
    f->acks = arena_slice(a->arena, buf_slice(scratch));
    f->policy = c->acks.policy;
    assert(f->name.len > 0);
}

static void freeze_all(struct snapshot_archive *a)
{
    struct buf scratch = { 0 };
    struct consumer *c;
    for (uint32_t i = 0; (c = consumers_at(a->stream->consumers, i)) != NULL; i++)
        if (c->is_created && !consumer_config(c)->direct) freeze(a, c, &scratch);
    buf_deinit(&scratch);
}

/* ---- life ---- */

static void read_over(struct snapshot_archive *a)
{
    assert(a->reads != READS_NOTHING);
    a->reads = READS_NOTHING;
    a->ready(a->ctx);
}

static void index_read(struct msgs_wait *w)
{
    read_over(container_of(w, struct snapshot_archive, wait));
}

/* It is asked for again, from memory. */
static void message_read(struct msgs_load *l, enum err e)
{
    (void)e;
    read_over(container_of(l, struct snapshot_archive, load));
}

struct snapshot_archive *snapshot_archive_new(struct stream *s, const struct stream_state *state,
                                              bool no_consumers)
{
    struct snapshot_archive *a = xcalloc(1, sizeof *a);
    assert(s->is_created && !s->is_deleted);
    a->stream = s;
    a->arena = arena_new();
    a->state = *state;
    a->state.subjects = a->state.deleted = (struct json_array){ 0 };
    a->state.lost = NULL;
    a->time = jetstream_reactor(s->account->js)->wall;
    a->next = state->first_seq;
    a->writer = s2_writer_new();
    list_init(&a->wait.node);
    list_init(&a->load.node);
    a->wait.done = index_read;
    a->load.done = message_read;
    if (!no_consumers) freeze_all(a);
    a->state.consumer_count = a->consumers.count;
    return a;
}

void snapshot_archive_on_ready(struct snapshot_archive *a, void (*ready)(void *ctx), void *ctx)
{
    assert(a->ready == NULL && ready != NULL);
    assert(!a->is_begun);
    a->ready = ready;
    a->ctx = ctx;
}

void snapshot_archive_cancel(struct snapshot_archive *a)
{
    assert(a->stream != NULL || a->reads == READS_NOTHING);
    if (a->reads == READS_INDEX) msgs_wait_cancel(&a->wait);
    if (a->reads == READS_MESSAGE) msgs_load_cancel(a->stream->msgs, &a->load);
    a->reads = READS_NOTHING;
    a->stream = NULL;
}

struct snapshot_archive *snapshot_archive_free(struct snapshot_archive *a)
{
    if (a == NULL) return NULL;
    assert(a->reads == READS_NOTHING);
    a->writer = s2_writer_free(a->writer);
    buf_deinit(&a->plain);
    a->arena = arena_free(a->arena);
    return xfree(a);
}

/* ---- entries ---- */

static void put_plain(struct snapshot_archive *a, struct buf *out)
{
    s2_writer_add(a->writer, buf_slice(&a->plain), out);
    a->plain.len = 0;
}

static void put(struct snapshot_archive *a, const struct natsarc_entry *e, struct buf *out)
{
    assert(a->plain.len == 0);
    natsarc_entry_add(e, &a->plain);
    put_plain(a, out);
}

static void put_json(struct snapshot_archive *a, struct slice name, struct slice json,
                     struct buf *out)
{
    const struct natsarc_entry e = { .name = name, .time = a->time, .payload = json };
    assert(json.len > 0);
    put(a, &e, out);
}

static void put_start(struct snapshot_archive *a, struct buf *out)
{
    struct buf json = { 0 };
    struct json_writer w = json_writer_on(&json, JSON_COMPACT);
    assert(!a->is_begun);
    natsarc_start_add(&a->plain);
    put_plain(a, out);
    json_table_write(&stream_state_table, &a->state, &w);
    put_json(a, SLICE_LIT("state.json"), buf_slice(&json), out);
    buf_deinit(&json);
    a->is_begun = true;
}

static void put_consumer(struct snapshot_archive *a, const struct frozen *f, struct buf *out)
{
    struct buf json = { 0 }, name = { 0 };
    struct acks acks;
    acks_init(&acks, (enum acks_policy)f->policy, 0);
    enum err e = acks_decode(&acks, f->acks);
    assert(e == ERR_OK);
    archive_consumer_write(&f->config, &acks, &json);
    buf_printf(&name, "consumers/%.*s", SLICE_ARGS(f->name));
    put_json(a, buf_slice(&name), buf_slice(&json), out);
    acks_deinit(&acks);
    buf_deinit(&json);
    buf_deinit(&name);
}

/* The next message that is there. NOTFOUND: none up to the last one of the snapshot. */
static enum err find(struct snapshot_archive *a, uint64_t *ret)
{
    const struct msgs_filter all = { NULL, 0 };
    if (a->next > a->state.last_seq) return ERR_NOTFOUND;
    enum err e = msgs_next(a->stream->msgs, &all, a->next, &a->wait, ret);
    if (e == ERR_BUSY) a->reads = READS_INDEX;
    return e == ERR_OK && *ret > a->state.last_seq ? ERR_NOTFOUND : e;
}

static enum err put_message(struct snapshot_archive *a, struct buf *out, uint64_t *ret_bytes)
{
    uint64_t sequence = 0;
    enum err e = find(a, &sequence);
    if (e) return e;
    assert(sequence >= a->next);
    a->next = sequence;
    e = msgs_load(a->stream->msgs, sequence, TURN_BYTES, &a->load);
    if (e == ERR_BUSY) a->reads = READS_MESSAGE;
    if (e == ERR_NOTFOUND) e = ERR_CORRUPT; /* it was there a moment ago */
    if (e) return e;
    const struct stored *m = &a->load.msg;
    const struct natsarc_entry entry = { m->subject, m->time, m->sequence, m->header, m->payload };
    put(a, &entry, out);
    *ret_bytes += (uint64_t)m->subject.len + m->header.len + m->payload.len;
    a->next = sequence + 1;
    return ERR_OK;
}

static void put_end(struct snapshot_archive *a, struct buf *out)
{
    assert(!a->is_over);
    natsarc_end_add(&a->plain);
    put_plain(a, out);
    s2_writer_finish(a->writer, out);
    a->is_over = true;
}

enum err snapshot_archive_next(struct snapshot_archive *a, uint32_t enough, struct buf *out,
                               uint64_t *ret_sequence)
{
    uint64_t bytes = 0;
    const struct frozen *consumers = a->consumers.items;
    assert(a->ready != NULL && a->reads == READS_NOTHING);
    if (a->is_over) return ERR_NOTFOUND;
    if (!a->is_begun) put_start(a, out);
    for (; out->len < enough && a->told < a->consumers.count; a->told++)
        put_consumer(a, &consumers[a->told], out);
    while (out->len < enough && bytes < TURN_BYTES) {
        enum err e = put_message(a, out, &bytes);
        if (e == ERR_NOTFOUND) {
            put_end(a, out);
            return ERR_NOTFOUND;
        }
        *ret_sequence = a->next;
        if (e) return e;
    }
    return ERR_OK;
}
