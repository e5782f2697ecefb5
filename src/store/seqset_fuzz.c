/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever bytes a set is read from: they are refused, or give a set that keeps its invariants
 * within the limit of memory, and that is the same after it was written and read again.
 *
 * The first byte chooses the limit, the second what is then removed from below. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/units.h"
#include "store/seqset.h"

enum { CHOICES = 2, PART_BYTES = 8192 };

static void assert_equal(const struct seqset *a, const struct seqset *b)
{
    uint64_t first[2], last[2], at = 1, count = 0;
    while (seqset_next_run(a, at, &first[0], &last[0])) {
        assert(seqset_next_run(b, at, &first[1], &last[1]));
        assert(first[0] == first[1] && last[0] == last[1]);
        assert(seqset_has(a, first[0]) && seqset_has(a, last[0]) && !seqset_has(a, last[0] + 1));
        assert(seqset_prev_absent(a, last[0]) == first[0] - 1);
        assert(seqset_count_range(a, first[0], last[0]) == last[0] - first[0] + 1);
        count += last[0] - first[0] + 1;
        at = last[0] + 1;
    }
    assert(!seqset_next_run(b, at, &first[1], &last[1]));
    assert(count == seqset_count(a) && count == seqset_count(b));
}

static void there_and_back(const struct seqset *s)
{
    struct buf out = { 0 }, again = { 0 };
    struct seqset *copy = seqset_new();
    seqset_encode(s, &out);
    assert(seqset_decode(copy, buf_slice(&out), UINT64_MAX) == ERR_OK);
    seqset_check(copy);
    assert_equal(s, copy);
    buf_deinit(&out);
    buf_deinit(&again);
    seqset_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < CHOICES || size > UINT32_MAX) return 0;
    struct seqset *s = seqset_new();
    uint64_t limit = data[0] == 0 ? KIB : data[0] * 16 * KIB, first, last;
    enum err e = seqset_decode(s, slice_of(data + CHOICES, size - CHOICES), limit);
    /* One item may be added before the limit is seen; the table grows by half. */
    assert(seqset_memory(s) <= limit + limit / 2 + (uint64_t)3 * PART_BYTES);
    assert(e == ERR_OK || e == ERR_CORRUPT || e == ERR_LIMIT);
    seqset_check(s);
    if (e == ERR_OK) there_and_back(s);
    for (uint32_t i = 0; i < data[1] && seqset_next_run(s, 1, &first, &last); i++) {
        uint64_t count = seqset_count(s), middle = first + (last - first) / 2;
        assert(seqset_remove_below(s, middle + 1) == middle - first + 1);
        assert(seqset_count(s) == count - (middle - first + 1));
        if (i % 16 == 0) seqset_check(s);
    }
    seqset_check(s);
    seqset_free(s);
    return 0;
}
