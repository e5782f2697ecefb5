/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/collection.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "core/session.h"
#include "subject/subject.h"

/* What a reactor does in one tick: about 0.1 ms. */
enum { STEP_COST = 1000, VISIT_COST = 1, COPY_COST = 4 };

static_assert(offsetof(struct sub_item, report) == 0, "a report compares with an item");

/* ---- items ---- */

static int conn_item_compare(const void *a, const void *b)
{
    const struct conn_item *x = a;
    const struct conn_item *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return x->report->cid < y->report->cid ? -1 : x->report->cid > y->report->cid;
}

static void conn_item_release(void *item)
{
    struct conn_item *i = item;
    arena_free(i->arena);
    xfree(i->report);
    xfree(i);
}

static void sub_item_release(void *item)
{
    xfree(item);
}

static uint8_t *move_text(struct slice *s, uint8_t *to)
{
    if (s->len > 0) memcpy(to, s->ptr, s->len);
    s->ptr = to;
    return to + s->len;
}

static struct sub_item *sub_item_new(const struct sub_report *r)
{
    struct sub_item *i = xalloc(sizeof *i + r->subject.len + r->queue.len + r->sid.len);
    i->report = *r;
    uint8_t *to = move_text(&i->report.subject, i->texts);
    to = move_text(&i->report.queue, to);
    (void)move_text(&i->report.sid, to);
    return i;
}

static struct top top_for(const struct collection *c)
{
    bool conns = c->what == COLLECT_CONNS;
    return (struct top){
        .compare = conns ? conn_item_compare : sub_report_compare,
        .release = conns ? conn_item_release : sub_item_release,
        .max = c->max,
    };
}

void conn_item_sort_subs(struct conn_item *i)
{
    struct conn_report *r = i->report;
    if (r->subs_listed > 1) qsort(r->subs, r->subs_listed, sizeof *r->subs, sub_report_compare);
}

/* ---- connections ---- */

static bool same_text(const char *want, const char *have)
{
    return want == NULL || (have != NULL && strcmp(want, have) == 0);
}

/* `total` counts what passes the account; user and cid only narrow what is shown. */
static bool conn_passes(const struct collection *c, const struct conn_report *r, uint64_t *total,
                        struct conn_sums *sums)
{
    if (!same_text(c->account, r->account)) return false;
    (*total)++;
    sums->in_msgs += r->in_msgs;
    sums->in_bytes += r->in_bytes;
    sums->out_msgs += r->out_msgs;
    sums->out_bytes += r->out_bytes;
    sums->pending_bytes += r->pending_bytes;
    sums->subscriptions += r->subs_count;
    return same_text(c->user, r->user) && (c->cid == 0 || c->cid == r->cid);
}

/* A kept copy, or NULL when it stands behind all that are kept. */
static struct conn_item *conn_keep(const struct collection *c, struct top *top,
                                   struct conn_report *r)
{
    struct conn_item probe = { .key = c->key(r, c->order), .report = r };
    if (!top_wants(top, &probe)) return NULL;
    struct conn_item *item = xcalloc(1, sizeof *item);
    item->key = probe.key;
    item->report = conn_report_copy(r);
    top_add(top, item);
    return item;
}

static void add_sub(struct conn_item *item, const struct sub *sub)
{
    struct conn_report *r = item->report;
    void *subs = r->subs;
    struct sub_report *to = arena_push(item->arena, &subs, &r->subs_listed, sizeof *to);
    r->subs = subs;
    *to = sub_report_of(sub, r->account, r->cid);
    to->subject = arena_slice(item->arena, to->subject);
    to->queue = arena_slice(item->arena, to->queue);
    to->sid = arena_slice(item->arena, to->sid);
}

/* ---- subscriptions ---- */

/* True when it was kept. */
static bool offer_sub(const struct collection *c, struct top *top, uint64_t *total,
                      const struct sub_report *r)
{
    if (c->test != NULL && !subject_matches(r->subject, slice_str(c->test))) return false;
    (*total)++;
    if (!top_wants(top, r)) return false;
    top_add(top, sub_item_new(r));
    return true;
}

/* ---- one session ---- */

static uint32_t spend(uint32_t cost, uint32_t amount)
{
    return cost > amount ? cost - amount : 0;
}

/* Copies subscriptions until the cost is spent, at least one shard of the table; a shard is never
 * left half-way, since it may change until the next tick. False: more are left. */
static bool copy_subs(struct collect_part *p, uint32_t *cost)
{
    const struct session *s = p->in_hand;
    const struct sub *sub;
    for (uint64_t before = p->at; (sub = sids_next(&s->subs, &p->at)) != NULL; before = p->at) {
        if (*cost == 0 && p->at >> 32 != before >> 32) {
            p->at = p->at >> 32 << 32;
            return false;
        }
        *cost = spend(*cost, VISIT_COST);
        if (p->of->what == COLLECT_CONNS) {
            add_sub(p->item, sub);
        } else {
            struct sub_report r = sub_report_of(sub, s->account->name, s->cid);
            if (offer_sub(p->of, &p->top, &p->total, &r)) *cost = spend(*cost, COPY_COST);
        }
    }
    p->in_hand = NULL;
    return true;
}

