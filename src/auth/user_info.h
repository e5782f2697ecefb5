/* SPDX-License-Identifier: Apache-2.0 */
/* User info: the `data` of the answer to `$SYS.REQ.USER.INFO`: who am I, and what may I do?
 *
 * Pure. Thread: any. Memory: a plain value that borrows all it points to. */
#ifndef MIDGE_AUTH_USER_INFO_H
#define MIDGE_AUTH_USER_INFO_H

#include "auth/permissions.h"
#include "base/units.h"

struct json_writer;

struct user_info {
    struct slice user;                  /* as shown in reports; empty for nobody in particular */
    struct slice account;
    const struct permission_set *permissions;   /* NULL: left out */
    nanos        expires;               /* what remains; 0: left out */
};

/* One JSON object, field for field as nats-server has it. */
void user_info_write(const struct user_info *, struct json_writer *);

#endif
