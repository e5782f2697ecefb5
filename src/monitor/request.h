/* SPDX-License-Identifier: Apache-2.0 */
/* Request: one question to the monitoring, from its query to the response. What pages work with.
 *
 * Thread:  one at a time, handed from the caller's to the reactors (only the collection) and on to
 *          a worker.
 * Memory:  everything of the request lives in `arena`, but for the response's body.
 * A page decodes its parameters in `plan` (which may answer with an error at once, or ask for a
 * collection) and writes its body in `serve`. */
#ifndef MIDGE_MONITOR_REQUEST_H
#define MIDGE_MONITOR_REQUEST_H

#include "env/http.h"
#include "json/table.h"
#include "monitor/collection.h"
#include "monitor/connz.h"
#include "monitor/facts.h"
#include "monitor/query.h"
#include "monitor/subsz.h"
#include "stream/js_report.h"

struct request {
    struct core *core;
    struct req_stats *stats;
    const struct facts *facts;
    struct arena *arena;
    struct query query;
    nanos now; /* real time */
    nanos monotonic;
    struct usage_now usage;
    double cpu_percent;
    struct http_response response; /* status 0: not answered yet */
    struct collection collection;
    bool wants_js;      /* set by `plan`: what `js` asks for is collected before `serve` */
    bool shows_leaders; /* of /jsz */
    struct js_report js;
    union {
        struct connz_query connz;
        struct subsz_query subsz;
    };
};

/* Answers with text. `text` ends as it should stand. */
void request_text(struct request *, int status, const char *text);
/* Answers 307: ask there (redirect.h). */
void request_redirect(struct request *, const char *location);
/* Answers 400 with the query's error; false when there is none. */
bool request_failed(struct request *);
/* Answers with a struct as JSON, indented by two. */
void request_json(struct request *, const struct json_table *, const void *from);
/* Answers with a body that is JSON already. */
void request_json_body(struct request *, int status, struct buf *take_body);

/* "1y2d3h4m5s" without leading zero units. */
const char *request_uptime(struct request *, nanos d);

/* An array of texts for JSON_TEXTS. */
struct json_array request_texts(const struct string_list *);

#endif
