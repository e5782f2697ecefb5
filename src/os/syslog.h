/* SPDX-License-Identifier: Apache-2.0 */
/* Syslog: the machine's own (a Unix socket) or a remote one (udp, tcp, unix).
 *
 * Thread:  one at a time (the log holds its lock). A write never waits: what the other side does
 *          not take at once is dropped, and a broken connection is dialled anew at most once a
 *          second.
 * Memory:  owns its socket and names. */
#ifndef MIDGE_OS_SYSLOG_H
#define MIDGE_OS_SYSLOG_H

#include "base/err.h"
#include "base/slice.h"
#include "env/log.h"

struct syslog;

MUST_CHECK enum err syslog_open(const char *tag, struct syslog **ret_syslog, struct errmsg *why);
/* `url`: "udp://host:port", "tcp://host:port", "unix:///path". */
MUST_CHECK enum err syslog_dial(const char *url, const char *tag, struct syslog **ret_syslog,
                                struct errmsg *why);
struct syslog *syslog_free(struct syslog *);            /* NULL is fine; returns NULL */
void syslog_write(struct syslog *, enum log_level, struct slice text);

#endif
