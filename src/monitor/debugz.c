/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/debugz.h"

#include "monitor/request.h"

void index_serve(struct request *r)
{
    static const struct {
        const char *path;
        const char *what;
    } pages[] = {
        { "varz", "The server" },
        { "connz", "Connections" },
        { "subsz", "Subscriptions" },
        { "accountz", "Accounts" },
        { "accstatz", "Account traffic" },
        { "jsz", "JetStream" },
        { "routez", "Routes" },
        { "leafz", "Leaf nodes" },
        { "gatewayz", "Gateways" },
        { "raftz", "Raft groups" },
        { "healthz", "Health" },
        { "metrics", "Metrics for Prometheus" },
        { "stacksz", "Threads" },
        { "debug/vars", "Process" },
    };
    struct buf *out = &r->response.body;
    buf_add_str(out,
                "<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>midge</title></head>\n<body>\n"
                "<h1>midge</h1>\n<ul>\n");
    for (uint32_t i = 0; i < ARRAY_COUNT(pages); i++)
        buf_printf(out, "<li><a href=\"%s/%s\">%s</a></li>\n", r->facts->base_path, pages[i].path,
                   pages[i].what);
    buf_add_str(out, "</ul>\n</body>\n</html>\n");
    r->response.status = 200;
    r->response.content_type = "text/html; charset=utf-8";
}

static void add_thread(void *ctx, const char *name, const char *doing)
{
    struct buf *out = ctx;
    buf_printf(out, "%s: %s\n", name, doing);
}

void stacksz_serve(struct request *r)
{
    struct threads *threads = r->core->env->threads;
    threads->list(threads, add_thread, &r->response.body);
    r->response.status = 200;
    r->response.content_type = "text/plain; charset=utf-8";
    r->response.cors = true;
}

void vars_serve(struct request *r)
{
    struct buf body = { 0 };
    struct json_writer w = json_writer_on(&body, JSON_COMPACT);
    json_object_begin(&w);
    json_key(&w, "cmdline");
    json_array_begin(&w);
    for (uint32_t i = 0; i < r->facts->arguments_count; i++) json_str(&w, r->facts->arguments[i]);
    json_array_end(&w);
    json_key(&w, "memstats");
    json_object_begin(&w);
    json_key(&w, "Sys");
    json_u64(&w, r->usage.resident_bytes);
    json_object_end(&w);
    json_object_end(&w);
    request_json_body(r, 200, &body);
}

void ipqueuesz_serve(struct request *r)
{
    (void)query_bool(&r->query, "all");
    if (request_failed(r)) return;
    struct buf body = { 0 };
    buf_add_str(&body, "{}");
    request_json_body(r, 200, &body);
}

void raftz_serve(struct request *r)
{
    request_text(r, 404, "No Raft nodes registered");
}
