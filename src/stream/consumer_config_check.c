/* SPDX-License-Identifier: Apache-2.0 */
/* Each step is a function of the same shape; the list at the end is the order. */
#include "stream/consumer_config_check.h"

#include <stdio.h>

#include "base/assert.h"
#include "json/gotime.h"
#include "json/quote.h"
#include "stream/metadata.h"
#include "subject/cover.h"
#include "subject/subject.h"

/* A thing to check: the configuration, its stream, and what the world allows. */
struct subject_matter {
    const struct consumer_config *c;
    const struct stream_config   *stream;
    const struct js_check        *k;
};

typedef bool (*check_step)(const struct subject_matter *, struct js_error *);

/* A wrong claim and its error; the first that holds is the answer. */
struct row {
    bool        is_wrong;
    enum js_err error;
};

static bool rows_check(const struct row *rows, size_t count, struct js_error *e)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].is_wrong) return js_error_set(e, rows[i].error);
    return true;
}

static bool names_check(const struct subject_matter *m, struct js_error *e)
{
    if (js_text_set(m->c->name) && !js_name_valid(m->c->name))
        return js_config_refuse(e, "consumer name can not contain '.', '*', '>', '\\', '/'");
    if (js_text_set(m->c->durable_name) && !js_name_valid(m->c->durable_name))
        return js_config_refuse(e, "consumer durable name can not contain '.', '*', '>', '\\', "
                                   "'/'");
    return true;
}

static bool has_negative(const struct json_array *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (((const nanos *)list->items)[i] < 0) return true;
    return false;
}

static bool basics_check(const struct subject_matter *m, struct js_error *e)
{
    const struct consumer_config *c = m->c;
    bool must_match = m->stream->retention != JS_RETENTION_LIMITS && c->num_replicas != 0;
    const struct row rows[] = {
        { c->num_replicas > m->stream->num_replicas, JS_ERR_CONSUMER_REPLICAS_EXCEEDS_STREAM },
        { c->num_replicas < 0, JS_ERR_REPLICAS_COUNT_CANNOT_BE_NEGATIVE },
        { must_match && c->num_replicas != m->stream->num_replicas,
          JS_ERR_CONSUMER_REPLICAS_SHOULD_MATCH_STREAM },
        { has_negative(&c->backoff), JS_ERR_CONSUMER_BACK_OFF_NEGATIVE },
        { c->ack_wait < 0, JS_ERR_CONSUMER_ACK_WAIT_NEGATIVE },
    };
    return rows_check(rows, ARRAY_COUNT(rows), e);
}

static bool flow_control_check(const struct subject_matter *m, struct js_error *e)
{
    const struct consumer_config *c = m->c;
    if (c->ack_policy != JS_ACK_FLOW_CONTROL) return true;
    if (!consumer_is_push(c)) return js_error_set(e, JS_ERR_CONSUMER_ACK_FC_REQUIRES_PUSH);
    if (!c->flow_control) return js_error_set(e, JS_ERR_CONSUMER_ACK_FC_REQUIRES_FC);
    if (c->idle_heartbeat != SECOND)
        return js_config_refuse(e, "flow control ack policy heartbeat needs to be 1s");
    const struct row rows[] = {
        { c->max_ack_pending <= 0, JS_ERR_CONSUMER_ACK_FC_REQUIRES_MAX_ACK_PENDING },
        { c->ack_wait != 0 || c->backoff.count > 0, JS_ERR_CONSUMER_ACK_FC_REQUIRES_NO_ACK_WAIT },
        { c->max_deliver > 0, JS_ERR_CONSUMER_ACK_FC_REQUIRES_NO_MAX_DELIVER },
    };
    return rows_check(rows, ARRAY_COUNT(rows), e);
}

static bool backoff_check(const struct subject_matter *m, struct js_error *e)
{
    const struct consumer_config *c = m->c;
    if (c->max_deliver != -1 && (int64_t)c->backoff.count > c->max_deliver)
        return js_error_set(e, JS_ERR_CONSUMER_MAX_DELIVER_BACKOFF);
    if (slice_str(c->description).len > JS_DESCRIPTION_MAX)
        return js_error_setf(e, JS_ERR_CONSUMER_DESCRIPTION_TOO_LONG, "%d", JS_DESCRIPTION_MAX);
    return true;
}

