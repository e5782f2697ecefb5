/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever stands in Nats-Stream-Source: what is read stands inside, belongs to the index name that
 * it was written for, and written again it is read the same. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "stream/source_name.h"

static void assert_inside(struct slice s, struct slice in)
{
    if (s.len > 0) assert(s.ptr >= in.ptr && s.ptr + s.len <= in.ptr + in.len);
    assert(slice_find_byte(s, ' ') < 0);
}

static void written_again(const struct source_header *h)
{
    struct buf index = { 0 }, value = { 0 };
    struct source_header again;
    buf_add(&index, h->stream);
    buf_add_byte(&index, ' ');
    buf_add(&index, h->filters);
    buf_add_byte(&index, ' ');
    buf_add(&index, h->destinations);
    assert(source_header_is_of(h, buf_slice(&index)));
    if (h->sequence > 0) {
        source_header_write(buf_slice(&index), h->sequence, h->subject, h->identity, &value);
        bool is_header = source_header_read(buf_slice(&value), &again);
        assert(is_header && again.sequence == h->sequence);
        assert(source_header_is_of(&again, buf_slice(&index)));
        assert(slice_equal(again.subject, h->subject));
        assert(slice_equal(again.identity, h->identity));
    }
    buf_deinit(&index);
    buf_deinit(&value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > UINT16_MAX) return 0;
    struct slice value = slice_of(data, size);
    struct source_header h;
    if (!source_header_read(value, &h)) return 0;
    const struct slice parts[] = { h.stream, h.filters, h.destinations, h.subject, h.identity };
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) assert_inside(parts[i], value);
    written_again(&h);
    return 0;
}
