/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a block of stream "T", number 1: reading ends, every byte belongs to a record or to
 * damage, and what was read is read again when it is written without the damage. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "import/nats_block_testing.h"

static bool is_inside(struct slice part, struct slice all)
{
    return part.len == 0 || (part.ptr >= all.ptr && part.ptr + part.len <= all.ptr + all.len);
}

/* Returns how many records there were; they go to `out`. */
static uint32_t walk(struct slice plain, uint32_t *ret_damaged, struct buf *out)
{
    struct nats_block b;
    struct nats_record r;
    struct nats_damage d = { 0 };
    enum nats_block_verdict v;
    uint32_t records = 0, covered = 0;
    *ret_damaged = 0;
    nats_block_init(&b, plain, SLICE_LIT("T"), 1);
    while ((v = nats_block_next(&b, &r, &d)) != NATS_BLOCK_END) {
        if (v == NATS_BLOCK_DAMAGE) {
            assert(d.len > 0 && d.offset == covered);
            *ret_damaged += d.len;
            covered += d.len;
            continue;
        }
        assert(r.size >= NATS_RECORD_MIN && r.size <= NATS_RECORD_MAX);
        assert(is_inside(r.subject, plain) && is_inside(r.header, plain));
        assert(is_inside(r.payload, plain));
        buf_add(out, slice_first(slice_from(plain, covered), r.size));
        covered += r.size;
        records++;
    }
    assert(covered == plain.len);
    return records;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 << 20) return 0;
    struct buf room = { 0 }, whole = { 0 }, again = { 0 };
    struct slice plain;
    uint32_t damaged;
    if (nats_block_plain(slice_of(data, size), &room, &plain) == ERR_OK) {
        uint32_t records = walk(plain, &damaged, &whole);
        uint32_t same = walk(buf_slice(&whole), &damaged, &again);
        assert(records == same && damaged == 0);
        assert(slice_equal(buf_slice(&whole), buf_slice(&again)));
    }
    buf_deinit(&room);
    buf_deinit(&whole);
    buf_deinit(&again);
    return 0;
}
