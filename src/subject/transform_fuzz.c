/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever source, destination and subject there are: they are refused with a reason, or what comes
 * out is no longer than it may be, is the same each time, and is not empty where nothing was.
 *
 * The input is the three, with a line feed between. */
#include "base/assert.h"
#include "subject/subject.h"
#include "subject/transform.h"

enum { INPUT_MAX = 1 << 16 };

static void apply(const struct transform *t, struct slice subject, struct buf *out)
{
    struct rng rng;
    rng_init(&rng, 3);
    transform_apply(t, subject, &rng, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_MAX) return 0;
    struct slice rest = slice_of(data, size), source, destination;
    (void)slice_cut(&rest, '\n', &source);
    (void)slice_cut(&rest, '\n', &destination);
    struct errmsg why = { "" };
    struct transform *t = NULL;
    if (transform_check_import(source, destination, &why)) assert(why.text[0] != 0);
    if (destination.len == 0) return 0;
    why.text[0] = 0;
    if (transform_new(source, destination, &t, &why)) {
        assert(t == NULL && why.text[0] != 0);
        return 0;
    }
    struct buf out = { 0 }, again = { 0 };
    (void)transform_matches(t, rest);
    apply(t, rest, &out);
    apply(t, rest, &again);
    assert(slice_equal(buf_slice(&out), buf_slice(&again)));
    /* A piece makes at most two bytes of each of the subject's, or a number. */
    uint64_t pieces = subject_token_count(destination);
    assert(out.len <= destination.len + pieces * (2 * (uint64_t)rest.len + 12));
    buf_deinit(&out);
    buf_deinit(&again);
    transform_free(t);
    return 0;
}
