/* SPDX-License-Identifier: Apache-2.0 */
/* Calls about an account: what it uses and may use; ACCOUNT.PURGE of the system account. */
#include "base/assert.h"
#include "stream/advisory.h"
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

/* ---- ACCOUNT.PURGE ---- */

/* It is answered when no stream is left that it has ended, or when the log of one took nothing. */
struct account_purge {
    struct api_request *request;
    uint32_t            left;           /* streams that are to end, and whoever counts them */
    struct js_error     error;          /* the first one; JS_ERR_NONE: all went well */
};

struct purged_stream {
    struct stream_wait    wait;
    struct account_purge *purge;
    struct stream        *stream;
};

static void purge_failed(struct account_purge *p, const char *why)
{
    if (p->error.err_code == JS_ERR_NONE) (void)js_error_set(&p->error, JS_ERR_STREAM_DELETE, why);
}

static void purge_release(struct account_purge *p)
{
    struct account_purge_response response = { .initiated = true };
    assert(p->left > 0);
    if (--p->left > 0) return;
    api_kept(p->request);
    if (p->error.err_code == JS_ERR_NONE) api_answer(p->request, &response);
    else api_fail(p->request, &p->error);
}

/* The stream calls this in its last turn. */
static void purged(struct stream_wait *w, bool is_gone)
{
    struct purged_stream *p = container_of(w, struct purged_stream, wait);
    const struct stream *s = p->stream;
    const struct advisory_facts facts = { .stream = stream_name(s), .action = "delete" };
    if (is_gone && s->failure != ERR_OK) purge_failed(p->purge, err_text(s->failure));
    else advise(s->account, ADVISORY_STREAM_DELETED, &facts);
    purge_release(p->purge);
}

static void purge_stream(struct account_purge *p, struct stream *s)
{
    struct js_error why;
    if (!stream_delete(s, &why)) {
        purge_failed(p, s->failure != ERR_OK ? err_text(s->failure) : why.text);
        return;
    }
    struct purged_stream *one = arena_alloc(api_arena(p->request), sizeof *one);
    *one = (struct purged_stream){ .wait.done = purged, .purge = p, .stream = s };
    p->left++;
    stream_after(s, &one->wait);
}

/* All streams of the named account end. */
void api_account_purge(struct api_request *r)
{
    struct slice name = r->call.account;
    struct jetstream *js = r->account->js;
    struct js_account *a = js_account_find(js, name);
    uint32_t count = a == NULL ? 0 : a->streams_count;
    struct js_error e;
    assert(r->account->is_system);
    if (slice_find_byte(name, '/') >= 0 || slice_find_byte(name, '\\') >= 0) {
        (void)js_error_set(&e, JS_ERR_STREAM_GENERAL,
                           "account name can not contain path separators");
        api_fail(r, &e);
        return;
    }
    log_info(js->core->env->log, "Purge request for account %.*s (streams: %u, hasAccount: %s)",
             SLICE_ARGS(name), (unsigned)count, a == NULL ? "false" : "true");
    struct account_purge *p = arena_alloc(api_arena(r), sizeof *p);
    *p = (struct account_purge){ .request = r, .left = 1, .error.err_code = JS_ERR_NONE };
    api_keep(r);
    for (uint32_t i = 0; i < count; i++)
        if (!a->streams[i]->is_deleted) purge_stream(p, a->streams[i]);
    purge_release(p);
}

void api_needs_cluster(struct api_request *r)
{
    api_fail_as(r, JS_ERR_CLUSTER_REQUIRED);
}
