/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/assert.h"
#include "os/disk_internal.h"

static_assert(sizeof(off_t) == 8, "files over 2 GiB");

enum {
    ZEROS = 16 * 1024,
    CHUNK = 1024 * 1024,
    BEGIN_BYTES = 64 * 1024, /* less may grow by more, which would be written twice */
};

static const struct {
    int      number;
    enum err err;
} errors[] = {
    { ENOENT, ERR_NOTFOUND }, { EEXIST, ERR_EXISTS }, { ENOTEMPTY, ERR_EXISTS },
    { EACCES, ERR_DENIED },   { EPERM, ERR_DENIED },  { EROFS, ERR_DENIED },
    { ELOOP, ERR_DENIED },    { EXDEV, ERR_DENIED },  { ENOSPC, ERR_LIMIT },
    { EDQUOT, ERR_LIMIT },    { EMFILE, ERR_LIMIT },  { ENFILE, ERR_LIMIT },
    { EFBIG, ERR_LIMIT },
};

enum err disk_error(int number)
{
    for (size_t i = 0; i < ARRAY_COUNT(errors); i++)
        if (errors[i].number == number) return errors[i].err;
    return ERR_IO;
}

/* What is left of some spans. */
struct rest {
    struct iovec iov[DISK_SPANS_MAX];
    uint32_t     at;
    uint32_t     count;
    off_t        offset;
    uint64_t     moved;
};

static void rest_init(struct rest *r, uint64_t offset, const struct disk_span *spans,
                      uint32_t count)
{
    assert(count <= DISK_SPANS_MAX);
    assert(offset <= INT64_MAX);
    r->at = 0;
    r->count = 0;
    r->offset = (off_t)offset;
    r->moved = 0;
    for (uint32_t i = 0; i < count; i++)
        if (spans[i].len > 0) r->iov[r->count++] = (struct iovec){ spans[i].ptr, spans[i].len };
}

static void rest_drop(struct rest *r, size_t moved)
{
    r->moved += moved;
    r->offset += (off_t)moved;
    while (moved > 0) {
        assert(r->at < r->count);
        struct iovec *first = &r->iov[r->at];
        size_t part = moved < first->iov_len ? moved : first->iov_len;
        first->iov_base = (uint8_t *)first->iov_base + part;
        first->iov_len -= part;
        moved -= part;
        if (first->iov_len == 0) r->at++;
    }
}

enum err disk_io_read(int fd, uint64_t offset, const struct disk_span *spans, uint32_t count,
                      uint64_t *ret_moved)
{
    struct rest r;
    rest_init(&r, offset, spans, count);
    while (r.at < r.count) {
        ssize_t got = preadv(fd, r.iov + r.at, (int)(r.count - r.at), r.offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return disk_error(errno);
        if (got == 0) break;
        rest_drop(&r, (size_t)got);
    }
    *ret_moved = r.moved;
    return ERR_OK;
}

/* `*ret_moved` is set also when only a part could be written. */
enum err disk_io_write(int fd, uint64_t offset, const struct disk_span *spans, uint32_t count,
                       uint64_t *ret_moved)
{
    struct rest r;
    enum err e = ERR_OK;
    rest_init(&r, offset, spans, count);
    while (r.at < r.count && e == ERR_OK) {
        ssize_t put = pwritev(fd, r.iov + r.at, (int)(r.count - r.at), r.offset);
        if (put > 0) rest_drop(&r, (size_t)put);
        else if (put == 0) e = ERR_IO;
        else if (errno != EINTR) e = disk_error(errno);
    }
    *ret_moved = r.moved;
    return e;
}

/* What fails is told by the sync, which must be called anyway. */
void disk_io_begin(int fd, uint64_t offset, uint64_t length)
{
    assert(offset + length <= INT64_MAX);
#ifdef SYNC_FILE_RANGE_WRITE
    if (length >= BEGIN_BYTES)
        (void)sync_file_range(fd, (off_t)offset, (off_t)length, SYNC_FILE_RANGE_WRITE);
#else
    (void)fd;
#endif
}

enum err disk_io_zero(int fd, uint64_t offset, uint64_t length)
{
    static const uint8_t zeros[ZEROS];
    /* in one piece, and no space is found out first; a file system that cannot is fine */
    if (length > 0 && fallocate(fd, 0, (off_t)offset, (off_t)length) != 0 &&
        disk_error(errno) == ERR_LIMIT)
        return ERR_LIMIT;
    while (length > 0) {
        struct disk_span spans[CHUNK / ZEROS];
        uint32_t count = 0;
        uint64_t chunk = 0, moved;
        for (; chunk < length && count < ARRAY_COUNT(spans); count++) {
            size_t part = length - chunk < ZEROS ? (size_t)(length - chunk) : ZEROS;
            spans[count] = (struct disk_span){ (uint8_t *)(uintptr_t)zeros, part };
            chunk += part;
        }
        enum err e = disk_io_write(fd, offset, spans, count, &moved);
        if (e) return e;
        offset += chunk;
        length -= chunk;
    }
    return disk_io_sync(fd);
}

/* No space is a failed sync like any other: what was written may be gone. */
enum err disk_io_sync(int fd)
{
    int failed;
    do failed = fdatasync(fd);
    while (failed != 0 && errno == EINTR);
    return failed == 0 ? ERR_OK : ERR_IO;
}

enum err disk_io_truncate(int fd, uint64_t size)
{
    int failed;
    do failed = ftruncate(fd, (off_t)size);
    while (failed != 0 && errno == EINTR);
    return failed == 0 ? ERR_OK : disk_error(errno);
}

static bool ends_at(int fd, uint64_t offset)
{
    struct stat s;
    return fstat(fd, &s) == 0 && offset >= (uint64_t)s.st_size;
}

enum err disk_io_read_now(int fd, uint64_t offset, struct disk_span s, uint64_t *ret_moved)
{
#ifdef RWF_NOWAIT
    struct iovec iov = { s.ptr, s.len };
    ssize_t got = preadv2(fd, &iov, 1, (off_t)offset, RWF_NOWAIT);
    if (got < 0) {
        bool waits = errno == EAGAIN || errno == EINTR || errno == EOPNOTSUPP || errno == ENOSYS;
        return waits ? ERR_BUSY : disk_error(errno);
    }
    if ((size_t)got < s.len && !ends_at(fd, offset + (uint64_t)got)) return ERR_BUSY;
    *ret_moved = (uint64_t)got;
    return ERR_OK;
#else
    (void)ends_at;
    return ERR_BUSY;
#endif
}
