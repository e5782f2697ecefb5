/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of messages in files, for the files that are it: msgs_file.c (changes), _life, _ask
 * (questions), _blocks (which there are, what of them is in memory), _read, _write, _flush, _erase,
 * _compact, _checkpoint, _load.
 *
 * Thread and memory: msgs_file.h. A chunk of messages in memory is, in turn: OPEN (the last one of
 * the open block takes more), WRITING, WRITTEN, and SAFE when its block has been synced; before
 * that the cache holds it. A block that is full is not open any more; its footer makes it
 * sealed. */
#ifndef MIDGE_STORE_MSGS_FILE_INTERNAL_H
#define MIDGE_STORE_MSGS_FILE_INTERNAL_H

#include "store/block_code.h"
#include "store/block_index.h"
#include "store/msgs_file.h"
#include "store/msgs_internal.h"
#include "store/seqset.h"

enum {
    CHUNK_TARGET = 32 << 10, /* what is read and checked at once */
    CHUNK_FIRST = 1 << 10,
    WRITE_CHUNKS = 32,       /* of one write */
    COMPACT_MIN = 64 << 10,  /* bytes of a block below which holes do not matter */
    BUSY_MAX = 64,           /* answers of BUSY after which a question reads by itself */
};

enum chunk_state { CHUNK_OPEN, CHUNK_WRITING, CHUNK_WRITTEN, CHUNK_SAFE };

struct chunk {
    enum chunk_state  state;
    uint32_t          number;
    uint8_t          *body;
    uint32_t          len, cap;
    uint8_t          *memory; /* what is freed … */
    bool              is_near; /* … to base/near.h */
    struct block     *block;
    struct store_cached cached;
    uint8_t          *packed; /* WRITING, when it is not written as it stands in memory */
};

/* How far a block is written, or safe. */
struct block_reach {
    uint64_t end;    /* bytes of chunks */
    uint64_t last;   /* sequence; 0: none */
    uint64_t bytes;  /* of records */
    uint32_t records, chunks;
    uint32_t footer; /* bytes; 0: none */
};

struct block {
    struct msgs_file *owner;
    uint64_t first, last;       /* sequences that were put in */
    uint32_t records;
    uint32_t live;              /* of them, those that are not gone */
    uint64_t bytes;             /* of the records */
    struct block_index *index;  /* NULL: not in memory; its content by index_of() */
    struct chunk *tail;         /* that takes the next message, if there is room; NULL: none */
    uint32_t bytes_max;         /* a message that would make it larger goes into the next one */
    uint32_t behind;            /* the last so many records, all in `tail`, are not in the index */

    struct chunk **chunks;      /* by number; NULL: not in memory */
    uint32_t chunks_cap, chunks_loaded;
    uint32_t number;
    uint32_t key;               /* number of the one that seals all of it; 0: none */
    struct store_cached index_cached, file_cached;

    struct disk_file *file;
    struct block_reach written;
    struct block_reach safe;    /* synced, and so may be named in a list */
    uint32_t users;             /* operations that are in flight */
    bool is_open;               /* takes more messages */
    bool is_complete;           /* nothing of it is to be written but what is erased */
    bool is_copy;               /* of a compaction: not in the table yet */
    bool is_created, is_name_safe, is_opening;
    bool is_named;              /* some list or slice shows it */
    bool is_dirty;              /* the next list says it */
    bool is_gone;               /* out of the table: to be forgotten, then removed */
    bool is_unreadable;         /* its index cannot be read nor made again */
    /* something is to be erased that cannot be in place, or no footer */
    bool must_compact;
    bool is_stuck;              /* nothing of it can be copied */
    bool is_erased;             /* gone, and filled with zeros */
    bool is_absent;             /* its file cannot be opened */
};

