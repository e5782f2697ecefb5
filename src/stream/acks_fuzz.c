/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a checkpoint or a log holds: a state is refused or sound, a delta on top of it too; what
 * is accepted is written again as it was read; commands leave a sound state.
 *
 * The first byte chooses the policy, the second the length of the full state; a delta follows up to
 * the length in the third, then commands. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "stream/acks.h"

enum { CHOICES = 3 };

/* What was accepted comes out as a full state that is accepted and comes out the same. */
static void expect_stable(const struct acks *a)
{
    struct buf first = { 0 }, second = { 0 };
    struct acks again;
    acks_check(a);
    acks_init(&again, (enum acks_policy)a->policy, 0);
    acks_encode(a, ACKS_FULL, &first);
    enum err e = acks_decode(&again, buf_slice(&first));
    assert(e == ERR_OK);
    acks_encode(&again, ACKS_FULL, &second);
    assert(slice_equal(buf_slice(&first), buf_slice(&second)));
    acks_deinit(&again);
    buf_deinit(&first);
    buf_deinit(&second);
}

static void load(struct acks *a, struct slice bytes)
{
    enum err e = acks_decode(a, bytes);
    assert(e == ERR_OK || e == ERR_CORRUPT);
    expect_stable(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < CHOICES || size > UINT16_MAX) return 0;
    struct acks a;
    acks_init(&a, (enum acks_policy)(data[0] % 4), 0);
    struct slice rest = slice_of(data + CHOICES, size - CHOICES);
    load(&a, slice_first(rest, data[1]));
    rest = slice_from(rest, data[1]);
    load(&a, slice_first(rest, data[2]));
    rest = slice_from(rest, data[2]);
    struct acks_command c;
    while (acks_command_take(&rest, &c) == ERR_OK) {
        (void)acks_apply(&a, &c, NULL);
        acks_check(&a);
    }
    expect_stable(&a);
    acks_deinit(&a);
    return 0;
}
