/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in blocks and nobody asks for rots unseen: it is read now and then, chunk after chunk,
 * and what comes is looked at as what somebody asked for. It does not stay in memory. */
#include "store/msgs_file_internal.h"

enum { LOOKS = 64 }; /* at what is in memory anyway, in one call */

/* The block in which the pass goes on; NULL: it is over. */
static struct block *next_block(const struct msgs_file *f)
{
    uint64_t at = f->scrub_at > 0 ? f->scrub_at : 1;
    uint32_t i = table_find(f, at);
    if (i == UINT32_MAX) i = 0;
    while (i < f->blocks_count && f->blocks[i]->last < at) i++;
    if (i == f->blocks_count || !f->blocks[i]->is_complete) return NULL;
    assert(f->blocks[i]->last >= at);
    return f->blocks[i];
}

/* What the last call has brought, unless somebody wants it. */
static void forget_last(struct msgs_file *f)
{
    struct block *b = f->scrubbed > 0 ? block_of(f, f->scrubbed) : NULL;
    uint64_t sequence = f->scrubbed;
    f->scrubbed = 0;
    if (b == NULL || b->index == NULL || !b->is_complete) return;
    uint32_t entry = block_index_find(index_of(b), sequence);
    if (entry == ENTRY_NONE) return; /* the block is another one by now */
    struct chunk *c = chunk_get(b, block_index_chunk_of(index_of(b), entry));
    bool is_free = c != NULL && c->state == CHUNK_SAFE && c->cached.holds == 0;
    if (is_free && c != f->pin_chunk) (void)chunk_free(c);
    assert(f->scrubbed == 0);
}

/* The next chunk of the block, whose index is there. 0: it was in memory. */
static uint32_t scrub_chunk(struct msgs_file *f, struct block *b)
{
    struct block_index *x = index_of(b);
    struct chunk *c = NULL;
    uint32_t entry = block_index_from(x, f->scrub_at);
    assert(b->is_complete);
    if (entry == x->entries_count) {
        f->scrub_at = b->last + 1;
        return 0;
    }
    uint32_t number = block_index_chunk_of(x, entry);
    uint32_t len = PART_HEAD + x->chunks[number].stored;
    bool is_here = chunk_get(b, number) != NULL;
    f->scrub_at = entry_sequence(x, chunk_end(x, number) - 1) + 1;
    if (is_here) return 0;
    f->scrubbed = entry_sequence(x, x->chunks[number].first_entry);
    enum err e = chunk_need(b, number, true, &c);
    assert(e != ERR_INVALID); /* there, being read, or listed as lost */
    return len;
}

uint32_t msgs_file_scrub(struct msgs *m)
{
    struct msgs_file *f = file_from(m);
    struct block *b;
    assert(f->o.queue != NULL);
    forget_last(f);
    for (uint32_t i = 0; i < LOOKS && (b = next_block(f)) != NULL; i++) {
        if (b->first > f->scrub_at) f->scrub_at = b->first;
        enum err e = index_need(b, true);
        if (e == ERR_BUSY) return PART_HEAD + b->written.footer;
        uint32_t len = 0;
        if (e) f->scrub_at = b->last + 1; /* all of it is listed as lost */
        else len = scrub_chunk(f, b);
        if (len > 0) return len;
    }
    if (next_block(f) != NULL) return 1;
    f->scrub_at = 0;
    return 0;
}
