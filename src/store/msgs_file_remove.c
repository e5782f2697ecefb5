/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks that a list has forgotten are closed and unlinked, one after the other; what cannot be
 * unlinked is found, and put aside, by the next start. */
#include "store/msgs_file_internal.h"

static void forget_first(struct msgs_file *f)
{
    assert(f->forgotten_free > 0 && f->forgotten_count >= f->forgotten_said);
    struct block *b = f->forgotten[0];
    f->forgotten_count--;
    f->forgotten_said--;
    f->forgotten_free--;
    memmove(&f->forgotten[0], &f->forgotten[1], f->forgotten_count * sizeof(struct block *));
    (void)block_free(b);
}

static void close_file(struct msgs_file *f, struct block *b)
{
    store_cache_remove(store_cache_files(f->o.cache), &b->file_cached);
    f->writer.op.file = b->file;
    b->file = NULL;
    writer_submit(f, WRITE_CLOSE, DISK_CLOSE);
}

static bool remove_stream(struct msgs_file *f)
{
    if (f->on_removed == NULL || f->forgotten_count > 0 || !list_empty(&f->fetches)) return false;
    assert(f->blocks_count == 0);
    f->writer.op.name = f->directory;
    writer_submit(f, WRITE_REMOVE_DIR, DISK_REMOVE_DIR);
    return true;
}

bool remove_go(struct msgs_file *f)
{
    struct writer *w = &f->writer;
    assert(w->step == WRITE_NOTHING);
    w->block = NULL;
    while (f->forgotten_free > 0) {
        struct block *b = f->forgotten[0];
        if (b->users > 0) return false;
        if (b->file != NULL) {
            close_file(f, b);
            return true;
        }
        if (b->is_created) {
            block_name(b, w->name);
            w->op.name = w->name;
            writer_submit(f, WRITE_REMOVE, DISK_REMOVE);
            return true;
        }
        forget_first(f);
    }
    return remove_stream(f);
}

void remove_done(struct msgs_file *f, enum write_step step)
{
    assert(f->writer.step == WRITE_NOTHING);
    if (step == WRITE_REMOVE) forget_first(f);
    if (step != WRITE_REMOVE_DIR) return;
    void (*done)(void *ctx, enum err) = f->on_removed;
    void *ctx = f->removed_ctx;
    (void)msgs_free(&f->base);
    done(ctx, ERR_OK);
}

void msgs_file_remove(struct msgs *take, void (*done)(void *ctx, enum err), void *ctx)
{
    struct msgs_file *f = file_from(take);
    assert(done != NULL && f->on_removed == NULL);
    f->on_flushed = NULL; /* of a list that was begun before the one that forgets it */
    f->on_removed = done;
    f->removed_ctx = ctx;
    f->is_stopped = true;
    block_close(f);
    while (f->blocks_count > 0) block_forget(f, f->blocks_count - 1);
    f->forgotten_said = f->forgotten_free = f->forgotten_count;
    writer_go(f);
}
