/* SPDX-License-Identifier: Apache-2.0 */
/* Where a new consumer begins: its deliver policy, against what the stream has. */
#include "base/assert.h"
#include "stream/consumer_internal.h"

/* The highest sequence that was given away, on its way to the log or applied. */
static uint64_t last_given(const struct stream *s, const struct msgs_state *state)
{
    uint64_t coming = inflight_last(&s->inflight);
    assert(s->msgs != NULL);
    return coming > state->last_sequence ? coming : state->last_sequence;
}

/* The newest message that a filter matches; of several the highest. Without filters the last
 * sequence counts, even when its message is gone, as on nats-server. */
static enum err find_last(struct stream *s, const struct consumer_config *config,
                          struct msgs_wait *wait, uint64_t *ret)
{
    struct slice pattern;
    const struct msgs_filter filter = { &pattern, 1 };
    const char *text;
    assert(consumer_filter(config, 0) != NULL);
    *ret = 0;
    for (uint32_t i = 0; (text = consumer_filter(config, i)) != NULL; i++) {
        uint64_t found = 0;
        pattern = slice_str(text);
        enum err e = msgs_last(s->msgs, &filter, 0, wait, &found);
        if (e == ERR_BUSY) return e;
        assert(e == ERR_OK || e == ERR_NOTFOUND);
        if (e == ERR_OK && found > *ret) *ret = found;
    }
    return ERR_OK;
}

/* The first message that is not older. When no filter has an older one it is the first of theirs,
 * unless that is the last message of all, as on nats-server. */
static enum err find_time(struct stream *s, const struct consumer_config *config,
                          const struct msgs_state *state, struct msgs_wait *wait, uint64_t *ret)
{
    uint64_t from = 0, nearest = state->last_sequence;
    const char *text;
    enum err e = msgs_at_time(s->msgs, config->opt_start_time, wait, &from);
    if (e != ERR_OK) return e;
    for (uint32_t i = 0; (text = consumer_filter(config, i)) != NULL; i++) {
        const struct slice pattern = slice_str(text);
        const struct msgs_filter filter = { &pattern, 1 };
        uint64_t first = 0;
        e = msgs_next(s->msgs, &filter, state->first_sequence, wait, &first);
        if (e == ERR_BUSY) return e;
        if (e == ERR_OK && first >= from && first < nearest) nearest = first;
    }
    assert(nearest <= state->last_sequence);
    *ret = nearest > from && nearest < state->last_sequence ? nearest : from;
    return ERR_OK;
}

static bool note_lowest(void *ctx, struct slice subject, uint64_t count, uint64_t last)
{
    uint64_t *lowest = ctx;
    assert(count > 0);
    assert(subject.len > 0);
    if (last < *lowest) *lowest = last;
    return true;
}

/* The newest message of each subject comes first, and then what follows. Where a subject has no
 * more than one that is what the stream has. */
static bool has_list(const struct stream *s, const struct consumer_config *config)
{
    assert(s->msgs != NULL);
    return config->deliver_policy == JS_DELIVER_LAST_PER_SUBJECT &&
           s->config.max_msgs_per_subject != 1;
}

/* The oldest of those that are the newest of their subject; the last of all when there are none. */
static uint64_t first_of_list(struct stream *s, const struct consumer_config *config,
                              const struct msgs_state *state)
{
    uint64_t lowest = state->last_sequence;
    if (!has_list(s, config)) return state->first_sequence;
    const char *text;
    for (uint32_t i = 0; (text = consumer_filter(config, i)) != NULL; i++) {
        const struct slice pattern = slice_str(text);
        const struct msgs_filter filter = { &pattern, 1 };
        msgs_subjects(s->msgs, &filter, SLICE_LIT(""), note_lowest, &lowest);
    }
    assert(lowest > 0 || state->last_sequence == 0);
    return lowest;
}

static enum err first_wanted(struct stream *s, const struct consumer_config *config,
                             const struct msgs_state *state, struct msgs_wait *wait, uint64_t *ret)
{
    bool is_filtered = consumer_filter(config, 0) != NULL;
    assert(ret != NULL);
    switch (config->deliver_policy) {
    case JS_DELIVER_ALL: *ret = state->first_sequence; break;
    case JS_DELIVER_LAST_PER_SUBJECT: *ret = first_of_list(s, config, state); break;
    case JS_DELIVER_NEW: *ret = last_given(s, state) + 1; break;
    case JS_DELIVER_BY_START_SEQUENCE: *ret = config->opt_start_seq; break;
    case JS_DELIVER_BY_START_TIME: return find_time(s, config, state, wait, ret);
    case JS_DELIVER_LAST:
        if (is_filtered) return find_last(s, config, wait, ret);
        *ret = state->last_sequence;
        break;
    default: unreachable();
    }
    return ERR_OK;
}

enum err consumer_start_find(struct stream *s, const struct consumer_config *config,
                             struct msgs_wait *wait, struct consumer_start *ret)
{
    struct msgs_state state;
    uint64_t first = 0;
    msgs_state(s->msgs, &state);
    enum err e = first_wanted(s, config, &state, wait, &first);
    if (e != ERR_OK) return e;
    if (first < state.first_sequence) first = state.first_sequence;
    if (first == 0) first = 1;
    /* far beyond what a stream can reach, and still a number that grows */
    if (first >= INT64_MAX) first = INT64_MAX - 1;
    *ret = (struct consumer_start){ first - 1, has_list(s, config) ? last_given(s, &state) : 0 };
    assert(ret->start < INT64_MAX);
    return ERR_OK;
}
