/* SPDX-License-Identifier: Apache-2.0 */
/* A start: sections in the order in which they were said, then the whole is put together. Whatever
 * a section says is looked at as bytes that somebody may have made. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/digits.h"
#include "store/msgs_file_internal.h"

enum { SET_MEMORY_MAX = 1 << 30 };

/* ---- sections ---- */

static enum err load_state(struct msgs_file *f, struct slice in)
{
    struct msgs *m = &f->base;
    if (in.len != STATE_SIZE && in.len != STATE_SIZE_OLDEST) return ERR_CORRUPT;
    m->state = (struct msgs_state){
        .messages = le_get_u64(in.ptr + STATE_MESSAGES),
        .bytes = le_get_u64(in.ptr + STATE_BYTES),
        .first_sequence = le_get_u64(in.ptr + STATE_FIRST),
        .last_sequence = le_get_u64(in.ptr + STATE_LAST),
        .first_time = (nanos)le_get_u64(in.ptr + STATE_FIRST_TIME),
        .last_time = (nanos)le_get_u64(in.ptr + STATE_LAST_TIME),
    };
    f->end = le_get_u64(in.ptr + STATE_PUT);
    m->unknown = le_get_u64(in.ptr + STATE_UNKNOWN);
    m->lost_bytes = in.len < STATE_SIZE ? 0 : le_get_u64(in.ptr + STATE_LOST_BYTES);
    f->next_number = le_get_u32(in.ptr + STATE_NEXT_BLOCK);
    if ((le_get_u32(in.ptr + STATE_FLAGS) & STATE_FLAG_NO_SUBJECTS) == 0) return ERR_OK;
    m->tree = tree_free(m->tree);
    m->tree = tree_new();
    return ERR_OK;
}

static void drop_block(struct msgs_file *f, uint32_t number)
{
    for (uint32_t i = 0; i < f->blocks_count; i++) {
        if (f->blocks[i]->number != number) continue;
        (void)block_free(f->blocks[i]);
        f->blocks[i] = f->blocks[--f->blocks_count]; /* they are sorted when all are known */
        return;
    }
}

static bool is_block_sound(const struct block *b)
{
    const struct block_reach *r = &b->safe;
    return b->first > 0 && r->last >= b->first && r->last - b->first <= UINT32_MAX &&
           r->records > 0 && r->records - 1 <= r->last - b->first && r->end > PART_HEAD &&
           r->end <= UINT32_MAX && r->bytes <= UINT32_MAX;
}

static enum err load_block(struct msgs_file *f, const uint8_t *in)
{
    assert(f->open == NULL);
    uint32_t number = le_get_u32(in + BLOCK_NUMBER), flags = le_get_u16(in + BLOCK_FLAGS);
    if (number == 0) return ERR_CORRUPT;
    drop_block(f, number);
    if (flags & BLOCK_FLAG_FORGOTTEN) {
        (void)seqset_add(f->dropped, number);
        return ERR_OK;
    }
    uint64_t first = le_get_u64(in + BLOCK_FIRST);
    if (first == 0) return ERR_CORRUPT;
    struct block *b = block_new(f, number, first);
    b->key = le_get_u16(in + BLOCK_KEY);
    b->safe = (struct block_reach){
        .end = le_get_u64(in + BLOCK_END),
        .last = le_get_u64(in + BLOCK_LAST),
        .bytes = le_get_u64(in + BLOCK_BYTES),
        .records = le_get_u32(in + BLOCK_RECORDS),
        .chunks = UINT32_MAX,
        .footer = flags & BLOCK_FLAG_FOOTER ? le_get_u32(in + BLOCK_FOOTER) : 0,
    };
    if (!is_block_sound(b)) {
        (void)block_free(b);
        return ERR_CORRUPT;
    }
    b->written = b->safe;
    b->last = b->safe.last;
    b->records = b->safe.records;
    b->bytes = b->safe.bytes;
    if (b->last > f->tail_stored) f->tail_stored = b->last;
    b->is_complete = b->is_created = b->is_name_safe = b->is_named = true;
    if (f->blocks_count == f->blocks_cap) {
        f->blocks_cap = f->blocks_cap == 0 ? 4 : f->blocks_cap * 2;
        f->blocks = xrealloc(f->blocks, f->blocks_cap * sizeof(struct block *));
    }
    f->blocks[f->blocks_count++] = b;
    return ERR_OK;
}

