/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/schedules.h"

#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"

struct schedules {
    struct schedules_entry *at; /* by sequence */
    uint32_t                count, cap;
};

struct schedules *schedules_new(void)
{
    return xcalloc(1, sizeof(struct schedules));
}

struct schedules *schedules_free(struct schedules *s)
{
    if (s == NULL) return NULL;
    xfree(s->at);
    return xfree(s);
}

uint32_t schedules_count(const struct schedules *s)
{
    return s->count;
}

void schedules_add(struct schedules *s, uint64_t sequence, nanos due)
{
    assert(sequence > 0);
    assert(s->count == 0 || s->at[s->count - 1].sequence < sequence);
    if (s->count == s->cap) {
        s->cap = s->cap == 0 ? 8 : s->cap * 2;
        s->at = xrealloc(s->at, s->cap * sizeof *s->at);
    }
    s->at[s->count++] = (struct schedules_entry){ sequence, due, 0 };
}

/* The place of a sequence, or where it would be. */
static uint32_t place_of(const struct schedules *s, uint64_t sequence)
{
    uint32_t low = 0, high = s->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (s->at[middle].sequence < sequence) low = middle + 1;
        else high = middle;
    }
    return low;
}

static struct schedules_entry *find(const struct schedules *s, uint64_t sequence)
{
    uint32_t i = place_of(s, sequence);
    return i < s->count && s->at[i].sequence == sequence ? &s->at[i] : NULL;
}

bool schedules_move(struct schedules *s, uint64_t sequence, nanos due)
{
    struct schedules_entry *e = find(s, sequence);
    if (e == NULL) return false;
    e->due = due;
    e->rests = 0;
    return true;
}

void schedules_rest(struct schedules *s, uint64_t sequence, nanos until)
{
    struct schedules_entry *e = find(s, sequence);
    assert(e != NULL && until > 0);
    e->rests = until;
}

void schedules_remove(struct schedules *s, uint64_t sequence)
{
    struct schedules_entry *e = find(s, sequence);
    if (e == NULL) return;
    memmove(e, e + 1, (size_t)(s->at + s->count - e - 1) * sizeof *e);
    s->count--;
}

nanos schedules_next(const struct schedules *s)
{
    nanos next = NANOS_MAX;
    for (uint32_t i = 0; i < s->count; i++) {
        const struct schedules_entry *e = &s->at[i];
        nanos fires = e->rests > e->due ? e->rests : e->due;
        if (fires < next) next = fires;
    }
    return next;
}

bool schedules_at(const struct schedules *s, uint32_t *at, struct schedules_entry *ret)
{
    if (*at >= s->count) return false;
    *ret = s->at[(*at)++];
    return true;
}

void schedules_sweep(struct schedules *s, bool (*is_there)(void *ctx, uint64_t sequence), void *ctx)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < s->count; i++)
        if (is_there(ctx, s->at[i].sequence)) s->at[kept++] = s->at[i];
    s->count = kept;
}

void schedules_check(const struct schedules *s)
{
    assert(s->count <= s->cap);
    for (uint32_t i = 1; i < s->count; i++) assert(s->at[i - 1].sequence < s->at[i].sequence);
}
