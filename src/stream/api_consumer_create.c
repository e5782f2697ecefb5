/* SPDX-License-Identifier: Apache-2.0 */
/* CONSUMER.CREATE and CONSUMER.DURABLE.CREATE: a consumer is made, or becomes another one. */
#include "base/assert.h"
#include "stream/api.h"
#include "stream/consumer_config_update.h"
#include "stream/consumer_internal.h"
#include "stream/source_name.h"
#include "wire/headers.h"

enum { MADE_UP_LEN = 8 };

/* A name for one that has none. */
static struct slice made_up_name(struct api_request *r, const struct consumers *set)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    struct rng *rng = &jetstream_reactor(r->account->js)->rng;
    char *name = arena_alloc(r->arena, MADE_UP_LEN + 1);
    assert(sizeof digits == 63);
    do {
        for (int i = 0; i < MADE_UP_LEN; i++) name[i] = digits[rng_below(rng, 62)];
    } while (consumers_find(set, slice_str(name)) != NULL);
    return slice_str(name);
}

static struct slice name_of(struct api_request *r, const struct consumers *set,
                            const struct consumer_config *f)
{
    if (consumer_is_durable(f)) return slice_str(f->durable_name);
    assert(set != NULL);
    if (js_text_set(f->name)) return slice_str(f->name);
    return made_up_name(r, set);
}

/* It may be gone again by now. */
static struct consumer *made(struct api_request *r)
{
    struct consumer *c = NULL;
    assert(r->value != 0);
    if (!r->stream->is_deleted) c = consumers_by_id(r->stream->consumers, r->value);
    if (c == NULL || c->is_deleted) {
        api_fail_as(r, JS_ERR_CONSUMER_NOT_FOUND);
        return NULL;
    }
    assert(c->is_created);
    return c;
}

static void answer(struct api_request *r)
{
    struct consumer_info info;
    struct consumer_response response = { .info = &info };
    uint64_t pending;
    struct consumer *c = made(r);
    if (c == NULL) return;
    if (consumer_count_for(c, &r->msgs_wait, &pending) == ERR_BUSY) {
        api_after_index(r, r->stream, answer);
        return;
    }
    consumer_info_tell(c, r->arena, &info);
    assert(info.name != NULL);
    api_answer(r, &response);
    if (consumer_is_paused(c)) consumer_tell_pause(c, consumer_config(c)->pause_until);
}

/* A sourcing consumer that was there delivers anew what was not acknowledged. */
static void answer_again(struct api_request *r)
{
    struct consumer *c = made(r);
    if (c == NULL) return;
    assert(consumer_config(c)->sourcing);
    consumer_reset(c, c->acks.floor.stream_seq + 1);
    answer(r);
}

static void answer_new(struct api_request *r)
{
    struct consumer *c = made(r);
    if (c == NULL) return;
    const struct advisory_facts facts = { .stream = stream_name(r->stream),
                                          .consumer = slice_str(c->name),
                                          .action = "create" };
    assert(c->set->stream == r->stream);
    advise(r->account, ADVISORY_CONSUMER_CREATED, &facts);
    answer(r);
}

static void create(struct api_request *r, const struct consumer_config *config)
{
    struct stream *s = js_account_stream(r->account, r->call.stream);
    struct consumer_start start;
    struct js_error error;
    assert(s != NULL);
    enum err e = consumer_start_find(s, config, &r->msgs_wait, &start);
    if (e == ERR_BUSY) {
        api_after_index(r, s, api_consumer_create);
        return;
    }
    assert(e == ERR_OK); /* what cannot be read is passed over */
    struct consumer *c = consumer_create(s->consumers, config, name_of(r, s->consumers, config),
                                         &start, &error);
    if (c == NULL) {
        api_fail(r, &error);
        return;
    }
    r->value = c->id;
    assert(r->value != 0);
    api_after(r, s, answer_new);
}

