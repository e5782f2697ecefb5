/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/counter_sources.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/assert.h"
#include "json/reader.h"
#include "json/writer.h"

/* As long as the largest header. */
enum { TEXT_MAX = 1 << 20 };

struct pair {
    const char *key, *value;
};

struct stream_part {
    const char  *name;
    struct pair *pairs;
    uint32_t     count;
};

/* A text taken apart. */
struct parts {
    struct arena       *arena;
    struct stream_part *streams;
    uint32_t            count;
};

static enum err pairs_read(struct parts *p, struct json_value v, struct stream_part *ret)
{
    struct json_members members = json_members_of(v);
    struct slice key, text = { 0 };
    struct json_value item;
    if (json_kind(v) != JSON_OBJECT && json_kind(v) != JSON_NULL) return ERR_INVALID;
    ret->pairs = arena_alloc(p->arena, (json_count(v) + 1) * sizeof *ret->pairs);
    while (json_members_next(&members, &key, &item)) {
        if (!json_to_slice(item, &text)) return ERR_INVALID;
        ret->pairs[ret->count++] = (struct pair){ arena_str(p->arena, key),
                                                  arena_str(p->arena, text) };
    }
    assert(ret->count == json_count(v));
    return ERR_OK;
}

/* With room for one more stream, and in each for one more subject. */
static enum err parts_read(struct parts *p, struct slice text)
{
    AUTO_FREE(json_doc) doc = NULL;
    const struct json_limits limits = { .size_max = TEXT_MAX };
    struct slice key;
    struct json_value v;
    assert(p->count == 0);
    if (text.len == 0) text = SLICE_LIT("{}");
    if (json_doc_parse(text, &limits, &doc) != ERR_OK) return ERR_INVALID;
    struct json_value root = json_doc_root(doc);
    if (json_kind(root) != JSON_OBJECT) return ERR_INVALID;
    p->streams = arena_alloc(p->arena, (json_count(root) + 1) * sizeof *p->streams);
    struct json_members members = json_members_of(root);
    while (json_members_next(&members, &key, &v)) {
        struct stream_part *s = &p->streams[p->count++];
        *s = (struct stream_part){ .name = arena_str(p->arena, key) };
        enum err e = pairs_read(p, v, s);
        if (e) return e;
    }
    return ERR_OK;
}

static struct stream_part *stream_get(struct parts *p, struct slice name)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (slice_equal_str(name, p->streams[i].name)) return &p->streams[i];
    struct stream_part *s = &p->streams[p->count++];
    *s = (struct stream_part){ .name = arena_str(p->arena, name) };
    s->pairs = arena_alloc(p->arena, sizeof *s->pairs);
    return s;
}

static void value_set(struct parts *p, const struct counter_source *source, struct buf *previous)
{
    struct stream_part *s = stream_get(p, source->stream);
    struct pair *at = NULL;
    for (uint32_t i = 0; i < s->count && at == NULL; i++)
        if (slice_equal_str(source->subject, s->pairs[i].key)) at = &s->pairs[i];
    if (at != NULL) buf_add_str(previous, at->value);
    else at = &s->pairs[s->count++];
    *at = (struct pair){ arena_str(p->arena, source->subject), arena_str(p->arena, source->value) };
    assert(s->count > 0);
}

static int compare_streams(const void *a, const void *b)
{
    return strcmp(((const struct stream_part *)a)->name, ((const struct stream_part *)b)->name);
}

static int compare_pairs(const void *a, const void *b)
{
    return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

static void parts_write(struct parts *p, struct buf *out)
{
    struct json_writer w = json_writer_on(out, JSON_COMPACT);
    qsort(p->streams, p->count, sizeof *p->streams, compare_streams);
    json_object_begin(&w);
    for (uint32_t i = 0; i < p->count; i++) {
        struct stream_part *s = &p->streams[i];
        json_key(&w, s->name);
        if (s->count > 0) qsort(s->pairs, s->count, sizeof *s->pairs, compare_pairs);
        json_object_begin(&w);
        for (uint32_t k = 0; k < s->count; k++) {
            json_key(&w, s->pairs[k].key);
            json_str(&w, s->pairs[k].value);
        }
        json_object_end(&w);
    }
    json_object_end(&w);
    assert(out->len >= 2);
}

enum err counter_sources_set(struct slice text, const struct counter_source *source,
                             struct buf *previous, struct buf *out)
{
    AUTO_FREE(arena) arena = arena_new();
    struct parts p = { .arena = arena };
    assert(source->stream.len > 0);
    enum err e = parts_read(&p, text);
    if (e) return e;
    value_set(&p, source, previous);
    parts_write(&p, out);
    return ERR_OK;
}

enum err counter_sources_copy(struct slice text, struct buf *out)
{
    AUTO_FREE(arena) arena = arena_new();
    struct parts p = { .arena = arena };
    assert(text.len > 0);
    enum err e = parts_read(&p, text);
    if (!e && p.count > 0) parts_write(&p, out);
    return e;
}
