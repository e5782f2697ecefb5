/* SPDX-License-Identifier: Apache-2.0 */
/* Api_testing: JetStream without a store on a core with clients of memory: accounts, the API,
 * streams of memory. Included by tests only.
 *
 * Thread: the test's. Memory: js_world_new() and js_world_free(). */
#ifndef MIDGE_STREAM_API_TESTING_H
#define MIDGE_STREAM_API_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "core/core_fake.h"
#include "core/deliver.h"
#include "json/reader.h"
#include "stream/api_internal.h"
#include "stream/consumer.h"

struct js_world {
    struct world    *world;
    struct jetstream js;
    uint32_t         client;            /* on reactor 0, in the global account */
    uint32_t         requests;
    struct buf       text;
};

static inline void js_world_run(struct js_world *w)
{
    world_run(w->world);
    for (uint32_t i = 0; i < w->js.accounts_count; i++) js_account_check(w->js.accounts[i]);
}

/* `take_options`: NULL for the defaults. */
static inline struct js_world *js_world_new(uint32_t reactors, struct options *take_options)
{
    struct js_world *w = xcalloc(1, sizeof *w);
    if (take_options == NULL) take_options = options_new();
    w->world = world_new(reactors, take_options);
    w->world->fake->wall = 1700000000 * SECOND;
    struct core *core = w->world->core;
    struct jetstream *js = &w->js;
    js->core = core;
    js->home = core->at[reactors - 1];
    js->options = w->world->options;
    js->arena = arena_new();
    js->domain = slice_str(js->options->jetstream.domain);
    js->limits.memory_max = js->limits.store_max = INT64_MAX;
    js->limits.consumers_default_max = 1000;
    nuid_init(&js->nuid, &jetstream_reactor(js)->rng);
    js->api = api_new(js);
    assert_int_equal(js_accounts_update(js), JS_ERR_NONE);
    w->client = world_client_settled(w->world, 0);
    (void)world_say(w->world, w->client, "SUB re.> 1\r\n");
    return w;
}

static inline void js_world_free(struct js_world *w)
{
    struct jetstream *js = &w->js;
    core_close_all(js->core);
    js_world_run(w);
    js->is_ending = true;
    api_stop(js->api);
    js_accounts_free(js);
    js->api = api_free(js->api);
    assert_int_equal(js->memory_used, 0);
    assert_int_equal(atomic_load(&js->away), 0);
    arena_free(js->arena);
    buf_deinit(&js->ack);
    world_free(w->world);
    buf_deinit(&w->text);
    xfree(w);
}

/* The next message of `*at`, "MSG re.1 1 5\r\nhello\r\n", without its frame; "" when there is none.
 * Valid until the next call. */
static inline const char *js_next(struct js_world *w, const char **at)
{
    const char *line_end = strstr(*at, "\r\n");
    w->text.len = 0;
    if (line_end == NULL) return "";
    const char *number = line_end;
    while (number[-1] != ' ') number--;
    uint64_t len = 0;
    assert_true(slice_to_u64(slice_of(number, (size_t)(line_end - number)), &len));
    buf_add(&w->text, slice_of(line_end + 2, len));
    *at = line_end + 2 + len + 2;
    return buf_str(&w->text);
}

/* Publishes with a reply and gives all that the client was sent. */
static inline const char *js_put(struct js_world *w, const char *subject, const char *header,
                                 const char *body)
{
    struct buf b = { 0 };
    if (header == NULL) {
        buf_printf(&b, "PUB %s re.1 %zu\r\n%s\r\n", subject, strlen(body), body);
    } else {
        size_t len = strlen("NATS/1.0\r\n") + strlen(header) + 2;
        buf_printf(&b, "HPUB %s re.1 %zu %zu\r\nNATS/1.0\r\n%s\r\n%s\r\n", subject, len,
                   len + strlen(body), header, body);
    }
    const char *out = world_say(w->world, w->client, buf_str(&b));
    js_world_run(w);
    buf_deinit(&b);
    return out;
}

/* The body of the answer to a call, as "STREAM.NAMES"; "" when there is none. */
static inline const char *js_call(struct js_world *w, const char *call, const char *body)
{
    char subject[256];
    (void)snprintf(subject, sizeof subject, "$JS.API.%s", call);
    const char *out = js_put(w, subject, NULL, body);
    return js_next(w, &out);
}

static inline void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) assert_string_equal(text, part);
}

static inline void assert_starts(const char *text, const char *start)
{
    if (strncmp(text, start, strlen(start)) != 0) assert_string_equal(text, start);
}

#endif
