/* SPDX-License-Identifier: Apache-2.0 */
/* Any reply subject: what is parsed stands inside, keeps the rules of a batch, and written again it
 * is read the same. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/buf.h"
#include "stream/batch_reply.h"

static void written_again(const struct batch_reply *b)
{
    struct buf subject = { 0 };
    struct batch_reply again;
    buf_add_str(&subject, "x.");
    buf_add(&subject, b->id);
    buf_printf(&subject, ".%u.%s.%llu.%d.$FI", (unsigned)b->flow, b->gap_ok ? "ok" : "fail",
               (unsigned long long)b->number, (int)b->operation);
    assert(batch_reply_is(buf_slice(&subject)));
    bool is_reply = batch_reply_parse(buf_slice(&subject), &again);
    assert(is_reply && slice_equal(again.id, b->id));
    assert(again.flow == b->flow && again.gap_ok == b->gap_ok);
    assert(again.number == b->number && again.operation == b->operation);
    buf_deinit(&subject);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096) return 0;
    struct slice subject = slice_of(data, size);
    struct batch_reply b;
    if (!batch_reply_is(subject) || !batch_reply_parse(subject, &b)) return 0;
    assert(b.id.ptr >= data && b.id.ptr + b.id.len <= data + size);
    assert(slice_find_byte(b.id, '.') < 0);
    assert(b.flow > 0 && b.number > 0 && b.operation <= BATCH_PING);
    assert(b.operation != BATCH_START || b.number == 1);
    written_again(&b);
    return 0;
}
