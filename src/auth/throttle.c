/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of four places. A place counts by step of ten seconds; what is older than six steps is
 * wiped when the place is next written, and not counted until then. */
#include "auth/throttle.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hash.h"

enum { WAYS = 4, SETS = THROTTLE_MAX / WAYS, STEPS = 6 };

struct place {
    uint64_t id;                        /* keyed hash of the address; 0: free */
    int64_t  step;                      /* of the newest count */
    uint16_t counts[STEPS];             /* by step modulo STEPS */
};

struct throttle {
    uint64_t       hash_seed;
    struct place (*sets)[WAYS];         /* NULL: nobody has failed yet */
};

struct throttle *throttle_new(uint64_t hash_seed)
{
    struct throttle *t = xcalloc(1, sizeof *t);
    t->hash_seed = hash_seed;
    return t;
}

struct throttle *throttle_free(struct throttle *t)
{
    if (t != NULL) xfree(t->sets);
    return xfree(t);
}

static uint64_t id_of(const struct throttle *t, struct slice address)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    struct slice who = address;
    if (slice_starts(address, slice_of(mapped, sizeof mapped))) who = slice_from(address, 12);
    else if (address.len == 16) who = slice_first(address, 8);
    uint64_t id = hash_bytes(who, t->hash_seed);
    return id == 0 ? 1 : id;
}

static int64_t step_of(nanos now)
{
    assert(now >= 0);
    return now / (10 * SECOND);
}

static uint32_t count_at(const struct place *place, int64_t step)
{
    uint32_t count = 0;
    for (int64_t s = place->step; s > step - STEPS && s > place->step - STEPS && s >= 0; s--)
        count += place->counts[s % STEPS];
    return count;
}

static nanos delay_of(uint32_t count)
{
    if (count <= THROTTLE_FREE) return 0;
    nanos delay = (nanos)(count - THROTTLE_FREE) * THROTTLE_STEP;
    return delay < THROTTLE_DELAY_MAX ? delay : THROTTLE_DELAY_MAX;
}

static void advance(struct place *place, int64_t step)
{
    if (step - place->step >= STEPS) memset(place->counts, 0, sizeof place->counts);
    else
        for (int64_t s = place->step + 1; s <= step; s++) place->counts[s % STEPS] = 0;
    if (step > place->step) place->step = step;
}

static struct place *place_for(struct throttle *t, uint64_t id)
{
    if (t->sets == NULL) t->sets = xcalloc(SETS, sizeof *t->sets);
    struct place *set = t->sets[id % SETS], *quiet = set;
    for (int i = 0; i < WAYS; i++) {
        if (set[i].id == id) return &set[i];
        if (set[i].id == 0 || (quiet->id != 0 && set[i].step < quiet->step)) quiet = &set[i];
    }
    *quiet = (struct place){ .id = id };
    return quiet;
}

nanos throttle_failed(struct throttle *t, struct slice address, nanos now)
{
    int64_t step = step_of(now);
    struct place *place = place_for(t, id_of(t, address));
    advance(place, step);
    uint16_t *count = &place->counts[place->step % STEPS];
    if (*count < UINT16_MAX) (*count)++;
    return delay_of(count_at(place, step));
}

nanos throttle_delay(const struct throttle *t, struct slice address, nanos now)
{
    if (t->sets == NULL) return 0;
    uint64_t id = id_of(t, address);
    const struct place *set = t->sets[id % SETS];
    for (int i = 0; i < WAYS; i++)
        if (set[i].id == id) return delay_of(count_at(&set[i], step_of(now)));
    return 0;
}
