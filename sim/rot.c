/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/rot.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/le.h"

/* The formats: see store/journal_format.h and store/block_format.h. */
enum {
    SECTOR = 512,
    /* a batch of the journal */
    HEAD = 120,
    HEAD_MAGIC = 16,
    HEAD_FLAGS = 20,
    HEAD_GENERATION = 32,
    HEAD_RANGES = 44,
    HEAD_OFFSET = 48,
    HEAD_POS = 56,
    HEAD_DURABLE = 80,
    HEAD_RECORDS = 88,
    HEAD_BODY = 92,
    RANGE = 24,
    RECORD = 32,
    RECORD_LEN = 8,
    RECORD_OWNER = 16,
    RECORD_SEQUENCE = 24,
    /* a part of a block */
    PART = 104,
    PART_MAGIC = 8,
    PART_FLAGS = 12,
    PART_OWNER = 24,
    PART_COUNT = 36,
    PART_FIRST = 40,
    PART_LAST = 48,
    PART_OFFSET = 56,
    PART_STORED = 64,
    MESSAGE = 36,
    MESSAGE_SEQUENCE = 8,
    MESSAGE_PAYLOAD = 24,
    MESSAGE_HEADER = 28,
    MESSAGE_SUBJECT = 32,
    /* A start finds a bit in a record of up to so many bytes. */
    REPAIRED = 16 << 10,
    REPAIRED_STATE = 256 << 10, /* … that holds no message */
    CHOICES = 64,
    /* Of so many bits of the journal one is of the heads that stand there a second time. */
    COPIES_PART = 8,
};

/* They stand elsewhere too, and so cost nothing. */
static const char copies_name[] = "journal/heads";

static const char *const prefixes[SIM_ROT_KINDS] = { "", "journal/", "streams/", "checkpoint/",
                                                     "identity." };

const char *sim_rot_text(enum sim_rot_kind kind)
{
    static const char *const texts[SIM_ROT_KINDS] = { "no bit", "a bit of the journal",
                                                      "a bit of a block",
                                                      "a bit of the checkpoint log",
                                                      "a bit of the identity" };
    assert(kind < SIM_ROT_KINDS);
    return texts[kind];
}

/* ---- the journal ---- */

struct batch {
    char name[DISK_NAME_MAX];
    uint64_t at, pos, durable;
    uint32_t ranges, records, body;
    bool is_sealed;
};

struct survey {
    struct disk_memory *disk;
    enum sim_rot_kind kind;
    uint32_t record_max;
    /* files of the kind, or newest batches, as many as can be remembered: a window that slides */
    char names[CHOICES][DISK_NAME_MAX];
    struct batch batches[CHOICES];
    uint32_t count;
    uint64_t highest, durable; /* batch with records; what is known to be whole */
    uint64_t copies;           /* bytes of the file of heads */
};

static uint64_t batch_len(const struct batch *b)
{
    uint64_t len = (uint64_t)HEAD + (uint64_t)b->ranges * RANGE + b->body;
    return (len + SECTOR - 1) / SECTOR * SECTOR;
}

static bool read_batch(const char *name, const uint8_t *bytes, uint64_t size, uint64_t at,
                       struct batch *ret)
{
    const uint8_t *h = bytes + at;
    if (size - at < HEAD || memcmp(h + HEAD_MAGIC, "MJB\x01", 4) != 0) return false;
    if (le_get_u64(h + HEAD_OFFSET) != at) return false;
    *ret = (struct batch){ .at = at,
                           .pos = le_get_u64(h + HEAD_POS),
                           .durable = le_get_u64(h + HEAD_DURABLE),
                           .ranges = le_get_u32(h + HEAD_RANGES),
                           .records = le_get_u32(h + HEAD_RECORDS),
                           .body = le_get_u32(h + HEAD_BODY),
                           .is_sealed = (le_get_u32(h + HEAD_FLAGS) & 1) != 0 };
    snprintf(ret->name, sizeof ret->name, "%s", name);
    return at + batch_len(ret) <= size;
}

