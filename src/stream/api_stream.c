/* SPDX-License-Identifier: Apache-2.0 */
/* Calls about streams: CREATE, UPDATE, DELETE, INFO, NAMES, LIST. */
#include "base/assert.h"
#include "json/gotime.h"
#include "stream/advisory.h"
#include "stream/api.h"
#include "stream/api_requests.h"
#include "stream/metadata.h"
#include "stream/stream_config_update.h"

/* ---- what is told of a stream ---- */

/* Configurations that clients compare carry the version of the server that answers. */
static void add_version(struct api_request *r, struct stream_info *info)
{
    js_metadata_answer(&info->config.metadata, r->account->js->core->identity.version, r->arena);
}

static struct stream_info *info_of(struct api_request *r, struct stream *s)
{
    const struct stream_details none = { 0 };
    struct stream_info *info = arena_alloc(api_arena(r), sizeof *info);
    stream_info_fill(s, &none, r->arena, info);
    add_version(r, info);
    return info;
}

/* ---- CREATE, UPDATE, DELETE ---- */

static void tell(struct api_request *r, enum advisory which, const char *action)
{
    const struct advisory_facts facts = { .stream = r->call.stream, .action = action };
    advise(r->account, which, &facts);
}

static void answer_present(struct api_request *r)
{
    struct stream_create_response response = { .did_create = true };
    assert(r->stream != NULL);
    response.info = info_of(r, r->stream);
    response.info->domain = NULL;       /* as nats-server leaves it out here */
    api_answer(r, &response);
}

static void answer_create(struct api_request *r)
{
    tell(r, ADVISORY_STREAM_CREATED, "create");
    answer_present(r);
}

/* The configuration of the body, checked. */
static enum stream_verdict judge(struct api_request *r, struct stream_config_request *request,
                                 struct js_error *ret_error)
{
    struct js_directory directory;
    struct js_check check;
    js_account_checks(r->account, &directory, r->arena, &check);
    check.is_pedantic = request->pedantic;
    js_space_want(r->account->js, &request->config);
    if (r->call.verb == JS_API_STREAM_UPDATE)
        return stream_update_check(request, r->call.stream, &check, ret_error);
    return stream_create_check(request, r->call.stream, &check, ret_error);
}

void api_stream_create(struct api_request *r)
{
    struct stream_config_request request = { .pedantic = false };
    struct js_error error = { .err_code = JS_ERR_NONE };
    struct stream *s = NULL;
    if (!api_read(r, &stream_config_request_table, &request)) return;
    enum stream_verdict verdict = judge(r, &request, &error);
    assert(verdict != STREAM_UPDATED);
    if (verdict == STREAM_PRESENT) s = js_account_stream(r->account, r->call.stream);
    if (verdict == STREAM_REFUSED ||
        (verdict == STREAM_NEW && stream_create(r->account, &request.config, &s, &error) != ERR_OK))
        api_fail(r, &error);
    else api_after(r, s, verdict == STREAM_NEW ? answer_create : answer_present);
}

static void answer_update(struct api_request *r)
{
    struct stream_create_response response = { .did_create = false };
    tell(r, ADVISORY_STREAM_UPDATED, "modify");
    response.info = info_of(r, r->stream);
    api_answer(r, &response);
}

/* What new limits take away is gone when it is answered. */
static void settle_update(struct api_request *r)
{
    if (r->account->updating == r->stream) r->account->updating = NULL;
    api_settle(r, r->stream, answer_update);
}

void api_stream_update(struct api_request *r)
{
    struct stream_config_request request = { .pedantic = false };
    struct js_error error = { .err_code = JS_ERR_NONE };
    if (!api_read(r, &stream_config_request_table, &request)) return;
    struct stream *s = js_account_stream(r->account, r->call.stream);
    if (judge(r, &request, &error) == STREAM_REFUSED ||
        !stream_update(s, &request.config, &error)) {
        api_fail(r, &error);
        return;
    }
    assert(s != NULL);
    assert(r->account->updating == NULL);
    r->account->updating = s;
    api_after(r, s, settle_update);
}

static void answer_success(struct api_request *r)
{
    struct success_response response = { .success = true };
    tell(r, ADVISORY_STREAM_DELETED, "delete");
    api_answer(r, &response);
}

void api_stream_delete(struct api_request *r)
{
    struct js_error error;
    if (!js_body_empty(r->body)) {
        api_fail_as(r, JS_ERR_NOT_EMPTY_REQUEST);
        return;
    }
    struct stream *s = api_stream_of(r);
    if (s == NULL) return;
    if (stream_delete(s, &error)) api_after(r, s, answer_success);
    else api_fail(r, &error);
}

