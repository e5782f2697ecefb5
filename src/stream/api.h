/* SPDX-License-Identifier: Apache-2.0 */
/* API: requests to $JS.API, from the queue to the answer.
 *
 * A request is copied when it comes and waits in one of two queues (calls that only look wait until
 * the others are done); the turn takes them one by one. Its handler answers at once, or keeps the
 * request until what the answer speaks of is durable, and answers then. Every request is answered
 * or dropped exactly once, which frees it.
 *
 * Files: api.c (queues, table of handlers, answers, audit), api_account.c, api_stream.c,
 * api_message.c (MSG.GET, MSG.DELETE, purge), api_direct.c, api_consumer.c, api_snapshot.c,
 * api_system.c.
 *
 * Thread: the JetStream reactor. Memory: a request owns its texts and the arena; both go with
 * it. */
#ifndef MIDGE_STREAM_API_H
#define MIDGE_STREAM_API_H

#include "base/arena.h"
#include "json/request.h"
#include "stream/api_messages.h"
#include "stream/check.h"
#include "stream/stream.h"

struct api_request {
    struct list         node;           /* private to api.c */
    struct js_account  *account;
    struct js_api_call  call;
    struct slice        subject;        /* as published, with the domain */
    struct slice        reply, header, body;
    uint64_t            origin;         /* of the client, for the audit; 0: unknown */
    struct arena       *arena;
    /* while it waits; for its handler */
    struct stream_wait  wait;
    struct stream      *stream;
    void              (*then)(struct api_request *);
    uint64_t            value;
};

typedef void api_handler(struct api_request *);

/* All of JS_API_LIST that a single server answers; others are dropped. api.c has the table. */
#define API_HANDLER_LIST(X)                                                                    \
    X(INFO, api_account_info, 0)                                                               \
    X(STREAM_CREATE, api_stream_create, 0)                                                     \
    X(STREAM_UPDATE, api_stream_update, 0)                                                     \
    X(STREAM_NAMES, api_stream_names, API_LOOKS)                                               \
    X(STREAM_LIST, api_stream_list, API_LOOKS)                                                 \
    X(STREAM_INFO, api_stream_info, API_LOOKS)                                                 \
    X(STREAM_DELETE, api_stream_delete, 0)                                                     \
    X(STREAM_PURGE, api_stream_purge, 0)                                                       \
    X(STREAM_MSG_GET, api_msg_get, 0)                                                          \
    X(STREAM_MSG_DELETE, api_msg_delete, 0)                                                    \
    X(CONSUMER_CREATE_EPHEMERAL, api_consumer_create, 0)                                       \
    X(CONSUMER_CREATE, api_consumer_create, 0)                                                 \
    X(CONSUMER_DURABLE_CREATE, api_consumer_create, 0)                                         \
    X(CONSUMER_NAMES, api_consumer_names, API_LOOKS)                                           \
    X(CONSUMER_LIST, api_consumer_list, API_LOOKS)                                             \
    X(CONSUMER_INFO, api_consumer_info, API_LOOKS)                                             \
    X(CONSUMER_DELETE, api_consumer_delete, 0)                                                 \
    X(CONSUMER_PAUSE, api_consumer_pause, 0)                                                   \
    X(CONSUMER_UNPIN, api_consumer_unpin, 0)                                                   \
    X(CONSUMER_RESET, api_consumer_reset, API_QUIET)                                           \
    X(CONSUMER_MSG_NEXT, api_msg_next, API_QUIET | API_AT_ONCE)                                \
    X(DIRECT_GET, api_direct_get, API_QUIET | API_AT_ONCE)                                     \
    X(DIRECT_GET_LAST, api_direct_get, API_QUIET | API_AT_ONCE)

enum {
    API_LOOKS = 1,      /* changes nothing: waits in the second queue */
    API_QUIET = 2,      /* no audit, not counted */
    API_AT_ONCE = 4,    /* does not wait in a queue: taken in the order of arrival, in the turn */
};

#define X(verb, handler, flags) api_handler handler;
API_HANDLER_LIST(X)
#undef X

struct api_queue *api_new(struct jetstream *);
struct api_queue *api_free(struct api_queue *);     /* waiting ones are dropped; returns NULL */
/* `deliver` of api_sink: takes a message that came to "$JS.API.>". */
void api_take(struct sink *, struct core_reactor *, struct sub *, const struct message *);

/* ---- for handlers ---- */

/* `response` is the struct of the call's table (js_response_table). Sends, audits, frees. */
void api_answer(struct api_request *, void *response);
void api_fail(struct api_request *, const struct js_error *);
void api_fail_as(struct api_request *, enum js_err);            /* one without {values} */
void api_drop(struct api_request *);                            /* no answer */
/* Answers later: `then` is called in a turn when all that this stream has proposed is applied; when
 * it cannot be (log failed): the request is answered with 10077-like "stream store failed". */
void api_after(struct api_request *, struct stream *, void (*then)(struct api_request *));
/* Reads the body into `ret` by its table; on a failure answers 10025 and returns false. */
MUST_CHECK bool api_read(struct api_request *, const struct json_table *, void *ret);
/* The stream that the subject names; NULL: 10059 was answered. */
struct stream *api_stream_of(struct api_request *);

#endif
