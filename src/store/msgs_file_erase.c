/* SPDX-License-Identifier: Apache-2.0 */
/* A removed message is overwritten where it stands: in memory, or in place in the file, with its
 * subject in the footer when no other message has it. What is compressed or sealed cannot be
 * overwritten in part: its block is compacted, and the old one is filled with zeros when a list has
 * forgotten it. So is a block without any message: what else was in it may have gone since the last
 * list, and a start must be able to read it.
 *
 * What journal and checkpoint log have of it is the store's affair (store_erase.c), which asks for
 * this when a durable list holds the removal: until then a start needs what the message was. */
#include "base/alloc.h"
#include "store/msgs_file_internal.h"

static void erase_end(struct erase *e, enum err result)
{
    assert(e->done != NULL);
    list_remove(&e->node);
    void (*done)(void *ctx, enum err) = e->done;
    void *ctx = e->ctx;
    xfree(e);
    done(ctx, result);
}

void erases_drop(struct msgs_file *f)
{
    struct list *node;
    assert(f->erasing == NULL);
    while ((node = list_pop(&f->erases)) != NULL)
        erase_end(container_of(node, struct erase, node), ERR_CLOSED);
}

/* A start finds the message there, and what removed it in the journal. */
static bool may_be_found(const struct msgs_file *f, uint64_t sequence)
{
    if (is_there(f, sequence) || (sequence < f->first && sequence >= f->first_safe)) return true;
    return seqset_has(f->gone_new, sequence) ||
           (f->gone_said != NULL && seqset_has(f->gone_said, sequence));
}

/* Nobody asks any more for another message with the subject of this one: it need not be known. */
static bool forget_subject(struct msgs_file *f, struct block *b, uint32_t entry)
{
    struct block_index *x = index_of(b);
    uint32_t number = x->entries[entry].subject & ~ENTRY_HAS_HEADER;
    assert(number < x->subjects_count);
    for (uint32_t at = x->subjects[number].first; at != ENTRY_NONE; at = x->entries[at].next)
        if (at != entry && may_be_found(f, entry_sequence(x, at))) return false;
    block_index_erase_subject(x, number);
    return true;
}

/* What a message becomes; made of what the index knows. */
static uint8_t *erased_bytes(struct block *b, uint32_t entry)
{
    const struct block_entry *e = &index_of(b)->entries[entry];
    struct slice subject = entry_subject(index_of(b), entry);
    uint8_t *bytes = xcalloc(1, e->length);
    assert(e->length >= MESSAGE_HEAD + subject.len);
    le_put_u64(bytes + MESSAGE_SEQUENCE, entry_sequence(index_of(b), entry));
    le_put_u64(bytes + MESSAGE_TIME, (uint64_t)e->time);
    le_put_u32(bytes + MESSAGE_PAYLOAD, e->length - MESSAGE_HEAD - subject.len);
    le_put_u16(bytes + MESSAGE_SUBJECT, (uint16_t)subject.len);
    message_erase(bytes, b->owner->code.seed);
    return bytes;
}

static void erase_in_memory(struct block *b, uint32_t entry, const uint8_t *bytes)
{
    const struct block_entry *e = &index_of(b)->entries[entry];
    struct chunk *c = chunk_get(b, block_index_chunk_of(index_of(b), entry));
    if (c == NULL) return;
    assert(c->state != CHUNK_WRITING && e->position + e->length <= c->len);
    memcpy(c->body + e->position, bytes, e->length);
}

static void submit(struct msgs_file *f, enum write_step step, enum disk_kind kind, uint64_t offset,
                   struct disk_span span)
{
    struct writer *w = &f->writer;
    assert(w->block->file != NULL && span.len > 0);
    w->spans[0] = span;
    w->op.file = w->block->file;
    w->op.offset = offset;
    w->op.length = span.len;
    w->op.spans = w->spans;
    w->op.spans_count = kind == DISK_ZERO ? 0 : 1;
    writer_submit(f, step, kind);
}

/* In place. */
static void erase_plain(struct msgs_file *f, struct block *b, struct erase *e, uint32_t entry)
{
    const struct block_entry *at = &index_of(b)->entries[entry];
    const struct block_chunk *c = &index_of(b)->chunks[block_index_chunk_of(index_of(b), entry)];
    uint8_t *bytes = erased_bytes(b, entry);
    erase_in_memory(b, entry, bytes);
    store_cache_hold(f->o.cache, &b->index_cached);
    f->erasing = e;
    f->writer.block = b;
    f->writer.bytes = bytes;
    submit(f, WRITE_ERASE, DISK_WRITE_SYNC, c->offset + PART_HEAD + at->position,
           (struct disk_span){ bytes, at->length });
}

static void erase_footer(struct msgs_file *f, struct block *b)
{
    uint32_t len = block_index_encoded_len(index_of(b));
    struct part_head h = { .kind = PART_FOOTER,
                           .block = b->number,
                           .count = b->records,
                           .first = b->first,
                           .last = b->last,
                           .offset = b->written.end,
                           .plain = len };
    uint8_t *part = xalloc((size_t)PART_HEAD + len);
    block_index_encode(index_of(b), part + PART_HEAD);
    f->writer.bytes = block_code_pack(&f->code, &h, part, false);
    assert(f->writer.bytes == part && PART_HEAD + len == b->written.footer);
    f->writer.block = b;
    submit(f, WRITE_ERASE_FOOTER, DISK_WRITE_SYNC, b->written.end,
           (struct disk_span){ part, PART_HEAD + len });
}

/* A footer that is as long as it would be plain is plain. */
static bool has_plain_footer(struct block *b)
{
    return b->index != NULL && !index_of(b)->has_holes && b->owner->o.seal.close == NULL &&
           b->written.footer == PART_HEAD + block_index_encoded_len(index_of(b));
}

