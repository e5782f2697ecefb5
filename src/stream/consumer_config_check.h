/* SPDX-License-Identifier: Apache-2.0 */
/* Consumer config check: is a configuration good for its stream, and what stands in for what it
 * leaves out?
 *
 * The order of checks is nats-server's. Pure; thread: any. */
#ifndef MIDGE_STREAM_CONSUMER_CONFIG_CHECK_H
#define MIDGE_STREAM_CONSUMER_CONFIG_CHECK_H

#include "stream/check.h"
#include "stream/consumer_config.h"
#include "subject/cover.h"

/* What ephemeral consumers wait for before they go, when they do not say. */
#define CONSUMER_INACTIVE_DEFAULT (5 * SECOND)

/* Sets defaults and adjusts what nats-server adjusts silently (pedantic: refuses), then checks.
 * False: `*ret_error` says what is wrong, and `config` may be adjusted in part. */
bool consumer_config_check(struct consumer_config *config, const struct stream_config *stream,
                           const struct js_check *, struct js_error *ret_error);

/* The first half of it. */
bool consumer_config_defaults(struct consumer_config *config, const struct stream_config *stream,
                              const struct js_check *, struct js_error *ret_error);

/* Of its filters, in their order; to be freed. */
struct cover *consumer_filters_cover(const struct consumer_config *);

/* 1 to 16 letters, digits and "/_=-". */
bool consumer_group_valid(const char *group);

#endif
