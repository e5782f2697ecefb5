/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/linkz.h"

#include "monitor/request.h"

struct linkz {
    const char *server_id, *server_name;
    nanos now;
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
static const struct json_field routez_fields[] = {
    SERVER_ID,
    { "server_name", AT(server_name), JSON_TEXT, 0, NULL, "name of the server" },
    NOW,
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

static void serve(struct request *r, const struct json_table *table)
{
    if (request_failed(r)) return;
    struct linkz z = {
        .server_id = r->core->identity.id,
        .server_name = r->core->identity.name,
        .now = r->now,
        .empty = SLICE_LIT("{}"),
    };
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
