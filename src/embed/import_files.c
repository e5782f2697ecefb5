/* SPDX-License-Identifier: Apache-2.0 */
#include "embed/import_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hash.h"

/* Blocks have some MiB, an index may have 100. */
enum { FILE_MAX = 1 << 30 };

static enum err fail(const char *what, const char *path, struct errmsg *why)
{
    int number = errno;
    enum err e = number == ENOENT || number == ENOTDIR ? ERR_NOTFOUND
                 : number == EACCES                    ? ERR_DENIED
                                                       : ERR_IO;
    assert(number != 0);
    return errmsg_set(why, e, "cannot %s %s: %s", what, path, strerror(number));
}

char *import_path(const char *directory, const char *name)
{
    struct buf path = { 0 };
    buf_printf(&path, "%s/%s", directory, name);
    return buf_take_str(&path);
}

bool import_exists(const char *path)
{
    struct stat s;
    assert(path != NULL);
    return stat(path, &s) == 0;
}

/* ---- lists ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_name(struct import_names *names, const char *name)
{
    names->at = xrealloc(names->at, (names->count + 1U) * sizeof *names->at);
    names->at[names->count++] = xstrdup(name);
}

static bool is_wanted(const char *directory, const char *name, bool wants_dirs)
{
    struct stat s;
    if (name[0] == '.') return false;
    char *path = import_path(directory, name);
    bool is_there = stat(path, &s) == 0;
    xfree(path);
    return is_there && (wants_dirs ? S_ISDIR(s.st_mode) : S_ISREG(s.st_mode));
}

enum err import_list(const char *directory, bool wants_dirs, struct import_names *ret,
                     struct errmsg *why)
{
    struct import_names names = { 0 };
    const struct dirent *entry;
    DIR *dir = opendir(directory);
    *ret = names;
    if (dir == NULL && errno == ENOENT) return ERR_OK;
    if (dir == NULL) return fail("list", directory, why);
    errno = 0;
    while ((entry = readdir(dir)) != NULL)
        if (is_wanted(directory, entry->d_name, wants_dirs)) add_name(&names, entry->d_name);
    (void)closedir(dir);
    if (names.count > 0) qsort(names.at, names.count, sizeof *names.at, by_name);
    *ret = names;
    return ERR_OK;
}

void import_names_deinit(struct import_names *names)
{
    assert(names != NULL);
    for (uint32_t i = 0; i < names->count; i++) xfree(names->at[i]);
    xfree(names->at);
    *names = (struct import_names){ 0 };
}

/* ---- files ---- */

static enum err read_all(int fd, const char *path, struct buf *ret, struct errmsg *why)
{
    struct stat s;
    if (fstat(fd, &s) != 0) return fail("read", path, why);
    if (s.st_size > FILE_MAX) return errmsg_set(why, ERR_LIMIT, "%s is too long", path);
    buf_reserve(ret, (uint32_t)s.st_size + 1);
    while (ret->len < (uint64_t)s.st_size) {
        ssize_t got = read(fd, ret->ptr + ret->len, (size_t)s.st_size - ret->len);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail("read", path, why);
        if (got == 0) break;
        ret->len += (uint32_t)got;
    }
    return ERR_OK;
}

enum err import_read(const char *path, struct buf *ret, struct errmsg *why)
{
    ret->len = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail("open", path, why);
    enum err e = read_all(fd, path, ret, why);
    (void)close(fd);
    return e;
}

enum err import_free(const char *directory, uint64_t *ret_bytes, struct errmsg *why)
{
    struct statvfs s;
    if (statvfs(directory, &s) != 0) return fail("look at", directory, why);
    *ret_bytes = (uint64_t)s.f_bavail * s.f_frsize;
    return ERR_OK;
}

/* ---- trees ---- */

static enum err usage_of(const char *path, struct import_usage *u, struct errmsg *why)
{
    struct stat s;
    if (lstat(path, &s) != 0) return fail("look at", path, why);
    if (S_ISDIR(s.st_mode)) return import_usage_add(path, u, why);
    if (!S_ISREG(s.st_mode)) return ERR_OK;
    const uint64_t facts[] = { (uint64_t)s.st_size, (uint64_t)s.st_mtim.tv_sec,
                               (uint64_t)s.st_mtim.tv_nsec, (uint64_t)s.st_ino };
    u->bytes += (uint64_t)s.st_size;
    u->print = hash_bytes(slice_str(path), u->print);
    u->print = hash_bytes(slice_of(facts, sizeof facts), u->print);
    return ERR_OK;
}

enum err import_usage_add(const char *directory, struct import_usage *u, struct errmsg *why)
{
    enum err e = ERR_OK;
    assert(u != NULL);
    for (int kind = 0; kind < 2 && e == ERR_OK; kind++) {
        struct import_names names;
        e = import_list(directory, kind == 1, &names, why);
        for (uint32_t i = 0; i < names.count && e == ERR_OK; i++) {
            char *path = import_path(directory, names.at[i]);
            e = usage_of(path, u, why);
            xfree(path);
        }
        import_names_deinit(&names);
    }
    return e;
}

static enum err remove_one(const char *path, bool is_dir, struct errmsg *why)
{
    if (is_dir) return import_remove_all(path, why);
    return unlink(path) == 0 ? ERR_OK : fail("remove", path, why);
}

enum err import_remove_all(const char *directory, struct errmsg *why)
{
    enum err e = ERR_OK;
    if (!import_exists(directory)) return ERR_OK;
    for (int kind = 0; kind < 2 && e == ERR_OK; kind++) {
        struct import_names names;
        e = import_list(directory, kind == 1, &names, why);
        for (uint32_t i = 0; i < names.count && e == ERR_OK; i++) {
            char *path = import_path(directory, names.at[i]);
            e = remove_one(path, kind == 1, why);
            xfree(path);
        }
        import_names_deinit(&names);
    }
    if (e) return e;
    return rmdir(directory) == 0 ? ERR_OK : fail("remove", directory, why);
}

enum err import_sync_directory(const char *directory, struct errmsg *why)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return fail("open", directory, why);
    enum err e = fsync(fd) == 0 ? ERR_OK : fail("sync", directory, why);
    (void)close(fd);
    return e;
}
