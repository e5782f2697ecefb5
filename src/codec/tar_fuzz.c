/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes: entries stay within the limits and their content within its size, and an archive reads
 * the same in one piece and in two. The first two bytes say where it is cut, the
 * third whether each block first gets the sum that a header would need. */
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hash.h"
#include "codec/tar.h"

enum { CHOICES = 3, BLOCK = 512, SUM_AT = 148, SUM_LEN = 8 };

static const struct tar_limits limits = {
    .size_max = 4000,
    .entries = 20,
    .name_max = 200,
    .header_max = 2000,
};

struct reading {
    struct tar_reader *reader;
    uint64_t seen; /* all entries and their content, folded */
    uint64_t left; /* of the content */
};

static uint64_t fold(uint64_t seen, struct slice s)
{
    for (uint32_t i = 0; i < s.len; i++) seen = hash_u64(seen ^ s.ptr[i]) + 1;
    return seen;
}

static enum tar_verdict read_on(struct reading *r, struct slice in)
{
    struct tar_entry entry;
    struct slice data;
    enum tar_verdict v;
    while ((v = tar_reader_next(r->reader, &in, &entry, &data)) == TAR_ENTRY || v == TAR_DATA) {
        if (v == TAR_DATA) {
            assert(data.len > 0);
            assert(data.len <= r->left);
            r->left -= data.len;
            r->seen = fold(r->seen, data);
            continue;
        }
        assert(r->left == 0);
        assert(entry.name.len <= limits.name_max);
        if (entry.kind == TAR_FILE) assert(entry.size <= limits.size_max);
        r->left = entry.kind == TAR_FILE ? entry.size : 0;
        r->seen = fold(r->seen ^ entry.size * 8 ^ entry.kind, entry.name);
    }
    if (v == TAR_MORE) assert(in.len == 0);
    return v;
}

static void sums_set(uint8_t *bytes, uint32_t len)
{
    for (; len >= BLOCK; len -= BLOCK, bytes += BLOCK) {
        uint32_t sum = 0, zeros = 0;
        for (int i = 0; i < BLOCK; i++) zeros += bytes[i] == 0;
        if (zeros == BLOCK) continue;
        memset(bytes + SUM_AT, ' ', SUM_LEN);
        for (int i = 0; i < BLOCK; i++) sum += bytes[i];
        for (int i = SUM_LEN - 2; i >= 0; i--, sum /= 8)
            bytes[SUM_AT + i] = (uint8_t)('0' + sum % 8);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < CHOICES || size > 1 << 20) return 0;
    struct slice all = slice_of(data + CHOICES, size - CHOICES);
    uint8_t *copy = xalloc(all.len);
    if (all.len > 0) memcpy(copy, all.ptr, all.len);
    if (data[2] & 1) sums_set(copy, all.len);
    all.ptr = copy;
    uint32_t at = data[0] * 256U + data[1];
    struct reading whole = { .reader = tar_reader_new(&limits) };
    struct reading pieces = { .reader = tar_reader_new(&limits) };
    enum tar_verdict v = read_on(&whole, all);
    (void)read_on(&pieces, slice_first(all, at));
    enum tar_verdict w = read_on(&pieces, slice_from(all, at));
    assert(v == w);
    assert(whole.seen == pieces.seen);
    assert(tar_reader_is_between(whole.reader) == tar_reader_is_between(pieces.reader));
    tar_reader_free(whole.reader);
    tar_reader_free(pieces.reader);
    xfree(copy);
    return 0;
}
