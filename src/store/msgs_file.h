/* SPDX-License-Identifier: Apache-2.0 */
/* Msgs_file: messages of a stream in files of blocks (docs/decisions/008): the body of msgs.h for
 * file storage, and its side towards the store.
 *
 * The newest messages stand in memory (the tail). Chunks of them are written behind the open block,
 * streams/<incarnation>/<number>, without anybody asking when there are 256 KiB; a block that is
 * full gets a footer, is synced, and is not changed any more but for erasing. What has been synced
 * may leave memory.
 *
 * A checkpoint of one stream, in this order; the store does it for all streams that are dirty:
 *   1. msgs_file_flush(), for streams whose msgs_file_unsafe() is worth a file's sync. What is not
 *      flushed, or comes meanwhile, goes into the checkpoint's list itself.
 *   2. checkpoint_begin(); msgs_file_checkpoint(): all that has changed since the last time, as it
 *      is now. So all commands up to the list's position are applied, and none above it.
 *      Before it, msgs_file_leave(): messages that came after the last flush began are left out.
 *   3. checkpoint_commit(); when it has come home well, msgs_file_checkpointed(): only then files
 *      are removed that the list forgets. When it has failed there is no other list until the next
 *      start, so nothing is said again.
 *
 * A start: msgs_file_new(), msgs_file_load() with each section in order, msgs_file_loaded(); what
 * the list may have left out, msgs_file_refill(), msgs_file_refilled(); then the commands of the
 * journal above the list's position, which may do the same work again; then msgs_file_recovered().
 *
 * Thread:  the JetStream reactor; the queue is polled there. msgs_file_new(), put and flush never
 *          block; questions without a wait do (msgs.h), as do load and loaded.
 * Memory:  msgs_free() frees all; nothing is in flight then (msgs_file_is_idle()). The cache, the
 *          disk and the queue outlive it.
 * Errors:  no space (LIMIT): the tail stays in memory, store_cache_is_over() until
 *          msgs_file_retry() has worked. Any other failed write or sync fails this stream:
 *          on_failed() once, nothing more is written to its blocks; what is in memory is read and
 *          checkpointed as before, and the store lets the stream take no more. A failed read makes
 *          what it should have read CORRUPT. */
#ifndef MIDGE_STORE_MSGS_FILE_H
#define MIDGE_STORE_MSGS_FILE_H

#include "env/disk.h"
#include "store/checkpoint.h"
#include "store/journal.h"
#include "store/msgs.h"
#include "store/msgs_sections.h"
#include "store/store_cache.h"

enum {
    MSGS_FILE_BLOCK = 8 << 20,
    MSGS_FILE_BLOCK_MIN = 64 << 10,
    MSGS_FILE_TAIL = 256 << 10, /* written when there is so much */
};

struct msgs_file_options {
    uint32_t            block_size;    /* bytes; 0: MSGS_FILE_BLOCK. See msgs_file_block_size() */
    uint32_t            chunk_size;    /* bytes that are read at once; 0: 32 KiB. Tests take less */
    uint32_t            tail_size;     /* 0: MSGS_FILE_TAIL */
    bool                is_compressed; /* chunks that are written from now on, by zstd */
    struct disk        *disk;
    struct disk_queue  *queue; /* NULL: read only, only questions without a wait */
    struct store_cache *cache;
    struct journal_seal seal;
    uint64_t            store_id;
    uint64_t            incarnation;
    void *ctx;
    void (*on_failed)(void *ctx, enum err, const char *what);
    /* Something that no record says is for the next checkpoint. May be NULL. */
    void (*on_changed)(void *ctx);
    /* These were found to be damaged, now. May be NULL. */
    void (*on_lost)(void *ctx, uint64_t first, uint64_t last);
};

/* The directories "streams" and "quarantine" are there and safe. Touches no disk. */
struct msgs *msgs_file_new(const struct msgs_file_options *, uint64_t first_sequence);

/* What fits a stream: blocks go when all of theirs is gone, so small streams have small ones. 0 of
 * a limit: none. */
uint32_t msgs_file_block_size(uint64_t max_bytes, uint64_t max_per_subject);
void msgs_file_set_compressed(struct msgs *, bool is_compressed);
void msgs_file_set_block_size(struct msgs *, uint32_t block_size);

/* ---- start ---- */

/* A section with one of the kinds of msgs_sections.h up to SECTION_MSGS_MAX. CORRUPT: not
 * understood; the stream cannot be opened. */
