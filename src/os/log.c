/* SPDX-License-Identifier: Apache-2.0 */
#include "os/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/buf.h"
#include "base/units.h"
#include "os/log_file.h"
#include "os/syslog.h"

struct format {
    bool no_time;
    bool utc;
    bool is_coloured;
};

struct os_log {
    struct log       base;
    pthread_mutex_t  mutex;
    struct format    format;
    struct log_file *file;          /* NULL: not to a file */
    struct syslog   *syslog;        /* NULL: not to syslog */
    long             pid;
    time_t           second;        /* that `stamp` stands for */
    char             stamp[40];     /* "2006/01/02 15:04:05" */
    struct buf       line;          /* being put together */
};

static const struct {
    const char *tag;
    const char *colour;
} levels[] = {
    [LOG_FATAL] = { "FTL", "31" }, [LOG_ERROR] = { "ERR", "31" }, [LOG_WARN] = { "WRN", "0;93" },
    [LOG_INFO] = { "INF", "32" },  [LOG_DEBUG] = { "DBG", "36" }, [LOG_TRACE] = { "TRC", "33" },
};

static struct os_log *log_from(struct log *base)
{
    return container_of(base, struct os_log, base);
}

static void take(struct os_log *l)
{
    int failed = pthread_mutex_lock(&l->mutex);
    assert(failed == 0);
}

static void drop(struct os_log *l)
{
    int failed = pthread_mutex_unlock(&l->mutex);
    assert(failed == 0);
}

static void add_stamp(struct os_log *l)
{
    struct timespec now;
    struct tm parts;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec != l->second) {
        l->second = now.tv_sec;
        (void)(l->format.utc ? gmtime_r(&now.tv_sec, &parts) : localtime_r(&now.tv_sec, &parts));
        size_t len = strftime(l->stamp, sizeof l->stamp, "%Y/%m/%d %H:%M:%S", &parts);
        assert(len > 0);
    }
    buf_printf(&l->line, "%s.%06ld ", l->stamp, now.tv_nsec / 1000);
}

/* Leaves the whole line in l->line. */
static void make_line(struct os_log *l, enum log_level level, struct slice text)
{
    l->line.len = 0;
    buf_printf(&l->line, "[%ld] ", l->pid);
    if (!l->format.no_time) add_stamp(l);
    if (l->format.is_coloured)
        buf_printf(&l->line, "[\x1b[%sm%s\x1b[0m] ", levels[level].colour, levels[level].tag);
    else buf_printf(&l->line, "[%s] ", levels[level].tag);
    buf_add(&l->line, text);
    buf_add_byte(&l->line, '\n');
}

static void put(struct os_log *l, enum log_level level, struct slice text)
{
    make_line(l, level, text);
    if (l->file != NULL) {
        log_file_write(l->file, buf_slice(&l->line));
    } else {
        if (write(STDERR_FILENO, l->line.ptr, l->line.len) < 0) maybe(errno == EPIPE);
    }
}

/* Rotates when due; the new file begins with a line that says where the old one went. */
static void rotate(struct os_log *l)
{
    if (l->file == NULL || !log_file_is_full(l->file)) return;
    struct log_rotation done;
    if (!log_file_rotate(l->file, &done)) return;
    char text[sizeof done.backup + 64];
    (void)snprintf(text, sizeof text, "Rotated log, backup saved as \"%s\"", done.backup);
    put(l, LOG_INFO, slice_str(text));
    for (uint32_t i = 0; i < done.purged_count; i++) {
        (void)snprintf(text, sizeof text, "Purged log file \"%s\"", done.purged[i]);
        put(l, LOG_INFO, slice_str(text));
        done.purged[i] = xfree(done.purged[i]);
    }
    done.purged = xfree(done.purged);
}

static void log_write(struct log *base, enum log_level level, struct slice text)
{
    struct os_log *l = log_from(base);
    take(l);
    if (l->syslog != NULL) {
        syslog_write(l->syslog, level, text);
    } else {
        put(l, level, text);
        rotate(l);
    }
    if (l->line.cap > 64 * KIB) buf_deinit(&l->line);       /* one long trace need not stay */
    drop(l);
}

struct log *os_log_new(void)
{
    struct os_log *l = xcalloc(1, sizeof *l);
    l->base.write = log_write;
    l->pid = (long)getpid();
    l->second = -1;
    l->format.is_coloured = isatty(STDERR_FILENO) == 1;
    int failed = pthread_mutex_init(&l->mutex, NULL);
    assert(failed == 0);
    return &l->base;
}

struct log *os_log_free(struct log *base)
{
    if (base == NULL) return NULL;
    struct os_log *l = log_from(base);
    l->file = log_file_free(l->file);
    l->syslog = syslog_free(l->syslog);
    buf_deinit(&l->line);
    (void)pthread_mutex_destroy(&l->mutex);
    return xfree(l);
}

static enum err open_target(const struct os_log_options *o, struct log_file **ret_file,
                            struct syslog **ret_syslog, struct errmsg *why)
{
    if (o->remote_syslog != NULL) return syslog_dial(o->remote_syslog, o->tag, ret_syslog, why);
    if (o->syslog) return syslog_open(o->tag, ret_syslog, why);
    if (o->file != NULL) return log_file_open(o->file, o->size_limit, o->files_max, ret_file, why);
    return ERR_OK;
}

enum err os_log_configure(struct log *base, const struct os_log_options *o, struct errmsg *why)
{
    struct os_log *l = log_from(base);
    struct log_file *file = NULL;
    struct syslog *syslog = NULL;
    enum err e = open_target(o, &file, &syslog, why);
    if (e) return e;
    take(l);
    l->file = log_file_free(l->file);
    l->syslog = syslog_free(l->syslog);
    l->file = file;
    l->syslog = syslog;
    l->second = -1;
    l->format = (struct format){
        .no_time = o->no_time,
        .utc = o->utc,
        .is_coloured = file == NULL && isatty(STDERR_FILENO) == 1,
    };
    if (file != NULL && log_file_is_full(file)) {
        put(l, LOG_INFO, SLICE_LIT("Rotating logfile..."));
        rotate(l);
    }
    drop(l);
    atomic_store_explicit(&base->debug, o->debug, memory_order_relaxed);
    atomic_store_explicit(&base->trace, o->trace, memory_order_relaxed);
    atomic_store_explicit(&base->trace_system, o->trace_system, memory_order_relaxed);
    return ERR_OK;
}

enum err os_log_reopen(struct log *base, struct errmsg *why)
{
    struct os_log *l = log_from(base);
    take(l);
    enum err e = l->file == NULL ? errmsg_set(why, ERR_INVALID, "not a file logger")
                                 : log_file_reopen(l->file, why);
    drop(l);
    return e;
}
