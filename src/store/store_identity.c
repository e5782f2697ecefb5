/* SPDX-License-Identifier: Apache-2.0 */
/* One copy is written and synced before the other is touched, so one of them is good at any
 * moment. */
#include "base/assert.h"
#include "store/store_internal.h"
#include "store/versions.h"

enum { COPIES = 2 };
static const char *const names[COPIES] = { "identity.a", "identity.b" };

struct copy {
    enum identity_verdict verdict;
    struct store_identity identity;
};

static enum err read_copy(struct disk *disk, const char *name, struct copy *ret, struct errmsg *why)
{
    uint8_t bytes[IDENTITY_SIZE];
    struct disk_file *file = NULL;
    uint64_t moved = 0;
    *ret = (struct copy){ .verdict = IDENTITY_BAD };
    enum err e = disk->open(disk, name, DISK_OPEN_READ, &file, why);
    if (e == ERR_NOTFOUND) return ERR_OK;
    if (e) return e;
    e = disk->read(disk, file, 0, (struct disk_span){ bytes, sizeof bytes }, &moved);
    disk->close(disk, file);
    if (e) return errmsg_set(why, e, "%s cannot be read", name);
    assert(moved <= sizeof bytes);
    ret->verdict = identity_decode(slice_of(bytes, moved), &ret->identity);
    return ERR_OK;
}

static void note_name(void *ctx, const char *name, bool is_dir)
{
    bool *has_any = ctx;
    assert(name != NULL);
    (void)is_dir;
    *has_any = true;
}

/* Before anything else is made the identity is safe: where there is something, there was one. */
static enum err check_new(struct disk *disk, struct errmsg *why)
{
    static const char *const others[] = { "journal", "checkpoint", STORE_STREAMS };
    for (uint32_t i = 0; i < ARRAY_COUNT(others); i++) {
        bool has_any = false;
        enum err e = disk->list(disk, others[i], note_name, &has_any);
        if (e && e != ERR_NOTFOUND) return errmsg_set(why, e, "%s cannot be read", others[i]);
        if (has_any)
            return errmsg_set(why, ERR_CORRUPT, "%s and %s are damaged both; %s is left as it is",
                              names[0], names[1], others[i]);
    }
    return ERR_NOTFOUND;
}

enum err store_identity_load(struct disk *disk, struct store_identity *ret, bool *ret_is_unequal,
                             struct errmsg *why)
{
    struct copy copies[COPIES];
    const struct store_identity *best = NULL;
    bool is_unequal = false;
    for (uint32_t i = 0; i < COPIES; i++) {
        enum err e = read_copy(disk, names[i], &copies[i], why);
        if (e) return e;
        if (copies[i].verdict == IDENTITY_NEWER)
            return errmsg_set(why, ERR_INVALID, "the store " VERSION_IS_NEWER);
        is_unequal |= copies[i].verdict != IDENTITY_GOOD;
        if (copies[i].verdict != IDENTITY_GOOD) continue;
        const struct store_identity *this = &copies[i].identity;
        is_unequal |= best != NULL && this->turn != best->turn;
        if (best == NULL || this->turn > best->turn) best = this;
    }
    if (best == NULL) return check_new(disk, why);
    assert(best->store_id != 0);
    assert(best->turn > 0);
    *ret = *best;
    *ret_is_unequal = is_unequal;
    return ERR_OK;
}

static enum err write_copy(struct disk *disk, const char *name, struct slice bytes,
                           struct errmsg *why)
{
    struct disk_file *file = NULL;
    enum err e = disk->open(disk, name, DISK_OPEN_WRITE, &file, why);
    if (e == ERR_NOTFOUND) e = disk->open(disk, name, DISK_OPEN_CREATE, &file, why);
    if (e) return e;
    assert(bytes.len == IDENTITY_SIZE);
    e = disk->write(disk, file, 0, bytes);
    if (!e) e = disk->sync(disk, file);
    disk->close(disk, file);
    if (!e) e = disk->sync_dir(disk, "");
    return e ? errmsg_set(why, e, "%s cannot be written", name) : ERR_OK;
}

enum err store_identity_save(struct disk *disk, const struct store_identity *i, struct errmsg *why)
{
    uint8_t bytes[IDENTITY_SIZE];
    enum err e = ERR_OK;
    assert(i->turn > 0);
    assert(i->store_id != 0);
    identity_encode(i, bytes);
    for (uint32_t k = 0; k < COPIES && !e; k++)
        e = write_copy(disk, names[k], slice_of(bytes, sizeof bytes), why);
    return e;
}
