/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "store/journal_internal.h"

/* Errors while closing cost nothing but space: all that counts was safe before. */

static bool sync_lazy(struct journal *j)
{
    assert(!j->is_failed);
    LIST_EACH(&j->used, node) {
        struct segment *s = segment_of(node);
        if (s->is_dirty && j->o.disk->sync(j->o.disk, s->file) != ERR_OK) return false;
        s->is_dirty = false;
    }
    j->synced_full = j->handed_full;
    assert(j->synced_full == j->last_full);
    return true;
}

static struct segment *smaller(struct segment *a, struct segment *b)
{
    assert(b != NULL);
    return a == NULL || b->size < a->size ? b : a;
}

/* The one that a clean close leaves: the current one if it may stay as it is. */
static struct segment *pick_kept(struct journal *j)
{
    struct segment *current = segments_current(j), *best = current;
    bool is_fine = current != NULL && current->size <= CLEAN_MAX &&
                   segment_left(current) >= JOURNAL_SECTOR;
    if (is_fine) return current;
    LIST_EACH(&j->ready, node) best = smaller(best, segment_of(node));
    LIST_EACH(&j->used, node) best = smaller(best, segment_of(node));
    assert(best != NULL);
    best->generation = ++j->generation;
    best->used = 0;
    best->places_count = 0;
    best->is_murky = true; /* with what it had before */
    return best;
}

static void remove_all(struct journal *j, struct list *all, const struct segment *kept)
{
    struct disk *disk = j->o.disk;
    assert(all != NULL);
    LIST_EACH(all, node) {
        struct segment *s = segment_of(node);
        char name[SEGMENT_NAME_MAX];
        bool is_needed = kept == NULL && s->places_count > 0 &&
                         s->places[s->places_count - 1].pos > j->released && all == &j->used;
        if (s == kept || is_needed) continue;
        memcpy(name, s->name, sizeof name);
        (void)segment_free(j, s);
        if (disk->remove(disk, name) != ERR_OK) maybe(j->is_failed); /* found again at a start */
    }
}

static void remove_rewrite(struct journal *j)
{
    struct disk *disk = j->o.disk;
    assert(!erase_is_busy(j));
    if (j->erase.file == NULL) return;
    disk->close(disk, j->erase.file);
    j->erase.file = NULL;
    if (disk->remove(disk, j->erase.name) != ERR_OK) maybe(j->is_failed); /* as above */
}

/* Leaves one small segment, whose mark says how far the journal went. */
static bool keep_one(struct journal *j, struct segment *kept)
{
    struct disk *disk = j->o.disk;
    if (commit_mark_now(j, kept) != ERR_OK) return false;
    if (kept->size > CLEAN_MAX) {
        kept->size = j->o.segment_first < CLEAN_MAX ? j->o.segment_first : CLEAN_MAX;
        assert(kept->used <= kept->size);
        bool is_cut = disk->truncate(disk, kept->file, kept->size) == ERR_OK &&
                      disk->sync(disk, kept->file) == ERR_OK;
        if (!is_cut) return false;
    }
    /* whose bytes these were, the next start could not tell */
    bool is_clean = !kept->is_murky && kept->stale_count == 0;
    return is_clean || segment_zero_now(j, kept, kept->used) == ERR_OK;
}

static void leave(struct journal *j, journal_pos clean_pos)
{
    struct segment *current = segments_current(j), *kept = NULL;
    bool is_clean = clean_pos >= j->last_full;
    assert(j->commit.batch == NULL);
    assert(!segments_are_busy(j) && !lazy_is_busy(j) && !erase_is_busy(j));
    assert(!j->heads.is_busy);
    /* without space they have waited in vain; nobody was told that they are safe */
    batches_forget(j);
    if (!sync_lazy(j)) return;
    if (j->released < clean_pos) j->released = clean_pos;
    bool was_used = j->last_full > 0;
    if (is_clean) {
        kept = pick_kept(j);
        if (was_used && !keep_one(j, kept)) return;
    } else if (current != NULL && current->size - current->used >= JOURNAL_SECTOR) {
        enum err e = commit_mark_now(j, current);
        if (e) return;
        heads_write_now(j);
    }
    remove_all(j, &j->used, kept);
    remove_all(j, &j->ready, kept);
    remove_rewrite(j);
    if (j->o.disk->sync_dir(j->o.disk, j->o.directory) != ERR_OK) maybe(j->is_failed);
}

struct journal *journal_free(struct journal *j)
{
    assert(!lazy_is_busy(j));
    assert(j->commit.batch == NULL);
    batches_deinit(j);
    commit_deinit(j);
    segments_deinit(j);
    heads_deinit(j);
    erase_deinit(j);
    return xfree(j);
}

struct journal *journal_close(struct journal *j, journal_pos clean_pos)
{
    if (j == NULL) return NULL;
    bool leaves = !j->is_failed && !j->is_read_only;
    assert(leaves || j->commit.batch == NULL);
    assert(clean_pos < j->next_pos);
    if (leaves) leave(j, clean_pos);
    return journal_free(j);
}

struct journal *journal_abandon(struct journal *j)
{
    if (j == NULL) return NULL;
    assert(j->gather == NULL || j->gather->records == 0);
    assert(j->prep.state == PREP_IDLE);
    return journal_free(j);
}
