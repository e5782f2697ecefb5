/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/source_positions.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/le.h"
#include "stream/publish_headers.h"
#include "wire/headers.h"

/* ---- the set ---- */

void source_positions_deinit(struct source_positions *p)
{
    assert(p->count <= p->cap);
    for (uint32_t i = 0; i < p->count; i++) xfree(p->at[i].name);
    xfree(p->at);
    map_free(p->by_name);
    buf_deinit(&p->name);
    *p = (struct source_positions){ .at = NULL };
}

static struct source_position *find(const struct source_positions *p, struct slice name)
{
    assert(name.len > 0);
    if (p->by_name == NULL) return NULL;
    uintptr_t place = (uintptr_t)map_find(p->by_name, name);
    assert(place <= p->count);
    return place == 0 ? NULL : &p->at[place - 1];
}

const struct source_position *source_positions_find(const struct source_positions *p,
                                                    struct slice name)
{
    return find(p, name);
}

static struct source_position *add(struct source_positions *p, struct slice name)
{
    if (p->count == p->cap) {
        p->cap = p->cap == 0 ? 1 : p->cap * 2;
        p->at = xrealloc(p->at, p->cap * sizeof *p->at);
    }
    struct source_position *added = &p->at[p->count++];
    *added = (struct source_position){ .name = slice_dup(name) };
    if (p->by_name == NULL) p->by_name = map_new(0);
    (void)map_set(p->by_name, name, (void *)(uintptr_t)p->count);
    assert(p->count <= p->cap);
    return added;
}

static void set(struct source_positions *p, struct source_position *position, uint64_t sequence,
                struct slice identity)
{
    if (identity.len > SOURCE_IDENTITY_LEN) identity.len = 0;
    assert(position >= p->at && position < p->at + p->count);
    position->sequence = sequence;
    if (identity.len > 0) memcpy(position->identity, identity.ptr, identity.len);
    position->identity[identity.len] = '\0';
    position->is_told = false;
    p->last = (uint32_t)(position - p->at);
}

void source_positions_set(struct source_positions *p, struct slice name, uint64_t sequence,
                          struct slice identity)
{
    struct source_position *position = find(p, name);
    if (position == NULL) position = add(p, name);
    set(p, position, sequence, identity);
}

/* Most often it is the one of the message before. NULL: there is none of the name in `p->name`. */
static struct source_position *find_of(struct source_positions *p, const struct source_header *h)
{
    if (p->last < p->count && source_header_is_of(h, slice_str(p->at[p->last].name)))
        return &p->at[p->last];
    p->name.len = 0;
    buf_printf(&p->name, "%.*s %.*s %.*s", SLICE_ARGS(h->stream), SLICE_ARGS(h->filters),
               SLICE_ARGS(h->destinations));
    return find(p, buf_slice(&p->name));
}

void source_positions_note(struct source_positions *p, uint32_t sources, struct slice header)
{
    struct slice value;
    struct source_header h;
    if (!headers_find(header, publish_header_name(PUBLISH_STREAM_SOURCE), &value)) return;
    if (!source_header_read(value, &h)) return;
    struct source_position *position = find_of(p, &h);
    if (position == NULL) {
        if (p->count >= sources + SOURCE_POSITIONS_FORMER) return;
        position = add(p, buf_slice(&p->name));
    }
    assert(source_header_is_of(&h, slice_str(position->name)));
    set(p, position, h.sequence, h.identity);
}

void source_positions_check(const struct source_positions *p)
{
    assert(p->count <= p->cap);
    for (uint32_t i = 0; i < p->count; i++) {
        assert(find(p, slice_str(p->at[i].name)) == &p->at[i]);
        assert(strlen(p->at[i].identity) <= SOURCE_IDENTITY_LEN);
    }
}

/* ---- the command ---- */

enum { VERSION = 1 };
enum {
    AT_VERSION = 0,
    AT_IDENTITY_LEN = 1,
    AT_ZERO = 2,
    AT_NAME_LEN = 4,
    AT_SEQUENCE = 8,
    AT_TEXTS = 16,
};

uint32_t source_command_size(const struct source_command *c)
{
    assert(c->name.len > 0 && c->name.len <= INT32_MAX);
    assert(c->identity.len <= SOURCE_IDENTITY_LEN);
    return (uint32_t)AT_TEXTS + c->name.len + c->identity.len;
}

void source_command_write(const struct source_command *c, uint8_t *at)
{
    assert(c->name.len > 0 && c->name.len <= INT32_MAX);
    assert(c->identity.len <= SOURCE_IDENTITY_LEN);
    at[AT_VERSION] = VERSION;
    at[AT_IDENTITY_LEN] = (uint8_t)c->identity.len;
    le_put_u16(at + AT_ZERO, 0);
    le_put_u32(at + AT_NAME_LEN, c->name.len);
    le_put_u64(at + AT_SEQUENCE, c->sequence);
    memcpy(at + AT_TEXTS, c->name.ptr, c->name.len);
    if (c->identity.len > 0) memcpy(at + AT_TEXTS + c->name.len, c->identity.ptr, c->identity.len);
}

enum err source_command_read(struct slice in, struct source_command *ret)
{
    assert(ret != NULL);
    if (in.len < AT_TEXTS || in.ptr[AT_VERSION] != VERSION) return ERR_CORRUPT;
    if (le_get_u16(in.ptr + AT_ZERO) != 0) return ERR_CORRUPT;
    uint32_t identity = in.ptr[AT_IDENTITY_LEN], name = le_get_u32(in.ptr + AT_NAME_LEN);
    if (identity > SOURCE_IDENTITY_LEN || name == 0) return ERR_CORRUPT;
    if ((uint64_t)AT_TEXTS + name + identity != in.len) return ERR_CORRUPT;
    struct source_command c = {
        .sequence = le_get_u64(in.ptr + AT_SEQUENCE),
        .name = slice_of(in.ptr + AT_TEXTS, name),
        .identity = slice_of(in.ptr + AT_TEXTS + name, identity),
    };
    if (slice_find_byte(c.name, '\0') >= 0 || slice_find_byte(c.identity, '\0') >= 0)
        return ERR_CORRUPT;
    *ret = c;
    assert(ret->name.len > 0);
    return ERR_OK;
}
