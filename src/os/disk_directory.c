/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "env/disk_name.h"
#include "os/disk_internal.h"
#include "os/errno_text.h"

enum { PATH_TEXT = 4096, PID_TEXT = 24 };

enum err disk_failed(const char *call, const char *name, struct errmsg *why)
{
    char text[ERRNO_TEXT];
    int number = errno;
    return errmsg_set(why, disk_error(number), "%s %s: %s", call, name, errno_text(number, text));
}

/* ---- the directory of a store ---- */

/* The name of a new directory is safe when the directory above it was synced. */
static void sync_above(char *path)
{
    char *slash = strrchr(path, '/');
    char kept = 0;
    if (slash != NULL && slash != path) {
        kept = *slash;
        *slash = 0;
    }
    const char *above = slash == NULL ? "." : slash == path ? "/" : path;
    int fd = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
    if (kept != 0) *slash = kept;
}

static enum err make_one(char *path, struct errmsg *why)
{
    if (mkdir(path, DISK_DIR_MODE) == 0) sync_above(path);
    else if (errno == ENOTDIR)
        return disk_failed("storage directory is not a directory: mkdir", path, why);
    else if (errno != EEXIST)
        return disk_failed("could not create storage directory - mkdir", path, why);
    return ERR_OK;
}

/* Makes the directory and what is missing above it. */
static enum err make_path(const char *directory, struct errmsg *why)
{
    char path[PATH_TEXT];
    size_t len = strlen(directory);
    if (len >= sizeof path) return errmsg_set(why, ERR_LIMIT, "%.64s...: too long", directory);
    memcpy(path, directory, len + 1);
    while (len > 1 && path[len - 1] == '/') path[--len] = 0;
    if (access(path, F_OK) == 0) return ERR_OK;
    for (size_t i = 1; i < len; i++) {
        if (path[i] != '/') continue;
        path[i] = 0;
        bool is_there = access(path, F_OK) == 0;
        enum err e = is_there ? ERR_OK : make_one(path, why);
        path[i] = '/';
        if (e) return e;
    }
    return make_one(path, why);
}

static enum err is_locked(int lock, const char *directory, struct errmsg *why)
{
    char pid[PID_TEXT] = "?";
    if (errno != EWOULDBLOCK) return disk_failed("lock", directory, why);
    ssize_t got = pread(lock, pid, sizeof pid - 1, 0);
    if (got > 0) pid[strcspn(pid, "\n")] = 0;
    return errmsg_set(
        why, ERR_CLOSED,
        "%s is in use by another process (pid %s): stop it, or choose another store_dir", directory,
        pid);
}

static enum err take_lock(struct os_disk *d, const char *directory, struct errmsg *why)
{
    char pid[PID_TEXT];
    int access_mode = d->is_read_only ? O_RDONLY : O_RDWR | O_CREAT;
    d->lock = openat(d->root, DISK_LOCK_NAME, access_mode | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY,
                     0600);
    if (d->lock < 0 && d->is_read_only && errno == ENOENT) return ERR_OK;
    if (d->lock < 0) return disk_failed("open lock in", directory, why);
    if (flock(d->lock, (d->is_read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0)
        return is_locked(d->lock, directory, why);
    if (d->is_read_only) return ERR_OK;
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    /* only a hint for who finds the directory locked */
    if (ftruncate(d->lock, 0) == 0 && pwrite(d->lock, pid, (size_t)len, 0) < 0) return ERR_OK;
    return ERR_OK;
}

enum err disk_directory_open(struct os_disk *d, const char *directory, struct errmsg *why)
{
    enum err e = d->is_read_only ? ERR_OK : make_path(directory, why);
    if (e) return e;
    d->root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->root < 0) return disk_failed("open", directory, why);
    d->has_openat2 = disk_has_openat2(d->root);
    return take_lock(d, directory, why);
}

/* ---- a directory's names ---- */

struct listed {
    char name[DISK_NAME_MAX + 1];
    bool is_dir;
};

struct listing {
    struct listed *at;
    size_t         count;
    size_t         cap;
};

static bool is_dir_entry(int directory, const struct dirent *entry)
{
    struct stat s;
    if (entry->d_type != DT_UNKNOWN) return entry->d_type == DT_DIR;
    return fstatat(directory, entry->d_name, &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(s.st_mode);
}

static void add_listed(struct listing *l, const char *name, bool is_dir)
{
    if (l->count == l->cap) {
        l->cap = l->cap == 0 ? 64 : 2 * l->cap;
        l->at = xrealloc(l->at, l->cap * sizeof *l->at);
    }
    struct listed *e = &l->at[l->count++];
    memcpy(e->name, name, strlen(name) + 1);
    e->is_dir = is_dir;
}

static enum err read_names(DIR *stream, bool is_root, struct listing *l)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (entry == NULL) return errno == 0 ? ERR_OK : disk_error(errno);
        const char *name = entry->d_name;
        bool is_ours = is_root && strcmp(name, DISK_LOCK_NAME) == 0;
        if (!is_ours && disk_name_is_ok(name))
            add_listed(l, name, is_dir_entry(dirfd(stream), entry));
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct listed *)a)->name, ((const struct listed *)b)->name);
}

enum err disk_list(struct disk *base, const char *name,
                   void (*each)(void *ctx, const char *name, bool is_dir), void *ctx)
{
    struct listing l = { NULL, 0, 0 };
    int directory = disk_beneath(container_of(base, struct os_disk, base), name,
                                 O_RDONLY | O_DIRECTORY);
    if (directory < 0) return disk_error(errno);
    DIR *stream = fdopendir(directory);
    if (stream == NULL) {
        int number = errno;
        (void)close(directory);
        return disk_error(number);
    }
    enum err e = read_names(stream, name[0] == 0, &l);
    (void)closedir(stream);
    if (e == ERR_OK && l.count > 0) qsort(l.at, l.count, sizeof *l.at, by_name);
    for (size_t i = 0; e == ERR_OK && i < l.count; i++) each(ctx, l.at[i].name, l.at[i].is_dir);
    xfree(l.at);
    return e;
}
