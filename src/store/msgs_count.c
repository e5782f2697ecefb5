/* SPDX-License-Identifier: Apache-2.0 */
/* How many messages match: what the subject index tells, without those that cannot be read.
 *
 * The index counts damaged messages until they go. Where their subjects are known they are taken
 * off; where nobody knows what they were, the others are counted one by one. */
#include "base/assert.h"
#include "store/msgs_internal.h"

/* ---- by the index ---- */

struct count {
    struct msgs      *msgs;
    struct msgs_wait *wait;
    uint64_t          from;
    bool              last_only;
    uint64_t          sum;
    enum err          e;
};

/* Those from `from` on, of one subject that has some on both sides: from its nearer end. */
static enum err count_split(struct count *c, struct slice subject, const struct tree_value *v)
{
    bool from_end = c->from - v->first > v->last - c->from;
    uint64_t at = from_end ? v->last : v->first, seen = 0;
    enum err e = ERR_OK;
    assert(v->count > 0 && v->first < c->from);
    assert(v->last >= c->from);
    while (e == ERR_OK && (from_end ? at >= c->from : at < c->from)) {
        seen++;
        if (from_end && at == v->first) break;
        e = from_end ? c->msgs->ops->previous_same(c->msgs, subject, at - 1, c->wait, &at)
                     : c->msgs->ops->next_same(c->msgs, subject, at + 1, c->wait, &at);
    }
    if (e && e != ERR_NOTFOUND) return e;
    /* purges ask also where damage hides some of what the index counts */
    if (seen > v->count) seen = v->count;
    c->sum += from_end ? seen : v->count - seen;
    return ERR_OK;
}

static bool count_one(void *ctx, struct slice subject, struct tree_value *v)
{
    struct count *c = ctx;
    assert(c->e == ERR_OK);
    if (v->count == 0 || v->last < c->from) return true;
    if (c->last_only) c->sum++;
    else if (v->first >= c->from) c->sum += v->count;
    else c->e = count_split(c, subject, v);
    return c->e == ERR_OK;
}

static enum err count_all(struct count *c, const struct msgs_filter *f)
{
    assert(c->e == ERR_OK && c->sum == 0);
    if (f->count == 0) (void)tree_match(c->msgs->tree, SLICE_LIT(""), count_one, c);
    for (uint32_t i = 0; i < f->count && c->e == ERR_OK; i++)
        (void)tree_match(c->msgs->tree, f->patterns[i], count_one, c);
    return c->e;
}

enum err msgs_tally(struct msgs *m, const struct msgs_filter *f, uint64_t from, bool last_only,
                    struct msgs_wait *w, uint64_t *ret)
{
    struct count c = { .msgs = m, .wait = w, .from = from, .last_only = last_only };
    assert(f->count == 0 || f->patterns != NULL);
    assert(ret != NULL);
    if (f->count == 0 && !last_only && from <= m->state.first_sequence) {
        *ret = m->state.messages;
        return ERR_OK;
    }
    enum err e = count_all(&c, f);
    if (e == ERR_OK) *ret = c.sum;
    return e;
}

/* ---- with damage ---- */

struct unread {
    struct msgs              *msgs;
    const struct msgs_filter *filter;
    struct msgs_wait         *wait;
    uint64_t                  from;
    uint64_t                  sum;       /* that the index counts */
    bool                      is_hidden; /* nobody knows what some were */
    enum err                  e;
};

static bool unread_range(void *ctx, uint64_t first, uint64_t last)
{
    struct unread *u = ctx;
    struct slice subject;
    uint64_t size;
    nanos time;
    assert(first <= last);
    for (uint64_t at = first; at <= last && !u->is_hidden; at++) {
        enum err e = u->msgs->ops->meta(u->msgs, at, u->wait, &subject, &size, &time);
        if (e == ERR_OK && at >= u->from) u->sum += msgs_matches(u->filter, subject);
        if (e == ERR_CORRUPT) u->is_hidden = true;
        if (e == ERR_BUSY) u->e = e;
        if (e == ERR_BUSY) return false;
    }
    return !u->is_hidden;
}

static enum err count_one_by_one(struct msgs *m, const struct msgs_filter *f, uint64_t from,
                                 struct msgs_wait *w, uint64_t *ret)
{
    uint64_t count = 0, at = from;
    enum err e;
    assert(f->count > 0);
    while ((e = msgs_find_next(m, f, at, w, &at)) == ERR_OK) count += m->ops->has(m, at++);
    *ret = count;
    assert(e == ERR_NOTFOUND || e == ERR_BUSY);
    return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err count_readable(struct msgs *m, const struct msgs_filter *f, uint64_t from,
                               struct msgs_wait *w, uint64_t *ret)
{
    struct unread u = { .msgs = m, .filter = f, .wait = w, .from = from };
    assert(m->ops->readable != NULL);
    assert(msgs_is_damaged(m));
    if (f->count == 0) {
        *ret = m->ops->readable(m, from);
        return ERR_OK;
    }
    (void)m->ops->lost(m, unread_range, &u);
    if (u.e) return u.e;
    if (u.is_hidden || m->unknown > 0) return count_one_by_one(m, f, from, w, ret);
    enum err e = msgs_tally(m, f, from, false, w, ret);
    if (e) return e;
    *ret -= u.sum < *ret ? u.sum : *ret;
    return e;
}

enum err msgs_count(struct msgs *m, const struct msgs_filter *f, uint64_t from, bool last_only,
                    struct msgs_wait *w, uint64_t *ret)
{
    enum err e;
    uint64_t damage;
    assert(ret != NULL);
    assert(f->count == 0 || f->patterns != NULL);
    msgs_ask_anew(w);
    do { /* what it reads to count may be damaged */
        damage = m->damage;
        if (last_only || !msgs_is_damaged(m)) e = msgs_tally(m, f, from, last_only, w, ret);
        else e = count_readable(m, f, from, w, ret);
    } while (e == ERR_OK && damage != m->damage);
    return msgs_answer(w, e, false);
}

uint64_t msgs_damage(const struct msgs *m)
{
    assert(m->ops != NULL);
    return m->damage;
}
