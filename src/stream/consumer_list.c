/* SPDX-License-Identifier: Apache-2.0 */
/* Last_per_subject: which messages are delivered before those that came after the consumer was
 * made. The list is made from the index of subjects when it is needed, and again after a restart:
 * a message that is not the newest of its subject any more is left out then. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "stream/consumer_internal.h"

struct consumer_list {
    uint64_t *at;                       /* ascending */
    uint32_t  count, cap;
    uint64_t  above, end;               /* what may be in it */
};

static bool add(void *ctx, struct slice subject, uint64_t count, uint64_t last)
{
    struct consumer_list *l = ctx;
    (void)subject;
    assert(count > 0);
    if (last <= l->above || last > l->end) return true;
    if (l->count == l->cap) {
        l->cap = l->cap == 0 ? 64 : l->cap * 2;
        l->at = xrealloc(l->at, l->cap * sizeof *l->at);
    }
    l->at[l->count++] = last;
    return true;
}

static int by_value(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    assert(x > 0);
    assert(y > 0);
    return (x > y) - (x < y);
}

struct consumer_list *consumer_list_new(const struct consumer *c)
{
    struct consumer_list *l = xcalloc(1, sizeof *l);
    l->above = c->next - 1;
    l->end = c->list_end;
    assert(c->list_end > 0);
    const struct msgs_filter *filter = &c->setup.filter;
    for (uint32_t i = 0; i < filter->count && l->above < l->end; i++) {
        const struct msgs_filter one = { filter->patterns + i, 1 };     /* they do not overlap */
        msgs_subjects(c->set->stream->msgs, &one, SLICE_LIT(""), add, l);
    }
    if (l->count > 1) qsort(l->at, l->count, sizeof *l->at, by_value);
    assert(l->count == 0 || l->at[l->count - 1] <= l->end);
    return l;
}

struct consumer_list *consumer_list_free(struct consumer_list *l)
{
    if (l == NULL) return NULL;
    assert(l->count <= l->cap);
    xfree(l->at);
    return xfree(l);
}

static uint32_t place_of(const struct consumer_list *l, uint64_t from)
{
    uint32_t low = 0, high = l->count;
    assert(l->count <= l->cap);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (l->at[middle] < from) low = middle + 1;
        else high = middle;
    }
    assert(low == l->count || l->at[low] >= from);
    return low;
}

uint64_t consumer_list_next(const struct consumer_list *l, uint64_t from)
{
    uint32_t at = place_of(l, from);
    assert(at <= l->count);
    return at < l->count ? l->at[at] : 0;
}

bool consumer_list_has(const struct consumer_list *l, uint64_t sequence)
{
    assert(sequence > 0);
    return consumer_list_next(l, sequence) == sequence;
}

uint64_t consumer_list_count(const struct consumer_list *l, struct msgs *msgs, uint64_t from)
{
    uint64_t count = 0;
    assert(msgs != NULL);
    for (uint32_t at = place_of(l, from); at < l->count; at++) count += msgs_has(msgs, l->at[at]);
    assert(count <= l->count);
    return count;
}
