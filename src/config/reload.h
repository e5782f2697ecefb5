/* SPDX-License-Identifier: Apache-2.0 */
/* Reload: what differs between the options that run and those that shall run, and whether that can
 * be done.
 *
 * The tables of load_*.c say for each key what a change means. Any change that cannot be applied
 * refuses the whole reload; nothing is applied then.
 * Both sides must have been through flags_apply() and options_finish(). Accounts, users,
 * permissions and certificates are to be applied at every reload, whether they are listed or not:
 * files may have changed behind an equal path.
 * Pure; thread: any; memory: results lie in the caller's arena. */
#ifndef MIDGE_CONFIG_RELOAD_H
#define MIDGE_CONFIG_RELOAD_H

#include "base/err.h"
#include "config/options.h"
#include "config/reload_class.h"

struct reload_change {
    const char       *key;              /* "max_payload", "cluster.routes", "authorization" */
    enum reload_class what;             /* RELOAD_YES, RELOAD_NO or RELOAD_IGNORED */
    /* for messages; NULL when the value is no single one or secret */
    const char       *old_text;
    const char       *new_text;
};

struct reload_diff {
    struct reload_change *items;        /* in the order of the table */
    uint32_t              count;
};

/* ERR_OK: all changes can be applied. ERR_DENIED: `why` is what nats-server says, "config reload
 * not supported for Port: old=4222, new=4223", about the first that cannot. */
MUST_CHECK enum err reload_compare(const struct options *old, const struct options *new,
                                   struct arena *, struct reload_diff *ret_diff,
                                   struct errmsg *why);

/* Is this key among the changes? Blocks match all their keys: "cluster" finds "cluster.routes". */
bool reload_has(const struct reload_diff *, const char *key);

#endif