static enum err load_blocks(struct msgs_file *f, struct slice in)
{
    assert(f->open == NULL);
    if (in.len % BLOCK_SIZE != 0) return ERR_CORRUPT;
    for (uint32_t at = 0; at < in.len; at += BLOCK_SIZE) {
        enum err e = load_block(f, in.ptr + at);
        if (e) return e;
    }
    return ERR_OK;
}

static enum err load_subject(struct msgs_file *f, struct slice subject, const uint8_t *in)
{
    assert(subject.len > 0);
    assert(f->base.tree != NULL);
    bool is_new;
    uint32_t count = le_get_u32(in + SUBJECT_COUNT);
    if (count == 0) {
        (void)tree_remove(f->base.tree, subject);
        return ERR_OK;
    }
    struct tree_value *v = tree_get(f->base.tree, subject, &is_new);
    *v = (struct tree_value){
        .first = le_get_u64(in + SUBJECT_FIRST),
        .last = le_get_u64(in + SUBJECT_LAST),
        .count = count,
        .is_first_stale = in[SUBJECT_FLAGS] != 0,
    };
    return v->first > 0 && (v->first <= v->last || v->is_first_stale) ? ERR_OK : ERR_CORRUPT;
}

static enum err load_subjects(struct msgs_file *f, struct slice in)
{
    assert(f->base.tree != NULL);
    while (in.len > 0) {
        if (in.len < SUBJECT_SIZE) return ERR_CORRUPT;
        uint32_t len = le_get_u16(in.ptr + SUBJECT_LEN);
        if (len == 0 || len > in.len - SUBJECT_SIZE) return ERR_CORRUPT;
        struct slice subject = slice_of(in.ptr + SUBJECT_SIZE, len);
        if (memchr(subject.ptr, 0, subject.len) != NULL) return ERR_CORRUPT;
        enum err e = load_subject(f, subject, in.ptr);
        if (e) return e;
        in = slice_from(in, SUBJECT_SIZE + len);
    }
    return ERR_OK;
}

/* Blocks have all of it by now: a log that was long in use tells many times what they have. */
static void drop_tail(struct msgs_file *f)
{
    assert(f->tail_last <= f->tail_stored);
    f->tail.len = 0;
    f->tail_has = seqset_free(f->tail_has);
    f->tail_has = seqset_new();
    f->tail_last = 0;
    f->is_tail_mixed = false;
}

/* What a slice tells may stand behind a list that tells what is newer: load() of the one waits for
 * the other. */
static void keep_of_tail(struct msgs_file *f, uint64_t sequence, struct slice record)
{
    assert(record.len > 0);
    (void)seqset_add(f->told, sequence);
    if (sequence <= f->tail_stored || !seqset_add(f->tail_has, sequence)) return;
    buf_add(&f->tail, record);
    if (sequence > f->tail_last) f->tail_last = sequence;
    else f->is_tail_mixed = true;
}

static enum err load_tail(struct msgs_file *f, struct slice in)
{
    assert(f->open == NULL);
    struct stored m;
    bool is_erased;
    if (f->tail_last <= f->tail_stored) drop_tail(f);
    while (in.len > 0) {
        if (!message_decode(in, f->code.seed, &m, &is_erased)) return ERR_CORRUPT;
        if (memchr(m.subject.ptr, 0, m.subject.len) != NULL) return ERR_CORRUPT;
        struct slice record = slice_first(in, message_len(&m));
        keep_of_tail(f, m.sequence, record);
        in = slice_from(in, record.len);
    }
    return ERR_OK;
}

/* All of it, again. */
static enum err load_whole(struct seqset **set, struct slice in)
{
    assert(*set != NULL);
    *set = seqset_free(*set);
    *set = seqset_new();
    return seqset_decode(*set, in, SET_MEMORY_MAX) ? ERR_CORRUPT : ERR_OK;
}

