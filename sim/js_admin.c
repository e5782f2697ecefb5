/* SPDX-License-Identifier: Apache-2.0 */
/* Client 0: makes, changes and deletes streams and consumers, resets consumers of work queues,
 * deletes messages, purges. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "sim/js_text.h"
#include "sim/js_work.h"

enum { CONSUMERS_PER_STREAM = 3, CONSUMERS_EVER = 8 };

/* ---- requests ---- */

static void config_text(const struct jm_config *c, struct buf *out)
{
    static const char *const retentions[] = { "limits", "interest", "workqueue" };
    buf_printf(out, "{\"name\":\"%s\",\"subjects\":[\"%s.>\"],\"retention\":\"%s\",", c->name,
               c->name, retentions[c->retention]);
    buf_printf(out, "\"storage\":\"%s\",\"discard\":\"%s\",\"compression\":\"%s\",",
               c->is_file ? "file" : "memory", c->is_new_refused ? "new" : "old",
               c->is_compressed ? "s2" : "none");
    buf_printf(out, "\"max_msgs\":%lld,\"max_bytes\":%lld,\"max_msgs_per_subject\":%lld,",
               c->msgs_max > 0 ? (long long)c->msgs_max : -1,
               c->bytes_max > 0 ? (long long)c->bytes_max : -1,
               c->per_subject_max > 0 ? (long long)c->per_subject_max : -1);
    buf_printf(out, "\"max_age\":%lld,\"duplicate_window\":%lld,", (long long)c->age_max,
               (long long)c->window);
    buf_add_str(out, "\"allow_rollup_hdrs\":true,\"allow_msg_ttl\":true,\"allow_direct\":true,"
                     "\"allow_atomic\":true,\"num_replicas\":1}");
}

static void consumer_text(const struct jm_consumer *c, struct buf *out)
{
    static const char *const policies[] = { "explicit", "all", "none" };
    buf_printf(out,
               "{\"stream_name\":\"%s\",\"config\":{\"durable_name\":\"%s\",\"name\":\"%s\","
               "\"deliver_policy\":\"all\",\"ack_policy\":\"%s\"",
               c->stream->config.name, c->name, c->name, policies[c->policy]);
    if (c->filter[0] != 0) buf_printf(out, ",\"filter_subject\":\"%s\"", c->filter);
    if (c->deliver[0] != 0) buf_printf(out, ",\"deliver_subject\":\"%s\"", c->deliver);
    if (c->policy != JM_NONE)
        buf_printf(out, ",\"ack_wait\":%lld,\"max_deliver\":%lld,\"max_ack_pending\":%u",
                   (long long)c->wait, c->deliver_max > 0 ? (long long)c->deliver_max : -1,
                   c->pending_max);
    buf_add_str(out, "}}");
}

/* ---- answers ---- */

static enum jm_fate fate_of(const struct sim_op *op)
{
    if (op == NULL) return JM_UNKNOWN;
    if (js_text_status(op->headers) != 0) return JM_REFUSED;
    return js_text_has(op->payload, "error") ? JM_REFUSED : JM_DONE;
}

/* An error of the store says nothing of what is on its disk. */
static enum jm_fate careful(const struct js_world *w, const struct sim_op *op)
{
    enum jm_fate fate = fate_of(op);
    return fate == JM_REFUSED && w->model.may_fail ? JM_UNKNOWN : fate;
}

static void removal_done(void *world, struct js_call *call, const struct sim_op *op)
{
    struct js_world *w = world;
    struct jm_removal *r = call->about;
    enum jm_fate fate = careful(w, op);
    w->is_admin_busy = false;
    if (fate == JM_UNKNOWN) r->fate = JM_UNKNOWN; /* it may yet come to pass */
    else jm_removal_answered(&w->model, r, fate);
}

static void update_done(void *world, struct js_call *call, const struct sim_op *op)
{
    struct js_world *w = world;
    struct jm_stream *s = call->about;
    w->is_admin_busy = false;
    jm_stream_updated(&w->model, s, careful(w, op));
}

