/* SPDX-License-Identifier: Apache-2.0 */
/* Any block of headers: each header that a stream understands is the first of its name, stands
 * inside, and is the one that a search for its name alone finds; the texts in them are read without
 * harm. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "stream/publish_headers.h"
#include "stream/ttl.h"
#include "wire/headers.h"

static void one(struct slice block, enum publish_header id, struct slice value)
{
    struct slice alone = { 0 };
    bool is_there = headers_find(block, publish_header_name(id), &alone);
    assert(is_there == (value.ptr != NULL));
    if (!is_there) return;
    assert(value.ptr >= block.ptr && value.ptr + value.len <= block.ptr + block.len);
    assert(alone.ptr == value.ptr && alone.len == value.len);
    uint64_t sequence = publish_sequence(value);
    assert(sequence <= INT64_MAX || sequence == UINT64_MAX);
    int64_t seconds = 0;
    if (ttl_parse(value, &seconds)) assert(seconds >= TTL_NEVER);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > UINT16_MAX) return 0;
    struct slice block = slice_of(data, size);
    struct publish_headers h;
    uint32_t count = publish_headers_read(block, &h), found = 0;
    (void)publish_has_status(block);
    for (int id = 0; id < PUBLISH_HEADERS; id++) {
        one(block, (enum publish_header)id, h.at[id]);
        found += h.at[id].ptr != NULL;
        if (publish_has(&h, (enum publish_header)id)) assert(h.at[id].len > 0);
    }
    assert(found == count);
    return 0;
}
