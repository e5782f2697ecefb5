/* SPDX-License-Identifier: Apache-2.0 */
/* Disk_internal: what the files of os/disk share.
 *
 * disk.c: the calls and operations. disk_directory.c: the directory, its lock, lists.
 * disk_beneath.c: names. disk_io.c: bytes of one descriptor. disk_crew.c: threads and queues.
 * Threads and memory: see disk.h. */
#ifndef MIDGE_OS_DISK_INTERNAL_H
#define MIDGE_OS_DISK_INTERNAL_H

#include <stdatomic.h>

#include "os/disk.h"

struct disk_crew;

struct disk_file {
    int  fd;
    bool can_write;
};

struct os_disk {
    struct disk       base;
    struct roster    *roster;
    int               root;
    int               lock; /* -1: read-only, and there is no lock file */
    bool              is_read_only;
    bool              has_openat2;
    _Atomic uint32_t  files;
    struct disk_crew *committer;
    struct disk_crew *helpers;
};

enum { DISK_DIR_MODE = 0700 };
#define DISK_LOCK_NAME "lock"

/* disk_beneath.c: descriptors of names below the root, -1 and errno on failure. ELOOP: a symbolic
 * link. EXDEV: a name that no disk takes. */
bool disk_has_openat2(int root);
int  disk_beneath(const struct os_disk *, const char *name, int flags);
/* The directory that holds `name`, and the last component of it, which points into `name`. */
int disk_beneath_parent(const struct os_disk *, const char *name, const char **ret_last);

/* disk_io.c */
enum err disk_error(int number); /* errno */
enum err disk_io_read(int fd, uint64_t offset, const struct disk_span *, uint32_t count,
                      uint64_t *ret_moved);
enum err disk_io_write(int fd, uint64_t offset, const struct disk_span *, uint32_t count,
                       uint64_t *ret_moved);
/* Much that was written begins its way to the disk at once, so that the sync that comes has less
 * left to wait for, and the journal's syncs do not wait behind all of it. */
void disk_io_begin(int fd, uint64_t offset, uint64_t length);
enum err disk_io_zero(int fd, uint64_t offset, uint64_t length);
enum err disk_io_sync(int fd);
enum err disk_io_truncate(int fd, uint64_t size);
enum err disk_io_read_now(int fd, uint64_t offset, struct disk_span, uint64_t *ret_moved);

/* disk_directory.c */
enum err disk_directory_open(struct os_disk *, const char *directory, struct errmsg *why);
enum err disk_list(struct disk *, const char *name,
                   void (*each)(void *ctx, const char *name, bool is_dir), void *ctx);
/* The error of errno, with a text in `why`. */
enum err disk_failed(const char *call, const char *name, struct errmsg *why);

/* disk.c: also done by the threads */
void disk_run(struct os_disk *, struct disk_op *);

/* disk_crew.c */
struct disk_crew  *disk_crew_new(struct os_disk *, const char *name, uint32_t threads_max);
struct disk_crew  *disk_crew_free(struct disk_crew *); /* waits; returns NULL */
struct disk_queue *disk_queue_new(struct disk *, void (*wake)(void *ctx), void *ctx);

#endif
