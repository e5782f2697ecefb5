/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the rules. A head that passes keeps them, is found however it is cut, and
 * says the same when it is encoded again; a close body gives a status that may be sent. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "wire/websocket.h"

static void check_frame(const struct ws_frame *f, const struct ws_rules *rules, struct slice in)
{
    uint8_t head[WS_SERVER_HEAD_MAX];
    assert(f->head_len <= WS_HEAD_MAX && f->head_len <= in.len);
    assert(f->payload_len <= INT64_MAX);
    assert(f->masked || rules->unmasked_allowed);
    assert(!f->compressed || rules->compression);
    if (f->opcode >= WS_CLOSE) assert(f->fin && !f->compressed && f->payload_len <= WS_CONTROL_MAX);
    else assert((f->opcode == WS_CONTINUATION) == rules->in_message);
    uint32_t len = ws_frame_encode(head, in.ptr[0], f->payload_len);
    assert(head[0] == in.ptr[0] && len <= f->head_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    struct ws_rules rules = { data[0] & 1, data[0] & 2, data[0] & 4 };
    struct slice in = slice_of(data + 1, size - 1);
    struct ws_frame whole, part;
    const char *why = NULL;
    enum ws_verdict verdict = ws_frame_decode(in, &rules, &whole, &why);
    assert((verdict == WS_BAD) == (why != NULL));
    uint32_t len = 0;
    while (len < in.len && ws_frame_decode(slice_first(in, len), &rules, &part, &why) == WS_MORE)
        len++;
    assert(ws_frame_decode(slice_first(in, len), &rules, &part, &why) == verdict);
    if (verdict == WS_OK) check_frame(&whole, &rules, in);

    char scratch[WS_CLOSE_SCRATCH];
    uint8_t body[WS_CONTROL_MAX];
    struct ws_close close = ws_close_decode(slice_first(in, WS_CONTROL_MAX), scratch);
    assert(ws_close_encode(body, close.reply_status, close.text) <= WS_CONTROL_MAX);
    return 0;
}
