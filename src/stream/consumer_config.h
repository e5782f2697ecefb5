/* SPDX-License-Identifier: Apache-2.0 */
/* Consumer config: what a consumer is asked to be, and the request that asks for it.
 *
 * Pure; thread: any. Memory and invariant: as stream_config.h. */
#ifndef MIDGE_STREAM_CONSUMER_CONFIG_H
#define MIDGE_STREAM_CONSUMER_CONFIG_H

#include "json/table.h"

enum js_deliver {
    JS_DELIVER_ALL,
    JS_DELIVER_LAST,
    JS_DELIVER_NEW,
    JS_DELIVER_BY_START_SEQUENCE,
    JS_DELIVER_BY_START_TIME,
    JS_DELIVER_LAST_PER_SUBJECT,
};
enum js_ack { JS_ACK_NONE, JS_ACK_ALL, JS_ACK_EXPLICIT, JS_ACK_FLOW_CONTROL };
enum js_replay { JS_REPLAY_INSTANT, JS_REPLAY_ORIGINAL };
enum js_priority {
    JS_PRIORITY_NONE,
    JS_PRIORITY_OVERFLOW,
    JS_PRIORITY_PINNED_CLIENT,
    JS_PRIORITY_PRIORITIZED,
};

struct consumer_config {
    const char        *durable_name;
    const char        *name;
    const char        *description;
    enum js_deliver    deliver_policy;
    uint64_t           opt_start_seq;
    nanos              opt_start_time;  /* 0: none */
    enum js_ack        ack_policy;
    nanos              ack_wait;
    int64_t            max_deliver;     /* -1: no limit */
    struct json_array  backoff;         /* nanos */
    const char        *filter_subject;
    struct json_array  filter_subjects; /* const char * */
    enum js_replay     replay_policy;
    uint64_t           rate_limit_bps;
    const char        *sample_freq;
    int64_t            max_waiting;
    int64_t            max_ack_pending; /* -1: no limit */
    bool               flow_control;
    bool               headers_only;
    int64_t            max_batch;       /* 0, here and below: no limit */
    nanos              max_expires;
    int64_t            max_bytes;
    const char        *deliver_subject; /* empty: a pull consumer */
    const char        *deliver_group;
    nanos              idle_heartbeat;
    nanos              inactive_threshold;
    int64_t            num_replicas;    /* 0: as the stream */
    bool               mem_storage;
    bool               direct;          /* of the server itself: not stored, listed or counted */
    bool               sourcing;
    struct json_array  metadata;        /* struct json_pair, sorted */
    nanos              pause_until;     /* 0: not paused */
    struct json_array  priority_groups; /* const char * */
    enum js_priority   priority_policy;
    nanos              priority_timeout;
};

enum consumer_action { CONSUMER_ANY, CONSUMER_CREATE, CONSUMER_UPDATE };

/* The body of CONSUMER.CREATE and CONSUMER.DURABLE.CREATE. */
struct consumer_create_request {
    const char            *stream_name;
    struct consumer_config config;
    enum consumer_action   action;
    bool                   pedantic;
};

extern const struct json_table consumer_config_table;
extern const struct json_table consumer_create_request_table;

/* A deep copy into `arena`. */
void consumer_config_copy(const struct consumer_config *from, struct arena *,
                          struct consumer_config *ret);

/* All fields are equal, metadata included. */
bool consumer_config_equal(const struct consumer_config *a, const struct consumer_config *b);

/* The API level that the consumer's features need. */
uint32_t consumer_config_level(const struct consumer_config *);

static inline bool consumer_is_push(const struct consumer_config *c)
{
    return c->deliver_subject != NULL && c->deliver_subject[0] != '\0';
}

static inline bool consumer_is_durable(const struct consumer_config *c)
{
    return c->durable_name != NULL && c->durable_name[0] != '\0';
}

/* The filters of either field: `index` counts on until NULL. */
static inline const char *consumer_filter(const struct consumer_config *c, uint32_t index)
{
    bool has_one = c->filter_subject != NULL && c->filter_subject[0] != '\0';
    if (has_one) return index == 0 ? c->filter_subject : NULL;
    if (index >= c->filter_subjects.count) return NULL;
    return ((const char *const *)c->filter_subjects.items)[index];
}

#endif
