/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/linkz.h"

#include "monitor/request.h"

/* What routes may import or export. */
struct route_rules {
    struct json_array allow, deny;
};

struct linkz {
    const char *server_id, *server_name;
    nanos now;
    struct route_rules *imports, *exports;      /* NULL: no rules */
    const char *name, *host;
    int32_t port;
    int32_t count;
    struct json_array none;
    struct slice empty;
};

#define AT(field) JSON_AT(struct linkz, field)
#define SERVER_ID                                                          \
    {                                                                      \
        "server_id", AT(server_id), JSON_TEXT, 0, NULL, "id of the server" \
    }
#define NOW                                                           \
    {                                                                 \
        "now", AT(now), JSON_TIMESTAMP, 0, NULL, "time of the report" \
    }

/* clang-format off */
static const struct json_field rules_fields[] = {
    { "allow", JSON_AT(struct route_rules, allow), JSON_TEXTS, JSON_OMITEMPTY, NULL, "subjects" },
    { "deny", JSON_AT(struct route_rules, deny), JSON_TEXTS, JSON_OMITEMPTY, NULL, "subjects" },
};
static const struct json_table rules_table = JSON_TABLE(struct route_rules, rules_fields);

static const struct json_field routez_fields[] = {
    SERVER_ID,
    { "server_name", AT(server_name), JSON_TEXT, 0, NULL, "name of the server" },
    NOW,
    { "import", AT(imports), JSON_STRUCT_PTR, JSON_OMITEMPTY, &rules_table,
      "what routes may import" },
    { "export", AT(exports), JSON_STRUCT_PTR, JSON_OMITEMPTY, &rules_table,
      "what routes may export" },
    { "num_routes", AT(count), JSON_I32, 0, NULL, "routes to other servers of the cluster" },
    { "routes", AT(none), JSON_TEXTS, 0, NULL, "the routes" },
};

static const struct json_field gatewayz_fields[] = {
    SERVER_ID,
    NOW,
    { "name", AT(name), JSON_TEXT, JSON_OMITEMPTY, NULL, "name of this cluster" },
    { "host", AT(host), JSON_TEXT, JSON_OMITEMPTY, NULL, "where its gateway listens" },
    { "port", AT(port), JSON_I32, JSON_OMITEMPTY, NULL, "where its gateway listens" },
    { "outbound_gateways", AT(empty), JSON_RAW, 0, NULL, "to other clusters, by name" },
    { "inbound_gateways", AT(empty), JSON_RAW, 0, NULL, "from other clusters, by name" },
};

static const struct json_field leafz_fields[] = {
    SERVER_ID,
    NOW,
    { "leafnodes", AT(count), JSON_I32, 0, NULL, "leaf nodes connected" },
    { "leafs", AT(none), JSON_TEXTS, 0, NULL, "the leaf nodes" },
};
/* clang-format on */

static const struct json_table routez_table = JSON_TABLE(struct linkz, routez_fields);
static const struct json_table gatewayz_table = JSON_TABLE(struct linkz, gatewayz_fields);
static const struct json_table leafz_table = JSON_TABLE(struct linkz, leafz_fields);

static struct json_array subjects_of(struct request *r, const struct subject_rule *rules,
                                     uint32_t count)
{
    const char **texts = arena_alloc(r->arena, (count + 1) * sizeof *texts);
    for (uint32_t i = 0; i < count; i++) texts[i] = rules[i].subject;
    return (struct json_array){ texts, count };
}

static struct route_rules *rules_of(struct request *r, const struct subject_rules *rules)
{
    if (!rules->present) return NULL;
    struct route_rules *shown = arena_alloc(r->arena, sizeof *shown);
    shown->allow = subjects_of(r, rules->allow, rules->allow_count);
    shown->deny = subjects_of(r, rules->deny, rules->deny_count);
    return shown;
}

static void serve(struct request *r, const struct json_table *table)
{
    if (request_failed(r)) return;
    struct linkz z = {
        .server_id = r->core->identity.id,
        .server_name = r->core->identity.name,
        .now = r->now,
        .empty = SLICE_LIT("{}"),
    };
    const struct permissions *rules = r->facts->options->cluster.permissions;
    if (rules != NULL) {
        z.imports = rules_of(r, &rules->publish);
        z.exports = rules_of(r, &rules->subscribe);
    }
    request_json(r, table, &z);
}

void routez_serve(struct request *r)
{
    bool detail;
    (void)query_bool_or_detail(&r->query, "subs", &detail);
    serve(r, &routez_table);
}

void gatewayz_serve(struct request *r)
{
    bool detail;
    (void)query_bool_or_detail(&r->query, "subs", &detail);
    (void)query_bool(&r->query, "accs");
    serve(r, &gatewayz_table);
}

void leafz_serve(struct request *r)
{
    (void)query_bool(&r->query, "subs");
    serve(r, &leafz_table);
}
