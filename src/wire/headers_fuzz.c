/* SPDX-License-Identifier: Apache-2.0 */
/* Any block: what is read stands inside it; the three ways to look a name up agree; what was
 * removed is gone and what was not is there; what was set or added is found. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "wire/headers.h"

static const struct slice names[] = {
    { (const uint8_t *)"A", 1 },
    { (const uint8_t *)"Nats-TTL", 8 },
    { (const uint8_t *)"Nats-Expected-Stream", 20 },
    { (const uint8_t *)"Kept", 4 },
};
enum { NAMES = sizeof names / sizeof names[0], REMOVED = 2 };

static const struct header added = { { (const uint8_t *)"Added", 5 },
                                     { (const uint8_t *)"yes", 3 } };

static void assert_inside(struct slice s, struct slice in)
{
    assert(s.ptr >= in.ptr);
    assert(s.ptr + s.len <= in.ptr + in.len);
}

static void look_up(struct slice block, struct slice ret_values[NAMES])
{
    struct header h;
    uint32_t seen = 0, found = 0, before = 0;
    for (uint32_t at = 0; headers_next(block, &at, &h); seen++) {
        assert(at > before);
        before = at;
        assert_inside(h.name, block);
        assert_inside(h.value, block);
    }
    uint32_t count = headers_scan(block, names, NAMES, ret_values);
    for (uint32_t i = 0; i < NAMES; i++) {
        struct slice value;
        if (!headers_find(block, names[i], &value)) {
            assert(ret_values[i].ptr == NULL);
            continue;
        }
        found++;
        assert(ret_values[i].ptr == value.ptr);
        assert(ret_values[i].len == value.len);
    }
    assert(found == count);
    assert(count <= seen);
}

static void change(struct slice block, const struct slice values[NAMES], bool strip)
{
    static const struct slice prefix = { (const uint8_t *)"Nats-Expected-", 14 };
    const struct headers_change c = {
        .strip_status = strip,
        .remove = names,
        .remove_count = REMOVED,
        .prefixes = &prefix,
        .prefixes_count = 1,
        .add = &added,
        .add_count = 1,
    };
    struct buf b = { 0 };
    struct slice value;
    headers_change(block, &c, &b);
    for (uint32_t i = 0; i < NAMES - 1; i++) assert(!headers_find(buf_slice(&b), names[i], &value));
    bool kept = headers_find(buf_slice(&b), names[NAMES - 1], &value);
    assert(kept == (values[NAMES - 1].ptr != NULL));
    bool is_added = headers_find(buf_slice(&b), added.name, &value);
    assert(is_added);
    buf_deinit(&b);
}

static void set(struct slice block)
{
    struct buf b = { 0 };
    struct slice value;
    headers_set(block, &added, &b);
    bool found = headers_find(buf_slice(&b), added.name, &value);
    assert(found);
    assert(slice_equal(value, added.value));
    buf_deinit(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 1 << 20) return 0;
    struct slice block = slice_of(data + 1, size - 1), values[NAMES];
    look_up(block, values);
    change(block, values, data[0] & 1);
    set(block);
    return 0;
}