void erase_written(struct msgs_file *f, enum write_step step, enum err result)
{
    struct erase *e = f->erasing;
    struct block *b = f->writer.block;
    assert(e != NULL && b != NULL);
    if (step == WRITE_ERASE && !result && !b->is_gone) {
        uint32_t entry = block_index_find(index_of(b), e->sequence);
        bool is_forgotten = forget_subject(f, b, entry);
        if (is_forgotten && b->written.footer > 0) {
            erase_footer(f, b);
            return;
        }
    }
    store_cache_release(store_cache_files(f->o.cache), &b->file_cached);
    if (step != WRITE_ERASE_ALL) store_cache_release(f->o.cache, &b->index_cached);
    else if (!result) b->is_erased = true;
    f->erasing = NULL;
    if (result && result != ERR_LIMIT) writer_fail(f, result, "a message cannot be erased");
    erase_end(e, result);
}

/* ---- where it stands ---- */

static struct block *find_forgotten(const struct msgs_file *f, uint64_t sequence, uint32_t *ret_i)
{
    for (uint32_t i = f->forgotten_count; i > 0; i--) {
        struct block *b = f->forgotten[i - 1];
        bool holds = b->first <= sequence && sequence <= b->last && b->is_created && !b->is_erased;
        *ret_i = i - 1;
        if (holds && b->written.end > 0) return b;
    }
    return NULL;
}

/* Its file, held; false when that has to be opened first, which has begun or cannot be. */
static bool need_file(struct msgs_file *f, struct block *b)
{
    if (b->is_opening) return false;
    if (b->file == NULL) {
        writer_open(f, b);
        return false;
    }
    store_cache_hold(store_cache_files(f->o.cache), &b->file_cached);
    return true;
}

/* All of a block that is out of the table, when nothing needs it any more. */
static void erase_forgotten(struct msgs_file *f, struct erase *e, struct block *b, uint32_t i)
{
    bool is_needed = i >= f->forgotten_free;
    if (b->is_absent) {
        erase_end(e, ERR_CORRUPT);
        return;
    }
    if (is_needed || b->users > 0 || !need_file(f, b)) return;
    f->erasing = e;
    f->writer.block = b;
    submit(f, WRITE_ERASE_ALL, DISK_ZERO, 0,
           (struct disk_span){ NULL, b->written.end + b->written.footer });
}

/* What is sealed or compressed is copied without it; where nothing is to be copied all of it
 * goes. */
static void want_compaction(struct msgs_file *f, struct block *b)
{
    bool is_new = !b->must_compact;
    assert(!b->is_gone && !b->is_copy);
    b->must_compact = f->compaction.is_wanted = true;
    if (!is_new) return;
    f->is_asked_again = true;
    if (!b->is_open) return;
    block_close(f);
    if (b->live == 0) block_forget(f, f->blocks_count - 1);
}

/* Of a message in a block of the table. May end `e`. */
static void erase_in_block(struct msgs_file *f, struct erase *e, struct block *b)
{
    enum err got = index_need(b, true);
    if (got == ERR_BUSY) return;
    uint32_t entry = got ? ENTRY_NONE : block_index_find(index_of(b), e->sequence);
    if (entry == ENTRY_NONE) {
        erase_end(e, got);              /* not in it: it was compacted away */
        return;
    }
    uint32_t number = block_index_chunk_of(index_of(b), entry);
    if (number >= b->written.chunks && !b->is_complete) {
        uint8_t *bytes = erased_bytes(b, entry);
        erase_in_memory(b, entry, bytes);
        xfree(bytes);
        (void)forget_subject(f, b, entry);
        erase_end(e, ERR_OK);
        return;
    }
    bool is_plain = index_of(b)->chunks[number].flags == 0;
    bool is_footer_plain = b->written.footer == 0 || has_plain_footer(b);
    if (b->is_absent || b->is_stuck) erase_end(e, ERR_CORRUPT);
    else if (!is_plain || !is_footer_plain) want_compaction(f, b);
    else if (need_file(f, b)) erase_plain(f, b, e, entry);
}

bool erase_go(struct msgs_file *f)
{
    LIST_EACH(&f->erases, node) {
        struct erase *e = container_of(node, struct erase, node);
        uint32_t i;
        struct block *b = find_forgotten(f, e->sequence, &i);
        if (b != NULL) erase_forgotten(f, e, b, i);
        else if ((b = block_of(f, e->sequence)) != NULL) erase_in_block(f, e, b);
        else erase_end(e, ERR_OK);
        if (f->writer.step != WRITE_NOTHING) return true;
    }
    return false;
}

void file_erase(struct msgs *base, uint64_t sequence, void (*done)(void *ctx, enum err), void *ctx)
{
    struct msgs_file *f = file_from(base);
    assert(!is_there(f, sequence));
    if (f->is_failed) {
        done(ctx, ERR_IO);
        return;
    }
    struct erase *e = xalloc(sizeof *e);
    *e = (struct erase){ .sequence = sequence, .done = done, .ctx = ctx };
    list_add_tail(&f->erases, &e->node);
    pin_chunk(f, NULL);
    writer_go(f);
}

bool msgs_file_is_urgent(const struct msgs *m)
{
    const struct msgs_file *f = file_from_const(m);
    uint32_t i;
    if (f->forgotten_said == f->forgotten_count) return false;
    LIST_EACH(&f->erases, node) {
        const struct erase *e = container_of(node, const struct erase, node);
        const struct block *b = find_forgotten(f, e->sequence, &i);
        if (b != NULL && i >= f->forgotten_said) return true;
    }
    return false;
}
