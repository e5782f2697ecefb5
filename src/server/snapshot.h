/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshot: one configuration with all that is made of it; the body of core's settings.
 *
 * Thread:  made on the control thread, then immutable; the last reference may go on any reactor.
 * Memory:  counted by settings_ref() and settings_unref(). */
#ifndef MIDGE_SERVER_SNAPSHOT_H
#define MIDGE_SERVER_SNAPSHOT_H

#include "core/core.h"
#include "tls/rate_limit.h"
#include "tls/tls_context.h"

struct snapshot {
    struct settings     settings;
    struct options     *options;
    struct directory   *directory;
    struct tls_context *client_tls;         /* NULL: no TLS there, as below */
    struct tls_context *websocket_tls;
    struct tls_context *monitoring_tls;     /* the clients' certificate, asking for none */
    struct rate_limit   rate;               /* new TLS connections of clients */
};

/* Takes the options even when it fails. Refuses what must not be ignored (unserved.h). */
MUST_CHECK enum err snapshot_new(struct env *, struct directory_setup, struct options *take_options,
                                 struct settings **ret_settings, struct errmsg *why);

static inline struct snapshot *snapshot_of(struct settings *s)
{
    return container_of(s, struct snapshot, settings);
}

#endif
