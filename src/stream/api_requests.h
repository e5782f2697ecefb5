/* SPDX-License-Identifier: Apache-2.0 */
/* API requests: the bodies of calls that are no configurations, each with its table for
 * json_request_read(), and the rules for bodies that are empty or must be.
 *
 * Pure; thread: any; memory: texts lie in the arena of the reader. */
#ifndef MIDGE_STREAM_API_REQUESTS_H
#define MIDGE_STREAM_API_REQUESTS_H

#include "stream/api_info.h"
#include "stream/api_subjects.h"

/* STREAM.NAMES and STREAM.LIST. */
struct stream_names_request {
    int64_t     offset;
    const char *subject;                /* only streams whose subjects meet it */
};
/* CONSUMER.NAMES and CONSUMER.LIST. */
struct consumers_request {
    int64_t offset;
};
struct stream_info_request {
    int64_t     offset;
    bool        deleted_details;
    const char *subjects_filter;
};
/* seq and keep exclude each other: js_purge_check(). */
struct stream_purge_request {
    uint64_t    seq;                    /* up to, not including */
    const char *filter;
    uint64_t    keep;
};
/* STREAM.MSG.GET and DIRECT.GET. */
struct msg_get_request {
    uint64_t    seq;
    const char *last_by_subj;
    const char *next_by_subj;
    int64_t     batch;
    int64_t     max_bytes;
    nanos       start_time;             /* 0: none */
    struct json_array multi_last;       /* const char * */
    uint64_t    up_to_seq;
    nanos       up_to_time;             /* 0: none */
    bool        no_hdr;
};
struct msg_delete_request {
    uint64_t seq;
    bool     no_erase;
};
struct stream_snapshot_request {
    const char *deliver_subject;
    bool        no_consumers;
    int64_t     chunk_size;
    int64_t     window_size;
    bool        jsck;
};
struct stream_restore_request {
    struct stream_config config;
    struct stream_state  state;
};
struct consumer_pause_request {
    nanos pause_until;                  /* 0 or GOTIME_ZERO: go on */
};
struct consumer_unpin_request {
    const char *group;
};
struct consumer_reset_request {
    uint64_t seq;                       /* 0: behind the acknowledged */
};
/* The calls to step down. */
struct stepdown_request {
    struct stream_placement *placement; /* NULL: anybody */
};

extern const struct json_table stream_names_request_table;
extern const struct json_table stream_list_request_table;
extern const struct json_table consumers_request_table;
extern const struct json_table stream_info_request_table;
extern const struct json_table stream_purge_request_table;
extern const struct json_table msg_get_request_table;
extern const struct json_table msg_delete_request_table;
extern const struct json_table stream_snapshot_request_table;
extern const struct json_table stream_restore_request_table;
extern const struct json_table consumer_pause_request_table;
extern const struct json_table consumer_unpin_request_table;
extern const struct json_table consumer_reset_request_table;
extern const struct json_table stepdown_request_table;

/* A body that may be absent is read only if it begins like JSON; other text is ignored. */
bool js_body_given(struct slice body);

/* What calls without arguments demand: nothing, or an object without members. */
bool js_body_empty(struct slice body);

/* JS_ERR_BAD_REQUEST: the fields contradict each other, or none is set. */
bool js_purge_check(const struct stream_purge_request *, struct js_error *ret_error);
bool js_msg_get_check(const struct msg_get_request *, struct js_error *ret_error);

/* What DIRECT.GET answers to such a request at once: "408 Bad Request", "408 Empty Request"; NULL:
 * the request is good. With `has_subject` (DIRECT.GET_LAST) only no_hdr may be set. */
const char *js_direct_get_refusal(const struct msg_get_request *, bool has_subject);

/* The header Nats-Required-Api-Level of a request: false, JS_ERR_REQUIRED_API_LEVEL, when it is no
 * number or above ours. An absent header is an empty `value`. */
bool js_level_check(struct slice value, struct js_error *ret_error);

#endif
