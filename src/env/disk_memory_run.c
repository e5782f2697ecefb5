/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/assert.h"
#include "env/disk_memory_internal.h"
#include "env/disk_name.h"

enum err disk_memory_fail(struct disk_memory *d, enum disk_memory_call call)
{
    struct disk_memory_fault *f = &d->fault[call];
    f->count++;
    bool drawn = f->fail_permille > 0 && rng_below(&d->rng, 1000) < f->fail_permille;
    if (f->count != f->fail_at && !drawn) return ERR_OK;
    return f->error == ERR_OK ? ERR_IO : f->error;
}

/* ---- what is done, by whom ever ---- */

enum err file_open(struct disk_memory *d, const char *name, enum disk_open mode, struct flight *f,
                   struct disk_file **ret_file)
{
    if (!disk_name_is_ok(name)) return ERR_DENIED;
    if (d->is_read_only && mode != DISK_OPEN_READ) return ERR_DENIED;
    enum err e = disk_memory_fail(d, DISK_MEMORY_NAMES);
    if (e) return e;
    if (mode == DISK_OPEN_CREATE) {
        e = names_make(d, name, false, f);
        if (e) return e;
    }
    struct node *n;
    e = names_reach(d, name, &n);
    if (e) return e;
    if (n->is_dir) return ERR_IO;
    struct disk_file *file = xcalloc(1, sizeof *file);
    file->node = node_ref(n);
    file->can_write = mode != DISK_OPEN_READ;
    n->handles++;
    list_add_tail(&d->state->files, &file->all);
    *ret_file = file;
    return ERR_OK;
}

void file_close(struct disk_file *file)
{
    assert(file->in_flight == 0);
    file->node->handles--;
    node_unref(file->node);
    list_remove(&file->all);
    xfree(file);
}

static void spoil_read(struct disk_memory *d, const struct disk_file *file, uint64_t offset,
                       struct disk_span s)
{
    if (s.len == 0) return;
    if (d->flip_permille > 0 && rng_below(&d->rng, 1000) < d->flip_permille)
        s.ptr[rng_next(&d->rng) % s.len] ^= (uint8_t)(1U << rng_below(&d->rng, 8));
    if (d->alter_read != NULL) d->alter_read(d->alter_ctx, file->node->name, offset, s);
}

enum err file_read(struct disk_memory *d, struct disk_file *file, uint64_t offset,
                   struct disk_span s, uint64_t *ret_moved)
{
    enum err e = disk_memory_fail(d, DISK_MEMORY_READS);
    if (e && d->on_read_failed != NULL)
        d->on_read_failed(d->read_failed_ctx, slice_of(file->node->bytes, file->node->size), offset,
                          s.len);
    if (e) return e;
    s.len = node_read(file->node, offset, s);
    spoil_read(d, file, offset, s);
    *ret_moved = s.len;
    return ERR_OK;
}

enum err run_change_name(struct disk_memory *d, const struct disk_op *op, struct flight *f)
{
    bool is_dir = op->kind == DISK_MAKE_DIR || op->kind == DISK_REMOVE_DIR;
    if (d->is_read_only || !disk_name_is_ok(op->name)) return ERR_DENIED;
    if (op->kind == DISK_RENAME && !disk_name_is_ok(op->name_to)) return ERR_DENIED;
    enum err e = disk_memory_fail(d, DISK_MEMORY_NAMES);
    if (e) return e;
    if (op->kind == DISK_RENAME) return names_rename(d, op->name, op->name_to, f);
    if (op->kind != DISK_MAKE_DIR) return names_remove(d, op->name, is_dir, f);
    struct node *there = names_find(d, op->name);
    return there != NULL && there->is_dir ? ERR_OK : names_make(d, op->name, true, f);
}

enum err run_sync_dir(struct disk_memory *d, const char *name, struct flight *f)
{
    return disk_name_is_dir_ok(name) ? names_sync(d, name, f) : ERR_DENIED;
}

/* ---- operations ---- */

static enum err run_read(struct disk_memory *d, struct disk_op *op)
{
    for (uint32_t i = 0; i < op->spans_count; i++) {
        uint64_t moved = 0;
        enum err e = file_read(d, op->file, op->offset + op->moved, op->spans[i], &moved);
        if (e) return e;
        op->moved += moved;
        if (moved < op->spans[i].len) break;
    }
    return ERR_OK;
}

/* The spans are one write, and so one change. */
static enum err run_write(struct disk_memory *d, struct disk_op *op, struct flight *f)
{
    struct buf all = { 0 };
    for (uint32_t i = 0; i < op->spans_count; i++)
        buf_add(&all, slice_of(op->spans[i].ptr, op->spans[i].len));
    if (all.len == 0) return ERR_OK;
    struct disk_span s = { all.ptr, all.len };
    enum err e = node_write(d, op->file->node, op->offset, s, f);
    if (!e) op->moved = all.len;
    buf_deinit(&all);
    return e;
}

static enum err run_zero(struct disk_memory *d, struct disk_op *op, struct flight *f)
{
    struct disk_span s = { NULL, op->length };
    return node_write(d, op->file->node, op->offset, s, f);
}

static enum err run_file(struct disk_memory *d, struct flight *f, bool syncs)
{
    struct disk_op *op = f->op;
    enum err e = ERR_OK;
    if (op->file->is_dead) return ERR_CLOSED;
    if (op->kind == DISK_READ) return run_read(d, op);
    if (!op->file->can_write && op->kind != DISK_SYNC) return ERR_DENIED;
    if (op->kind == DISK_WRITE || op->kind == DISK_WRITE_SYNC) e = run_write(d, op, f);
    if (op->kind == DISK_ZERO) e = run_zero(d, op, f);
    if (op->kind == DISK_TRUNCATE) e = node_truncate(d, op->file->node, op->length, f);
    if (op->kind == DISK_WRITE || op->kind == DISK_TRUNCATE || !syncs || e) return e;
    return node_sync(d, op->file->node, f);
}

enum err run_flight(struct disk_memory *d, struct flight *f, bool syncs)
{
    struct disk_op *op = f->op;
    switch (op->kind) {
    case DISK_OPEN: return file_open(d, op->name, op->mode, f, &op->file);
    case DISK_CLOSE: file_close(op->file); return ERR_OK;
    case DISK_REMOVE:
    case DISK_RENAME:
    case DISK_MAKE_DIR:
    case DISK_REMOVE_DIR: return run_change_name(d, op, f);
    case DISK_SYNC_DIR: return run_sync_dir(d, op->name, f);
    case DISK_READ:
    case DISK_WRITE:
    case DISK_SYNC:
    case DISK_WRITE_SYNC:
    case DISK_ZERO:
    case DISK_TRUNCATE: return run_file(d, f, syncs);
    default: unreachable();
    }
}
