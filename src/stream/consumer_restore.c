/* SPDX-License-Identifier: Apache-2.0 */
/* A consumer that comes with its stream from a backup: what it is and how far it is are two
 * commands. */
#include "base/assert.h"
#include "stream/command_consumer.h"
#include "stream/consumer_internal.h"
#include "stream/stream_restore.h"

static bool refuse(struct js_error *e)
{
    return js_error_set(e, JS_ERR_CONSUMER_STORE_FAILED, "the log takes nothing");
}

static bool propose_acks(struct consumers *set, uint64_t id, const struct acks *acks,
                         struct js_error *ret_error)
{
    struct buf body = { 0 };
    consumer_acks_write(id, acks, ACKS_FULL, &body);
    uint8_t *at = NULL;
    if (body.len <= JOURNAL_BODY_MAX)
        at = stream_log_propose(set->stream->log, COMMAND_CONSUMER_ACKS, 0, body.len,
                                JOURNAL_USE_STORE);
    if (at != NULL) memcpy(at, body.ptr, body.len);
    buf_deinit(&body);
    return at != NULL || refuse(ret_error);
}

static uint64_t start_of(const struct consumer_config *config)
{
    uint64_t first = config->opt_start_seq;
    if (first > INT64_MAX) return INT64_MAX - 1;
    return first > 0 ? first - 1 : 0;
}

struct restored {
    struct slice       name;
    nanos              created;
    const struct acks *acks;
};

static bool consumer_restore(struct consumers *set, const struct consumer_config *config,
                             const struct restored *from, struct js_error *ret_error)
{
    struct buf json = { 0 };
    struct json_writer w = json_writer_on(&json, JSON_COMPACT);
    assert(!set->stream->is_started);
    assert(from->name.len > 0);
    json_table_write(&consumer_config_table, config, &w);
    const struct consumer_command made = {
        .id = set->next_id++,
        .created = from->created,
        .start = start_of(config),
        .name = from->name,
        .config = buf_slice(&json),
    };
    uint8_t *at = stream_log_propose(set->stream->log, COMMAND_CONSUMER, 0,
                                     consumer_command_size(&made), JOURNAL_USE_STORE);
    if (at != NULL) consumer_command_write(&made, at);
    buf_deinit(&json);
    if (at == NULL) return refuse(ret_error);
    return propose_acks(set, made.id, from->acks, ret_error);
}

/* Messages that a consumer waits for and that are gone count as acked. */
static void sweep(struct stream *s, struct acks *a, struct ack_list *l)
{
    for (uint64_t from = 0;;) {
        const struct ack_entry *e = ack_list_from(l, from);
        if (e == NULL) return;
        const struct acks_command gone = { .kind = ACKS_REMOVE, .stream_seq = e->stream_seq };
        from = e->stream_seq + 1;
        if (!msgs_has(s->msgs, gone.stream_seq)) (void)acks_apply(a, &gone, NULL);
    }
}

/* An archive may say any time: what is said to have been delivered in the future waits from now
 * on. */
static void deliver_by(const struct consumer_state *state, nanos now)
{
    struct ack_entry *rows = state->pending.items;
    for (uint32_t i = 0; i < state->pending.count; i++)
        if (rows[i].time > now) rows[i].time = now;
}

bool stream_restore_consumer(struct stream *s, const struct consumer_config *config,
                             struct slice name, struct consumer_state *state,
                             struct js_error *ret_error)
{
    struct acks acks;
    assert(s->is_hidden && !s->is_started);
    assert(!config->direct);            /* they stand in no log */
    nanos now = jetstream_reactor(s->account->js)->wall;
    deliver_by(state, now);
    acks_init(&acks, consumer_acks_policy(config), 0);
    consumer_state_acks(state, s->last_proposed, &acks);
    sweep(s, &acks, &acks.pending);
    sweep(s, &acks, &acks.spent);
    const struct restored from = { name, state->created > 0 ? state->created : now, &acks };
    bool is_good = consumer_restore(s->consumers, config, &from, ret_error);
    acks_deinit(&acks);
    return is_good;
}
