/* SPDX-License-Identifier: Apache-2.0 */
#include "embed/import_walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "embed/import_batch.h"
#include "import/nats_block.h"
#include "import/nats_index.h"
#include "store/seqset.h"

struct import_walk {
    struct import_walk_options options;
    char              *messages;    /* the directory of the blocks */
    uint32_t          *numbers;     /* of the blocks that are there, ascending */
    uint32_t           numbers_count;
    struct nats_index  index;
    bool               is_indexed;  /* the index counts */
    struct seqset     *gone;        /* else: erased, or named by a tombstone */
    uint64_t           last;
    nanos              last_time;
    /* the block in hand */
    uint32_t           at;          /* the next one */
    bool               is_open;
    struct nats_block  block;
    const struct nats_index_block *entry;   /* of it; NULL without an index */
    struct nats_deleted deleted;
    uint64_t           expected;    /* the next sequence that the index has in it */
    uint64_t           done;        /* sequences up to here are done */
    bool               has_given;   /* from it, with `header` */
    struct slice       header;
    /* behind the blocks */
    struct buf         last_header; /* of the last message that was given */
    bool               is_behind;
    struct import_batch *batch;     /* NULL: none was being written */
    struct buf         file, room, index_file;
};

static void tell(const struct import_walk *w, bool is_damage, const char *format, ...)
    PRINTF_LIKE(3, 4);
static void tell(const struct import_walk *w, bool is_damage, const char *format, ...)
{
    char text[1024];
    va_list args;
    void (*each)(void *, const char *) = is_damage ? w->options.on_damage : w->options.on_note;
    if (each == NULL) return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    each(w->options.ctx, text);
}

/* ---- which files ---- */

