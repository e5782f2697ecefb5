/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/assert.h"
#include "env/disk_memory_internal.h"

enum file_change_kind { FILE_WRITE, FILE_ZERO, FILE_TRUNCATE };

/* Undone: the size is `size_before` again and `before` stands at `offset`. */
struct file_change {
    struct change         base;
    enum file_change_kind kind;
    uint64_t              offset;
    uint64_t              len;
    uint64_t              size_before;
    uint64_t              size_after;
    uint64_t              before_len;
    uint8_t              *before;
    uint8_t              *after; /* FILE_WRITE only */
};

static struct file_change *change_of(struct list *node)
{
    return container_of(container_of(node, struct change, node), struct file_change, base);
}

static void change_free(struct file_change *c)
{
    change_forget(&c->base);
    list_remove(&c->base.node);
    c->before = xfree(c->before);
    c->after = xfree(c->after);
    xfree(c);
}

/* ---- nodes ---- */

struct node *node_new(struct disk_memory *d, bool is_dir, struct slice name)
{
    struct node *n = xcalloc(1, sizeof *n);
    assert(name.len < sizeof n->name);
    n->refs = 1;
    n->is_dir = is_dir;
    if (name.len > 0) memcpy(n->name, name.ptr, name.len);
    if (is_dir) n->children = map_new(0);
    n->bytes = xalloc(1); /* an empty file has an address, too */
    list_init(&n->changes);
    list_add_tail(&d->state->nodes, &n->all);
    return n;
}

struct node *node_ref(struct node *n)
{
    n->refs++;
    return n;
}

void node_unref(struct node *n)
{
    struct slice key;
    void *child;
    if (n == NULL) return;
    assert(n->refs > 0);
    if (--n->refs > 0) return;
    LIST_EACH(&n->changes, c) change_free(change_of(c));
    for (uint32_t at = 0; n->is_dir && map_next(n->children, &at, &key, &child);) node_unref(child);
    n->children = map_free(n->children);
    n->bytes = xfree(n->bytes);
    list_remove(&n->all);
    xfree(n);
}

/* New bytes are zero. */
static void resize(struct node *n, uint64_t size)
{
    if (size > n->cap) {
        n->cap = size + size / 2;
        n->bytes = xrealloc(n->bytes, n->cap);
    }
    if (size > n->size) memset(n->bytes + n->size, 0, size - n->size);
    n->size = size;
}

static void put(struct node *n, uint64_t offset, const uint8_t *bytes, uint64_t len)
{
    if (len == 0) return;
    if (offset + len > n->size) resize(n, offset + len);
    if (bytes == NULL) memset(n->bytes + offset, 0, len);
    else memcpy(n->bytes + offset, bytes, len);
}

uint64_t node_read(const struct node *n, uint64_t offset, struct disk_span span)
{
    if (offset >= n->size || span.len == 0) return 0;
    uint64_t len = span.len < n->size - offset ? span.len : n->size - offset;
    memcpy(span.ptr, n->bytes + offset, len);
    return len;
}

/* ---- changes ---- */

/* Records what `len` bytes at `offset` will undo. */
static struct file_change *record(struct disk_memory *d, struct node *n, uint64_t offset,
                                  uint64_t len, struct flight *f)
{
    struct file_change *c = xcalloc(1, sizeof *c);
    c->offset = offset;
    c->len = len;
    c->size_before = n->size;
    if (offset < n->size) c->before_len = len < n->size - offset ? len : n->size - offset;
    if (c->before_len > 0) {
        c->before = xalloc(c->before_len);
        memcpy(c->before, n->bytes + offset, c->before_len);
    }
    change_begin(d, &c->base, f);
    list_add_tail(&n->changes, &c->base.node);
    return c;
}

static void write_now(struct disk_memory *d, struct node *n, uint64_t offset, struct disk_span s,
                      struct flight *f)
{
    if (s.len == 0) return;
    struct file_change *c = record(d, n, offset, s.len, f);
    c->kind = s.ptr == NULL ? FILE_ZERO : FILE_WRITE;
    if (s.ptr != NULL) {
        c->after = xalloc(s.len);
        memcpy(c->after, s.ptr, s.len);
    }
    put(n, offset, s.ptr, s.len);
    c->size_after = n->size;
}

/* How many bytes of a file that ends at `end` have room. */
static uint64_t room(const struct disk_memory *d, const struct node *n, uint64_t end)
{
    if (d->capacity == 0 || end <= n->size) return end;
    uint64_t used = disk_memory_used(d);
    uint64_t left = used < d->capacity ? d->capacity - used : 0;
    return end - n->size <= left ? end : n->size + left;
}

