/* SPDX-License-Identifier: Apache-2.0 */
#include "natsbench_server.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "natsbench_text.h"
#include "natsbench_util.h"

/* Idle = two windows in a row in which the server used less than 1 % of a core. */
#define IDLE_WINDOW_NS (50 * 1000000ull)
#define IDLE_CPU_NS (IDLE_WINDOW_NS / 100)
#define IDLE_WINDOWS_MAX 100

static uint64_t sched_ns(int pid);
static uint64_t tick_ns(int pid);

/* Returns the server's scheduler time at the end of the wait. */
static uint64_t wait_idle(int pid)
{
    uint64_t last = sched_ns(pid);
    int quiet = 0;
    for (int i = 0; i < IDLE_WINDOWS_MAX && quiet < 2; i++) {
        sleep_until_ns(now_ns() + IDLE_WINDOW_NS);
        uint64_t used = sched_ns(pid);
        quiet = used - last < IDLE_CPU_NS ? quiet + 1 : 0;
        last = used;
    }
    return last;
}

struct server_cpu server_cpu_begin(int pid)
{
    if (pid == 0) return (struct server_cpu){ 0, 0 };
    uint64_t used = wait_idle(pid);
    return (struct server_cpu){ .sched_ns = used, .tick_ns = tick_ns(pid) };
}

struct server_cpu server_cpu_since(int pid, struct server_cpu start)
{
    if (pid == 0) return (struct server_cpu){ 0, 0 };
    uint64_t used = wait_idle(pid);
    return (struct server_cpu){
        .sched_ns = used - start.sched_ns,
        .tick_ns = tick_ns(pid) - start.tick_ns,
    };
}

static uint64_t thread_sched_ns(int pid, const char *tid)
{
    char path[300], text[128];
    (void)text_print(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, tid);
    (void)text_file(path, text, sizeof text);   /* none: it ended since readdir */
    return text_number(text);
}

static uint64_t sched_ns(int pid)
{
    char path[64];
    (void)text_print(path, sizeof path, "/proc/%d/task", pid);
    DIR *folder = opendir(path);
    if (folder == NULL) die("the server is gone");
    uint64_t sum = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.') sum += thread_sched_ns(pid, entry->d_name);
    (void)closedir(folder);
    return sum;
}

/* The words of /proc/PID/stat and statm that count, from 0; a name in brackets may hold spaces, so
 * those of stat count from behind it. */
enum { STAT_USER = 11, STAT_SYSTEM = 12, STATM_RESIDENT = 1 };

static uint64_t tick_ns(int pid)
{
    char path[64], text[1024];
    (void)text_print(path, sizeof path, "/proc/%d/stat", pid);
    if (text_file(path, text, sizeof text) == 0) die("the server is gone");
    const char *words = strrchr(text, ')');
    if (words == NULL) die("cannot read %s", path);
    words += 2;
    uint64_t ticks = text_number(text_word(words, STAT_USER)) +
                     text_number(text_word(words, STAT_SYSTEM));
    return ticks * (NANOS_PER_SECOND / (uint64_t)sysconf(_SC_CLK_TCK));
}

uint64_t server_rss_bytes(int pid)
{
    if (pid == 0) return 0;
    char path[64], text[256];
    (void)text_print(path, sizeof path, "/proc/%d/statm", pid);
    if (text_file(path, text, sizeof text) == 0) die("the server is gone");
    return text_number(text_word(text, STATM_RESIDENT)) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The words of /sys/dev/block/N:M/stat that count. */
enum { DISK_WRITTEN = 6, DISK_FLUSHES = 15, DISK_SECTOR = 512 };

/* Words with any number of spaces between; NULL: there are too few. */
static const char *padded_word(const char *text, uint32_t index)
{
    text += strspn(text, " ");
    for (; index > 0; index--) {
        text += strcspn(text, " \n");
        text += strspn(text, " ");
    }
    return *text >= '0' && *text <= '9' ? text : NULL;
}

struct server_io server_io_begin(int pid, const char *folder)
{
    struct server_io io = { 0 };
    struct stat place;
    char path[64], text[1024];
    if (pid == 0) return io;
    if (stat(folder, &place) != 0) die("stat %s", folder);
    (void)text_print(path, sizeof path, "/sys/dev/block/%u:%u/stat", major(place.st_dev),
                     minor(place.st_dev));
    if (text_file(path, text, sizeof text) == 0) return io;
    const char *written = padded_word(text, DISK_WRITTEN),
               *flushes = padded_word(text, DISK_FLUSHES);
    io.is_known = written != NULL && flushes != NULL;
    if (!io.is_known) return io;
    io.written_bytes = text_number(written) * DISK_SECTOR;
    io.flushes = text_number(flushes);
    return io;
}

static void put_on_disk(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || syncfs(fd) != 0) die("sync %s", folder);
    (void)close(fd);
}

struct server_io server_io_since(int pid, const char *folder, struct server_io start)
{
    struct server_io io = server_io_begin(pid, folder);
    if (!io.is_known) return io;
    put_on_disk(folder);
    io.written_bytes = server_io_begin(pid, folder).written_bytes - start.written_bytes;
    io.flushes -= start.flushes;
    return io;
}
