/* SPDX-License-Identifier: Apache-2.0 */
/* Permission set: who may publish and subscribe what. The one place that decides, for all ways in.
 *
 * Compiled from the configuration's allow and deny lists. Deny wins over allow. A set never
 * changes, so an answer may be cached for as long as the set itself lives, under the set's address.
 *
 * Thread:  any, without locks. Memory: owned by who made it (auth/directory.h); keeps no pointer
 *          into the configuration. Asking allocates nothing.
 * NULL is a set that allows everything. */
#ifndef MIDGE_AUTH_PERMISSIONS_H
#define MIDGE_AUTH_PERMISSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"

struct permissions;
struct permission_set;

enum permission {
    PERMISSION_DENIED,
    PERMISSION_ALLOWED,
    PERMISSION_ALLOWED_FILTERED,    /* subscribe only: each message needs permission_delivery() */
};

/* Never NULL. */
struct permission_set *permission_set_new(const struct permissions *, uint64_t hash_seed);
/* NULL is fine; returns NULL */
struct permission_set *permission_set_free(struct permission_set *);
DEFINE_AUTO_FREE(permission_set)

/* `subject` is the concrete subject after mapping. Wildcard tokens in it are literal tokens, as
 * they are for delivery. Never PERMISSION_ALLOWED_FILTERED. */
enum permission permission_publish(const struct permission_set *, struct slice subject);

/* `queue` empty: a plain subscription. A wildcard subscription must be covered as a whole by one
 * allow entry; a deny entry that covers a part of it makes it filtered. The queue name `_sys_`
 * belongs to the server and is denied, with a set or without. */
enum permission permission_subscribe(const struct permission_set *, struct slice subject,
                                     struct slice queue);

/* May a message with this subject go to a subscription (of this queue) that was allowed with a
 * filter? Also right, only slower, for one that was allowed without. */
bool permission_delivery(const struct permission_set *, struct slice subject, struct slice queue);

/* Is this subject denied to a subscription of this queue, whatever was allowed? For a message that
 * was found under another subject than the one it shows. */
bool permission_delivery_denied(const struct permission_set *, struct slice subject,
                                struct slice queue);

/* The rules as configured, for reports; NULL for a NULL set. Lives as long as the set.
 * Its `responses` says whether and how replies are tracked (auth/responses.h). */
const struct permissions *permission_set_config(const struct permission_set *);

#endif
