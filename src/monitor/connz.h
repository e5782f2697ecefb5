/* SPDX-License-Identifier: Apache-2.0 */
/* Connz: /connz, the connections that are open and those that closed last.
 *
 * Thread and memory: request.h. Source: reference monitoring 3. */
#ifndef MIDGE_MONITOR_CONNZ_H
#define MIDGE_MONITOR_CONNZ_H

#include <stdbool.h>
#include <stdint.h>

#include "json/table.h"

struct conn_report;
struct request;

enum connz_state { CONNZ_OPEN, CONNZ_CLOSED, CONNZ_ALL };

enum { CONNZ_LIMIT = 1024 };

struct connz_query {
    const struct connz_sort *sort;
    nanos now;                          /* of the request; real time */
    enum connz_state state;
    bool auth;
    bool subs;
    bool subs_detail;
    uint64_t offset;
    uint64_t limit;
    uint64_t cid;     /* 0: all */
    const char *user; /* "": all, as the next two */
    const char *account;
    const char *mqtt_client;
};

bool connz_plan(struct request *);
void connz_serve(struct request *);

/* Sets up a collection of all open connections of which `max` are kept, in order of their cids. */
void connz_collect_open(struct request *, uint64_t max);

/* The order that a `sort` parameter names; NULL: there is none such. "" is that of the cids. */
const struct connz_sort *connz_sort_find(const char *name);
/* Smaller comes first. `now`: the instant by which ages are compared. */
uint64_t connz_sort_key(const struct connz_sort *, const struct conn_report *, nanos now);

/* What of `count` things a page shows: from `*ret_from` on, so many. Checked arithmetic. */
uint64_t connz_page(uint64_t count, uint64_t offset, uint64_t limit, uint64_t *ret_from);

/* One subscription in detail; also of /subsz. */
struct sub_row {
    const char *account;
    const char *account_tag;
    struct slice subject;
    struct slice queue;
    struct slice sid;
    uint64_t msgs;
    uint64_t max;
    uint64_t cid;
};
extern const struct json_table sub_row_table;
struct sub_report;
struct sub_row sub_row_of(const struct sub_report *, bool with_account);

extern const struct json_table connz_table;

#endif