static void deletion_done(void *world, struct js_call *call, const struct sim_op *op)
{
    struct js_world *w = world;
    struct jm_stream *s = call->about;
    w->is_admin_busy = false;
    s->deletion = careful(w, op);
    if (s->deletion == JM_DONE) jm_stream_end(&w->model, s);
}

static void creation_done(void *world, struct js_call *call, const struct sim_op *op)
{
    struct js_world *w = world;
    struct jm_stream *s = call->about;
    w->is_admin_busy = false;
    s->creation = careful(w, op);
    if (s->creation != JM_REFUSED) return;
    jm_fail(&w->model, "%s: is not made: %.*s", s->config.name, SLICE_ARGS(op->payload));
}

static void consumer_made(void *world, struct js_call *call, const struct sim_op *op)
{
    struct js_world *w = world;
    struct jm_consumer *c = call->about;
    w->is_admin_busy = false;
    c->creation = careful(w, op);
    c->creation_answered = ++w->model.now;
}

static void consumer_deleted(void *world, struct js_call *call, const struct sim_op *op)
{
    struct js_world *w = world;
    struct jm_consumer *c = call->about;
    w->is_admin_busy = false;
    c->deletion = careful(w, op);
}

/* ---- what is asked ---- */

static struct js_call *ask(struct js_world *w, const char *verb, const struct jm_stream *s,
                           struct buf *take_body,
                           void (*done)(void *, struct js_call *, const struct sim_op *))
{
    char subject[128];
    snprintf(subject, sizeof subject, "$JS.API.%s.%s", verb, s->config.name);
    struct js_call *call = js_client_call(&w->clients[0], subject, SLICE_LIT(""),
                                          buf_slice(take_body), done);
    buf_deinit(take_body);
    w->is_admin_busy = true;
    return call;
}

static void make_stream(struct js_world *w, const struct jm_config *config)
{
    struct buf body = { 0 };
    struct jm_stream *s = jm_stream_new(&w->model, config);
    config_text(config, &body);
    ask(w, "STREAM.CREATE", s, &body, creation_done)->about = s;
}

static void do_delete_message(struct js_world *w, struct jm_stream *s)
{
    struct buf body = { 0 };
    if (s->told_last == 0) return;
    struct jm_removal *r = jm_removal_new(&w->model, s);
    r->seq = 1 + rng_below(&w->rng, (uint32_t)s->told_last);
    buf_printf(&body, "{\"seq\":%llu,\"no_erase\":%s}", (unsigned long long)r->seq,
               js_world_chance(w, 500) ? "true" : "false");
    ask(w, "STREAM.MSG.DELETE", s, &body, removal_done)->about = r;
}

static void do_purge(struct js_world *w, struct jm_stream *s)
{
    struct buf body = { 0 };
    struct jm_removal *r = jm_removal_new(&w->model, s);
    r->is_purge = true;
    if (js_world_chance(w, 600))
        snprintf(r->filter, sizeof r->filter, "%s.%c", s->config.name,
                 'a' + (char)rng_below(&w->rng, JM_SUBJECTS));
    if (js_world_chance(w, 400)) r->seq = 1 + rng_below(&w->rng, (uint32_t)s->told_last + 2);
    else if (js_world_chance(w, 300)) r->keep = 1 + rng_below(&w->rng, 5);
    /* ">" would move the stream's beginning, also behind its end, as no filter does */
    if (r->filter[0] != 0) buf_printf(&body, "{\"filter\":\"%s\"", r->filter);
    else buf_printf(&body, "{\"filter\":\"%s.>\"", s->config.name);
    if (r->seq > 0) buf_printf(&body, ",\"seq\":%llu", (unsigned long long)r->seq);
    if (r->keep > 0) buf_printf(&body, ",\"keep\":%llu", (unsigned long long)r->keep);
    buf_add_str(&body, "}");
    ask(w, "STREAM.PURGE", s, &body, removal_done)->about = r;
}

static void do_update(struct js_world *w, struct jm_stream *s)
{
    struct buf body = { 0 };
    struct jm_config changed = s->config;
    js_plan_change_stream(&changed, &w->rng);
    jm_stream_update(s, &changed);
    config_text(&changed, &body);
    ask(w, "STREAM.UPDATE", s, &body, update_done)->about = s;
}