static bool visit_conn(struct collect_part *p, struct session *s, uint32_t *cost)
{
    struct collection *c = p->of;
    AUTO_FREE(arena) arena = c->with_certs ? arena_new() : NULL;
    struct conn_report r;
    conn_report_of(s, c->with_certs ? CONN_REPORT_CERTS : 0, arena, &r);
    *cost = spend(*cost, VISIT_COST);
    if (!conn_passes(c, &r, &p->total, &p->sums)) return true;
    struct conn_item *item = conn_keep(c, &p->top, &r);
    if (item == NULL) return true;
    *cost = spend(*cost, COPY_COST);
    if (!c->with_subs || s->subs.count == 0) return true;
    item->arena = arena_new();
    p->item = item;
    p->in_hand = s;
    p->at = 0;
    return copy_subs(p, cost);
}

/* Sessions come in order of their cids: once a reactor has enough, the others are only counted. */
static bool visit_subs(struct collect_part *p, struct session *s, uint32_t *cost)
{
    struct collection *c = p->of;
    *cost = spend(*cost, VISIT_COST);
    if (!same_text(c->account, s->account->name)) return true;
    if (c->test == NULL && p->top.count >= p->top.max) {
        p->total += s->subs.count;
        return true;
    }
    p->in_hand = s;
    p->at = 0;
    return copy_subs(p, cost);
}

/* ---- one reactor ---- */

static void part_finished(struct collect_part *p)
{
    struct collection *c = p->of;
    if (atomic_fetch_sub_explicit(&c->left, 1, memory_order_acq_rel) > 1) return;
    for (uint32_t i = 0; i < c->core->reactors->count; i++) {
        struct collect_part *part = &c->parts[i];
        top_merge(&c->top, &part->top);
        c->total += part->total;
        c->sums.in_msgs += part->sums.in_msgs;
        c->sums.in_bytes += part->sums.in_bytes;
        c->sums.out_msgs += part->sums.out_msgs;
        c->sums.out_bytes += part->sums.out_bytes;
        c->sums.pending_bytes += part->sums.pending_bytes;
        c->sums.subscriptions += part->sums.subscriptions;
    }
    c->done(c);
}

/* One tick's part of the walk. */
static void part_step(struct mail *mail, struct reactor *r)
{
    struct collect_part *p = container_of(mail, struct collect_part, mail);
    struct core_reactor *cr = core_reactor_of(r);
    uint32_t cost = STEP_COST;
    if (!p->is_started) cr->report_at = cr->sessions.next;
    p->is_started = true;
    /* the session in hand has closed meanwhile: what was copied of it stays */
    if (p->in_hand != NULL && cr->report_at != &p->in_hand->node) p->in_hand = NULL;
    while (cost > 0 && cr->report_at != &cr->sessions) {
        struct session *s = container_of(cr->report_at, struct session, node);
        bool over = s->is_knocking                 ? true
                    : p->in_hand != NULL             ? copy_subs(p, &cost)
                    : p->of->what == COLLECT_CONNS ? visit_conn(p, s, &cost)
                                                   : visit_subs(p, s, &cost);
        if (over) cr->report_at = cr->report_at->next;
    }
    if (cr->report_at != &cr->sessions) {
        reactor_post(r, &p->mail);
        return;
    }
    cr->report_at = NULL;
    part_finished(p);
}

void collection_init(struct collection *c)
{
    assert(c->what == COLLECT_SUBS || c->key != NULL);
    c->top = top_for(c);
}

void collection_start(struct collection *c)
{
    uint32_t count = c->core->reactors->count;
    assert(c->done != NULL && c->top.compare != NULL);
    atomic_init(&c->left, count);
    for (uint32_t i = 0; i < count; i++) {
        c->parts[i] = (struct collect_part){ .of = c, .top = top_for(c) };
        c->parts[i].mail.run = part_step;
    }
    for (uint32_t i = 0; i < count; i++) reactor_post(c->core->reactors->at[i], &c->parts[i].mail);
}

void collection_deinit(struct collection *c)
{
    if (c->top.release == NULL) return;
    top_deinit(&c->top);
}

/* ---- what no reactor has ---- */

void collection_offer(struct collection *c, const struct conn_report *from)
{
    struct conn_report r = *from;
    if (!conn_passes(c, &r, &c->total, &c->sums)) return;
    (void)conn_keep(c, &c->top, &r);
}

void collection_offer_sub(struct collection *c, const struct sub_report *r)
{
    if (!same_text(c->account, r->account)) return;
    (void)offer_sub(c, &c->top, &c->total, r);
}
