/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_check.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/le.h"
#include "store/block_code.h"
#include "store/msgs_sections.h"
#include "store/seqset.h"
#include "store/store_internal.h"

/* A block as the last section says. */
struct checked_block {
    uint32_t number;
    uint32_t footer; /* bytes of it; 0: none */
    uint64_t first, last;
    uint64_t end; /* of its chunks */
};

struct checked_stream {
    uint64_t incarnation;
    struct map *blocks;  /* by number, 4 bytes */
    uint64_t first;      /* of its messages, as the last section says */
    struct seqset *told; /* messages that stand in the checkpoint log itself, or did */
    bool is_ahead;       /* the journal has records of it */
};

struct check {
    const struct store_check_options *o;
    struct store_check_result *result;
    struct disk *disk;
    struct journal_seal seal;
    struct map *streams; /* by incarnation, 8 bytes */
    journal_pos needed, left; /* the last list needs what is between them; 0: it does not say */
    uint8_t *bytes;      /* of a part */
    uint64_t bytes_cap;
};

static void damage(struct check *c, const char *format, ...) PRINTF_LIKE(2, 3);

static void damage(struct check *c, const char *format, ...)
{
    struct errmsg text;
    va_list args;
    assert(format != NULL);
    va_start(args, format);
    (void)vsnprintf(text.text, sizeof text.text, format, args);
    va_end(args);
    assert(c->o->on_damage != NULL);
    c->result->damages++;
    c->o->on_damage(c->o->ctx, text.text);
}

/* ---- what the checkpoint log names ---- */

static struct checked_stream *stream_free(struct checked_stream *s)
{
    struct slice key;
    void *value;
    if (s == NULL) return NULL;
    assert(s->incarnation > 0);
    for (uint32_t at = 0; map_next(s->blocks, &at, &key, &value);) xfree(value);
    s->blocks = map_free(s->blocks);
    s->told = seqset_free(s->told);
    return xfree(s);
}

static struct checked_stream *stream_of(struct check *c, uint64_t incarnation)
{
    struct slice key = slice_of(&incarnation, sizeof incarnation);
    struct checked_stream *s = map_find(c->streams, key);
    assert(incarnation > 0);
    if (s != NULL) return s;
    s = xcalloc(1, sizeof *s);
    s->incarnation = incarnation;
    s->blocks = map_new(1);
    s->told = seqset_new();
    const void *before = map_set(c->streams, key, s);
    assert(before == NULL);
    return s;
}

static void forget_stream(struct check *c, uint64_t incarnation)
{
    struct checked_stream *s = map_remove(c->streams, slice_of(&incarnation, sizeof incarnation));
    s = stream_free(s);
    assert(s == NULL);
}

static void take_block(struct checked_stream *s, const uint8_t *at)
{
    uint32_t number = le_get_u32(at + BLOCK_NUMBER), flags = le_get_u16(at + BLOCK_FLAGS);
    struct slice key = slice_of(&number, sizeof number);
    assert(s->blocks != NULL);
    xfree(map_remove(s->blocks, key));
    if (flags & BLOCK_FLAG_FORGOTTEN) return;
    struct checked_block *b = xcalloc(1, sizeof *b);
    *b = (struct checked_block){
        .number = number,
        .footer = flags & BLOCK_FLAG_FOOTER ? le_get_u32(at + BLOCK_FOOTER) : 0,
        .first = le_get_u64(at + BLOCK_FIRST),
        .last = le_get_u64(at + BLOCK_LAST),
        .end = le_get_u64(at + BLOCK_END),
    };
    (void)map_set(s->blocks, key, b);
}

/* Messages that were in no block yet. */
static void take_tail(struct check *c, struct checked_stream *s, struct slice body)
{
    const uint64_t seed = message_seed(c->result->store_id, s->incarnation);
    struct stored m;
    bool is_erased;
    while (body.len > 0) {
        if (!message_decode(body, seed, &m, &is_erased)) {
            damage(c, "checkpoint log: a message of " STORE_STREAMS "/%016llx is damaged",
                   (unsigned long long)s->incarnation);
            return;
        }
        (void)seqset_add(s->told, m.sequence);
        body = slice_from(body, message_len(&m));
    }
    assert(s->told != NULL);
}