MUST_CHECK enum err msgs_file_load(struct msgs *, const struct checkpoint_section *);
/* After the last section, blocking. CORRUPT: the sections do not fit together. */
MUST_CHECK enum err msgs_file_loaded(struct msgs *, struct errmsg *why);

/* A message that was stored before the list, as the journal has it. True: the list had left it out,
 * and it is there again. In order; ones that are not missing change nothing. */
bool msgs_file_refill(struct msgs *, const struct stored *);
/* What is neither gone nor anywhere is listed as lost. */
void msgs_file_refilled(struct msgs *);

/* All is replayed; until now nothing was written. Files in the stream's directory that no section
 * names go: unlinked when `is_whole` (no part of journal, log or any stream was gone), for then
 * they hold nothing that is not elsewhere, else to "quarantine/". Blocking. IO: that cannot be
 * done. */
MUST_CHECK enum err msgs_file_recovered(struct msgs *, bool is_whole, struct errmsg *why);

/* A start: these were stored, and the journal has lost what they were. Their sequences are given
 * and listed as lost. */
void msgs_file_damaged(struct msgs *, uint64_t first, uint64_t last);

/* ---- checkpoints ---- */

/* Somebody waits (for an erased message) until the next checkpoint is done. */
bool msgs_file_is_urgent(const struct msgs *);
/* True when the checkpoint log, whose current pair has this number, may have the bytes of a
 * message: it was told before a block had it safely. */
bool msgs_file_is_told(const struct msgs *, uint64_t sequence, uint32_t pair);
/* Bytes of messages that are in no synced block: what the next list would carry, and has not yet
 * carried. */
uint64_t msgs_file_unsafe(const struct msgs *);
/* Writes and syncs what is there now. `done` in a later poll, or at once when there is nothing to
 * write: OK, LIMIT (no space; not all of it), or what has failed. One at a time. */
void msgs_file_flush(struct msgs *, void (*done)(void *ctx, enum err), void *ctx);
/* Just before it: true when it will leave out messages above those that the last flush was to
 * write. The journal is to keep them until a list says them or blocks have them. */
bool msgs_file_leave(struct msgs *);
void msgs_file_checkpoint(struct msgs *, struct checkpoint *);
void msgs_file_checkpointed(struct msgs *);
/* Instead of it, before msgs_file_checkpoint() again: the list found no space, and all of it but
 * what msgs_file_is_kept() says no to stands before what is told now. */
void msgs_file_amend(struct msgs *);
bool msgs_file_is_kept(uint32_t kind);
/* Files go when what is told next, or was told last, is durable. */
bool msgs_file_frees(const struct msgs *);
/* A piece of about `budget` bytes of the whole state, for checkpoint_options.slice; from the
 * beginning when `is_first`. Returns false when that was the last one. Marks nothing clean. */
bool msgs_file_slice(struct msgs *, struct checkpoint *, bool is_first, uint32_t budget);

/* ---- work ---- */

/* Begins to read a little of what lies in full blocks and is not in memory, to see whether it is
 * sound; goes on with every call, one at a time. Returns about how many bytes; 0: it has been
 * through all of it, and the next call begins anew. What is damaged is listed as lost. */
uint32_t msgs_file_scrub(struct msgs *);
/* Begins to write a block anew that stands under another key than what is written now, if one does:
 * store_owner_ops.convert. */
MUST_CHECK enum err msgs_file_convert(struct msgs *);
/* After LIMIT, now and then (once a second): tries again. */
void msgs_file_retry(struct msgs *);
/* No operation of this stream is in flight. It starts none by itself when nothing is asked of
 * it. */
bool msgs_file_is_idle(const struct msgs *);
/* No write begins any more but for flush and what is underway: before msgs_free(). */
void msgs_file_stop(struct msgs *);
/* After the checkpoint that forgets the stream: removes its files and its directory, then frees
 * `take`. `done` in a later poll; what cannot be removed is found at the next start. A flush that
 * is on its way ends without its `done`. */
void msgs_file_remove(struct msgs *take, void (*done)(void *ctx, enum err), void *ctx);

struct msgs_file_stats {
    uint32_t blocks;
    uint64_t disk_bytes; /* of all block files */
    uint64_t blocked;    /* reads that a change had to wait for */
    uint64_t memory;     /* bytes beside the cache and the subject index */
    bool     is_failed, is_refused;
};
void msgs_file_stats(const struct msgs *, struct msgs_file_stats *ret);

#endif
