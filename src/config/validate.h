/* SPDX-License-Identifier: Apache-2.0 */
/* Validate: do the options fit each other? Asked at start and at reload, not by `-t`, as
 * nats-server does.
 *
 * Pure; thread: any; memory: none. Call options_finish() first. The reasons are nats-server's. */
#ifndef MIDGE_CONFIG_VALIDATE_H
#define MIDGE_CONFIG_VALIDATE_H

#include "base/err.h"
#include "config/options.h"

/* ERR_INVALID with the first reason, in nats-server's order. The process says it on stderr and
 * exits with 1. */
MUST_CHECK enum err validate_options(const struct options *, struct errmsg *why);

/* What nats-server only finds when it opens its listeners: there it is a fatal line of the log. */
MUST_CHECK enum err validate_listeners(const struct options *, struct errmsg *why);

/* Splits "host", "host:port", "[v6]:port"; without a port, `port` is `port_default`. ERR_INVALID
 * with Go's reason. */
MUST_CHECK enum err validate_host_port(const char *text, int32_t port_default, struct arena *,
                                       struct listen_options *ret, struct errmsg *why);

#endif
