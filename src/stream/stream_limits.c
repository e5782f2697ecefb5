/* SPDX-License-Identifier: Apache-2.0 */
/* Room for a stream: in its account, on the server, and among the subjects of other streams. */
#include "base/assert.h"
#include "stream/stream_config_check.h"

static int64_t add_capped(int64_t a, int64_t b)
{
    assert(a >= 0 && b >= 0);
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

/* In an account without tiers each replica counts. How many there may be is checked later, or not
 * at all: this is also asked about a request as it came. */
int64_t stream_account_bytes(const struct js_check *k, int64_t replicas, int64_t bytes)
{
    if (bytes <= 0) return 0;
    if (k->is_tiered || replicas <= 1) return bytes;
    assert(replicas > 1);
    return bytes > INT64_MAX / replicas ? INT64_MAX : bytes * replicas;
}

static bool same_tier(const struct js_check *k, const struct stream_config *a,
                      const struct stream_config *b)
{
    int64_t x = a->num_replicas > 0 ? a->num_replicas : 1;
    int64_t y = b->num_replicas > 0 ? b->num_replicas : 1;
    return !k->is_tiered || x == y;
}

int64_t stream_reserved_by_others(const struct stream_config *c, const struct js_check *k)
{
    const struct stream_config *o;
    int64_t sum = 0;
    for (uint32_t i = 0; (o = k->directory->stream_at(k->directory->ctx, i)) != NULL; i++) {
        if (slice_equal(slice_str(o->name), slice_str(c->name)) || !same_tier(k, o, c)) continue;
        if (o->max_bytes > 0 && o->storage == c->storage)
            sum = add_capped(sum, stream_account_bytes(k, o->num_replicas, o->max_bytes));
    }
    return sum;
}

/* Those for whom comparing takes too long are refused like those that meet. */
bool stream_overlaps_others(const struct stream_config *c, const struct js_check *k)
{
    const struct stream_config *o;
    AUTO_FREE(cover) all = stream_subjects_cover(c);
    for (uint32_t i = 0; (o = k->directory->stream_at(k->directory->ctx, i)) != NULL; i++) {
        if (slice_equal(slice_str(o->name), slice_str(c->name))) continue;
        for (uint32_t j = 0; j < o->subjects.count; j++)
            if (cover_meets_other(all, stream_config_subject(o, j))) return true;
    }
    return cover_gave_up(all);
}

/* `limit` < 0: none. */
static bool fits(int64_t limit, int64_t used, int64_t more)
{
    return limit < 0 || (used <= limit && more <= limit - used);
}

bool stream_limits_check(const struct stream_config *c, const struct js_check *k, int64_t add_bytes,
                         int64_t reserved, struct js_error *ret_error)
{
    const struct js_account_limits *a = k->account;
    if (a == NULL) return js_error_set(ret_error, JS_ERR_NO_LIMITS);
    if (c->max_consumers > 0 && a->consumers_max > 0 && c->max_consumers > a->consumers_max)
        return js_error_set(ret_error, JS_ERR_MAXIMUM_CONSUMERS_LIMIT);
    if (add_bytes < 0) add_bytes = 1;   /* none is reserved, but some room must be left */
    int64_t more = stream_account_bytes(k, c->num_replicas, add_bytes);
    const struct js_server_limits *s = k->server;
    if (c->storage == JS_STORAGE_MEMORY) {
        if (!fits(a->memory_max, reserved, more) ||
            !fits(s->memory_max, s->memory_reserved, add_bytes))
            return js_error_set(ret_error, JS_ERR_MEMORY_RESOURCES_EXCEEDED);
    } else if (c->storage == JS_STORAGE_UNSET) {
        return true;
    } else if (!fits(a->store_max, reserved, more) ||
               !fits(s->store_max, s->store_reserved, add_bytes)) {
        return js_error_set(ret_error, JS_ERR_STORAGE_RESOURCES_EXCEEDED);
    }
    return true;
}