enum err msgs_file_load(struct msgs *m, const struct checkpoint_section *s)
{
    struct msgs_file *f = file_from(m);
    assert(s->owner == f->o.incarnation && f->open == NULL);
    switch (s->kind) {
    case SECTION_STATE: return load_state(f, s->bytes);
    case SECTION_BLOCK: return load_blocks(f, s->bytes);
    case SECTION_DELETED:
        return seqset_decode(f->gone, s->bytes, SET_MEMORY_MAX) ? ERR_CORRUPT : ERR_OK;
    case SECTION_SUBJECTS: return load_subjects(f, s->bytes);
    case SECTION_TAIL: return load_tail(f, s->bytes);
    case SECTION_LOST: return load_whole(&f->lost, s->bytes);
    case SECTION_MISSING: return load_whole(&f->missing, s->bytes);
    default: return ERR_CORRUPT;
    }
}

/* ---- put together ---- */

static int by_first(const void *a, const void *b)
{
    const struct block *x = *(struct block *const *)a, *y = *(struct block *const *)b;
    return (x->first > y->first) - (x->first < y->first);
}

static bool are_blocks_sound(const struct msgs_file *f)
{
    assert(f->blocks_count <= f->blocks_cap);
    for (uint32_t i = 0; i < f->blocks_count; i++) {
        const struct block *b = f->blocks[i];
        if (i > 0 && f->blocks[i - 1]->last >= b->first) return false;
        if (b->last > f->end || b->number >= f->next_number) return false;
    }
    return true;
}

static bool is_state_sound(const struct msgs_file *f)
{
    const struct msgs_state *s = &f->base.state;
    if (f->next_number == 0 || s->last_sequence > SEQSET_MAX - 1) return false;
    if (s->first_sequence > s->last_sequence + 1 || f->end > s->last_sequence) return false;
    uint64_t first = s->first_sequence == 0 ? 1 : s->first_sequence;
    uint64_t span = f->end < first ? 0 : f->end + 1 - first;
    uint64_t gone = span == 0 ? 0 : seqset_count_range(f->gone, first, f->end);
    if (s->messages != span - gone) return false;
    return s->messages == 0 || !seqset_has(f->gone, first);
}

struct kept {
    uint64_t sequence;
    uint32_t at, len;
};

