/* SPDX-License-Identifier: Apache-2.0 */
#include "os/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "os/disk_internal.h"

static struct os_disk *disk_of(struct disk *base)
{
    return container_of(base, struct os_disk, base);
}

/* ---- files ---- */

static enum err refused(int number)
{
    errno = number; /* for the text */
    return disk_error(number);
}

/* 0 for a regular file, else what is wrong. */
static int irregular(int fd)
{
    struct stat s;
    if (fstat(fd, &s) != 0) return errno;
    if (S_ISREG(s.st_mode)) return 0;
    return S_ISDIR(s.st_mode) ? EISDIR : EINVAL;
}

static enum err open_file(struct os_disk *d, const char *name, enum disk_open mode,
                          struct disk_file **ret_file)
{
    static const int flags[] = { [DISK_OPEN_READ] = O_RDONLY,
                                 [DISK_OPEN_WRITE] = O_RDWR,
                                 [DISK_OPEN_CREATE] = O_RDWR | O_CREAT | O_EXCL };
    if (mode != DISK_OPEN_READ && d->is_read_only) return refused(EROFS);
    if (name[0] == 0) return refused(EISDIR);
    int fd = disk_beneath(d, name, flags[mode]);
    if (fd < 0) return disk_error(errno);
    int number = irregular(fd);
    if (number != 0) {
        (void)close(fd);
        return refused(number);
    }
    struct disk_file *file = xcalloc(1, sizeof *file);
    *file = (struct disk_file){ .fd = fd, .can_write = mode != DISK_OPEN_READ };
    (void)atomic_fetch_add(&d->files, 1);
    *ret_file = file;
    return ERR_OK;
}

static void close_file(struct os_disk *d, struct disk_file *file)
{
    uint32_t before = atomic_fetch_sub(&d->files, 1);
    assert(before > 0);
    (void)close(file->fd);
    xfree(file);
}

/* ---- names ---- */

static enum err done(int result)
{
    return result == 0 ? ERR_OK : disk_error(errno);
}

static enum err close_with(int directory, enum err e)
{
    (void)close(directory);
    return e;
}

static enum err remove_name(struct os_disk *d, const char *name, int flags)
{
    const char *last;
    if (d->is_read_only) return ERR_DENIED;
    int directory = disk_beneath_parent(d, name, &last);
    if (directory < 0) return disk_error(errno);
    return close_with(directory, done(unlinkat(directory, last, flags)));
}

static enum err rename_name(struct os_disk *d, const char *name, const char *to)
{
    const char *last, *last_to;
    if (d->is_read_only) return ERR_DENIED;
    int from = disk_beneath_parent(d, name, &last);
    if (from < 0) return disk_error(errno);
    int directory = disk_beneath_parent(d, to, &last_to);
    if (directory < 0) return close_with(from, disk_error(errno));
    enum err e = done(renameat(from, last, directory, last_to));
    return close_with(directory, close_with(from, e));
}