/* What is delivered would be stored again. */
static bool feeds_itself(const struct stream_config *stream, struct slice deliver)
{
    for (uint32_t i = 0; i < stream->subjects.count; i++)
        if (subject_covers(stream_config_subject(stream, i), deliver)) return true;
    return false;
}

static bool push_check(const struct subject_matter *m, struct js_error *e)
{
    const struct consumer_config *c = m->c;
    if (!consumer_is_push(c)) return true;
    struct slice deliver = slice_str(c->deliver_subject);
    bool is_good = subject_valid_strict(deliver);
    const struct row rows[] = {
        { subject_has_wildcard(deliver), JS_ERR_CONSUMER_DELIVER_TO_WILDCARDS },
        { !is_good, JS_ERR_CONSUMER_INVALID_DELIVER_SUBJECT },
        { is_good && feeds_itself(m->stream, deliver), JS_ERR_CONSUMER_DELIVER_CYCLE },
        { c->max_waiting != 0, JS_ERR_CONSUMER_PUSH_MAX_WAITING },
        { c->max_ack_pending > 0 && c->ack_policy == JS_ACK_NONE,
          JS_ERR_CONSUMER_MAX_PENDING_ACK_POLICY_REQUIRED },
        { c->idle_heartbeat > 0 && c->idle_heartbeat < 100 * MILLISECOND,
          JS_ERR_CONSUMER_SMALL_HEARTBEAT },
    };
    return rows_check(rows, ARRAY_COUNT(rows), e);
}

static bool pull_check(const struct subject_matter *m, struct js_error *e)
{
    const struct consumer_config *c = m->c;
    int64_t batch_max = m->k->server->request_batch_max;
    if (consumer_is_push(c)) return true;
    const struct row rows[] = {
        { c->ack_policy == JS_ACK_NONE && m->stream->retention == JS_RETENTION_WORKQUEUE,
          JS_ERR_CONSUMER_PULL_REQUIRES_ACK },
        { c->rate_limit_bps > 0, JS_ERR_CONSUMER_PULL_WITH_RATE_LIMIT },
        { c->idle_heartbeat > 0, JS_ERR_CONSUMER_HB_REQUIRES_PUSH },
        { c->flow_control, JS_ERR_CONSUMER_FC_REQUIRES_PUSH },
        { c->max_expires != 0 && c->max_expires < MILLISECOND,
          JS_ERR_CONSUMER_MAX_REQUEST_EXPIRES_TOO_SMALL },
    };
    assert(c->max_waiting >= 0 && c->max_batch >= 0);       /* adjusted before */
    if (!rows_check(rows, ARRAY_COUNT(rows), e)) return false;
    if (batch_max > 0 && c->max_batch > batch_max)
        return js_error_setf(e, JS_ERR_CONSUMER_MAX_REQUEST_BATCH_EXCEEDED, "%lld",
                             (long long)batch_max);
    return true;
}

static bool limits_check(const struct subject_matter *m, struct js_error *e)
{
    const struct consumer_config *c = m->c;
    const struct stream_consumer_limits *of_stream = &m->stream->consumer_limits;
    const int64_t pending_max[] = {
        m->k->server->ack_pending_max,
        m->k->account->ack_pending_max,
        of_stream->max_ack_pending,
    };
    for (size_t i = 0; i < ARRAY_COUNT(pending_max); i++)
        if (pending_max[i] > 0 && c->max_ack_pending > pending_max[i])
            return js_error_setf(e, JS_ERR_CONSUMER_MAX_PENDING_ACK_EXCESS, "%lld",
                                 (long long)pending_max[i]);
    char text[GOTIME_TEXT_SIZE];
    if (of_stream->inactive_threshold > 0 && c->inactive_threshold > of_stream->inactive_threshold)
        return js_error_set(e, JS_ERR_CONSUMER_INACTIVE_THRESHOLD_EXCESS,
                            gotime_duration_text(of_stream->inactive_threshold, text));
    const struct row rows[] = {
        { c->direct && !consumer_is_push(c), JS_ERR_CONSUMER_DIRECT_REQUIRES_PUSH },
        { c->direct && consumer_is_durable(c), JS_ERR_CONSUMER_DIRECT_REQUIRES_EPHEMERAL },
    };
    return rows_check(rows, ARRAY_COUNT(rows), e);
}

