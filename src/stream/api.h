/* SPDX-License-Identifier: Apache-2.0 */
/* API: requests to $JS.API, from the queue to the answer.
 *
 * A request is copied when it comes and waits in one of two queues (calls that only look wait until
 * the others are done); the turn takes them one by one. One that names a stream which is being made
 * or deleted waits until that is so. Its handler answers at once, or keeps the
 * request until what the answer speaks of is durable, and answers then. Every request is answered
 * or dropped exactly once, which frees it.
 *
 * Files: api.c (queues, table of handlers), api_answer.c (answers, audit, waiting), api_account.c,
 * api_stream.c, api_message.c (MSG.GET, MSG.DELETE, purge), api_direct.c, api_consumer.c,
 * api_snapshot.c.
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

/* What a request that is neither in a queue nor being handled waits for. */
enum api_waits { API_NO_WAIT, API_WAITS_STREAM, API_WAITS_INDEX, API_WAITS_LOAD, API_WAITS_OWN };

struct api_request {
    struct list         node;           /* private to api.c */
    struct js_account  *account;
    struct js_api_call  call;           /* points into `subject` */
    struct slice        subject;        /* "$JS.API.…", without the domain */
    struct slice        reply, header, body;
    struct slice        answer_header;  /* of a successful answer; empty: none */
    uint64_t            origin;         /* of the client, for the audit; 0: unknown */
    struct arena       *arena;          /* NULL with API_AT_ONCE, until api_arena() */
    /* while it waits; for its handler */
    enum api_waits      waits;          /* private to api.c */
    struct stream_wait  wait;
    struct msgs_wait    msgs_wait;
    struct msgs_load    load;
    struct stream      *stream;
    void              (*then)(struct api_request *);
    uint64_t            value;
    void               *own;            /* of its handler, in the arena */
    void              (*settled)(struct api_request *);     /* private to api_answer.c, as rounds */
    uint32_t            rounds;
};

typedef void api_handler(struct api_request *);

/* All of JS_API_LIST that a single server answers; others are dropped. api.c has the table. */
#define API_HANDLER_LIST(X)                                                                    \
    X(INFO, api_account_info, API_LOOKS)                                                       \
    X(STREAM_CREATE, api_stream_create, 0)                                                     \
    X(STREAM_UPDATE, api_stream_update, 0)                                                     \
    X(STREAM_NAMES, api_stream_names, API_LOOKS)                                               \
    X(STREAM_LIST, api_stream_list, API_LOOKS)                                                 \
    X(STREAM_INFO, api_stream_info, API_LOOKS)                                                 \
    X(STREAM_DELETE, api_stream_delete, 0)                                                     \
    X(STREAM_PURGE, api_stream_purge, 0)                                                       \
    X(STREAM_MSG_GET, api_msg_get, 0)                                                          \
    X(STREAM_MSG_DELETE, api_msg_delete, 0)                                                    \
    X(STREAM_SNAPSHOT, api_stream_snapshot, 0)                                                 \
    X(STREAM_RESTORE, api_stream_restore, 0)                                                   \
    X(STREAM_PEER_REMOVE, api_needs_cluster, API_ANY_ACCOUNT)                                  \
    X(STREAM_PEER_EVACUATE, api_needs_cluster, API_ANY_ACCOUNT)                                \
    X(STREAM_CANCEL_MOVE, api_needs_cluster, API_ANY_ACCOUNT)                                  \
    X(STREAM_LEADER_STEPDOWN, api_needs_cluster, API_ANY_ACCOUNT)                              \
    X(CONSUMER_PEER_REMOVE, api_needs_cluster, API_ANY_ACCOUNT)                                \
    X(CONSUMER_PEER_EVACUATE, api_needs_cluster, API_ANY_ACCOUNT)                              \
    X(CONSUMER_LEADER_STEPDOWN, api_needs_cluster, API_ANY_ACCOUNT)                            \
    X(CONSUMER_CREATE_EPHEMERAL, api_consumer_create, API_BODY_FIRST)                          \
    X(CONSUMER_CREATE, api_consumer_create, API_BODY_FIRST)                                    \
    X(CONSUMER_DURABLE_CREATE, api_consumer_create, API_BODY_FIRST)                            \
    X(CONSUMER_NAMES, api_consumer_names, API_LOOKS)                                           \
    X(CONSUMER_LIST, api_consumer_list, API_LOOKS)                                             \
    X(CONSUMER_INFO, api_consumer_info, API_LOOKS)                                             \
    X(CONSUMER_DELETE, api_consumer_delete, 0)                                                 \
    X(CONSUMER_PAUSE, api_consumer_pause, API_BODY_FIRST)                                      \
    X(CONSUMER_UNPIN, api_consumer_unpin, 0)                                                   \
    X(CONSUMER_RESET, api_consumer_reset, API_QUIET)                                           \
    X(CONSUMER_MSG_NEXT, api_msg_next, API_QUIET | API_AT_ONCE)                                \
    X(ACCOUNT_PURGE, api_account_purge, API_OF_SYSTEM)                                         \
    X(DIRECT_GET, api_direct_get, API_QUIET | API_AT_ONCE)                                     \
    X(DIRECT_GET_LAST, api_direct_get, API_QUIET | API_AT_ONCE)

