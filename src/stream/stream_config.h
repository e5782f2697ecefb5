/* SPDX-License-Identifier: Apache-2.0 */
/* Stream config: what a stream is asked to be. The struct, its field table, copying and comparing.
 *
 * Pure; thread: any. Memory: a plain value whose texts and arrays lie in an arena of the caller;
 * what belongs together (the configuration of one stream, one request) shares one.
 * Invariant: a written configuration equals nats-server's byte for byte, so a client that compares
 * what it sent with what it got sees no difference. */
#ifndef MIDGE_STREAM_STREAM_CONFIG_H
#define MIDGE_STREAM_STREAM_CONFIG_H

#include "json/table.h"

enum js_retention { JS_RETENTION_LIMITS, JS_RETENTION_INTEREST, JS_RETENTION_WORKQUEUE };
enum js_discard { JS_DISCARD_OLD, JS_DISCARD_NEW };
/* Unset only in a request: it becomes file, and is not counted before. */
enum js_storage { JS_STORAGE_UNSET, JS_STORAGE_FILE, JS_STORAGE_MEMORY };
enum js_compression { JS_COMPRESSION_NONE, JS_COMPRESSION_S2 };
enum js_persist { JS_PERSIST_DEFAULT, JS_PERSIST_ASYNC };

struct stream_transform {
    const char *src;
    const char *dest;
};

struct stream_external {
    const char *api;                    /* prefix of the other side's API */
    const char *deliver;
};

/* A durable consumer at the origin that was made before. */
struct stream_source_consumer {
    const char *name;
    const char *deliver_subject;
};

struct stream_source {
    const char       *name;
    uint64_t          opt_start_seq;
    nanos             opt_start_time;   /* 0: none */
    const char       *filter_subject;
    struct json_array subject_transforms;       /* struct stream_transform */
    struct stream_external        *external;    /* NULL: a stream of this account */
    struct stream_source_consumer *consumer;    /* NULL: one of our own */
};

struct stream_placement {
    const char       *cluster;
    struct json_array tags;             /* const char * */
    const char       *preferred;        /* only in requests to step down */
};

struct stream_republish {
    const char *src;
    const char *dest;
    bool        headers_only;
};

struct stream_consumer_limits {
    nanos   inactive_threshold;         /* 0: none */
    int64_t max_ack_pending;
};

struct stream_config {
    /* what a stored message looks at */
    enum js_retention   retention;
    enum js_discard     discard;
    enum js_storage     storage;
    int32_t             max_msg_size;
    int64_t             max_msgs;       /* -1, here and below: no limit */
    int64_t             max_bytes;
    int64_t             max_msgs_per_subject;
    nanos               max_age;        /* 0: for ever */
    bool                no_ack;
    bool                sealed;
    bool                discard_new_per_subject;
    bool                allow_rollup_hdrs;
    bool                allow_msg_ttl;
    bool                allow_msg_counter;
    bool                allow_msg_schedules;
    struct stream_source    *mirror;    /* NULL, here and below: none */
    struct json_array        sources;   /* struct stream_source */

    const char         *name;
    const char         *description;
    struct json_array   subjects;       /* const char * */
    int64_t             max_consumers;
    int64_t             num_replicas;
    nanos               duplicate_window;
    struct stream_placement *placement;
    enum js_compression compression;
    uint64_t            first_seq;
    struct stream_transform *subject_transform;
    struct stream_republish *republish;
    bool                allow_direct;
    bool                mirror_direct;
    bool                deny_delete;
    bool                deny_purge;
    struct stream_consumer_limits consumer_limits;
    nanos               subject_delete_marker_ttl;
    bool                allow_atomic;
    enum js_persist     persist_mode;
    bool                allow_batched;
    struct json_array   metadata;       /* struct json_pair, sorted */
};

/* The body of STREAM.CREATE and STREAM.UPDATE. */
struct stream_config_request {
    struct stream_config config;
    bool                 pedantic;      /* silent adjustments are errors */
};

extern const struct json_table stream_config_table;
extern const struct json_table stream_config_request_table;
extern const struct json_table stream_source_table;
extern const struct json_table stream_transform_table;
extern const struct json_table stream_external_table;
extern const struct json_table stream_placement_table;

/* A deep copy into `arena`. */
void stream_config_copy(const struct stream_config *from, struct arena *,
                        struct stream_config *ret);

/* All fields are equal, metadata included. An idempotent create first takes over the versioning
 * metadata of the present configuration: js_metadata_align(). */
bool stream_config_equal(const struct stream_config *a, const struct stream_config *b);

/* The API level that the stream's features need: "_nats.req.level" of its metadata. */
uint32_t stream_config_level(const struct stream_config *);

/* Both draw the same messages from the same place: a stream must not have such a pair. */
bool stream_source_same(const struct stream_source *a, const struct stream_source *b);

static inline const struct stream_source *stream_config_source(const struct stream_config *c,
                                                               uint32_t index)
{
    return (const struct stream_source *)c->sources.items + index;
}

static inline struct slice stream_config_subject(const struct stream_config *c, uint32_t index)
{
    return slice_str(((const char *const *)c->subjects.items)[index]);
}

#endif