static void on_section(void *ctx, const struct checkpoint_section *section)
{
    struct check *c = ctx;
    struct slice bytes = section->bytes;
    bool is_needed = section->kind == STORE_SECTION_NEEDED;
    if (section->owner == 0 && is_needed && bytes.len == 16) {
        c->needed = le_get_u64(bytes.ptr);
        c->left = le_get_u64(bytes.ptr + 8);
    }
    if (section->owner == 0 && section->kind != STORE_SECTION_GONE) return;
    if (section->owner == 0) {
        for (uint32_t at = 0; at + 8 <= bytes.len; at += 8)
            forget_stream(c, le_get_u64(bytes.ptr + at));
        return;
    }
    struct checked_stream *s = stream_of(c, section->owner);
    assert(s->incarnation == section->owner);
    if (section->kind == SECTION_TAIL) take_tail(c, s, bytes);
    if (section->kind == SECTION_STATE && bytes.len >= STATE_SIZE_OLDEST)
        s->first = le_get_u64(bytes.ptr + STATE_FIRST);
    if (section->kind != SECTION_BLOCK) return;
    for (uint32_t at = 0; at + BLOCK_SIZE <= bytes.len; at += BLOCK_SIZE)
        take_block(s, bytes.ptr + at);
}

static void on_list_damage(void *ctx, journal_pos after)
{
    struct check *c = ctx;
    assert(c->result != NULL);
    damage(c, "checkpoint log: a list behind position %llu is damaged in both copies",
           (unsigned long long)after);
}

static void on_copy_damage(void *ctx, const char *name, uint64_t offset)
{
    struct check *c = ctx;
    assert(name != NULL);
    if (offset == UINT64_MAX) damage(c, "%s is gone; its copy is whole", name);
    else
        damage(c, "%s at %llu: a list is damaged; its copy is whole", name,
               (unsigned long long)offset);
}

/* ---- journal ---- */

static void on_batch(void *ctx, const struct journal_batch *b)
{
    struct check *c = ctx;
    struct journal_record r;
    c->result->batches++;
    assert(b->pos > 0 && b->records > 0);
    for (uint32_t at = 0; journal_next(b, &at, &r);) {
        c->result->records++;
        if (r.owner > 0) stream_of(c, r.owner)->is_ahead = true; /* no list may have it yet */
    }
}

static void on_journal_damage(void *ctx, const struct journal_damage *d)
{
    struct check *c = ctx;
    assert(d->first <= d->last);
    if (!d->is_named)
        damage(c, "journal: batches %llu to %llu are gone", (unsigned long long)d->first,
               (unsigned long long)d->last);
    else
        damage(c,
               "journal: batch %llu is damaged, stream " STORE_STREAMS "/%016llx, sequences "
               "%llu to %llu",
               (unsigned long long)d->first, (unsigned long long)d->owner,
               (unsigned long long)d->first_sequence, (unsigned long long)d->last_sequence);
}

static void on_journal_mended(void *ctx, journal_pos pos)
{
    struct check *c = ctx;
    assert(pos > 0);
    damage(c, "journal: a bit of batch %llu has turned; a start turns it back",
           (unsigned long long)pos);
}

static enum err check_logs(struct check *c, struct errmsg *why)
{
    const struct checkpoint_options co = {
        .disk = c->disk,
        .directory = "checkpoint",
        .store_id = c->result->store_id,
        .seal = c->seal,
    };
    const struct journal_options jo = {
        .disk = c->disk,
        .directory = "journal",
        .store_id = c->result->store_id,
        .seal = c->seal,
    };
    const struct checkpoint_load load = { c, on_section, on_list_damage, on_copy_damage };
    struct journal_replay replay = { .ctx = c,
                                     .on_batch = on_batch,
                                     .on_damage = on_journal_damage,
                                     .on_mended = on_journal_mended };
    struct checkpoint *checkpoint = NULL;
    struct journal *journal = NULL;
    enum err e = checkpoint_open(&co, &load, true, &checkpoint, &replay.after, why);
    assert(e != ERR_OK || checkpoint != NULL);
    if (e) return e;
    checkpoint = checkpoint_close(checkpoint);
    assert(checkpoint == NULL);
    if (c->needed > 0 && c->needed < replay.after) {
        replay.after = c->needed;
        replay.known = c->left;
    }
    e = journal_open(&jo, &replay, true, &journal, why);
    if (e == ERR_OK) journal = journal_close(journal, 0);
    return e;
}

