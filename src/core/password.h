/* SPDX-License-Identifier: Apache-2.0 */
/* Password: a bcrypt comparison on a worker, since it takes 100 ms; the session waits meanwhile.
 *
 * Thread: asked and answered on the session's reactor. Memory: the result is moved in and lives
 * until the answer. */
#ifndef MIDGE_CORE_PASSWORD_H
#define MIDGE_CORE_PASSWORD_H

#include "auth/decide.h"

struct session;

/* False: the workers have too much to do; `take_result` stays the caller's. Else `done` is called
 * later, exactly once; the session is alive then, though it may be closed. */
MUST_CHECK bool password_check(struct session *, struct auth_result *take_result,
                               void (*done)(struct session *, struct auth_result *, bool matches));

#endif
