/* SPDX-License-Identifier: Apache-2.0 */
/* What consumers do not send at once. Answers to acks wait until what they speak of is durable, and
 * so do messages that may be delivered only once (consumer_must_hold()), with the status lines
 * behind them; advisories and pull requests that came in a sink wait for the run. */
#include "base/alloc.h"
#include "base/assert.h"
#include "base/le.h"
#include "core/deliver.h"
#include "stream/consumer_internal.h"

struct ack_answers {
    struct stream_wait wait;
    struct list        node;            /* of set->waiting, when it waits */
    struct consumers  *set;
    struct buf         records;
};

/* What gathers beyond this is no more given to those who must wait. */
enum { LATER_MAX = 4 << 20 };

/* ---- records: five lengths, 4 bytes each, then the texts of an outgoing message ---- */

enum { RECORD_TEXTS = 5, RECORD_HEAD = RECORD_TEXTS * 4 };

static void record_add(struct buf *out, const struct outgoing *m)
{
    const struct slice texts[RECORD_TEXTS] = { m->to, m->subject, m->reply, m->header, m->payload };
    assert(m->to.len > 0);
    buf_reserve(out, RECORD_HEAD);
    for (uint32_t i = 0; i < RECORD_TEXTS; i++)
        le_put_u32(out->ptr + out->len + 4 * i, texts[i].len);
    out->len += RECORD_HEAD;
    for (uint32_t i = 0; i < RECORD_TEXTS; i++) buf_add(out, texts[i]);
}

/* Cuts the first one off. */
static void record_take(struct slice *in, struct outgoing *ret)
{
    struct slice *const texts[RECORD_TEXTS] = { &ret->to, &ret->subject, &ret->reply, &ret->header,
                                                &ret->payload };
    assert(in->len >= RECORD_HEAD);
    struct slice rest = slice_from(*in, RECORD_HEAD);
    for (uint32_t i = 0; i < RECORD_TEXTS; i++) {
        uint32_t len = le_get_u32(in->ptr + 4 * i);
        assert(len <= rest.len);
        *texts[i] = slice_first(rest, len);
        rest = slice_from(rest, len);
    }
    *in = rest;
}

static void records_send(struct consumers *set, struct slice records)
{
    struct js_account *account = set->stream->account;
    struct outgoing m = { .account = account->account };
    assert(account->js != NULL);
    while (records.len > 0) {
        record_take(&records, &m);
        assert(m.to.len > 0);
        (void)deliver_as(account->js->home, &m, NULL);
    }
}

/* ---- what waits ---- */

static struct ack_answers *answers_free(struct ack_answers *a)
{
    assert(a != NULL);
    list_remove(&a->node);
    buf_deinit(&a->records);
    return xfree(a);
}

/* When the log failed, nobody is told that his ack was taken. */
static void on_durable(struct stream_wait *w, bool is_gone)
{
    struct ack_answers *a = container_of(w, struct ack_answers, wait);
    assert(a->records.len > 0);
    if (!is_gone) records_send(a->set, buf_slice(&a->records));
    (void)answers_free(a);
}

static struct ack_answers *answers_get(struct consumers *set)
{
    if (set->answers != NULL) return set->answers;
    struct ack_answers *a = xcalloc(1, sizeof *a);
    list_init(&a->node);
    list_init(&a->wait.node);
    a->set = set;
    a->wait.done = on_durable;
    set->answers = a;
    assert(a->records.len == 0);
    return a;
}

void consumer_answer_ack(struct consumer *c, struct slice reply, bool is_logged)
{
    struct consumers *set = c->set;
    const struct outgoing answer = { .to = reply, .subject = reply };
    if (reply.len == 0) return;
    assert(c->is_begun);
    record_add(is_logged && consumer_is_logged(c) ? &answers_get(set)->records : &set->quick,
               &answer);
    stream_wake(set->stream);
}

bool consumer_must_hold(const struct consumer *c)
{
    assert(c->set != NULL);
    if (c->set->is_ending) return false;
    return consumer_config(c)->max_deliver == 1 && consumer_is_logged(c);
}