/* ---- blocks ---- */

struct part_walk {
    const struct block_code *code;
    const struct checked_block *block;
    struct disk_file *file;
    char name[DISK_NAME_MAX + 1];
    uint64_t offset;
    uint64_t end; /* of the chunks, or of the footer */
    uint64_t last; /* sequence that was seen */
};

/* Bytes of the file into c->bytes; NOTFOUND: it has not so many. */
static enum err read_bytes(struct check *c, struct disk_file *file, uint64_t offset, uint64_t len)
{
    uint64_t moved = 0;
    assert(len > 0 && len <= PART_BODY_MAX + PART_HEAD);
    if (c->bytes_cap < len) {
        c->bytes = xrealloc(c->bytes, len);
        c->bytes_cap = len;
    }
    enum err e = c->disk->read(c->disk, file, offset, (struct disk_span){ c->bytes, len }, &moved);
    if (e) return e;
    return moved == len ? ERR_OK : ERR_NOTFOUND;
}

static void range_damaged(struct check *c, const struct part_walk *p, uint64_t first, uint64_t last,
                          const char *what)
{
    assert(what != NULL);
    assert(p->offset <= p->end);
    damage(c, "%s at %llu: %s, sequences %llu to %llu", p->name, (unsigned long long)p->offset,
           what, (unsigned long long)first, (unsigned long long)last);
}

/* Messages one by one; where one begins is known as long as the lengths before it are good. */
static void check_messages(struct check *c, struct part_walk *p, const struct part_head *h,
                           struct slice body)
{
    struct stored m;
    bool is_erased;
    uint32_t seen = 0;
    assert(h->kind == PART_CHUNK && body.len == h->plain);
    while (body.len > 0) {
        if (!message_decode(body, p->code->seed, &m, &is_erased)) {
            range_damaged(c, p, p->last + 1, h->last, "a message is damaged");
            return;
        }
        p->last = m.sequence;
        body = slice_from(body, message_len(&m));
        c->result->messages++;
        seen++;
    }
    if (seen != h->count)
        range_damaged(c, p, h->first, h->last, "it has not as many messages as its head says");
    assert(body.len == 0);
}

/* False: how long it is is not known, nothing behind it can be found. */
static bool check_part(struct check *c, struct part_walk *p, enum part_kind kind)
{
    struct part_head h, whole;
    const uint8_t *plain = NULL;
    assert(p->file != NULL && p->offset + PART_HEAD <= p->end);
    enum err e = read_bytes(c, p->file, p->offset, PART_HEAD);
    enum part_verdict got = e ? PART_NONE
                              : part_decode(slice_of(c->bytes, PART_HEAD), p->code->store_id, &h);
    bool is_whole = got == PART_FOUND && h.stored <= p->end - p->offset - PART_HEAD &&
                    h.kind == kind;
    if (!is_whole) {
        range_damaged(c, p, p->last + 1, p->block->last, "the head of a part is damaged");
        return false;
    }
    const struct part_place place = { p->block->number, p->offset };
    uint64_t len = (uint64_t)PART_HEAD + h.stored;
    e = read_bytes(c, p->file, p->offset, len);
    if (!e) e = block_code_unpack(p->code, place, slice_of(c->bytes, len), &whole, &plain);
    if (e) range_damaged(c, p, h.first, h.last, "a part is damaged");
    else if (kind == PART_CHUNK) {
        p->last = h.first > 0 ? h.first - 1 : 0;
        check_messages(c, p, &whole, slice_of(plain, whole.plain));
    }
    if (!e && plain != c->bytes + PART_HEAD) xfree((void *)(uintptr_t)plain);
    p->last = h.last;
    p->offset += len;
    assert(p->offset <= p->end);
    return true;
}

