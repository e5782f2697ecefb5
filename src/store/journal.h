/* SPDX-License-Identifier: Apache-2.0 */
/* Journal: the one log of a store. What is in it is safe; everything else is written at leisure.
 *
 * Records of all streams gather in one batch; while a batch is written and synced the next one
 * gathers, and a journal that is idle commits at once (no linger). When a batch is safe its records
 * are handed up in order: that is when commands are applied and acked. Segments are zero-filled
 * once and recycled; the first has 1 MiB, sizes double to 64 MiB under load.
 *
 * Thread:  one reactor. Memory: what journal_add() returns and what on_batch() gets lies in the
 *          batch; it is valid until the next call, respectively until on_batch() returns.
 * Torn or rotten? A bad batch that any valid batch of the same generation follows is rot: it is
 *          skipped, and its head (which has a checksum of its own) names the owners and sequences
 *          that it held. So is a missing batch at or below the highest one known durable. Only a
 *          bad batch with nothing valid behind it is a torn tail and is cut. An idle journal writes
 *          one empty batch after its last commit, whose head says how far all is durable. The
 *          newest heads stand in the file "heads" too, at most a second behind: these tell what
 *          batches held that are gone, page, file and all.
 *          Of a plain batch in which one record is bad only that one is lost, and a single bit that
 *          has turned in a short one is turned back (journal_mend.h).
 * Errors:  a write or sync that fails ends the journal: nothing is retried, on_failed() is called
 *          once, journal_add() refuses from then on. No space (LIMIT) is no failure: what does not
 *          fit is refused at the door by journal_has_room(), and a reserve of one segment is kept
 *          for what frees space. */
#ifndef MIDGE_STORE_JOURNAL_H
#define MIDGE_STORE_JOURNAL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/units.h"
#include "env/disk.h"

struct journal;

/* Number of a batch; the first has 1. */
typedef uint64_t journal_pos;

struct journal_record {
    uint64_t     owner;    /* an incarnation, never used again; 0: the store itself */
    uint64_t     sequence; /* of the owner's; 0: none. Names what is lost when the batch rots */
    uint32_t     kind;     /* the owner's */
    struct slice body;
};

/* What on_batch() and replay get. */
struct journal_batch {
    journal_pos  pos;
    uint32_t     records;
    struct slice body; /* private: journal_next() cuts it */
};

/* for (uint32_t at = 0; journal_next(batch, &at, &record);) … */
bool journal_next(const struct journal_batch *, uint32_t *at, struct journal_record *ret);

/* Sealing of a batch's body, when the store is encrypted; from crypto/. NULL functions: plain. */
struct journal_seal {
    void *ctx;
    uint32_t overhead; /* bytes that sealing adds */
    /* `nonce` is 24 bytes and stands in the head; `context` is authenticated with the body. */
    void (*close)(void *ctx, const uint8_t nonce[24], struct slice context, struct slice plain,
                  uint8_t *ret_sealed);
    MUST_CHECK enum err (*open)(void *ctx, const uint8_t nonce[24], struct slice context,
                                struct slice sealed, uint8_t *ret_plain);
    void (*nonce)(void *ctx, uint8_t ret_nonce[24]); /* never the same twice under one key */
    /* What would come out under the key with this index, sound or not, bit for bit at its place: to
     * look for one that has turned. False: there are no more keys. May be NULL. */
    bool (*peek)(void *ctx, uint32_t index, const uint8_t nonce[24], struct slice sealed,
                 uint8_t *ret_plain);
    uint32_t key; /* number of the one that closes; 0: none does */
};

enum journal_sync {
    JOURNAL_SYNC_EACH, /* a batch is durable when it is synced */
    JOURNAL_SYNC_LAZY, /* … when it is written; synced every `interval` */
};

/* What a record is for. The last segment's worth of space is kept for RELEASE. */
enum journal_use { JOURNAL_USE_STORE, JOURNAL_USE_RELEASE };

struct journal_options {
    struct disk       *disk;
    struct disk_queue *queue;
    const char        *directory; /* "journal" */
    uint64_t           store_id;  /* of the store's identity: in every head */
    enum journal_sync  sync;
    nanos              interval;      /* JOURNAL_SYNC_LAZY */
    uint64_t           segment_first; /* bytes; 0: 1 MiB */
    uint64_t           segment_max;   /* bytes; 0: 64 MiB */
    struct journal_seal seal;
    /* what stands there was sealed otherwise: see journal_is_anew() */
    bool               begins_anew;
    void *ctx;
    /* A batch is durable (as `sync` says); batches come in order. May call journal_add(). */
    void (*on_batch)(void *ctx, const struct journal_batch *);
    void (*on_failed)(void *ctx, enum err, const char *what);
    /* Blocking, in journal_open(): there is no space for a segment. True: there may be some now.
     * NULL: there is none. */
    bool (*make_space)(void *ctx);
};

/* A piece of the past that is gone. Ranges of owners are as far as the batch's head told. */
struct journal_damage {
    /* batches; last UINT64_MAX: all behind `after`, as many as there were */
    journal_pos first, last;
    bool        is_named;    /* the head was readable: owner and sequences are set */
    uint64_t    owner;
    uint64_t    first_sequence, last_sequence;
};

