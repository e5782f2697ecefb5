/* SPDX-License-Identifier: Apache-2.0 */
#include "os/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "os/errno_text.h"

enum { READ_STEP = 64 * 1024, PATH_TEXT = 4096 };

static enum err file_error(int number, const char *call, const char *path, struct errmsg *why)
{
    char text[ERRNO_TEXT];
    enum err e = number == ENOENT                      ? ERR_NOTFOUND
                 : number == EACCES || number == EPERM ? ERR_DENIED
                                                       : ERR_IO;
    return errmsg_set(why, e, "%s %s: %s", call, path, errno_text(number, text));
}

/* Reads to the end; LIMIT when there is more than `size_max`. Sets errno on IO. */
static enum err read_all(int fd, size_t size_max, struct buf *b)
{
    for (;;) {
        buf_reserve(b, READ_STEP);
        ssize_t got = read(fd, b->ptr + b->len, READ_STEP);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return ERR_IO;
        if (got == 0) return ERR_OK;
        b->len += (uint32_t)got;
        if (b->len > size_max) return ERR_LIMIT;
    }
}

static enum err files_read(struct files *f, const char *path, size_t size_max,
                           struct buf *ret_bytes, struct errmsg *why)
{
    (void)f;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return file_error(errno, "open", path, why);
    struct buf b = { 0 };
    enum err e = read_all(fd, size_max, &b);
    int number = errno;
    (void)close(fd);
    if (e == ERR_OK) {
        *ret_bytes = b;
        return e;
    }
    buf_deinit(&b);
    if (e == ERR_IO) return file_error(number, "read", path, why);
    return errmsg_set(why, e, "read %s: longer than %zu bytes", path, size_max);
}

static bool write_all(int fd, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t put = write(fd, bytes.ptr, bytes.len);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        bytes = slice_from(bytes, (uint32_t)put);
    }
    return true;
}

static enum err write_to(const char *path, int flags, struct slice bytes, uint32_t mode,
                         struct errmsg *why)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | flags, (mode_t)mode);
    if (fd < 0) return file_error(errno, "open", path, why);
    bool written = write_all(fd, bytes);
    int number = errno;
    bool closed = close(fd) == 0;
    if (written && closed) return ERR_OK;
    return file_error(written ? errno : number, "write", path, why);
}

/* By a name beside it and a rename, so that who watches the directory never reads half of it. */
static bool appear(const char *path, struct slice bytes, uint32_t mode)
{
    char beside[PATH_TEXT];
    int len = snprintf(beside, sizeof beside, "%s.%ld.new", path, (long)getpid());
    if (len < 0 || (size_t)len >= sizeof beside) return false;
    if (write_to(beside, O_EXCL, bytes, mode, NULL) != ERR_OK) return false;
    if (rename(beside, path) == 0) return true;
    (void)unlink(beside);
    return false;
}

static enum err files_write(struct files *f, const char *path, struct slice bytes, uint32_t mode,
                            struct errmsg *why)
{
    (void)f;
    struct stat known;
    bool is_new = lstat(path, &known) != 0 && errno == ENOENT;
    if (is_new && appear(path, bytes, mode)) return ERR_OK;
    return write_to(path, O_TRUNC, bytes, mode, why);
}

static void files_remove(struct files *f, const char *path)
{
    (void)f;
    (void)unlink(path);
}

void os_files_init(struct files *f)
{
    *f = (struct files){ .read = files_read, .write = files_write, .remove = files_remove };
}
