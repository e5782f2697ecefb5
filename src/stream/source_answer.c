/* SPDX-License-Identifier: Apache-2.0 */
/* What an origin says to the request for a consumer. The answer is copied when it comes; what
 * follows from it is done in the turn. */
#include <stdio.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "core/message.h"
#include "stream/source_internal.h"
#include "wire/headers.h"

/* ---- it comes ---- */

void source_answered(struct sink *sink, struct core_reactor *cr, struct sub *sub,
                     const struct message *m)
{
    struct source *src = container_of(sink, struct source, answers);
    struct slice identity = { 0 };
    if (src->set == NULL || sub != src->answers_sub || src->answer.is_there) return;
    assert(cr == source_home(src));
    assert(src->state == SOURCE_ASKS);
    src->answer.body.len = 0;
    buf_add(&src->answer.body, message_payload(m));
    (void)headers_find(message_header(m), SLICE_LIT("Nats-Stream-Identity"), &identity);
    if (identity.len > SOURCE_IDENTITY_LEN) identity.len = 0;
    if (identity.len > 0) memcpy(src->answer.identity, identity.ptr, identity.len);
    src->answer.identity[identity.len] = '\0';
    src->answer.is_there = true;
    source_wake(src);
}

/* ---- it is read ---- */

struct made_config {
    const char *deliver_subject;
    const char *ack_policy;
};
struct made_delivered {
    uint64_t stream_seq;
};
struct made {
    struct js_error_info *error;
    const char           *name;
    struct made_config   *config;
    struct made_delivered delivered;
};

#define AT(field) JSON_AT(struct made_config, field)
static const struct json_field config_fields[] = {
    { "deliver_subject", AT(deliver_subject), JSON_TEXT, 0, NULL, "where messages are pushed" },
    { "ack_policy", AT(ack_policy), JSON_TEXT, 0, NULL, "how it is acknowledged" },
};
#undef AT
static const struct json_table config_table = JSON_TABLE(struct made_config, config_fields);

#define AT(field) JSON_AT(struct made_delivered, field)
static const struct json_field delivered_fields[] = {
    { "stream_seq", AT(stream_seq), JSON_U64, 0, NULL, "the first message comes behind it" },
};
#undef AT
static const struct json_table delivered_table = JSON_TABLE(struct made_delivered,
                                                            delivered_fields);

#define AT(field) JSON_AT(struct made, field)
static const struct json_field made_fields[] = {
    { "error", AT(error), JSON_STRUCT_PTR, 0, &js_error_info_table, "why not" },
    { "name", AT(name), JSON_TEXT, 0, NULL, "of the consumer" },
    { "config", AT(config), JSON_STRUCT_PTR, 0, &config_table, "configuration" },
    { "delivered", AT(delivered), JSON_STRUCT, 0, &delivered_table, "what it will not send" },
};
#undef AT
static const struct json_table made_table = JSON_TABLE(struct made, made_fields);

static bool answer_read(const struct source *src, struct arena *arena, struct made *ret)
{
    AUTO_FREE(json_doc) doc = NULL;
    assert(src->answer.is_there);
    *ret = (struct made){ .name = NULL };
    return json_doc_parse(buf_slice(&src->answer.body), NULL, &doc) == ERR_OK &&
           json_table_read(&made_table, json_doc_root(doc), arena, ret, NULL) == ERR_OK;
}

/* ---- a refusal ---- */

static enum js_err setup_failed(const struct source *src)
{
    assert(src->set != NULL);
    return src->is_mirror ? JS_ERR_MIRROR_CONSUMER_SETUP_FAILED
                          : JS_ERR_SOURCE_CONSUMER_SETUP_FAILED;
}

static void fail_with(struct source *src, enum js_err which, const char *text)
{
    struct js_error error;
    assert(which != JS_ERR_NONE);
    (void)js_error_set(&error, which, text);
    source_failed(src, &error);
}

/* The stream that we have read is another one now: it is read from its start. */
static void begin_anew(struct source *src)
{
    assert(!src->is_mirror);
    src->sequence = src->delivered = 0;
    src->identity[0] = '\0';
    src->is_anew = true;
    source_again(src);
}

