/* SPDX-License-Identifier: Apache-2.0 */
/* Store: one directory with everything that JetStream keeps: identity, journal, checkpoint log,
 * blocks (docs/decisions/008). It makes records durable, remembers what every owner has reached,
 * and gives both back at the next start. What a record means only its owner knows.
 *
 * An owner is a stream's incarnation: a number that is never used again. It adds records; when they
 * are durable they come back through its `apply`, in order, and are then part of its state. From
 * time to time the store asks owners that changed for sections of a checkpoint, and lets go of the
 * journal's past.
 *
 * Checkpoint, in steps: the owners that pin the oldest part of the journal, or have much unwritten,
 * are asked to write (`flush`, asynchronous); then all that changed add their sections, at one
 * moment of one turn, together with the journal's position; when that list is durable, they are
 * told (`settled`), files that it forgot are removed, and the journal's segments are free again: up
 * to where the flushes began, for what has come since an owner may leave to them (`leaves`).
 *
 * Thread:  the JetStream reactor; store_open() and store_close() where its ticks do not run.
 * Memory:  the store's; owners are their makers'.
 * Errors:  a failed journal ends all acks until a restart (`on_failed`); see journal.h. */
#ifndef MIDGE_STORE_STORE_H
#define MIDGE_STORE_STORE_H

#include "base/list.h"
#include "env/env.h"
#include "store/checkpoint.h"
#include "store/journal.h"

struct store;
struct store_cache;
struct store_gone;
struct store_owner;

/* Memory that is reached through memory comes in so many steps. */
enum { STORE_SOON_STEPS = 3 };

enum { STORE_LINES = 8 };

struct store_owner_ops {
    /* A record of this owner is durable; at recovery `is_replay`. Takes effect before it returns.
     * Sees each exactly once since its last settled checkpoint; what it finds done already (a crash
     * between) changes nothing. */
    void (*apply)(struct store_owner *, const struct journal_record *, bool is_replay);
    /* Recovery: a section of the checkpoint, in order. What changed while the log was rewritten may
     * stand before what it changes: a part of the owner may be begun by a later section than the
     * first one that speaks of it. CORRUPT: not understood; the owner is set aside (quarantined)
     * and reported. */
    MUST_CHECK enum err (*load)(struct store_owner *, uint32_t kind, struct slice);
    /* Recovery, blocking: it has seen all its sections (there may have been none); records follow.
     * CORRUPT: as load; any other error, and the store does not open. NULL: nothing to be done. */
    MUST_CHECK enum err (*loaded)(struct store_owner *, struct errmsg *why);
    /* Recovery, behind `loaded`: a record that the list's state includes, and of which the list may
     * have left out what it stores. True: it had been. NULL: it leaves out nothing. */
    bool (*refill)(struct store_owner *, const struct journal_record *);
    /* … and that was all of them: what it still lacks is lost. NULL: it lacks nothing. */
    void (*refilled)(struct store_owner *);
    /* Recovery is over. `is_whole`: no part of the journal, of the checkpoint log or of any owner
     * was found to be gone. Blocking; with an error the store does not open. NULL: nothing to be
     * done. */
    MUST_CHECK enum err (*recovered)(struct store_owner *, bool is_whole, struct errmsg *why);
    /* Recovery: this owner's sequences in the range were in a part of the journal that is gone.
     * 0, 0: records without a sequence were, or nobody knows whose. */
    void (*damaged)(struct store_owner *, uint64_t first_sequence, uint64_t last_sequence);
    /* Recovery: it has left the store, for a later list has forgotten it or it was set aside. Its
     * maker frees it; its files are the store's. */
    void (*dropped)(struct store_owner *);
    /* Begins to write what stands only in memory; store_flushed() when it is on the disk, also at
     * once. Never asked twice at the same time. NULL: it has nothing to write. */
    void (*flush)(struct store_owner *);
    /* Just before checkpoint(), when its last flush began with this list: true when it leaves out
     * what came since that flush began and stands in records alone. The journal keeps those, and
     * the next list is asked of it whatever comes. NULL: it leaves out nothing. */
    bool (*leaves)(struct store_owner *);
    /* Adds sections: what changed since the last time. */
    void (*checkpoint)(struct store_owner *, struct checkpoint *);
    /* A piece of about `budget` bytes of its whole state, for a rewrite of the checkpoint log; from
     * the beginning when `is_first`. False: that was the last one. Nothing counts as told. */
    bool (*slice)(struct store_owner *, struct checkpoint *, bool is_first, uint32_t budget);
    /* The list with what checkpoint() last told is durable; with an error it is not, and none will
     * be until the next start. */
    void (*settled)(struct store_owner *, enum err);
    /* The list that forgets it is durable: its files go now, and then it. Its maker has kept it
     * since store_forget(), and calls store_removed() when its directory is gone. NULL: the store
     * knows it no more since store_forget(); its directory goes at the next start. */
    void (*forgotten)(struct store_owner *);
    /* Overwrites what its files have of a message, whose removal a durable list holds; `done` in
     * any case, once, maybe at once. NULL: it has no files. */
    void (*erase)(struct store_owner *, uint64_t sequence, void (*done)(void *ctx, enum err),
                  void *ctx);
    /* True when the checkpoint log, whose current pair has this number, may hold its bytes. */
    bool (*is_told)(const struct store_owner *, uint64_t sequence, uint32_t number);
    /* Instead of settled(): the list with what checkpoint() last told found no space. What
     * keeps() says yes to stands in front of what checkpoint() is now asked for again, and becomes
     * durable together with that; the rest is to be told anew. NULL: all is kept. */
    void (*amend)(struct store_owner *);
    bool (*keeps)(const struct store_owner *, uint32_t kind);
    /* Files go when the list that it told last, or the next one, is durable. NULL: none. */
    bool (*frees)(const struct store_owner *);
    /* There was no space for what it was to write; it may try again. */
    void (*retry)(struct store_owner *);
    /* Begins to read a little of its files, to see whether they are sound; how many bytes. 0: it
     * has been through all of them. */
    uint32_t (*scrub)(struct store_owner *);
    /* What is to be erased waits for the next list. */
    bool (*is_urgent)(const struct store_owner *);
    /* Begins to write anew what its files have under another key than the current one
     * (journal_seal.key), a block at a time. BUSY: it is at it. LIMIT: there was no space. EXISTS:
     * all is written anew, and files of before wait for a list that forgets them. OK: nothing of
     * before is left. CORRUPT: neither, but for what cannot be read. NULL: it has no files. */
    enum err (*convert)(struct store_owner *);
    /* A record of it is about to be applied: prefetches what that touches, one step of
     * STORE_SOON_STEPS after the other, and does nothing else. Other records are applied between
     * the steps, and for another record of it they begin anew. NULL: nothing. */
    void (*soon)(const struct store_owner *, uint32_t step);
    /* A record of it was applied, and one of somebody else may be next: leaves in `lines` what the
     * next one of it will touch, as long as it is at hand. NULL: nothing. */
    void (*remember)(struct store_owner *);
};

