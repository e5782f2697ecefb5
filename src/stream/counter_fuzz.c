/* SPDX-License-Identifier: Apache-2.0 */
/* Any two texts, cut at a line end: a + b is b + a, and (a + b) - b is a, as it is written. TTLs
 * are read too: they are sane. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "stream/counter.h"
#include "stream/ttl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096) return 0;
    struct slice b = slice_of(data, size), a;
    int64_t seconds;
    if (ttl_parse(b, &seconds)) assert(seconds >= TTL_NEVER);
    (void)slice_cut(&b, '\n', &a);
    struct buf sum = { 0 }, mus = { 0 }, back = { 0 }, self = { 0 };
    enum err e = counter_add(a, b, &sum);
    enum err f = counter_add(b, a, &mus);
    assert(e == f);
    if (!e) {
        assert(slice_equal(buf_slice(&sum), buf_slice(&mus)));
        e = counter_subtract(buf_slice(&sum), b, &back);
        f = counter_add(a, SLICE_LIT("0"), &self);
        assert(!e && !f);
        assert(slice_equal(buf_slice(&back), buf_slice(&self)));
    } else {
        assert(counter_check(a) != ERR_OK || counter_check(b) != ERR_OK);
    }
    buf_deinit(&sum);
    buf_deinit(&mus);
    buf_deinit(&back);
    buf_deinit(&self);
    return 0;
}
