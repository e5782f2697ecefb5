/* SPDX-License-Identifier: Apache-2.0 */
/* What a configuration makes of a stream: where its log and messages are, transforms,
 * subscriptions, the text of its acks. */
#include "base/alloc.h"
#include "base/assert.h"
#include "stream/stream_internal.h"
#include "subject/transform.h"

void stream_bodies_new(struct stream *s)
{
    struct reactor *r = jetstream_reactor(s->account->js);
    assert(s->log == NULL && s->msgs == NULL);
    if (stream_is_file(s)) {
        stream_file_bodies_new(s);
    } else {
        s->log = stream_log_none_new(r);
        s->msgs = msgs_memory_new(s->config.first_seq);
    }
    s->log->ctx = s;
    s->log->apply = stream_apply;
}

/* ---- configuration ---- */

bool stream_config_propose(struct stream *s, enum command_kind kind,
                           const struct stream_config *config, struct js_error *ret_error)
{
    assert(kind == COMMAND_CONFIG || kind == COMMAND_RESTORE);
    struct buf json = { 0 };
    struct json_writer w = json_writer_on(&json, JSON_COMPACT);
    json_table_write(&stream_config_table, config, &w);
    struct config_command c = { s->created, stream_account_name(s), buf_slice(&json) };
    uint8_t *at = s->failure != ERR_OK
                      ? NULL
                      : stream_log_propose(s->log, kind, 0, config_command_size(&c),
                                           JOURNAL_USE_RELEASE);
    if (at != NULL) config_command_write(&c, at);
    buf_deinit(&json);
    return at != NULL || stream_log_refusal(s, ret_error);
}

/* NULL when there is none, or it is not understood. */
static struct transform *transform_of(const char *src, const char *dest)
{
    struct transform *t = NULL;
    struct errmsg why;
    if (dest == NULL || dest[0] == '\0') return NULL;
    if (transform_new(slice_str(src), slice_str(dest), &t, &why) != ERR_OK) return NULL;
    return t;
}

/* What the stream publishes would come to it again, for ever. Only an update without a destination
 * leads here; nothing is published then. */
static bool republish_feeds_itself(const struct stream_config *c)
{
    assert(c->republish != NULL);
    if (!js_text_set(c->republish->dest)) return false;
    for (uint32_t i = 0; i < c->subjects.count; i++)
        if (js_subjects_collide(slice_str(c->republish->dest), stream_config_subject(c, i)))
            return true;
    return false;
}

static void transforms_update(struct stream *s)
{
    const struct stream_transform *t = s->config.subject_transform;
    const struct stream_republish *r = s->config.republish;
    if (r != NULL && republish_feeds_itself(&s->config)) r = NULL;
    transform_free(s->transform);
    transform_free(s->republish);
    s->transform = t == NULL ? NULL : transform_of(t->src, t->dest);
    s->republish = r == NULL ? NULL : transform_of(r->src, r->dest);
}

enum err stream_config_read(struct slice json, struct arena *arena, struct stream_config *ret)
{
    AUTO_FREE(json_doc) doc = NULL;
    const struct json_limits limits = { .size_max = JOURNAL_BODY_MAX };
    memset(ret, 0, sizeof *ret);
    if (json_doc_parse(json, &limits, &doc) != ERR_OK) return ERR_CORRUPT;
    enum err e = json_table_read(&stream_config_table, json_doc_root(doc), arena, ret, NULL);
    return e || !js_text_set(ret->name) ? ERR_CORRUPT : ERR_OK;
}

enum err stream_config_take(struct stream *s, const struct config_command *c)
{
    struct arena *arena = arena_new();
    struct stream_config config;
    if (stream_config_read(c->json, arena, &config) != ERR_OK) {
        arena_free(arena);
        return ERR_CORRUPT;
    }
    struct arena *old = s->config_arena;
    s->config = config;
    s->config_arena = arena;
    s->created = c->created;
    s->has_sources = config.sources.count > 0;
    arena_free(old);
    s->is_async = config.persist_mode == JS_PERSIST_ASYNC;
    transforms_update(s);
    stream_ack_prepare(s);
    if (stream_is_file(s)) stream_file_updated(s);
    return ERR_OK;
}

/* ---- subscriptions ---- */

/* Takes the subscription to this subject out of `subs`; NULL: there is none. */
static struct sub *take_sub(struct sub **subs, uint32_t count, struct slice subject)
{
    for (uint32_t i = 0; i < count; i++) {
        struct sub *sub = subs[i];
        if (sub == NULL || !slice_equal(interest_entry_subject(&sub->entry), subject)) continue;
        subs[i] = NULL;
        return sub;
    }
    return NULL;
}

static struct sub *enter_sub(struct stream *s, struct slice subject)
{
    struct reactor *r = jetstream_reactor(s->account->js);
    struct sub *sub = sub_new(&r->door, &s->sink, subject, SLICE_LIT(""), SLICE_LIT(""));
    if (sub == NULL) return NULL;
    sub_enter(r, s->account->account, sub);
    return sub;
}

void stream_subs_update(struct stream *s)
{
    struct js_account *a = s->account;
    bool takes = s->is_started && s->is_created && !s->is_deleted && a->is_enabled;
    uint32_t count = takes ? s->config.subjects.count : 0, before = s->subs_count;
    struct sub **subs = count == 0 ? NULL : xcalloc(count, sizeof(struct sub *)), **old = s->subs;
    for (uint32_t i = 0; i < count; i++) {
        struct slice subject = stream_config_subject(&s->config, i);
        subs[i] = take_sub(old, before, subject);
        if (subs[i] == NULL) subs[i] = enter_sub(s, subject);
        if (subs[i] == NULL) s->failure = ERR_NOMEM;
    }
    for (uint32_t i = 0; i < before; i++)
        if (old[i] != NULL) sub_leave(jetstream_reactor(a->js), a->account, old[i]);
    xfree(old);
    s->subs = subs;
    s->subs_count = count;
}
