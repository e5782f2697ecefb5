/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "embed/import_walk.h"
#include "embed/store_import.h"
#include "import/nats_consumer.h"
#include "import/nats_meta.h"
#include "stream/js_import.h"

enum { PROGRESS_MESSAGES = 1000000 };

static void on_damage(void *ctx, const char *what)
{
    import_damage(ctx, "%s", what);
}

static void on_note(void *ctx, const char *what)
{
    import_say(ctx, "note: %s", what);
}

/* ---- metadata ---- */

/* Of a stream or a consumer. */
struct meta_place {
    const char *directory, *account;
    const char *sum_name, *context;     /* as nats_meta.h and nats_seal.h name it */
};

/* A nats-server that begins to encrypt what it has writes the key first. */
static bool is_plain(const struct buf *json)
{
    return json->len > 0 && json->ptr[0] == '{';
}

/* What stands in meta.inf, opened; the asset stays open. NOTFOUND: it has none. A checksum that
 * does not fit is told. */
static enum err read_meta(struct import_run *run, const struct meta_place *place,
                          struct import_asset *asset, struct buf *json, struct errmsg *why)
{
    struct buf sum = { 0 };
    char *key_path = import_path(place->directory, "meta.key");
    char *path = import_path(place->directory, "meta.inf");
    char *sum_path = import_path(place->directory, "meta.sum");
    const struct import_place key = { slice_str(place->account), slice_str(place->context),
                                      key_path };
    enum err e = import_read(path, json, why);
    if (e == ERR_OK && import_read(sum_path, &sum, why) != ERR_OK) sum.len = 0;
    if (e == ERR_OK &&
        !nats_meta_sum_fits(buf_slice(json), slice_str(place->sum_name), buf_slice(&sum)))
        import_damage(run, "%s: its checksum in meta.sum does not fit", path);
    if (e == ERR_OK) e = import_asset_open(asset, &run->keys, &key, why);
    if (e == ERR_OK && import_asset_plain(asset, json) != ERR_OK && !is_plain(json))
        e = errmsg_set(why, ERR_CORRUPT, "%s cannot be decrypted", path);
    xfree(key_path);
    xfree(path);
    xfree(sum_path);
    buf_deinit(&sum);
    return e;
}

/* ---- messages ---- */

/* Also when the store has failed: whoever proposes next hears of that. */
static void wait_until(struct import_run *run, const struct stream *s,
                       bool (*is_enough)(const struct stream *))
{
    while (!is_enough(s)) at_rest_tick(run->target);
}

static bool has_room(const struct stream *s)
{
    return !js_import_is_full(s);
}

static void walk_options(struct import_run *run, const struct import_stream *s, bool tells,
                         struct import_walk_options *ret)
{
    *ret = (struct import_walk_options){
        .directory = s->directory,
        .account = slice_str(s->account),
        .stream = slice_str(s->name),
        .meta = &s->meta,
        .keys = &run->keys,
        .has_batches = s->has_batches,
        .ctx = run,
        .on_damage = tells ? on_damage : NULL,
        .on_note = tells ? on_note : NULL,
    };
}

static enum err copy_one(struct import_run *run, struct import_stream *is, struct stream *s,
                         const struct stored *m, struct errmsg *why)
{
    enum err e = js_import_message(s, m, why);
    if (e == ERR_INVALID) {
        import_damage(run, "%s > %s: sequence %llu is not imported: %s", is->account, is->name,
                      (unsigned long long)m->sequence, why->text);
        return ERR_OK;
    }
    if (e) return e;
    if (++is->given % PROGRESS_MESSAGES == 0)
        import_say(run, "%s > %s: %llu messages …", is->account, is->name,
                   (unsigned long long)is->given);
    return ERR_OK;
}

