/* SPDX-License-Identifier: Apache-2.0 */
/* The directories of streams are listed once, and what an incarnation's fate is decides. Files that
 * nobody names are moved to quarantine/<incarnation>/ and never replace one that is there. */
#include <stdio.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/digits.h"
#include "store/store_internal.h"

enum { NAMES_STEP = 64, DIGITS = 16, AGAIN_MAX = 1000 };

struct names {
    char (*at)[DISK_NAME_MAX + 1];
    uint32_t count;
    uint32_t cap;
};

static void on_name(void *ctx, const char *name, bool is_dir)
{
    struct names *all = ctx;
    size_t len = strlen(name);
    (void)is_dir;
    assert(len <= DISK_NAME_MAX);
    if (all->count == all->cap) {
        all->cap = all->cap > 0 ? all->cap * 2 : NAMES_STEP;
        all->at = xrealloc(all->at, all->cap * sizeof *all->at);
    }
    memcpy(all->at[all->count++], name, len + 1);
}

static enum err names_read(struct disk *disk, const char *directory, struct names *ret,
                           struct errmsg *why)
{
    *ret = (struct names){ 0 };
    assert(directory != NULL);
    enum err e = disk->list(disk, directory, on_name, ret);
    return e ? errmsg_set(why, e, "the directory %s cannot be read", directory) : ERR_OK;
}

/* The incarnation that a name begins with; 0: none. */
static uint64_t incarnation_of(const char *name)
{
    assert(name != NULL);
    return digits_hex(name, DIGITS);
}

/* A path of a file; false: it would be too long. */
static bool path(char to[DISK_NAME_MAX + 1], const char *top, const char *directory,
                 const char *name)
{
    int len = snprintf(to, DISK_NAME_MAX + 1, "%s/%s%s%s", top, directory,
                       name[0] != '\0' ? "/" : "", name);
    assert(len > 0);
    return len <= DISK_NAME_MAX;
}

/* ---- a directory goes ---- */

static enum err remove_files(struct store *s, const char *directory)
{
    struct disk *disk = s->disk;
    struct names files;
    char name[DISK_NAME_MAX + 1];
    assert(directory[0] != '\0');
    bool fits = path(name, STORE_STREAMS, directory, "");
    assert(fits);
    enum err e = names_read(disk, name, &files, NULL);
    for (uint32_t i = 0; i < files.count && !e; i++)
        e = path(name, STORE_STREAMS, directory, files.at[i]) ? disk->remove(disk, name)
                                                              : ERR_LIMIT;
    xfree(files.at);
    if (e) return e;
    (void)path(name, STORE_STREAMS, directory, "");
    return disk->remove_dir(disk, name);
}

/* What cannot be removed is named again by every rewrite of the checkpoint log. */
static void remove_directory(struct store *s, uint64_t incarnation, const char *directory)
{
    assert(incarnation > 0);
    assert(owners_find(&s->owners, incarnation) == NULL);
    enum err e = remove_files(s, directory);
    if (e == ERR_OK) return;
    gone_add(s, incarnation, NULL)->state = GONE_SAFE;
    store_report(s, STORE_STREAMS "/%s of a stream that is deleted cannot be removed: %s",
                 directory, err_text(e));
}

/* ---- a directory is set aside ---- */

static bool is_there(struct disk *disk, const char *name)
{
    struct disk_file *file = NULL;
    assert(name != NULL);
    enum err e = disk->open(disk, name, DISK_OPEN_READ, &file, NULL);
    if (e == ERR_OK) disk->close(disk, file);
    return e != ERR_NOTFOUND;
}

/* A name in the quarantine that nothing has; false: there is none. */
static bool free_name(struct disk *disk, char to[DISK_NAME_MAX + 1], const char *directory,
                      const char *file)
{
    char again[DISK_NAME_MAX + 1];
    if (!path(to, STORE_QUARANTINE, directory, file)) return false;
    for (uint32_t i = 1; i < AGAIN_MAX && is_there(disk, to); i++) {
        int len = snprintf(again, sizeof again, "%s.%u", file, i);
        assert(len > 0);
        if (len > DISK_NAME_MAX || !path(to, STORE_QUARANTINE, directory, again)) return false;
    }
    return !is_there(disk, to);
}

