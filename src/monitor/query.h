/* SPDX-License-Identifier: Apache-2.0 */
/* Query: the parameters of a request, decoded as Go's net/http and strconv decode them.
 *
 * Pure. Thread: one at a time. Memory: everything lives in the caller's arena.
 * Errors: the first value that does not decode stays in `error`; later ones read as their defaults.
 *         Pairs with a bad escape or a ';' are skipped, as Go does.
 * Limits: QUERY_PAIRS_MAX pairs; further ones are not looked at. */
#ifndef MIDGE_MONITOR_QUERY_H
#define MIDGE_MONITOR_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

enum { QUERY_PAIRS_MAX = 64 };

struct query_pair {
    const char *name;
    const char *value;
};

struct query {
    struct arena *arena;
    const char *error; /* what the client is told; NULL: fine */
    uint32_t count;
    struct query_pair pairs[QUERY_PAIRS_MAX];
};

/* `raw`: what stands behind the '?'. */
void query_parse(struct query *, const char *raw, struct arena *);

/* The first value of that name; "" when absent. */
const char *query_text(const struct query *, const char *name);
/* What strconv.ParseBool takes; false when absent or empty. */
bool query_bool(struct query *, const char *name);
/* "detail" sets both; else a boolean. */
bool query_bool_or_detail(struct query *, const char *name, bool *ret_detail);
/* 0 when absent or empty. */
int64_t query_int(struct query *, const char *name);
uint64_t query_u64(struct query *, const char *name);

/* Sets the error unless there is one. */
void query_fail(struct query *, const char *text);

/* %XX and '+' decoded; NULL when an escape is broken. */
char *query_unescape(struct slice text, struct arena *);

#endif
