/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoint: the log of a store's state, kept twice (docs/decisions/008).
 *
 * A checkpoint is a list of sections, each of an owner (a stream's incarnation; 0: the store), with
 * a kind that is the owner's own. What a section says replaces what earlier ones said: absolute
 * values.
 * The log knows nothing of their meaning; it makes a list durable as a whole or not at all, in both
 * files, and hands the sections up in order at the next start.
 *
 * Thread:  the JetStream reactor. Memory: a section's bytes are copied when added.
 * Rewrite: when the log has outgrown what is live, the owner is asked for everything in slices
 *          (`slice`), which go to a new pair of files while checkpoints go to both pairs. A slice
 *          shows entries as they are at that moment, newer than the last list: what it shows that
 *          has changed since stays to be said in the next list. The first list behind the last
 *          slice makes the new pair complete; then the old pair is removed.
 * Damage:  a list that is whole in one file is good. Torn ends are cut. A list in the middle that
 *          is bad in both files is reported (on_damage), not skipped silently: what follows it may
 *          miss something, so the owners are told at which list.
 *          What rots at the very end is told from what is torn by the order in which copies are
 *          written. After damage the log is rewritten as soon as it is ticked.
 * Errors:  a write or sync that fails, in one copy or both, ends the checkpoint log: on_failed()
 *          once, and `done` of this list and of all later ones gets the error; the next start finds
 *          that list or the one before. The journal keeps everything, and grows until the store is
 *          restarted. So does a list that outgrows `list_max`. LIMIT (no space) is tried again at
 *          each tick, as it was or amended; a rewrite is given up for it. */
#ifndef MIDGE_STORE_CHECKPOINT_H
#define MIDGE_STORE_CHECKPOINT_H

#include "base/buf.h"
#include "base/err.h"
#include "env/disk.h"
#include "store/journal.h"

struct checkpoint;

struct checkpoint_section {
    uint64_t     owner;
    uint32_t     kind;
    struct slice bytes;
};

struct checkpoint_options {
    struct disk       *disk;
    struct disk_queue *queue;
    const char        *directory; /* "checkpoint" */
    uint64_t           store_id;
    struct journal_seal seal;
    uint64_t           rewrite_min; /* bytes below which nothing is rewritten; 0: 1 MiB */
    uint32_t           list_max;    /* bytes of one list; 0: 1 GiB, which is the most */
    void *ctx;
    void (*on_failed)(void *ctx, enum err, const char *what);
    /* Adds some more of the whole state with checkpoint_add(); about 256 KiB at a time. Starts from
     * the beginning when `is_first`. Returns false when that was the last of it. */
    bool (*slice)(void *ctx, struct checkpoint *, bool is_first);
};

struct checkpoint_load {
    void *ctx;
    void (*on_section)(void *ctx, const struct checkpoint_section *);
    void (*on_damage)(void *ctx, journal_pos after); /* a list behind this position is gone */
    /* What stands here of this file is damaged (offset UINT64_MAX: all of it is gone), and its copy
     * is whole. May be NULL. */
    void (*on_copy)(void *ctx, const char *name, uint64_t offset);
};

/* Blocking. `*ret_pos`: the journal's position of the last whole list; 0: none. With `read_only` (a
 * check of a store at rest) nothing is changed, and the log can only be closed. DENIED: it is
 * sealed with another key. INVALID: it was written by a newer version. IO: a list can be read in
 * neither copy now, which is not called damage. */
MUST_CHECK enum err checkpoint_open(const struct checkpoint_options *,
                                    const struct checkpoint_load *, bool read_only,
                                    struct checkpoint **ret, journal_pos *ret_pos,
                                    struct errmsg *why);
/* Nothing is in flight in the queue. A list that waits for space is dropped without its `done`.
 * Returns NULL; NULL is fine. */
struct checkpoint *checkpoint_close(struct checkpoint *);

/* Gathers one list: begin, add…, then commit. One at a time; `done` in a later poll of the
 * queue. */
void checkpoint_begin(struct checkpoint *, journal_pos pos);
/* About so many bytes of sections are to come: their memory is had at once, and not copied while it
 * grows. */
void checkpoint_expect(struct checkpoint *, uint64_t bytes);
/* Where `len` bytes of a section go; filled before the next call. */
uint8_t *checkpoint_add(struct checkpoint *, uint64_t owner, uint32_t kind, uint32_t len);
void checkpoint_commit(struct checkpoint *, void (*done)(void *ctx, enum err), void *ctx);
/* A list gathers or is on its way: none may begin. Slices do not count, a list waits for them. */
bool checkpoint_is_busy(const struct checkpoint *);

/* Once a tick: goes on with a rewrite, tries again what found no space. Returns true when it wants
 * to be called again soon. */
bool checkpoint_tick(struct checkpoint *);

/* Asks for a rewrite that begins after this moment, and for zeros where the log stands now: for the
 * sake of something that nobody would tell any more. What comes back is for checkpoint_wiped(). */
uint32_t checkpoint_wipe(struct checkpoint *);
/* OK: that is done; BUSY: not yet; LIMIT: there was no space for it. */
MUST_CHECK enum err checkpoint_wiped(const struct checkpoint *, uint32_t number);
/* No rewrite begins for the sake of size: somebody wants what only the old lists tell. */
void checkpoint_keep(struct checkpoint *);
/* A rewrite that was asked for has all its slices, and is whole with the next list. */
bool checkpoint_wants_list(const struct checkpoint *);
/* Of the files that count; grows with each rewrite. */
uint32_t checkpoint_number(const struct checkpoint *);

uint64_t checkpoint_bytes(const struct checkpoint *); /* of one file of the pair */
/* Bytes of the list or slice that gathers, so far. */
uint32_t checkpoint_gathered(const struct checkpoint *);
/* A list is on its way and waits for space. */
bool checkpoint_is_refused(const struct checkpoint *);

/* Nothing is in flight of a list that waits for space: it may be gathered again. */
bool checkpoint_may_amend(const struct checkpoint *);
/* Instead of checkpoint_begin(): the list that waits for space gathers again, at a later position.
 * What `keeps` says no to leaves it; what is added now stands behind what is left. Its `done` is
 * the one of the next checkpoint_commit(). */
void checkpoint_amend(struct checkpoint *, journal_pos pos,
                      bool (*keeps)(void *ctx, const struct checkpoint_section *), void *ctx);

#endif
