/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a log or a checkpoint holds: a body of a consumer's command is refused, or what was read
 * is written again as it was. The first byte chooses the kind. */
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "stream/command_consumer.h"

static void made(struct slice body)
{
    struct consumer_command c;
    if (consumer_command_read(body, &c) != ERR_OK) return;
    uint32_t size = consumer_command_size(&c);
    assert(size == body.len);
    uint8_t *again = xalloc(size);
    consumer_command_write(&c, again);
    assert(memcmp(again, body.ptr, size) == 0);
    xfree(again);
}

static void gone(struct slice body)
{
    uint8_t again[CONSUMER_GONE_SIZE];
    uint64_t id = 0;
    if (consumer_gone_read(body, &id) != ERR_OK) return;
    assert(id != 0);
    consumer_gone_write(id, again);
    assert(slice_equal(body, slice_of(again, sizeof again)));
}

static void progress(struct slice body)
{
    struct buf again = { .ptr = NULL };
    struct slice in = body, commands;
    uint64_t id;
    if (progress_open(&in) != ERR_OK) return;
    progress_begin(&again);
    enum err e;
    while ((e = progress_next(&in, &id, &commands)) == ERR_OK) {
        uint32_t run = progress_run_begin(&again, id);
        buf_add(&again, commands);
        progress_run_end(&again, run);
    }
    assert(e == ERR_CORRUPT || slice_equal(buf_slice(&again), body));
    buf_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > UINT16_MAX) return 0;
    struct slice body = slice_of(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0: made(body); break;
    case 1: gone(body); break;
    default: progress(body); break;
    }
    return 0;
}