static bool number_of(const char *name, const char *suffix, uint32_t *ret)
{
    struct slice rest = slice_str(name), digits;
    uint64_t value;
    if (!slice_cut(&rest, '.', &digits) || !slice_equal_str(rest, suffix)) return false;
    if (!slice_to_u64(digits, &value) || value > UINT32_MAX) return false;
    *ret = (uint32_t)value;
    return true;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void take_numbers(struct import_walk *w, const struct import_names *names)
{
    assert(w->numbers == NULL);
    w->numbers = xcalloc(names->count + 1U, sizeof *w->numbers);
    for (uint32_t i = 0; i < names->count; i++)
        if (number_of(names->at[i], "blk", &w->numbers[w->numbers_count])) w->numbers_count++;
    qsort(w->numbers, w->numbers_count, sizeof *w->numbers, by_number);
}

static bool has_block(const struct import_names *names)
{
    uint32_t number;
    for (uint32_t i = 0; i < names->count; i++)
        if (number_of(names->at[i], "blk", &number)) return true;
    return false;
}

/* A purge that was interrupted before it had its first block: its keys are those of blocks that
 * nats-server removes then. */
static void undo_purge(struct import_walk *w, const struct import_names *fresh)
{
    for (uint32_t i = 0; i < fresh->count; i++) {
        uint32_t number, kept = 0;
        if (!number_of(fresh->at[i], "key", &number)) continue;
        for (uint32_t k = 0; k < w->numbers_count; k++)
            if (w->numbers[k] != number) w->numbers[kept++] = w->numbers[k];
        w->numbers_count = kept;
    }
}

static enum err find_blocks(struct import_walk *w, struct errmsg *why)
{
    struct import_names names, fresh;
    char *staged = import_path(w->options.directory, "__new_msgs__");
    w->messages = import_path(w->options.directory, "msgs");
    enum err e = import_list(staged, false, &fresh, why);
    if (e == ERR_OK && has_block(&fresh)) {
        xfree(w->messages);
        w->messages = xstrdup(staged);
        tell(w, false, "%s: a purge was interrupted, and counts as done", staged);
    }
    if (e == ERR_OK) e = import_list(w->messages, false, &names, why);
    if (e == ERR_OK) {
        take_numbers(w, &names);
        if (!has_block(&fresh)) undo_purge(w, &fresh);
        import_names_deinit(&names);
    }
    import_names_deinit(&fresh);
    xfree(staged);
    return e;
}

/* ---- one block ---- */

static char *file_of(const struct import_walk *w, uint32_t number, const char *suffix)
{
    char name[32];
    (void)snprintf(name, sizeof name, "%u.%s", (unsigned)number, suffix);
    return import_path(w->messages, name);
}

/* What is in hand begins with a record, as it is. */
static bool is_plain(struct import_walk *w, uint32_t number)
{
    struct nats_block block;
    struct slice plain;
    if (nats_block_plain(buf_slice(&w->file), &w->room, &plain) != ERR_OK) return false;
    nats_block_init(&block, plain, w->options.stream, number);
    return nats_block_begins_whole(&block);
}

/* A nats-server that begins to encrypt what it has writes the key first. */
static enum err decrypt(struct import_walk *w, uint32_t number, struct errmsg *why)
{
    struct import_asset asset;
    struct buf context = { 0 };
    char *path = file_of(w, number, "key");
    buf_printf(&context, "%.*s:%u", SLICE_ARGS(w->options.stream), (unsigned)number);
    const struct import_place place = { w->options.account, buf_slice(&context), path };
    enum err e = import_asset_open(&asset, w->options.keys, &place, why);
    if (e == ERR_OK && asset.is_sealed && !is_plain(w, number))
        nats_seal_block(&asset.seal, w->file.ptr, w->file.len);
    if (e == ERR_OK) import_asset_close(&asset);
    buf_deinit(&context);
    xfree(path);
    return e;
}

/* Its bytes, decrypted, in w->file. CORRUPT: it cannot be read. */
static enum err load(struct import_walk *w, uint32_t number, struct errmsg *why)
{
    char *path = file_of(w, number, "blk");
    enum err e = import_read(path, &w->file, why);
    xfree(path);
    return e ? e : decrypt(w, number, why);
}

static enum err open_block(struct import_walk *w, uint32_t number, struct errmsg *why)
{
    struct slice plain;
    enum err e = load(w, number, why);
    if (e == ERR_CORRUPT) {
        tell(w, true, "%s/%u.blk: %s", w->messages, (unsigned)number, why->text);
        w->file.len = 0;
    } else if (e) {
        return e;
    }
    if (nats_block_plain(buf_slice(&w->file), &w->room, &plain) != ERR_OK)
        tell(w, true, "%s/%u.blk: it is compressed, and only %u bytes can be read", w->messages,
             (unsigned)number, (unsigned)plain.len);
    nats_block_init(&w->block, plain, w->options.stream, number);
    return ERR_OK;
}

static void tell_damage(const struct import_walk *w, const struct nats_damage *d)
{
    uint32_t number = w->numbers[w->at - 1];
    if (d->sequence != 0)
        tell(w, true, "%s/%u.blk: %u bytes at %u, which seem to have been sequence %llu",
             w->messages, (unsigned)number, (unsigned)d->len, (unsigned)d->offset,
             (unsigned long long)d->sequence);
    else
        tell(w, true, "%s/%u.blk: %u bytes at %u behind sequence %llu", w->messages,
             (unsigned)number, (unsigned)d->len, (unsigned)d->offset, (unsigned long long)w->done);
}

/* ---- without an index ---- */

static void note_last(struct import_walk *w, uint64_t sequence, nanos time)
{
    if (sequence < w->last || sequence == 0) return;
    w->last = sequence;
    if (time > 0) w->last_time = time;
}

static enum err scan(struct import_walk *w, struct errmsg *why)
{
    void (*on_damage)(void *, const char *) = w->options.on_damage;
    enum err e = ERR_OK;
    w->gone = seqset_new();
    w->options.on_damage = NULL;        /* told when it is met again */
    for (uint32_t i = 0; i < w->numbers_count && e == ERR_OK; i++) {
        struct nats_record r;
        struct nats_damage d;
        enum nats_block_verdict v;
        e = open_block(w, w->numbers[i], why);
        while (e == ERR_OK && (v = nats_block_next(&w->block, &r, &d)) != NATS_BLOCK_END) {
            if (v != NATS_BLOCK_RECORD || r.sequence == 0) continue;
            note_last(w, r.sequence, r.time);
            if (r.kind != NATS_MESSAGE) (void)seqset_add(w->gone, r.sequence);
        }
    }
    w->options.on_damage = on_damage;
    return e;
}

/* ---- the index ---- */

static bool is_last_block(struct import_walk *w)
{
    static const uint8_t none[NATS_SUM_SIZE] = { 0 };
    struct errmsg ignored;
    uint32_t last = w->index.last_number;
    if (w->numbers_count == 0 || w->numbers[w->numbers_count - 1] != last) return false;
    if (load(w, last, &ignored) != ERR_OK) return false;
    const uint8_t *sum = w->file.len < NATS_SUM_SIZE ? none
                                                     : w->file.ptr + w->file.len - NATS_SUM_SIZE;
    return memcmp(sum, w->index.last_sum, NATS_SUM_SIZE) == 0;
}

static bool are_all_there(const struct import_walk *w)
{
    for (uint32_t i = 0, k = 0; i < w->index.blocks_count; i++) {
        const struct nats_index_block *b = &w->index.blocks[i];
        bool is_last = i + 1 == w->index.blocks_count;
        if (!is_last && b->last - b->first + 1 <= b->deleted_count) continue;
        while (k < w->numbers_count && w->numbers[k] < b->number) k++;
        if (k == w->numbers_count || w->numbers[k] != b->number) return false;
    }
    return true;
}

/* CORRUPT: it is no index, or was damaged. NOTFOUND: there is none. */
static enum err read_index(struct import_walk *w)
{
    struct errmsg ignored;
    struct slice body;
    char *path = import_path(w->messages, "index.db");
    enum err e = import_read(path, &w->index_file, &ignored);
    xfree(path);
    if (e) return e;
    e = nats_index_body(buf_slice(&w->index_file), w->options.stream, &body);
    if (e) return e;
    w->index_file.len = body.len;
    e = import_asset_plain(w->options.meta, &w->index_file);
    return e ? e : nats_index_read(buf_slice(&w->index_file), &w->index);
}

static void take_index(struct import_walk *w)
{
    enum err e = read_index(w);
    if (e) {
        tell(w, false, "%s: %s: its blocks are scanned", w->messages,
             e == ERR_NOTFOUND ? "there is no index.db" : "index.db is damaged");
        return;
    }
    w->is_indexed = nats_index_is_consistent(&w->index) && are_all_there(w) && is_last_block(w);
    if (!w->is_indexed)
        tell(w, false, "%s: index.db is older than the blocks: they are scanned", w->messages);
    note_last(w, w->index.last, w->index.last_time);
}

/* ---- life ---- */

enum err import_walk_new(const struct import_walk_options *o, struct import_walk **ret,
                         struct errmsg *why)
{
    struct import_walk *w = xcalloc(1, sizeof *w);
    assert(o->directory != NULL && o->stream.len > 0);
    w->options = *o;
    enum err e = find_blocks(w, why);
    if (e == ERR_OK) take_index(w);
    if (e == ERR_OK && !w->is_indexed) e = scan(w, why);
    if (e) {
        (void)import_walk_free(w);
        return e;
    }
    *ret = w;
    return ERR_OK;
}

struct import_walk *import_walk_free(struct import_walk *w)
{
    if (w == NULL) return NULL;
    xfree(w->messages);
    xfree(w->numbers);
    nats_index_deinit(&w->index);
    w->gone = seqset_free(w->gone);
    buf_deinit(&w->file);
    buf_deinit(&w->room);
    buf_deinit(&w->index_file);
    buf_deinit(&w->last_header);
    (void)import_batch_free(w->batch);
    return xfree(w);
}

uint64_t import_walk_last(const struct import_walk *w, nanos *ret_time)
{
    *ret_time = w->last_time;
    return w->last;
}

/* ---- walking ---- */

/* Those that the index has from `expected` on and below `sequence` are not there. */
static void tell_missing(struct import_walk *w, uint64_t sequence)
{
    uint64_t first = 0, last = 0, count = 0;
    for (uint64_t i = w->expected; i < sequence; i++) {
        if (nats_deleted_has(&w->deleted, i)) continue;
        if (count++ == 0) first = i;
        last = i;
    }
    if (count > 0)
        tell(w, true, "%s/%u.blk: %llu messages of sequences %llu to %llu are not there",
             w->messages, (unsigned)w->entry->number, (unsigned long long)count,
             (unsigned long long)first, (unsigned long long)last);
    if (sequence > w->expected) w->expected = sequence;
}

static void close_block(struct import_walk *w)
{
    if (w->entry != NULL && w->entry->last >= w->entry->first) tell_missing(w, w->entry->last + 1);
    if (w->has_given) {
        w->last_header.len = 0;
        buf_add(&w->last_header, w->header);
    }
    w->has_given = w->is_open = false;
}

/* False: the index does not know it, so nobody serves it. */
static bool enter_entry(struct import_walk *w, uint32_t number)
{
    w->entry = NULL;
    if (!w->is_indexed) return true;
    w->entry = nats_index_find(&w->index, number);
    if (w->entry == NULL) {
        tell(w, false, "%s/%u.blk: index.db does not know it: it is not served", w->messages,
             (unsigned)number);
        return false;
    }
    nats_deleted_init(&w->deleted, w->entry);
    w->expected = w->entry->first;
    return true;
}

static enum err next_block(struct import_walk *w, struct errmsg *why)
{
    while (w->at < w->numbers_count) {
        uint32_t number = w->numbers[w->at++];
        if (!enter_entry(w, number)) continue;
        enum err e = open_block(w, number, why);
        w->is_open = e == ERR_OK;
        return e;
    }
    return ERR_NOTFOUND;
}

/* Is this record a message that is served? */
static bool is_served(struct import_walk *w, const struct nats_record *r)
{
    uint64_t sequence = r->sequence;
    if (r->kind == NATS_TOMBSTONE || sequence == 0) return false;
    if (w->entry != NULL) {
        if (sequence < w->entry->first || sequence > w->entry->last) return false;
        if (sequence < w->expected) return false;
        tell_missing(w, sequence);
        w->expected = sequence + 1;
        return r->kind == NATS_MESSAGE && !nats_deleted_has(&w->deleted, sequence);
    }
    return r->kind == NATS_MESSAGE && sequence > w->done && !seqset_has(w->gone, sequence);
}

static bool next_record(struct import_walk *w, struct stored *ret)
{
    struct nats_record r;
    struct nats_damage d;
    enum nats_block_verdict v;
    while ((v = nats_block_next(&w->block, &r, &d)) != NATS_BLOCK_END) {
        if (v == NATS_BLOCK_DAMAGE) tell_damage(w, &d);
        else if (is_served(w, &r)) {
            *ret = (struct stored){ r.sequence, r.time, r.subject, r.header, r.payload };
            w->done = r.sequence;
            w->header = r.header;
            w->has_given = true;
            note_last(w, r.sequence, r.time);
            return true;
        }
    }
    return false;
}

/* ERR_OK also when there is none. */
static enum err find_batch(struct import_walk *w, struct errmsg *why)
{
    struct slice header = buf_slice(&w->last_header);
    assert(!w->is_behind && w->batch == NULL);
    w->is_behind = true;
    if (!w->options.has_batches) return ERR_OK;
    enum err e = import_batch_new(&w->options, header, &w->batch, why);
    if (e == ERR_OK)
        tell(w, false, "%s: an atomic batch was being written: its rest follows", w->messages);
    return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* Messages get the sequences that a nats-server would give them at its start. */
static enum err next_of_batch(struct import_walk *w, struct stored *ret, struct errmsg *why)
{
    enum err e = w->is_behind ? ERR_OK : find_batch(w, why);
    if (e == ERR_OK && w->batch == NULL) e = ERR_NOTFOUND;
    if (e == ERR_OK) e = import_batch_next(w->batch, ret, why);
    if (e) return e;
    ret->sequence = w->last + 1;
    if (ret->time < w->last_time) ret->time = w->last_time;
    note_last(w, ret->sequence, ret->time);
    return ERR_OK;
}

enum err import_walk_next(struct import_walk *w, struct stored *ret, struct errmsg *why)
{
    assert(w != NULL && ret != NULL);
    while (!w->is_behind) {
        if (w->is_open && next_record(w, ret)) return ERR_OK;
        if (w->is_open) close_block(w);
        enum err e = next_block(w, why);
        if (e == ERR_NOTFOUND) break;
        if (e) return e;
    }
    return next_of_batch(w, ret, why);
}
