/* SPDX-License-Identifier: Apache-2.0 */
/* What the API tells of a stream's mirror and sources. */
#include "base/assert.h"
#include "core/core.h"
#include "stream/source_internal.h"

static struct js_error_info *error_fill(const struct js_error *e, struct arena *arena)
{
    if (e == NULL) return NULL;
    struct js_error_info *info = arena_alloc(arena, sizeof *info);
    assert(e->err_code != JS_ERR_NONE);
    *info = (struct js_error_info){ e->code, e->err_code, arena_str(arena, slice_str(e->text)) };
    return info;
}

/* The last sequence of a source whose message is here; nats-server does not tell it of a mirror. */
static uint64_t position_of(const struct source *src)
{
    const struct source_positions *all = &src->set->positions;
    const struct source_position *p = source_positions_find(all, buf_slice(&src->index));
    assert(src->index.len > 0);
    return src->is_mirror || p == NULL ? 0 : p->sequence;
}

/* Of a mirror that has not tried yet nats-server tells none, as in the answer that it is made. */
static bool is_filter_told(const struct source *src)
{
    assert(src->set != NULL);
    return !src->is_mirror || src->was_heard || src->error != NULL;
}

static void fill(const struct source *src, struct arena *arena, struct stream_source_info *ret)
{
    nanos now = source_reactor(src)->now;
    assert(now >= src->heard_at);
    *ret = (struct stream_source_info){
        .name = src->config.name,
        .external = src->config.external,
        .lag = src->lag,
        .seq = position_of(src),
        .active = src->was_heard ? now - src->heard_at : -1,
        .error = error_fill(src->error, arena),
        .filter_subject = is_filter_told(src) ? src->config.filter_subject : NULL,
        .subject_transforms = src->config.subject_transforms,
    };
}

bool sources_are_close(const struct stream *s)
{
    if (s->sources == NULL || list_empty(&s->sources->all)) return false;
    const struct source *src = container_of(s->sources->all.next, struct source, node);
    assert(src->set == s->sources);
    return src->is_mirror && src->is_close;
}

void sources_info_fill(struct stream *s, struct arena *arena, struct stream_info *ret)
{
    if (s->sources == NULL) return;
    LIST_EACH(&s->sources->all, node) {
        const struct source *src = container_of(node, struct source, node);
        struct stream_source_info *info;
        assert(src->is_mirror == (s->config.mirror != NULL));
        if (src->is_mirror) {
            info = ret->mirror = arena_alloc(arena, sizeof *ret->mirror);
        } else {
            info = arena_push(arena, &ret->sources.items, &ret->sources.count, sizeof *info);
        }
        fill(src, arena, info);
    }
}