static void refused(struct source *src, const struct made *m)
{
    struct js_error error = { .err_code = 0 };
    if (m->error == NULL) {
        fail_with(src, setup_failed(src), "invalid consumer create response");
        return;
    }
    error.err_code = m->error->err_code != 0 ? m->error->err_code : (uint16_t)setup_failed(src);
    error.code = m->error->code;
    (void)snprintf(error.text, sizeof error.text, "%s",
                   m->error->description != NULL ? m->error->description : "");
    bool is_unknown = error.err_code == JS_ERR_REQUIRED_API_LEVEL ||
                      error.err_code == JS_ERR_INVALID_JSON;
    assert(error.err_code != JS_ERR_NONE);
    if (error.err_code == JS_ERR_CONSUMER_STREAM_IDENTITY_MISMATCH && !src->is_mirror)
        begin_anew(src);
    else if (!is_unknown || !source_ask_for_less(src)) source_failed(src, &error);
}

/* ---- a consumer ---- */

/* The origin has nothing before this any more, nor have we. False: the log takes nothing. */
static bool mirror_skip(struct source *src, uint64_t sequence)
{
    struct stream *s = src->set->stream;
    struct js_error error;
    assert(src->is_mirror);
    if (sequence <= s->last_proposed) return true;
    return source_skip(s, sequence, &error);
}

static void identify(struct source *src)
{
    const struct stream *s = src->set->stream;
    const char *now = src->answer.identity;
    bool is_other = now[0] != '\0' && src->identity[0] != '\0' && strcmp(now, src->identity) != 0;
    assert(!src->is_mirror);
    if (src->is_anew || is_other) {
        log_warn(s->account->js->core->env->log,
                 "JetStream: stream %s was made again: '%s > %s' reads it from its start",
                 src->config.name, s->account->account->name, s->config.name);
        src->sequence = 0;
    }
    memcpy(src->identity, now, sizeof src->identity);
    src->is_anew = false;
}

static void draw(struct source *src, const struct made *m)
{
    const struct stream_source_consumer *own = src->config.consumer;
    struct slice subject = slice_str(own != NULL ? own->deliver_subject
                                                 : m->config->deliver_subject);
    uint64_t before = m->delivered.stream_seq;
    if (!source_listen(src, subject) || (src->is_mirror && !mirror_skip(src, before))) {
        fail_with(src, setup_failed(src), "no room");
        return;
    }
    if (!src->is_mirror) identify(src);
    if (src->is_mirror) src->sequence = src->set->stream->last_proposed;
    if (src->sequence < before) src->sequence = before;
    src->noted = src->sequence;
    xfree(src->consumer);
    src->consumer = slice_dup(slice_str(m->name));
    src->is_lasting = own == NULL && slice_equal_str(buf_slice(&src->name), m->name);
    src->delivered = 0;
    src->fails = 0;
    src->state = SOURCE_DRAWS;
    src->is_probing = false;
    src->was_heard = true;
    src->heard_at = source_reactor(src)->now;
    source_answers_end(src);
    source_set_timer(src, SOURCE_SILENCE);
    assert(src->messages_sub != NULL);
}

void source_answer_take(struct source *src)
{
    AUTO_FREE(arena) arena = arena_new();
    struct made m;
    assert(src->state == SOURCE_ASKS);
    if (!answer_read(src, arena, &m)) {
        /* nobody listens there, or somebody else does */
        source_failed(src, NULL);
        return;
    }
    bool is_made = m.error == NULL && js_text_set(m.name) && m.config != NULL &&
                   js_text_set(m.config->deliver_subject);
    if (!is_made) {
        refused(src, &m);
        return;
    }
    bool acks_so = m.config->ack_policy != NULL &&
                   strcmp(m.config->ack_policy, "flow_control") == 0;
    if (src->config.consumer != NULL && !acks_so) {
        fail_with(src,
                  src->is_mirror ? JS_ERR_MIRROR_CONSUMER_REQUIRES_ACK_FC
                                 : JS_ERR_SOURCE_CONSUMER_REQUIRES_ACK_FC,
                  NULL);
        return;
    }
    draw(src, &m);
}
