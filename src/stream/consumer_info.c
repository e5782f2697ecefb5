/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "json/gotime.h"
#include "stream/api_info.h"
#include "stream/consumer_internal.h"
#include "stream/metadata.h"

/* Every group, with the pin of the one that is used: the first. */
static void fill_groups(const struct consumer *c, struct arena *arena, struct consumer_info *ret)
{
    const struct consumer_config *f = consumer_config(c);
    const struct reactor *r = consumer_reactor(c);
    if (f->priority_policy == JS_PRIORITY_NONE || f->priority_groups.count == 0) return;
    struct consumer_group_info *info = arena_alloc(arena, sizeof *info);
    nanos since = 0;
    struct slice pin = consumer_pin(c, &since);
    info->group = ((const char *const *)f->priority_groups.items)[0];
    info->pinned_ts = GOTIME_ZERO;
    if (pin.len > 0) {
        info->pinned_client_id = arena_str(arena, pin);
        info->pinned_ts = r->wall - (r->now - since);
    }
    ret->priority_groups = (struct json_array){ info, 1 };
    assert(ret->priority_groups.count == 1);
}

void consumer_info_fill(struct consumer *c, struct arena *arena, struct consumer_info *ret)
{
    const struct reactor *r = consumer_reactor(c);
    struct consumer_config *config = arena_alloc(arena, sizeof *config);
    assert(c->is_created);
    *config = *consumer_config(c);
    const struct acks *a = &c->acks;
    bool is_paused = consumer_is_paused(c);
    *ret = (struct consumer_info){
        .stream_name = c->set->stream->config.name,
        .name = arena_str(arena, slice_str(c->name)),
        .created = c->created,
        .config = config,
        .delivered = { a->delivered.consumer_seq, a->delivered.stream_seq, c->delivered_at },
        .ack_floor = { a->floor.consumer_seq, a->floor.stream_seq, c->acked_at },
        .num_ack_pending = acks_num_pending(a),
        .num_redelivered = config->max_deliver == 1 ? 0 : acks_num_redelivered(a),
        .num_waiting = c->is_begun ? consumer_waiting(c) : 0,
        .num_pending = c->is_begun ? consumer_pending(c) : 0,
        .push_bound = c->push != NULL && consumer_push_is_bound(c),
        .paused = is_paused,
        .pause_remaining = is_paused ? config->pause_until - r->wall : 0,
        .ts = r->wall,
    };
    fill_groups(c, arena, ret);
}

void consumer_info_tell(struct consumer *c, struct arena *arena, struct consumer_info *ret)
{
    consumer_info_fill(c, arena, ret);
    assert(ret->config != NULL);
    assert(c->set != NULL);
    js_metadata_answer(&ret->config->metadata, consumer_home(c)->core->identity.version, arena);
}
