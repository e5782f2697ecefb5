/* SPDX-License-Identifier: Apache-2.0 */
/* Import files: what stands in a directory of a nats-server, read and never written.
 *
 * Thread: the caller's, blocking. Memory: texts and lists are the caller's to free. Errors:
 * NOTFOUND when it is absent; else `why` names the path. */
#ifndef MIDGE_EMBED_IMPORT_FILES_H
#define MIDGE_EMBED_IMPORT_FILES_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct import_names {
    char   **at; /* ascending, bytewise */
    uint32_t count;
};

/* Directories in it, or files; those that begin with a '.' are left out. None when it is absent. */
MUST_CHECK enum err import_list(const char *directory, bool wants_dirs, struct import_names *ret,
                                struct errmsg *why);
void import_names_deinit(struct import_names *);

/* Whole; replaces what is in `ret`. LIMIT: too long to be one. */
MUST_CHECK enum err import_read(const char *path, struct buf *ret, struct errmsg *why);
bool import_exists(const char *path);

/* Of all files below a directory: bytes, and a sum of what changes when somebody writes there. */
struct import_usage {
    uint64_t bytes;
    uint64_t print;
};
MUST_CHECK enum err import_usage_add(const char *directory, struct import_usage *,
                                     struct errmsg *why);
/* Bytes that are free where this directory is. */
MUST_CHECK enum err import_free(const char *directory, uint64_t *ret_bytes, struct errmsg *why);

/* "DIRECTORY/NAME"; caller frees. */
char *import_path(const char *directory, const char *name);
/* A directory and all in it, but what begins with a '.'; an absent one is fine. */
MUST_CHECK enum err import_remove_all(const char *directory, struct errmsg *why);
/* What was renamed in it is there after a power cut too. */
MUST_CHECK enum err import_sync_directory(const char *directory, struct errmsg *why);

#endif
