/* SPDX-License-Identifier: Apache-2.0 */
/* One bit of one file is wrong: every message that was acked is there as it was, or is told to be
 * lost by its sequence; and only in blocks it costs any. */
#include "store/store_internal.h"
#include "store/store_piles_testing.h"

enum { MESSAGES = 30, FILES_MAX = 64, STEP = 8, ZEROS_STEP = 128 };

struct image {
    char     name[DISK_NAME_MAX];
    uint8_t *bytes;
    uint64_t size;
};

/* A store at rest. */
struct rest {
    struct image   files[FILES_MAX];
    uint32_t       count;
    struct yard   *yard; /* that has made it */
    enum store_cipher cipher;
};

static void keep_file(void *ctx, const char *name, uint64_t size)
{
    struct rest *r = ctx;
    struct image *i = &r->files[r->count++];
    assert_true(r->count <= FILES_MAX);
    (void)snprintf(i->name, sizeof i->name, "%s", name);
    i->size = size;
    i->bytes = xalloc(size + 1);
    memcpy(i->bytes, disk_memory_bytes(r->yard->world->disk, name, &size), size);
}

/* Three piles, in blocks, in lists and in the journal, whose last batch is known to be safe. */
static void fill(struct yard *y)
{
    struct pile *a = yard_begin(y), *b = yard_begin(y);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        pile_add(a);
        if (i % 3 == 0) pile_add(b);
        if (i % 10 == 0) yard_settle(y);
        if (i == MESSAGES / 2) yard_list(y);
    }
    yard_settle(y);
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

static struct rest *rest_new(enum store_cipher cipher)
{
    struct rest *r = xcalloc(1, sizeof *r);
    r->cipher = cipher;
    r->yard = yard_new(1);
    if (cipher != STORE_PLAIN) yard_configure(r->yard, cipher, "key", NULL);
    yard_start(r->yard);
    fill(r->yard);
    yard_crash(r->yard, false);
    disk_memory_each(r->yard->world->disk, r, keep_file);
    return r;
}

static void rest_free(struct rest *r)
{
    for (uint32_t i = 0; i < r->count; i++) xfree(r->files[i].bytes);
    yard_free(r->yard);
    xfree(r);
}

static void make_parents(struct disk *disk, const char *name)
{
    char parent[DISK_NAME_MAX];
    for (uint32_t i = 0; name[i] != '\0'; i++) {
        if (name[i] != '/') continue;
        memcpy(parent, name, i);
        parent[i] = '\0';
        assert_int_equal(disk->make_dir(disk, parent), ERR_OK);
    }
}

/* The same store on a disk of its own. */
static struct yard *copy_of(const struct rest *r)
{
    struct yard *y = yard_new(2);
    struct disk *disk = &y->world->disk->base;
    if (r->cipher != STORE_PLAIN) yard_configure(y, r->cipher, "key", NULL);
    memcpy(y->promises, r->yard->promises, sizeof y->promises);
    y->promised = r->yard->promised;
    for (uint32_t i = 0; i < r->count; i++) {
        const struct image *f = &r->files[i];
        struct disk_file *file;
        make_parents(disk, f->name);
        assert_int_equal(disk->open(disk, f->name, DISK_OPEN_CREATE, &file, NULL), ERR_OK);
        if (f->size > 0)
            assert_int_equal(disk->write(disk, file, 0, slice_of(f->bytes, f->size)), ERR_OK);
        disk->close(disk, file);
    }
    return y;
}

/* It stands twice, or is set right. */
static bool is_free(const char *name)
{
    return strncmp(name, STORE_STREAMS, strlen(STORE_STREAMS)) != 0;
}

static void flip_one(const struct rest *r, const struct image *f, uint64_t at, uint32_t bit)
{
    struct yard *y = copy_of(r);
    struct errmsg why = { "" };
    disk_memory_flip(y->world->disk, f->name, at, bit);
    enum err e = yard_open(y, &why);
    if (e) fail_msg("%s, bit %u of byte %u: %s", f->name, bit, (unsigned)at, why.text);
    uint32_t lost = yard_count_lost(y);
    if (is_free(f->name) && lost > 0)
        fail_msg("%s, bit %u of byte %u: %u are lost", f->name, bit, (unsigned)at, lost);
    if (lost > 0 && y->losses == 0 && y->reports[0] == '\0')
        fail_msg("%s, bit %u of byte %u: nobody told", f->name, bit, (unsigned)at);
    yard_free(y);
}

static bool is_zero_near(const struct image *f, uint64_t at)
{
    uint64_t from = at / ZEROS_STEP * ZEROS_STEP;
    for (uint64_t i = from; i < from + ZEROS_STEP && i < f->size; i++)
        if (f->bytes[i] != 0) return false;
    return true;
}

static void flip_all(enum store_cipher cipher)
{
    struct rest *r = rest_new(cipher);
    struct yard *y = copy_of(r);
    yard_start(y);
    yard_expect_all(y);
    yard_free(y);
    for (uint32_t i = 0; i < r->count; i++) {
        const struct image *f = &r->files[i];
        for (uint64_t at = i % STEP; at < f->size; at += STEP) {
            if (is_zero_near(f, at)) at += ZEROS_STEP - STEP;
            if (at < f->size) flip_one(r, f, at, (uint32_t)(at / STEP) % 8);
        }
    }
    rest_free(r);
}

static void a_bit_of_a_plain_store_costs_what_is_told(void **state)
{
    (void)state;
    flip_all(STORE_PLAIN);
}

static void a_bit_of_a_sealed_store_costs_what_is_told(void **state)
{
    (void)state;
    flip_all(STORE_CHACHA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bit_of_a_plain_store_costs_what_is_told),
        cmocka_unit_test(a_bit_of_a_sealed_store_costs_what_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
