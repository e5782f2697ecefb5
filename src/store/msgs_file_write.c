/* SPDX-License-Identifier: Apache-2.0 */
/* One operation of a stream is in flight at a time, and what is most urgent is chosen when the one
 * before has come home: blocks in their order, each wholly before the next one, so that what is
 * safe is always the beginning; then what is to be erased, removed, compacted. */
#include "base/alloc.h"
#include "store/msgs_file_internal.h"

enum { WRITE_BYTES = 1 << 20 };

/* ---- failures ---- */

void writer_fail(struct msgs_file *f, enum err e, const char *what)
{
    assert(e != ERR_OK && e != ERR_LIMIT);
    if (f->is_failed) return;
    f->is_failed = true;
    if (e != ERR_CLOSED && f->o.on_failed != NULL) f->o.on_failed(f->o.ctx, e, what);
}

static void tell_refused(struct msgs_file *f, bool is_refused)
{
    assert(f->o.cache != NULL);
    if (f->is_refusal_told == is_refused) return;
    f->is_refusal_told = is_refused;
    store_cache_refused(f->o.cache, is_refused);
}

/* A compaction that finds no space is given up; the messages are where they were. */
static void failed(struct msgs_file *f, const struct block *b, enum err e)
{
    assert(e != ERR_OK);
    if (e != ERR_LIMIT) writer_fail(f, e, "a block of messages cannot be written");
    else if (b != NULL && b == f->compaction.to) {
        compact_cancel(f);
        f->compaction.is_refused = true;
    } else {
        f->is_refused = true;
        tell_refused(f, true);
    }
}

/* ---- operations ---- */

void writer_submit(struct msgs_file *f, enum write_step step, enum disk_kind kind)
{
    struct writer *w = &f->writer;
    assert(w->step == WRITE_NOTHING && step != WRITE_NOTHING);
    w->step = step;
    w->op.kind = kind;
    if (w->block != NULL) w->block->users++;
    disk_submit(f->o.queue, &w->op);
}

static void submit_name(struct msgs_file *f, enum write_step step, enum disk_kind kind,
                        const char *name)
{
    assert(name != NULL);
    f->writer.op.name = name;
    writer_submit(f, step, kind);
}

void writer_open(struct msgs_file *f, struct block *b)
{
    struct writer *w = &f->writer;
    assert(b->file == NULL);
    w->block = b;
    block_name(b, w->name);
    w->op.mode = b->is_created ? DISK_OPEN_WRITE : DISK_OPEN_CREATE;
    submit_name(f, WRITE_OPEN, DISK_OPEN, w->name);
}

/* ---- chunks ---- */

static bool is_pending(struct block *b)
{
    assert(b->index != NULL);
    return b->written.chunks < index_of(b)->chunks_count;
}

/* The last chunk of the open block waits for more, unless it is asked for or all there is. */
static bool may_write(const struct msgs_file *f, struct block *b, uint32_t number, uint32_t taken)
{
    assert(number < index_of(b)->chunks_count);
    if (!b->is_open || b->is_copy || number + 1 < index_of(b)->chunks_count) return true;
    if (taken == 0 && f->unwritten >= f->tail_size) return true;
    return f->on_flushed != NULL &&
           entry_sequence(index_of(b), index_of(b)->chunks[number].first_entry) <= f->flush_to;
}

static struct disk_span pack(struct block *b, struct chunk *c, uint64_t offset)
{
    struct block_index *x = index_of(b);
    struct block_chunk *at = &x->chunks[c->number];
    uint32_t last = chunk_end(x, c->number) - 1;
    assert(c->state == CHUNK_OPEN && c->len == at->plain);
    struct part_head h = {
        .kind = PART_CHUNK,
        .block = b->number,
        .count = last + 1 - at->first_entry,
        .first = entry_sequence(x, at->first_entry),
        .last = entry_sequence(x, last),
        .offset = offset,
        .plain = c->len,
    };
    uint8_t *out = block_code_pack(&b->owner->code, &h, c->memory, b->owner->o.is_compressed);
    c->packed = out == c->memory ? NULL : out;
    c->state = CHUNK_WRITING;
    at->offset = offset;
    at->stored = h.stored;
    at->flags = h.flags;
    return (struct disk_span){ out, (size_t)PART_HEAD + h.stored };
}

