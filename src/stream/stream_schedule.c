/* SPDX-License-Identifier: Apache-2.0 */
/* What schedules produce: a copy of the schedule's message, or of the last one of its source, on
 * its target. The produced message says in its headers when the schedule fires next, or that it has
 * ended; applying it moves or purges the schedule. */
#include "base/assert.h"
#include "json/gotime.h"
#include "stream/schedule.h"
#include "stream/schedules.h"
#include "stream/stream_internal.h"

/* What was refused is tried again after so long: the account may have room then, or the stream be
 * configured otherwise. */
#define RETRY SECOND

static bool is_there(void *ctx, uint64_t sequence)
{
    const struct stream *s = ctx;
    return msgs_has(s->msgs, sequence);
}

/* ---- applying ---- */

void stream_schedule_note(struct stream *s, const struct store_command *c, uint64_t sequence)
{
    struct slice scheduler;
    struct msgs_subject stored;
    if (c->flags & STORE_SCHEDULE) {
        schedules_add(s->schedules, sequence, c->due);
        stream_expiry_arm(s, c->due);
    }
    if ((c->flags & STORE_SCHEDULE_MOVES) == 0) return;
    if (!headers_find(c->header, publish_header_name(PUBLISH_SCHEDULER), &scheduler)) return;
    if (!msgs_subject(s->msgs, scheduler, &stored)) return;
    if (schedules_move(s->schedules, stored.last, c->due)) stream_expiry_arm(s, c->due);
}

void stream_schedule_end(struct stream *s, const struct store_command *c)
{
    struct slice scheduler;
    assert(c->flags & STORE_SCHEDULE_ENDS);
    if (!headers_find(c->header, publish_header_name(PUBLISH_SCHEDULER), &scheduler)) return;
    const struct purge_command purge = { .filter = scheduler };
    (void)stream_take_matching(s, &purge);
    schedules_sweep(s->schedules, is_there, s);
}

/* ---- firing ---- */

/* What is known of one that fires; its texts lie in `texts`. */
struct firing {
    struct stream         *stream;
    uint64_t               sequence;
    struct buf             texts[3]; /* subject, header, payload of the schedule */
    struct buf             source[2]; /* header, payload of what is copied */
    struct publish_headers headers;
    struct schedule_fire   next;
};

static void set(struct buf *b, struct slice text)
{
    b->len = 0;
    buf_add(b, text);
}

static enum err load(struct stream *s, uint64_t sequence, struct msgs_load *l)
{
    enum err e = msgs_load(s->msgs, sequence, 0, l);
    if (e == ERR_BUSY) msgs_load_cancel(s->msgs, l);
    return e;
}

static enum err load_source(struct firing *f)
{
    struct stream *s = f->stream;
    struct slice subject = f->headers.at[PUBLISH_SCHEDULE_SOURCE];
    struct msgs_subject stored;
    struct msgs_load l;
    set(&f->source[0], buf_slice(&f->texts[1]));
    set(&f->source[1], buf_slice(&f->texts[2]));
    if (subject.len == 0 || !msgs_subject(s->msgs, subject, &stored)) return ERR_OK;
    enum err e = load(s, stored.last, &l);
    if (e == ERR_BUSY) return e;
    if (e != ERR_OK) return ERR_OK;     /* damaged: as if there were none */
    set(&f->source[0], l.msg.header);
    set(&f->source[1], l.msg.payload);
    return ERR_OK;
}

/* NOTFOUND: it cannot be a schedule any more. */
static enum err load_all(struct firing *f, nanos due)
{
    struct stream *s = f->stream;
    struct msgs_load l;
    const struct zone *zone;
    enum err e = load(s, f->sequence, &l);
    if (e == ERR_BUSY) return e;
    if (e != ERR_OK) return ERR_NOTFOUND;
    set(&f->texts[0], l.msg.subject);
    set(&f->texts[1], l.msg.header);
    set(&f->texts[2], l.msg.payload);
    (void)publish_headers_read(buf_slice(&f->texts[1]), &f->headers);
    if (stream_zone(s, &f->headers, &zone) != ERR_OK) return ERR_NOTFOUND;
    nanos now = jetstream_reactor(s->account->js)->wall;
    if (!publish_has(&f->headers, PUBLISH_SCHEDULE) ||
        !publish_has(&f->headers, PUBLISH_SCHEDULE_TARGET) ||
        !schedule_next(f->headers.at[PUBLISH_SCHEDULE], zone, due, now, &f->next))
        return ERR_NOTFOUND;
    return load_source(f);
}