/* A read. It ends with a look at those who wait. */
struct fetch {
    struct disk_op    op;
    struct disk_span  span;
    struct list       node;
    struct msgs_file *owner;
    struct block     *block;
    uint32_t          chunk;    /* ENTRY_NONE: the index */
    bool              is_whole; /* all chunks, to make an index of them */
    char              name[DISK_NAME_MAX];
};

enum write_step {
    WRITE_NOTHING,
    WRITE_MAKE_DIR,
    WRITE_OPEN,
    WRITE_CHUNKS_OUT,
    WRITE_FOOTER,
    WRITE_SYNC,
    WRITE_SYNC_NAME,
    WRITE_SYNC_DIR,
    WRITE_ERASE,
    WRITE_ERASE_FOOTER,
    WRITE_ERASE_ALL,
    WRITE_CLOSE,
    WRITE_REMOVE,
    WRITE_REMOVE_DIR,
};

struct writer {
    struct disk_op   op;
    struct disk_span spans[WRITE_CHUNKS];
    enum write_step  step; /* in flight */
    struct block    *block;
    uint8_t         *bytes; /* of a footer or an erased message, freed behind it */
    char             name[DISK_NAME_MAX];
    uint32_t         chunks;  /* that are being written */
    struct block_reach reach; /* of the block behind this write, or that is being synced */
    bool             is_dir_made, is_dir_safe;
};

struct erase {
    struct list node;
    uint64_t    sequence;
    void (*done)(void *ctx, enum err);
    void       *ctx;
};

struct compaction {
    struct block *from;  /* NULL: none is underway */
    struct block *to;
    uint32_t      entry; /* the next one of `from` to be looked at */
    bool          is_wanted; /* some block may have become worth it */
    bool          is_refused; /* the last one found no space */
};

/* What a stored message touches stands first, here, in blocks and in chunks. */
struct msgs_file {
    struct msgs    base;
    CACHE_ALIGNED uint64_t first; /* below it all is gone */
    uint64_t       end;     /* the last one that was put in; 0: none */
    struct block  *open;    /* the last one, when it takes more */
    struct chunk  *pin_chunk; /* what the last load gave */
    uint64_t       unwritten, unsafe; /* bytes of messages */
    uint32_t       tail_size; /* when so much is unwritten it is written */
    uint32_t       chunk_size;
    struct block_code        code;
    struct msgs_file_options o;
    char                     directory[DISK_NAME_MAX];

    struct seqset *gone;    /* from `first` on */
    struct seqset *gone_new; /* … since the last list */
    struct seqset *gone_said; /* … that a list says which is on its way; NULL: none is */
    uint64_t       first_said, first_safe; /* what was `first`, likewise, and in a durable list */
    struct seqset *lost;
    struct seqset *missing; /* were never put in, for the journal has lost them */

    struct block **blocks;  /* ascending */
    uint32_t       blocks_count, blocks_cap;
    struct block **forgotten; /* gone: to be said, said, or to be removed */
    uint32_t       forgotten_count, forgotten_cap;
    uint32_t       forgotten_said, forgotten_free; /* the first so many are said; may be removed */
    uint32_t       next_number;
    uint64_t       leave_above; /* the next list leaves these to the journal; UINT64_MAX: none */
    uint64_t       tail_said; /* messages up to here stand in the log or in safe blocks */
    uint64_t       tail_safe; /* … whatever becomes of the list that is on its way */
    struct seqset *told;      /* what the log has of messages, since the last slice */
    struct seqset *told_before; /* … and of before, while these files count */
    uint32_t       told_pair;
    uint64_t       scrub_at; /* the pass goes on here; 0: a new one */
    uint64_t       scrubbed; /* first one of the chunk that the last call has read; 0: none */

    struct buf    subject;   /* what the last meta gave */
    struct list   loads, waits, fetches, erases;
    struct erase *erasing; /* whose write is in flight */
    uint64_t      blocked;

