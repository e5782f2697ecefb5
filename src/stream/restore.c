/* SPDX-License-Identifier: Apache-2.0 */
/* A restore under way: takes chunks as they come, answers them, tells how it ended. */
#include "stream/restore.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "core/deliver.h"
#include "core/sub.h"
#include "stream/advisory.h"
#include "stream/api_messages.h"
#include "stream/metadata.h"
#include "stream/text_queue.h"

/* Without a chunk. */
#define STALL (5 * SECOND)
/* While nothing that is known of will wake it. */
#define PAUSE (5 * MILLISECOND)

/* Chunks that wait; half of it holds publishers of this reactor. */
enum { WAITING_MAX = 64 << 20, WAITING_HIGH = 4 << 20 };
/* Bytes of chunks that are taken in one turn. */
enum { TURN_BYTES = 1 << 20 };

enum step {
    STEP_TAKES,         /* chunks */
    STEP_FAILED,        /* chunks until the last one has come; nothing is left of the stream */
    STEP_WAITS,         /* the last chunk has come: for what is on its way to the log */
    STEP_APPEARS,       /* for the stream to be there */
    STEP_DROPS,         /* it is over; what is left of the stream goes when it may */
    STEP_OVER,          /* it waits to be freed */
};

struct restore {
    struct restore       *next;         /* in js->restores */
    struct retired        retired;
    struct js_account    *account;
    char                 *name;         /* of the stream */
    struct stream_maker   maker;
    struct restore_build *build;        /* NULL: it is over */
    enum step             step;
    struct sink           sink;         /* of chunks */
    struct sub           *sub;
    struct text_queue     chunks;       /* reply, body */
    struct buf            chunk;        /* the one in hand … */
    struct buf            reply;        /* … who wants an answer to it … */
    uint32_t              taken;        /* … and how far it was read */
    bool                  has_chunk;
    bool                  is_over_full; /* more came than may wait */
    bool                  is_dropped;   /* nothing is left of the stream */
    bool                  is_late;      /* the timer has fired */
    struct timer          timer;
    nanos                 stalls_at;
    struct turn           turn;
    struct stream        *stream;       /* STEP_APPEARS */
    struct stream_wait    wait;
    struct js_error       error;        /* STEP_FAILED */
    nanos                 start;        /* wall clock */
    uint64_t              origin;
    uint64_t              bytes;        /* of chunks that were taken */
};

/* ---- life ---- */

static struct reactor *reactor_of(const struct restore *r)
{
    return jetstream_reactor(r->account->js);
}

static void wake(struct restore *r)
{
    if (r->step != STEP_OVER) reactor_turn(reactor_of(r), &r->turn);
}

static void applied(struct stream_maker *m)
{
    wake(container_of(m, struct restore, maker));
}

static void free_retired(struct retired *retired)
{
    struct restore *r = container_of(retired, struct restore, retired);
    assert(r->step == STEP_OVER && r->sub == NULL);
    text_queue_deinit(&r->chunks);
    buf_deinit(&r->chunk);
    buf_deinit(&r->reply);
    xfree(r->name);
    xfree(r);
}

static void deafen(struct restore *r)
{
    if (r->sub != NULL) sub_leave(reactor_of(r), r->account->account, r->sub);
    r->sub = NULL;
}

/* Nothing of it is left but memory that others may still look at. */
static void end(struct restore *r)
{
    struct reactor *reactor = reactor_of(r);
    struct restore **at = &r->account->js->restores;
    while (*at != r) at = &(*at)->next;
    *at = r->next;
    r->account->js->restores_count--;
    deafen(r);
    stream_wait_cancel(&r->wait);
    r->step = STEP_OVER;
    r->build = restore_build_free(r->build);
    wheel_cancel(&reactor->wheel, &r->timer);
    turn_cancel(&r->turn);
    reactor_retire(reactor, &r->retired, free_retired);
}

static void set_timer(struct restore *r, nanos in)
{
    struct reactor *reactor = reactor_of(r);
    wheel_set(&reactor->wheel, &r->timer, reactor->now + in);
}

static void note_chunk(struct restore *r)
{
    r->stalls_at = reactor_of(r)->now + STALL;
    set_timer(r, STALL);
}

/* What there is of the stream goes, now or when it may. */
static void drop(struct restore *r)
{
    if (!r->is_dropped) r->is_dropped = restore_build_drop(r->build);
}

static void give_up(struct restore *r)
{
    deafen(r);
    r->step = STEP_DROPS;
    wheel_cancel(&reactor_of(r)->wheel, &r->timer);
    drop(r);
    if (r->is_dropped) end(r);
}

/* ---- answers ---- */

static void answer(struct restore *r, struct slice to, struct slice body)
{
    struct slice none = { 0 };
    if (to.len > 0)
        (void)deliver_internal(r->account->js->home, r->account->account, to, none, none, body);
}