/* ---- INFO ---- */

static void answer_info(struct api_request *r)
{
    const struct stream_info_request request = *(const struct stream_info_request *)r->own;
    struct js_cluster_info cluster = { .leader = r->account->js->core->identity.name };
    struct stream_info info;
    struct stream_info_response response = { .info = &info };
    struct stream *s = r->stream;
    const struct stream_details details = {
        .deleted = request.deleted_details,
        .subjects = js_text_set(request.subjects_filter) ? request.subjects_filter : NULL,
        .offset = request.offset,
        .paged = &response.paged,
    };
    stream_info_fill(s, &details, r->arena, &info);
    add_version(r, &info);
    info.cluster = &cluster;
    /* a filter that nothing meets counts as none */
    if (response.paged.total == 0) response.paged = (struct js_paged){ 0 };
    else response.paged.offset = request.offset > 0 ? request.offset : 0;
    api_answer(r, &response);
}

void api_stream_info(struct api_request *r)
{
    struct stream_info_request *request = arena_alloc(r->arena, sizeof *request);
    if (js_body_given(r->body) && !api_read(r, &stream_info_request_table, request)) return;
    struct stream *s = api_stream_of(r);
    if (s == NULL) return;
    r->own = request;
    api_settle(r, s, answer_info);
}

/* ---- NAMES and LIST ---- */

static bool is_wanted(const struct stream *s, const char *subject)
{
    if (!s->is_created || s->is_deleted) return false;
    if (!js_text_set(subject)) return true;
    for (uint32_t i = 0; i < s->config.subjects.count; i++)
        if (js_subjects_collide(stream_config_subject(&s->config, i), slice_str(subject)))
            return true;
    return false;
}

/* Those that are asked for, by name. False: the body was refused. */
static bool select_streams(struct api_request *r, struct stream_names_request *ret_request,
                           struct json_array *ret_streams)
{
    const struct js_account *a = r->account;
    bool is_list = r->call.verb == JS_API_STREAM_LIST;
    const struct json_table *table = is_list ? &stream_list_request_table
                                             : &stream_names_request_table;
    if (js_body_given(r->body) && !api_read(r, table, ret_request)) return false;
    struct stream **all = arena_alloc(r->arena, (a->streams_count + 1) * sizeof *all);
    uint32_t count = 0;
    for (uint32_t i = 0; i < a->streams_count; i++)
        if (is_wanted(a->streams[i], ret_request->subject)) all[count++] = a->streams[i];
    *ret_streams = (struct json_array){ all, count };
    return true;
}

/* How many from `begin` on stand on one page. */
static uint32_t page_len(const struct js_paged *paged, uint32_t begin)
{
    uint32_t left = (uint32_t)paged->total - begin;
    return left < (uint32_t)paged->limit ? left : (uint32_t)paged->limit;
}

void api_stream_names(struct api_request *r)
{
    struct stream_names_request request = { .offset = 0 };
    struct names_response response = { .head = { .error = NULL } };
    struct json_array streams;
    if (!select_streams(r, &request, &streams)) return;
    struct stream *const *all = streams.items;
    uint32_t at = js_page(streams.count, request.offset, JS_NAMES_LIMIT, &response.paged);
    uint32_t count = page_len(&response.paged, at);
    const char **names = arena_alloc(r->arena, (count + 1) * sizeof *names);
    for (uint32_t i = 0; i < count; i++) names[i] = all[at + i]->config.name;
    response.names = (struct json_array){ names, count };
    api_answer(r, &response);
}

void api_stream_list(struct api_request *r)
{
    struct stream_names_request request = { .offset = 0 };
    struct list_response response = { .head = { .error = NULL } };
    const struct stream_details none = { 0 };
    struct json_array streams;
    if (!select_streams(r, &request, &streams)) return;
    struct stream *const *all = streams.items;
    uint32_t at = js_page(streams.count, request.offset, JS_LIST_LIMIT, &response.paged);
    uint32_t count = page_len(&response.paged, at);
    struct stream_info *infos = arena_alloc(r->arena, (count + 1) * sizeof *infos);
    for (uint32_t i = 0; i < count; i++) stream_info_fill(all[at + i], &none, r->arena, &infos[i]);
    response.items = (struct json_array){ infos, count };
    api_answer(r, &response);
}
