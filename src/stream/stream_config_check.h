/* SPDX-License-Identifier: Apache-2.0 */
/* Stream config check: is a configuration good on its own, and what stands in for what it leaves
 * out?
 *
 * The order of checks is nats-server's, so that a request with two mistakes gets the same answer.
 * Pure; thread: any; memory: additions lie in the arena of the check. */
#ifndef MIDGE_STREAM_STREAM_CONFIG_CHECK_H
#define MIDGE_STREAM_STREAM_CONFIG_CHECK_H

#include "stream/check.h"
#include "subject/cover.h"

/* Sets defaults and adjusts what nats-server adjusts silently (pedantic: refuses). False:
 * `*ret_error` says what is wrong, and `config` may be adjusted in part. The account's limits count
 * only for max_bytes; its storage does in stream_limits_check(). */
bool stream_config_check(struct stream_config *config, const struct js_check *,
                         struct js_error *ret_error);

/* Of its subjects, in their order; to be freed. */
struct cover *stream_subjects_cover(const struct stream_config *);

/* Part of it, in stream_source_check.c: mirror, sources, their prefixes and cycles. */
bool stream_sources_check(struct stream_config *config, const struct js_check *,
                          struct js_error *ret_error);

/* Is there room for `add_bytes` more (-1: an unknown number) of this stream's storage, in the
 * account beside `reserved` bytes and on the server? And are so many consumers allowed? */
bool stream_limits_check(const struct stream_config *config, const struct js_check *,
                         int64_t add_bytes, int64_t reserved, struct js_error *ret_error);

/* Bytes that the other streams of the account with the same storage have reserved. */
int64_t stream_reserved_by_others(const struct stream_config *config, const struct js_check *);

/* What `bytes` of a stream with so many replicas count in its account. */
int64_t stream_account_bytes(const struct js_check *, int64_t replicas, int64_t bytes);

/* Some subject belongs to another stream of the account. */
bool stream_overlaps_others(const struct stream_config *config, const struct js_check *);

#endif