static void tell_complete(const struct restore *r)
{
    const struct advisory_facts facts = {
        .stream = slice_str(r->name),
        .start = r->start,
        .end = reactor_of(r)->wall,
        .bytes = r->bytes,
        .origin = r->origin,
    };
    advise(r->account, ADVISORY_RESTORE_COMPLETE, &facts);
}

static void fail(struct restore *r, const struct js_error *e)
{
    assert(r->step == STEP_TAKES || r->step == STEP_WAITS);
    r->error = *e;
    r->step = STEP_FAILED;
    log_warn(r->account->js->core->env->log, "Restore for stream '%s > %s' failed: %s",
             r->account->account->name, r->name, e->text);
    drop(r);
}

/* The last word to who sent the archive. */
static void answer_failed(struct restore *r)
{
    struct buf text = { 0 };
    tell_complete(r);
    js_error_response_write(JS_API_STREAM_CREATE, &r->error, &text);
    answer(r, buf_slice(&r->reply), buf_slice(&text));
    buf_deinit(&text);
    give_up(r);
}

static void answer_done(struct restore *r)
{
    struct jetstream *js = r->account->js;
    AUTO_FREE(arena) arena = arena_new();
    const struct stream_details none = { 0 };
    struct stream_info info;
    struct stream_create_response response = { .info = &info };
    struct buf text = { 0 };
    stream_info_fill(r->stream, &none, arena, &info);
    js_metadata_answer(&info.config.metadata, js->core->identity.version, arena);
    info.domain = NULL;                 /* as on nats-server … */
    info.mirror = NULL;                 /* … where these begin to ask later */
    info.sources.count = 0;
    const struct advisory_facts created = { .stream = slice_str(r->name), .action = "create" };
    advise(r->account, ADVISORY_STREAM_CREATED, &created);
    tell_complete(r);
    js_response_write(JS_API_STREAM_CREATE, &response, &text);
    answer(r, buf_slice(&r->reply), buf_slice(&text));
    buf_deinit(&text);
    log_info(js->core->env->log, "Completed restore of %llu bytes for stream '%s > %s'",
             (unsigned long long)r->bytes, r->account->account->name, r->name);
    end(r);
}

/* ---- chunks ---- */

static bool next_chunk(struct restore *r)
{
    struct text_entry e;
    struct buf scratch = { 0 };
    if (r->has_chunk) return true;
    if (!text_queue_peek(&r->chunks, &scratch, &e)) {
        buf_deinit(&scratch);
        return false;
    }
    r->reply.len = r->chunk.len = r->taken = 0;
    buf_add(&r->reply, e.texts[0]);
    buf_add(&r->chunk, e.texts[1]);
    text_queue_drop(&r->chunks);
    buf_deinit(&scratch);
    r->has_chunk = true;
    return true;
}

/* It was read; its sender may go on. */
static void chunk_done(struct restore *r)
{
    assert(r->has_chunk);
    r->has_chunk = false;
    r->bytes += r->chunk.len;
    note_chunk(r);
    answer(r, buf_slice(&r->reply), SLICE_LIT(""));
}

static void fail_text(struct restore *r, const char *text)
{
    struct js_error e;
    (void)js_error_setf(&e, JS_ERR_STREAM_RESTORE, "restore for stream '%s > %s' %s",
                        r->account->account->name, r->name, text);
    if (r->step == STEP_TAKES) fail(r, &e);
}

/* False: it must wait. */
static bool read_chunk(struct restore *r)
{
    struct js_error e;
    struct slice in = slice_from(buf_slice(&r->chunk), r->taken);
    if (r->step != STEP_TAKES) return true;
    enum err result = restore_build_take(r->build, &in, &e);
    r->taken = r->chunk.len - in.len;
    if (result == ERR_INVALID) fail(r, &e);
    return result != ERR_BUSY;
}

/* Nothing says when the cache has room. */
static void wait(struct restore *r)
{
    set_timer(r, PAUSE);
}

static void take_chunks(struct restore *r)
{
    for (uint32_t bytes = 0; bytes < TURN_BYTES; bytes += r->chunk.len) {
        if (!next_chunk(r)) return;
        if (r->reply.len == 0) {
            fail_text(r, "requires reply subject for each chunk");
            answer_failed(r);
            return;
        }
        if (r->chunk.len == 0) {
            if (r->step == STEP_TAKES) r->step = STEP_WAITS;
            else if (r->is_dropped) answer_failed(r);
            return;
        }
        if (!read_chunk(r)) {
            wait(r);
            return;
        }
        chunk_done(r);
    }
    wake(r);
}

/* ---- the end ---- */