static int by_sequence(const void *a, const void *b)
{
    const struct kept *x = a, *y = b;
    return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

static void sort_tail(struct msgs_file *f)
{
    struct buf sorted = { 0 };
    uint32_t count = 0, all = (uint32_t)seqset_count(f->tail_has);
    struct kept *kept = xalloc((size_t)all * sizeof *kept);
    for (uint32_t at = 0; at < f->tail.len; at += kept[count++].len) {
        struct stored m;
        bool is_erased, is_sound = message_decode(slice_from(buf_slice(&f->tail), at), f->code.seed,
                                                  &m, &is_erased);
        assert(is_sound && count < all);
        kept[count] = (struct kept){ m.sequence, at, message_len(&m) };
    }
    qsort(kept, count, sizeof *kept, by_sequence);
    for (uint32_t i = 0; i < count; i++)
        buf_add(&sorted, slice_of(f->tail.ptr + kept[i].at, kept[i].len));
    xfree(kept);
    assert(sorted.len == f->tail.len);
    buf_deinit(&f->tail);
    f->tail = sorted;
    f->is_tail_mixed = false;
}

/* The last one that stands somewhere, as far as is known; 0: none does. */
static uint64_t last_put(const struct msgs_file *f)
{
    if (f->blocks_count == 0) return 0;
    assert(f->blocks[f->blocks_count - 1]->last <= f->end);
    return f->blocks[f->blocks_count - 1]->last;
}

/* Messages of the tail that no block has become the beginning of a new block, in memory. */
static enum err take_tail(struct msgs_file *f)
{
    assert(f->open == NULL);
    assert(f->first > 0);
    uint64_t end = f->end;
    uint64_t above = last_put(f);
    if (f->is_tail_mixed) sort_tail(f);
    struct slice in = buf_slice(&f->tail);
    struct stored m;
    bool is_erased;
    while (in.len > 0) {
        bool is_sound = message_decode(in, f->code.seed, &m, &is_erased);
        assert(is_sound);               /* it was looked at when it came */
        in = slice_from(in, message_len(&m));
        if (m.sequence <= above || m.sequence < f->first || seqset_has(f->gone, m.sequence))
            continue;
        if (m.sequence > end) return ERR_CORRUPT;
        restore(f, &m);
    }
    f->end = end;
    buf_deinit(&f->tail);
    f->tail_has = seqset_free(f->tail_has);
    return ERR_OK;
}

/* What is neither gone nor anywhere is lost. */
static void find_missing(struct msgs_file *f)
{
    uint64_t next = f->first;
    assert(f->first > 0);
    for (uint32_t i = 0; i < f->blocks_count; i++) {
        const struct block *b = f->blocks[i];
        if (b->first > next) lost_range(f, next, b->first - 1);
        if (b->last >= next) next = b->last + 1;
    }
    if (next <= f->end) lost_range(f, next, f->end);
}

static void settle_blocks(struct msgs_file *f)
{
    assert(f->open == NULL);
    assert(f->forgotten_count == 0);
    for (uint32_t i = f->blocks_count; i > 0; i--) {
        struct block *b = f->blocks[i - 1];
        b->live = count_live(f, b->first, b->last);
        if (b->live == 0) block_forget(f, i - 1);
    }
    f->writer.is_dir_made = f->writer.is_dir_safe = f->blocks_count > 0 || f->forgotten_count > 0;
    f->compaction.is_wanted = true;
}

/* ---- files that nobody knows ---- */

struct strangers {
    const struct msgs_file *file;
    struct disk   *disk;
    const char    *directory;
    uint64_t       incarnation;
    struct seqset *known; /* numbers of blocks */
    struct buf     names; /* each with its NUL */
};

/* 0: it is none. */
static uint32_t block_number(const char *name)
{
    enum { DIGITS = 8 };
    assert(name[0] != '\0');
    return strlen(name) == DIGITS ? (uint32_t)digits_hex(name, DIGITS) : 0;
}

static bool is_known(const struct strangers *s, const char *name)
{
    uint32_t number = block_number(name);
    assert(s->known != NULL);
    return number > 0 && seqset_has(s->known, number);
}

/* Numbers of the blocks that have files. */
static struct seqset *known_numbers(const struct msgs_file *f)
{
    struct seqset *known = seqset_new();
    assert(f->open == NULL || !f->open->is_created);
    for (uint32_t i = 0; i < f->blocks_count; i++)
        if (f->blocks[i]->is_created) (void)seqset_add(known, f->blocks[i]->number);
    for (uint32_t i = 0; i < f->forgotten_count; i++)
        if (f->forgotten[i]->is_created) (void)seqset_add(known, f->forgotten[i]->number);
    return known;
}

/* A list has forgotten it, and the end came before that of its file. */
static bool is_dropped(const struct strangers *s, const char *name)
{
    uint32_t number = block_number(name);
    assert(s->file->dropped != NULL);
    return number > 0 && seqset_has(s->file->dropped, number);
}

static void see_name(void *ctx, const char *name, bool is_dir)
{
    struct strangers *s = ctx;
    if (is_dir || is_known(s, name)) return;
    buf_add(&s->names, slice_of(name, strlen(name) + 1));
    assert(s->names.len > 0);
}

/* A name in quarantine/ that nothing has yet. */
static enum err free_name(struct disk *d, uint64_t incarnation, const char *name,
                          char ret_name[DISK_NAME_MAX])
{
    for (uint32_t turn = 0; turn < 10000; turn++) {
        struct disk_file *there;
        int len = snprintf(ret_name, DISK_NAME_MAX, "quarantine/%016" PRIx64 "-%.16s.%" PRIu32,
                           incarnation, name, turn);
        assert(len > 0 && len < DISK_NAME_MAX);
        enum err e = d->open(d, ret_name, DISK_OPEN_READ, &there, NULL);
        if (e == ERR_NOTFOUND) return ERR_OK;
        if (e) return e;
        d->close(d, there);
    }
    return ERR_LIMIT;
}

static enum err put_aside(const struct strangers *s, const char *name, const char *from)
{
    char to[DISK_NAME_MAX];
    enum err e = free_name(s->disk, s->incarnation, name, to);
    assert(strlen(from) < DISK_NAME_MAX);
    return e ? e : s->disk->rename(s->disk, from, to);
}

/* What lies in blocks that no list names stands in others or in the journal too, when nothing is
 * missing anywhere. */
static enum err sort_strangers(struct strangers *s, bool is_whole)
{
    char from[DISK_NAME_MAX];
    bool is_any_aside = false;
    enum err e = s->disk->list(s->disk, s->directory, see_name, s);
    if (e == ERR_NOTFOUND) return ERR_OK;
    for (uint32_t at = 0; e == ERR_OK && at < s->names.len;) {
        const char *name = (const char *)s->names.ptr + at;
        at += (uint32_t)strlen(name) + 1;
        assert(at <= s->names.len);
        int len = snprintf(from, sizeof from, "%s/%s", s->directory, name);
        if (len >= DISK_NAME_MAX) continue;
        bool goes = is_dropped(s, name) || (is_whole && block_number(name) > 0);
        e = goes ? s->disk->remove(s->disk, from) : put_aside(s, name, from);
        is_any_aside = is_any_aside || !goes;
    }
    if (e == ERR_OK && is_any_aside) e = s->disk->sync_dir(s->disk, "quarantine");
    buf_deinit(&s->names);
    return e;
}

enum err msgs_file_loaded(struct msgs *m, struct errmsg *why)
{
    struct msgs_file *f = file_from(m);
    f->first = m->state.first_sequence == 0 ? 1 : m->state.first_sequence;
    (void)seqset_remove_below(f->gone, f->first);
    (void)seqset_remove_below(f->lost, f->first);
    (void)seqset_remove_below(f->missing, f->first);
    if (f->blocks_count > 1) qsort(f->blocks, f->blocks_count, sizeof(struct block *), by_first);
    bool is_sound = is_state_sound(f) && are_blocks_sound(f);
    if (is_sound) settle_blocks(f);
    if (!is_sound || take_tail(f) != ERR_OK)
        return errmsg_set(why, ERR_CORRUPT,
                          "%s: the sections of its checkpoint do not fit together", f->directory);
    f->tail_said = f->tail_safe = last_put(f);
    f->is_starting = true;
    f->first_said = f->first_safe = f->first;
    f->is_changed = f->forgotten_count > 0;
    return ERR_OK;
}

/* It is behind all that is there: lists and blocks have what came before it. */
bool msgs_file_refill(struct msgs *m, const struct stored *msg)
{
    struct msgs_file *f = file_from(m);
    assert(f->is_starting);
    bool is_missing = msg->sequence > last_put(f) && is_there(f, msg->sequence) &&
                      !seqset_has(f->lost, msg->sequence);
    if (is_missing) restore(f, msg);
    return is_missing;
}

void msgs_file_refilled(struct msgs *m)
{
    struct msgs_file *f = file_from(m);
    assert(f->is_starting);
    find_missing(f);
}

enum err msgs_file_recovered(struct msgs *m, bool is_whole, struct errmsg *why)
{
    struct msgs_file *f = file_from(m);
    struct strangers s = { f, f->o.disk, f->directory, f->o.incarnation, NULL, { 0 } };
    bool is_sound = is_whole && seqset_count(f->lost) == 0 && seqset_count(f->missing) == 0;
    if (f->o.queue == NULL) return ERR_OK;
    s.known = known_numbers(f);
    enum err e = sort_strangers(&s, is_sound);
    seqset_free(s.known);
    if (e)
        return errmsg_set(why, e == ERR_LIMIT ? ERR_IO : e,
                          "%s: files that are not known cannot be put aside: %s", f->directory,
                          err_text(e));
    f->is_starting = false; /* the start may yet fail: what is next begins with the next call */
    return ERR_OK;
}