enum {
    API_LOOKS = 1,          /* changes nothing: waits in the second queue */
    API_QUIET = 2,          /* answers by itself: nothing is counted, no audit */
    API_AT_ONCE = 4,        /* does not wait behind others: taken in the next turn */
    API_ANY_ACCOUNT = 8,    /* also where JetStream is off */
    API_OF_SYSTEM = 16,     /* only in the system account */
    API_BODY_FIRST = 32,    /* a wrong body is told before a wrong level: api_level_check() */
};

#define X(verb, handler, flags) api_handler handler;
API_HANDLER_LIST(X)
#undef X

struct api_queue *api_new(struct jetstream *);
/* No reactor ticks any more: requests are dropped, but those that streams still know. */
void api_stop(struct api_queue *);
struct api_queue *api_free(struct api_queue *);     /* streams are gone; returns NULL */
/* `deliver` of api_sink: takes a message that came to "$JS.API.>". */
void api_take(struct sink *, struct core_reactor *, struct sub *, const struct message *);
/* `deliver` of forward_sink: one that came to "$JS.<domain>.API.$KV.>" or "….$OBJ.>". */
void api_forward_take(struct sink *, struct core_reactor *, struct sub *, const struct message *);
/* Requests that have come and are neither answered nor dropped. */
uint32_t api_inflight(const struct api_queue *);
/* The stream leaves its account: who reads in it is told that nothing is there. */
void api_stream_gone(struct api_queue *, struct stream *);

/* ---- for handlers ---- */

/* `response` is the struct of the call's table (js_response_table). Counts, sends, audits,
 * frees. */
void api_answer(struct api_request *, void *response);
void api_fail(struct api_request *, const struct js_error *);
void api_fail_as(struct api_request *, enum js_err);            /* one without {values} */
void api_fail_uncounted(struct api_request *, const struct js_error *);     /* no error in INFO */
void api_drop(struct api_request *);                            /* no answer */
/* Sends what is no answer with a type, and frees: no audit, nothing is counted. */
void api_send(struct api_request *, struct slice header, struct slice payload);
/* The header that says which stream this is, in the request's arena. */
struct slice api_identity_header(struct api_request *, const struct stream *);
/* What a client hears when nobody listens: "503", and it is freed. */
void api_no_responders(struct api_request *);
/* Answers later: `then` is called in a turn when all that this stream has proposed is applied; when
 * it cannot be (its log has failed): 10077 is answered. */
void api_after(struct api_request *, struct stream *, void (*then)(struct api_request *));
/* The same for calls that look: what came before them is seen by them, and what that led to (an
 * ack, then the removal of its message). Waits a few rounds at most, for others publish on. */
void api_settle(struct api_request *, struct stream *, void (*then)(struct api_request *));
/* The handler is called again, likewise. */
void api_again_after(struct api_request *, struct stream *);
/* After BUSY of a msgs_*() of this stream that was given `&r->msgs_wait`: `then` is called in a
 * turn. When the stream ends first, 10059 is answered, here and below. */
void api_after_index(struct api_request *, struct stream *, void (*then)(struct api_request *));
/* After BUSY of a msgs_load() that was given `&r->load`: `then` is called when it is done, with its
 * result, an enum err, in `value`; not within another call of a handler. */
void api_after_load(struct api_request *, struct stream *, void (*then)(struct api_request *));
/* Its handler answers it when it is time, after api_kept(); api_free() drops it. */
void api_keep(struct api_request *);
void api_kept(struct api_request *);
/* `then` is called in the next turn. */
void api_later(struct api_request *, struct stream *, void (*then)(struct api_request *));
struct arena *api_arena(struct api_request *);
/* Reads the body into `ret` by its table; on a failure answers 10025 and returns false. */
MUST_CHECK bool api_read(struct api_request *, const struct json_table *, void *ret);
/* Is our level of the API what the request needs? False: it was answered. */
MUST_CHECK bool api_level_check(struct api_request *);
/* The stream that the subject names; NULL: 10059 was answered. */
struct stream *api_stream_of(struct api_request *);

#endif
