/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/consumer_config_update.h"

#include "base/assert.h"
#include "stream/metadata.h"

/* --- the subject and the body --- */

static bool has_separator(struct slice name)
{
    return slice_find_byte(name, '/') >= 0 || slice_find_byte(name, '\\') >= 0;
}

static bool durable_check(const struct consumer_config *c, const struct js_api_call *call,
                          struct js_error *e)
{
    bool is_durable = consumer_is_durable(c);
    if (call->verb == JS_API_CONSUMER_CREATE_EPHEMERAL)
        return !is_durable || js_error_set(e, JS_ERR_CONSUMER_EPHEMERAL_WITH_DURABLE_NAME);
    if (call->verb == JS_API_CONSUMER_DURABLE_CREATE && !is_durable)
        return js_error_set(e, JS_ERR_CONSUMER_DURABLE_NAME_NOT_SET);
    if (is_durable && !slice_equal_str(call->consumer, c->durable_name))
        return js_error_set(e, JS_ERR_CONSUMER_DURABLE_NAME_NOT_MATCH_SUBJECT);
    return true;
}

bool consumer_request_check(struct consumer_create_request *q, const struct js_api_call *call,
                            struct arena *arena, struct js_error *ret_error)
{
    struct consumer_config *c = &q->config;
    bool is_ephemeral = call->verb == JS_API_CONSUMER_CREATE_EPHEMERAL;
    assert(is_ephemeral || call->verb == JS_API_CONSUMER_CREATE ||
           call->verb == JS_API_CONSUMER_DURABLE_CREATE);
    struct slice name = is_ephemeral ? slice_str(c->name) : call->consumer;
    if (!slice_equal(call->stream, slice_str(q->stream_name)))
        return js_error_set(ret_error, JS_ERR_STREAM_MISMATCH);
    if (has_separator(name))
        return js_error_set(ret_error, JS_ERR_CONSUMER_NAME_CONTAINS_PATH_SEPARATORS);
    if (!durable_check(c, call, ret_error)) return false;
    if (!is_ephemeral) c->name = arena_str(arena, call->consumer);
    if (call->rest.len == 0) return true;
    if (c->filter_subjects.count > 0)
        return js_error_set(ret_error, JS_ERR_CONSUMER_MULTIPLE_FILTERS_NOT_ALLOWED);
    if (!slice_equal(call->rest, slice_str(c->filter_subject)))
        return js_error_set(ret_error, JS_ERR_CONSUMER_CREATE_FILTER_SUBJECT_MISMATCH);
    return true;
}

/* --- update --- */

static bool create_refuse(struct js_error *e, const char *text)
{
    return js_error_set(e, JS_ERR_CONSUMER_CREATE, text);
}

static bool deliver_check(const struct consumer_config *now, const struct consumer_config *old,
                          const struct js_check *k, struct js_error *e)
{
    if (slice_equal(slice_str(now->deliver_subject), slice_str(old->deliver_subject))) return true;
    if (!consumer_is_push(old))
        return create_refuse(e, "can not update pull consumer to push based");
    if (!consumer_is_push(now))
        return create_refuse(e, "can not update push consumer to pull based");
    if (k->directory->has_interest(k->directory->ctx, old->deliver_subject))
        return js_error_set(e, JS_ERR_CONSUMER_NAME_EXIST);
    return true;
}

bool consumer_update_check(const struct consumer_config *now, const struct consumer_config *old,
                           const struct js_check *k, struct js_error *ret_error)
{
    const struct {
        bool        has_changed;
        const char *text;
    } rows[] = {
        { now->deliver_policy != old->deliver_policy, "deliver policy can not be updated" },
        { now->mem_storage != old->mem_storage, "storage type can not be updated" },
        { now->direct != old->direct, "direct can not be updated" },
        { now->sourcing != old->sourcing, "sourcing can not be updated" },
        { now->opt_start_seq != old->opt_start_seq, "start sequence can not be updated" },
        { now->opt_start_time != old->opt_start_time, "start time can not be updated" },
        { now->ack_policy != old->ack_policy, "ack policy can not be updated" },
        { now->replay_policy != old->replay_policy, "replay policy can not be updated" },
        { now->idle_heartbeat != old->idle_heartbeat, "heart beats can not be updated" },
        { now->flow_control != old->flow_control, "flow control can not be updated" },
    };
    if (consumer_config_equal(now, old)) return true;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].has_changed) return create_refuse(ret_error, rows[i].text);
    if (!deliver_check(now, old, k, ret_error)) return false;
    if (now->max_waiting != old->max_waiting)
        return create_refuse(ret_error, "max waiting can not be updated");
    return true;
}