static void check_block(struct check *c, const struct block_code *code,
                        const struct checked_block *b)
{
    struct part_walk p = { .code = code, .block = b, .end = b->end, .last = b->first - 1 };
    int len = snprintf(p.name, sizeof p.name, STORE_STREAMS "/%016llx/%08x",
                       (unsigned long long)code->incarnation, b->number);
    assert(len > 0 && (size_t)len < sizeof p.name);
    c->result->blocks++;
    enum err e = c->disk->open(c->disk, p.name, DISK_OPEN_READ, &p.file, NULL);
    if (e) {
        damage(c, "%s cannot be opened (%s), sequences %llu to %llu", p.name, err_text(e),
               (unsigned long long)b->first, (unsigned long long)b->last);
        return;
    }
    bool is_known = true;
    while (is_known && p.offset + PART_HEAD <= b->end) is_known = check_part(c, &p, PART_CHUNK);
    if (b->footer >= PART_HEAD) {
        p.offset = b->end;
        p.end = b->end + b->footer;
        (void)check_part(c, &p, PART_FOOTER);
    }
    c->disk->close(c->disk, p.file);
    assert(p.offset <= p.end);
}

/* Those of the checkpoint log that no block has, and that are still wanted. */
static uint64_t only_told(const struct checked_stream *s)
{
    uint64_t from = s->first;
    struct slice key;
    void *value;
    assert(s->told != NULL);
    for (uint32_t at = 0; map_next(s->blocks, &at, &key, &value);) {
        const struct checked_block *b = value;
        if (b->last >= from) from = b->last + 1;
    }
    return seqset_count_range(s->told, from, SEQSET_MAX);
}

static void check_stream(struct check *c, const struct checked_stream *s)
{
    const struct block_code code = {
        .store_id = c->result->store_id,
        .incarnation = s->incarnation,
        .seed = message_seed(c->result->store_id, s->incarnation),
        .seal = &c->seal,
    };
    struct slice key;
    void *block;
    assert(s->incarnation > 0 && s->blocks != NULL);
    c->result->streams++;
    for (uint32_t at = 0; map_next(s->blocks, &at, &key, &block);) check_block(c, &code, block);
    c->result->told += only_told(s);
}

/* ---- what nobody names ---- */

struct listed {
    struct check *check;
    const struct checked_stream *stream; /* NULL: of the directories themselves */
    struct buf names;                    /* of directories, each with its NUL */
    const char *directory;
};

static void stranger(struct check *c, const char *directory, const char *name)
{
    struct errmsg text;
    assert(directory != NULL && name != NULL);
    c->result->strangers++;
    (void)errmsg_set(&text, ERR_NOTFOUND, STORE_STREAMS "/%s%s%s", directory,
                     name[0] != '\0' ? "/" : "", name);
    if (c->o->on_stranger != NULL) c->o->on_stranger(c->o->ctx, text.text);
}

/* A block that was begun behind the last list: what is in it stands in the checkpoint log or the
 * journal, and a start makes it anew. */
static bool is_begun(const struct checked_stream *s, const char *name)
{
    char known[16];
    uint32_t highest = 0;
    struct slice key;
    void *value;
    if (!s->is_ahead && only_told(s) == 0) return false;
    for (uint32_t at = 0; map_next(s->blocks, &at, &key, &value);) {
        const struct checked_block *b = value;
        if (b->number > highest) highest = b->number;
    }
    (void)snprintf(known, sizeof known, "%08x", highest);
    assert(name[0] != '\0');
    return strlen(name) == strlen(known) && strspn(name, "0123456789abcdef") == strlen(name) &&
           strcmp(name, known) > 0;
}

static void see_file(void *ctx, const char *name, bool is_dir)
{
    const struct listed *l = ctx;
    char known[16];
    struct slice key;
    void *block;
    assert(l->directory != NULL);
    for (uint32_t at = 0; l->stream != NULL && map_next(l->stream->blocks, &at, &key, &block);) {
        (void)snprintf(known, sizeof known, "%08x", ((const struct checked_block *)block)->number);
        if (!is_dir && strcmp(known, name) == 0) return;
    }
    if (!is_dir && l->stream != NULL && is_begun(l->stream, name)) return;
    stranger(l->check, l->directory, name);
}

