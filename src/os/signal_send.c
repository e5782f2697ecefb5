/* SPDX-License-Identifier: Apache-2.0 */
/* Servers are found as pgrep finds them: by the command's name in /proc. */
#include "os/signal_send.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "os/errno_text.h"

enum { PIDS_MAX = 1024 };

struct pids {
    long     items[PIDS_MAX];
    uint32_t count;
};

static const struct {
    const char *command;
    int         number;
} commands[] = {
    { "stop", SIGKILL },   { "quit", SIGINT },   { "term", SIGTERM },
    { "reopen", SIGUSR1 }, { "reload", SIGHUP }, { "ldm", SIGUSR2 },
};

static const char *const names[] = { "nats-server", "midge" };

static bool is_server(const char *pid)
{
    char path[64], name[64];
    (void)snprintf(path, sizeof path, "/proc/%.20s/comm", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t len = read(fd, name, sizeof name - 1);
    (void)close(fd);
    name[len > 0 ? len : 0] = 0;
    name[strcspn(name, "\n")] = 0;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

static void add_pid(struct pids *pids, const char *digits)
{
    int64_t pid = 0;
    (void)slice_to_i64(slice_str(digits), &pid);
    bool fits = pid > 0 && pid != (long)getpid() && pids->count < PIDS_MAX;
    if (fits) pids->items[pids->count++] = (long)pid;
}

static int by_number(const void *a, const void *b)
{
    long x = *(const long *)a, y = *(const long *)b;
    return (x > y) - (x < y);
}

static bool find_in_proc(struct pids *pids)
{
    DIR *dir = opendir("/proc");
    if (dir == NULL) return false;
    bool is_proc = false;
    for (struct dirent *d = readdir(dir); d != NULL; d = readdir(dir)) {
        if (!isdigit((unsigned char)d->d_name[0])) continue;
        is_proc = true;
        if (is_server(d->d_name)) add_pid(pids, d->d_name);
    }
    (void)closedir(dir);
    qsort(pids->items, pids->count, sizeof pids->items[0], by_number);
    return is_proc;
}

static enum err find_all(struct pids *pids, struct errmsg *why)
{
    if (find_in_proc(pids)) return ERR_OK;
    return errmsg_set(why, ERR_IO, "unable to resolve pid, try providing one");
}

static enum err find_only(struct pids *pids, struct errmsg *why)
{
    enum err e = find_all(pids, why);
    if (e) return e;
    if (pids->count == 0) return errmsg_set(why, ERR_NOTFOUND, "no nats-server processes running");
    if (pids->count == 1) return ERR_OK;
    struct buf text = { 0 };
    for (uint32_t i = 0; i < pids->count; i++) buf_printf(&text, "\n%ld", pids->items[i]);
    e = errmsg_set(why, ERR_INVALID, "multiple nats-server processes running:%s", buf_str(&text));
    buf_deinit(&text);
    return e;
}

static bool is_pid(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits < 10 && text[digits] == 0;
}

/* "12*": all servers whose id begins with 12. None is no error. */
static enum err find_prefix(const char *target, struct pids *pids, struct errmsg *why)
{
    struct pids all = { 0 };
    enum err e = find_all(&all, why);
    if (e) return e;
    size_t len = strlen(target) - 1;
    for (uint32_t i = 0; i < all.count; i++) {
        char text[24];
        (void)snprintf(text, sizeof text, "%ld", all.items[i]);
        if (strncmp(text, target, len) == 0) add_pid(pids, text);
    }
    return ERR_OK;
}

static enum err find_in_file(const char *path, struct pids *pids, struct errmsg *why)
{
    char text[64] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0) (void)close(fd);
    text[len > 0 ? len : 0] = 0;
    text[strcspn(text, " \t\r\n")] = 0;
    if (!is_pid(text)) return errmsg_set(why, ERR_INVALID, "invalid pid: %s", fd < 0 ? path : text);
    add_pid(pids, text);
    return ERR_OK;
}

static enum err find(const char *target, struct pids *pids, struct errmsg *why)
{
    size_t len = strlen(target);
    if (len == 0) return find_only(pids, why);
    if (target[len - 1] == '*') return find_prefix(target, pids, why);
    if (!is_pid(target)) return find_in_file(target, pids, why);
    add_pid(pids, target);
    return ERR_OK;
}

static int number_of(const char *command)
{
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
        if (strcmp(commands[i].command, command) == 0) return commands[i].number;
    return 0;
}

enum err signal_send(const char *command, const char *target, struct errmsg *why)
{
    struct pids pids = { 0 };
    enum err e = find(target, &pids, why);
    if (e) return e;
    int number = number_of(command);
    if (number == 0 && pids.count > 0)
        return errmsg_set(why, ERR_INVALID, "unknown signal \"%s\"", command);
    struct buf failed = { 0 };
    for (uint32_t i = 0; i < pids.count; i++) {
        char text[ERRNO_TEXT];
        if (kill((pid_t)pids.items[i], number) == 0) continue;
        buf_printf(&failed, "\nsignal \"%s\" %ld: %s", command, pids.items[i],
                   errno_text(errno, text));
    }
    if (failed.len > 0) e = errmsg_set(why, ERR_IO, "%s", buf_str(&failed));
    buf_deinit(&failed);
    return e;
}