/* --- the stream and its other consumers --- */

static const struct consumer_config *other_at(const struct js_check *k, const char *stream,
                                              uint32_t index, struct slice *ret_name)
{
    return k->directory->consumer_at(k->directory->ctx, slice_str(stream), index, ret_name);
}

static const char *name_of(const struct consumer_config *c)
{
    return consumer_is_durable(c) ? c->durable_name : c->name;
}

static const struct consumer_config *present_find(const struct js_check *k, const char *stream,
                                                  const char *name)
{
    const struct js_directory *d = k->directory;
    const struct consumer_config *o;
    struct slice other;
    if (!js_text_set(name)) return NULL;
    if (d->consumer_find != NULL)
        return d->consumer_find(d->ctx, slice_str(stream), slice_str(name));
    for (uint32_t i = 0; (o = other_at(k, stream, i, &other)) != NULL; i++)
        if (slice_equal_str(other, name)) return o;
    return NULL;
}

static int64_t limited_count(const struct js_check *k, const char *stream)
{
    const struct js_directory *d = k->directory;
    const struct consumer_config *o;
    struct slice name;
    int64_t count = 0;
    if (d->consumers_count != NULL) return d->consumers_count(d->ctx, slice_str(stream));
    for (uint32_t i = 0; (o = other_at(k, stream, i, &name)) != NULL; i++)
        if (!o->direct && !o->sourcing) count++;
    return count;
}

/* No other consumer of a work queue may get what this one gets; those for whom comparing takes too
 * long are refused like those that do. No filter meets nothing here. */
static bool is_partition(const struct consumer_config *c, const char *stream,
                         const struct js_check *k)
{
    const struct consumer_config *o;
    const char *filter;
    struct slice name;
    if (consumer_filter(c, 0) == NULL) return true;
    AUTO_FREE(cover) all = consumer_filters_cover(c);
    for (uint32_t i = 0; (o = other_at(k, stream, i, &name)) != NULL; i++) {
        if (o->direct || o->sourcing || slice_equal(name, slice_str(name_of(c)))) continue;
        if (consumer_filter(o, 0) == NULL) return false;
        for (uint32_t j = 0; (filter = consumer_filter(o, j)) != NULL; j++)
            if (cover_meets_other(all, slice_str(filter))) return false;
    }
    return !cover_gave_up(all);
}

static bool workqueue_check(const struct consumer_config *c, const struct stream_config *stream,
                            const struct js_check *k, struct js_error *e)
{
    if (stream->retention != JS_RETENTION_WORKQUEUE || c->direct || c->sourcing) return true;
    if (c->ack_policy != JS_ACK_EXPLICIT && c->ack_policy != JS_ACK_FLOW_CONTROL)
        return js_error_set(e, JS_ERR_CONSUMER_WQ_REQUIRES_EXPLICIT_ACK);
    if (c->deliver_policy != JS_DELIVER_ALL)
        return js_error_set(e, JS_ERR_CONSUMER_WQ_CONSUMER_NOT_DELIVER_ALL);
    if (limited_count(k, stream->name) == 0) return true;
    if (consumer_filter(c, 0) == NULL)
        return js_error_set(e, JS_ERR_CONSUMER_WQ_MULTIPLE_UNFILTERED);
    return is_partition(c, stream->name, k) ||
           js_error_set(e, JS_ERR_CONSUMER_WQ_CONSUMER_NOT_UNIQUE);
}