struct journal_replay {
    void *ctx;
    /* Batches above `after`, in order. One in which a record is damaged comes in two parts. */
    journal_pos after;
    void (*on_batch)(void *ctx, const struct journal_batch *);
    /* Rot that was skipped, before the batch that follows it. */
    void (*on_damage)(void *ctx, const struct journal_damage *);
    /* A bit of a batch that was handed up had turned, and is turned back. May be NULL. */
    void (*on_mended)(void *ctx, journal_pos);
    /* After all of these, what every batch holds that stands somewhere, released or not, in order:
     * of which owner, from which sequence on (0: only records without). May be NULL. */
    void (*on_range)(void *ctx, journal_pos, uint64_t owner, uint64_t first_sequence);
    /* A batch with records that was durable, and is not released, or 0: should it be gone, that is
     * damage, and no batch gets its number again. */
    journal_pos known;
};

/* Opens or makes the journal, blocking: finds the tail, hands up what is above `replay->after`,
 * cuts a torn tail. `why` names the file. Without space for a first segment there is room for
 * nothing until one could be made. With `read_only` (a check of a store at rest) nothing is
 * changed, and the journal can only be closed. */
MUST_CHECK enum err journal_open(const struct journal_options *, const struct journal_replay *,
                                 bool read_only, struct journal **ret, struct errmsg *why);
/* Nothing may be in flight; what has not been written (there was no space) is forgotten. Blocking:
 * leaves at most 1 MiB of segments when `clean_pos`, up to which all is checkpointed, covers
 * everything; else leaves what is needed. */
struct journal *journal_close(struct journal *, journal_pos clean_pos);
/* Instead, when a start fails behind it: nothing was added or ticked, and the disk stays as it is.
 * Returns NULL; NULL is fine. */
struct journal *journal_abandon(struct journal *);

/* True when a record of this size may be added now. False: no space (or the journal has failed). */
bool journal_has_room(const struct journal *, uint32_t body_len, enum journal_use);

/* Adds a record to the batch that gathers; returns where its body goes, to be written before the
 * next call into the journal. journal_has_room() has said yes. `*ret_pos` is the batch it is in.
 * NULL when the journal has failed. */
uint8_t *journal_add(struct journal *, uint64_t owner, uint32_t kind, uint64_t sequence,
                     uint32_t body_len, journal_pos *ret_pos);
enum { JOURNAL_BODY_MAX = 80 << 20 };
/* The record that was added last holds more than one sequence, up to this one. */
void journal_reaches(struct journal *, uint64_t last_sequence);

/* Nobody waits for the record that was added last: if all that gathers is such, it does so for a
 * few milliseconds more. */
void journal_linger(struct journal *);
/* Somebody waits for all that was added. */
void journal_hurry(struct journal *);

/* Once a tick, when all of it was added: commits when the journal is idle. `now`: monotonic. */
void journal_tick(struct journal *, nanos now);
/* When journal_tick() must be called next although nothing is added; NANOS_MAX: never. */
nanos journal_next_due(const struct journal *);

/* While space is wanted elsewhere no segment is made: records go into what there is, and there is
 * room for STORE as if the last try had found no space. What is being made comes to its end first,
 * journal_is_preparing(). */
void journal_hold(struct journal *, bool is_held);
bool journal_is_preparing(const struct journal *);

/* Batches up to here are checkpointed: their segments may be used again. */
void journal_release(struct journal *, journal_pos up_to);
/* With `begins_anew` nothing more is written to the segments that a start has found, and they go
 * when they are released. True: none of them is left. */
bool journal_is_anew(const struct journal *);

struct journal_stats {
    journal_pos gathering; /* the batch that records go into now */
    journal_pos durable;   /* handed up */
    uint64_t    retained;  /* bytes of batches above the released one */
    uint64_t    on_disk;   /* bytes of all segments */
    uint64_t    syncs, batches, records, bytes; /* since the start */
    nanos       sync_longest;
    bool        is_failed, is_idle;
};
void journal_stats(const struct journal *, struct journal_stats *ret);

/* The record of an owner that holds this sequence, in one of these batches: the last record whose
 * sequence is not above it. */
struct journal_erasure {
    journal_pos first, last;
    uint64_t    owner;
    uint64_t    sequence;
};

/* Overwrites the body of a record with zeros (an erased message's), wherever it still stands: in a
 * batch, or in what a segment has of its use before. Calls `done` when that is safe: before that, a
 * power cut leaves the old one or zeros. NOTFOUND when none of the batches stands anywhere (given
 * back at once), or has such a record; LIMIT when there is no space for a copy of the batch;
 * CORRUPT when it has rotted and is not released. */
MUST_CHECK enum err journal_erase(struct journal *, const struct journal_erasure *,
                                  void (*done)(void *ctx, enum err), void *ctx);
/* No batch before this one stands anywhere; it may stand nowhere itself. */
journal_pos journal_oldest(const struct journal *);

#endif
