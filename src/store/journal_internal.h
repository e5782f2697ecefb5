/* SPDX-License-Identifier: Apache-2.0 */
/* Journal_internal: the parts of a journal, for the files journal_*.c only.
 *
 *   journal_batch.c     records gather here; memory of batches
 *   journal_commit.c    one batch at a time goes to the disk; the position mark
 *   journal_lazy.c      syncs of JOURNAL_SYNC_LAZY
 *   journal_segments.c  files: zero-filled ahead, used, recycled, dropped; room
 *   journal_heads.c     the newest heads, a second time
 *   journal_erase.c     a batch is rewritten without a record's body
 *   journal_scan.c      which batches a segment holds
 *   journal_replay.c    torn or rotten, and what is handed up
 *   journal_open.c      start
 *
 *   journal_close.c     what a stop leaves
 *
 * Every operation on the disk has one owner (commit, lazy, prep, drop, heads, erase), which has at
 * most one in flight. What is in flight comes home inside disk_queue_poll(); new work starts in
 * journal_tick(), and the batch that has gathered as soon as the one before is safe: it is on its
 * way while that one is applied.
 * Thread: the journal's reactor. */
#ifndef MIDGE_STORE_JOURNAL_INTERNAL_H
#define MIDGE_STORE_JOURNAL_INTERNAL_H

#include "base/list.h"
#include "store/journal_format.h"

enum {
    BATCH_MAX = 8 << 20,   /* bytes of records in one, unless a single record is larger */
    BATCH_STEP = 64 << 10, /* a batch's memory begins so small */
    BATCH_CALM = 1024,     /* batches in turn that needed a quarter at most: half is given back */
    BATCHES_SPARE = 2,     /* one gathers while one is written */
    /* Segments that are ready while the journal is used: the next one, and the reserve. */
    READY_WANTED = 2,
    ZERO_STEP = 4 << 20, /* so much at once, so that commits get through in between */
    SEGMENT_FIRST = 1 << 20,
    SEGMENT_MAX = 64 << 20,
    CLEAN_MAX = 1 << 20, /* a clean close leaves so much */
    SEGMENT_NAME_MAX = DISK_NAME_MAX + 1,
};
/* So long, or up to so many bytes, gathers what nobody waits for. */
#define PATIENCE       (4 * MILLISECOND)
#define PATIENCE_BYTES (UINT32_C(256) << 10)
/* No two publishes of somebody who waits for each ack are so far apart. */
#define MARK_DELAY (200 * MILLISECOND)
/* A segment that is full earlier makes the next one double. */
#define SEGMENT_QUICK SECOND
/* Without space: how often zero-filling is tried again. */
#define SPACE_RETRY SECOND
/* Ready segments beyond what is wanted go one by one, when none was needed for so long. */
#define TRIM_DELAY (10 * SECOND)

/* How far numbers jump when a journal is opened: batches of before may have been lost without a
 * trace. LAZY syncs before so many were written. */
#define POS_JUMP    ((journal_pos)1 << 20)
#define LAZY_MAX    ((journal_pos)1 << 18)

struct scan; /* journal_scan.h */

/* A batch while its records gather, while it waits and while it is written. */
struct batch {
    struct list node;
    journal_pos pos;
    uint32_t records;
    uint8_t *body;
    uint32_t body_len;
    uint32_t body_cap; /* and a sector behind it, for the padding */
    struct journal_range *ranges;
    uint32_t ranges_count;
    uint32_t ranges_cap;
    struct journal_range *range; /* of the record that was added last; NULL: none */
    uint32_t patient;            /* records that nobody waits for */
    nanos since;                 /* … and when the first of them came */
    uint32_t calm;
};

/* Where a batch is, in its segment. */
struct place {
    journal_pos pos;
    uint32_t sector;
    uint32_t sectors;
};

struct segment {
    struct list node;
    struct disk_file *file;
    uint32_t number;
    uint32_t pins; /* an erase that is underway; it is not used anew meanwhile */
    uint64_t size;
    uint64_t used;       /* where the next batch goes */
    uint64_t generation; /* 0: was never used */
    struct place *places; /* in order */
    uint32_t places_count;
    uint32_t places_cap;
    /* Batches of earlier uses whose bytes still stand behind `used`, in the order of their places;
     * number 0: they were overwritten. */
    struct place *stale;
    uint32_t stale_count;
    uint64_t filled; /* at the start: the last byte that is not zero */
    /* since the start: bytes behind `used` of which nobody knows whose they are. It is not written
     * any more, and is dropped when it is released */
    bool is_murky;
    uint64_t unreadable; /* at the start: the last bytes that cannot be read end here; 0: none */
    bool is_dirty;   /* LAZY: written since its last sync was submitted */
    bool is_syncing; /* LAZY: part of the round that goes on */
    char name[SEGMENT_NAME_MAX];
};

struct commit {
    struct batch *batch; /* in flight; NULL: none */
    struct segment *segment;
    struct disk_op op;
    struct disk_span spans[2];
    uint8_t *head;
    uint32_t head_cap;
    uint8_t *sealed;
    uint32_t sealed_cap;
    nanos since;      /* when it was submitted; 0: not known yet */
    nanos measured;   /* … and the one that came home last */
    bool is_measured; /* … of which the next tick knows how long it took */
};

