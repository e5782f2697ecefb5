/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/near.h"
#include "store/msgs_file_internal.h"

/* ---- storing ---- */

/* The index of a block that grows is held. Those of many streams together would fill the cache, and
 * their publishers wait for room that no checkpoint can give: their blocks end earlier. */
enum { RECORDS_TIGHT = 2048, RECORDS_LEAST = 256 }; /* both are looked at now and then */

static bool ends_early(const struct msgs_file *f, const struct block *b)
{
    if (b->records % RECORDS_LEAST != 0 || b->records == 0) return false;
    assert(b->index_cached.holds > 0);
    uint32_t held = store_cache_quarters(f->o.cache);
    return held >= 3 || (held == 2 && b->records >= RECORDS_TIGHT);
}

static bool is_full(const struct msgs_file *f, const struct block *b, const struct stored *m)
{
    assert(m->sequence > b->last || b->records == 0);
    return b->bytes + message_len(m) > b->bytes_max || m->sequence - b->first > UINT32_MAX ||
           UNLIKELY(ends_early(f, b));
}

static struct block *open_block(struct msgs_file *f, const struct stored *m)
{
    if (f->open != NULL && is_full(f, f->open, m)) {
        bool is_empty = f->open->live == 0;
        block_close(f);
        if (is_empty) block_forget(f, f->blocks_count - 1);
    }
    if (f->open != NULL) return f->open;
    struct block *b = block_new(f, f->next_number++, m->sequence);
    block_set_index(b, block_index_new(m->sequence, f->code.seed));
    b->is_open = true;
    table_add(f, b);
    f->open = b;
    return b;
}

/* What lies between counts as deleted. */
static void gap(struct msgs_file *f, uint64_t sequence)
{
    uint64_t first = f->end + 1 > f->first ? f->end + 1 : f->first;
    assert(sequence > f->end && sequence >= f->first);
    f->end = sequence;
    if (first == sequence) return;
    (void)seqset_add_range(f->gone, first, sequence - 1);
    (void)seqset_add_range(f->gone_new, first, sequence - 1);
}

static void store(struct msgs_file *f, const struct stored *m, uint64_t previous)
{
    pin_chunk(f, NULL);
    struct block *b = open_block(f, m);
    message_encode(m, f->code.seed, block_append(b, m, previous));
    b->live++;
    f->unwritten += message_len(m);
    f->unsafe += message_len(m);
}

static void put(struct msgs *base, const struct stored *m, uint64_t previous)
{
    struct msgs_file *f = file_from(base);
    store(f, m, previous);
    gap(f, m->sequence);
    if (f->unwritten >= f->tail_size) writer_go(f);
}

void restore(struct msgs_file *f, const struct stored *m)
{
    assert(is_there(f, m->sequence));
    store(f, m, 0);
}

/* ---- removing ---- */

static void drop(struct msgs *base, uint64_t sequence)
{
    struct msgs_file *f = file_from(base);
    uint32_t i = table_find(f, sequence);
    assert(is_there(f, sequence));
    lost_dropped(f, sequence);
    if (sequence == f->first) f->first++;
    else {
        (void)seqset_add(f->gone, sequence);
        (void)seqset_add(f->gone_new, sequence);
    }
    f->is_changed = true;
    if (i == UINT32_MAX || f->blocks[i]->last < sequence) return;
    struct block *b = f->blocks[i];
    assert(b->live > 0);
    if (--b->live == 0 && !b->is_open) block_forget(f, i);
    else if (b->live < b->records / 2 && b->is_complete) {
        f->compaction.is_wanted = true;
        writer_go(f);
    }
}