static enum err move_files(struct disk *disk, const char *directory, const struct names *files)
{
    char from[DISK_NAME_MAX + 1], to[DISK_NAME_MAX + 1];
    enum err e = path(to, STORE_QUARANTINE, directory, "") ? disk->make_dir(disk, to) : ERR_LIMIT;
    assert(files->count > 0 && files->count <= files->cap);
    for (uint32_t i = 0; i < files->count && !e; i++) {
        bool fits = path(from, STORE_STREAMS, directory, files->at[i]) &&
                    free_name(disk, to, directory, files->at[i]);
        e = fits ? disk->rename(disk, from, to) : ERR_LIMIT;
    }
    bool fits = path(to, STORE_QUARANTINE, directory, "");
    if (!e) e = fits ? disk->sync_dir(disk, to) : ERR_LIMIT;
    return e ? e : disk->sync_dir(disk, STORE_QUARANTINE);
}

/* An empty one is of no use to anybody: a stream ended before it had written. */
static enum err quarantine(struct store *s, const char *directory, struct errmsg *why)
{
    struct disk *disk = s->disk;
    struct names files;
    char name[DISK_NAME_MAX + 1];
    bool fits = path(name, STORE_STREAMS, directory, "");
    assert(fits);
    enum err e = names_read(disk, name, &files, why);
    if (e) return e;
    if (files.count > 0) {
        e = move_files(disk, directory, &files);
        s->stats.quarantined++;
        store_report(s,
                     "%u files of " STORE_STREAMS
                     "/%s, which no checkpoint names, are moved to " STORE_QUARANTINE "/%s",
                     files.count, directory, directory);
    }
    xfree(files.at);
    if (!e) e = disk->remove_dir(disk, name);
    assert(s->recovery != NULL);
    return e ? errmsg_set(why, e, "%s cannot be moved to " STORE_QUARANTINE, name) : ERR_OK;
}

/* ---- all of them ---- */

static enum err sort_one(struct store *s, const char *directory, struct errmsg *why)
{
    uint64_t incarnation = incarnation_of(directory);
    assert(s->recovery != NULL);
    if (incarnation == 0 || directory[DIGITS] != '\0') return ERR_OK; /* none of ours */
    recovery_note_used(s, incarnation);
    switch (recovery_fate(s, incarnation)) {
    case FATE_LIVES:
    case FATE_STAYS: return ERR_OK;
    case FATE_GOES: remove_directory(s, incarnation, directory); return ERR_OK;
    case FATE_ASIDE: return quarantine(s, directory, why);
    default: unreachable();
    }
    return ERR_OK;
}

/* A number that names something in the quarantine was used, even if nothing else tells. */
static enum err note_quarantined(struct store *s, struct errmsg *why)
{
    struct names all;
    enum err e = names_read(s->disk, STORE_QUARANTINE, &all, why);
    assert(s->recovery != NULL);
    for (uint32_t i = 0; i < all.count && !e; i++) recovery_note_used(s, incarnation_of(all.at[i]));
    xfree(all.at);
    return e;
}

enum err store_files_sort(struct store *s, struct errmsg *why)
{
    struct names all;
    enum err e = names_read(s->disk, STORE_STREAMS, &all, why);
    assert(s->recovery != NULL);
    for (uint32_t i = 0; i < all.count && !e; i++) e = sort_one(s, all.at[i], why);
    xfree(all.at);
    if (!e) e = note_quarantined(s, why);
    if (e) return e;
    e = s->disk->sync_dir(s->disk, STORE_STREAMS);
    return e ? errmsg_set(why, e, STORE_STREAMS " cannot be synced") : ERR_OK;
}

enum err store_files_make(struct store *s, struct errmsg *why)
{
    struct disk *disk = s->disk;
    assert(disk != NULL);
    enum err e = disk->make_dir(disk, STORE_STREAMS);
    if (!e) e = disk->make_dir(disk, STORE_QUARANTINE);
    if (!e) e = disk->sync_dir(disk, "");
    return e ? errmsg_set(why, e, "directories of the store cannot be made") : ERR_OK;
}
