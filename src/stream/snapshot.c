/* SPDX-License-Identifier: Apache-2.0 */
/* A snapshot under way: waits for its receiver, sends chunks as acks allow, tells how it ended. */
#include "stream/snapshot.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "core/deliver.h"
#include "core/sub_watch.h"
#include "stream/advisory.h"

/* As nats-server has them. */
enum {
    CHUNK_DEFAULT = 128 * 1024,
    CHUNK_MIN = 1024,
    CHUNK_MAX = 1024 * 1024,
    WINDOW_DEFAULT = 8 * 1024 * 1024,
    WINDOW_MIN = 1024,
    WINDOW_MAX = 32 * 1024 * 1024,
};
#define INTEREST_WAIT (2 * SECOND)
#define ACK_WAIT      (5 * SECOND)

/* Bytes that leave in one turn. */
enum { TURN_BYTES = 1024 * 1024 };

struct snapshot {
    struct snapshot    *next;           /* in js->snapshots */
    struct retired      retired;
    struct js_account  *account;
    struct stream      *stream;         /* NULL: it is over, and waits to be freed */
    char               *name;           /* of the stream, which may go first */
    char               *deliver;
    struct snapshot_archive *archive;
    struct buf          out;            /* of the archive; sent up to `sent` */
    uint32_t            sent;
    bool                is_whole;       /* all of the archive is in `out` */
    bool                is_reading;     /* the archive will say when it can go on */
    bool                is_waiting;     /* for somebody to listen */
    bool                was_told;       /* that interest has changed */
    bool                is_late;        /* the timer has fired */
    uint32_t            chunk;
    uint32_t            slots, slots_max;       /* chunks that may leave */
    uint64_t            index;          /* of the next chunk; the first is 1 */
    char                id[NUID_LEN + 1];
    struct sink         sink;           /* of acks */
    struct sub         *acks;
    struct sub_watch    watch;
    struct timer        timer;
    struct turn         turn;
    nanos               start;          /* wall clock */
    uint64_t            origin;
    uint64_t            bytes;          /* of the stream, for the log */
};

/* ---- life ---- */

static struct reactor *reactor_of(const struct snapshot *s)
{
    return jetstream_reactor(s->account->js);
}

static void wake(struct snapshot *s)
{
    if (s->stream != NULL) reactor_turn(reactor_of(s), &s->turn);
}

static void free_retired(struct retired *r)
{
    struct snapshot *s = container_of(r, struct snapshot, retired);
    assert(s->stream == NULL && s->archive == NULL);
    buf_deinit(&s->out);
    xfree(s->name);
    xfree(s->deliver);
    xfree(s);
}

/* Nothing is heard, read or sent any more. */
static void end(struct snapshot *s)
{
    struct reactor *r = reactor_of(s);
    struct snapshot **at = &s->account->js->snapshots;
    assert(s->stream != NULL);
    while (*at != s) at = &(*at)->next;
    *at = s->next;
    s->account->js->snapshots_count--;
    s->stream = NULL;
    snapshot_archive_cancel(s->archive);
    s->archive = snapshot_archive_free(s->archive);
    if (s->acks != NULL) sub_leave(r, s->account->account, s->acks);
    sub_watch_end(&s->watch);
    wheel_cancel(&r->wheel, &s->timer);
    turn_cancel(&s->turn);
    reactor_retire(r, &s->retired, free_retired);
}

static void put_message(struct snapshot *s, struct slice reply, struct slice header,
                        struct slice payload)
{
    (void)deliver_internal(s->account->js->home, s->account->account, slice_str(s->deliver), reply,
                           header, payload);
}

/* The last message, and who watches is told. `status` NULL: no header. */
static void finish(struct snapshot *s, const char *status, const char *error)
{
    struct log *log = s->account->js->core->env->log;
    struct buf header = { 0 };
    if (status != NULL) buf_printf(&header, "NATS/1.0 %s\r\n\r\n", status);
    put_message(s, SLICE_LIT(""), buf_slice(&header), SLICE_LIT(""));
    buf_deinit(&header);
    const struct advisory_facts facts = {
        .stream = slice_str(s->name),
        .start = s->start,
        .end = reactor_of(s)->wall,
        .origin = s->origin,
        .error = slice_str(error),
    };
    advise(s->account, ADVISORY_SNAPSHOT_COMPLETE, &facts);
    if (error != NULL)
        log_warn(log, "Snapshot for stream '%s > %s' failed: %s", s->account->account->name,
                 s->name, error);
    else
        log_info(log, "Completed snapshot of %llu bytes for stream '%s > %s'",
                 (unsigned long long)s->bytes, s->account->account->name, s->name);
    end(s);
}

