/* SPDX-License-Identifier: Apache-2.0 */
/* Disk: files of the store, below one directory that nobody leaves.
 *
 * Two bodies: os/disk.c (a directory of the machine, threads) and disk_memory.c (with all that a
 * power cut, a full or a rotten disk does). A file is a small handle; names are made by the store
 * itself ("journal/0000000a"), never from what a user typed.
 *
 * Blocking calls are for start, stop and the command line. While the server runs everything is an
 * operation: it is submitted to a queue, done by somebody else, and comes home when the queue's
 * owner polls it.
 *
 * Thread:  the blocking calls from any. A queue belongs to one reactor, which submits and polls;
 *          `wake` is called on any thread when something has finished.
 * Memory:  an operation, its spans and their bytes belong to the submitter until `done` is called,
 *          exactly once, inside disk_queue_poll(). `done` may submit further operations.
 * Order:   operations in flight may happen in any order, also those of one file: who needs an order
 *          waits for `done`. A write is on the disk when a DISK_SYNC (or DISK_WRITE_SYNC) that was
 *          submitted after its `done` has succeeded; a name when its directory was synced.
 * Errors:  NOTFOUND, EXISTS, DENIED, LIMIT (no space, quota, no descriptor), IO, CLOSED (another
 *          process has the directory). Short reads and writes are completed inside; a read past the
 *          end of a file gives fewer bytes. A failed sync says nothing of what is on the disk, and
 *          a later one that succeeds neither. */
#ifndef MIDGE_ENV_DISK_H
#define MIDGE_ENV_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"

struct disk;
struct disk_file;
struct disk_queue;

struct disk_span {
    uint8_t *ptr;
    size_t   len;
};

enum { DISK_SPANS_MAX = 64, DISK_NAME_MAX = 64 };

enum disk_open {
    DISK_OPEN_READ,      /* NOTFOUND when absent */
    DISK_OPEN_WRITE,     /* read and write; NOTFOUND when absent */
    DISK_OPEN_CREATE,    /* read and write; EXISTS when there */
};

enum disk_kind {
    DISK_READ,       /* spans from `offset`; `moved` tells how many bytes there were */
    DISK_WRITE,      /* spans to `offset`, the file grows as needed; not yet safe */
    DISK_SYNC,       /* what was written to `file` before, and its size, is safe */
    DISK_WRITE_SYNC, /* both in turn; when all was `moved` the sync has failed */
    DISK_ZERO,       /* zeros from `offset`, `length` bytes, really written and synced */
    DISK_TRUNCATE,   /* to `length` bytes; not yet safe */
    DISK_OPEN,       /* `name`, `mode`; `file` is set */
    DISK_CLOSE,      /* `file`; never fails */
    DISK_REMOVE,     /* the file `name`; its directory is not synced */
    DISK_RENAME,     /* `name` to `name_to`, replacing it; their directories are not synced */
    DISK_MAKE_DIR,   /* `name`; EXISTS is fine and no error */
    DISK_REMOVE_DIR, /* `name`, which must be empty */
    DISK_SYNC_DIR,   /* names in the directory `name` ("" is the root) are safe */
};

/* What is waited for comes before what is not: a commit of the journal never stands behind a
 * scrub. */
enum disk_lane {
    DISK_LANE_COMMIT, /* one at a time is usual: writes and syncs of the journal */
    DISK_LANE_READ,   /* somebody waits for these bytes */
    DISK_LANE_BULK,   /* blocks, checkpoints, clean-up, scrubbing */
    DISK_LANES,
};

/* What the bytes are, for /stacksz; nothing else depends on it. */
enum disk_matter {
    DISK_MATTER_ANY,
    DISK_MATTER_JOURNAL,
    DISK_MATTER_MESSAGES,
    DISK_MATTER_CHECKPOINT,
    DISK_MATTERS,
};

