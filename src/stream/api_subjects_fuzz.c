/* SPDX-License-Identifier: Apache-2.0 */
/* Any subject: what is a call of the API has its pattern's tokens, names that stand inside and are
 * no wildcards of more than one token, and put together again it is the same call. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/buf.h"
#include "stream/api_subjects.h"

static void assert_inside(struct slice s, struct slice in)
{
    if (s.len > 0) assert(s.ptr >= in.ptr && s.ptr + s.len <= in.ptr + in.len);
}

/* The pattern with what the subject has in the place of its wildcards. */
static void put_together(const struct js_api_call *call, struct buf *out)
{
    struct slice names[] = { call->account, call->stream, call->consumer, call->rest };
    uint32_t next = 0;
    for (const char *p = js_api_pattern(call->verb); *p != '\0'; p++) {
        if (*p != '*' && *p != '>') {
            buf_add_byte(out, (uint8_t)*p);
            continue;
        }
        while (next < ARRAY_COUNT(names) && names[next].len == 0) next++;
        if (next < ARRAY_COUNT(names)) buf_add(out, names[next++]);
    }
    for (; next < ARRAY_COUNT(names); next++) { /* of CONSUMER.CREATE both are in the rest */
        if (names[next].len == 0) continue;
        buf_add_byte(out, '.');
        buf_add(out, names[next]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096) return 0;
    struct slice subject = slice_of(data, size);
    struct js_api_call call;
    struct buf again = { 0 };
    if (!js_api_parse(subject, &call)) return 0;
    assert(call.verb > JS_API_NONE && call.verb < JS_API_COUNT);
    const struct slice names[] = { call.account, call.stream, call.consumer, call.rest };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) assert_inside(names[i], subject);
    assert(slice_find_byte(call.stream, '.') < 0 && slice_find_byte(call.account, '.') < 0);
    put_together(&call, &again);
    assert(slice_equal(buf_slice(&again), subject));
    buf_deinit(&again);
    return 0;
}
