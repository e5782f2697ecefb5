/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/js_import.h"

#include "base/assert.h"
#include "store/store_cache.h"
#include "stream/consumer_config_update.h"
#include "stream/source_positions.h"
#include "stream/stream_config_check.h"
#include "stream/stream_internal.h"
#include "stream/stream_restore.h"
#include "subject/subject.h"
#include "subject/tree.h"

static enum err refused(const struct js_error *e, struct errmsg *why)
{
    assert(e->err_code != JS_ERR_NONE);
    return errmsg_set(why, ERR_INVALID, "%s (%d)", e->text, (int)e->err_code);
}

/* What the log takes not. */
static enum err stopped(const struct stream *s, const struct js_error *e, struct errmsg *why)
{
    enum err cause = stream_log_error(s->log);
    return errmsg_set(why, cause == ERR_OK ? ERR_LIMIT : cause, "the store takes nothing: %s",
                      e->text);
}

static enum err table_read(struct slice json, const struct json_table *table, struct arena *arena,
                           void *ret, struct errmsg *why)
{
    AUTO_FREE(json_doc) doc = NULL;
    const struct json_limits limits = { .size_max = JOURNAL_BODY_MAX };
    enum err e = json_doc_parse(json, &limits, &doc);
    if (e == ERR_OK) e = json_table_read(table, json_doc_root(doc), arena, ret, NULL);
    if (e == ERR_OK) return ERR_OK;
    return errmsg_set(why, ERR_INVALID, "the configuration is not understood");
}

/* ---- the stream ---- */

/* Checks without the limits of accounts and of this machine: what exists is kept. */
struct checks {
    struct js_directory      directory;
    struct js_check          check;
    struct js_server_limits  server;
    struct js_account_limits account;
};

static void checks_init(struct checks *k, struct js_account *a, struct arena *arena)
{
    js_account_checks(a, &k->directory, arena, &k->check);
    k->server = a->js->limits;
    k->account = *k->check.account;
    k->server.memory_max = k->server.store_max = INT64_MAX;
    k->server.memory_reserved = k->server.store_reserved = 0;
    k->check.server = &k->server;
    k->check.account = NULL;
}

static enum err config_check(struct js_account *a, struct stream_config *config,
                             struct arena *arena, struct errmsg *why)
{
    struct checks k;
    struct js_error e;
    checks_init(&k, a, arena);
    if (!js_name_valid(config->name))
        return errmsg_set(why, ERR_INVALID, "the name of the stream is not valid");
    if (config->storage != JS_STORAGE_FILE)
        return errmsg_set(why, ERR_INVALID, "it is not a stream of files");
    if (js_account_stream(a, slice_str(config->name)) != NULL)
        return errmsg_set(why, ERR_EXISTS, "there is a stream of this name already");
    return stream_config_check(config, &k.check, &e) ? ERR_OK : refused(&e, why);
}

enum err js_import_begin(struct jetstream *js, const struct js_import_what *what,
                         struct stream **ret, struct js_import_facts *ret_facts, struct errmsg *why)
{
    AUTO_FREE(arena) arena = arena_new();
    struct stream_config config = { .name = NULL };
    struct js_error error;
    assert(js->is_at_rest);
    assert(what->account.len > 0);
    enum err e = table_read(what->json, &stream_config_table, arena, &config, why);
    if (e) return e;
    *ret_facts = (struct js_import_facts){
        .replicas = config.num_replicas,
        .is_file = config.storage == JS_STORAGE_FILE,
        .has_batches = config.allow_atomic && !config.allow_msg_counter && config.num_replicas == 1,
    };
    config.num_replicas = 1;
    struct js_account *a = js_account_get(js, what->account);
    if (a == NULL) return errmsg_set(why, ERR_INVALID, "there can be no such account");
    e = config_check(a, &config, arena, why);
    if (e) return e;
    struct stream *s = stream_restore_new(a, &config, &error);
    if (s == NULL) return errmsg_set(why, ERR_LIMIT, "the store takes nothing: %s", error.text);
    ret_facts->name = s->config.name;
    *ret = s;
    return ERR_OK;
}

bool js_import_is_settled(const struct stream *s)
{
    return s->failure != ERR_OK || stream_restore_is_settled(s);
}

bool js_import_is_full(const struct stream *s)
{
    enum { IN_FLIGHT_MAX = 4096 };
    if (s->failure != ERR_OK) return false;
    if (s->log->proposed - s->log->applied >= IN_FLIGHT_MAX) return true;
    return store_cache_is_over(store_cache(s->account->js->store));
}

/* Its first command alone was proposed. */
static bool is_new(const struct stream *s)
{
    assert(s->log->proposed > 0);
    return s->log->proposed == 1;
}

enum err js_import_message(struct stream *s, const struct stored *m, struct errmsg *why)
{
    struct js_error e;
    struct stored copy = *m;
    if (!subject_literal(m->subject) || !tree_takes(m->subject))
        return errmsg_set(why, ERR_INVALID, "its subject is not one that can be published to");
    if (m->sequence <= s->last_proposed || m->sequence >= INT64_MAX)
        return errmsg_set(why, ERR_INVALID, "its sequence is not above the one before");
    if (copy.time <= 0) copy.time = 1;
    if (is_new(s) && !stream_restore_first(s, m->sequence, &e)) return stopped(s, &e, why);
    return stream_restore_message(s, &copy, &e) ? ERR_OK : stopped(s, &e, why);
}