    struct writer     writer;
    struct compaction compaction;
    void (*on_flushed)(void *ctx, enum err);
    void  *flush_ctx;
    uint64_t flush_to;      /* messages up to here */
    void (*on_removed)(void *ctx, enum err);
    void  *removed_ctx;
    struct buf slice_after; /* of a rewrite: the last subject that was shown */
    uint32_t   slice_step;
    struct seqset *dropped; /* of a start: numbers of blocks that a list has forgotten */
    struct buf tail;        /* of a start: messages that no block has */
    struct seqset *tail_has; /* … their sequences */
    uint64_t   tail_last, tail_stored; /* … and the last of them; blocks have all up to here */
    bool       is_tail_mixed; /* … they are not in order */
    bool is_lost_changed, is_changed;
    bool is_failed, is_refused, is_stopped;
    bool is_refusal_told; /* to the cache: until something could be written, or nothing is left */
    bool is_starting; /* nothing is written before the start has succeeded */
    bool is_held_up; /* a read had no descriptor: what can wait does, until one works or a list */
    bool is_choosing, is_asked_again; /* writer_go() */
};

static_assert(offsetof(struct msgs_file, first) == sizeof(struct msgs),
              "what is fetched behind msgs is what each message touches");

static inline struct msgs_file *file_from(struct msgs *m)
{
    assert(m->ops->is_file);
    return container_of(m, struct msgs_file, base);
}

static inline const struct msgs_file *file_from_const(const struct msgs *m)
{
    assert(m->ops->is_file);
    return container_of(m, const struct msgs_file, base);
}

/* ---- blocks (msgs_file_blocks.c) ---- */

struct block *block_new(struct msgs_file *, uint32_t number, uint64_t first);
struct block *block_free(struct block *); /* nothing of it is in flight. Returns NULL */
void block_name(const struct block *, char ret_name[DISK_NAME_MAX]);
/* Behind all others of the table. */
void table_add(struct msgs_file *, struct block *);
/* Index of the block in which the sequence would be: the last one that begins at or below it;
 * UINT32_MAX: all begin above. */
uint32_t table_find(const struct msgs_file *, uint64_t sequence);
/* The block that holds a sequence that is there. NULL only when a start has found it nowhere. */
struct block *block_of(const struct msgs_file *, uint64_t sequence);
/* Out of the table, and out of memory; its file goes when a list has forgotten it. */
void block_forget(struct msgs_file *, uint32_t index);
void block_replace(struct msgs_file *, struct block *old, struct block *take_new);
void block_retire(struct msgs_file *, struct block *); /* to the forgotten ones */
/* An operation of it has come home. */
void block_settled(struct block *);
/* No more messages go into the open block. */
void block_close(struct msgs_file *);
void block_set_index(struct block *, struct block_index *take);
/* What was appended, and is only in the tail, enters the index. */
void block_catch_up(struct block *);
static inline struct block_index *index_of(struct block *b)
{
    if (UNLIKELY(b->behind > 0)) block_catch_up(b);
    return b->index;
}
void block_index_grown(struct block *);
struct chunk *chunk_new(struct block *, uint32_t number); /* an empty one, held */
struct chunk *chunk_free(struct chunk *);
struct chunk *chunk_get(const struct block *, uint32_t number); /* NULL: not in memory */
void chunk_room(struct chunk *, uint32_t more);
/* What it holds, at once; `body` is inside of `take_memory`. */
void chunk_take(struct chunk *, uint8_t *take_memory, uint8_t *body, uint32_t len);
/* A message at the end of what the block has, which is in memory. Returns where it goes. */
uint8_t *block_append(struct block *, const struct stored *, uint64_t previous);
/* Held once more. While it was opened somebody who could not wait may have done so: then that one
 * stays. */
