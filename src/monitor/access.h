/* SPDX-License-Identifier: Apache-2.0 */
/* Access: the user and password of the monitoring port (midge { http_user, http_password }).
 *
 * Thread:  any. Memory: owned; a cache of what matched, so that scrapers do not pay for bcrypt each
 *          time (auth/pass_cache.h).
 * Secrets: compared in constant time; a wrong user takes as long as a wrong password. */
#ifndef MIDGE_MONITOR_ACCESS_H
#define MIDGE_MONITOR_ACCESS_H

#include <stdbool.h>

#include "base/units.h"

struct access;
struct entropy;

struct access *access_new(struct entropy *);
struct access *access_free(struct access *); /* NULL is fine; returns NULL */

struct access_rule {
    const char *user;     /* NULL: everybody may look */
    const char *password; /* plain or bcrypt */
};
/* `authorization`: the header, "Basic …", or "". */
bool access_granted(struct access *, struct access_rule, const char *authorization, nanos now);

#endif