static void remember(struct survey *s, const struct batch *b)
{
    if (b->durable > s->durable) s->durable = b->durable;
    if (b->records == 0) return;
    if (b->pos > s->highest) s->highest = b->pos;
    uint32_t oldest = 0;
    if (s->count < CHOICES) {
        s->batches[s->count++] = *b;
        return;
    }
    for (uint32_t i = 1; i < s->count; i++)
        if (s->batches[i].pos < s->batches[oldest].pos) oldest = i;
    if (s->batches[oldest].pos < b->pos) s->batches[oldest] = *b;
}

/* Of a segment those of its newest use, ascending: what stands behind is of an earlier one, or of a
 * tail that was cut. */
static void survey_segment(struct survey *s, const char *name, uint64_t size)
{
    const uint8_t *bytes = disk_memory_bytes(s->disk, name, &size);
    uint64_t generation = 0, highest = 0;
    struct batch b;
    for (uint64_t at = 0; at < size; at += SECTOR)
        if (read_batch(name, bytes, size, at, &b) &&
            le_get_u64(bytes + at + HEAD_GENERATION) > generation)
            generation = le_get_u64(bytes + at + HEAD_GENERATION);
    for (uint64_t at = 0; at < size;) {
        bool is_one = read_batch(name, bytes, size, at, &b) && b.pos > highest &&
                      le_get_u64(bytes + at + HEAD_GENERATION) == generation;
        if (is_one) remember(s, &b);
        if (is_one) highest = b.pos;
        at += is_one ? batch_len(&b) : SECTOR;
    }
}

/* The last sequence of the owner's range. */
static uint64_t range_end(const uint8_t *head, uint32_t ranges, uint64_t owner)
{
    for (uint32_t i = 0; i < ranges; i++) {
        const uint8_t *r = head + HEAD + (size_t)i * RANGE;
        if (le_get_u64(r) == owner) return le_get_u64(r + 16);
    }
    return 0;
}

/* What a record holds of its owner's sequences, up to where the next one of the owner begins. */
static void cost_of_record(const struct batch *b, const uint8_t *head, uint32_t at,
                           struct sim_rot *r)
{
    const uint8_t *body = head + HEAD + (size_t)b->ranges * RANGE;
    r->owner = le_get_u64(body + at + RECORD_OWNER);
    r->first = le_get_u64(body + at + RECORD_SEQUENCE);
    r->last = range_end(head, b->ranges, r->owner);
    for (at += RECORD + le_get_u32(body + at + RECORD_LEN); at < b->body;
         at += RECORD + le_get_u32(body + at + RECORD_LEN)) {
        uint64_t sequence = le_get_u64(body + at + RECORD_SEQUENCE);
        if (le_get_u64(body + at + RECORD_OWNER) != r->owner || sequence == 0) continue;
        r->last = sequence - 1;
        return;
    }
}

/* The record in which this byte of a plain body stands. */
static uint32_t record_at(const uint8_t *body, uint32_t byte)
{
    uint32_t at = 0, next = 0;
    while (next <= byte) {
        at = next;
        next += RECORD + le_get_u32(body + at + RECORD_LEN);
    }
    return at;
}

/* False: such a bit is not flipped. */
static bool cost_in_journal(const struct survey *s, const struct batch *b, const uint8_t *bytes,
                            struct sim_rot *r)
{
    const uint8_t *head = bytes + b->at, *body = head + HEAD + (size_t)b->ranges * RANGE;
    uint64_t byte = r->offset - b->at - (uint64_t)(body - head);
    if (r->offset < b->at + (uint64_t)(body - head) || byte >= b->body) return true;
    if (b->is_sealed) return b->body <= REPAIRED || s->record_max <= REPAIRED;
    uint32_t at = record_at(body, (uint32_t)byte),
             len = RECORD + le_get_u32(body + at + RECORD_LEN);
    if (byte - at < RECORD || len <= REPAIRED) return true;
    if (le_get_u64(body + at + RECORD_SEQUENCE) == 0) return len <= REPAIRED_STATE;
    if (b->pos == s->highest && s->durable < b->pos) return false;
    cost_of_record(b, head, at, r);
    return r->first > 0;
}

