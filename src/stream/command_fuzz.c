/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a log holds: a body of a stream's command is refused, or what was read is written again
 * as it was. The first byte chooses the kind. */
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "stream/command.h"

static void expect_same(struct slice body, uint8_t *again, uint32_t size)
{
    assert(slice_equal(body, slice_of(again, size)));
    xfree(again);
}

static void store(struct slice body)
{
    struct store_command c;
    if (store_command_read(body, &c) != ERR_OK) return;
    uint32_t size = store_command_size(&c);
    uint8_t *again = xalloc(size);
    store_command_write(&c, again);
    expect_same(body, again, size);
}

static void store_many(struct slice body)
{
    uint32_t count, at = 0, offset = STORE_MANY_HEAD;
    struct store_command c;
    if (store_many_check(body, &count) != ERR_OK) return;
    uint8_t *again = xalloc(body.len);
    store_many_begin(again, count);
    for (; store_many_next(body, &at, &c); count--)
        store_command_write(&c, store_many_add(again, &offset, store_command_size(&c)));
    assert(count == 0);
    expect_same(body, again, offset);
}

static void skip(struct slice body)
{
    struct skip_command c;
    if (skip_command_read(body, &c) != ERR_OK) return;
    uint8_t *again = xalloc(SKIP_SIZE);
    skip_command_write(&c, again);
    expect_same(body, again, SKIP_SIZE);
}

static void removal(struct slice body)
{
    struct remove_command c;
    if (remove_command_read(body, &c) != ERR_OK) return;
    uint32_t size = remove_command_size(c.count);
    uint8_t *again = xalloc(size);
    remove_command_begin(again, c.flags, c.count);
    for (uint32_t i = 0; i < c.count; i++) remove_command_set(again, i, remove_command_get(&c, i));
    expect_same(body, again, size);
}

static void compact(struct slice body)
{
    uint64_t first;
    if (compact_command_read(body, &first) != ERR_OK) return;
    uint8_t *again = xalloc(COMPACT_SIZE);
    compact_command_write(first, again);
    expect_same(body, again, COMPACT_SIZE);
}

static void purge(struct slice body)
{
    struct purge_command c;
    if (purge_command_read(body, &c) != ERR_OK) return;
    uint32_t size = purge_command_size(&c);
    uint8_t *again = xalloc(size);
    purge_command_write(&c, again);
    expect_same(body, again, size);
}

static void config(struct slice body)
{
    struct config_command c;
    if (config_command_read(body, &c) != ERR_OK) return;
    uint32_t size = config_command_size(&c);
    uint8_t *again = xalloc(size);
    config_command_write(&c, again);
    expect_same(body, again, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const kinds[])(struct slice) = { store, store_many, skip, removal,
                                                   compact, purge, config };
    if (size < 1 || size > 2U * UINT16_MAX) return 0;
    kinds[data[0] % ARRAY_COUNT(kinds)](slice_of(data + 1, size - 1));
    return 0;
}