struct disk_op {
    struct list       node; /* private to the body, as is `queue` */
    struct disk_queue *queue;
    enum disk_kind    kind;
    enum disk_lane    lane;
    enum disk_matter  matter;
    enum disk_open    mode;
    struct disk_file *file;
    const char       *name;
    const char       *name_to;
    uint64_t          offset;
    uint64_t          length;
    struct disk_span *spans;
    uint32_t          spans_count; /* at most DISK_SPANS_MAX */
    /* the result */
    enum err          result;
    uint64_t          moved; /* bytes read or written */
    void (*done)(struct disk_op *);
};

struct disk_queue {
    const struct disk_queue_ops *ops;
    uint32_t in_flight; /* submitted and not yet polled; the body keeps it */
};

struct disk_queue_ops {
    void (*free)(struct disk_queue *); /* nothing may be in flight */
    void (*submit)(struct disk_queue *, struct disk_op *);
    /* Calls `done` of what has finished, in the order of finishing. Returns how many. */
    uint32_t (*poll)(struct disk_queue *);
    /* True when poll() would find something. The owner asks before it sleeps. */
    bool (*has_finished)(struct disk_queue *);
};

struct disk_space {
    uint64_t total; /* bytes of the file system */
    uint64_t free;  /* that this process may still use */
};

struct disk {
    /* `wake(ctx)` is called on any thread after something finished. Outlived by the disk. */
    struct disk_queue *(*queue_new)(struct disk *, void (*wake)(void *ctx), void *ctx);

    /* Blocking. `why` names the file and may be NULL. */
    MUST_CHECK enum err (*open)(struct disk *, const char *name, enum disk_open,
                                struct disk_file **ret_file, struct errmsg *why);
    void (*close)(struct disk *, struct disk_file *);
    /* Fewer bytes than asked for at the end of the file. */
    MUST_CHECK enum err (*read)(struct disk *, struct disk_file *, uint64_t offset,
                                struct disk_span, uint64_t *ret_moved);
    MUST_CHECK enum err (*write)(struct disk *, struct disk_file *, uint64_t offset, struct slice);
    MUST_CHECK enum err (*sync)(struct disk *, struct disk_file *);
    MUST_CHECK enum err (*size)(struct disk *, struct disk_file *, uint64_t *ret_size);
    MUST_CHECK enum err (*truncate)(struct disk *, struct disk_file *, uint64_t size);
    MUST_CHECK enum err (*remove)(struct disk *, const char *name);
    MUST_CHECK enum err (*rename)(struct disk *, const char *name, const char *name_to);
    MUST_CHECK enum err (*make_dir)(struct disk *, const char *name); /* EXISTS is fine: OK */
    MUST_CHECK enum err (*remove_dir)(struct disk *, const char *name);
    MUST_CHECK enum err (*sync_dir)(struct disk *, const char *name);
    /* Names in the directory, in bytewise order; `each` gets them one by one. */
    MUST_CHECK enum err (*list)(struct disk *, const char *name,
                                void (*each)(void *ctx, const char *name, bool is_dir), void *ctx);
    MUST_CHECK enum err (*space)(struct disk *, struct disk_space *ret_space);

    /* Bytes that the machine has at hand, without waiting for a device: BUSY when it would. For
     * reactors, which must not block; the answer to BUSY is a DISK_READ. */
    MUST_CHECK enum err (*read_now)(struct disk *, struct disk_file *, uint64_t offset,
                                    struct disk_span, uint64_t *ret_moved);
};

/* How a store's directory is opened: os makes it when absent (mode 0700), locks it against other
 * processes, and touches nothing outside of it. */
struct disks {
    MUST_CHECK enum err (*open)(struct disks *, const char *directory, bool read_only,
                                struct disk **ret_disk, struct errmsg *why);
    void (*close)(struct disks *, struct disk *); /* queues are gone, files are closed */
};

static inline void disk_submit(struct disk_queue *q, struct disk_op *op)
{
    assert(op->done != NULL);
    assert(op->spans_count <= DISK_SPANS_MAX);
    q->ops->submit(q, op);
}

static inline uint32_t disk_queue_poll(struct disk_queue *q)
{
    return q->ops->poll(q);
}

static inline bool disk_queue_has_finished(struct disk_queue *q)
{
    return q->ops->has_finished(q);
}

#endif
