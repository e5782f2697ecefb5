/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever arrives: one verdict however it is cut, all slices inside the input, and the look-ups
 * stay there too. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "wire/http.h"

static void assert_inside(struct slice s, struct slice in)
{
    if (s.len > 0) assert(s.ptr >= in.ptr && s.ptr + s.len <= in.ptr + in.len);
}

static void look_up(const struct http_head *head, struct slice in)
{
    struct slice value;
    assert_inside(head->method, in);
    assert_inside(head->path, in);
    assert_inside(head->host, in);
    for (uint32_t i = 0; i < head->headers_count; i++) {
        assert_inside(head->headers[i].name, in);
        assert_inside(head->headers[i].value, in);
    }
    (void)http_has_token(head, "Upgrade", "websocket", false);
    (void)http_has_token(head, "Sec-WebSocket-Extensions", "permessage-deflate", true);
    if (http_cookie(head, SLICE_LIT("jwt"), &value)) assert_inside(value, in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_head whole, part;
    if (size > HTTP_HEAD_MAX + 64) return 0;
    struct slice in = slice_of(data, size);
    enum http_verdict verdict = http_parse(in, &whole);
    if (verdict == HTTP_OK) look_up(&whole, in);

    uint32_t step = in.len / 256 + 1, len = 0;
    while (len < in.len && http_parse(slice_first(in, len), &part) == HTTP_MORE) len += step;
    assert(http_parse(slice_first(in, len), &part) == verdict);
    assert(part.consumed == whole.consumed);
    return 0;
}
