/* SPDX-License-Identifier: Apache-2.0 */
/* Refuse: the answer to a login that failed. From the 20th failure of an address within a minute it
 * comes late, so that guessing is slow; at most a second, and nobody else waits. Thread: the
 * session's reactor. */
#ifndef MIDGE_CORE_REFUSE_H
#define MIDGE_CORE_REFUSE_H

#include "auth/decide.h"

struct session;

void session_refuse(struct session *, enum auth_reason);

#endif
