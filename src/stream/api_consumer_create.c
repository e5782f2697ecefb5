/* SPDX-License-Identifier: Apache-2.0 */
/* CONSUMER.CREATE and CONSUMER.DURABLE.CREATE: a consumer is made, or becomes another one. */
#include "base/assert.h"
#include "stream/api.h"
#include "stream/consumer_config_update.h"
#include "stream/consumer_internal.h"

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
}

static void answer_new(struct api_request *r)
{
    struct consumer *c = made(r);
    if (c == NULL) return;
    const struct advisory_facts facts = { .stream = stream_name(r->stream),
                                          .consumer = slice_str(c->name),
                                          .action = "create" };
    assert(c->set->stream == r->stream);
    if (!consumer_config(c)->direct) advise(r->account, ADVISORY_CONSUMER_CREATED, &facts);
    answer(r);
}

static void create(struct api_request *r, const struct consumer_config *config)
{
    struct stream *s = js_account_stream(r->account, r->call.stream);
    struct consumer_start start;
    struct js_error error;
    assert(s != NULL);
    if (consumer_start_find(s, config, &r->msgs_wait, &start) == ERR_BUSY) {
        api_after_index(r, s, api_consumer_create);
        return;
    }
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
    api_after(r, s, answer);
}

void api_consumer_create(struct api_request *r)
{
    struct consumer_create_request request = { .pedantic = false };
    struct js_directory directory;
    struct js_check check;
    struct js_error error;
    if (!api_read(r, &consumer_create_request_table, &request)) return;
    assert(r->arena != NULL);
    if (!consumer_request_check(&request, &r->call, r->arena, &error)) {
        api_fail(r, &error);
        return;
    }
    js_account_checks(r->account, &directory, r->arena, &check);
    switch (consumer_create_check(&request, &check, &error)) {
    case CONSUMER_REFUSED: api_fail(r, &error); break;
    case CONSUMER_NEW: create(r, &request.config); break;
    case CONSUMER_UPDATED: update(r, &request.config); break;
    default: unreachable();
    }
}