static void drop_below(struct msgs *base, uint64_t sequence)
{
    struct msgs_file *f = file_from(base);
    uint32_t whole = 0;
    if (sequence <= f->first) return;
    f->first = sequence;
    (void)seqset_remove_below(f->gone, sequence);
    (void)seqset_remove_below(f->gone_new, sequence);
    (void)seqset_remove_below(f->lost, sequence);
    (void)seqset_remove_below(f->missing, sequence);
    if (seqset_count(f->lost) == 0) f->base.lost_bytes = 0;
    if (sequence > f->end) block_close(f);
    while (whole < f->blocks_count && f->blocks[whole]->last < sequence) whole++;
    for (; whole > 0; whole--) block_forget(f, whole - 1);
    if (f->blocks_count > 0 && f->blocks[0]->first < sequence)
        f->blocks[0]->live = count_live(f, f->blocks[0]->first, f->blocks[0]->last);
}

/* ---- what is known ---- */

static bool has(const struct msgs *base, uint64_t sequence)
{
    const struct msgs_file *f = file_from_const(base);
    return is_there(f, sequence) && !seqset_has(f->lost, sequence);
}

static uint64_t readable(const struct msgs *base, uint64_t from)
{
    const struct msgs_file *f = file_from_const(base);
    uint64_t first, last, sum;
    if (from < f->first) from = f->first;
    if (from > f->end) return 0;
    assert(from > 0);
    sum = f->end - from + 1 - seqset_count_range(f->gone, from, f->end);
    for (uint64_t at = from; seqset_next_run(f->lost, at, &first, &last); at = last + 1) {
        if (first > f->end) break;
        if (first < at) first = at;
        if (last > f->end) last = f->end;
        sum -= last - first + 1 - seqset_count_range(f->gone, first, last);
    }
    return sum;
}

struct teller {
    bool (*each)(void *ctx, uint64_t first, uint64_t last); /* NULL: only the sum is wanted */
    void    *ctx;
    uint64_t sum;
};

/* What is not gone of a range that is lost. */
static bool tell(const struct msgs_file *f, uint64_t first, uint64_t last, struct teller *t)
{
    while (first <= last) {
        uint64_t begin = seqset_next_absent(f->gone, first), end = last, gone_first, gone_last;
        if (begin > last) return true;
        if (seqset_next_run(f->gone, begin, &gone_first, &gone_last) && gone_first <= last)
            end = gone_first - 1;
        t->sum += end - begin + 1;
        if (t->each != NULL && !t->each(t->ctx, begin, end)) return false;
        first = end + 1;
    }
    return true;
}

struct run {
    uint64_t first, last;
};

static bool run_next(const struct seqset *s, uint64_t from, struct run *ret)
{
    assert(s != NULL && from > 0);
    bool is_any = seqset_next_run(s, from, &ret->first, &ret->last);
    if (is_any && ret->first < from) ret->first = from;
    return is_any;
}

static uint64_t lost(const struct msgs *base,
                     bool (*each)(void *ctx, uint64_t first, uint64_t last), void *ctx)
{
    const struct msgs_file *f = file_from_const(base);
    struct teller t = { each, ctx, 0 };
    struct run a, b;
    bool goes_on = true, has_a = run_next(f->lost, f->first, &a), has_b;
    has_b = run_next(f->missing, 1, &b);
    while (goes_on && (has_a || has_b)) {
        if (has_a && (!has_b || a.first < b.first)) {
            goes_on = tell(f, a.first, a.last, &t);
            has_a = run_next(f->lost, a.last + 1, &a);
        } else {
            t.sum += b.last - b.first + 1;
            goes_on = each == NULL || each(ctx, b.first, b.last);
            has_b = run_next(f->missing, b.last + 1, &b);
        }
    }
    return t.sum;
}

/* ---- life ---- */