static void do_delete_stream(struct js_world *w, struct jm_stream *s)
{
    struct buf body = { 0 };
    s->deletion = JM_OPEN;
    s->deletion_sent = ++w->model.now;
    ask(w, "STREAM.DELETE", s, &body, deletion_done)->about = s;
}

/* ---- consumers ---- */

static bool has_filter(const struct jm_stream *s, const char *filter)
{
    for (uint32_t i = 0; i < s->consumers_count; i++) {
        const struct jm_consumer *c = s->consumers[i];
        bool is_gone = c->deletion == JM_DONE || c->creation == JM_REFUSED;
        if (!is_gone &&
            (jm_subject_matches(c->filter, filter) || c->filter[0] == 0 || filter[0] == 0))
            return true;
    }
    return false;
}

static void draw_consumer(struct js_world *w, struct jm_consumer *c)
{
    const struct jm_stream *s = c->stream;
    bool is_queue = s->config.retention == JM_WORKQUEUE;
    c->client = w->plan.publishers + 1 + rng_below(&w->rng, w->plan.servers);
    if (js_world_chance(w, 250)) snprintf(c->deliver, sizeof c->deliver, "push.%s", c->name);
    if (!is_queue && js_world_chance(w, 150)) c->policy = JM_ALL;
    if (!is_queue && js_world_chance(w, 150)) c->policy = JM_NONE;
    if (js_world_chance(w, 150)) c->deliver_max = 1 + rng_below(&w->rng, 4);
    c->pending_max = js_world_chance(w, 300) ? 1 + rng_below(&w->rng, 20) : 1000;
    c->wait = (nanos)(200 + rng_below(&w->rng, 3000)) * MILLISECOND;
    if (c->policy == JM_NONE) c->deliver_max = c->pending_max = 0;
}

/* False: this stream takes no other one. */
static bool make_consumer(struct js_world *w, struct jm_stream *s)
{
    struct buf body = { 0 };
    char filter[JM_NAME] = "";
    char verb[64];
    if (js_world_chance(w, 500))
        snprintf(filter, sizeof filter, "%s.%c", s->config.name,
                 'a' + (char)rng_below(&w->rng, JM_SUBJECTS));
    if (s->config.retention == JM_WORKQUEUE && has_filter(s, filter)) return false;
    struct jm_consumer *c = jm_consumer_new(&w->model, s);
    snprintf(c->name, sizeof c->name, "C%u", ++w->consumers_made);
    snprintf(c->filter, sizeof c->filter, "%s", filter);
    draw_consumer(w, c);
    if (c->deliver[0] != 0 && w->clients[c->client].is_in)
        js_client_sub(&w->clients[c->client], c->deliver);
    consumer_text(c, &body);
    snprintf(verb, sizeof verb, "CONSUMER.DURABLE.CREATE.%s", s->config.name);
    struct jm_stream named = { 0 };
    snprintf(named.config.name, sizeof named.config.name, "%s", c->name);
    ask(w, verb, &named, &body, consumer_made)->about = c;
    return true;
}

static void do_make_consumer(struct js_world *w, struct jm_stream *s)
{
    if (s->consumers_count < CONSUMERS_EVER) (void)make_consumer(w, s);
}

static void do_delete_consumer(struct js_world *w, struct jm_stream *s)
{
    struct buf body = { 0 };
    char verb[64];
    if (s->consumers_count == 0) return;
    struct jm_consumer *c = s->consumers[rng_below(&w->rng, s->consumers_count)];
    if (c->creation != JM_DONE || c->deletion != JM_REFUSED) return;
    c->deletion = JM_OPEN;
    c->deletion_sent = ++w->model.now;
    snprintf(verb, sizeof verb, "CONSUMER.DELETE.%s", s->config.name);
    struct jm_stream named = { 0 };
    snprintf(named.config.name, sizeof named.config.name, "%s", c->name);
    ask(w, verb, &named, &body, consumer_deleted)->about = c;
}

static void reset_done(void *world, struct js_call *call, const struct sim_op *op)
{
    struct js_world *w = world;
    (void)call;
    (void)op; /* whatever it says: the model has taken it that it may be so */
    w->is_admin_busy = false;
}

