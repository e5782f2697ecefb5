/* SPDX-License-Identifier: Apache-2.0 */
#include "store/checkpoint.h"

#include <stdio.h>

#include "base/alloc.h"
#include "store/checkpoint_internal.h"

void checkpoint_fail(struct checkpoint *c, enum err e, const char *what)
{
    assert(e != ERR_OK);
    assert(what != NULL);
    if (c->is_failed) return;
    c->is_failed = true;
    c->failed_with = e;
    if (c->o.on_failed != NULL) c->o.on_failed(c->o.ctx, e, what);
}

void pair_init(const struct checkpoint *c, struct pair *p, uint32_t number)
{
    assert(number > 0);
    *p = (struct pair){ .number = number };
    for (uint32_t i = 0; i < COPIES; i++) {
        int len = snprintf(p->names[i], sizeof p->names[i], "%s/%08x.%c", c->o.directory, number,
                           (int)('a' + i));
        assert(len > 0 && (size_t)len < sizeof p->names[i]);
    }
}

/* ---- gathering ---- */

void gather_begin(struct gather *g, journal_pos pos)
{
    if (g->cap > KEPT_MAX) gather_deinit(g);
    g->len = 0;
    g->sections = 0;
    g->pos = pos;
    assert(g->cap <= KEPT_MAX);
}

void gather_deinit(struct gather *g)
{
    g->bytes = xfree(g->bytes);
    g->cap = 0;
}

/* Room for a body of `len` bytes, what stands in front of it and what behind. */
static void gather_reserve(struct gather *g, uint64_t len)
{
    assert(len <= UINT32_MAX - (1 << 10)); /* also of one that has outgrown its limit */
    uint64_t need = checkpoint_list_len((uint32_t)len);
    if (need <= g->cap) return;
    uint64_t cap = g->cap > 0 ? g->cap : 4096;
    while (cap < need) cap *= 2;
    if (cap > UINT32_MAX) cap = UINT32_MAX;
    assert(need <= cap);
    g->bytes = xrealloc(g->bytes, cap);
    g->cap = (uint32_t)cap;
}

void checkpoint_begin(struct checkpoint *c, journal_pos pos)
{
    assert(!c->is_read_only);
    assert(c->list_state == LIST_NONE && !c->is_slicing);
    gather_begin(&c->list, pos);
    gather_reserve(&c->list, 0);
    c->list_state = LIST_GATHERS;
}

void checkpoint_expect(struct checkpoint *c, uint64_t bytes)
{
    assert(c->list_state == LIST_GATHERS && !c->is_slicing);
    gather_reserve(&c->list, c->list.len + (bytes < c->o.list_max ? bytes : c->o.list_max));
}

/* It cannot be written whole, so not at all: what is gathered now goes nowhere. */
static void outgrown(struct checkpoint *c, struct gather *g)
{
    assert(c->o.list_max > 0);
    checkpoint_fail(c, ERR_LIMIT, "a list of the checkpoint log is too large");
    g->len = 0;
    g->sections = 0;
}

uint8_t *checkpoint_add(struct checkpoint *c, uint64_t owner, uint32_t kind, uint32_t len)
{
    struct gather *g = c->is_slicing ? &c->slice : &c->list;
    assert(c->is_slicing || c->list_state == LIST_GATHERS);
    if (UNLIKELY((uint64_t)g->len + SECTION_SIZE + len > c->o.list_max)) outgrown(c, g);
    gather_reserve(g, (uint64_t)g->len + SECTION_SIZE + len);
    uint8_t *at = g->bytes + HEAD_SIZE + g->len;
    const struct checkpoint_section s = { owner, kind, { NULL, len } };
    checkpoint_section_encode(&s, at);
    g->len += SECTION_SIZE + len;
    g->sections++;
    return at + SECTION_SIZE;
}

void checkpoint_commit(struct checkpoint *c, void (*done)(void *ctx, enum err), void *ctx)
{
    assert(c->list_state == LIST_GATHERS && !c->is_slicing);
    assert(done != NULL);
    c->done = done;
    c->done_ctx = ctx;
    c->list_state = LIST_WAITS;
    if (c->write.what == NULL) write_list(c);
}

/* ---- what others may know, and the end ---- */

bool checkpoint_is_busy(const struct checkpoint *c)
{
    return c->list_state != LIST_NONE;
}

uint64_t checkpoint_bytes(const struct checkpoint *c)
{
    return c->current.end;
}

uint32_t checkpoint_gathered(const struct checkpoint *c)
{
    const struct gather *g = c->is_slicing ? &c->slice : &c->list;
    assert(c->is_slicing || c->list_state == LIST_GATHERS);
    return g->len;
}

bool checkpoint_is_refused(const struct checkpoint *c)
{
    assert(!c->is_read_only);
    return c->write.is_short;
}

/* ---- a list that waits for space ---- */

bool checkpoint_may_amend(const struct checkpoint *c)
{
    assert(!c->is_read_only);
    return c->write.is_refused && c->write.cut == CUT_NOTHING;
}

void checkpoint_amend(struct checkpoint *c, journal_pos pos,
                      bool (*keeps)(void *ctx, const struct checkpoint_section *), void *ctx)
{
    struct gather *g = &c->list;
    struct checkpoint_section s;
    struct slice body = slice_of(g->bytes + HEAD_SIZE, g->len);
    assert(checkpoint_may_amend(c) && pos >= g->pos);
    write_withdraw(c);
    g->pos = pos;
    g->len = g->sections = 0;
    for (uint32_t at = 0, from = 0; checkpoint_next(body, &at, &s); from = at) {
        if (!keeps(ctx, &s)) continue;
        memmove(g->bytes + HEAD_SIZE + g->len, body.ptr + from, at - from);
        g->len += at - from;
        g->sections++;
    }
    assert(g->len <= body.len);
}

struct checkpoint *checkpoint_close(struct checkpoint *c)
{
    if (c == NULL) return NULL;
    bool is_opening = c->rewrite.state == REWRITE_OPENING || c->rewrite.state == REWRITE_NAMING;
    assert(c->write.what == NULL || c->write.is_refused);
    assert(c->removal.step == REMOVAL_IDLE && (!is_opening || c->is_failed));
    pair_close(c, &c->current);
    pair_close(c, &c->next);
    gather_deinit(&c->list);
    gather_deinit(&c->slice);
    c->write.sealed = xfree(c->write.sealed);
    return xfree(c);
}
