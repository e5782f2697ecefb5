/* SPDX-License-Identifier: Apache-2.0 */
/* What consumers say that is no message: answers to acks, which wait until what they speak of is
 * durable; advisories and pull requests that came in a sink, which wait for the run. */
#include "base/alloc.h"
#include "base/assert.h"
#include "base/le.h"
#include "core/deliver.h"
#include "stream/consumer_internal.h"

struct ack_answers {
    struct stream_wait wait;
    struct list        node;            /* of set->waiting, when it waits */
    struct consumers  *set;
    struct buf         replies;         /* length, 2 bytes, and text of each */
};

/* ---- answers to acks ---- */

static void reply_add(struct buf *out, struct slice reply)
{
    assert(reply.len > 0 && reply.len <= UINT16_MAX);
    buf_reserve(out, 2);
    le_put_u16(out->ptr + out->len, (uint16_t)reply.len);
    out->len += 2;
    buf_add(out, reply);
}

/* An empty message to each. */
static void replies_send(struct consumers *set, struct slice replies)
{
    struct js_account *account = set->stream->account;
    struct slice none = SLICE_LIT("");
    assert(account != NULL);
    while (replies.len > 0) {
        uint32_t len = le_get_u16(replies.ptr);
        struct slice reply = slice_first(slice_from(replies, 2), len);
        assert(reply.len == len);
        (void)deliver_internal(account->js->home, account->account, reply, none, none, none);
        replies = slice_from(replies, 2 + len);
    }
}

static struct ack_answers *answers_free(struct ack_answers *a)
{
    assert(a != NULL);
    list_remove(&a->node);
    buf_deinit(&a->replies);
    return xfree(a);
}

/* When the log failed, nobody is told that his ack was taken. */
static void on_durable(struct stream_wait *w, bool is_gone)
{
    struct ack_answers *a = container_of(w, struct ack_answers, wait);
    assert(a->replies.len > 0);
    if (!is_gone) replies_send(a->set, buf_slice(&a->replies));
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
    assert(a->replies.len == 0);
    return a;
}

void consumer_answer_ack(struct consumer *c, struct slice reply)
{
    struct consumers *set = c->set;
    if (reply.len == 0 || reply.len > UINT16_MAX) return;
    assert(c->is_begun);
    reply_add(consumer_is_logged(c) ? &answers_get(set)->replies : &set->quick, reply);
    stream_wake(set->stream);
}

void consumers_answers_flush(struct consumers *set)
{
    struct ack_answers *a = set->answers;
    assert(set->is_running);
    if (a != NULL) {
        set->answers = NULL;
        list_add_tail(&set->waiting, &a->node);
        stream_after(set->stream, &a->wait);
    }
    replies_send(set, buf_slice(&set->quick));
    set->quick.len = 0;
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
    n->facts.stream = stream_name(c->set->stream);
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
