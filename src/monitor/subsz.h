/* SPDX-License-Identifier: Apache-2.0 */
/* Subsz: /subsz, the state of the interest indexes, and on request the subscriptions themselves.
 *
 * Thread and memory: request.h. Source: reference monitoring 7.
 * There is no match cache, so what nats-server tells of its own is 0 here. */
#ifndef MIDGE_MONITOR_SUBSZ_H
#define MIDGE_MONITOR_SUBSZ_H

#include <stdbool.h>
#include <stdint.h>

#include "json/table.h"

struct account;
struct request;

struct subsz_query {
    bool subs;
    uint64_t offset;
    uint64_t limit;
    const char *account; /* "": all */
    const char *test;    /* "": all */
};

bool subsz_plan(struct request *);
void subsz_serve(struct request *);

/* The index of one account, or of all. */
struct sublist_stats {
    uint64_t num_subscriptions;
    uint64_t num_cache;
    uint64_t num_inserts;
    uint64_t num_removes;
    uint64_t num_matches;
    double cache_hit_rate;
    uint64_t max_fanout;
    double avg_fanout;
};
extern const struct json_table sublist_stats_table;
void sublist_stats_add(const struct account *, struct sublist_stats *add_to);

extern const struct json_table subsz_table;
struct subsz {
    const char *server_id;
    nanos now;
    struct sublist_stats stats;
    uint64_t total, offset, limit;
    struct json_array list;
};
/* All accounts, no list. */
void subsz_fill(const struct request *, struct subsz *ret);

#endif