/* The header of what is produced. */
static void make_header(const struct firing *f, struct buf *out)
{
    static const struct slice prefixes[] = { SLICE_INIT("Nats-Schedule"),
                                             SLICE_INIT("Nats-Expected-") };
    const struct slice removes[] = { publish_header_name(PUBLISH_MSG_ID),
                                     publish_header_name(PUBLISH_TTL),
                                     publish_header_name(PUBLISH_ROLLUP) };
    char next[GOTIME_TEXT_SIZE];
    struct header add[4];
    uint32_t count = 0;
    bool repeats = f->next.repeats;
    add[count++] = (struct header){ publish_header_name(PUBLISH_SCHEDULER),
                                    buf_slice(&f->texts[0]) };
    struct slice when = repeats ? slice_str(gotime_rfc3339_text(f->next.at, next))
                                : SLICE_LIT("purge");
    add[count++] = (struct header){ publish_header_name(PUBLISH_SCHEDULE_NEXT), when };
    struct slice ttl = f->headers.at[PUBLISH_SCHEDULE_TTL];
    struct slice rollup = f->headers.at[PUBLISH_SCHEDULE_ROLLUP];
    if (ttl.len > 0) add[count++] = (struct header){ publish_header_name(PUBLISH_TTL), ttl };
    if (rollup.len > 0)
        add[count++] = (struct header){ publish_header_name(PUBLISH_ROLLUP), rollup };
    const struct headers_change change = {
        .prefixes = prefixes,
        .prefixes_count = ARRAY_COUNT(prefixes),
        .remove = removes,
        .remove_count = ARRAY_COUNT(removes),
        .add = add,
        .add_count = count,
    };
    headers_change(buf_slice(&f->source[0]), &change, out);
}

/* A newer one is on its way to its subject. What this one produces would end that, or give it its
 * own time. */
static bool is_replaced(const struct firing *f)
{
    uint32_t count;
    return inflight_last_of(&f->stream->inflight, buf_slice(&f->texts[0]), &count) > 0;
}

/* False: a check must wait. */
static bool produce(struct firing *f)
{
    struct stream *s = f->stream;
    struct buf header = { 0 };
    struct incoming in;
    make_header(f, &header);
    const struct raw_message m = {
        .subject = f->headers.at[PUBLISH_SCHEDULE_TARGET],
        .header = buf_slice(&header),
        .payload = buf_slice(&f->source[1]),
    };
    incoming_init(&in, &m, stream_time(s));
    in.is_own = true;
    in.flags = f->next.repeats ? STORE_SCHEDULE_MOVES : STORE_SCHEDULE_ENDS;
    in.due = f->next.repeats ? f->next.at : 0;
    uint64_t before = s->last_proposed;
    bool is_done = ingest_take(s, &in);
    buf_deinit(&header);
    if (!is_done) return false;
    bool is_refused = s->last_proposed == before;
    schedules_rest(s->schedules, f->sequence, is_refused ? in.time + RETRY : NANOS_MAX);
    return true;
}

static bool fire(struct stream *s, const struct schedules_entry *e)
{
    struct firing f = { .stream = s, .sequence = e->sequence };
    enum err loaded = load_all(&f, e->due);
    bool is_done = loaded != ERR_BUSY;
    if (loaded == ERR_OK) is_done = !is_replaced(&f) && produce(&f);
    if (loaded == ERR_NOTFOUND) schedules_remove(s->schedules, e->sequence);
    for (size_t i = 0; i < ARRAY_COUNT(f.texts); i++) buf_deinit(&f.texts[i]);
    for (size_t i = 0; i < ARRAY_COUNT(f.source); i++) buf_deinit(&f.source[i]);
    return is_done;
}

bool stream_schedules_fire(struct stream *s)
{
    struct schedules_entry e;
    nanos now = jetstream_reactor(s->account->js)->wall;
    bool are_done = true;
    schedules_sweep(s->schedules, is_there, s);
    for (uint32_t at = 0; schedules_at(s->schedules, &at, &e);) {
        if (e.rests > now || e.due > now) continue;
        uint32_t count = schedules_count(s->schedules);
        if (!fire(s, &e)) are_done = false;
        if (schedules_count(s->schedules) < count) at--;
    }
    return are_done;
}
