/* SPDX-License-Identifier: Apache-2.0 */
/* Accountz: /accountz, which accounts there are and what one of them is; /accstatz, their traffic.
 *
 * Thread and memory: request.h. Source: reference monitoring 8 and 9. */
#ifndef MIDGE_MONITOR_ACCOUNTZ_H
#define MIDGE_MONITOR_ACCOUNTZ_H

#include <stdbool.h>
#include <stdint.h>

#include "json/table.h"

struct account;
struct request;

bool accountz_plan(struct request *);
void accountz_serve(struct request *);
void accstatz_serve(struct request *);

/* The accounts that the configuration has (and others in use), in order of first appearance. */
const struct account *accounts_shown(const struct request *, uint32_t *at);

struct msg_bytes {
    uint64_t msgs;
    uint64_t bytes;
};

struct data_stats {
    uint64_t msgs;
    uint64_t bytes;
    struct msg_bytes gateways, routes, leafs;
};

struct account_stat {
    const char *acc;
    const char *name;
    int64_t conns;
    int64_t leafnodes;
    int64_t total_conns;
    uint64_t num_subscriptions;
    struct data_stats sent;
    struct data_stats received;
    uint64_t slow_consumers;
};
void account_stat_of(const struct account *, struct account_stat *ret);

extern const struct json_table accountz_table;
extern const struct json_table accstatz_table;

#endif