struct lazy {
    struct disk_op op;
    struct segment *segment; /* being synced; NULL: none */
    nanos due;
    journal_pos goal; /* batches with records up to here are durable when the round is over */
    uint64_t unsynced; /* batches written since the last round began */
};

enum prep_state {
    PREP_IDLE,
    PREP_OPENING,
    PREP_ZEROING,
    PREP_NAMING,
    PREP_CLOSING, /* no space: back again */
    PREP_REMOVING,
};

struct prep {
    enum prep_state state;
    struct disk_op op;
    struct segment *segment;
    uint64_t zeroed;
    bool is_refused; /* the last try found no space */
    bool is_small;   /* the next try is for the smallest size that helps */
    bool is_held;    /* none is tried: somebody else wants the space */
    nanos retry;
};

struct drop {
    struct disk_op op;
    struct segment *segment; /* being dropped; NULL: none */
    struct list queue;
};

struct heads {
    struct disk_op op;
    struct disk_span span;
    struct disk_file *file; /* NULL: there is none */
    uint8_t *kept; /* of the newest batches with records, end to end, oldest first; NULL: of none */
    uint32_t kept_len;
    uint8_t *image; /* what the file gets; NULL: nothing yet */
    uint32_t image_len;
    nanos since;   /* … and when the first head came that the image does not have */
    bool is_fresh; /* there is one */
    bool is_due;   /* the image is to be written */
    bool is_busy;  /* an operation is in flight */
    char name[SEGMENT_NAME_MAX];
};

enum erase_state {
    ERASE_IDLE,
    ERASE_READING,
    ERASE_OPENING,
    ERASE_NAMING,
    ERASE_COPYING, /* the new batch into the file "rewrite" */
    ERASE_PLACING, /* and over the old one */
    ERASE_WIPING,
    ERASE_CUTTING,
    ERASE_ZEROING, /* what a segment has of an earlier use, or a batch that cannot be rewritten */
};

struct erase_want; /* journal_erase.c */

struct erase {
    enum erase_state state;
    struct disk_op op;
    struct disk_span span;
    struct list queue; /* of struct erase_want */
    struct list running;
    struct segment *segment; /* pinned; NULL: none */
    struct place place;
    uint64_t zero_from, zero_len; /* ERASE_ZEROING */
    struct disk_file *file; /* "rewrite"; NULL: not yet */
    uint8_t *image;
    uint32_t image_cap;
    uint64_t wipe; /* bytes of "rewrite" that hold something */
    char name[SEGMENT_NAME_MAX];
};

struct journal {
    struct journal_options o;
    uint32_t open_overhead; /* of what is sealed on the disk, though new batches may stay plain */
    nanos now;
    bool is_failed;
    bool is_read_only;
    bool is_active; /* something was added since the start */
    bool is_unmarked; /* there was no space for the mark with which it begins: nothing is added */

    journal_pos next_pos;    /* of the batch that gathers after this one */
    journal_pos handed;      /* handed up */
    journal_pos handed_full; /* … the last one with records */
    journal_pos synced_full; /* the last one with records that is known durable */
    journal_pos last_full;   /* the last one with records that was submitted */
    uint64_t last_link;
    journal_pos released;
    nanos mark_due; /* NANOS_MAX: nothing to mark */

    struct batch *gather;
    struct list closed; /* full, wait for their turn */
    uint64_t closed_bytes;
    struct list spare;
    uint32_t spare_count;
    uint32_t batch_max;
    uint32_t *index; /* owner to range, of the batch that gathers */
    uint32_t index_stamp;

    struct commit commit;
    struct lazy lazy;

    struct list used;  /* in the order of use; the last one is written */
    struct list ready; /* zero-filled or recycled */
    uint32_t ready_count;
    uint32_t number; /* highest of any file */
    uint64_t generation;
    uint64_t segment_size; /* of the next one that is made */
    uint64_t batch_want;   /* a batch of so many bytes finds no segment; 0: none waits */
    journal_pos oldest;    /* no batch before this one stands anywhere */
    nanos current_since;
    nanos trim_due;
    struct prep prep;
    struct drop drop;

    struct heads heads;
    struct erase erase;
    struct journal_stats stats; /* the counters of it */
};

static inline struct segment *segment_of(struct list *node)
{
    return container_of(node, struct segment, node);
}

static inline struct batch *batch_of(struct list *node)
{
    return container_of(node, struct batch, node);
}

static inline uint64_t batch_len(const struct journal *j, const struct batch *b)
{
    uint32_t over = b->records > 0 ? j->o.seal.overhead : 0;
    return journal_batch_len(b->ranges_count, b->body_len + over);
}

static inline bool journal_is_sealed(const struct journal *j)
{
    return j->o.seal.close != NULL;
}

/* journal.c */
void journal_fail(struct journal *, enum err, const char *what);

/* journal_close.c */
struct journal *journal_free(struct journal *); /* half open ones too; returns NULL */

