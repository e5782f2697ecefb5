/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/subsz.h"

#include "base/assert.h"
#include "monitor/request.h"
#include "subject/subject.h"

/* clang-format off */
#define STATS_FIELDS(s, field) \
    { "num_subscriptions", JSON_AT(s, field num_subscriptions), JSON_U64, 0, NULL, \
      "subscriptions in the index" }, \
    { "num_cache", JSON_AT(s, field num_cache), JSON_U64, 0, NULL, \
      "entries of a match cache: none" }, \
    { "num_inserts", JSON_AT(s, field num_inserts), JSON_U64, 0, NULL, \
      "subscriptions ever entered" }, \
    { "num_removes", JSON_AT(s, field num_removes), JSON_U64, 0, NULL, \
      "subscriptions ever removed" }, \
    { "num_matches", JSON_AT(s, field num_matches), JSON_U64, 0, NULL, "messages" }, \
    { "cache_hit_rate", JSON_AT(s, field cache_hit_rate), JSON_F64, 0, NULL, \
      "of a match cache: 0" }, \
    { "max_fanout", JSON_AT(s, field max_fanout), JSON_U64, 0, NULL, "of a match cache: 0" }, \
    { "avg_fanout", JSON_AT(s, field avg_fanout), JSON_F64, 0, NULL, "of a match cache: 0" }

static const struct json_field stats_fields[] = { STATS_FIELDS(struct sublist_stats, ) };
const struct json_table sublist_stats_table = JSON_TABLE(struct sublist_stats, stats_fields);

static const struct json_field subsz_fields[] = {
    { "server_id", JSON_AT(struct subsz, server_id), JSON_TEXT, 0, NULL, "id of the server" },
    { "now", JSON_AT(struct subsz, now), JSON_TIMESTAMP, 0, NULL, "time of the report" },
    STATS_FIELDS(struct subsz, stats.),
    { "total", JSON_AT(struct subsz, total), JSON_U64, 0, NULL, "how many there are to list" },
    { "offset", JSON_AT(struct subsz, offset), JSON_U64, 0, NULL, "as asked" },
    { "limit", JSON_AT(struct subsz, limit), JSON_U64, 0, NULL, "as asked" },
    { "subscriptions_list", JSON_AT(struct subsz, list), JSON_STRUCTS, JSON_OMITEMPTY,
      &sub_row_table, "with subs=1" },
};
const struct json_table subsz_table = JSON_TABLE(struct subsz, subsz_fields);
/* clang-format on */

void sublist_stats_add(const struct account *a, struct sublist_stats *add_to)
{
    struct interest_report index = { 0 };
    struct traffic traffic;
    interest_report(a->interest, &index);
    account_traffic_sum(a, &traffic);
    add_to->num_subscriptions += index.count;
    add_to->num_inserts += index.inserts;
    add_to->num_removes += index.removes;
    add_to->num_matches += count_get(&traffic.in_msgs);
}

static void add_accounts(const struct request *r, const char *only, struct sublist_stats *stats)
{
    const struct account *a;
    for (uint32_t i = 0; (a = accounts_at(r->core->accounts, i)) != NULL; i++)
        if (only[0] == '\0' || strcmp(a->name, only) == 0) sublist_stats_add(a, stats);
}

void subsz_fill(const struct request *r, struct subsz *ret)
{
    *ret = (struct subsz){
        .server_id = r->core->identity.id,
        .now = r->now,
        .limit = CONNZ_LIMIT,
    };
    add_accounts(r, "", &ret->stats);
}

bool subsz_plan(struct request *r)
{
    struct query *q = &r->query;
    struct subsz_query *s = &r->subsz;
    s->subs = query_bool(q, "subs");
    int64_t offset = query_int(q, "offset");
    int64_t limit = query_int(q, "limit");
    s->offset = offset > 0 ? (uint64_t)offset : 0;
    s->limit = limit > 0 ? (uint64_t)limit : CONNZ_LIMIT;
    s->test = query_text(q, "test");
    s->account = query_text(q, "acc");
    if (s->test[0] != '\0' && !subject_literal(slice_str(s->test)))
        query_fail(q,
                   arena_printf(q->arena, "invalid test subject, must be valid publish subject: %s",
                                s->test));
    if (request_failed(r) || !s->subs) return false;
    r->collection = (struct collection){
        .core = r->core,
        .what = COLLECT_SUBS,
        .account = s->account[0] == '\0' ? NULL : s->account,
        .test = s->test[0] == '\0' ? NULL : s->test,
        .max = s->offset > UINT64_MAX - s->limit ? UINT64_MAX : s->offset + s->limit,
    };
    collection_init(&r->collection);
    return true;
}

/* What the server itself subscribes to belongs to no connection. */
static void offer_internal(struct request *r)
{
    const struct account *a;
    for (uint32_t i = 0; (a = accounts_at(r->core->accounts, i)) != NULL; i++) {
        if (a->internal == NULL) continue;
        struct sub_report report = sub_report_of(a->internal, a->name, 0);
        collection_offer_sub(&r->collection, &report);
    }
}

void subsz_serve(struct request *r)
{
    struct subsz_query *s = &r->subsz;
    struct subsz z = {
        .server_id = r->core->identity.id,
        .now = r->now,
        .offset = s->offset,
        .limit = s->limit,
    };
    add_accounts(r, s->account, &z.stats);
    if (s->subs) {
        struct top *top = &r->collection.top;
        offer_internal(r);
        top_sort(top);
        uint64_t from;
        uint64_t count = connz_page(top->count, s->offset, s->limit, &from);
        struct sub_row *rows = arena_alloc(r->arena, (count + 1) * sizeof *rows);
        for (uint64_t i = 0; i < count; i++) {
            const struct sub_item *item = top->at[from + i];
            rows[i] = sub_row_of(&item->report, true);
        }
        z.list = (struct json_array){ rows, (uint32_t)count };
        z.total = r->collection.total;
    }
    request_json(r, &subsz_table, &z);
}