/* --- filters --- */

struct cover *consumer_filters_cover(const struct consumer_config *c)
{
    uint32_t count = 0;
    while (consumer_filter(c, count) != NULL) count++;
    struct cover *all = cover_new(count);
    for (uint32_t i = 0; i < count; i++) cover_add(all, slice_str(consumer_filter(c, i)));
    return all;
}

static bool filters_check(const struct subject_matter *m, struct js_error *e)
{
    const struct consumer_config *c = m->c;
    const char *filter;
    bool has_one = js_text_set(c->filter_subject);
    if (has_one && c->filter_subjects.count > 0)
        return js_error_set(e, JS_ERR_CONSUMER_DUPLICATE_FILTER_SUBJECTS);
    if (has_one && !subject_valid_strict(slice_str(c->filter_subject)))
        return js_config_refuse(e, "invalid subject");
    for (uint32_t i = 0; (filter = consumer_filter(c, i)) != NULL; i++)
        if (filter[0] == '\0') return js_error_set(e, JS_ERR_CONSUMER_EMPTY_FILTER);
    AUTO_FREE(cover) all = consumer_filters_cover(c);
    for (uint32_t i = 0; (filter = consumer_filter(c, i)) != NULL; i++) {
        if (!subject_valid_strict(slice_str(filter))) return js_config_refuse(e, "invalid subject");
        if (cover_has(all, i)) /* one filter is part of another */
            return js_error_set(e, JS_ERR_CONSUMER_OVERLAPPING_SUBJECT_FILTERS);
    }
    if (cover_gave_up(all)) return js_config_refuse(e, "filters are too many to be compared");
    return true;
}

/* --- where it begins --- */

static const char *const deliver_names[] = {
    [JS_DELIVER_ALL] = "all",
    [JS_DELIVER_LAST] = "last",
    [JS_DELIVER_NEW] = "new",
    [JS_DELIVER_BY_START_SEQUENCE] = "by start sequence",
    [JS_DELIVER_BY_START_TIME] = "by start time",
    [JS_DELIVER_LAST_PER_SUBJECT] = "last per subject",
};

static bool start_refuse(const struct consumer_config *c, const char *what, const char *is,
                         struct js_error *e)
{
    return js_error_setf(e, JS_ERR_CONSUMER_INVALID_POLICY,
                         "consumer delivery policy is deliver %s, but optional %s is %s",
                         deliver_names[c->deliver_policy], what, is);
}

static bool start_check(const struct subject_matter *m, struct js_error *e)
{
    static const char also[] = "also set", missing[] = "not set";
    const struct consumer_config *c = m->c;
    bool has_seq = c->opt_start_seq > 0, has_time = c->opt_start_time != 0;
    if (c->deliver_policy == JS_DELIVER_BY_START_SEQUENCE) {
        if (!has_seq) return start_refuse(c, "start sequence", missing, e);
        return !has_time || start_refuse(c, "start time", also, e);
    }
    if (c->deliver_policy == JS_DELIVER_BY_START_TIME) {
        if (!has_time) return start_refuse(c, "start time", missing, e);
        /* "start start" is what nats-server says */
        return !has_seq || start_refuse(c, "start start sequence", also, e);
    }
    if (has_seq) return start_refuse(c, "start sequence", also, e);
    if (has_time) return start_refuse(c, "start time", also, e);
    if (c->deliver_policy == JS_DELIVER_LAST_PER_SUBJECT && consumer_filter(c, 0) == NULL)
        return start_refuse(c, "filter subject", missing, e);
    return true;
}