static void see_directory(void *ctx, const char *name, bool is_dir)
{
    struct listed *l = ctx;
    if (!is_dir) stranger(l->check, name, "");
    else buf_add(&l->names, slice_of(name, strlen(name) + 1));
    assert(l->stream == NULL);
}

static const struct checked_stream *stream_named(struct check *c, const char *name)
{
    struct slice key;
    void *stream;
    char known[24];
    for (uint32_t at = 0; map_next(c->streams, &at, &key, &stream);) {
        const struct checked_stream *s = stream;
        (void)snprintf(known, sizeof known, "%016llx", (unsigned long long)s->incarnation);
        if (strcmp(known, name) == 0) return s;
    }
    assert(name[0] != '\0');
    return NULL;
}

static enum err check_strangers(struct check *c, struct errmsg *why)
{
    struct listed all = { .check = c };
    char path[DISK_NAME_MAX + 1];
    enum err e = c->disk->list(c->disk, STORE_STREAMS, see_directory, &all);
    if (e == ERR_NOTFOUND) return ERR_OK;
    for (uint32_t at = 0; !e && at < all.names.len;) {
        const char *name = (const char *)all.names.ptr + at;
        struct listed one = { .check = c, .stream = stream_named(c, name), .directory = name };
        int len = snprintf(path, sizeof path, STORE_STREAMS "/%s", name);
        assert(len > 0);
        if ((size_t)len < sizeof path) e = c->disk->list(c->disk, path, see_file, &one);
        at += (uint32_t)strlen(name) + 1;
    }
    buf_deinit(&all.names);
    return e ? errmsg_set(why, e, "the directories of streams cannot be read") : ERR_OK;
}

/* ---- all of it ---- */

static enum err open_keys(struct check *c, struct store_keys **ret, struct errmsg *why)
{
    struct store_identity identity;
    bool is_changed = false, is_unequal = false;
    const struct key_wish wish = { .key = c->o->key, .entropy = c->o->env->entropy };
    enum err e = store_identity_load(c->disk, &identity, &is_unequal, why);
    if (e == ERR_NOTFOUND) return errmsg_set(why, e, "%s holds no store", c->o->directory);
    if (e) return e;
    if (is_unequal) damage(c, "identity.a or identity.b is damaged or older than the other");
    c->result->store_id = identity.store_id;
    c->result->is_encrypted = identity.keys_count > 0;
    e = store_keys_open(&identity, &wish, ret, &is_changed, why);
    if (e) return e;
    c->seal = store_keys_seal(*ret);
    assert(c->seal.close == NULL); /* nothing is written */
    return ERR_OK;
}

static void check_end(struct check *c)
{
    struct disks *disks = c->o->env->disks;
    struct slice key;
    void *stream;
    for (uint32_t at = 0; map_next(c->streams, &at, &key, &stream);) stream = stream_free(stream);
    c->streams = map_free(c->streams);
    c->bytes = xfree(c->bytes);
    assert(c->streams == NULL);
    disks->close(disks, c->disk);
}

enum err store_check(const struct store_check_options *o, struct store_check_result *ret,
                     struct errmsg *why)
{
    struct disks *disks = o->env->disks;
    struct check c = { .o = o, .result = ret, .streams = map_new(1) };
    struct store_keys *keys = NULL;
    struct slice key;
    void *stream;
    assert(o->directory != NULL && o->on_damage != NULL);
    *ret = (struct store_check_result){ 0 };
    enum err e = disks->open(disks, o->directory, true, &c.disk, why);
    if (e) {
        c.streams = map_free(c.streams);
        return e;
    }
    e = open_keys(&c, &keys, why);
    if (!e) e = check_logs(&c, why);
    for (uint32_t at = 0; !e && map_next(c.streams, &at, &key, &stream);) check_stream(&c, stream);
    if (!e) e = check_strangers(&c, why);
    keys = store_keys_free(keys);
    assert(keys == NULL);
    check_end(&c);
    return e;
}
