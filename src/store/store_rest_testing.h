/* SPDX-License-Identifier: Apache-2.0 */
/* Store_rest_testing: a store at rest as images of its files, to be copied with one of them harmed.
 * Included by tests only.
 *
 * Memory: rest_new() and rest_free(); a copy is a yard of its own. */
#ifndef MIDGE_STORE_STORE_REST_TESTING_H
#define MIDGE_STORE_STORE_REST_TESTING_H

#include "store/store_internal.h"
#include "store/store_piles_testing.h"

enum { REST_MESSAGES = 30, REST_FILES_MAX = 64 };

/* A file of it. */
struct rest_file {
    char     name[DISK_NAME_MAX];
    uint8_t *bytes;
    uint64_t size;
};

/* A store at rest. */
struct rest {
    struct rest_file  files[REST_FILES_MAX];
    uint32_t          count;
    struct yard      *yard; /* that has made it */
    enum store_cipher cipher;
};

/* What one file holds in the copy. */
struct rest_harm {
    const struct rest_file *file;
    const uint8_t *bytes; /* NULL: it is gone */
    uint64_t       size;
};

static inline void rest_keep(void *ctx, const char *name, uint64_t size)
{
    struct rest *r = ctx;
    struct rest_file *i = &r->files[r->count++];
    assert_true(r->count <= REST_FILES_MAX);
    (void)snprintf(i->name, sizeof i->name, "%s", name);
    i->size = size;
    i->bytes = xalloc(size + 1);
    memcpy(i->bytes, disk_memory_bytes(r->yard->world->disk, name, &size), size);
}

/* Three piles, in blocks, in lists and in the journal, whose last batch is known to be safe. Or
 * how far that had come at an earlier time. */
static inline void rest_fill(struct yard *y, bool is_early)
{
    struct pile *a = yard_begin(y), *b = yard_begin(y);
    for (uint32_t i = 0; i < REST_MESSAGES; i++) {
        pile_add(a);
        if (i % 3 == 0) pile_add(b);
        if (i % 10 == 0) yard_settle(y);
        if (i == REST_MESSAGES / 2) yard_list(y);
    }
    yard_settle(y);
    if (is_early) return;
    pile_remove(a, 5);
    yard_list(y);
    struct pile *c = yard_begin(y);
    for (uint32_t i = 0; i < 3; i++) {
        pile_add(a);
        yard_settle(y);
        pile_add(c);
        yard_settle(y);
    }
    pile_add(b);
    yard_settle(y);
    yard_tick(y, SECOND);
    yard_settle(y);
}

static inline struct rest *rest_new(enum store_cipher cipher, bool is_early)
{
    struct rest *r = xcalloc(1, sizeof *r);
    r->cipher = cipher;
    r->yard = yard_new(1);
    if (cipher != STORE_PLAIN) yard_configure(r->yard, cipher, "key", NULL);
    yard_start(r->yard);
    rest_fill(r->yard, is_early);
    yard_crash(r->yard, false);
    disk_memory_each(r->yard->world->disk, r, rest_keep);
    return r;
}

static inline void rest_free(struct rest *r)
{
    for (uint32_t i = 0; i < r->count; i++) xfree(r->files[i].bytes);
    yard_free(r->yard);
    xfree(r);
}

static inline void rest_make_parents(struct disk *disk, const char *name)
{
    char parent[DISK_NAME_MAX];
    for (uint32_t i = 0; name[i] != '\0'; i++) {
        if (name[i] != '/') continue;
        memcpy(parent, name, i);
        parent[i] = '\0';
        assert_int_equal(disk->make_dir(disk, parent), ERR_OK);
    }
}

static inline void rest_put(struct disk *disk, const char *name, struct slice bytes)
{
    struct disk_file *file;
    assert_int_equal(disk->open(disk, name, DISK_OPEN_CREATE, &file, NULL), ERR_OK);
    if (bytes.len > 0) assert_int_equal(disk->write(disk, file, 0, bytes), ERR_OK);
    disk->close(disk, file);
}

/* The same store on a disk of its own, with this harm, if any. */
static inline struct yard *rest_copy(const struct rest *r, const struct rest_harm *harm)
{
    struct yard *y = yard_new(2);
    struct disk *disk = &y->world->disk->base;
    if (r->cipher != STORE_PLAIN) yard_configure(y, r->cipher, "key", NULL);
    memcpy(y->promises, r->yard->promises, sizeof y->promises);
    y->promised = r->yard->promised;
    for (uint32_t i = 0; i < r->count; i++) {
        const struct rest_file *f = &r->files[i];
        bool is_it = harm != NULL && harm->file == f;
        rest_make_parents(disk, f->name);
        if (is_it && harm->bytes == NULL) continue;
        rest_put(disk, f->name,
                 is_it ? slice_of(harm->bytes, harm->size) : slice_of(f->bytes, f->size));
    }
    return y;
}

/* It stands twice, or is set right: one bit of it costs nothing. */
static inline bool rest_is_free(const struct rest_file *f)
{
    return strncmp(f->name, STORE_STREAMS, strlen(STORE_STREAMS)) != 0;
}

#endif
