/* SPDX-License-Identifier: Apache-2.0 */
/* Consumers from the log: what COMMAND_CONSUMER, COMMAND_CONSUMER_GONE and COMMAND_PROGRESS do, on
 * a leader, at recovery, later on every replica. */
#include "base/assert.h"
#include "stream/command_consumer.h"
#include "stream/consumer_internal.h"

struct consumer *consumers_take_made(struct consumers *set, struct slice body)
{
    struct consumer_command made;
    struct consumer_setup setup;
    assert(set != NULL);
    if (consumer_command_read(body, &made) != ERR_OK) return NULL;
    if (!consumer_setup_read(&setup, made.config)) return NULL;
    struct consumer *c = consumers_by_id(set, made.id);
    if (c == NULL && consumers_find(set, made.name) != NULL) {
        consumer_setup_free(&setup); /* two of one name: nobody writes that */
        return NULL;
    }
    if (c == NULL) c = consumer_new(set, &made, &setup);
    else consumer_configure(c, &setup);
    assert(c->setup.arena != NULL);
    return c;
}

static void apply_made(struct consumers *set, const struct stream_log_command *command)
{
    struct consumer *c = consumers_take_made(set, command->body);
    if (c == NULL) return;
    bool begins = !c->is_created && set->stream->is_started;
    consumer_made_applied(c);
    c->is_created = true;
    c->is_changed = true;
    consumer_mark_changed(c);
    assert(!c->is_begun || !begins);
    if (begins && !c->is_deleted) consumer_begin(c);
}

void consumer_unneeded(struct consumer *c)
{
    struct stream *s = c->set->stream;
    struct msgs_state state;
    uint64_t first = c->acks.floor.stream_seq + 1;
    const struct ack_entry *spent = ack_list_first(&c->acks.spent);
    assert(first > 0);
    if (s->config.retention != JS_RETENTION_INTEREST) return;
    if (spent != NULL && spent->stream_seq < first) first = spent->stream_seq;
    msgs_state(s->msgs, &state);
    if (first <= state.last_sequence) stream_unneeded(s, first, state.last_sequence);
}

void consumers_take_gone(struct consumers *set, uint64_t id)
{
    struct consumer *c = consumers_by_id(set, id);
    if (c == NULL) return;
    if (!c->is_deleted) consumers_hide(set, c);
    consumer_stop(c);
    consumer_unneeded(c);
    consumers_forget(set, c);
    assert(consumers_by_id(set, id) == NULL);
}

static void apply_gone(struct consumers *set, const struct stream_log_command *command)
{
    uint64_t id = 0;
    if (consumer_gone_read(command->body, &id) != ERR_OK) return;
    assert(id != 0);
    consumers_take_gone(set, id);
    assert(consumers_by_id(set, id) == NULL);
}

/* The message was removed between its delivery and this command: nobody is told of it again, so
 * nothing may wait for its ack. */
static void forget_removed(struct consumer *c, const struct acks_command *delivered)
{
    const struct acks_command gone = { .kind = ACKS_REMOVE, .stream_seq = delivered->stream_seq };
    if (delivered->kind != ACKS_DELIVER || acks_find(&c->acks, gone.stream_seq) == NULL) return;
    if (msgs_has(c->set->stream->msgs, gone.stream_seq)) return;
    if (c->is_begun) redelivery_forget(&c->redelivery, gone.stream_seq);
    consumer_acks_apply(c, &gone);
}

static void apply_progress(struct consumers *set, const struct stream_log_command *command)
{
    struct slice in = command->body, commands;
    struct acks_command one;
    uint64_t id;
    if (progress_open(&in) != ERR_OK) return;
    while (progress_next(&in, &id, &commands) == ERR_OK) {
        struct consumer *c = consumers_by_id(set, id);
        if (c == NULL) continue; /* gone meanwhile */
        while (commands.len > 0 && acks_command_take(&commands, &one) == ERR_OK) {
            consumer_acks_apply(c, &one);
            forget_removed(c, &one);
        }
        assert(command->is_replay || commands.len == 0);
    }
    assert(command->is_replay || in.len == 0);
}

/* How far a restored one is. */
static void apply_acks(struct consumers *set, const struct stream_log_command *command)
{
    struct consumer *c = consumers_take_acks(set, command->body);
    if (c == NULL) return;
    assert(!c->is_begun);
    acks_unsettle(&c->acks);
    consumer_mark_changed(c);
}

void consumers_apply(struct consumers *set, const struct stream_log_command *command)
{
    switch (command->kind) {
    case COMMAND_CONSUMER: apply_made(set, command); break;
    case COMMAND_CONSUMER_GONE: apply_gone(set, command); break;
    case COMMAND_PROGRESS: apply_progress(set, command); break;
    case COMMAND_CONSUMER_ACKS: apply_acks(set, command); break;
    default: unreachable();
    }
    assert(set->counted <= set->names.count);
}