/* The archive cannot go on. */
static void fail(struct snapshot *s, uint64_t sequence, const char *why)
{
    struct buf error = { 0 }, status = { 0 };
    buf_printf(&error, "couldn't load next message after seq %llu: %s",
               (unsigned long long)sequence, why);
    buf_printf(&status, "500 %s", buf_str(&error));
    finish(s, buf_str(&status), buf_str(&error));
    buf_deinit(&error);
    buf_deinit(&status);
}

/* ---- what comes in ---- */

static void ack_take(struct sink *sink, struct core_reactor *cr, struct sub *sub,
                     const struct message *m)
{
    struct snapshot *s = container_of(sink, struct snapshot, sink);
    (void)cr;
    (void)sub;
    (void)m;
    assert(s->slots <= s->slots_max);
    if (s->slots < s->slots_max) s->slots++;
    wake(s);
}

static void interest_told(struct sub_watch *w, struct core_reactor *cr)
{
    struct snapshot *s = container_of(w, struct snapshot, watch);
    (void)cr;
    s->was_told = true;
    wake(s);
}

static void timer_fire(struct timer *t, nanos now)
{
    struct snapshot *s = container_of(t, struct snapshot, timer);
    (void)now;
    s->is_late = true;
    wake(s);
}

static void archive_ready(void *ctx)
{
    struct snapshot *s = ctx;
    assert(s->is_reading);
    s->is_reading = false;
    wake(s);
}

static void set_timer(struct snapshot *s, nanos in)
{
    struct reactor *r = reactor_of(s);
    s->is_late = false;
    wheel_set(&r->wheel, &s->timer, r->now + in);
}

/* ---- what goes out ---- */

static uint32_t unsent(const struct snapshot *s)
{
    assert(s->sent <= s->out.len);
    return s->out.len - s->sent;
}

/* Fills up to a chunk. False: that is not possible now, or it was the end of everything. */
static bool fill(struct snapshot *s)
{
    uint64_t sequence = 0;
    if (s->is_whole || unsent(s) >= s->chunk) return true;
    if (s->is_reading) return false;
    buf_drop(&s->out, s->sent);
    s->sent = 0;
    enum err e = snapshot_archive_next(s->archive, s->chunk, &s->out, &sequence);
    if (e == ERR_BUSY) s->is_reading = true;
    if (e == ERR_NOTFOUND) s->is_whole = true;
    if (e == ERR_OK && unsent(s) < s->chunk) wake(s);
    if (e == ERR_OK || e == ERR_BUSY || e == ERR_NOTFOUND)
        return s->is_whole || unsent(s) >= s->chunk;
    fail(s, sequence, err_text(e));
    return false;
}

static void send_chunk(struct snapshot *s)
{
    struct buf reply = { 0 };
    struct slice bytes = slice_first(slice_from(buf_slice(&s->out), s->sent), s->chunk);
    assert(bytes.len == s->chunk && s->slots > 0);
    buf_printf(&reply, "$JS.SNAPSHOT.ACK.%s.%s.%u.%llu", s->name, s->id, bytes.len,
               (unsigned long long)s->index);
    put_message(s, buf_slice(&reply), SLICE_LIT(""), bytes);
    buf_deinit(&reply);
    s->sent += bytes.len;
    s->index++;
    s->slots--;
    set_timer(s, ACK_WAIT);
}

/* What is less than a chunk, and the end. */
static void send_last(struct snapshot *s)
{
    assert(s->is_whole && unsent(s) < s->chunk);
    if (unsent(s) > 0)
        put_message(s, SLICE_LIT(""), SLICE_LIT(""), slice_from(buf_slice(&s->out), s->sent));
    finish(s, s->index > 1 ? "204" : NULL, NULL);
}

