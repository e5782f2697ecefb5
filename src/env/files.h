/* SPDX-License-Identifier: Apache-2.0 */
/* Files: small whole files at start, reload and stop (configuration, certificates, pid and ports
 * file).
 *
 * Blocking; never on a hot path. Stored messages have an interface of their own.
 * Thread: any. Errors: NOTFOUND, DENIED, IO, LIMIT (longer than `size_max`); `why` names the
 * path. */
#ifndef MIDGE_ENV_FILES_H
#define MIDGE_ENV_FILES_H

#include "base/buf.h"
#include "base/err.h"

struct files {
    MUST_CHECK enum err (*read)(struct files *, const char *path, size_t size_max,
                                struct buf *ret_bytes, struct errmsg *why);
    /* Replaces the file; `mode` as in chmod, less the umask. */
    MUST_CHECK enum err (*write)(struct files *, const char *path, struct slice bytes,
                                 uint32_t mode, struct errmsg *why);
    void (*remove)(struct files *, const char *path); /* a missing file is fine */
};

#endif
