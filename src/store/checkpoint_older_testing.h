/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoint_older_testing: the log of a store as a program of an older version would have left it:
 * one list of version 2, without a kind of section that came later. Included by tests only.
 *
 * Memory: nothing is kept. */
#ifndef MIDGE_STORE_CHECKPOINT_OLDER_TESTING_H
#define MIDGE_STORE_CHECKPOINT_OLDER_TESTING_H

#include <stdio.h>

#include "base/alloc.h"
#include "env/disk_memory.h"
#include "store/checkpoint.h"
#include "store/checkpoint_format.h"

enum { OLDER_VERSION = 2, OLDER_FILES = 8 };

struct older {
    struct checkpoint *to;
    uint32_t kind; /* that is left out */
    uint32_t left_out;
    uint32_t lists;
    char     names[OLDER_FILES][DISK_NAME_MAX];
    uint32_t names_count;
};

static inline void older_wake(void *ctx)
{
    (void)ctx;
}

static inline void older_section(void *ctx, const struct checkpoint_section *s)
{
    struct older *o = ctx;
    if (s->owner > 0 && s->kind == o->kind) {
        o->left_out++;
        return;
    }
    uint8_t *at = checkpoint_add(o->to, s->owner, s->kind, s->bytes.len);
    if (s->bytes.len > 0) memcpy(at, s->bytes.ptr, s->bytes.len);
}

static inline void older_done(void *ctx, enum err e)
{
    struct older *o = ctx;
    o->lists += e == ERR_OK;
}

static inline void older_name(void *ctx, const char *name, uint64_t size)
{
    struct older *o = ctx;
    (void)size;
    if (strncmp(name, "checkpoint/", 11) != 0) return;
    assert(o->names_count < OLDER_FILES);
    (void)snprintf(o->names[o->names_count++], DISK_NAME_MAX, "%s", name);
}

/* One list, which begins the file. */
static inline void older_stamp(struct disk_memory *m, const char *name)
{
    struct disk *d = &m->base;
    struct disk_file *file = NULL;
    uint64_t size = 0;
    const uint8_t *bytes = disk_memory_bytes(m, name, &size);
    assert(bytes != NULL && size > 0);
    uint8_t *list = xalloc(size);
    memcpy(list, bytes, size);
    list[HEAD_MAGIC + 3] = OLDER_VERSION;
    checkpoint_list_finish(list);
    enum err e = d->open(d, name, DISK_OPEN_WRITE, &file, NULL);
    if (!e) e = d->write(d, file, 0, slice_of(list, (uint32_t)size));
    assert(e == ERR_OK);
    d->close(d, file);
    xfree(list);
}

/* The log of a store that is closed. Returns how many sections of this kind there were. */
static inline uint32_t older_make(struct disk_memory *m, uint64_t store_id, uint32_t kind)
{
    struct disk *d = &m->base;
    struct older o = { .kind = kind };
    struct checkpoint_options options = { .disk = d, .directory = "older", .store_id = store_id };
    const struct checkpoint_load none = { .ctx = NULL };
    const struct checkpoint_load all = { .ctx = &o, .on_section = older_section };
    struct checkpoint *from = NULL;
    journal_pos pos = 0, new_pos = 0;
    options.queue = d->queue_new(d, older_wake, NULL);
    enum err e = checkpoint_open(&options, &none, false, &o.to, &new_pos, NULL);
    options.directory = "checkpoint";
    if (!e) e = checkpoint_open(&options, &none, true, &from, &pos, NULL);
    from = checkpoint_close(from);
    checkpoint_begin(o.to, pos);
    if (!e) e = checkpoint_open(&options, &all, true, &from, &pos, NULL);
    from = checkpoint_close(from);
    checkpoint_commit(o.to, older_done, &o);
    disk_memory_settle(m, options.queue);
    assert(e == ERR_OK && from == NULL && o.lists == 1);
    o.to = checkpoint_close(o.to);
    options.queue->ops->free(options.queue);
    disk_memory_each(m, &o, older_name);
    for (uint32_t i = 0; i < o.names_count && !e; i++) e = d->remove(d, o.names[i]);
    older_stamp(m, "older/00000001.a");
    older_stamp(m, "older/00000001.b");
    if (!e) e = d->rename(d, "older/00000001.a", "checkpoint/00000001.a");
    if (!e) e = d->rename(d, "older/00000001.b", "checkpoint/00000001.b");
    assert(e == ERR_OK);
    return o.left_out;
}

#endif
