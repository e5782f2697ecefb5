/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever stands where a part of a block should be: heads, bodies, messages and indexes are read
 * without a look outside, and an index that is believed holds all of its invariants and is written
 * again to the same bytes.
 *
 * The first byte of the input chooses: bit 0 makes the sums fit, bit 1 takes all behind the head
 * for the body of a footer. */
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "store/block_code.h"
#include "store/block_index.h"

enum { STORE_ID = 0x5eed, INCARNATION = 7, FITS = 1, IS_FOOTER = 2 };

static void make_fit(uint8_t *bytes, uint32_t len, bool is_footer)
{
    static const uint8_t magic[] = { 'M', 'B', 'C', 1 };
    if (len < PART_HEAD) return;
    memcpy(bytes + PART_MAGIC, magic, sizeof magic);
    if (is_footer) bytes[PART_MAGIC + 2] = 'F';
    le_put_u64(bytes + PART_STORE, STORE_ID);
    le_put_u64(bytes + PART_INCARNATION, INCARNATION);
    if (is_footer) {
        le_put_u32(bytes + PART_FLAGS, 0);
        le_put_u32(bytes + PART_PLAIN, len - PART_HEAD);
    }
    le_put_u32(bytes + PART_STORED, len - PART_HEAD);
    part_finish(bytes);
}

static void look_at_index(const struct part_head *h, const uint8_t *plain)
{
    struct block_index *x = NULL;
    if (block_index_decode(h, slice_of(plain, h->plain), 1, &x) != ERR_OK) return;
    block_index_check(x);
    uint32_t len = block_index_encoded_len(x);
    assert(len == h->plain);
    uint8_t *again = xalloc(len);
    block_index_encode(x, again);
    assert(memcmp(again, plain, len) == 0);
    xfree(again);
    for (uint32_t i = 0; i < x->entries_count && i < 64; i++) {
        uint64_t sequence = entry_sequence(x, i);
        assert(block_index_find(x, sequence) == i);
        (void)block_index_next_same(x, entry_subject(x, i), sequence);
        (void)block_index_previous_same(x, entry_subject(x, i), sequence);
        (void)block_index_chunk_of(x, i);
    }
    block_index_free(x);
}

static void look_at_messages(struct slice body)
{
    struct stored m;
    bool erased;
    while (message_decode(body, message_seed(STORE_ID, INCARNATION), &m, &erased)) {
        assert(message_len(&m) <= body.len);
        body = slice_from(body, message_len(&m));
    }
}

/* Makes the sums of messages fit too, as far as their lengths do. */
static void fit_messages(uint8_t *at, uint32_t len)
{
    uint64_t seed = message_seed(STORE_ID, INCARNATION);
    while (len >= MESSAGE_HEAD) {
        uint64_t texts = (uint64_t)le_get_u32(at + MESSAGE_PAYLOAD) +
                         le_get_u32(at + MESSAGE_HEADER) + le_get_u16(at + MESSAGE_SUBJECT);
        if (texts == 0 || texts > len - MESSAGE_HEAD) return;
        if (le_get_u64(at + MESSAGE_SEQUENCE) == 0) le_put_u64(at + MESSAGE_SEQUENCE, 1);
        message_erase(at, seed);
        at += MESSAGE_HEAD + texts;
        len -= MESSAGE_HEAD + (uint32_t)texts;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct journal_seal plain_seal;
    const struct block_code code = { STORE_ID, INCARNATION, 0, &plain_seal };
    const uint8_t *plain = NULL;
    struct part_head h;
    if (size < 1 || size > 1 << 16) return 0;
    uint32_t len = (uint32_t)size - 1;
    uint8_t *bytes = xalloc(len);
    if (len > 0) memcpy(bytes, data + 1, len);
    bool fits = (data[0] & FITS) != 0, is_footer = (data[0] & IS_FOOTER) != 0;
    if (fits && !is_footer && len > PART_HEAD) fit_messages(bytes + PART_HEAD, len - PART_HEAD);
    if (fits) make_fit(bytes, len, is_footer);
    uint32_t block = len < PART_HEAD ? 0 : le_get_u32(bytes + PART_BLOCK);
    uint64_t offset = len < PART_HEAD ? 0 : le_get_u64(bytes + PART_OFFSET);
    enum err e = block_code_unpack(&code, (struct part_place){ block, offset },
                                   slice_of(bytes, len), &h, &plain);
    if (e == ERR_OK && h.kind == PART_FOOTER) look_at_index(&h, plain);
    if (e == ERR_OK && h.kind == PART_CHUNK) look_at_messages(slice_of(plain, h.plain));
    if (e == ERR_OK && plain != bytes + PART_HEAD) xfree((uint8_t *)(uintptr_t)plain);
    xfree(bytes);
    return 0;
}