/* `syncs`: if nothing of the block is left to be written behind it, all of it is made safe. */
static void write_chunks(struct msgs_file *f, struct block *b, bool syncs)
{
    assert(b->file != NULL);
    struct writer *w = &f->writer;
    uint32_t number = b->written.chunks;
    uint64_t bytes = 0;
    w->block = b;
    w->chunks = 0;
    w->reach = b->written;
    while (number < index_of(b)->chunks_count && w->chunks < WRITE_CHUNKS && bytes < WRITE_BYTES &&
           may_write(f, b, number, w->chunks)) {
        struct chunk *c = chunk_get(b, number++);
        struct disk_span s = pack(b, c, w->reach.end);
        w->spans[w->chunks++] = s;
        w->reach.end += s.len;
        w->reach.bytes += c->len;
        bytes += s.len;
    }
    assert(w->chunks > 0);
    bool is_last = number == index_of(b)->chunks_count || !may_write(f, b, number, w->chunks);
    w->reach.chunks = number;
    w->reach.records = chunk_end(index_of(b), number - 1);
    w->reach.last = entry_sequence(index_of(b), w->reach.records - 1);
    w->op.file = b->file;
    w->op.offset = b->written.end;
    w->op.spans = w->spans;
    w->op.spans_count = w->chunks;
    writer_submit(f, WRITE_CHUNKS_OUT, syncs && is_last ? DISK_WRITE_SYNC : DISK_WRITE);
}

static void chunks_written(struct msgs_file *f, struct block *b, enum err e)
{
    assert(f->writer.reach.chunks > b->written.chunks);
    const struct writer *w = &f->writer;
    for (uint32_t i = b->written.chunks; i < w->reach.chunks; i++) {
        struct chunk *c = chunk_get(b, i);
        assert(c->state == CHUNK_WRITING);
        c->packed = xfree(c->packed);
        c->state = e ? CHUNK_OPEN : CHUNK_WRITTEN;
        if (!e && !b->is_gone && !b->is_copy) f->unwritten -= c->len;
    }
    if (!e) b->written = w->reach;
}

/* ---- footers ---- */

static void write_footer(struct msgs_file *f, struct block *b)
{
    struct writer *w = &f->writer;
    uint32_t len = block_index_encoded_len(index_of(b));
    assert(!b->is_open && b->written.footer == 0);
    struct part_head h = {
        .kind = PART_FOOTER,
        .block = b->number,
        .count = b->records,
        .first = b->first,
        .last = b->last,
        .offset = b->written.end,
        .plain = len,
    };
    uint8_t *part = xalloc((size_t)PART_HEAD + len);
    block_index_encode(index_of(b), part + PART_HEAD);
    w->bytes = block_code_pack(&f->code, &h, part, f->o.is_compressed);
    if (w->bytes != part) xfree(part);
    w->block = b;
    w->reach = b->written;
    w->reach.footer = PART_HEAD + h.stored;
    w->spans[0] = (struct disk_span){ w->bytes, w->reach.footer };
    w->op.file = b->file;
    w->op.offset = b->written.end;
    w->op.spans = w->spans;
    w->op.spans_count = 1;
    writer_submit(f, WRITE_FOOTER, DISK_WRITE_SYNC); /* nothing comes behind it */
}

/* ---- safety ---- */

static void sync_block(struct msgs_file *f, struct block *b)
{
    assert(b->file != NULL);
    f->writer.block = b;
    f->writer.reach = b->written;
    f->writer.op.file = b->file;
    writer_submit(f, WRITE_SYNC, DISK_SYNC);
}

static void complete(struct msgs_file *f, struct block *b)
{
    assert(b->safe.footer > 0 && !b->is_complete);
    b->is_complete = true;
    if (b->is_copy) compact_safe(f, b);
    store_cache_release(f->o.cache, &b->index_cached);
    store_cache_release(store_cache_files(f->o.cache), &b->file_cached);
}

/* The names of the file and of its directory are safe too: what was synced may leave memory, and be
 * named. */
static void reach_safe(struct msgs_file *f, struct block *b)
{
    uint32_t from = b->safe.chunks;
    assert(b->is_name_safe && f->writer.is_dir_safe);
    b->safe = f->writer.reach;
    b->is_dirty = f->is_changed = true;
    for (uint32_t i = from; i < b->safe.chunks; i++) {
        struct chunk *c = chunk_get(b, i);
        assert(c->state == CHUNK_WRITTEN);
        c->state = CHUNK_SAFE;
        if (!b->is_copy) f->unsafe -= c->len;
        store_cache_release(f->o.cache, &c->cached);
    }
    if (b->safe.footer > 0) complete(f, b);
}

