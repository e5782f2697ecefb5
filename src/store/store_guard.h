/* SPDX-License-Identifier: Apache-2.0 */
/* Store_guard: whether a directory of stores may be used: not when only a nats-server has stored
 * streams there, for they would seem to be gone.
 *
 * Thread: the one that starts, blocking. Changes nothing. */
#ifndef MIDGE_STORE_STORE_GUARD_H
#define MIDGE_STORE_STORE_GUARD_H

#include "base/err.h"
#include "env/env.h"

/* EXISTS: streams of nats-server are below `store_dir`, and no store of midge; `why` says what to
 * do. An empty directory of nats-server does not count. Names of more than DISK_NAME_MAX bytes are
 * not seen. */
MUST_CHECK enum err store_guard(struct env *, const char *store_dir, struct errmsg *why);

#endif
