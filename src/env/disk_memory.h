/* SPDX-License-Identifier: Apache-2.0 */
/* Disk_memory: a disk in memory that fails as disks do. For tests and the simulator; nothing in the
 * product makes one.
 *
 * What is written is cached until a sync, a name is unsafe until its directory is synced. It is as
 * unkind as env/disk.h allows: a sync makes safe only what had come home when the sync was
 * submitted, and after a sync that failed some of what it should have saved can never be saved.
 *
 * Operations of a queue wait until disk_memory_step() does one, drawn by the rng or (`in_order`)
 * the oldest of the most urgent lane. Blocking calls are done at once.
 *
 * Thread:  one. Order, faults and losses come from the seed: two runs are the same.
 * Memory:  owns files and names. A file or queue that is alive must be given back before
 *          disk_memory_free().
 * The end of a process: disk_memory_crash() or disk_memory_kill() first, then what the process
 *          owned may be freed by its usual means: until disk_memory_start() every call and
 *          operation, those in flight too, ends with CLOSED. Files and queues of before stay dead
 *          after it. */
#ifndef MIDGE_ENV_DISK_MEMORY_H
#define MIDGE_ENV_DISK_MEMORY_H

#include "base/rng.h"
#include "env/disk.h"

/* What can be made to fail. */
enum disk_memory_call {
    DISK_MEMORY_READS,
    DISK_MEMORY_WRITES, /* with zeroing and truncating */
    DISK_MEMORY_SYNCS,  /* of files and directories, also inside WRITE_SYNC and ZERO */
    DISK_MEMORY_NAMES,  /* open, remove, rename, make, list */
    DISK_MEMORY_CALLS,
};

struct disk_memory_fault {
    uint64_t count;         /* calls so far */
    uint64_t fail_at;       /* the call that makes `count` this number fails; 0: none */
    uint32_t fail_permille; /* and so many others */
    enum err error;         /* how; OK: IO */
};

struct disk_memory_state;

struct disk_memory {
    struct disk base;
    struct rng  rng;

    /* Knobs, to be turned at any time; all zero is a good disk. */
    bool     in_order;
    bool     is_read_only; /* whatever would change something is DENIED */
    uint64_t capacity; /* bytes of all files together, zeros too; more is LIMIT. 0: no end */
    struct disk_memory_fault fault[DISK_MEMORY_CALLS];
    uint32_t busy_permille;      /* of read_now() */
    bool     crash_loses_all;    /* a crash keeps nothing that was not synced */
    uint64_t lose_write_at;      /* the write with this number is never done, and reports OK */
    uint64_t misdirect_write_at; /* … lands `misdirect_by` bytes further, and reports OK */
    uint64_t misdirect_by;

    /* Lies, which a checker of stores must catch. */
    bool     sync_lies;          /* a sync says OK and nothing is safe */
    uint32_t flip_permille;      /* so many reads bring a wrong bit, and report OK */
    /* May alter what a read brings, e.g. with a checksum that fits. NULL: nobody does. `file` is
     * the last component of the name it was made with. */
    void (*alter_read)(void *ctx, const char *file, uint64_t offset, struct disk_span bytes);
    void *alter_ctx;
    /* Is told of reads that fail, and what the file holds. NULL: nobody is. */
    void (*on_read_failed)(void *ctx, struct slice file, uint64_t offset, uint64_t len);
    void *read_failed_ctx;

    struct disk_memory_state *state; /* private */
};

struct disk_memory *disk_memory_new(uint64_t seed);
struct disk_memory *disk_memory_free(struct disk_memory *); /* NULL is fine; returns NULL */

/* Does one operation that waits; it is then found by disk_queue_poll(). False: none waits. */
bool disk_memory_step(struct disk_memory *);
/* Does all that wait. Returns how many. What their `done` submits waits again. */
uint32_t disk_memory_finish_all(struct disk_memory *);
/* Steps and polls until nothing is in flight any more. */
void disk_memory_settle(struct disk_memory *, struct disk_queue *);
/* Operations that wait for a step. */
uint32_t disk_memory_waiting(const struct disk_memory *);

/* A power cut. Operations in flight have happened or not. What was not synced is lost or, as the
 * seed wills, kept in part: writes in any subset, some torn at sectors of 512 bytes; sizes,
 * truncates and names done or undone, a rename as a whole: it is safe when the directory of the new
 * name was synced. */
void disk_memory_crash(struct disk_memory *);
/* The process dies, the machine lives: operations in flight have happened or not, all else
 * stays. */
void disk_memory_kill(struct disk_memory *);
/* The next process may come. */
void disk_memory_start(struct disk_memory *);

/* Rot: flips one bit of what a file has now. It must have that byte. */
void disk_memory_flip(struct disk_memory *, const char *name, uint64_t offset, uint32_t bit);
/* Every file, by its full name; directories in bytewise order. The disk must not change
 * meanwhile. */
void disk_memory_each(struct disk_memory *, void *ctx,
                      void (*each)(void *ctx, const char *name, uint64_t size));
/* What a file has now, cached or safe; NULL when there is none. Valid until the disk changes. */
const uint8_t *disk_memory_bytes(struct disk_memory *, const char *name, uint64_t *ret_size);
/* Bytes of all files. */
uint64_t disk_memory_used(const struct disk_memory *);

#endif