enum err js_import_last(struct stream *s, uint64_t last, nanos time, struct errmsg *why)
{
    struct js_error e;
    if (last >= INT64_MAX) return errmsg_set(why, ERR_INVALID, "there is no such last sequence");
    return stream_restore_last(s, last, time, &e) ? ERR_OK : stopped(s, &e, why);
}

enum err js_import_source(struct stream *s, const struct js_import_source *source,
                          struct errmsg *why)
{
    const struct source_command c = { source->sequence, source->name, source->identity };
    struct js_error e;
    if (source->name.len == 0 || source->identity.len > SOURCE_IDENTITY_LEN)
        return errmsg_set(why, ERR_INVALID, "a source has no such name");
    uint8_t *at = stream_log_propose(s->log, COMMAND_SOURCE, 0, source_command_size(&c),
                                     JOURNAL_USE_STORE);
    if (at == NULL) {
        (void)stream_log_refusal(s, &e);
        return stopped(s, &e, why);
    }
    source_command_write(&c, at);
    return ERR_OK;
}

/* ---- consumers ---- */

static void state_of(const struct js_import_consumer *c, struct arena *arena,
                     struct consumer_state *ret)
{
    struct ack_entry *pending = arena_alloc(arena, sizeof *pending * (c->pending_count + 1U));
    struct consumer_redelivered *again = arena_alloc(arena,
                                                     sizeof *again * (c->redelivered_count + 1U));
    for (uint32_t i = 0; i < c->pending_count; i++)
        pending[i] = (struct ack_entry){ .stream_seq = c->pending[i].stream,
                                         .consumer_seq = c->pending[i].consumer,
                                         .time = c->pending[i].time };
    for (uint32_t i = 0; i < c->redelivered_count; i++)
        again[i] = (struct consumer_redelivered){ c->redelivered[i].stream,
                                                  c->redelivered[i].count };
    *ret = (struct consumer_state){
        .delivered = { c->delivered_consumer, c->delivered_stream },
        .floor = { c->floor_consumer, c->floor_stream },
        .pending = { pending, c->pending_count },
        .redelivered = { again, c->redelivered_count },
    };
}

enum err js_import_consumer(struct stream *s, const struct js_import_consumer *c,
                            struct errmsg *why)
{
    AUTO_FREE(arena) arena = arena_new();
    struct consumer_config config = { .name = NULL };
    struct consumer_state state;
    struct js_error error;
    assert(js_import_is_settled(s));
    enum err e = table_read(c->json, &consumer_config_table, arena, &config, why);
    if (e) return e;
    config.name = arena_str(arena, c->name);
    if (config.direct)
        return errmsg_set(why, ERR_INVALID, "it is of a mirror or a source, which makes it anew");
    if (!js_name_valid(config.name))
        return errmsg_set(why, ERR_INVALID, "the name of the consumer is not valid");
    if (js_text_set(config.durable_name)) config.durable_name = config.name;
    config.num_replicas = config.num_replicas > 1 ? 1 : config.num_replicas;
    state_of(c, arena, &state);
    state.created = c->created;
    if (stream_restore_consumer(s, &config, c->name, &state, &error)) return ERR_OK;
    return stopped(s, &error, why);
}

enum err js_import_finish(struct stream *s, nanos created, struct errmsg *why)
{
    struct js_error e;
    if (created > 0) s->created = created;
    assert(js_import_is_settled(s));
    if (s->failure != ERR_OK) return errmsg_set(why, s->failure, "the store has failed");
    return stream_restore_finish(s, &e) ? ERR_OK : stopped(s, &e, why);
}

/* ---- reading again ---- */

struct stream *js_import_find(struct jetstream *js, struct slice account, struct slice name)
{
    struct js_account *a = js_account_find(js, account);
    assert(js->is_at_rest);
    return a == NULL ? NULL : js_account_stream(a, name);
}

void js_import_state(struct stream *s, struct msgs_state *ret)
{
    msgs_state(s->msgs, ret);
}

uint32_t js_import_consumers(const struct stream *s)
{
    return consumers_count(s->consumers);
}

static void waited(struct msgs_wait *w)
{
    struct js_import_reader *r = container_of(w, struct js_import_reader, wait);
    r->is_waiting = false;
}

static void loaded(struct msgs_load *l, enum err e)
{
    struct js_import_reader *r = container_of(l, struct js_import_reader, load);
    r->is_waiting = false;
    assert(e != ERR_BUSY);
}

enum err js_import_next(struct stream *s, uint64_t from, struct js_import_reader *r,
                        struct stored *ret)
{
    const struct msgs_filter all = { .count = 0 };
    uint64_t sequence;
    enum { AHEAD = 1 << 20 };
    if (r->is_waiting) return ERR_BUSY;
    r->wait.done = waited;
    r->load.done = loaded;
    enum err e = msgs_next(s->msgs, &all, from, &r->wait, &sequence);
    if (e == ERR_OK) e = msgs_load(s->msgs, sequence, AHEAD, &r->load);
    r->is_waiting = e == ERR_BUSY;
    if (e == ERR_OK) *ret = r->load.msg;
    return e;
}
