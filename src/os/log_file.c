/* SPDX-License-Identifier: Apache-2.0 */
#include "os/log_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "os/errno_text.h"

enum { LOG_MODE = 0640 };

struct log_file {
    char   *path;
    int     fd;
    int64_t size;
    int64_t size_limit;             /* 0: never rotated */
    int64_t full_at;                /* beyond the limit after a rotation that failed */
    int64_t files_max;              /* 0: all are kept */
};

static enum err open_path(struct log_file *f, struct errmsg *why)
{
    char text[ERRNO_TEXT];
    int fd = open(f->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, LOG_MODE);
    if (fd < 0) return errmsg_set(why, ERR_IO, "open %s: %s", f->path, errno_text(errno, text));
    struct stat s;
    f->size = fstat(fd, &s) == 0 ? s.st_size : 0;
    f->full_at = f->size_limit;
    if (f->fd >= 0) (void)close(f->fd);
    f->fd = fd;
    return ERR_OK;
}

enum err log_file_open(const char *path, int64_t size_limit, int64_t files_max,
                       struct log_file **ret_file, struct errmsg *why)
{
    struct log_file *f = xcalloc(1, sizeof *f);
    f->path = xstrdup(path);
    f->fd = -1;
    f->size_limit = size_limit;
    f->files_max = files_max;
    struct errmsg cause = { 0 };
    enum err e = open_path(f, &cause);
    if (e) {
        (void)log_file_free(f);
        return errmsg_set(why, e, "error opening file: %s", cause.text);
    }
    *ret_file = f;
    return ERR_OK;
}

struct log_file *log_file_free(struct log_file *f)
{
    if (f == NULL) return NULL;
    if (f->fd >= 0) (void)close(f->fd);
    f->path = xfree(f->path);
    return xfree(f);
}

void log_file_write(struct log_file *f, struct slice line)
{
    assert(f->fd >= 0);
    ssize_t put = write(f->fd, line.ptr, line.len);
    if (put > 0) f->size += put;
}

enum err log_file_reopen(struct log_file *f, struct errmsg *why)
{
    return open_path(f, why);
}

bool log_file_is_full(const struct log_file *f)
{
    return f->size_limit > 0 && f->size > f->full_at;
}

static void name_backup(const struct log_file *f, char *name, size_t size)
{
    struct timespec now;
    struct tm t;
    char stamp[64];
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)localtime_r(&now.tv_sec, &t);
    (void)strftime(stamp, sizeof stamp, "%Y.%m.%d.%H.%M.%S", &t);
    (void)snprintf(name, size, "%s.%s.%09ld", f->path, stamp, now.tv_nsec);
}

/* "YYYY.MM.DD.HH.MM.SS.nnnnnnnnn" */
static bool is_stamp(const char *s)
{
    static const char shape[] = "dddd.dd.dd.dd.dd.dd.ddddddddd";
    if (strlen(s) != sizeof shape - 1) return false;
    for (size_t i = 0; i < sizeof shape - 1; i++) {
        bool fits = shape[i] == 'd' ? s[i] >= '0' && s[i] <= '9' : s[i] == shape[i];
        if (!fits) return false;
    }
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void forget(char **names, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) names[i] = xfree(names[i]);
}

/* Full paths of the backups, oldest first. Caller frees each and the array. */
static char **list_backups(const struct log_file *f, uint32_t *ret_count)
{
    const char *slash = strrchr(f->path, '/');
    const char *base = slash == NULL ? f->path : slash + 1;
    struct slice folder = slice_of(f->path, slash == NULL ? 0 : (size_t)(base - f->path));
    char *folder_text = folder.len == 0 ? xstrdup("./") : slice_dup(folder);
    DIR *dir = opendir(folder_text);
    (void)xfree(folder_text);
    char **names = NULL;
    uint32_t count = 0;
    size_t base_len = strlen(base);
    for (struct dirent *d = dir ? readdir(dir) : NULL; d != NULL; d = readdir(dir)) {
        if (strncmp(d->d_name, base, base_len) != 0 || d->d_name[base_len] != '.') continue;
        if (!is_stamp(d->d_name + base_len + 1)) continue;
        size_t size = folder.len + strlen(d->d_name) + 1;
        names = xrealloc(names, (count + 1) * sizeof *names);
        names[count] = xalloc(size);
        (void)snprintf(names[count], size, "%.*s%s", SLICE_ARGS(folder), d->d_name);
        count++;
    }
    if (dir != NULL) (void)closedir(dir);
    if (count > 1) qsort(names, count, sizeof *names, by_name);
    *ret_count = count;
    return names;
}

/* With files_max n, the newest n - 1 backups stay beside the current file. */
static void purge(const struct log_file *f, struct log_rotation *done)
{
    if (f->files_max <= 0) return;
    uint32_t count = 0;
    char **names = list_backups(f, &count);
    uint32_t keep = f->files_max - 1 < count ? (uint32_t)(f->files_max - 1) : count;
    uint32_t gone = 0;
    while (gone < count - keep && unlink(names[gone]) == 0) gone++;
    forget(names, gone, count);
    done->purged = names;
    done->purged_count = gone;
}

bool log_file_rotate(struct log_file *f, struct log_rotation *ret_done)
{
    struct log_rotation done = { 0 };
    name_backup(f, done.backup, sizeof done.backup);
    bool moved = rename(f->path, done.backup) == 0;
    if (!moved || open_path(f, NULL) != ERR_OK) {
        if (moved) (void)rename(done.backup, f->path);
        f->full_at = f->size + f->size_limit;
        return false;
    }
    purge(f, &done);
    *ret_done = done;
    return true;
}
