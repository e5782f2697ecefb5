/* SPDX-License-Identifier: Apache-2.0 */
/* API messages: the answers of the API, each a struct with a table, and what a publish is answered.
 *
 * Every answer begins with a head, its type and, when the call failed, the error. An error keeps
 * those fields of its answer that are written when they are zero, as on nats-server.
 * Pure; thread: any. Memory: plain values that borrow; text is appended to the caller's buffer. */
#ifndef MIDGE_STREAM_API_MESSAGES_H
#define MIDGE_STREAM_API_MESSAGES_H

#include "base/buf.h"
#include "stream/api_info.h"
#include "stream/api_subjects.h"

/* How many results one answer has at most. */
enum { JS_NAMES_LIMIT = 1024, JS_LIST_LIMIT = 256, JS_SUBJECTS_LIMIT = 100000 };

struct js_head {
    const char           *type;         /* set by js_response_write() */
    struct js_error_info *error;        /* NULL: none */
};

struct js_paged {
    int64_t total;
    int64_t offset;
    int64_t limit;
};

struct account_info_response {
    struct js_head          head;
    struct js_account_info *info;
};
/* Of STREAM.CREATE and STREAM.UPDATE, which never says did_create. */
struct stream_create_response {
    struct js_head      head;
    struct stream_info *info;
    bool                did_create;
};
struct stream_info_response {
    struct js_head      head;
    struct js_paged     paged;
    struct stream_info *info;
};
/* Of streams and of consumers: the table says how the list is called. */
struct names_response {
    struct js_head    head;
    struct js_paged   paged;
    struct json_array names;            /* const char * */
};
struct list_response {
    struct js_head    head;
    struct js_paged   paged;
    struct json_array items;            /* struct stream_info or struct consumer_info */
    struct json_array missing;          /* const char * */
    struct json_array offline;          /* struct json_pair: name, reason */
};
/* Of all calls that have nothing to tell. */
struct success_response {
    struct js_head head;
    bool           success;
};
struct stream_purge_response {
    struct js_head head;
    bool           success;
    uint64_t       purged;
};
struct js_stored_msg {
    const char  *subject;
    uint64_t     seq;
    struct slice hdrs;                  /* base64, here and below */
    struct slice data;
    nanos        time;
};
struct msg_get_response {
    struct js_head        head;
    struct js_stored_msg *message;
};
struct stream_snapshot_response {
    struct js_head        head;
    struct stream_config *config;
    struct stream_state  *state;
};
struct stream_restore_response {
    struct js_head head;
    const char    *deliver_subject;
};
struct consumer_response {
    struct js_head        head;
    struct consumer_info *info;
};
struct consumer_pause_response {
    struct js_head head;
    bool           paused;
    nanos          pause_until;         /* GOTIME_ZERO: not paused */
    nanos          pause_remaining;
};
struct consumer_unpin_response {
    struct js_head head;
};
struct consumer_reset_response {
    struct js_head        head;
    struct consumer_info *info;
    uint64_t              reset_seq;
};
struct account_purge_response {
    struct js_head head;
    bool           initiated;
};

/* The table of a call's answer; NULL for calls that are not answered with JSON. */
const struct json_table *js_response_table(enum js_api verb);

/* Appends an answer. `response` is the struct of js_response_table(); its head gets the type. */
void js_response_write(enum js_api verb, void *response, struct buf *out);

/* Appends the answer to a failed call. */
void js_error_response_write(enum js_api verb, const struct js_error *, struct buf *out);

/* "io.nats.jetstream.api.v1.system_response" with an error: the account has no JetStream, or the
 * request could not be understood. */
void js_system_response_write(const struct js_error *, struct buf *out);

/* The part of `count` results that a request with `offset` sees: sets `*ret_paged` and returns
 * where it begins. It ends at the limit or the last one. */
uint32_t js_page(uint32_t count, int64_t offset, uint32_t limit, struct js_paged *ret_paged);

/* --- publishing --- */

struct js_pub_ack {
    const char *stream;
    const char *domain;                 /* NULL or empty, here and below: not told */
    uint64_t    seq;
    bool        duplicate;
    const char *val;                    /* of a counter */
    const char *batch;
    uint64_t    count;                  /* messages of the batch */
};
void js_pub_ack_write(const struct js_pub_ack *, struct buf *out);
void js_pub_error_write(const char *stream, const struct js_error *, struct buf *out);

/* What a fast batch is told under way. */
void js_batch_ack_write(uint64_t seq, uint16_t msgs, struct buf *out);
void js_batch_gap_write(uint64_t last_seq, uint64_t seq, struct buf *out);
void js_batch_error_write(uint64_t seq, const struct js_error *, struct buf *out);

#endif