static struct msgs *file_free(struct msgs *base)
{
    struct msgs_file *f = file_from(base);
    assert(f->writer.step == WRITE_NOTHING && list_empty(&f->fetches));
    pin_chunk(f, NULL);
    if (f->is_refusal_told) store_cache_refused(f->o.cache, false);
    if (f->compaction.to != NULL) (void)block_free(f->compaction.to);
    for (uint32_t i = 0; i < f->blocks_count; i++) (void)block_free(f->blocks[i]);
    for (uint32_t i = 0; i < f->forgotten_count; i++) (void)block_free(f->forgotten[i]);
    erases_drop(f);
    seqset_free(f->gone);
    seqset_free(f->gone_new);
    seqset_free(f->gone_said);
    seqset_free(f->lost);
    seqset_free(f->missing);
    seqset_free(f->dropped);
    seqset_free(f->tail_has);
    seqset_free(f->told);
    seqset_free(f->told_before);
    xfree(f->blocks);
    xfree(f->forgotten);
    buf_deinit(&f->slice_after);
    buf_deinit(&f->tail);
    buf_deinit(&f->subject);
    msgs_deinit(base);
    store_cache_leave(f->o.cache);
    return near_free(f, sizeof *f);
}

static void check_chunks(const struct block *b)
{
    uint32_t loaded = 0;
    for (uint32_t i = 0; i < b->chunks_cap; i++) {
        const struct chunk *c = b->chunks[i];
        if (c == NULL) continue;
        loaded++;
        assert(c->block == b && c->number == i);
        assert((c->state == CHUNK_OPEN || c->state == CHUNK_WRITING) == (i >= b->written.chunks));
        assert(c->state != CHUNK_SAFE || i < b->safe.chunks || b->is_complete);
        assert(c->state == CHUNK_SAFE || c->cached.holds > 0);
    }
    assert(loaded == b->chunks_loaded);
}

static void check_block(const struct msgs_file *f, const struct block *b)
{
    assert(b->first <= b->last && b->last <= f->end);
    assert(b->live == count_live(f, b->first, b->last));
    assert(b->safe.end <= b->written.end && b->safe.last <= b->last);
    assert(b->is_open == (f->open == b));
    assert(b->is_complete || b->index != NULL);
    check_chunks(b);
    if (b->index == NULL) return;
    block_index_check(b->index);
    assert(b->is_unreadable || b->index->entries_count <= b->records);
}

static void check(struct msgs *base)
{
    const struct msgs_file *f = file_from(base);
    uint64_t live = 0;
    for (uint32_t i = 0; i < f->blocks_count; i++) {
        assert(i == 0 || f->blocks[i - 1]->last < f->blocks[i]->first);
        check_block(f, f->blocks[i]);
        live += f->blocks[i]->live;
    }
    assert(live <= base->state.messages);
    assert(live == base->state.messages || lost(base, NULL, NULL) > 0);
    assert(f->forgotten_free <= f->forgotten_said && f->forgotten_said <= f->forgotten_count);
    assert(f->unwritten <= f->unsafe);
    seqset_check(f->gone);
    seqset_check(f->lost);
    seqset_check(f->missing);
    store_cache_check(f->o.cache);
}

/* The open block, its last chunk, and its index if the last message entered it. */
static void lines(const struct msgs *base, struct msgs_lines *ret)
{
    const struct msgs_file *f = file_from_const(base);
    const struct block *b = f->open;
    ret->block = b;
    if (b == NULL) return;
    ret->tail = b->tail;
    if (b->tail != NULL) ret->record = b->tail->body + b->tail->len;
    if (b->behind > 0 || b->index == NULL) return;
    ret->index = b->index;
    ret->entry = &b->index->entries[b->index->entries_count];
}

static const struct msgs_ops ops = {
    .is_file = true,
    .free = file_free,
    .put = put,
    .drop = drop,
    .drop_below = drop_below,
    .has = has,
    .meta = file_meta,
    .next = file_next,
    .previous = file_previous,
    .next_same = file_next_same,
    .previous_same = file_previous_same,
    .load = file_load,
    .load_cancel = file_load_cancel,
    .erase = file_erase,
    .prepare = file_prepare,
    .lost = lost,
    .readable = readable,
    .lines = lines,
    .check = check,
};