/* What has to be synced behind the file itself. False: nothing. */
static bool sync_names(struct msgs_file *f, struct block *b)
{
    assert(!b->is_gone);
    struct writer *w = &f->writer;
    w->block = b;
    if (!b->is_name_safe) submit_name(f, WRITE_SYNC_NAME, DISK_SYNC_DIR, f->directory);
    else if (!w->is_dir_safe) submit_name(f, WRITE_SYNC_DIR, DISK_SYNC_DIR, "streams");
    else return false;
    return true;
}

/* ---- what is next ---- */

/* There may be space for what makes files longer. */
static bool may_grow(const struct msgs_file *f)
{
    assert(f->o.cache != NULL);
    return !f->is_refused && !store_cache_is_sparing(f->o.cache);
}

/* True: something of this block is in flight now. Without space what is written is made safe all
 * the same, so that no list has to carry it. */
bool block_go(struct msgs_file *f, struct block *b, bool is_wanted)
{
    struct writer *w = &f->writer;
    bool is_closed = !b->is_open, grows = may_grow(f);
    assert(!b->is_complete && !b->is_gone);
    bool writes = grows && is_pending(b) && may_write(f, b, b->written.chunks, 0) &&
                  (is_wanted || is_closed || f->unwritten >= f->tail_size);
    bool ends = grows && is_closed && !is_pending(b) && b->written.footer == 0;
    bool syncs = (is_closed && b->written.footer > b->safe.footer) ||
                 (is_wanted && b->written.end > b->safe.end);
    if (!writes && !ends && !syncs) return false;
    if (!w->is_dir_made) submit_name(f, WRITE_MAKE_DIR, DISK_MAKE_DIR, f->directory);
    else if (b->file == NULL) writer_open(f, b);
    else if (writes) write_chunks(f, b, is_wanted && !is_closed);
    else if (ends) write_footer(f, b);
    else sync_block(f, b);
    return true;
}

/* Blocks that are not complete are the last ones of the table. */
static bool blocks_go(struct msgs_file *f)
{
    assert(f->writer.step == WRITE_NOTHING);
    uint32_t i = f->blocks_count;
    while (i > 0 && !f->blocks[i - 1]->is_complete) i--;
    for (; i < f->blocks_count; i++) {
        struct block *b = f->blocks[i];
        bool is_wanted = f->on_flushed != NULL && b->first <= f->flush_to;
        if (block_go(f, b, is_wanted)) return true;
    }
    return false;
}

static void flush_end(struct msgs_file *f)
{
    void (*done)(void *ctx, enum err) = f->on_flushed;
    if (done == NULL) return;
    f->on_flushed = NULL;
    done(f->flush_ctx, f->is_failed ? ERR_IO : may_grow(f) ? ERR_OK : ERR_LIMIT);
}

static void choose(struct msgs_file *f)
{
    assert(f->writer.step == WRITE_NOTHING);
    f->writer.block = NULL;
    bool may_write_now = !f->is_failed && may_grow(f);
    bool is_asked = !f->is_stopped || f->on_flushed != NULL;
    if (!f->is_failed && is_asked && blocks_go(f)) return;
    if (may_write_now && f->is_refusal_told) tell_refused(f, false); /* all is written */
    flush_end(f);
    if (!f->is_failed && !f->is_held_up && erase_go(f)) return;
    if (remove_go(f)) return;
    if (may_write_now && !f->is_stopped && !f->is_held_up) (void)compact_go(f);
}

/* What is called back in between may ask for more. */
void writer_go(struct msgs_file *f)
{
    f->is_asked_again = true;
    if (f->o.queue == NULL || f->is_choosing || f->is_starting) return;
    f->is_choosing = true;
    while (f->writer.step == WRITE_NOTHING && f->is_asked_again) {
        f->is_asked_again = false;
        choose(f);
    }
    f->is_choosing = false;
}

/* ---- what has come home ---- */

static void on_opened(struct msgs_file *f, struct block *b)
{
    assert(b != NULL);
    const struct disk_op *op = &f->writer.op;
    bool was_created = b->is_created;
    if (op->result == ERR_EXISTS) {     /* left by somebody: it is not touched */
        b->number = f->next_number++;
        return;
    }
    if (op->result && b->is_complete && op->result != ERR_LIMIT) {
        b->is_absent = true;            /* what it held is found damaged when it is read */
        return;
    }
    if (op->result) {
        failed(f, b, op->result);
        return;
    }
    b->is_created = true;
    block_set_file(b, op->file);
    if (was_created) store_cache_release(store_cache_files(f->o.cache), &b->file_cached);
}

