/* SPDX-License-Identifier: Apache-2.0 */
/* Store_internal: the parts of a store, for the files store*.c only.
 *
 *   store.c             life: open, stop, close; records; what others may know
 *   store_identity.c    the two copies of the identity
 *   store_keys.c        data keys, and the seal made of them
 *   store_owners.c      owners: by incarnation, changed ones, the end of one
 *   store_apply.c       durable batches, record by record
 *   store_recover.c     start: sections, records, damage, what is set aside
 *   store_aside.c       start: what the logs hold of an owner that is set aside, kept
 *   store_files.c       start: directories of streams that nobody names
 *   store_erase.c       removed messages go from all files; where in the journal they are
 *   store_scrub.c       what lies in files is read now and then
 *   store_convert.c     what was sealed with another key is written anew
 *   store_checkpoint.c  when a checkpoint begins, its steps, slices of a rewrite
 *   store_refused.c     a list that finds no space: what it says anew, what is kept from others
 *   store_reserve.c     … and the space that is held for it
 *
 * Thread: the JetStream reactor; what is marked blocking runs where it does not tick. */
#ifndef MIDGE_STORE_STORE_INTERNAL_H
#define MIDGE_STORE_STORE_INTERNAL_H

#include "base/map.h"
#include "env/disk.h"
#include "store/identity_format.h"
#include "store/store.h"

enum {
    /* A checkpoint begins here, so that what comes while it is on its way, and the segments that
     * are made ahead, stay under 256 MiB on the disk. A start reads no more than that, either. */
    JOURNAL_CAP = 48 << 20,
    JOURNAL_SEGMENT = 32 << 20,
    MANY_CHANGED = 256,       /* each costs a file's sync: then twice as much is gathered */
    CACHE_BYTES = 256 << 20,
    FLUSH_MIN = 64 << 10,     /* what is worth a file's sync */
    FLUSH_AGAIN = 512 << 10,  /* what has come meanwhile is flushed, too, … */
    FLUSH_PASSES = 3,         /* … so many times in all */
    FLUSHES_MAX = 32,          /* owners at a time … */
    FLUSHES_TURN = 2,          /* … so many begin in a tick */
    LIST_UNWRITTEN = 16 << 20, /* what may stay for the list of all that is less than that */
    OWNER_SECTIONS = 256,      /* bytes of a list that tells of an owner without its messages */
    SLICE_BUDGET = 256 << 10,
    RESERVE_BYTES = 4 << 20, /* both copies of a list, and some more (docs/decisions/013) */
    RELEASE_ROOM = 64 << 10, /* of a segment of a MiB */
    RECORD_HEAD = 32, /* what a record has beside its body */
};
/* What changed is checkpointed after so long, however little it is. */
#define CHECKPOINT_INTERVAL (2 * MINUTE)
/* Without space: how often a checkpoint is tried again. */
#define CHECKPOINT_RETRY SECOND
/* How far incarnations jump at a start: numbers of before may have been lost without a trace. */
#define INCARNATION_JUMP ((uint64_t)1 << 16)

/* Kinds of the sections of owner 0, the store itself. */
enum store_section {
    STORE_SECTION_NEXT = 1, /* 8: no incarnation from this one on was used */
    STORE_SECTION_GONE = 2, /* 8 each: incarnations that are forgotten */
    STORE_SECTION_ERA = 3,  /* 8: all that stands is of this era (identity_format.h), or later */
    STORE_SECTION_NEEDED = 4, /* 8: batches behind this one have what the list leaves out, 8: … up
                               * to this one. In each list; not in slices */
};
#define STORE_STREAMS    "streams"
#define STORE_QUARANTINE "quarantine"
#define STORE_RESERVE    "reserve"

enum gone_state {
    GONE_WAITS,  /* for the next list */
    GONE_LISTED, /* in a list that is on its way */
    GONE_SAFE,   /* its directory may go, or goes */
};

/* A forgotten owner, until its directory is gone: rewrites of the checkpoint log name it. */
struct store_gone {
    struct list node;
    uint64_t incarnation;
    struct store_owner *owner; /* to be told; NULL: nobody, or it was told */
    enum gone_state state;
};