static void appeared(struct stream_wait *w, bool is_gone)
{
    struct restore *r = container_of(w, struct restore, wait);
    struct js_error e;
    assert(r->step == STEP_APPEARS);
    if (!is_gone) {
        answer_done(r);
        return;
    }
    (void)js_error_set(&e, JS_ERR_STREAM_STORE_FAILED, err_text(r->stream->failure));
    r->error = e;
    answer_failed(r);
}

static void finish(struct restore *r)
{
    struct js_error e;
    enum err result = restore_build_finish(r->build, &r->stream, &e);
    if (result == ERR_BUSY) {
        wait(r);
        return;
    }
    if (result != ERR_OK) {
        fail(r, &e);
        wake(r);                        /* the last chunk is in hand, and waits for its answer */
        return;
    }
    deafen(r);
    r->step = STEP_APPEARS;
    r->is_dropped = true;
    wheel_cancel(&reactor_of(r)->wheel, &r->timer);
    stream_after(r->stream, &r->wait);
}

static void run_late(struct restore *r)
{
    const char *account = r->account->account->name;
    r->is_late = false;
    if (reactor_of(r)->now < r->stalls_at || r->has_chunk || r->step == STEP_WAITS) return;
    log_warn(r->account->js->core->env->log, "restore for stream '%s > %s' is stalled", account,
             r->name);
    give_up(r);
}

static void run(struct turn *t, struct reactor *reactor)
{
    struct restore *r = container_of(t, struct restore, turn);
    assert(r->step != STEP_OVER && reactor == reactor_of(r));
    if (r->step == STEP_DROPS) {
        give_up(r);
        return;
    }
    if (r->is_over_full) fail_text(r, "received more than it could take");
    if (r->step == STEP_FAILED) drop(r);
    if (r->step == STEP_TAKES || r->step == STEP_FAILED) take_chunks(r);
    if (r->step == STEP_WAITS) finish(r);
    if (r->step == STEP_OVER || r->step == STEP_APPEARS || r->step == STEP_DROPS) return;
    if (r->is_late) run_late(r);
    if (r->step < STEP_APPEARS && !timer_is_set(&r->timer)) set_timer(r, STALL);
}

/* ---- what comes in ---- */

static void chunk_take(struct sink *sink, struct core_reactor *cr, struct sub *sub,
                       const struct message *m)
{
    struct restore *r = container_of(sink, struct restore, sink);
    (void)sub;
    const struct text_entry e = { .texts = { m->reply, m->body } }; /* headers are part of it */
    if (r->step != STEP_TAKES && r->step != STEP_FAILED) return;
    uint32_t bytes = text_queue_bytes(&r->chunks);
    if (bytes >= WAITING_HIGH) cr->wants_stall = true;
    if (bytes >= WAITING_MAX) r->is_over_full = true;
    else text_queue_add(&r->chunks, &e);
    wake(r);
}

static void timer_fire(struct timer *t, nanos now)
{
    struct restore *r = container_of(t, struct restore, timer);
    (void)now;
    r->is_late = true;
    wake(r);
}

/* ---- begin and stop ---- */

struct restore *restore_begin(struct js_account *a, const struct stream_config *config,
                              uint64_t origin, struct buf *subject)
{
    struct jetstream *js = a->js;
    struct reactor *reactor = jetstream_reactor(js);
    char id[NUID_LEN + 1];
    struct restore *r = xcalloc(1, sizeof *r);
    assert(!restores_are_full(js));
    nuid_next(&js->nuid, id);
    buf_printf(subject, "$JS.SNAPSHOT.RESTORE.%s.%s", config->name, id);
    r->sink = (struct sink){ .reactor = reactor->id, .deliver = chunk_take };
    r->sub = sub_new(&reactor->door, &r->sink, buf_slice(subject), SLICE_LIT(""), SLICE_LIT(""));
    if (r->sub == NULL) {
        xfree(r);
        return NULL;
    }
    sub_enter(reactor, a->account, r->sub);
    r->account = a;
    r->name = slice_dup(slice_str(config->name));
    r->maker.applied = applied;
    r->build = restore_build_new(&r->maker, a, config);
    r->start = reactor->wall;
    r->origin = origin;
    r->wait.done = appeared;
    list_init(&r->wait.node);
    turn_init(&r->turn, run);
    timer_init(&r->timer, timer_fire);
    r->next = js->restores;
    js->restores = r;
    js->restores_count++;
    note_chunk(r);
    return r;
}

bool restores_are_full(const struct jetstream *js)
{
    assert(js->restores_count <= RESTORES_MAX);
    return js->restores_count == RESTORES_MAX;
}

void restores_failed(struct jetstream *js, enum err e)
{
    assert(e != ERR_OK);
    for (struct restore *r = js->restores; r != NULL; r = r->next) wake(r);
}

/* What is hidden stays so: streams_hidden_free(), or the next start. */
void restores_stop(struct jetstream *js)
{
    while (js->restores != NULL) end(js->restores);
    assert(js->restores_count == 0);
}
