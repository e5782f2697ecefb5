/* SPDX-License-Identifier: Apache-2.0 */
/* A block that is mostly holes is copied, chunk by chunk, to a new one, which takes its place in
 * the table when it is safe; the old one goes like every block that is forgotten. So does one whose
 * footer is missing, or that has something to erase which cannot be overwritten in place. */
#include "base/alloc.h"
#include "store/msgs_file_internal.h"

static bool is_worth(const struct block *b)
{
    assert(!b->is_copy);
    if (!b->is_complete || b->live == 0 || b->is_unreadable || b->is_stuck) return false;
    uint32_t enough = b->owner->o.block_size / 4 < COMPACT_MIN ? b->owner->o.block_size / 4
                                                               : COMPACT_MIN;
    return b->must_compact || (b->live < b->records / 2 && b->bytes >= enough);
}

static bool pick(struct msgs_file *f)
{
    struct compaction *c = &f->compaction;
    if (c->from != NULL) return true;
    if (!c->is_wanted) return false;
    for (uint32_t i = 0; i < f->blocks_count && c->from == NULL; i++)
        if (is_worth(f->blocks[i])) c->from = f->blocks[i];
    assert(c->to == NULL && c->entry == 0);
    c->is_wanted = c->from != NULL;
    return c->from != NULL;
}

/* ---- copying ---- */

static struct block *target(struct msgs_file *f, uint64_t sequence)
{
    struct compaction *c = &f->compaction;
    if (c->to != NULL) return c->to;
    assert(c->from->is_complete);
    c->to = block_new(f, f->next_number++, sequence);
    c->to->is_copy = c->to->is_open = true;
    block_set_index(c->to, block_index_new(sequence, f->code.seed));
    return c->to;
}

/* As it stands, sound or not: what is damaged stays so, and stays known. NULL: its bytes are not to
 * be had. */
static void copy(struct msgs_file *f, uint32_t entry, const struct chunk *from)
{
    const struct block_index *x = index_of(f->compaction.from);
    const struct block_entry *e = &x->entries[entry];
    struct slice subject = entry_subject(x, entry);
    uint32_t header = (e->subject & ENTRY_HAS_HEADER) != 0;
    const struct stored shape = {
        .sequence = entry_sequence(x, entry),
        .time = e->time,
        .subject = subject,
        .header = { NULL, header },
        .payload = { NULL, e->length - MESSAGE_HEAD - subject.len - header },
    };
    uint64_t before = x->subjects[e->subject & ~ENTRY_HAS_HEADER].before;
    uint8_t *to = block_append(target(f, shape.sequence), &shape, before);
    assert(message_len(&shape) == e->length);
    if (from != NULL) memcpy(to, from->body + e->position, e->length);
    else memset(to, 0, e->length);
}

/* One chunk of it. BUSY: later. */
static enum err copy_chunk(struct msgs_file *f)
{
    assert(f->compaction.from->index != NULL);
    struct compaction *c = &f->compaction;
    const struct block_index *x = index_of(c->from);
    struct chunk *chunk = NULL;
    uint32_t number = block_index_chunk_of(x, c->entry), end = chunk_end(x, number);
    while (c->entry < end && !is_there(f, entry_sequence(x, c->entry))) c->entry++;
    if (c->entry == end) return ERR_OK;
    enum err e = chunk_need(c->from, number, true, &chunk);
    if (e == ERR_BUSY) return e;
    if (e) chunk = NULL;
    if (chunk != NULL) store_cache_hold(f->o.cache, &chunk->cached);
    for (; c->entry < end; c->entry++)
        if (is_there(f, entry_sequence(x, c->entry))) copy(f, c->entry, chunk);
    if (chunk != NULL) store_cache_release(f->o.cache, &chunk->cached);
    return ERR_OK;
}