struct owners {
    struct store_owner **table; /* a power of two of chains */
    uint32_t table_size;
    uint32_t count;
    uint32_t changed_count;
    struct store_owner *last; /* that was found last; NULL: none */
    struct list all;
    struct list changed;
    struct list settling;
    struct list to_flush;
    uint32_t with_files; /* that can be scrubbed */
};

/* What is to be erased, in the order in which it was asked for. */
struct erasures {
    struct list waiting;  /* for a list that holds the removal */
    struct list underway; /* in files and journal */
    struct list logged;   /* … over, and waits for a rewrite of the checkpoint log */
    uint32_t    in_files; /* of those underway */
};

enum convert_step {
    CONVERT_IDLE,
    CONVERT_FILES,      /* owners write anew */
    CONVERT_FILES_LIST, /* a list is to forget the files of before */
    CONVERT_FILES_GO,   /* … which are removed */
    CONVERT_LOGS,       /* so are the files of both logs */
    CONVERT_NAMES,      /* and that is made safe */
    CONVERT_ERA_LIST,   /* a list is to say that this was all */
};

struct convert {
    enum convert_step step;
    struct store_owner *at; /* whose turn it is; NULL: all have had one */
    bool is_stuck;          /* something cannot be read */
    uint64_t list;          /* number of the list that is waited for */
    uint32_t pair;          /* of the checkpoint log, which is to go */
    nanos due, list_due;
    struct disk_op op;      /* CONVERT_NAMES */
    char name[DISK_NAME_MAX];
    bool is_syncing, is_last; /* it is on its way; it is the journal's */
};

enum reserve_state {
    RESERVE_OFF,
    RESERVE_NONE,    /* the file is absent, or not as long as it should be */
    RESERVE_OPENING, /* in flight, as the three that follow */
    RESERVE_FILLING,
    RESERVE_NAMING,
    RESERVE_CUTTING,
    RESERVE_HELD,
};

struct reserve {
    enum reserve_state state;
    struct disk_op op;
    struct disk_file *file; /* NULL: not opened */
    uint64_t bytes;         /* that are filled */
    nanos retry;            /* not filled before */
    bool is_missing;        /* it was given up, or there was no space for it */
};

enum store_step { STEP_IDLE, STEP_FLUSHING, STEP_WRITING };

struct store_keys; /* store_keys.c */

/* What a start has found, until the store is open. Maps are by incarnation, 8 bytes. */
struct recovery {
    struct map *aside;    /* what is set aside: struct aside */
    struct map *gone;     /* what is forgotten: IS_SAFE or its struct store_gone */
    struct map *deferred; /* sections of owners that nobody knew yet */
    bool is_list_lost;
    journal_pos left;     /* up to here the journal has what the list leaves out */
    bool is_refilled;     /* all records up to the list's position have been seen */
    uint32_t damages; /* of the journal; the first of them are reported */
    enum err failed; /* what an owner could not do, in a callback */
    struct errmsg why;
};

struct store {
    struct store_options o; /* without its keys */
    struct store_host host;
    struct disk *disk;
    struct disk_queue *queue;
    struct store_identity identity;
    struct store_keys *keys;
    struct journal_seal seal; /* NULL functions: plain */
    struct journal *journal;
    struct checkpoint *checkpoint;
    struct store_cache *cache;
    struct owners owners;
    struct list gone;
    struct erasures erasures;
    struct recovery *recovery; /* NULL: open */
    uint64_t next_incarnation;
    nanos now;
    enum err failure; /* of the journal */
    bool is_stopping;
    bool is_idle; /* after the last tick, when it stops */

