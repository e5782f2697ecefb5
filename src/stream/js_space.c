/* SPDX-License-Identifier: Apache-2.0 */
/* How much may be stored where the configuration does not say: what the machine has. */
#include "base/assert.h"
#include "stream/jetstream_internal.h"
#include "stream/stream.h"

/* Memory where the machine does not tell how much it has. */
enum { MEMORY_UNKNOWN = 256 << 20 };

static uint64_t three_quarters(uint64_t bytes)
{
    return bytes / 4 * 3;
}

static int64_t capped(uint64_t bytes)
{
    return bytes < INT64_MAX ? (int64_t)bytes : INT64_MAX;
}

int64_t js_space_memory(const struct jetstream *js)
{
    struct usage_now now = { 0 };
    struct usage *usage = js->core->env->usage;
    if (usage != NULL) usage->read(usage, &now);
    return now.memory_bytes > 0 ? capped(three_quarters(now.memory_bytes)) : MEMORY_UNKNOWN;
}

/* The store's streams, none of which is shown yet, have so many bytes. False: there is none. */
static bool has_stored(const struct jetstream *js, uint64_t *ret_bytes)
{
    bool has_any = false;
    *ret_bytes = 0;
    for (const struct stream *s = js->hidden; s != NULL; s = s->next_hidden) {
        if (!s->is_created || s->is_gone) continue;
        *ret_bytes += msgs_bytes(s->msgs);
        has_any = true;
    }
    return has_any;
}

/* What stood at the start, and three quarters of what would be free now if nothing had been stored
 * or removed since; where nobody can tell, there is no limit. */
static int64_t find(const struct jetstream *js, uint64_t used)
{
    struct disk_space space;
    struct disk *disk = store_disk(js->store);
    uint64_t before = js->stored_before;
    if (disk->space(disk, &space) != ERR_OK || space.free > INT64_MAX) return INT64_MAX;
    assert(before <= INT64_MAX && used <= INT64_MAX);
    uint64_t all = space.free + used;
    return capped(before + (all > before ? three_quarters(all - before) : 0));
}

/* A limit that was found, not given, is none for a store that is there: what stands already was
 * free once, and so was what accounts may have. A disk that is full now keeps nobody from loading
 * what is on it, and from making space. */
void js_space_begin(struct jetstream *js, uint64_t promised)
{
    const struct jetstream_options *o = &js->options->jetstream;
    struct js_server_limits *l = &js->limits;
    bool has_any = has_stored(js, &js->stored_before);
    l->store_max = o->store_max >= 0 ? o->store_max : find(js, js->stored_before);
    if (o->store_max < 0 && has_any && promised > (uint64_t)l->store_max)
        l->store_max = capped(promised);
    js->space_looked = jetstream_reactor(js)->now;
}

static bool is_within(const struct jetstream *js, uint64_t used, uint64_t more)
{
    int64_t max = js->limits.store_max;
    return max < 0 || (used <= (uint64_t)max && more <= (uint64_t)max - used);
}

bool js_space_has(struct jetstream *js, uint64_t used, uint64_t more)
{
    nanos now = jetstream_reactor(js)->now;
    if (LIKELY(is_within(js, used, more))) return true;
    if (!js->is_open) return false;
    if (js->options->jetstream.store_max >= 0 || now == js->space_looked) return false;
    js->space_looked = now;
    int64_t found = find(js, js->store_used);
    if (found > js->limits.store_max) js->limits.store_max = found;
    return is_within(js, used, more);
}

void js_space_want(struct jetstream *js, const struct stream_config *c)
{
    assert(js->limits.store_reserved >= 0);
    if (c->storage == JS_STORAGE_MEMORY) return;
    uint64_t more = c->max_bytes > 0 ? (uint64_t)c->max_bytes : 1;
    (void)js_space_has(js, (uint64_t)js->limits.store_reserved, more);
}