/* From this sequence on, in this batch of the journal. */
struct store_run {
    uint64_t    sequence;
    journal_pos pos;
};

/* Embedded in a stream. Fields are private to store*.c. */
struct store_owner {
    const struct store_owner_ops *ops;
    uint64_t      incarnation;          /* 0: not entered */
    struct store_owner *next;           /* in the table by incarnation */
    struct list   changed;              /* in the list of those that changed, oldest first */
    uint64_t      unwritten;            /* bytes of its records above the checkpoint, not flushed */
    journal_pos   runs_pos;             /* of the last one that was added */
    journal_pos   since;                /* first batch that no checkpoint of it holds; 0: none */
    /* until here a line of memory: what each record touches */
    const void   *lines[STORE_LINES];   /* for `soon`, of `remember`; fetched with that line */
    uint64_t      flushing;             /* of what is unwritten that which is on its way */
    uint64_t      flush_turn;           /* in which it was flushed last; 0: none */
    struct store_run *runs;             /* ascending */
    uint32_t      runs_count, runs_cap;
    struct list   all;                  /* in the list of all, as they were entered */
    struct list   settling;             /* in the list of those whose sections are on their way */
    struct list   to_flush;             /* in the list of those that wait for their flush */
    struct store_gone *gone;            /* after store_forget() */
    bool          is_flushing;
    bool          is_loaded;            /* recovery: its sections are over */
    bool          is_begun;             /* a record of it is durable: no list names it before */
    bool          flushes_small;        /* it is flushed however little it has */
    uint32_t      erasing;              /* messages that its files are to lose */
};

struct store_found {
    struct store *store; /* store_open() has not returned it yet */
    uint64_t      incarnation;
    bool          is_record;
    uint32_t      kind;  /* of the record or section */
    struct slice  bytes; /* … and its body */
};

struct store_host {
    void *ctx;
    /* Recovery: a record, or a section of the checkpoint, names an owner that is not entered. Makes
     * it and enters it (store_enter), or returns NULL: this does not begin an owner, or cannot be
     * read. Sections then wait for one that does; what no section and no record begins is set
     * aside. The section or record itself comes to `load` or `apply` too. */
    struct store_owner *(*owner_found)(void *ctx, const struct store_found *);
    /* once; nothing is acked any more */
    void (*on_failed)(void *ctx, enum err, const char *what);
    /* Something is damaged, set aside, or cannot be written: a sentence for the log. May be
     * NULL. */
    void (*on_report)(void *ctx, const char *what);
    /* Something that an operator may want to know, and need not mind: likewise. May be NULL. */
    void (*on_notice)(void *ctx, const char *what);
};

/* 1 + enum seal_cipher */
enum store_cipher { STORE_PLAIN, STORE_AES, STORE_CHACHA };

