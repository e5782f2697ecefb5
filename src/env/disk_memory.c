/* SPDX-License-Identifier: Apache-2.0 */
#include "env/disk_memory.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "env/disk_memory_internal.h"
#include "env/disk_name.h"

static struct disk_memory *memory_of(struct disk *base)
{
    return container_of(base, struct disk_memory, base);
}

/* ---- blocking calls ---- */

static enum err blocking_name(struct disk *base, enum disk_kind kind, const char *name,
                              const char *to)
{
    struct disk_memory *d = memory_of(base);
    struct disk_op op = { .kind = kind, .name = name, .name_to = to };
    return d->state->is_off ? ERR_CLOSED : run_change_name(d, &op, NULL);
}

static enum err memory_open(struct disk *base, const char *name, enum disk_open mode,
                            struct disk_file **ret_file, struct errmsg *why)
{
    struct disk_memory *d = memory_of(base);
    enum err e = d->state->is_off ? ERR_CLOSED : file_open(d, name, mode, NULL, ret_file);
    return e == ERR_OK ? e : errmsg_set(why, e, "open %s: %s", name, err_text(e));
}

static void memory_close(struct disk *base, struct disk_file *file)
{
    (void)base;
    file_close(file);
}

static bool is_gone(const struct disk_memory *d, const struct disk_file *file)
{
    return d->state->is_off || file->is_dead;
}

static enum err memory_read(struct disk *base, struct disk_file *file, uint64_t offset,
                            struct disk_span s, uint64_t *ret_moved)
{
    struct disk_memory *d = memory_of(base);
    return is_gone(d, file) ? ERR_CLOSED : file_read(d, file, offset, s, ret_moved);
}

static enum err memory_write(struct disk *base, struct disk_file *file, uint64_t offset,
                             struct slice bytes)
{
    struct disk_memory *d = memory_of(base);
    struct disk_span s = { (uint8_t *)(uintptr_t)bytes.ptr, bytes.len };
    if (is_gone(d, file)) return ERR_CLOSED;
    return file->can_write ? node_write(d, file->node, offset, s, NULL) : ERR_DENIED;
}

static enum err memory_sync(struct disk *base, struct disk_file *file)
{
    struct disk_memory *d = memory_of(base);
    return is_gone(d, file) ? ERR_CLOSED : node_sync(d, file->node, NULL);
}

static enum err memory_size(struct disk *base, struct disk_file *file, uint64_t *ret_size)
{
    if (is_gone(memory_of(base), file)) return ERR_CLOSED;
    *ret_size = file->node->size;
    return ERR_OK;
}

static enum err memory_truncate(struct disk *base, struct disk_file *file, uint64_t size)
{
    struct disk_memory *d = memory_of(base);
    if (is_gone(d, file)) return ERR_CLOSED;
    return file->can_write ? node_truncate(d, file->node, size, NULL) : ERR_DENIED;
}

static enum err memory_remove(struct disk *base, const char *name)
{
    return blocking_name(base, DISK_REMOVE, name, NULL);
}

static enum err memory_rename(struct disk *base, const char *name, const char *to)
{
    return blocking_name(base, DISK_RENAME, name, to);
}

static enum err memory_make_dir(struct disk *base, const char *name)
{
    return blocking_name(base, DISK_MAKE_DIR, name, NULL);
}

static enum err memory_remove_dir(struct disk *base, const char *name)
{
    return blocking_name(base, DISK_REMOVE_DIR, name, NULL);
}

static enum err memory_sync_dir(struct disk *base, const char *name)
{
    struct disk_memory *d = memory_of(base);
    return d->state->is_off ? ERR_CLOSED : run_sync_dir(d, name, NULL);
}

static enum err memory_list(struct disk *base, const char *name,
                            void (*each)(void *ctx, const char *name, bool is_dir), void *ctx)
{
    struct disk_memory *d = memory_of(base);
    if (d->state->is_off) return ERR_CLOSED;
    if (!disk_name_is_dir_ok(name)) return ERR_DENIED;
    enum err e = disk_memory_fail(d, DISK_MEMORY_NAMES);
    return e ? e : names_list(d, name, ctx, each);
}

