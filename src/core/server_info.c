/* SPDX-License-Identifier: Apache-2.0 */
#include "core/server_info.h"

#include "base/assert.h"
#include "core/core.h"
#include "json/writer.h"

/* Flags that nats-server 2.15.2 knows, with what it reports of them by default. */
static const struct {
    const char *name;
    bool        on;
} flags[] = {
    { "js_ack_fc_v2", false },
    { "js_api_reply_v2", false },
    { "js_raft_delete_range", true },
    { "js_snapshot_sources", false },
};

static bool flag_value(const struct options *o, const char *name, bool otherwise)
{
    assert(o->feature_flags_count == 0 || o->feature_flags != NULL);
    for (uint32_t i = 0; i < o->feature_flags_count; i++)
        if (slice_equal_str(slice_str(o->feature_flags[i].name), name))
            return o->feature_flags[i].value;
    return otherwise;
}

static void write_flags(const struct options *o, struct json_writer *w)
{
    json_key(w, "feature_flags");
    json_object_begin(w);
    for (size_t i = 0; i < ARRAY_COUNT(flags); i++) {
        assert(i == 0 || strcmp(flags[i - 1].name, flags[i].name) < 0);     /* in order, once */
        json_key(w, flags[i].name);
        json_bool(w, flag_value(o, flags[i].name, flags[i].on));
    }
    json_object_end(w);
}

static void write_tags(const struct options *o, struct json_writer *w)
{
    assert(o->server_tags.count == 0 || o->server_tags.items != NULL);
    assert(o->server_metadata.count == 0 || o->server_metadata.items != NULL);
    if (o->server_tags.count > 0) {
        json_key(w, "tags");
        json_array_begin(w);
        for (uint32_t i = 0; i < o->server_tags.count; i++) json_str(w, o->server_tags.items[i]);
        json_array_end(w);
    }
    if (o->server_metadata.count == 0) return;
    json_key(w, "metadata");
    json_object_begin(w);
    for (uint32_t i = 0; i < o->server_metadata.count; i++) {
        json_key(w, o->server_metadata.items[i].name);
        json_str(w, o->server_metadata.items[i].value);
    }
    json_object_end(w);
}

static void write_text(struct json_writer *w, const char *key, const char *value)
{
    assert(value != NULL);              /* these fields are in every object */
    assert(key[0] != 0);
    json_key(w, key);
    json_str(w, value);
}

void server_info_write(struct core_reactor *cr, struct json_writer *w)
{
    struct core *core = cr->core;
    const struct options *o = cr->settings->options;
    bool jetstream = atomic_load(&core->has_jetstream);
    assert(core_reactor_of(cr->reactor) == cr);     /* on its own thread */
    assert(cr->reactor->wall > 0);                  /* it has ticked: the time is known */
    json_key(w, "server");
    json_object_begin(w);
    write_text(w, "name", core->identity.name);
    write_text(w, "host", o->client.host == NULL ? "0.0.0.0" : o->client.host);
    write_text(w, "id", core->identity.id);
    if (core->identity.cluster != NULL) write_text(w, "cluster", core->identity.cluster);
    if (jetstream && core->identity.domain != NULL) write_text(w, "domain", core->identity.domain);
    write_text(w, "ver", core->identity.version);
    write_tags(o, w);
    write_flags(o, w);
    json_key(w, "jetstream");
    json_bool(w, jetstream);
    json_key(w, "flags");
    json_i64(w, jetstream ? 1 : 0);
    json_key(w, "seq");
    json_u64(w, atomic_fetch_add_explicit(&core->event_seq, 1, memory_order_relaxed) + 1);
    json_key(w, "time");
    json_time(w, cr->reactor->wall);
    json_object_end(w);
}
