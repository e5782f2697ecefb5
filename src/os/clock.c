/* SPDX-License-Identifier: Apache-2.0 */
#include "os/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/random.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/slice.h"

static nanos read_clock(clockid_t id)
{
    struct timespec t;
    int failed = clock_gettime(id, &t);
    assert(failed == 0);
    return (nanos)t.tv_sec * SECOND + t.tv_nsec;
}

/* One more than the machine's, so that it is above 0 even in a fresh time namespace. */
static nanos clock_monotonic_now(struct clock *c)
{
    (void)c;
    return read_clock(CLOCK_MONOTONIC) + 1;
}

static nanos clock_realtime_now(struct clock *c)
{
    (void)c;
    return read_clock(CLOCK_REALTIME);
}

void os_clock_init(struct clock *c)
{
    *c = (struct clock){ .monotonic = clock_monotonic_now, .realtime = clock_realtime_now };
}

static void fill_from_device(uint8_t *at, size_t size)
{
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    assert(fd >= 0);
    while (size > 0) {
        ssize_t got = read(fd, at, size);
        if (got < 0 && errno == EINTR) continue;
        assert(got > 0);
        at += got;
        size -= (size_t)got;
    }
    (void)close(fd);
}

static void entropy_fill(struct entropy *e, void *bytes, size_t size)
{
    (void)e;
    uint8_t *at = bytes;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            fill_from_device(at, size);     /* an old kernel, or a sandbox that forbids the call */
            return;
        }
        at += got;
        size -= (size_t)got;
    }
}

void os_entropy_init(struct entropy *e)
{
    *e = (struct entropy){ .fill = entropy_fill };
}

/* The second number of /proc/self/statm; 0 where there is no /proc. */
static uint64_t resident_pages(void)
{
    char text[128] = "";
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t len = read(fd, text, sizeof text);
    (void)close(fd);
    if (len <= 0) return 0;
    struct slice rest = slice_of(text, (size_t)len), word;
    uint64_t pages = 0;
    (void)slice_cut(&rest, ' ', &word);
    (void)slice_cut(&rest, ' ', &word);
    return slice_to_u64(word, &pages) ? pages : 0;
}

static nanos from_timeval(struct timeval t)
{
    return (nanos)t.tv_sec * SECOND + (nanos)t.tv_usec * MICROSECOND;
}

static void usage_read(struct usage *u, struct usage_now *ret_now)
{
    (void)u;
    struct rusage used = { 0 };
    (void)getrusage(RUSAGE_SELF, &used);
    long page = sysconf(_SC_PAGESIZE);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    long pages = sysconf(_SC_PHYS_PAGES);
    *ret_now = (struct usage_now){
        .resident_bytes = resident_pages() * (uint64_t)(page > 0 ? page : 0),
        .cpu_time = from_timeval(used.ru_utime) + from_timeval(used.ru_stime),
        .cores = cores > 0 ? (uint32_t)cores : 1,
        .memory_bytes = page > 0 && pages > 0 ? (uint64_t)page * (uint64_t)pages : 0,
    };
}

static void usage_trim(struct usage *u)
{
    (void)u;
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
}

void os_usage_init(struct usage *u)
{
    *u = (struct usage){ .read = usage_read, .trim = usage_trim };
}