static void update(struct api_request *r, const struct consumer_config *config)
{
    struct stream *s = js_account_stream(r->account, r->call.stream);
    struct js_error error;
    assert(s != NULL);
    struct slice name = slice_str(consumer_is_durable(config) ? config->durable_name
                                                              : config->name);
    struct consumer *c = consumers_find(s->consumers, name);
    assert(c != NULL);
    if (!consumer_update(c, config, &error)) {
        api_fail(r, &error);
        return;
    }
    r->value = c->id;
    api_after(r, s, config->sourcing ? answer_again : answer);
}

/* ---- consumers of mirrors and sources ---- */

/* A stream that keeps messages only for those who want them keeps them for a mirror too: the
 * consumer stays, and acknowledges by flow control what is safe at the other side. Else it is one
 * of many that may have the same name. */
static void sourcing_adjust(struct api_request *r, const struct stream *s,
                            struct consumer_config *c)
{
    if (!c->direct || !c->sourcing || !js_text_set(c->name)) return;
    assert(s != NULL);
    if (s->config.retention == JS_RETENTION_LIMITS) {
        struct slice suffix = made_up_name(r, s->consumers);
        c->name = arena_printf(r->arena, "%s-%.*s", c->name, SLICE_ARGS(suffix));
        return;
    }
    c->direct = false;
    c->durable_name = c->name;
    c->ack_policy = JS_ACK_FLOW_CONTROL;
    c->ack_wait = c->inactive_threshold = 0;
    c->max_deliver = 0;
}

/* One that stays begins where it was, wherever the request would. */
static void sourcing_keep(const struct stream *s, struct consumer_config *c)
{
    if (!c->sourcing || !consumer_is_durable(c)) return;
    const struct consumer *old = consumers_find(s->consumers, slice_str(c->durable_name));
    if (old == NULL) return;
    const struct consumer_config *f = consumer_newest(old);
    c->deliver_policy = f->deliver_policy;
    c->opt_start_seq = f->opt_start_seq;
    c->opt_start_time = f->opt_start_time;
}

struct slice api_identity_header(struct api_request *r, const struct stream *s)
{
    char identity[SOURCE_IDENTITY_LEN + 1];
    assert(s->is_created);
    source_identity(s->created, identity);
    return slice_str(
        arena_printf(api_arena(r), "NATS/1.0\r\nNats-Stream-Identity: %s\r\n\r\n", identity));
}

/* Who draws is told which stream this is; who expects another one is refused. */
static bool identity_check(struct api_request *r, const struct stream *s,
                           const struct consumer_config *c)
{
    char identity[SOURCE_IDENTITY_LEN + 1];
    struct slice expected;
    struct js_error error;
    if (!c->direct && !c->sourcing) return true;
    source_identity(s->created, identity);
    if (headers_find(r->header, SLICE_LIT("Nats-Stream-Identity"), &expected) && expected.len > 0 &&
        !slice_equal_str(expected, identity)) {
        (void)js_error_set(&error, JS_ERR_CONSUMER_STREAM_IDENTITY_MISMATCH, identity);
        api_fail(r, &error);
        return false;
    }
    r->answer_header = api_identity_header(r, s);
    return true;
}

static bool sourcing_prepare(struct api_request *r, struct consumer_config *c)
{
    struct stream *s = js_account_stream(r->account, r->call.stream);
    if (s == NULL || !s->is_created || s->is_deleted) return true;
    sourcing_adjust(r, s, c);
    sourcing_keep(s, c);
    return identity_check(r, s, c);
}

void api_consumer_create(struct api_request *r)
{
    struct consumer_create_request request = { .pedantic = false };
    struct js_directory directory;
    struct js_check check;
    struct js_error error;
    if (!api_read(r, &consumer_create_request_table, &request) || !api_level_check(r)) return;
    assert(r->arena != NULL);
    if (!consumer_request_check(&request, &r->call, r->arena, &error)) {
        api_fail(r, &error);
        return;
    }
    if (!sourcing_prepare(r, &request.config)) return;
    js_account_checks(r->account, &directory, r->arena, &check);
    switch (consumer_create_check(&request, &check, &error)) {
    case CONSUMER_REFUSED: api_fail(r, &error); break;
    case CONSUMER_NEW: create(r, &request.config); break;
    case CONSUMER_UPDATED: update(r, &request.config); break;
    default: unreachable();
    }
}
