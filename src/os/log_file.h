/* SPDX-License-Identifier: Apache-2.0 */
/* A log file: appended to, reopened under its name, moved aside when it has grown.
 *
 * A backup is named "<file>.YYYY.MM.DD.HH.MM.SS.nnnnnnnnn" (local time).
 * Thread: one at a time (the log holds its lock). Memory: owns its path and descriptor.
 * Errors: a failed rotation leaves the file in use and is tried again after as many bytes more. */
#ifndef MIDGE_OS_LOG_FILE_H
#define MIDGE_OS_LOG_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct log_file;

MUST_CHECK enum err log_file_open(const char *path, int64_t size_limit, int64_t files_max,
                                  struct log_file **ret_file, struct errmsg *why);
struct log_file *log_file_free(struct log_file *);          /* NULL is fine; returns NULL */
void log_file_write(struct log_file *, struct slice line);
MUST_CHECK enum err log_file_reopen(struct log_file *, struct errmsg *why);

struct log_rotation {
    char     backup[4096];
    /* names of removed backups; the caller frees each and the array */
    char   **purged;
    uint32_t purged_count;
};

bool log_file_is_full(const struct log_file *);
bool log_file_rotate(struct log_file *, struct log_rotation *ret_done);

#endif
