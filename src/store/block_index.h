/* SPDX-License-Identifier: Apache-2.0 */
/* Block_index: what is known of the messages of one block without reading them: where each begins,
 * its subject, size and time, and the neighbours that have the same subject.
 *
 * The index of an open block grows with each message; that of a full one is written as its footer,
 * and may then be freed and read again. Messages that are gone stay in it.
 *
 * Thread:  one at a time. Memory: its own; 32 bytes a message, about 40 a subject and its text.
 * Limits:  sequences of a block span less than 2^32, its messages less than 2^30.
 * Errors:  bytes of a footer that do not fit together are CORRUPT. */
#ifndef MIDGE_STORE_BLOCK_INDEX_H
#define MIDGE_STORE_BLOCK_INDEX_H

#include "base/buf.h"
#include "base/err.h"
#include "store/block_format.h"

#define ENTRY_NONE       UINT32_MAX
#define ENTRY_HAS_HEADER (UINT32_C(1) << 31)

struct block_entry {
    uint32_t delta;    /* of the sequence to the block's first one */
    uint32_t position; /* in the plain body of its chunk */
    uint32_t length;
    uint32_t subject;  /* its number; ENTRY_HAS_HEADER */
    uint32_t previous, next; /* entries of the same subject; ENTRY_NONE */
    nanos    time;
};

struct block_chunk {
    uint64_t offset; /* of its part in the file */
    uint32_t stored;
    uint32_t plain;
    uint32_t first_entry;
    uint32_t flags;  /* of its part */
};

struct block_subject {
    uint64_t before; /* the sequence of its last message before this block; 0: none known */
    uint32_t text;
    uint32_t hash;
    uint32_t first, last; /* entries */
    uint16_t len;
};

struct block_index {
    uint64_t first; /* sequence */
    uint64_t seed;  /* of hashes */
    struct block_entry   *entries;
    struct block_chunk   *chunks;
    struct block_subject *subjects;
    uint8_t *texts;
    uint32_t entries_count, entries_cap;
    uint32_t chunks_count;
    uint32_t texts_len;
    /* until here a line of memory: what each message touches */
    uint32_t subjects_count;
    uint32_t slots_count; /* a power of two; 0: none yet */
    uint32_t             *slots; /* of a table with open addressing: number of a subject + 1 */
    uint32_t chunks_cap, subjects_cap;
    uint32_t texts_cap;
    /* some bytes of its chunks are damaged and no message's: it has no footer */
    bool     has_holes;
};

struct block_index *block_index_new(uint64_t first_sequence, uint64_t hash_seed);
struct block_index *block_index_free(struct block_index *); /* NULL is fine; returns NULL */
uint64_t block_index_memory(const struct block_index *);

/* The next message will be in a new chunk. */
void block_index_begin_chunk(struct block_index *);
/* `previous`: the message of the same subject before this one, wherever; 0: none or not known. */
void block_index_add(struct block_index *, const struct stored *, uint64_t previous);

/* The entry of a sequence; ENTRY_NONE. */
uint32_t block_index_find(const struct block_index *, uint64_t sequence);
/* The first entry whose sequence is not below; the count of entries when there is none. */
uint32_t block_index_from(const struct block_index *, uint64_t sequence);
/* The first entry of this subject at or above; ENTRY_NONE. */
uint32_t block_index_next_same(const struct block_index *, struct slice subject, uint64_t from);
uint32_t block_index_previous_same(const struct block_index *, struct slice subject,
                                   uint64_t up_to);
uint32_t block_index_chunk_of(const struct block_index *, uint32_t entry);
/* Number of a subject; ENTRY_NONE. */
uint32_t block_index_subject(const struct block_index *, struct slice subject);
/* No message has this subject any more: its text becomes zeros. */
void block_index_erase_subject(struct block_index *, uint32_t subject);

static inline uint64_t entry_sequence(const struct block_index *x, uint32_t entry)
{
    return x->first + x->entries[entry].delta;
}

static inline struct slice entry_subject(const struct block_index *x, uint32_t entry)
{
    uint32_t number = x->entries[entry].subject & ~ENTRY_HAS_HEADER;
    const struct block_subject *s = &x->subjects[number];
    return slice_of(x->texts + s->text, s->len);
}

static inline uint64_t entry_size(const struct block_entry *e)
{
    uint32_t header = (e->subject & ENTRY_HAS_HEADER) != 0; /* at least; only the sum counts */
    return msgs_size(true, e->length - MESSAGE_HEAD - header, header, 0);
}

/* Entries of a chunk: [first_entry, this). */
static inline uint32_t chunk_end(const struct block_index *x, uint32_t chunk)
{
    return chunk + 1 < x->chunks_count ? x->chunks[chunk + 1].first_entry : x->entries_count;
}

/* The body of a footer. */
uint32_t block_index_encoded_len(const struct block_index *);
void block_index_encode(const struct block_index *, uint8_t *to);
/* Of a footer's head and its plain body. */
MUST_CHECK enum err block_index_decode(const struct part_head *, struct slice body,
                                       uint64_t hash_seed, struct block_index **ret);

/* Asserts every invariant; O(n). */
void block_index_check(const struct block_index *);

#endif