static enum err copy_messages(struct import_run *run, struct import_stream *is, struct stream *s,
                              struct errmsg *why)
{
    struct import_walk_options o;
    struct import_walk *w = NULL;
    struct stored m;
    nanos time;
    walk_options(run, is, true, &o);
    enum err e = import_walk_new(&o, &w, why);
    if (e) return e;
    while (e == ERR_OK) {
        wait_until(run, s, has_room);
        e = import_walk_next(w, &m, why);
        if (e == ERR_OK) e = copy_one(run, is, s, &m, why);
    }
    uint64_t last = import_walk_last(w, &time);
    if (e == ERR_NOTFOUND) e = js_import_last(s, last, time, why);
    w = import_walk_free(w);
    assert(w == NULL);
    return e;
}

/* ---- sources ---- */

/* Positions that no message tells any more; what messages tell is known already. */
static enum err copy_sources(struct import_run *run, struct import_stream *is, struct stream *s,
                             struct errmsg *why)
{
    struct buf file = { 0 };
    struct nats_sources sources;
    struct nats_source one;
    char *path = import_path(is->directory, "sources.db");
    enum err e = import_read(path, &file, why);
    if (e == ERR_OK) e = nats_sources_init(&sources, buf_slice(&file));
    while (e == ERR_OK && (e = nats_sources_next(&sources, &one)) == ERR_OK) {
        const struct js_import_source source = { one.name, one.identity, one.sequence };
        e = js_import_source(s, &source, why);
    }
    if (e == ERR_CORRUPT || e == ERR_INVALID) {
        import_damage(run, "%s is damaged: where messages do not tell, sources are read again",
                      path);
        e = ERR_OK;
    }
    buf_deinit(&file);
    xfree(path);
    return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* ---- consumers ---- */

static void fill_state(const struct nats_consumer *n, struct js_import_consumer *c)
{
    struct js_import_pending *pending = xcalloc(n->pending_count + 1U, sizeof *pending);
    struct js_import_redelivered *again = xcalloc(n->redelivered_count + 1U, sizeof *again);
    for (uint32_t i = 0; i < n->pending_count; i++)
        pending[i] = (struct js_import_pending){ n->pending[i].stream, n->pending[i].consumer,
                                                 n->pending[i].time };
    for (uint32_t i = 0; i < n->redelivered_count; i++)
        again[i] = (struct js_import_redelivered){ n->redelivered[i].stream,
                                                   n->redelivered[i].count };
    c->floor_consumer = n->floor.consumer;
    c->floor_stream = n->floor.stream;
    c->delivered_consumer = n->delivered.consumer;
    c->delivered_stream = n->delivered.stream;
    c->pending = pending;
    c->pending_count = n->pending_count;
    c->redelivered = again;
    c->redelivered_count = n->redelivered_count;
}

static enum err make_consumer(struct stream *s, const struct nats_consumer *n,
                              struct js_import_consumer *c, struct errmsg *why)
{
    fill_state(n, c);
    enum err e = js_import_consumer(s, c, why);
    xfree((void *)(uintptr_t)c->pending);
    xfree((void *)(uintptr_t)c->redelivered);
    return e;
}

/* o.dat of a consumer; a state of nothing when it is absent. */
static enum err read_state(const char *directory, const struct import_asset *asset,
                           struct nats_consumer *ret, struct errmsg *why)
{
    struct buf bytes = { 0 };
    char *path = import_path(directory, "o.dat");
    *ret = (struct nats_consumer){ .pending = NULL };
    enum err e = import_read(path, &bytes, why);
    if (e == ERR_NOTFOUND) {
        bytes.len = 0;
        e = ERR_OK;
    }
    if (e == ERR_OK && bytes.len > 0) {
        (void)!import_asset_plain(asset, &bytes); /* or it is not encrypted yet */
        e = nats_consumer_read(buf_slice(&bytes), ret);
        if (e) e = errmsg_set(why, ERR_CORRUPT, "%s is damaged", path);
    }
    buf_deinit(&bytes);
    xfree(path);
    return e;
}

/* A consumer whose directory is named. */
struct one_consumer {
    struct import_stream *stream;
    const char           *directory, *name;
};

static enum err copy_consumer(struct import_run *run, const struct one_consumer *one,
                              struct stream *s, struct errmsg *why)
{
    struct import_asset asset = { .is_sealed = false };
    struct nats_consumer state = { .pending = NULL };
    struct buf json = { 0 }, sum = { 0 }, context = { 0 };
    struct js_import_consumer c = { .name = slice_str(one->name) };
    buf_printf(&sum, "%s/%s", one->stream->name, one->name);
    buf_printf(&context, "%s.%s", one->stream->name, one->name);
    const struct meta_place place = { one->directory, one->stream->account, buf_str(&sum),
                                      buf_str(&context) };
    enum err e = read_meta(run, &place, &asset, &json, why);
    if (e == ERR_OK && nats_meta_created(buf_slice(&json), &c.created) != ERR_OK)
        e = errmsg_set(why, ERR_INVALID, "its meta.inf is not understood");
    if (e == ERR_OK) e = read_state(one->directory, &asset, &state, why);
    c.json = buf_slice(&json);
    if (e == ERR_OK) e = make_consumer(s, &state, &c, why);
    if (e == ERR_OK) one->stream->consumers++;
    nats_consumer_deinit(&state);
    import_asset_close(&asset);
    buf_deinit(&json);
    buf_deinit(&sum);
    buf_deinit(&context);
    return e;
}

static enum err copy_consumers(struct import_run *run, struct import_stream *is, struct stream *s,
                               struct errmsg *why)
{
    struct import_names names;
    char *all = import_path(is->directory, "obs");
    enum err e = import_list(all, true, &names, why);
    for (uint32_t i = 0; i < names.count && e == ERR_OK; i++) {
        char *directory = import_path(all, names.at[i]);
        const struct one_consumer one = { is, directory, names.at[i] };
        e = copy_consumer(run, &one, s, why);
        if (e == ERR_NOTFOUND || e == ERR_INVALID || e == ERR_CORRUPT) {
            import_damage(run, "%s > %s: consumer %s is not imported: %s", is->account, is->name,
                          names.at[i], why->text);
            e = ERR_OK;
        }
        wait_until(run, s, js_import_is_settled);
        xfree(directory);
    }
    import_names_deinit(&names);
    xfree(all);
    return e;
}

/* ---- one stream ---- */

static enum err begin(struct import_run *run, struct import_stream *is, struct stream **ret,
                      struct errmsg *why)
{
    struct buf json = { 0 };
    struct js_import_facts facts;
    const struct meta_place place = { is->directory, is->account, is->name, is->name };
    enum err e = read_meta(run, &place, &is->meta, &json, why);
    if (e == ERR_OK && nats_meta_created(buf_slice(&json), &is->created) != ERR_OK)
        e = errmsg_set(why, ERR_INVALID, "its meta.inf is not understood");
    const struct js_import_what what = { slice_str(is->account), buf_slice(&json) };
    if (e == ERR_OK) e = js_import_begin(at_rest_jetstream(run->target), &what, ret, &facts, why);
    buf_deinit(&json);
    if (e) return e;
    is->has_batches = facts.has_batches;
    if (!slice_equal_str(slice_str(facts.name), is->name))
        import_say(run, "note: %s > %s: its directory is called %s", is->account, facts.name,
                   is->name);
    if (facts.replicas > 1)
        import_say(run, "note: %s > %s had %lld replicas, and has one now", is->account, is->name,
                   (long long)facts.replicas);
    return ERR_OK;
}

static void take_facts(struct import_run *run, struct import_stream *is, struct stream *s)
{
    struct msgs_state state;
    js_import_state(s, &state);
    is->is_made = true;
    is->messages = state.messages;
    is->bytes = state.bytes;
    is->first = state.first_sequence;
    is->last = state.last_sequence;
    run->streams++;
    run->messages += is->messages;
    run->bytes += is->bytes;
    run->consumers += is->consumers;
    import_say(run, "%s > %s: %llu messages, sequences %llu to %llu, %u consumers", is->account,
               is->name, (unsigned long long)is->messages, (unsigned long long)is->first,
               (unsigned long long)is->last, (unsigned)is->consumers);
    if (is->given > is->messages)
        import_say(run, "note: %s > %s: %llu messages went for limits, or were too old",
                   is->account, is->name, (unsigned long long)(is->given - is->messages));
}

enum err import_stream_copy(struct import_run *run, struct import_stream *is, struct errmsg *why)
{
    struct stream *s = NULL;
    enum err e = begin(run, is, &s, why);
    if (e == ERR_NOTFOUND || e == ERR_INVALID || e == ERR_CORRUPT || e == ERR_EXISTS) {
        import_damage(run, "%s is not imported: %s", is->directory, why->text);
        return ERR_OK;
    }
    if (e == ERR_OK) e = copy_messages(run, is, s, why);
    if (e == ERR_OK) e = copy_sources(run, is, s, why);
    if (e) return e;
    wait_until(run, s, js_import_is_settled);
    e = copy_consumers(run, is, s, why);
    if (e == ERR_OK) e = js_import_finish(s, is->created, why);
    if (e) return e;
    wait_until(run, s, js_import_is_settled);
    take_facts(run, is, s);
    return ERR_OK;
}

/* ---- comparing ---- */

static bool is_same(const struct stored *a, const struct stored *b)
{
    return a->sequence == b->sequence && slice_equal(a->subject, b->subject) &&
           slice_equal(a->header, b->header) && slice_equal(a->payload, b->payload);
}

static enum err read_again(struct import_run *run, struct stream *s, uint64_t from,
                           struct stored *ret)
{
    struct js_import_reader *r = xcalloc(1, sizeof *r);
    enum err e;
    while ((e = js_import_next(s, from, r, ret)) == ERR_BUSY) at_rest_tick(run->target);
    xfree(r);
    return e;
}

/* Every message that the new stream has is one of the old, and it has as many as were counted. */
static enum err compare(struct import_run *run, const struct import_stream *is, struct stream *s,
                        struct import_walk *w, struct errmsg *why)
{
    struct stored now, then = { 0 };
    uint64_t found = 0, at = 1;
    enum err e;
    while ((e = read_again(run, s, at, &now)) == ERR_OK) {
        enum err theirs = ERR_OK;
        while (then.sequence < now.sequence && theirs == ERR_OK)
            theirs = import_walk_next(w, &then, why);
        if (theirs != ERR_OK || !is_same(&now, &then))
            return errmsg_set(why, ERR_CORRUPT, "%s > %s: sequence %llu is not what it was",
                              is->account, is->name, (unsigned long long)now.sequence);
        at = now.sequence + 1;
        found++;
    }
    if (e != ERR_NOTFOUND)
        return errmsg_set(why, e, "%s > %s: what was imported cannot be read behind sequence %llu",
                          is->account, is->name, (unsigned long long)(at - 1));
    if (found == is->messages) return ERR_OK;
    return errmsg_set(why, ERR_CORRUPT, "%s > %s: %llu messages were imported, %llu are there",
                      is->account, is->name, (unsigned long long)is->messages,
                      (unsigned long long)found);
}

static enum err compare_state(const struct import_stream *is, struct stream *s, struct errmsg *why)
{
    struct msgs_state state;
    js_import_state(s, &state);
    bool is_right = state.messages == is->messages && state.bytes == is->bytes &&
                    state.first_sequence == is->first && state.last_sequence == is->last &&
                    js_import_consumers(s) == is->consumers;
    if (is_right) return ERR_OK;
    return errmsg_set(why, ERR_CORRUPT, "%s > %s: the new stream is not what was written",
                      is->account, is->name);
}

enum err import_stream_verify(struct import_run *run, const struct import_stream *is,
                              struct errmsg *why)
{
    struct import_walk_options o;
    struct import_walk *w = NULL;
    if (!is->is_made) return ERR_OK;
    struct stream *s = js_import_find(at_rest_jetstream(run->target), slice_str(is->account),
                                      slice_str(is->name));
    if (s == NULL)
        return errmsg_set(why, ERR_CORRUPT, "%s > %s: the new stream is not there", is->account,
                          is->name);
    enum err e = compare_state(is, s, why);
    walk_options(run, is, false, &o);
    if (e == ERR_OK) e = import_walk_new(&o, &w, why);
    if (e == ERR_OK) e = compare(run, is, s, w, why);
    w = import_walk_free(w);
    assert(w == NULL);
    return e;
}