/* The stream's own number counts, unless the account's is lower or the stream has none. */
static bool count_check(const struct stream_config *stream, const struct js_check *k,
                        struct js_error *e)
{
    int64_t max = stream->max_consumers, of_account = k->account->consumers_max;
    if (max <= 0 || (of_account > 0 && of_account < max)) max = of_account;
    if (max <= 0) max = k->server->consumers_default_max;
    if (max > 0 && limited_count(k, stream->name) >= max)
        return js_error_set(e, JS_ERR_MAXIMUM_CONSUMERS_LIMIT);
    return true;
}

static bool new_check(struct consumer_config *c, const struct stream_config *stream,
                      const struct js_check *k, struct js_error *e)
{
    if (!count_check(stream, k, e)) return false;
    if (!workqueue_check(c, stream, k, e)) return false;
    if (consumer_is_durable(c) && strlen(c->durable_name) > JS_NAME_MAX)
        return js_error_setf(e, JS_ERR_CONSUMER_NAME_TOO_LONG, "%d", JS_NAME_MAX);
    if (!consumer_is_durable(c) && c->inactive_threshold <= 0)
        c->inactive_threshold = CONSUMER_INACTIVE_DEFAULT;
    return true;
}

static bool present_check(struct consumer_create_request *q, const struct consumer_config *present,
                          const struct stream_config *stream, const struct js_check *k,
                          struct js_error *e)
{
    struct consumer_config *c = &q->config;
    if (q->action == CONSUMER_CREATE) {
        js_metadata_align(&c->metadata, &present->metadata, k->arena);
        if (!consumer_config_equal(c, present))
            return js_error_set(e, JS_ERR_CONSUMER_ALREADY_EXISTS);
    }
    if (stream->retention == JS_RETENTION_WORKQUEUE && !is_partition(c, stream->name, k))
        return js_error_set(e, JS_ERR_CONSUMER_WQ_CONSUMER_NOT_UNIQUE);
    if (!consumer_update_check(c, present, k, e)) return false;
    /* one that was durable may lose that name, and still lives for ever */
    bool is_taken_away = c->inactive_threshold <= 0 && present->inactive_threshold > 0;
    if (is_taken_away && !consumer_is_durable(present))
        c->inactive_threshold = CONSUMER_INACTIVE_DEFAULT;
    return true;
}

enum consumer_verdict consumer_create_check(struct consumer_create_request *q,
                                            const struct js_check *check,
                                            struct js_error *ret_error)
{
    struct consumer_config *c = &q->config;
    struct js_check k = *check;
    k.is_pedantic = q->pedantic;
    if (c->num_replicas > 1 && !k.server->is_clustered) {
        (void)js_error_set(ret_error, JS_ERR_STREAM_REPLICAS_NOT_SUPPORTED);
        return CONSUMER_REFUSED;
    }
    const struct stream_config *stream = k.directory->stream_find(k.directory->ctx,
                                                                  slice_str(q->stream_name));
    if (stream == NULL) {
        (void)js_error_set(ret_error, JS_ERR_STREAM_NOT_FOUND);
        return CONSUMER_REFUSED;
    }
    /* a pause is changed by its own call only */
    const struct consumer_config *present = present_find(&k, stream->name, c->name);
    if (present != NULL) c->pause_until = present->pause_until;
    js_metadata_store(&c->metadata, consumer_config_level(c), k.arena);
    if (!consumer_config_check(c, stream, &k, ret_error)) return CONSUMER_REFUSED;

    present = present_find(&k, stream->name, name_of(c));
    if (present != NULL)
        return present_check(q, present, stream, &k, ret_error) ? CONSUMER_UPDATED
                                                                : CONSUMER_REFUSED;
    if (q->action == CONSUMER_UPDATE) {
        (void)js_error_set(ret_error, JS_ERR_CONSUMER_DOES_NOT_EXIST);
        return CONSUMER_REFUSED;
    }
    return new_check(c, stream, &k, ret_error) ? CONSUMER_NEW : CONSUMER_REFUSED;
}
