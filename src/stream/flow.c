/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/flow.h"

#include "base/assert.h"

void flow_init(struct flow *f)
{
    assert(f != NULL);
    static_assert(FLOW_WINDOW_FIRST == 2 << 20, "2 MiB");
    *f = (struct flow){ .window = FLOW_WINDOW_FIRST };
}

bool flow_may_send(const struct flow *f)
{
    assert(f->window >= FLOW_WINDOW_FIRST);
    assert(f->window <= FLOW_WINDOW_MAX);
    return f->unconfirmed <= f->window;
}

bool flow_sent(struct flow *f, uint64_t size, bool is_full)
{
    assert(size > 0);
    assert(f->asked <= f->unconfirmed);
    f->unconfirmed += size;
    if (!f->is_asked) return is_full || f->unconfirmed > f->window / 2;
    /* A client that answers would otherwise find the window used up again at once. */
    if (f->unconfirmed - f->asked >= f->window) f->asked += size;
    return false;
}

bool flow_idle(const struct flow *f, bool has_pending)
{
    assert(f->asked <= f->unconfirmed);
    assert(f->is_asked || f->asked == 0);
    return has_pending && !f->is_asked;
}

void flow_asked(struct flow *f, const uint8_t id[FLOW_ID_LEN])
{
    assert(!f->is_asked);
    assert(f->asked == 0);
    f->is_asked = true;
    f->asked = f->unconfirmed;
    memcpy(f->id, id, FLOW_ID_LEN);
}

bool flow_confirmed(struct flow *f, struct slice id)
{
    assert(f->asked <= f->unconfirmed);
    if (!slice_equal(id, flow_stalled(f)) || !f->is_asked) return false;
    f->window = f->window * 2 < FLOW_WINDOW_MAX ? f->window * 2 : FLOW_WINDOW_MAX;
    f->unconfirmed -= f->asked;
    f->asked = 0;
    f->is_asked = false;
    assert(f->window <= FLOW_WINDOW_MAX);
    return true;
}

struct slice flow_stalled(const struct flow *f)
{
    assert(f->is_asked || f->asked == 0);
    static_assert(sizeof(f->id) == FLOW_ID_LEN, "the whole id");
    return f->is_asked ? slice_of(f->id, FLOW_ID_LEN) : (struct slice){ 0 };
}
