/* SPDX-License-Identifier: Apache-2.0 */
/* Progress: what consumers deliver and what is acked, on its way into `acks`. What a tick changes
 * gathers in one buffer of the stream and is proposed as one COMMAND_PROGRESS.
 *
 * Where a delivery is its own ack, and no message goes for it, the next one says all that it said:
 * only the last one of a run is told. */
#include "base/alloc.h"
#include "base/assert.h"
#include "stream/command_consumer.h"
#include "stream/consumer_internal.h"

/* What gathers when the log takes nothing; then deliveries stop. */
enum { PROGRESS_MAX = 1 << 20 };

struct unneeded {
    struct acks_unneeded base;
    struct stream       *stream;
};

static void tell_stream(struct acks_unneeded *base, uint64_t first, uint64_t last)
{
    struct unneeded *u = container_of(base, struct unneeded, base);
    assert(first <= last);
    assert(u->stream != NULL);
    stream_unneeded(u->stream, first, last);
}

void consumer_acks_apply(struct consumer *c, const struct acks_command *command)
{
    struct stream *s = c->set->stream;
    struct unneeded u = { { tell_stream }, s };
    bool is_queue = s->config.retention == JS_RETENTION_WORKQUEUE;
    bool is_kept = s->config.retention == JS_RETENTION_LIMITS;
    /* what a reset passes over was not acked, and a work queue lets nothing else go */
    if (is_queue && command->kind == ACKS_RESET) is_kept = true;
    assert(c->acks.policy <= ACKS_FLOW_CONTROL);
    bool was_changed = c->acks.is_changed;
    (void)acks_apply(&c->acks, command, is_kept ? NULL : &u.base);
    if (!was_changed && c->acks.is_changed && consumer_is_logged(c)) consumer_mark_changed(c);
}

/* All that this one does the next one of the consumer does again. */
static bool is_passing(const struct consumer *c, const struct acks_command *command)
{
    assert(c->set->stream != NULL);
    return command->kind == ACKS_DELIVER && c->acks.policy == ACKS_NONE &&
           c->set->stream->config.retention == JS_RETENTION_LIMITS;
}

static void gather(struct consumer *c, const struct acks_command *command)
{
    struct consumers *set = c->set;
    if (set->progress.len == 0) {
        progress_begin(&set->progress);
        stream_wake(set->stream);
    }
    if (set->progress_id != c->id) {
        if (set->progress_id != 0) progress_run_end(&set->progress, set->progress_run);
        set->progress_run = progress_run_begin(&set->progress, c->id);
        set->progress_id = c->id;
        set->progress_passing = 0;
    }
    if (!is_passing(c, command)) set->progress_passing = 0;
    else if (set->progress_passing > 0) set->progress.len = set->progress_passing;
    else set->progress_passing = set->progress.len;
    acks_command_encode(command, &set->progress);
    assert(set->progress_id == c->id);
}

void consumer_command(struct consumer *c, const struct acks_command *command)
{
    assert(c->is_begun);
    if (consumer_is_logged(c)) gather(c, command);
    else consumer_acks_apply(c, command);
}

void consumers_flush(struct consumers *set)
{
    if (set->progress.len == 0) return;
    if (set->progress_id != 0) progress_run_end(&set->progress, set->progress_run);
    set->progress_id = 0;
    uint8_t *at = stream_log_propose(set->stream->log, COMMAND_PROGRESS, 0, set->progress.len,
                                     JOURNAL_USE_RELEASE);
    if (at == NULL && stream_log_error(set->stream->log) == ERR_LIMIT) return; /* goes later */
    if (at != NULL) memcpy(at, set->progress.ptr, set->progress.len);
    /* who waits for an answer says so behind it; others wait where an ack lets messages go */
    if (at != NULL && set->stream->config.retention == JS_RETENTION_LIMITS)
        stream_log_linger(set->stream->log);
    set->progress.len = 0;
    if (set->progress.cap > PROGRESS_MAX) buf_deinit(&set->progress);
}

bool consumers_is_clogged(const struct consumers *set)
{
    assert(set->progress.len < INT32_MAX);
    return set->progress.len > PROGRESS_MAX;
}