    /* checkpoints */
    enum store_step step;
    uint32_t flushes;      /* on their way, or waiting for their turn */
    uint32_t flushes_begun;
    bool     is_flushing;  /* private to store_owners.c */
    uint32_t passes;       /* that have begun, for this list */
    nanos changed_since;   /* when the first of the changed ones was noticed; 0: not yet */
    nanos retry;           /* not before */
    nanos retry_list;      /* … a list that found no space */
    nanos retry_owners;    /* … those that found no space */
    journal_pos applied;   /* the last batch that owners have seen */
    struct store_ahead *ahead; /* private to store_apply.c: NULL when no batch is applied */
    journal_pos listed;    /* of the list on its way */
    journal_pos needed;    /* … it needs what is behind this one */
    journal_pos settled;   /* of the last one that is durable */
    journal_pos released;  /* … it needs what is behind this one */
    uint64_t flush_turn;   /* number of the pass that began last */
    journal_pos flushed;   /* what owners had seen by then */
    uint64_t flush_retained; /* … and what the journal held */
    uint64_t behind;       /* bytes of the journal between `needed` and `listed` */
    struct store_owner *slice_at; /* whose slice is next; NULL: all have been */
    bool slice_is_first;   /* … of this owner */
    uint64_t lists;        /* that were gathered since the start */
    uint64_t lists_settled; /* … of them are durable */
    struct store_owner *scrub_at; /* whose files are read; NULL: there is a rest */
    nanos scrub_due;
    struct convert convert;
    struct reserve reserve;
    bool is_sparing;       /* journal and blocks take no space */
    uint32_t release_room; /* without so much in the journal what frees space is soon refused */
    uint64_t era_whole;    /* nothing of before this era is left; 0: not known */
    uint64_t era_told;     /* … as the last list says */
    bool wants_tick;       /* the checkpoint log does */
    bool is_stuck;

    struct store_stats stats; /* the counters of it */
};

/* store.c */
void store_report(struct store *, const char *format, ...) PRINTF_LIKE(2, 3);
void store_notice(const struct store *, const char *what);

/* store_identity.c: blocking. NOTFOUND: a new store. `*ret_is_unequal`: one copy is bad or
 * older. */
MUST_CHECK enum err store_identity_load(struct disk *, struct store_identity *ret,
                                        bool *ret_is_unequal, struct errmsg *why);
MUST_CHECK enum err store_identity_save(struct disk *, const struct store_identity *,
                                        struct errmsg *why);

/* store_keys.c */
struct key_wish {
    enum store_cipher cipher;
    struct slice key, previous_key;
    struct entropy *entropy;
};
/* Opens the keys of an identity, adds one when none has the wished cipher, wraps them anew when the
 * configured key has changed: `*ret_changed`, then it is to be saved. DENIED: neither key opens
 * them. `*ret` NULL: plain. */
MUST_CHECK enum err store_keys_open(struct store_identity *, const struct key_wish *,
                                    struct store_keys **ret, bool *ret_changed, struct errmsg *why);
struct store_keys *store_keys_free(struct store_keys *); /* NULL is fine; returns NULL */
struct journal_seal store_keys_seal(struct store_keys *);

/* store_owners.c */
void owners_init(struct owners *);
void owners_deinit(struct owners *);
struct store_owner *owners_find(struct owners *, uint64_t incarnation); /* NULL: none */
void owners_soon(const struct owners *, uint64_t incarnation); /* prefetches who is found */
void owners_check(const struct store *); /* asserts every invariant; O(n) */
/* A record of it was applied, or it was touched. */
void owner_changed(struct store *, struct store_owner *, journal_pos, uint32_t bytes);
void owner_flush(struct store *, struct store_owner *); /* when its turn comes */
void owners_flush(struct store *); /* the turn of some */
bool owners_may_flush(const struct store *); /* there is somebody whose turn could come now */
void owner_out(struct store *, struct store_owner *); /* of table and lists */
struct store_gone *gone_add(struct store *, uint64_t incarnation, struct store_owner *);
struct store_gone *gone_free(struct store_gone *); /* returns NULL */

/* store_apply.c */
void store_on_batch(void *ctx, const struct journal_batch *);
void store_ahead_leave(struct store *, const struct store_owner *); /* it is not there any more */

