/* SPDX-License-Identifier: Apache-2.0 */
#include "natsbench_server.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "natsbench_util.h"

/* Idle = two windows in a row in which the server used less than 1 % of a core. */
#define IDLE_WINDOW_NS (50 * 1000000ull)
#define IDLE_CPU_NS (IDLE_WINDOW_NS / 100)
#define IDLE_WINDOWS_MAX 100

static uint64_t sched_ns(int pid);
static uint64_t tick_ns(int pid);

struct server_cpu server_cpu_get(int pid)
{
    if (pid == 0) return (struct server_cpu){ 0, 0 };
    return (struct server_cpu){ .sched_ns = sched_ns(pid), .tick_ns = tick_ns(pid) };
}

struct server_cpu server_cpu_since(int pid, struct server_cpu start)
{
    if (pid == 0) return (struct server_cpu){ 0, 0 };
    uint64_t last = sched_ns(pid);
    int quiet = 0;
    for (int i = 0; i < IDLE_WINDOWS_MAX && quiet < 2; i++) {
        sleep_until_ns(now_ns() + IDLE_WINDOW_NS);
        uint64_t used = sched_ns(pid);
        quiet = used - last < IDLE_CPU_NS ? quiet + 1 : 0;
        last = used;
    }
    return (struct server_cpu){
        .sched_ns = last - start.sched_ns,
        .tick_ns = tick_ns(pid) - start.tick_ns,
    };
}

static uint64_t thread_sched_ns(int pid, const char *tid)
{
    char path[300];
    unsigned long long ns = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, tid);
    FILE *file = fopen(path, "r");
    if (file == NULL) return 0;         /* the thread ended between readdir and here */
    if (fscanf(file, "%llu", &ns) != 1) ns = 0;
    (void)fclose(file);
    return ns;
}

static uint64_t sched_ns(int pid)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *folder = opendir(path);
    if (folder == NULL) die("the server is gone");
    uint64_t sum = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.') sum += thread_sched_ns(pid, entry->d_name);
    (void)closedir(folder);
    return sum;
}

static uint64_t tick_ns(int pid)
{
    char path[64], text[1024];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) die("the server is gone");
    size_t len = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    text[len] = '\0';
    unsigned long long user, system;
    const char *after_name = strrchr(text, ')');
    if (after_name == NULL ||
        sscanf(after_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
               &system) != 2)
        die("cannot read %s", path);
    return (user + system) * (NANOS_PER_SECOND / (uint64_t)sysconf(_SC_CLK_TCK));
}

uint64_t server_rss_bytes(int pid)
{
    if (pid == 0) return 0;
    char path[64];
    unsigned long long pages;
    (void)snprintf(path, sizeof path, "/proc/%d/statm", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL || fscanf(file, "%*u %llu", &pages) != 1) die("cannot read %s", path);
    (void)fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
