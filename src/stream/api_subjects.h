/* SPDX-License-Identifier: Apache-2.0 */
/* API subjects: which call is `$JS.API.…`, and what of it does its subject name?
 *
 * A subject with a token too many or too few is no call at all: nobody answers it, as on
 * nats-server.
 * The caller takes `$JS.<domain>.API.…` apart and hands over the plain form.
 * Pure; thread: any. Memory: slices point into the subject. */
#ifndef MIDGE_STREAM_API_SUBJECTS_H
#define MIDGE_STREAM_API_SUBJECTS_H

#include <stdbool.h>

#include "base/slice.h"
#include "stream/errors.h"

/* X(id, what stands behind "$JS.API.", the type of its response). `*` is a token, `>` the rest. */
/* clang-format off */
#define JS_API_LIST(X) \
    X(INFO,                     "INFO",                          "account_info_response") \
    X(STREAM_CREATE,            "STREAM.CREATE.*",               "stream_create_response") \
    X(STREAM_UPDATE,            "STREAM.UPDATE.*",               "stream_update_response") \
    X(STREAM_NAMES,             "STREAM.NAMES",                  "stream_names_response") \
    X(STREAM_LIST,              "STREAM.LIST",                   "stream_list_response") \
    X(STREAM_INFO,              "STREAM.INFO.*",                 "stream_info_response") \
    X(STREAM_DELETE,            "STREAM.DELETE.*",               "stream_delete_response") \
    X(STREAM_PURGE,             "STREAM.PURGE.*",                "stream_purge_response") \
    X(STREAM_SNAPSHOT,          "STREAM.SNAPSHOT.*",             "stream_snapshot_response") \
    X(STREAM_RESTORE,           "STREAM.RESTORE.*",              "stream_restore_response") \
    X(STREAM_MSG_GET,           "STREAM.MSG.GET.*",              "stream_msg_get_response") \
    X(STREAM_MSG_DELETE,        "STREAM.MSG.DELETE.*",           "stream_msg_delete_response") \
    X(STREAM_PEER_REMOVE,       "STREAM.PEER.REMOVE.*",          "stream_remove_peer_response") \
    X(STREAM_PEER_EVACUATE,     "STREAM.PEER.EVACUATE.*",        "stream_evacuate_peer_response") \
    X(STREAM_CANCEL_MOVE,       "STREAM.CANCEL_MOVE.*",          "stream_cancel_move_response") \
    X(STREAM_LEADER_STEPDOWN,   "STREAM.LEADER.STEPDOWN.*", "stream_leader_stepdown_response") \
    X(CONSUMER_CREATE_EPHEMERAL, "CONSUMER.CREATE.*",            "consumer_create_response") \
    X(CONSUMER_CREATE,          "CONSUMER.CREATE.*.>",           "consumer_create_response") \
    X(CONSUMER_DURABLE_CREATE,  "CONSUMER.DURABLE.CREATE.*.*",   "consumer_create_response") \
    X(CONSUMER_NAMES,           "CONSUMER.NAMES.*",              "consumer_names_response") \
    X(CONSUMER_LIST,            "CONSUMER.LIST.*",               "consumer_list_response") \
    X(CONSUMER_INFO,            "CONSUMER.INFO.*.*",             "consumer_info_response") \
    X(CONSUMER_DELETE,          "CONSUMER.DELETE.*.*",           "consumer_delete_response") \
    X(CONSUMER_PAUSE,           "CONSUMER.PAUSE.*.*",            "consumer_pause_response") \
    X(CONSUMER_UNPIN,           "CONSUMER.UNPIN.*.*",            "consumer_unpin_response") \
    X(CONSUMER_RESET,           "CONSUMER.RESET.*.*",            "consumer_reset_response") \
    X(CONSUMER_MSG_NEXT,        "CONSUMER.MSG.NEXT.*.*",         "") \
    X(CONSUMER_LEADER_STEPDOWN, "CONSUMER.LEADER.STEPDOWN.*.*",  \
      "consumer_leader_stepdown_response") \
    X(CONSUMER_PEER_REMOVE,     "CONSUMER.PEER.REMOVE.*.*",      "consumer_remove_peer_response") \
    X(CONSUMER_PEER_EVACUATE,   "CONSUMER.PEER.EVACUATE.*.*", "consumer_evacuate_peer_response") \
    X(DIRECT_GET,               "DIRECT.GET.*",                  "") \
    X(DIRECT_GET_LAST,          "DIRECT.GET.*.>",                "") \
    X(META_LEADER_STEPDOWN,     "META.LEADER.STEPDOWN",          "meta_leader_stepdown_response") \
    X(SERVER_REMOVE,            "SERVER.REMOVE",                 "meta_server_remove_response") \
    X(SERVER_EVACUATE,          "SERVER.EVACUATE",               "meta_server_evacuate_response") \
    X(META_RESCUE,              "META.RESCUE",                   "meta_rescue_response") \
    X(ACCOUNT_PURGE,            "ACCOUNT.PURGE.*",               "account_purge_response") \
    X(ACCOUNT_STREAM_MOVE,      "ACCOUNT.STREAM.MOVE.*.*",       "stream_update_response") \
    X(ACCOUNT_STREAM_CANCEL_MOVE, "ACCOUNT.STREAM.CANCEL_MOVE.*.*", "stream_cancel_move_response")
/* clang-format on */

enum js_api {
    JS_API_NONE,
#define X(id, pattern, type) JS_API_##id,
    JS_API_LIST(X)
#undef X
        JS_API_COUNT,
};

#define JS_API_PREFIX "$JS.API."

struct js_api_call {
    enum js_api  verb;
    struct slice stream;                /* empty, here and below: not named */
    struct slice consumer;
    struct slice rest;                  /* filter of CONSUMER.CREATE, subject of DIRECT.GET */
    struct slice account;               /* of ACCOUNT.… */
};

/* False: no such call. */
bool js_api_parse(struct slice subject, struct js_api_call *ret_call);

/* Its texts point into `to`, which is a copy of the subject `from` that was parsed. */
void js_api_call_move(struct js_api_call *, struct slice from, struct slice to);

/* "io.nats.jetstream.api.v1.stream_create_response"; "" for calls whose answers have no type. */
const char *js_api_type(enum js_api verb);

/* "$JS.API.STREAM.CREATE.*": what stands for the call in subscriptions and permissions. */
const char *js_api_pattern(enum js_api verb);

#endif
