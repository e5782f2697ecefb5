/* SPDX-License-Identifier: Apache-2.0 */
/* Disk: directories of the machine, as env/disk.h says.
 *
 * The directory is made when absent (0700, and so its missing parents), opened once, and every name
 * is resolved beneath that descriptor without following a symbolic link (openat2 where the kernel
 * has it). Files are made 0600. A lock file inside, which no caller sees, keeps other processes
 * out; who opens read-only waits for nobody but a writer, and leaves no trace.
 *
 * Threads: started by the first operation: one for DISK_LANE_COMMIT; up to DISK_HELPERS for the
 *          others, READ before BULK, at most DISK_HELPERS - 1 with BULK. When the machine has no
 *          thread at all to give, an operation ends with LIMIT.
 * Memory:  a disk belongs to its opener until `close`, which waits for the threads. When a queue
 *          was freed its `wake` is not called any more.
 * Errors:  ENOSPC, EDQUOT, EMFILE, ENFILE, EFBIG: LIMIT, but any failed sync is IO. A name that
 *          leads elsewhere, a symbolic link, a file opened for reading or a disk opened read-only
 *          that is to be changed: DENIED. What is no regular file, IO. A directory that is not
 *          empty: EXISTS.
 * Lists:   leave out the lock and names longer than DISK_NAME_MAX, which nobody could open. */
#ifndef MIDGE_OS_DISK_H
#define MIDGE_OS_DISK_H

#include "env/disk.h"
#include "os/roster.h"

/* The disk flushes once for all who ask meanwhile, so that more of them get more done with it
 * (docs/decisions/012). */
enum { DISK_HELPERS = 12 };

struct os_disks {
    struct disks   base;
    struct roster *roster; /* NULL: the threads stand nowhere */
};

void os_disks_init(struct os_disks *, struct roster *);

#endif