/* store_recover.c: blocking */
MUST_CHECK enum err store_recover(struct store *, struct errmsg *why);
void recovery_note_used(struct store *, uint64_t incarnation);
/* It is forgotten: by a list that is safe (`waits` NULL), or by a record, and still to be
 * listed. */
void recovery_gone(struct store *, uint64_t incarnation, struct store_gone *waits);
enum recovery_fate { FATE_LIVES, FATE_GOES, FATE_STAYS, FATE_ASIDE };
/* What is to be done with the directory of this incarnation. */
enum recovery_fate recovery_fate(struct store *, uint64_t incarnation);

/* store_aside.c: blocking */
enum { ASIDE_RECORD = UINT16_MAX, ASIDE_RECORD_HEAD = 20 };
struct aside;
struct aside *aside_new(uint64_t incarnation);
struct aside *aside_free(struct store *, struct aside *); /* NULL is fine; returns NULL */
/* What fails is told by aside_end(). */
void aside_section(struct store *, struct aside *, uint32_t kind, struct slice);
void aside_record(struct store *, struct aside *, journal_pos, const struct journal_record *);
/* All of it is safe. Once. */
MUST_CHECK enum err aside_end(struct store *, struct aside *);

/* store_files.c: blocking. Removes directories of owners that are forgotten, quarantines those that
 * nobody names. */
MUST_CHECK enum err store_files_make(struct store *, struct errmsg *why);
MUST_CHECK enum err store_files_sort(struct store *, struct errmsg *why);

/* store_erase.c */
void erasures_init(struct store *);
void erasures_deinit(struct store *);
void store_erase_tick(struct store *);
bool store_erase_is_due(const struct store *); /* the next tick has something to do */
bool store_erase_wants_list(const struct store *);
void store_erase_leave(struct store *, struct store_owner *); /* nobody waits for it any more */
/* The first record with a sequence of this owner in this batch. */
void store_runs_add(const struct store *, struct store_owner *, uint64_t sequence, journal_pos);
void store_runs_free(struct store_owner *);

/* store_scrub.c */
void store_scrub_tick(struct store *);
nanos store_scrub_due(const struct store *);
void store_scrub_leave(struct store *, struct store_owner *); /* it is not there any more */

/* store_convert.c */
bool store_convert_is_wanted(const struct store *);
void store_convert_begin(struct store *); /* after recovery; nothing happens unless it is wanted */
void store_convert_tick(struct store *);
nanos store_convert_due(const struct store *);
bool store_convert_wants_list(const struct store *);
void store_convert_listed(struct store *); /* a list has been gathered */
void store_convert_leave(struct store *, struct store_owner *); /* it is not there any more */

/* store_checkpoint.c */
void store_checkpoint_tick(struct store *);
nanos store_checkpoint_due(const struct store *); /* NANOS_MAX: never */
/* Nothing is left to be said, or it cannot be. */
bool store_checkpoint_is_over(const struct store *);
/* What the next list says would let files go, or records soon have no room otherwise. */
bool store_list_helps(const struct store *);
/* The list that waits for space gathers anew, and is on its way again. */
void store_list_amend(struct store *);
bool store_slice(void *store, struct checkpoint *, bool is_first);
void store_slice_leave(struct store *, struct store_owner *); /* it is not there any more */

/* store_refused.c */
/* While a list finds no space, or the reserve is missing, nobody else takes any. */
void store_refused_tick(struct store *);
nanos store_refused_due(const struct store *); /* when the list is tried again */

/* store_reserve.c */
MUST_CHECK enum err store_reserve_open(struct store *, struct errmsg *why); /* blocking */
bool store_reserve_cut(void *store); /* blocking, at a start. False: it is not there */
void store_reserve_close(struct store *);                                  /* blocking; idle */
void store_reserve_tick(struct store *);
nanos store_reserve_due(const struct store *);
bool store_reserve_is_held(const struct store *);
bool store_reserve_is_cut(const struct store *); /* … this moment, and the list waits for that */
bool store_reserve_is_missing(const struct store *);
void store_reserve_give(struct store *); /* it is held */

#endif