static enum err memory_space(struct disk *base, struct disk_space *ret_space)
{
    static const uint64_t plenty = UINT64_C(1) << 40;
    const struct disk_memory *d = memory_of(base);
    uint64_t used = disk_memory_used(d), total = d->capacity == 0 ? plenty : d->capacity;
    if (d->state->is_off) return ERR_CLOSED;
    *ret_space = (struct disk_space){ total, used < total ? total - used : 0 };
    return ERR_OK;
}

static enum err memory_read_now(struct disk *base, struct disk_file *file, uint64_t offset,
                                struct disk_span s, uint64_t *ret_moved)
{
    struct disk_memory *d = memory_of(base);
    if (d->busy_permille > 0 && rng_below(&d->rng, 1000) < d->busy_permille) return ERR_BUSY;
    return memory_read(base, file, offset, s, ret_moved);
}

static const struct disk calls = {
    .queue_new = memory_queue_new,
    .open = memory_open,
    .close = memory_close,
    .read = memory_read,
    .write = memory_write,
    .sync = memory_sync,
    .size = memory_size,
    .truncate = memory_truncate,
    .remove = memory_remove,
    .rename = memory_rename,
    .make_dir = memory_make_dir,
    .remove_dir = memory_remove_dir,
    .sync_dir = memory_sync_dir,
    .list = memory_list,
    .space = memory_space,
    .read_now = memory_read_now,
};

struct disk_memory *disk_memory_new(uint64_t seed)
{
    struct disk_memory *d = xcalloc(1, sizeof *d);
    struct disk_memory_state *s = xcalloc(1, sizeof *s);
    d->base = calls;
    d->state = s;
    rng_init(&d->rng, seed);
    list_init(&s->nodes);
    list_init(&s->changes);
    list_init(&s->queues);
    list_init(&s->files);
    list_init(&s->flights);
    s->root = node_new(d, true, SLICE_LIT(""));
    s->root->links = 1; /* it is never removed */
    return d;
}

struct disk_memory *disk_memory_free(struct disk_memory *d)
{
    if (d == NULL) return NULL;
    struct disk_memory_state *s = d->state;
    assert(list_empty(&s->queues));
    LIST_EACH(&s->files, at) {
        struct disk_file *file = container_of(at, struct disk_file, all);
        assert(file->is_dead);
        file_close(file);
    }
    names_forget(d);
    node_unref(s->root);
    assert(list_empty(&s->nodes));
    d->state = xfree(s);
    return xfree(d);
}

/* ---- what a test sees and breaks ---- */

void disk_memory_flip(struct disk_memory *d, const char *name, uint64_t offset, uint32_t bit)
{
    struct node *n = names_find(d, name);
    assert(n != NULL && offset < n->size);
    assert(bit < 8);
    n->bytes[offset] ^= (uint8_t)(1U << bit);
}

const uint8_t *disk_memory_bytes(struct disk_memory *d, const char *name, uint64_t *ret_size)
{
    const struct node *n = names_find(d, name);
    if (n == NULL || n->is_dir) return NULL;
    *ret_size = n->size;
    return n->bytes;
}

uint64_t disk_memory_used(const struct disk_memory *d)
{
    uint64_t used = 0;
    LIST_EACH(&d->state->nodes, at) {
        const struct node *n = container_of(at, struct node, all);
        if (n->links > 0 || n->handles > 0) used += n->size;
    }
    return used;
}

struct each {
    struct disk_memory *disk;
    char                path[DISK_NAME_MAX + 1]; /* of the directory; "" for the root */
    void               *ctx;
    void              (*each)(void *ctx, const char *name, uint64_t size);
};

static void each_child(void *ctx, const char *name, bool is_dir)
{
    const struct each *e = ctx;
    struct each sub = *e;
    int len = snprintf(sub.path, sizeof sub.path, "%s%s%s", e->path, e->path[0] == 0 ? "" : "/",
                       name);
    if (len < 0 || (size_t)len >= sizeof sub.path) return; /* nobody could open it */
    if (is_dir) (void)names_list(e->disk, sub.path, &sub, each_child);
    else e->each(e->ctx, sub.path, names_find(e->disk, sub.path)->size);
}

void disk_memory_each(struct disk_memory *d, void *ctx,
                      void (*each)(void *ctx, const char *name, uint64_t size))
{
    struct each all = { .disk = d, .ctx = ctx, .each = each };
    (void)names_list(d, "", &all, each_child);
}