/* Descriptors of a store beside those of its blocks: journal, checkpoint log, what it is about to
 * make. */
enum { STORE_FILES_OTHER = 32 };

struct store_options {
    struct env    *env;
    void         (*wake)(void *ctx);    /* for the disk queue */
    void          *wake_ctx;
    const char    *directory;           /* "<store_dir>/midge" */
    enum journal_sync sync;
    nanos          sync_interval;       /* with JOURNAL_SYNC_LAZY */
    uint64_t       cache_bytes;         /* midge { store_cache } */
    uint32_t       files_max;           /* of blocks, open at a time; 0: as many as it likes */
    /* bytes above which old parts are checkpointed; 0: 48 MiB */
    uint64_t       journal_cap;
    nanos          checkpoint_interval; /* when something changed; 0: two minutes */
    enum store_cipher cipher;
    struct slice   key, previous_key;   /* empty: none */
    /* bytes; 0: as journal, checkpoint log and store think best */
    uint64_t       segment_first, segment_max, rewrite_min;
    uint64_t       reserve_bytes; /* held for lists that free space */
    uint32_t       slice_budget;
};

/* Blocking: identity, checkpoint, journal's tail; owners are found, loaded, replayed. `why` says
 * what an operator must do. */
MUST_CHECK enum err store_open(const struct store_options *, const struct store_host *,
                               struct store **ret, struct errmsg *why);
/* Begins the end: everything is made durable and checkpointed; store_is_idle() says when. */
void store_stop(struct store *);
bool store_is_idle(const struct store *);
/* blocking; idle; owners have left. NULL is fine */
struct store *store_close(struct store *);

struct disk_queue *store_queue(struct store *);     /* for reactor_set_disk() */
struct disk *store_disk(struct store *);
uint64_t store_id(const struct store *);
struct store_cache *store_cache(struct store *);
const struct journal_seal *store_seal(struct store *);

/* ---- owners ---- */

/* A number that was never used; durable with the first record that uses it. */
uint64_t store_incarnation_new(struct store *);
void store_enter(struct store *, struct store_owner *, uint64_t incarnation);
/* Its end is durable (its last record was applied, also in a replay): the next checkpoint forgets
 * it, then its directory is removed (`forgotten`). No record of it is handed up any more. */
void store_forget(struct store *, struct store_owner *);
/* The directory of one that was forgotten is gone. */
void store_removed(struct store *, uint64_t incarnation);
/* the server ends; disk unchanged. One that was never entered, or has left, is fine */
void store_leave(struct store *, struct store_owner *);
void store_flushed(struct store *, struct store_owner *, enum err);
/* It has something for the next checkpoint that no record said; with its first record, if none is
 * durable yet. */
void store_touch(struct store *, struct store_owner *);

/* Messages of it are found to be damaged: it is counted. Which ones its maker tells, who knows its
 * name. */
void store_damaged(struct store *, const struct store_owner *);

/* ---- records ---- */

bool store_has_room(const struct store *, uint32_t body_len, enum journal_use);
/* NULL: no room, or failed. As journal_add(). */
uint8_t *store_add(struct store *, uint64_t incarnation, uint32_t kind, uint64_t sequence,
                   uint32_t body_len, enum journal_use, journal_pos *ret_pos);
/* The record that was added last stores several messages, up to this sequence. */
void store_reaches(struct store *, uint64_t last_sequence);
/* The record that was added last: nobody waits for it; or somebody does for all of them, now. */
void store_linger(struct store *);
void store_hurry(struct store *);
/* Overwrites what is left of a removed message in all files of the store; the record that removed
 * it is being applied, or was. `done` in a later tick when nothing of it stands on the disk any
 * more; LIMIT, IO: something may. Without `done` when the owner leaves before. */
void store_erase(struct store *, struct store_owner *, uint64_t sequence,
                 void (*done)(void *ctx, enum err), void *ctx);
/* OK, or why nothing is taken: LIMIT (no space), or what the journal has failed with. */
enum err store_error(const struct store *);
/* Every tick of the reactor, in a turn after those of the owners: commits, goes on with
 * checkpoints. `now`: monotonic. */
void store_tick(struct store *, nanos now);
nanos store_next_due(const struct store *);

struct store_stats {
    struct journal_stats journal;
    uint64_t checkpoint_bytes, checkpoints;
    uint64_t damages;                   /* parts of the past that were found to be gone */
    uint64_t quarantined;               /* owners and directories set aside, at the last start */
    uint64_t cache_used, cache_max;
    uint64_t disk_free;                 /* at the last look */
    bool     is_failed, is_full;
    bool     is_stuck;                  /* no checkpoint can be written until a restart */
    bool     is_converting;             /* what was sealed with another key is written anew */
};
void store_stats(const struct store *, struct store_stats *ret);
/* There is no space for something: for records, a checkpoint, or the blocks of some owner. It is
 * tried again, once a second. */
bool store_is_full(const struct store *);

#endif