enum err node_write(struct disk_memory *d, struct node *n, uint64_t offset, struct disk_span s,
                    struct flight *f)
{
    uint64_t number = d->fault[DISK_MEMORY_WRITES].count + 1;
    enum err e = disk_memory_fail(d, DISK_MEMORY_WRITES);
    if (!e && number == d->lose_write_at) return ERR_OK;
    if (!e && number == d->misdirect_write_at) offset += d->misdirect_by;
    if (e) s.len = rng_next(&d->rng) % (s.len + 1); /* some of it was done */
    uint64_t end = offset + s.len, fits = room(d, n, end);
    if (fits < end) s.len = fits > offset ? fits - offset : 0;
    write_now(d, n, offset, s, f);
    if (e) return e;
    return fits < end ? ERR_LIMIT : ERR_OK;
}

enum err node_truncate(struct disk_memory *d, struct node *n, uint64_t size, struct flight *f)
{
    enum err e = disk_memory_fail(d, DISK_MEMORY_WRITES);
    if (e) return e;
    if (room(d, n, size) < size) return ERR_LIMIT;
    uint64_t cut = size < n->size ? n->size - size : 0;
    struct file_change *c = record(d, n, size, cut, f);
    c->kind = FILE_TRUNCATE;
    c->size_after = size;
    resize(n, size);
    return ERR_OK;
}

static void trim(struct node *n)
{
    LIST_EACH(&n->changes, at) {
        struct file_change *c = change_of(at);
        if (!c->base.is_safe) return;
        change_free(c);
    }
}

enum err node_sync(struct disk_memory *d, struct node *n, struct flight *f)
{
    enum err e = disk_memory_fail(d, DISK_MEMORY_SYNCS);
    if (!e && d->sync_lies) return ERR_OK;
    LIST_EACH(&n->changes, at) {
        struct change *c = container_of(at, struct change, node);
        bool reached = c->home <= change_reach(d, f) || (f != NULL && c->flight == f);
        if (!reached || c->is_orphan) continue;
        if (e) c->is_orphan = rng_chance(&d->rng, 1, 2);
        else c->is_safe = true;
    }
    trim(n);
    return e;
}

/* ---- a power cut ---- */

static void undo(struct node *n, const struct file_change *c)
{
    resize(n, c->size_before);
    if (c->before_len > 0) memcpy(n->bytes + c->offset, c->before, c->before_len);
}

static void redo(struct node *n, const struct file_change *c)
{
    if (c->kind == FILE_TRUNCATE) resize(n, c->size_after);
    else put(n, c->offset, c->after, c->len);
}

/* Each sector is the old or the new one; the size may be the new one without its bytes. */
static void redo_torn(struct disk_memory *d, struct node *n, const struct file_change *c)
{
    if (c->kind == FILE_TRUNCATE) return;
    uint64_t end = c->offset + c->len;
    for (uint64_t at = c->offset; at < end;) {
        uint64_t next = (at / SECTOR + 1) * SECTOR;
        if (next > end) next = end;
        if (rng_chance(&d->rng, 1, 2))
            put(n, at, c->after == NULL ? NULL : c->after + (at - c->offset), next - at);
        at = next;
    }
    if (c->size_after > n->size && rng_chance(&d->rng, 1, 2)) resize(n, c->size_after);
}

/* The number of unsafe changes that are kept as they came; what follows is drawn one by one. */
static uint32_t draw_prefix(struct disk_memory *d, const struct node *n)
{
    uint32_t count = 0;
    LIST_EACH(&n->changes, at) count++;
    return rng_chance(&d->rng, 1, 2) ? rng_below(&d->rng, count + 1) : 0;
}

void node_crash(struct disk_memory *d, struct node *n)
{
    uint32_t kept = d->crash_loses_all ? 0 : draw_prefix(d, n);
    bool lost_all = d->crash_loses_all || rng_chance(&d->rng, 1, 4);
    for (struct list *at = n->changes.prev; at != &n->changes; at = at->prev)
        undo(n, change_of(at));
    LIST_EACH(&n->changes, at) {
        struct file_change *c = change_of(at);
        bool is_kept = c->base.is_safe || kept > 0;
        if (!c->base.is_safe && kept > 0) kept--;
        uint32_t fate = rng_below(&d->rng, 3);
        if (is_kept || (!lost_all && fate == 0)) redo(n, c);
        else if (!lost_all && fate == 1) redo_torn(d, n, c);
        change_free(c);
    }
}
