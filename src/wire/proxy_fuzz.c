/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict is the same for the whole and for one byte after the other; a header is never longer
 * than its limit. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "wire/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 2 * PROXY_V2_MAX) return 0;
    struct slice in = slice_of(data, size);
    struct proxy_head whole, part;
    enum proxy_verdict verdict = proxy_parse(in, &whole);
    uint32_t len = 0;
    while (proxy_parse(slice_first(in, len), &part) == PROXY_MORE && len < in.len) len++;
    assert(proxy_parse(slice_first(in, len), &part) == verdict);
    assert(part.known == whole.known && part.port == whole.port && part.consumed == whole.consumed);
    assert(memcmp(part.ip, whole.ip, sizeof part.ip) == 0);
    if (verdict == PROXY_OK) assert(whole.consumed > 0 && whole.consumed <= in.len);
    assert(verdict != PROXY_MORE || in.len < PROXY_V2_MAX);
    assert((verdict == PROXY_BAD) == (whole.why != NULL));
    return 0;
}