static enum err make_dir(struct os_disk *d, const char *name)
{
    const char *last;
    struct stat s;
    if (d->is_read_only) return ERR_DENIED;
    int directory = disk_beneath_parent(d, name, &last);
    if (directory < 0) return disk_error(errno);
    enum err e = done(mkdirat(directory, last, DISK_DIR_MODE));
    if (e == ERR_EXISTS && fstatat(directory, last, &s, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISDIR(s.st_mode))
        e = ERR_OK;
    return close_with(directory, e);
}

static enum err sync_dir(struct os_disk *d, const char *name)
{
    int directory = disk_beneath(d, name, O_RDONLY | O_DIRECTORY);
    if (directory < 0) return disk_error(errno);
    return close_with(directory, fsync(directory) == 0 ? ERR_OK : ERR_IO);
}

/* ---- operations, on a thread of a crew ---- */

static enum err run_change(struct disk_op *op)
{
    int fd = op->file->fd;
    enum err e = ERR_OK;
    if (!op->file->can_write) return ERR_DENIED;
    if (op->kind == DISK_ZERO) return disk_io_zero(fd, op->offset, op->length);
    if (op->kind == DISK_TRUNCATE) return disk_io_truncate(fd, op->length);
    e = disk_io_write(fd, op->offset, op->spans, op->spans_count, &op->moved);
    if (e == ERR_OK && op->kind == DISK_WRITE && op->lane == DISK_LANE_BULK)
        disk_io_begin(fd, op->offset, op->moved);
    return e == ERR_OK && op->kind == DISK_WRITE_SYNC ? disk_io_sync(fd) : e;
}

static enum err run(struct os_disk *d, struct disk_op *op)
{
    switch (op->kind) {
    case DISK_READ:
        return disk_io_read(op->file->fd, op->offset, op->spans, op->spans_count, &op->moved);
    case DISK_SYNC: return disk_io_sync(op->file->fd);
    case DISK_WRITE:
    case DISK_WRITE_SYNC:
    case DISK_ZERO:
    case DISK_TRUNCATE: return run_change(op);
    case DISK_OPEN: return open_file(d, op->name, op->mode, &op->file);
    case DISK_CLOSE: close_file(d, op->file); return ERR_OK;
    case DISK_REMOVE: return remove_name(d, op->name, 0);
    case DISK_RENAME: return rename_name(d, op->name, op->name_to);
    case DISK_MAKE_DIR: return make_dir(d, op->name);
    case DISK_REMOVE_DIR: return remove_name(d, op->name, AT_REMOVEDIR);
    case DISK_SYNC_DIR: return sync_dir(d, op->name);
    default: unreachable();
    }
}

void disk_run(struct os_disk *d, struct disk_op *op)
{
    op->result = run(d, op);
}

/* ---- blocking calls ---- */

static enum err disk_open_file(struct disk *base, const char *name, enum disk_open mode,
                               struct disk_file **ret_file, struct errmsg *why)
{
    enum err e = open_file(disk_of(base), name, mode, ret_file);
    if (e == ERR_OK) return e;
    (void)disk_failed("open", name, why);
    return e;
}

static void disk_close_file(struct disk *base, struct disk_file *file)
{
    close_file(disk_of(base), file);
}

static enum err disk_read(struct disk *base, struct disk_file *file, uint64_t offset,
                          struct disk_span s, uint64_t *ret_moved)
{
    (void)base;
    return disk_io_read(file->fd, offset, &s, 1, ret_moved);
}

static enum err disk_write(struct disk *base, struct disk_file *file, uint64_t offset,
                           struct slice bytes)
{
    struct disk_span s = { (uint8_t *)(uintptr_t)bytes.ptr, bytes.len };
    uint64_t moved;
    (void)base;
    return file->can_write ? disk_io_write(file->fd, offset, &s, 1, &moved) : ERR_DENIED;
}

static enum err disk_sync(struct disk *base, struct disk_file *file)
{
    (void)base;
    return disk_io_sync(file->fd);
}

static enum err disk_size(struct disk *base, struct disk_file *file, uint64_t *ret_size)
{
    struct stat s;
    (void)base;
    if (fstat(file->fd, &s) != 0) return disk_error(errno);
    *ret_size = (uint64_t)s.st_size;
    return ERR_OK;
}

static enum err disk_truncate(struct disk *base, struct disk_file *file, uint64_t size)
{
    (void)base;
    return file->can_write ? disk_io_truncate(file->fd, size) : ERR_DENIED;
}

static enum err disk_remove(struct disk *base, const char *name)
{
    return remove_name(disk_of(base), name, 0);
}

static enum err disk_rename(struct disk *base, const char *name, const char *to)
{
    return rename_name(disk_of(base), name, to);
}

static enum err disk_make_dir(struct disk *base, const char *name)
{
    return make_dir(disk_of(base), name);
}

static enum err disk_remove_dir(struct disk *base, const char *name)
{
    return remove_name(disk_of(base), name, AT_REMOVEDIR);
}

static enum err disk_sync_dir(struct disk *base, const char *name)
{
    return sync_dir(disk_of(base), name);
}

static enum err disk_space(struct disk *base, struct disk_space *ret_space)
{
    struct statvfs s;
    if (fstatvfs(disk_of(base)->root, &s) != 0) return disk_error(errno);
    uint64_t block = s.f_frsize;
    *ret_space = (struct disk_space){ s.f_blocks * block, s.f_bavail * block };
    return ERR_OK;
}

static enum err disk_read_now(struct disk *base, struct disk_file *file, uint64_t offset,
                              struct disk_span s, uint64_t *ret_moved)
{
    (void)base;
    return disk_io_read_now(file->fd, offset, s, ret_moved);
}

/* ---- the whole ---- */

static void release(struct os_disk *d)
{
    d->committer = disk_crew_free(d->committer);
    d->helpers = disk_crew_free(d->helpers);
    if (d->lock >= 0) (void)close(d->lock);
    if (d->root >= 0) (void)close(d->root);
    xfree(d);
}

static const struct disk calls = {
    .queue_new = disk_queue_new,
    .open = disk_open_file,
    .close = disk_close_file,
    .read = disk_read,
    .write = disk_write,
    .sync = disk_sync,
    .size = disk_size,
    .truncate = disk_truncate,
    .remove = disk_remove,
    .rename = disk_rename,
    .make_dir = disk_make_dir,
    .remove_dir = disk_remove_dir,
    .sync_dir = disk_sync_dir,
    .list = disk_list,
    .space = disk_space,
    .read_now = disk_read_now,
};

static enum err disks_open(struct disks *all, const char *directory, bool read_only,
                           struct disk **ret_disk, struct errmsg *why)
{
    struct os_disk *d = xcalloc(1, sizeof *d);
    d->base = calls;
    d->roster = container_of(all, struct os_disks, base)->roster;
    d->root = d->lock = -1;
    d->is_read_only = read_only;
    enum err e = disk_directory_open(d, directory, why);
    if (e) {
        release(d);
        return e;
    }
    d->committer = disk_crew_new(d, "disk commit", 1);
    d->helpers = disk_crew_new(d, "disk", DISK_HELPERS);
    *ret_disk = &d->base;
    return ERR_OK;
}

static void disks_close(struct disks *all, struct disk *base)
{
    struct os_disk *d = disk_of(base);
    (void)all;
    assert(atomic_load(&d->files) == 0);
    release(d);
}

void os_disks_init(struct os_disks *d, struct roster *roster)
{
    *d = (struct os_disks){ { .open = disks_open, .close = disks_close }, roster };
}