static bool draw_journal(struct survey *s, struct rng *rng, struct sim_rot *r)
{
    uint64_t size = 0;
    if (s->copies > 0 && rng_below(rng, COPIES_PART) == 0) {
        snprintf(r->name, sizeof r->name, "%s", copies_name);
        r->offset = rng_below(rng, (uint32_t)s->copies);
        return true;
    }
    if (s->count == 0) return false;
    const struct batch *b = &s->batches[rng_below(rng, s->count)];
    const uint8_t *bytes = disk_memory_bytes(s->disk, b->name, &size);
    snprintf(r->name, sizeof r->name, "%s", b->name);
    r->offset = b->at + rng_below(rng, (uint32_t)batch_len(b));
    return cost_in_journal(s, b, bytes, r);
}

/* ---- blocks ---- */

/* The message of a plain chunk in which this byte of its body stands. */
static uint64_t message_at(const uint8_t *body, uint32_t len, uint64_t byte)
{
    uint64_t at = 0;
    while (at + MESSAGE <= len) {
        const uint8_t *m = body + at;
        uint64_t next = at + MESSAGE + le_get_u32(m + MESSAGE_PAYLOAD) +
                        le_get_u32(m + MESSAGE_HEADER) + le_get_u16(m + MESSAGE_SUBJECT);
        if (byte < next) return le_get_u64(m + MESSAGE_SEQUENCE);
        at = next;
    }
    return 0;
}

/* The messages of a plain chunk end where it ends, ascend and are as many as it says: no bit of
 * what tells them apart has turned. */
static bool is_chunk_sound(const uint8_t *part)
{
    const uint8_t *body = part + PART;
    uint64_t at = 0, last = 0, first = le_get_u64(part + PART_FIRST);
    uint32_t len = le_get_u32(part + PART_STORED), count = 0;
    while (at + MESSAGE <= len) {
        const uint8_t *m = body + at;
        uint64_t sequence = le_get_u64(m + MESSAGE_SEQUENCE);
        if (count == 0 ? sequence != first : sequence <= last) return false;
        last = sequence;
        count++;
        at += MESSAGE + (uint64_t)le_get_u32(m + MESSAGE_PAYLOAD) + le_get_u32(m + MESSAGE_HEADER) +
              le_get_u16(m + MESSAGE_SUBJECT);
    }
    return at == len && last == le_get_u64(part + PART_LAST) &&
           count == le_get_u32(part + PART_COUNT);
}

/* A footer, and the head of a plain chunk, can be done without. False: nobody can tell which
 * message has this byte. */
static bool cost_in_part(const uint8_t *part, uint64_t byte, struct sim_rot *r)
{
    bool is_plain = le_get_u32(part + PART_FLAGS) == 0;
    if (memcmp(part + PART_MAGIC, "MBC", 3) != 0 || (is_plain && byte < PART)) return true;
    r->owner = le_get_u64(part + PART_OWNER);
    r->first = le_get_u64(part + PART_FIRST);
    r->last = le_get_u64(part + PART_LAST);
    if (!is_plain) return true;
    if (!is_chunk_sound(part)) return false;
    r->first = r->last = message_at(part + PART, le_get_u32(part + PART_STORED), byte - PART);
    return true;
}

static bool is_part(const uint8_t *bytes, uint64_t at)
{
    return memcmp(bytes + at + PART_MAGIC, "MB", 2) == 0 &&
           le_get_u64(bytes + at + PART_OFFSET) == at;
}

/* In the last part and behind it is none: what follows is a torn end that nobody reads, and in no
 * head a bit has turned. */
static bool are_parts_sound(const uint8_t *bytes, uint64_t size)
{
    uint64_t at = 0, last = 0;
    while (at + PART <= size && is_part(bytes, at)) {
        last = at;
        at += PART + le_get_u32(bytes + at + PART_STORED);
    }
    for (at = last + 1; at + PART <= size; at++)
        if (is_part(bytes, at)) return false;
    return true;
}

