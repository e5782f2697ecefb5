/* SPDX-License-Identifier: Apache-2.0 */
/* Calls about an account: what it uses and may use; ACCOUNT.PURGE of the system account. */
#include "base/assert.h"
#include "stream/api.h"
#include "stream/consumer.h"

static void usage_fill(const struct js_account *a, struct js_tier_info *ret)
{
    *ret = (struct js_tier_info){
        .memory = a->memory_used,
        .storage = a->store_used,
        .reserved_memory = js_account_reserved(a, false),
        .reserved_storage = js_account_reserved(a, true),
        .streams = a->streams_count,
        .consumers = js_account_consumers(a),
        .limits = a->limits,
    };
}

void api_account_info(struct api_request *r)
{
    const struct js_account *a = r->account;
    struct js_account_info info = {
        .domain = a->js->options->jetstream.domain,
        .api = { .level = JS_API_LEVEL, .total = a->api_total, .errors = a->api_errors },
    };
    struct account_info_response response = { .info = &info };
    assert(a->is_enabled);
    usage_fill(a, &info.usage);
    api_answer(r, &response);
}

/* All streams of the named account end; the answer does not wait for that. */
void api_account_purge(struct api_request *r)
{
    struct slice name = r->call.account;
    struct js_account *a = js_account_find(r->account->js, name);
    struct account_purge_response response = { .initiated = true };
    struct js_error e;
    assert(r->account->is_system);
    if (slice_find_byte(name, '/') >= 0 || slice_find_byte(name, '\\') >= 0) {
        (void)js_error_set(&e, JS_ERR_STREAM_GENERAL,
                           "account name can not contain path separators");
        api_fail(r, &e);
        return;
    }
    for (uint32_t i = 0; a != NULL && i < a->streams_count; i++) {
        struct stream *s = a->streams[i];
        if (!s->is_deleted && !stream_delete(s, &e)) break;   /* the log takes nothing */
    }
    api_answer(r, &response);
}

void api_needs_cluster(struct api_request *r)
{
    api_fail_as(r, JS_ERR_CLUSTER_REQUIRED);
}
