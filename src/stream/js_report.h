/* SPDX-License-Identifier: Apache-2.0 */
/* Js_report: what may be known of JetStream, as plain data for monitoring.
 *
 * The JetStream reactor gets mail, walks its accounts, a bounded part a tick, and copies what was
 * asked for; then `done` is called there, and the report is the caller's again.
 *
 * Thread:  js_report_start() any. Memory: everything lies in the caller's arena, which the reactor
 *          uses until `done`; the report must stay until then.
 * Truth:   a stream appears once or not at all, as it was when the walk passed it. */
#ifndef MIDGE_STREAM_JS_REPORT_H
#define MIDGE_STREAM_JS_REPORT_H

#include "base/arena.h"
#include "stream/api_info.h"
#include "stream/jetstream.h"

struct js_report_stream {
    struct stream_info *info;           /* its configuration only when asked for */
    struct json_array   consumers;      /* struct consumer_info */
    struct json_array   direct_consumers;
    enum err            failure;        /* ERR_OK: it takes messages */
};

struct js_report_account {
    const char              *name;
    struct js_account_limits limits;
    uint64_t                 memory, store;
    uint64_t                 api_total, api_errors;
    struct js_report_stream *streams;   /* by name; only when asked for */
    uint32_t                 streams_count;
    uint32_t                 streams_total;     /* that it has */
};

/* A stream that takes nothing any more, or has lost messages, or both. */
struct js_report_ill {
    const char *account, *stream;
    enum err    failure;                /* ERR_OK: it takes messages */
    const char *damaged;                /* "5, 7-9", the first of them; NULL: none are */
};

struct js_report_sums {
    uint64_t memory, store;             /* bytes that are used */
    uint64_t memory_reserved, store_reserved;
    uint64_t accounts, streams, consumers, messages, bytes;
    uint64_t api_total, api_errors, api_inflight;
    struct js_server_limits limits;
    bool     is_failed;                 /* the store takes nothing until a restart */
    bool     is_full;                   /* … while there is no space */
    struct js_report_ill *ill;          /* every one, by account and name */
    uint32_t ill_count;
    const char *directory;
};

struct js_report {
    /* the question */
    struct arena *arena;
    const char   *account;              /* details of this one only; NULL: of all */
    const char   *stream;               /* likewise */
    bool          with_accounts, with_streams, with_configs, with_consumers, with_direct;
    uint32_t      offset, limit;        /* of the accounts with details; limit 0: none */
    void        (*done)(struct js_report *);
    /* the answer */
    struct js_report_sums     sums;
    struct js_report_account *accounts; /* that may have streams, by name */
    uint32_t                  accounts_count;
    /* private */
    struct mail               mail;
    struct jetstream         *js;
    const char               *after_account, *after_stream;     /* where the walk goes on */
};

void js_report_start(struct jetstream *, struct js_report *);

#endif