void consumer_send_later(struct consumer *c, const struct outgoing *m)
{
    assert(consumer_must_hold(c));
    assert(m->subject.len > 0);
    record_add(&answers_get(c->set)->records, m);
    stream_wake(c->set->stream);
}

bool consumer_holds_much(const struct consumer *c)
{
    const struct ack_answers *a = c->set->answers;
    assert(a == NULL || a->set == c->set);
    return a != NULL && a->records.len > LATER_MAX;
}

void consumers_answers_now(struct consumers *set)
{
    assert(set->is_running);
    records_send(set, buf_slice(&set->quick));
    set->quick.len = 0;
}

void consumers_answers_flush(struct consumers *set)
{
    struct ack_answers *a = set->answers;
    assert(set->is_running);
    if (a != NULL && set->progress.len == 0) {
        set->answers = NULL;
        list_add_tail(&set->waiting, &a->node);
        stream_after(set->stream, &a->wait);
    }
    consumers_answers_now(set);
}

void consumers_answers_free(struct consumers *set)
{
    struct list *node;
    assert(!set->is_running);
    while ((node = list_pop(&set->waiting)) != NULL) {
        struct ack_answers *a = container_of(node, struct ack_answers, node);
        stream_wait_cancel(&a->wait);
        (void)answers_free(a);
    }
    if (set->answers != NULL) set->answers = answers_free(set->answers);
    buf_deinit(&set->quick);
}

/* ---- notes ---- */

/* Of a consumer that may be gone when it is told. */
struct consumer_note {
    struct list           node;
    uint64_t              id;
    bool                  is_pull;
    enum advisory         advisory;
    struct advisory_facts facts;
    struct slice          reply, body;  /* of a pull request */
    struct arena         *arena;
};

enum { NOTE_BLOCK = 256 };

static struct consumer_note *note_new(struct consumer *c)
{
    struct consumer_note *n = xcalloc(1, sizeof *n);
    assert(c->id != 0);
    n->id = c->id;
    n->arena = arena_new_of(NOTE_BLOCK);
    list_add_tail(&c->set->notes, &n->node);
    stream_wake(c->set->stream);
    return n;
}

static void note_free(struct consumer_note *n)
{
    assert(n != NULL);
    list_remove(&n->node);
    n->arena = arena_free(n->arena);
    xfree(n);
}

void consumer_note(struct consumer *c, enum advisory advisory, const struct advisory_facts *facts)
{
    struct consumer_note *n = note_new(c);
    assert(advisory < ADVISORY_COUNT);
    n->advisory = advisory;
    n->facts = *facts;
    n->facts.stream = arena_slice(n->arena, stream_name(c->set->stream)); /* an update moves it */
    n->facts.consumer = arena_slice(n->arena, slice_str(c->name));
    n->facts.reason = arena_slice(n->arena, facts->reason);
    n->facts.group = arena_slice(n->arena, facts->group);
    n->facts.pinned_id = arena_slice(n->arena, facts->pinned_id);
}

void consumer_note_pull(struct consumer *c, struct slice reply, struct slice body)
{
    struct consumer_note *n = note_new(c);
    assert(reply.len > 0);
    n->is_pull = true;
    n->reply = arena_slice(n->arena, reply);
    n->body = arena_slice(n->arena, body);
}

void consumers_notes_run(struct consumers *set)
{
    while (!list_empty(&set->notes)) {
        struct consumer_note *n = container_of(set->notes.next, struct consumer_note, node);
        struct consumer *c = consumers_by_id(set, n->id);
        assert(n->arena != NULL);
        if (!n->is_pull) advise(set->stream->account, n->advisory, &n->facts);
        else if (c != NULL) consumer_pull(c, n->reply, SLICE_LIT(""), n->body);
        note_free(n);
    }
}

void consumers_notes_free(struct consumers *set)
{
    assert(!set->is_running);
    while (!list_empty(&set->notes))
        note_free(container_of(set->notes.next, struct consumer_note, node));
}