void block_set_file(struct block *, struct disk_file *take_file);
void block_close_file(struct block *); /* blocking; nothing of it is in flight */
/* Held instead of what was held before; NULL: nothing. */
void pin_chunk(struct msgs_file *, struct chunk *);
/* A message of a tail that a start has found; what is known of all has been said already. */
void restore(struct msgs_file *, const struct stored *);
uint32_t count_live(const struct msgs_file *, uint64_t first, uint64_t last);
bool is_there(const struct msgs_file *, uint64_t sequence); /* not gone; it may be lost */

/* ---- questions (msgs_file_ask.c, msgs_file_load.c), as msgs_internal.h says ---- */

enum err file_meta(struct msgs *, uint64_t sequence, struct msgs_wait *, struct slice *ret_subject,
                   uint64_t *ret_size, nanos *ret_time);
enum err file_next(struct msgs *, uint64_t from, struct msgs_wait *, uint64_t *ret);
enum err file_previous(struct msgs *, uint64_t up_to, struct msgs_wait *, uint64_t *ret);
enum err file_next_same(struct msgs *, struct slice subject, uint64_t from, struct msgs_wait *,
                        uint64_t *ret);
enum err file_previous_same(struct msgs *, struct slice subject, uint64_t up_to, struct msgs_wait *,
                            uint64_t *ret);
enum err file_prepare(struct msgs *, uint64_t first, uint64_t last, struct msgs_wait *);
enum err file_load(struct msgs *, uint64_t sequence, uint32_t ahead, struct msgs_load *);
void file_load_cancel(struct msgs *, struct msgs_load *);
void file_erase(struct msgs *, uint64_t sequence, void (*done)(void *ctx, enum err), void *ctx);

/* ---- reading (msgs_file_read.c) ---- */

/* OK: block->index is there. BUSY: it will be, and wake_waiting() is called then; unless `waits`,
 * it is read at once. CORRUPT: it can neither be read nor made again. */
MUST_CHECK enum err index_need(struct block *, bool waits);
/* The same for a chunk; the index is there. CORRUPT: nothing of it can be read. */
MUST_CHECK enum err chunk_need(struct block *, uint32_t number, bool waits, struct chunk **ret);
void wake_waiting(struct msgs_file *); /* msgs_file_load.c */

/* ---- what was read (msgs_file_decode.c). What is damaged is noted as lost ---- */

MUST_CHECK enum err index_from_footer(struct block *, struct slice part);
/* From all chunks of the block, as they stand in its file. */
MUST_CHECK enum err index_from_chunks(struct block *, struct slice bytes);
/* From `len` bytes of a part, which are fewer when the file is short. */
MUST_CHECK enum err chunk_from_part(struct block *, uint32_t number, uint8_t *take_part,
                                    uint32_t len, struct chunk **ret);
/* of them, those that are there */
void lost_range(struct msgs_file *, uint64_t first, uint64_t last);
/* One that is there goes: it is not told any more if it is lost. */
void lost_dropped(struct msgs_file *, uint64_t sequence);

/* ---- writing (msgs_file_write.c) ---- */

void writer_init(struct msgs_file *);
/* Looks for what is to be done next, if nothing is in flight. */
void writer_go(struct msgs_file *);
void writer_fail(struct msgs_file *, enum err, const char *what);
void writer_submit(struct msgs_file *, enum write_step, enum disk_kind);
void writer_open(struct msgs_file *, struct block *);
/* True: something of this block, which is not complete, is in flight now. `is_wanted`: all of it
 * that is known. */
bool block_go(struct msgs_file *, struct block *, bool is_wanted);
/* Those of others, in order of urgency. True: something is in flight now. */
bool erase_go(struct msgs_file *);
void erases_drop(struct msgs_file *);
void erase_written(struct msgs_file *, enum write_step, enum err);
bool compact_go(struct msgs_file *);
void compact_safe(struct msgs_file *, struct block *to); /* it has its footer, and is safe */
void compact_cancel(struct msgs_file *); /* what it copies from goes */
bool remove_go(struct msgs_file *);
void remove_done(struct msgs_file *, enum write_step);

#endif