/* journal_batch.c */
void batches_init(struct journal *);
void batches_deinit(struct journal *);
/* Room for a record of `need` bytes, with its head, in the batch that gathers, maybe a new one. */
struct batch *batch_reserve(struct journal *, uint32_t need);
/* The same, and the range of this owner in it. */
struct batch *batch_range(struct journal *, uint64_t owner, uint32_t need);
/* The oldest one, or the one that gathers (even empty); the caller has it until batch_done(). */
struct batch *batch_take(struct journal *);
bool batch_waits(const struct journal *); /* there is one with records */
bool batch_may_wait(const struct journal *); /* … and nobody waits for it yet */
void batch_done(struct journal *, struct batch *);
void batches_forget(struct journal *); /* all that waits */
void batches_give_back(struct journal *); /* memory that a burst has left */
uint64_t batches_len(const struct journal *); /* on the disk, of all that wait or gather */

/* journal_commit.c */
void commit_init(struct journal *);
void commit_deinit(struct journal *);
void commit_tick(struct journal *);
/* Sums, seals into `sealed` (NULL: stays plain), finishes the head (encoded already, with ranges,
 * but the length of the body and the nonce). Returns what stands behind the head. */
struct disk_span commit_finish(struct journal *, uint8_t *head, struct disk_span plain,
                               uint8_t *sealed);
/* Blocking: an empty batch where the segment's next one goes. */
MUST_CHECK enum err commit_mark_now(struct journal *, struct segment *);
/* The body of a batch, as it was before commit_finish(); `plain` has room for it. CORRUPT: the
 * bytes are not what was written. DENIED: they are, and the key is not. */
MUST_CHECK enum err commit_open_body(const struct journal *, const uint8_t *head,
                                     const struct journal_head *, uint8_t *body,
                                     struct slice *ret_plain);

/* journal_lazy.c */
void lazy_init(struct journal *);
void lazy_written(struct journal *, struct segment *);
void lazy_tick(struct journal *);
bool lazy_is_busy(const struct journal *);

/* journal_segments.c */
void segments_init(struct journal *);
void segments_deinit(struct journal *); /* closes the files */
struct segment *segment_new(struct journal *, uint32_t number, uint64_t size);
struct segment *segment_free(struct journal *, struct segment *); /* closes its file */
void segment_add_place(struct segment *, struct place);
struct segment *segments_current(const struct journal *); /* NULL: none */
/* Where a batch of this length goes; NULL: nowhere yet, and one is being prepared. */
struct segment *segments_place(struct journal *, uint64_t len);
void segments_make_ready(struct journal *, struct segment *);
void segments_tick(struct journal *);
void segments_reclaim(struct journal *);
bool segments_are_busy(const struct journal *);
nanos segments_next_due(const struct journal *);
bool segments_have_room(const struct journal *, uint64_t len, enum journal_use);
bool segments_have_room_for_large(const struct journal *, uint64_t len);
uint64_t segment_left(const struct segment *); /* bytes that may be written; NULL is fine */
/* Blocking: zeros from an offset to its end, safe. */
MUST_CHECK enum err segment_zero_now(struct journal *, struct segment *, uint64_t from);
/* The first batch in [first, last] of a segment that is used; NULL: none. */
struct segment *segments_find(const struct journal *, journal_pos first, journal_pos last,
                              struct place *ret);
/* Bytes of earlier uses of a segment that batches in [first, last] have left; NULL: none. */
struct segment *segments_find_stale(const struct journal *, journal_pos first, journal_pos last,
                                    uint64_t *ret_offset, uint64_t *ret_len);
void segment_forget_stale(struct segment *, uint64_t offset, uint64_t len); /* they are zeros now */
/* Something that was released is still to be dropped. */
bool segments_are_dropping(const struct journal *);
/* One is left that is not written any more, or is being dropped. */
bool segments_have_murky(const struct journal *);
/* After what is there has changed: `oldest`. */
void segments_set_oldest(struct journal *);
void segments_count(const struct journal *, struct journal_stats *);
void segments_set_batch_max(struct journal *);

/* journal_heads.c */
void heads_init(struct journal *);
void heads_deinit(struct journal *);
/* The head of a batch with records that was written, ranges included. */
void heads_keep(struct journal *, const uint8_t *head);
/* A position mark is durable, and with it all that is kept. */
void heads_mark(struct journal *, const uint8_t *mark);
void heads_tick(struct journal *);
bool heads_is_busy(const struct journal *);
void heads_write_now(struct journal *); /* blocking: what heads_mark() has got */
/* At a start: adds what the file tells of batches whose heads were not found; keeps the newest ones
 * of all. */
void heads_read(struct scan *);
void heads_fill(struct scan *);

/* journal_erase.c */
void erase_init(struct journal *);
void erase_deinit(struct journal *);
void erase_tick(struct journal *);
void erase_fail(struct journal *, enum err);
bool erase_is_busy(const struct journal *);
/* A batch of this length cannot be written to the segment now: zeros are, behind its end. */
bool erase_is_in_way(const struct journal *, const struct segment *, uint64_t len);

#endif