/* --- the rest --- */

/* "30" or "30%", in the words of Go's strconv when it is neither. */
static bool sampling_check(const struct subject_matter *m, struct js_error *e)
{
    struct slice text = slice_str(m->c->sample_freq);
    int64_t percent;
    if (text.len == 0) return true;
    if (text.ptr[text.len - 1] == '%') text = slice_first(text, text.len - 1);
    bool is_number = slice_to_i64(text, &percent);
    if (is_number && percent >= 0) return true;
    if (is_number) return js_error_set(e, JS_ERR_CONSUMER_INVALID_SAMPLING, "<nil>");
    struct buf why = { 0 };
    buf_add_str(&why, "strconv.Atoi: parsing ");
    quote_go(&why, text);
    buf_add_str(&why, ": invalid syntax");
    (void)js_error_set(e, JS_ERR_CONSUMER_INVALID_SAMPLING, buf_str(&why));
    buf_deinit(&why);
    return false;
}

static bool last_check(const struct subject_matter *m, struct js_error *e)
{
    const struct consumer_config *c = m->c;
    if (c->flow_control && c->idle_heartbeat == 0)
        return js_error_set(e, JS_ERR_CONSUMER_WITH_FLOW_CONTROL_NEEDS_HEARTBEATS);
    if (js_text_set(c->durable_name) && js_text_set(c->name) &&
        strcmp(c->name, c->durable_name) != 0)
        return js_error_set(e, JS_ERR_CONSUMER_CREATE_DURABLE_AND_NAME_MISMATCH);
    if (js_metadata_size(&c->metadata) > JS_METADATA_MAX)
        return js_error_setf(e, JS_ERR_CONSUMER_METADATA_LENGTH, "%dKB", JS_METADATA_MAX / 1024);
    return true;
}

bool consumer_group_valid(const char *group)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_=-";
    size_t len = strlen(group);
    return len >= 1 && len <= 16 && strspn(group, allowed) == len;
}

static bool groups_check(const struct subject_matter *m, struct js_error *e)
{
    const struct consumer_config *c = m->c;
    bool has_policy = c->priority_policy != JS_PRIORITY_NONE;
    bool has_groups = c->priority_groups.count > 0;
    const struct row rows[] = {
        { has_policy && consumer_is_push(c), JS_ERR_CONSUMER_PUSH_WITH_PRIORITY_GROUP },
        { has_policy && !has_groups, JS_ERR_CONSUMER_PRIORITY_POLICY_WITHOUT_GROUP },
        { !has_policy && has_groups, JS_ERR_CONSUMER_PRIORITY_GROUP_WITH_POLICY_NONE },
        { !has_policy && c->priority_timeout > 0,
          JS_ERR_CONSUMER_PINNED_TTL_WITHOUT_PRIORITY_POLICY_NONE },
    };
    if (!rows_check(rows, ARRAY_COUNT(rows), e)) return false;
    for (uint32_t i = 0; i < c->priority_groups.count; i++) {
        const char *group = ((const char *const *)c->priority_groups.items)[i];
        if (group[0] == '\0') return js_error_set(e, JS_ERR_CONSUMER_EMPTY_GROUP_NAME);
        if (!consumer_group_valid(group))
            return js_error_set(e, JS_ERR_CONSUMER_INVALID_GROUP_NAME);
    }
    return true;
}

bool consumer_config_check(struct consumer_config *config, const struct stream_config *stream,
                           const struct js_check *k, struct js_error *ret_error)
{
    static const check_step steps[] = {
        names_check, basics_check,  flow_control_check, backoff_check,  push_check, pull_check,
        limits_check, filters_check, start_check,       sampling_check, last_check, groups_check,
    };
    const struct subject_matter m = { config, stream, k };
    assert(stream != NULL);
    if (k->account == NULL) return js_error_set(ret_error, JS_ERR_NO_LIMITS);
    if (!consumer_config_defaults(config, stream, k, ret_error)) return false;
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++)
        if (!steps[i](&m, ret_error)) return false;
    return true;
}