struct msgs *msgs_file_new(const struct msgs_file_options *o, uint64_t first_sequence)
{
    struct msgs_file *f = near_zalloc(sizeof *f);
    assert(o->incarnation != 0 && o->cache != NULL && o->disk != NULL);
    f->o = *o;
    store_cache_join(f->o.cache);
    if (f->o.block_size == 0) f->o.block_size = MSGS_FILE_BLOCK;
    f->chunk_size = o->chunk_size == 0 ? CHUNK_TARGET : o->chunk_size;
    f->tail_size = o->tail_size == 0 ? MSGS_FILE_TAIL : o->tail_size;
    f->code = (struct block_code){
        .seed = message_seed(o->store_id, o->incarnation),
        .store_id = o->store_id,
        .incarnation = o->incarnation,
        .seal = &f->o.seal,
    };
    (void)snprintf(f->directory, sizeof f->directory, "streams/%016" PRIx64, o->incarnation);
    msgs_init(&f->base, &ops, first_sequence);
    f->first = first_sequence == 0 ? 1 : first_sequence;
    f->end = f->first - 1;
    f->next_number = 1;
    f->gone = seqset_new();
    f->gone_new = seqset_new();
    f->lost = seqset_new();
    f->missing = seqset_new();
    f->dropped = seqset_new();
    f->tail_has = seqset_new();
    f->leave_above = UINT64_MAX;
    f->told = seqset_new();
    f->told_before = seqset_new();
    f->is_changed = true;
    list_init(&f->loads);
    list_init(&f->waits);
    list_init(&f->fetches);
    list_init(&f->erases);
    writer_init(f);
    return &f->base;
}

/* ---- what a start has not found ---- */

void msgs_file_damaged(struct msgs *m, uint64_t first, uint64_t last)
{
    struct msgs_file *f = file_from(m);
    assert(first <= last);
    if (first <= m->state.last_sequence) first = m->state.last_sequence + 1;
    if (first > last) return;
    (void)seqset_add_range(f->missing, first, last);
    f->is_lost_changed = f->is_changed = true;
    msgs_skip(m, last, m->state.last_time);
    if (f->o.on_lost != NULL) f->o.on_lost(f->o.ctx, first, last);
}

/* ---- settings and reports ---- */

/* A quarter of what the stream may have, so that three quarters of it can be given back; as large
 * as reads and files like it otherwise. */
uint32_t msgs_file_block_size(uint64_t max_bytes, uint64_t max_per_subject)
{
    uint64_t size = max_per_subject > 0 ? MSGS_FILE_BLOCK / 2 : MSGS_FILE_BLOCK;
    if (max_bytes > 0 && max_bytes / 4 < size) size = max_bytes / 4;
    return (uint32_t)(size < MSGS_FILE_BLOCK_MIN ? MSGS_FILE_BLOCK_MIN : size);
}

void msgs_file_set_compressed(struct msgs *m, bool is_compressed)
{
    file_from(m)->o.is_compressed = is_compressed;
}

void msgs_file_set_block_size(struct msgs *m, uint32_t block_size)
{
    assert(block_size > 0);
    struct msgs_file *f = file_from(m);
    f->o.block_size = block_size;
    if (f->open != NULL) f->open->bytes_max = block_size;
}

void msgs_file_stats(const struct msgs *m, struct msgs_file_stats *ret)
{
    const struct msgs_file *f = file_from_const(m);
    *ret = (struct msgs_file_stats){
        .blocks = f->blocks_count,
        .blocked = f->blocked,
        .memory = sizeof *f + f->blocks_cap * sizeof(struct block *) + seqset_memory(f->gone) +
                  seqset_memory(f->gone_new) + seqset_memory(f->lost) + seqset_memory(f->told) +
                  seqset_memory(f->told_before) + seqset_memory(f->missing) + f->base.changed.cap,
        .is_failed = f->is_failed,
        .is_refused = f->is_refused,
    };
    for (uint32_t i = 0; i < f->blocks_count; i++) {
        const struct block *b = f->blocks[i];
        ret->disk_bytes += b->written.end + b->written.footer;
        ret->memory += sizeof *b + b->chunks_cap * sizeof *b->chunks;
    }
}
