/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/publish_headers.h"

#include "base/assert.h"
#include "wire/headers.h"

static const struct slice names[PUBLISH_HEADERS] = {
#define X(id, name) [PUBLISH_##id] = SLICE_INIT(name),
    PUBLISH_HEADER_LIST(X)
#undef X
};

uint32_t publish_headers_read(struct slice block, struct publish_headers *ret)
{
    if (block.len > 0) return headers_scan(block, names, PUBLISH_HEADERS, ret->at);
    memset(ret, 0, sizeof *ret);
    return 0;
}

struct slice publish_header_name(enum publish_header id)
{
    assert(id < PUBLISH_HEADERS);
    return names[id];
}

bool publish_has_status(struct slice block)
{
    enum { VERSION_LEN = 8 };           /* "NATS/1.0" */
    return block.len > VERSION_LEN && block.ptr[VERSION_LEN] != '\r';
}

uint64_t publish_sequence(struct slice text)
{
    uint64_t value;
    if (!slice_to_u64(text, &value) || value > INT64_MAX) return UINT64_MAX;
    return value;
}
