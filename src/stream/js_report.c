/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/js_report.h"

#include "base/assert.h"
#include "stream/api.h"
#include "stream/consumer_config.h"
#include "stream/consumer_internal.h"
#include "stream/damage.h"
#include "stream/jetstream_internal.h"
#include "stream/stream.h"

/* Streams and consumers of one tick: a few of them take as long as a long batch of messages. */
enum { STEP_COST = 64 };

/* ---- one stream ---- */

static void add_consumer(struct js_report *r, struct consumer *c, struct json_array *to)
{
    struct consumer_info info;
    struct slice name;
    void *list = to->items;
    consumer_info_fill(c, r->arena, &info);
    const struct consumer_config *own = consumer_config_of(c, &name);
    if (r->with_configs) info.config->metadata = own->metadata;
    else info.config = NULL;
    struct consumer_info *at = arena_push(r->arena, &list, &to->count, sizeof *at);
    json_table_copy(&consumer_info_table, &info, r->arena, at);
    to->items = list;
}

static uint32_t add_consumers(struct js_report *r, struct stream *s, struct js_report_stream *to)
{
    struct slice name;
    struct consumer *c;
    uint32_t count = 0;
    for (; (c = consumers_at(s->consumers, count)) != NULL; count++) {
        const struct consumer_config *f = consumer_config_of(c, &name);
        /* one that sources a stream of interest or a work queue is not direct, and stands there */
        if (!f->direct && r->with_consumers) add_consumer(r, c, &to->consumers);
        if (f->direct && r->with_direct) add_consumer(r, c, &to->direct_consumers);
    }
    return count;
}

/* Returns what it cost. */
static uint32_t add_stream(struct js_report *r, struct stream *s, struct js_report_account *to)
{
    const struct stream_details none = { 0 };
    struct stream_info info;
    void *list = to->streams;
    struct js_report_stream *at = arena_push(r->arena, &list, &to->streams_count, sizeof *at);
    to->streams = list;
    stream_info_fill(s, &none, r->arena, &info);
    at->info = arena_alloc(r->arena, sizeof *at->info);
    if (!r->with_configs) {
        const char *name = info.config.name;
        info.config = (struct stream_config){ .name = name };
    }
    json_table_copy(&stream_info_table, &info, r->arena, at->info);
    at->failure = s->failure;
    return 1 + (r->with_consumers || r->with_direct ? add_consumers(r, s, at) : 0);
}

/* ---- the walk ---- */

static void note_ill(struct js_report *r, const struct stream *s)
{
    struct damage_text all = { 0 };
    void *list = r->sums.ill;
    bool is_damaged = msgs_lost(s->msgs, damage_text_add, &all) > 0;
    if (s->failure == ERR_OK && !is_damaged) return;
    struct js_report_ill *ill = arena_push(r->arena, &list, &r->sums.ill_count, sizeof *ill);
    r->sums.ill = list;
    *ill = (struct js_report_ill){
        .account = arena_str(r->arena, slice_str(s->account->account->name)),
        .stream = arena_str(r->arena, stream_name(s)),
        .failure = s->failure,
        .damaged = is_damaged ? arena_str(r->arena, buf_slice(&all.text)) : NULL,
    };
    buf_deinit(&all.text);
}

static void sum_account(struct js_report *r, const struct js_account *a)
{
    struct js_report_sums *sums = &r->sums;
    sums->accounts += a->is_enabled;
    sums->memory_reserved += js_account_reserved(a, false);
    sums->store_reserved += js_account_reserved(a, true);
    sums->streams += a->streams_count;
    for (uint32_t i = 0; i < a->streams_count; i++) {
        struct msgs_state state;
        msgs_state(a->streams[i]->msgs, &state);
        sums->messages += state.messages;
        sums->bytes += state.bytes;
        sums->consumers += consumers_count(a->streams[i]->consumers);
        note_ill(r, a->streams[i]);
    }
}

static void sum(struct js_report *r)
{
    struct jetstream *js = r->js;
    r->sums = (struct js_report_sums){
        .memory = js->memory_used,
        .store = js->store_used,
        .api_total = js->api_total,
        .api_errors = js->api_errors,
        .api_inflight = api_inflight(js->api),
        .limits = js->limits,
        .is_failed = js->is_failed,
        .is_full = js->is_full,
        .directory = js->directory == NULL ? NULL : arena_str(r->arena, slice_str(js->directory)),
    };
    for (uint32_t i = 0; i < js->accounts_count; i++) sum_account(r, js->accounts[i]);
}

/* Some account's details were asked for: those from `offset` on, at most `limit`. */
static struct js_report_account *account_new(struct js_report *r, const struct js_account *a)
{
    void *list = r->accounts;
    struct js_report_account *to = arena_push(r->arena, &list, &r->accounts_count, sizeof *to);
    r->accounts = list;
    *to = (struct js_report_account){
        .name = arena_str(r->arena, slice_str(a->account->name)),
        .limits = a->limits,
        .memory = a->memory_used,
        .store = a->store_used,
        .api_total = a->api_total,
        .api_errors = a->api_errors,
        .streams_total = a->streams_count,
    };
    return to;
}

static bool is_behind(const char *name, const char *after)
{
    return after == NULL || strcmp(name, after) > 0;
}

/* False: the step is over, and the account is not. */
static bool walk_account(struct js_report *r, struct js_account *a, uint32_t *cost)
{
    struct js_report_account *to;
    bool is_begun = r->after_account != NULL && strcmp(r->after_account, a->account->name) == 0;
    to = is_begun ? &r->accounts[r->accounts_count - 1] : account_new(r, a);
    if (!is_begun) r->after_stream = NULL;
    r->after_account = to->name;
    for (uint32_t i = 0; r->with_streams && i < a->streams_count; i++) {
        struct stream *s = a->streams[i];
        bool is_wanted = s->is_created && !s->is_deleted &&
                         is_behind(s->config.name, r->after_stream) &&
                         (r->stream == NULL || strcmp(r->stream, s->config.name) == 0);
        if (!is_wanted) continue;
        if (*cost >= STEP_COST) return false;
        *cost += add_stream(r, s, to);
        r->after_stream = to->streams[to->streams_count - 1].info->config.name;
    }
    return true;
}

static void step(struct mail *mail, struct reactor *reactor)
{
    struct js_report *r = container_of(mail, struct js_report, mail);
    struct jetstream *js = r->js;
    uint32_t cost = 0, index = 0;
    assert(js->home->reactor == reactor);
    if (r->after_account == NULL) sum(r);
    for (uint32_t i = 0; i < js->accounts_count; i++) {
        struct js_account *a = js->accounts[i];
        if (!a->is_enabled || (r->account != NULL && strcmp(r->account, a->account->name) != 0))
            continue;
        bool is_on_page = index >= r->offset && index - r->offset < r->limit;
        index++;
        bool is_next = r->after_account == NULL || strcmp(a->account->name, r->after_account) >= 0;
        if (!r->with_accounts || !is_on_page || !is_next) continue;
        if (!walk_account(r, a, &cost)) {
            reactor_post(reactor, &r->mail);
            return;
        }
    }
    r->done(r);
}

void js_report_start(struct jetstream *js, struct js_report *r)
{
    assert(r->arena != NULL);
    assert(r->done != NULL);
    r->js = js;
    r->mail.run = step;
    reactor_post(jetstream_reactor(js), &r->mail);
}
