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
 * told (`settled`), files that it forgot are removed, and the journal's segments are free again.
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
struct store_owner;

struct store_owner_ops {
    /* A record of this owner is durable; at recovery `is_replay`. Sees each exactly once since its
     * last settled checkpoint; what it finds done already (a crash between) changes nothing. */
    void (*apply)(struct store_owner *, const struct journal_record *, bool is_replay);
    /* Recovery: a section of the checkpoint, in order. CORRUPT: not understood; the owner is set
     * aside (quarantined) and reported. */
    MUST_CHECK enum err (*load)(struct store_owner *, uint32_t kind, struct slice);
    /* Recovery: this owner's sequences in the range were in a part of the journal that is gone. */
    void (*damaged)(struct store_owner *, uint64_t first_sequence, uint64_t last_sequence);
    /* Begins to write what stands only in memory; store_flushed() when it is on the disk, also at
     * once. Never asked twice at the same time. */
    void (*flush)(struct store_owner *);
    /* Adds sections: what changed since the last settled list, or all of it (`is_full`: a slice of
     * a rewrite; then nothing counts as told). */
    void (*checkpoint)(struct store_owner *, struct checkpoint *, bool is_full);
    /* The list with what checkpoint() last told is durable; with an error it is not. */
    void (*settled)(struct store_owner *, enum err);
};

/* Embedded in a stream. Fields are private to store.c. */
struct store_owner {
    const struct store_owner_ops *ops;
    uint64_t      incarnation;          /* 0: not entered */
    struct store_owner *next;           /* in the table by incarnation */
    struct list   changed;              /* in the list of those that changed, oldest first */
    journal_pos   since;                /* first batch that no checkpoint of it holds; 0: none */
    uint64_t      unwritten;            /* bytes of its records above the checkpoint */
    bool          is_flushing;
};

struct store_host {
    void *ctx;
    /* Recovery: a section or record names an owner that is not entered. Makes and enters it
     * (store_enter), or returns NULL: set aside what belongs to it. */
    struct store_owner *(*owner_found)(void *ctx, uint64_t incarnation, uint32_t kind,
                                       struct slice first);
    /* once; nothing is acked any more */
    void (*on_failed)(void *ctx, enum err, const char *what);
};

struct store_options {
    struct env    *env;
    void         (*wake)(void *ctx);    /* for the disk queue */
    void          *wake_ctx;
    const char    *directory;           /* "<store_dir>/midge" */
    enum journal_sync sync;
    nanos          sync_interval;       /* with JOURNAL_SYNC_LAZY */
    uint64_t       cache_bytes;         /* midge { store_cache } */
    /* bytes above which old parts are checkpointed; 0: 256 MiB */
    uint64_t       journal_cap;
    int            cipher;              /* 0: none, else enum seal_kind of crypto/seal.h */
    struct slice   key, previous_key;
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
/* Its end is durable (its last record was applied): the next checkpoint forgets it, then its
 * directory is removed. */
void store_forget(struct store *, struct store_owner *);
/* the server ends; disk unchanged */
void store_leave(struct store *, struct store_owner *);
void store_flushed(struct store *, struct store_owner *, enum err);
/* It has something for the next checkpoint that no record said. */
void store_touch(struct store *, struct store_owner *);

/* ---- records ---- */

bool store_has_room(const struct store *, uint32_t body_len, enum journal_use);
/* NULL: no room, or failed. As journal_add(). */
uint8_t *store_add(struct store *, struct store_owner *, uint32_t kind, uint64_t sequence,
                   uint32_t body_len, enum journal_use, journal_pos *ret_pos);
/* Every tick of the reactor, in a turn: commits, begins checkpoints. */
void store_tick(struct store *, nanos now);
nanos store_next_due(const struct store *);

struct store_stats {
    struct journal_stats journal;
    uint64_t checkpoint_bytes, checkpoints;
    uint64_t quarantined;               /* owners and files set aside */
    uint64_t cache_used, cache_max;
    uint64_t disk_free;                 /* at the last look */
    bool     is_failed, is_full;
};
void store_stats(const struct store *, struct store_stats *ret);

#endif