/* Until there is something to write, or to wait for. True: all is copied. */
static bool copy_some(struct msgs_file *f)
{
    assert(f->compaction.from != NULL);
    struct compaction *c = &f->compaction;
    uint64_t before = c->to == NULL ? 0 : c->to->bytes;
    if (c->to != NULL && !c->to->is_open) return true;
    if (index_need(c->from, true) != ERR_OK) return false;
    struct block *from = c->from;
    store_cache_hold(f->o.cache, &from->index_cached);
    enum err e = ERR_OK;
    while (e == ERR_OK && c->entry < index_of(from)->entries_count) {
        e = copy_chunk(f);
        if (c->to != NULL && c->to->bytes - before >= f->tail_size) break;
    }
    bool is_all = c->entry >= index_of(from)->entries_count;
    store_cache_release(f->o.cache, &from->index_cached);
    if (is_all && c->to != NULL) c->to->is_open = false;
    return is_all;
}

/* ---- the course of it ---- */

static bool pending_bytes(const struct block *b)
{
    return b != NULL && b->bytes - b->written.bytes >= b->owner->tail_size;
}

bool compact_go(struct msgs_file *f)
{
    assert(f->writer.step == WRITE_NOTHING);
    struct compaction *c = &f->compaction;
    if (!pick(f)) return false;
    bool is_all = pending_bytes(c->to) || copy_some(f);
    if (c->to == NULL && is_all) {      /* nothing that is there can be copied */
        c->from->is_stuck = true;
        *c = (struct compaction){ .is_wanted = true };
        return false;
    }
    if (c->to == NULL) {
        if (c->from->is_unreadable) *c = (struct compaction){ .is_wanted = true };
        return false;
    }
    return block_go(f, c->to, pending_bytes(c->to));
}

void compact_safe(struct msgs_file *f, struct block *to)
{
    struct compaction *c = &f->compaction;
    assert(c->to == to && c->from != NULL);
    struct block *from = c->from;
    *c = (struct compaction){ .is_wanted = true };
    block_replace(f, from, to);
    if (f->o.on_changed != NULL) f->o.on_changed(f->o.ctx);
}

void compact_cancel(struct msgs_file *f)
{
    struct compaction *c = &f->compaction;
    struct block *to = c->to;
    assert(c->from != NULL);
    *c = (struct compaction){ 0 };
    if (to != NULL) block_retire(f, to);
}

/* ---- another key ---- */

static bool is_foreign(const struct block *b)
{
    assert(b->owner != NULL);
    return b->key != b->owner->o.seal.key && b->is_created;
}

/* Blocks of before that are forgotten, and whose files are there. */
static bool has_foreign_files(const struct msgs_file *f)
{
    assert(f->forgotten_free <= f->forgotten_count);
    for (uint32_t i = 0; i < f->forgotten_count; i++)
        if (is_foreign(f->forgotten[i])) return true;
    return false;
}

/* The first block of before that can be written anew; NULL: none. Those without messages go. */
static struct block *next_foreign(struct msgs_file *f, bool *ret_is_stuck)
{
    assert(!f->is_failed);
    for (uint32_t i = 0; i < f->blocks_count; i++) {
        struct block *b = f->blocks[i];
        if (!is_foreign(b)) continue;
        assert(b->is_complete); /* one that is not was begun by this start, under the current key */
        if (b->live == 0) {
            block_forget(f, i--);
            if (f->o.on_changed != NULL) f->o.on_changed(f->o.ctx);
        } else if (b->is_stuck || b->is_unreadable) *ret_is_stuck = true;
        else return b;
    }
    return NULL;
}

enum err msgs_file_convert(struct msgs *m)
{
    struct msgs_file *f = file_from(m);
    bool is_stuck = false, was_refused = f->compaction.is_refused;
    assert(f->o.queue != NULL);
    if (f->is_failed) return ERR_CORRUPT;
    if (f->is_stopped) return ERR_BUSY; /* the next start goes on */
    f->compaction.is_refused = false;
    struct block *b = next_foreign(f, &is_stuck);
    if (b != NULL && was_refused) return ERR_LIMIT;
    if (b != NULL) {
        b->must_compact = f->compaction.is_wanted = true;
        writer_go(f);
        return ERR_BUSY;
    }
    if (is_stuck) return ERR_CORRUPT;
    return has_foreign_files(f) ? ERR_EXISTS : ERR_OK;
}