static bool draw_block(struct survey *s, struct rng *rng, struct sim_rot *r)
{
    uint64_t size = 0;
    if (s->count == 0) return false;
    snprintf(r->name, sizeof r->name, "%s", s->names[rng_below(rng, s->count)]);
    const uint8_t *bytes = disk_memory_bytes(s->disk, r->name, &size);
    if (size == 0) return false;
    r->offset = rng_below(rng, (uint32_t)size);
    if (!are_parts_sound(bytes, size)) return false;
    for (uint64_t at = 0; at + PART <= size && is_part(bytes, at);) {
        uint64_t next = at + PART + le_get_u32(bytes + at + PART_STORED);
        if (r->offset >= at && r->offset < next)
            return next <= size && cost_in_part(bytes + at, r->offset - at, r);
        at = next;
    }
    return true;
}

/* Of a part that the read meets what stands in it; a footer tells of all. */
bool sim_rot_of_read(struct slice file, uint64_t offset, uint64_t len, struct sim_rot *ret)
{
    struct sim_rot met = { .kind = SIM_ROT_BLOCK }, all = met;
    bool is_footer = false;
    for (uint64_t at = 0; at + PART <= file.len;) {
        const uint8_t *part = file.ptr + at;
        uint64_t next = at + PART + le_get_u32(part + PART_STORED);
        if (memcmp(part + PART_MAGIC, "MB", 2) != 0) break;
        bool is_chunk = memcmp(part + PART_MAGIC, "MBC", 3) == 0;
        bool is_met = offset < next && offset + len > at;
        is_footer |= is_met && !is_chunk;
        for (int i = 0; i < 2 && is_chunk; i++) {
            struct sim_rot *r = i == 0 ? &all : &met;
            if (i == 1 && !is_met) break;
            r->owner = le_get_u64(part + PART_OWNER);
            if (r->first == 0) r->first = le_get_u64(part + PART_FIRST);
            r->last = le_get_u64(part + PART_LAST);
        }
        at = next;
    }
    *ret = is_footer ? all : met;
    return ret->first > 0;
}

/* ---- all ---- */

static void survey_file(void *ctx, const char *name, uint64_t size)
{
    struct survey *s = ctx;
    const char *prefix = prefixes[s->kind];
    if (strncmp(name, prefix, strlen(prefix)) != 0 || size == 0) return;
    if (strcmp(name, copies_name) == 0) s->copies = size;
    else if (s->kind == SIM_ROT_JOURNAL) survey_segment(s, name, size);
    else if (s->count < CHOICES) snprintf(s->names[s->count++], DISK_NAME_MAX, "%s", name);
}

static bool draw_any(struct survey *s, struct rng *rng, struct sim_rot *r)
{
    uint64_t size = 0;
    if (s->count == 0) return false;
    snprintf(r->name, sizeof r->name, "%s", s->names[rng_below(rng, s->count)]);
    (void)disk_memory_bytes(s->disk, r->name, &size);
    r->offset = rng_below(rng, (uint32_t)size);
    return true;
}

void sim_rot_flip(struct disk_memory *d, enum sim_rot_kind kind, uint32_t record_max,
                  struct rng *rng, struct sim_rot *ret)
{
    struct survey s = { .disk = d, .kind = kind, .record_max = record_max };
    struct sim_rot r = { .kind = kind, .bit = rng_below(rng, 8) };
    *ret = (struct sim_rot){ 0 };
    assert(kind < SIM_ROT_KINDS);
    if (kind == SIM_ROT_NONE) return;
    disk_memory_each(d, &s, survey_file);
    bool is_drawn = kind == SIM_ROT_JOURNAL ? draw_journal(&s, rng, &r)
                    : kind == SIM_ROT_BLOCK ? draw_block(&s, rng, &r)
                                            : draw_any(&s, rng, &r);
    if (!is_drawn) return;
    disk_memory_flip(d, r.name, r.offset, r.bit);
    *ret = r;
}