/* Back to what nobody has acked, or over what stays in the queue for ever. */
static void do_reset_consumer(struct js_world *w, struct jm_stream *s)
{
    struct buf body = { 0 };
    char verb[64];
    if (s->config.retention != JM_WORKQUEUE || s->consumers_count == 0 || s->told_last == 0) return;
    struct jm_consumer *c = s->consumers[rng_below(&w->rng, s->consumers_count)];
    if (c->creation != JM_DONE || c->deletion != JM_REFUSED) return;
    uint64_t seq = 1 + rng_below(&w->rng, (uint32_t)s->told_last);
    jm_consumer_reset(&w->model, c, seq);
    buf_printf(&body, "{\"seq\":%llu}", (unsigned long long)seq);
    snprintf(verb, sizeof verb, "CONSUMER.RESET.%s", s->config.name);
    struct jm_stream named = { 0 };
    snprintf(named.config.name, sizeof named.config.name, "%s", c->name);
    ask(w, verb, &named, &body, reset_done)->about = c;
}

/* ---- steps ---- */

static const struct {
    uint32_t weight;
    void (*act)(struct js_world *, struct jm_stream *);
} acts[] = {
    { 36, do_delete_message },  { 22, do_purge },          { 12, do_update },
    { 10, do_make_consumer },   { 8, do_delete_consumer }, { 5, do_delete_stream },
    { 7, do_reset_consumer },
};

/* Messages for the one of before may be on their way: the new one would take them. */
static bool is_awaited(const struct js_world *w, const char *name)
{
    const struct jm *m = &w->model;
    for (uint32_t i = 0; i < m->msgs_count; i++) {
        const struct jm_msg *msg = m->msgs[i];
        bool is_open = msg->fate == JM_OPEN || msg->fate == JM_UNKNOWN;
        if (!is_open || strcmp(msg->stream->config.name, name) != 0) continue;
        if (msg->fate == JM_OPEN || m->wall - msg->sent_at < 5 * SECOND) return true;
    }
    return false;
}

/* A stream that was deleted comes again, with other limits. */
static bool make_missing(struct js_world *w)
{
    for (uint32_t i = 0; i < w->plan.streams_count; i++) {
        const char *name = w->plan.streams[i].name;
        struct jm_config config;
        if (jm_stream_find(&w->model, name) != NULL || is_awaited(w, name)) continue;
        js_plan_draw_stream(&config, &w->rng, name);
        make_stream(w, &config);
        return true;
    }
    return false;
}

void js_admin_step(struct js_world *w)
{
    uint32_t draw = rng_below(&w->rng, 100);
    if (w->is_admin_busy || w->model.streams_count == 0 || make_missing(w)) return;
    struct jm_stream *s = w->model.streams[rng_below(&w->rng, w->model.streams_count)];
    if (s->creation != JM_DONE || s->deletion != JM_REFUSED) return;
    for (size_t i = 0; i < ARRAY_COUNT(acts); i++) {
        if (draw < acts[i].weight) {
            acts[i].act(w, s);
            return;
        }
        draw -= acts[i].weight;
    }
}

static bool is_free(struct js_world *w)
{
    return !w->is_admin_busy;
}

/* What a run begins with, and what a restart has taken. */
void js_work_prepare(struct js_world *w)
{
    js_world_wait_in(w);
    for (uint32_t i = 0; i < w->plan.streams_count && !jm_failed(&w->model); i++) {
        const struct jm_config *config = &w->plan.streams[i];
        struct jm_stream *s = jm_stream_find(&w->model, config->name);
        bool is_new = s == NULL;
        if (is_new) make_stream(w, config);
        if (!js_world_until(w, 60 * SECOND, is_free))
            jm_fail(&w->model, "%s: is not made within a minute", config->name);
        s = jm_stream_find(&w->model, config->name);
        for (uint32_t k = rng_below(&w->rng, CONSUMERS_PER_STREAM + 1); is_new && k > 0; k--) {
            (void)make_consumer(w, s);
            (void)js_world_until(w, 60 * SECOND, is_free);
        }
    }
}
