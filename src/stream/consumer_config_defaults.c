/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "stream/consumer_config_check.h"

enum { WAITING_DEFAULT = 512, ACK_PENDING_DEFAULT = 1000 };

#define ACK_WAIT_DEFAULT       (30 * SECOND)
#define PRIORITY_DEFAULT       (2 * MINUTE)
#define FLOW_CONTROL_HEARTBEAT SECOND

/* Negative numbers mean "none". */
static bool signs_adjust(struct consumer_config *c, const struct js_check *k, struct js_error *e)
{
    const struct {
        int64_t    *value;
        int64_t     least;              /* what less becomes */
        const char *refusal;
    } rows[] = {
        { &c->max_deliver, -1, "max_deliver must be set to -1" },
        { &c->max_waiting, 0, "max_waiting must not be negative" },
        { &c->max_ack_pending, -1, "max_ack_pending must be set to -1" },
        { &c->max_batch, 0, "max_batch must not be negative" },
        { &c->max_expires, 0, "max_expires must not be negative" },
        { &c->max_bytes, 0, "max_bytes must not be negative" },
        { &c->idle_heartbeat, 0, "idle_heartbeat must not be negative" },
        { &c->inactive_threshold, 0, "inactive_threshold must not be negative" },
        { &c->priority_timeout, 0, "priority_timeout must not be negative" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (*rows[i].value >= rows[i].least) continue;
        if (k->is_pedantic) return js_pedantic_refuse(e, rows[i].refusal);
        *rows[i].value = rows[i].least;
    }
    if (c->max_deliver == 0) c->max_deliver = -1;
    return true;
}

static bool waits_adjust(struct consumer_config *c, const struct js_check *k, struct js_error *e)
{
    bool waits = c->ack_policy == JS_ACK_EXPLICIT || c->ack_policy == JS_ACK_ALL;
    if (!consumer_is_push(c) && c->max_waiting == 0) c->max_waiting = WAITING_DEFAULT;
    if (c->ack_wait == 0 && waits) c->ack_wait = ACK_WAIT_DEFAULT;
    if (c->backoff.count == 0) return true;
    nanos first = *(const nanos *)c->backoff.items;
    if (k->is_pedantic && c->ack_wait != first)
        return js_pedantic_refuse(e, "first backoff value has to equal batch AckWait");
    c->ack_wait = first;
    return true;
}

/* What the stream says for its consumers. */
static bool stream_adjust(struct consumer_config *c, const struct stream_consumer_limits *limits,
                          const struct js_check *k, struct js_error *e)
{
    if (c->max_ack_pending == 0) {
        if (k->is_pedantic && limits->max_ack_pending > 0)
            return js_pedantic_refuse(e, "max_ack_pending must be set if it's configured in stream "
                                         "limits");
        c->max_ack_pending = limits->max_ack_pending;
    }
    if (c->inactive_threshold == 0) {
        if (k->is_pedantic && limits->inactive_threshold > 0)
            return js_pedantic_refuse(e, "inactive_threshold must be set if it's configured in "
                                         "stream limits");
        c->inactive_threshold = limits->inactive_threshold;
    }
    return true;
}

static int64_t lower(int64_t value, int64_t limit)
{
    return limit > 0 && limit < value ? limit : value;
}

bool consumer_config_defaults(struct consumer_config *c, const struct stream_config *stream,
                              const struct js_check *k, struct js_error *e)
{
    assert(k->account != NULL && k->server != NULL);
    if (!signs_adjust(c, k, e) || !waits_adjust(c, k, e)) return false;
    if (!stream_adjust(c, &stream->consumer_limits, k, e)) return false;
    if (c->max_ack_pending == 0 && c->ack_policy != JS_ACK_NONE) {
        int64_t pending = lower(ACK_PENDING_DEFAULT, k->server->ack_pending_max);
        c->max_ack_pending = lower(pending, k->account->ack_pending_max);
    }
    if (!consumer_is_push(c) && c->max_batch == 0 && k->server->request_batch_max > 0) {
        if (k->is_pedantic)
            return js_pedantic_refuse(e, "max_request_batch must be set if it's JetStream limits "
                                         "are set");
        c->max_batch = k->server->request_batch_max;
    }
    if (c->priority_policy == JS_PRIORITY_PINNED_CLIENT && c->priority_timeout == 0)
        c->priority_timeout = PRIORITY_DEFAULT;
    if (c->ack_policy == JS_ACK_FLOW_CONTROL && !k->is_pedantic) {
        c->flow_control = true;
        c->idle_heartbeat = FLOW_CONTROL_HEARTBEAT;
    }
    return true;
}