static void send_some(struct snapshot *s)
{
    uint32_t bytes = 0;
    while (s->slots > 0 && bytes < TURN_BYTES) {
        if (!fill(s)) return;
        if (unsent(s) < s->chunk) {
            send_last(s);
            return;
        }
        send_chunk(s);
        bytes += s->chunk;
    }
    if (s->slots > 0) wake(s);
}

/* Exactly this subject: a client of Go asks with a subject that a pattern of its own covers, and
 * subscribes to it when it has the answer. */
static bool is_wanted(const struct snapshot *s)
{
    return sub_watch_is_met(s->account->js->home, &s->watch);
}

static void run(struct turn *t, struct reactor *r)
{
    struct snapshot *s = container_of(t, struct snapshot, turn);
    assert(s->stream != NULL && r == reactor_of(s));
    if (s->is_waiting && !s->is_late && !is_wanted(s)) return;
    if (s->is_waiting) {
        s->is_waiting = s->was_told = false;
        set_timer(s, ACK_WAIT);
    }
    bool is_gone = s->was_told && !is_wanted(s);
    s->was_told = false;
    if (is_gone) finish(s, "408 No Interest", "no interest");
    else if (s->is_late && s->slots == 0) finish(s, "408 No Flow Response", "no flow response");
    else send_some(s);
}

/* ---- begin and end ---- */

static int64_t clamp(int64_t value, int64_t otherwise, int64_t min, int64_t max)
{
    if (value == 0) value = otherwise;
    if (value < min) return min;
    return value > max ? max : value;
}

static void subscribe(struct snapshot *s)
{
    struct reactor *r = reactor_of(s);
    struct buf subject = { 0 };
    s->sink = (struct sink){ .reactor = r->id, .deliver = ack_take };
    buf_printf(&subject, "$JS.SNAPSHOT.ACK.%s.%s.>", s->name, s->id);
    s->acks = sub_new(&r->door, &s->sink, buf_slice(&subject), SLICE_LIT(""), SLICE_LIT(""));
    if (s->acks != NULL) sub_enter(r, s->account->account, s->acks);
    buf_deinit(&subject);
    s->watch.told = interest_told;
    sub_watch_begin(s->account->js->home, s->account->account, &s->watch, slice_str(s->deliver),
                    SLICE_LIT(""));
}

void snapshot_begin(struct stream *stream, const struct snapshot_order *o,
                    const struct stream_state *state)
{
    struct jetstream *js = stream->account->js;
    struct snapshot *s = xcalloc(1, sizeof *s);
    assert(!snapshots_are_full(js));
    s->next = js->snapshots;
    js->snapshots = s;
    js->snapshots_count++;
    s->account = stream->account;
    s->stream = stream;
    s->name = slice_dup(stream_name(stream));
    s->deliver = slice_dup(slice_str(o->deliver));
    s->chunk = (uint32_t)clamp(o->chunk_size, CHUNK_DEFAULT, CHUNK_MIN, CHUNK_MAX);
    int64_t window = clamp(o->window_size, WINDOW_DEFAULT, WINDOW_MIN, WINDOW_MAX);
    s->slots = s->slots_max = window > s->chunk ? (uint32_t)window / s->chunk : 1;
    s->index = 1;
    s->start = jetstream_reactor(js)->wall;
    s->origin = o->origin;
    s->bytes = state->bytes;
    nuid_next(&js->nuid, s->id);
    turn_init(&s->turn, run);
    timer_init(&s->timer, timer_fire);
    s->archive = snapshot_archive_new(stream, state, o->no_consumers);
    snapshot_archive_on_ready(s->archive, archive_ready, s);
    subscribe(s);
    s->is_waiting = true;
    set_timer(s, INTEREST_WAIT);
    wake(s);
}

bool snapshots_are_full(const struct jetstream *js)
{
    assert(js->snapshots_count <= SNAPSHOTS_MAX);
    return js->snapshots_count == SNAPSHOTS_MAX;
}

void snapshots_stream_gone(struct stream *stream)
{
    struct jetstream *js = stream->account->js;
    for (struct snapshot *s = js->snapshots, *next; s != NULL; s = next) {
        next = s->next;
        if (s->stream != stream) continue;
        if (js->is_ending) end(s);
        else fail(s, 0, "store is closed");
    }
}

void snapshots_stop(struct jetstream *js)
{
    while (js->snapshots != NULL) end(js->snapshots);
    assert(js->snapshots_count == 0);
}
