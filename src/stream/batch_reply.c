/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/batch_reply.h"

#include "base/assert.h"

static const struct slice suffix = SLICE_INIT(".$FI");

/* What flow is when it is not said. */
enum { FLOW_DEFAULT = 10 };

bool batch_reply_is(struct slice reply)
{
    return reply.len > suffix.len &&
           memcmp(reply.ptr + reply.len - suffix.len, suffix.ptr, suffix.len) == 0;
}

/* Takes the last token off; false: there is no dot in front of it. */
static bool last_token(struct slice *rest, struct slice *ret)
{
    for (uint32_t i = rest->len; i > 0; i--) {
        if (rest->ptr[i - 1] != '.') continue;
        *ret = slice_from(*rest, i);
        *rest = slice_first(*rest, i - 1);
        return true;
    }
    return false;
}

static bool read_operation(struct slice text, enum batch_operation *ret)
{
    uint64_t value;
    if (!slice_to_u64(text, &value) || value > BATCH_PING) return false;
    *ret = (enum batch_operation)value;
    return true;
}

static uint16_t read_flow(struct slice text)
{
    uint64_t value;
    if (!slice_to_u64(text, &value) || value == 0) return FLOW_DEFAULT;
    return value > UINT16_MAX ? UINT16_MAX : (uint16_t)value;
}

/* A batch starts with its first message, and nothing is no batch. */
static bool fits(const struct batch_reply *b)
{
    if (b->number == 0 || b->number == UINT64_MAX) return false;
    if (b->operation == BATCH_START) return b->number == 1;
    if (b->operation == BATCH_APPEND || b->operation == BATCH_COMMIT_END) return b->number > 1;
    return true;
}

bool batch_reply_parse(struct slice reply, struct batch_reply *ret)
{
    assert(batch_reply_is(reply));
    struct slice rest = slice_first(reply, reply.len - suffix.len), text;
    if (!last_token(&rest, &text) || !read_operation(text, &ret->operation)) return false;
    if (!last_token(&rest, &text) || !slice_to_u64(text, &ret->number)) return false;
    if (!fits(ret) || !last_token(&rest, &text)) return false;
    ret->gap_ok = slice_equal_str(text, "ok");
    if (!ret->gap_ok && !slice_equal_str(text, "fail")) return false;
    if (!last_token(&rest, &text)) return false;
    ret->flow = read_flow(text);
    return last_token(&rest, &ret->id);
}
