/* SPDX-License-Identifier: Apache-2.0 */
/* The log on the machine: stderr, a file that may be rotated, or syslog.
 *
 * A line is "[<pid>] YYYY/MM/DD HH:MM:SS.uuuuuu [LVL] text\n", written by one write(2). On a
 * terminal the level is coloured. Syslog gets the text alone.
 *
 * Thread:  any; a lock keeps lines whole.
 * Memory:  `struct os_log_options` and its strings are borrowed for the call.
 * Errors:  os_log_configure() leaves the old target when the new one cannot be opened. A line that
 *          cannot be written is dropped. */
#ifndef MIDGE_OS_LOG_H
#define MIDGE_OS_LOG_H

#include "base/err.h"
#include "env/log.h"

struct os_log_options {
    bool        debug;
    bool        trace;
    bool        trace_system;
    bool        no_time;
    bool        utc;
    const char *file;               /* NULL: stderr */
    int64_t     size_limit;         /* of the file; 0: never rotated */
    int64_t     files_max;          /* kept, the current one included; 0: all */
    bool        syslog;             /* the local one; wins over `file` */
    const char *remote_syslog;      /* URL; wins over all */
    const char *tag;                /* of syslog: the program's name */
};

struct log *os_log_new(void);       /* to stderr, with time stamps */
struct log *os_log_free(struct log *);
MUST_CHECK enum err os_log_configure(struct log *, const struct os_log_options *,
                                     struct errmsg *why);

/* Opens the file anew, under its old name (it was moved away). INVALID when there is no file. */
MUST_CHECK enum err os_log_reopen(struct log *, struct errmsg *why);

#endif