static void on_synced(struct msgs_file *f, struct block *b, enum write_step step, enum err e)
{
    assert(b != NULL);
    if (e) {
        failed(f, b, e == ERR_LIMIT ? ERR_IO : e); /* a sync that failed is not tried again */
        return;
    }
    if (step == WRITE_SYNC_NAME) b->is_name_safe = true;
    if (step == WRITE_SYNC_DIR) f->writer.is_dir_safe = true;
    if (!b->is_gone && !sync_names(f, b)) reach_safe(f, b);
}

/* Chunks or a footer. What was written wholly all the same, its sync has failed. */
static void on_put(struct msgs_file *f, struct block *b, enum write_step step)
{
    struct writer *w = &f->writer;
    const struct block_reach *to = &w->reach, *from = &b->written;
    uint64_t len = to->end + to->footer - from->end - from->footer;
    bool syncs = w->op.kind == DISK_WRITE_SYNC;
    enum err e = syncs && w->op.moved == len ? ERR_OK : w->op.result;
    assert(len > 0);
    if (step == WRITE_CHUNKS_OUT) chunks_written(f, b, e);
    else if (!e) b->written = w->reach;
    if (e) failed(f, b, e);
    else if (syncs) on_synced(f, b, WRITE_SYNC, w->op.result);
}

static void on_step(struct msgs_file *f, struct block *b, enum write_step step, enum err e)
{
    struct writer *w = &f->writer;
    switch (step) {
    case WRITE_MAKE_DIR:
        if (e) failed(f, b, e);
        else w->is_dir_made = true;
        break;
    case WRITE_OPEN: on_opened(f, b); break;
    case WRITE_CHUNKS_OUT:
    case WRITE_FOOTER: on_put(f, b, step); break;
    case WRITE_SYNC:
    case WRITE_SYNC_NAME:
    case WRITE_SYNC_DIR: on_synced(f, b, step, e); break;
    case WRITE_ERASE:
    case WRITE_ERASE_FOOTER:
    case WRITE_ERASE_ALL: erase_written(f, step, e); break;
    case WRITE_CLOSE:
    case WRITE_REMOVE:
    case WRITE_REMOVE_DIR: remove_done(f, step); break;
    case WRITE_NOTHING:
    default: unreachable();
    }
}

static void on_written(struct disk_op *op)
{
    struct writer *w = container_of(op, struct writer, op);
    struct msgs_file *f = container_of(w, struct msgs_file, writer);
    struct block *b = w->block;
    enum write_step step = w->step;
    assert(step != WRITE_NOTHING);
    w->step = WRITE_NOTHING;
    bool frees = step == WRITE_REMOVE_DIR;
    w->bytes = xfree(w->bytes);
    on_step(f, b, step, op->result);
    if (frees) return;                  /* that was all of it */
    if (b != NULL) block_settled(b);
    writer_go(f);
}

void writer_init(struct msgs_file *f)
{
    assert(f->writer.step == WRITE_NOTHING);
    f->writer.op.lane = DISK_LANE_BULK;
    f->writer.op.matter = DISK_MATTER_MESSAGES;
    f->writer.op.done = on_written;
}

/* ---- from outside ---- */

void msgs_file_flush(struct msgs *m, void (*done)(void *ctx, enum err), void *ctx)
{
    struct msgs_file *f = file_from(m);
    assert(f->on_flushed == NULL && done != NULL);
    f->on_flushed = done;
    f->flush_ctx = ctx;
    f->flush_to = f->end;
    writer_go(f);
}

void msgs_file_retry(struct msgs *m)
{
    struct msgs_file *f = file_from(m);
    f->is_refused = false;
    f->is_held_up = false;
    writer_go(f);
}

bool msgs_file_is_idle(const struct msgs *m)
{
    const struct msgs_file *f = file_from_const(m);
    return f->writer.step == WRITE_NOTHING && list_empty(&f->fetches);
}

void msgs_file_stop(struct msgs *m)
{
    file_from(m)->is_stopped = true;
}

uint64_t msgs_file_unsafe(const struct msgs *m)
{
    return file_from_const(m)->unsafe;
}
