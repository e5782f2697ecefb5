/* SPDX-License-Identifier: Apache-2.0 */
/* The disk of the machine and the one in memory answer alike: random calls, whose errors, sizes and
 * lists must be the same. So what is proven in memory holds on the machine. */
#include <ftw.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "env/disk_memory.h"
#include "os/disk_internal.h"

enum { CALLS = 4000, BYTES = 3000, LISTING = 4096 };

static const char *const names[] = {
    "a", "b", "d", "e", "d/a", "d/b", "d/d", "e/a", "e/d", "d/d/a"
};

/* What one disk answered. */
struct answer {
    enum err err;
    uint64_t size;
    uint64_t moved;
    char     list[LISTING];
    uint8_t  bytes[BYTES];
};

/* One random call, the same for both. */
struct call {
    uint32_t    kind;
    const char *name;
    const char *to;
    uint64_t    offset;
    uint32_t    len;
    uint8_t     fill;
};

static const char *draw_name(struct rng *rng)
{
    return names[rng_below(rng, ARRAY_COUNT(names))];
}

static struct call draw(struct rng *rng)
{
    return (struct call){ .kind = rng_below(rng, 12),
                          .name = draw_name(rng),
                          .to = draw_name(rng),
                          .offset = rng_below(rng, BYTES),
                          .len = rng_below(rng, BYTES),
                          .fill = (uint8_t)rng_below(rng, 256) };
}

static void add_name(void *ctx, const char *name, bool is_dir)
{
    struct answer *a = ctx;
    size_t len = strlen(a->list);
    (void)snprintf(a->list + len, sizeof a->list - len, "%s%s ", name, is_dir ? "/" : "");
}

static void create(struct disk *d, const struct call *c, struct answer *a)
{
    struct disk_file *f = NULL;
    a->err = d->open(d, c->name, DISK_OPEN_CREATE, &f, NULL);
    if (a->err == ERR_OK) d->close(d, f);
}

static void rewrite(struct disk *d, const struct call *c, struct answer *a)
{
    uint8_t bytes[BYTES];
    struct disk_file *f = NULL;
    memset(bytes, c->fill, c->len);
    a->err = d->open(d, c->name, DISK_OPEN_WRITE, &f, NULL);
    if (a->err != ERR_OK) return;
    a->err = d->write(d, f, c->offset, slice_of(bytes, c->len));
    if (a->err == ERR_OK && c->fill % 4 == 0) a->err = d->truncate(d, f, c->offset / 2);
    if (a->err == ERR_OK) a->err = d->size(d, f, &a->size);
    d->close(d, f);
}

static void reread(struct disk *d, const struct call *c, struct answer *a)
{
    struct disk_file *f = NULL;
    a->err = d->open(d, c->name, DISK_OPEN_READ, &f, NULL);
    if (a->err != ERR_OK) return;
    a->err = d->read(d, f, c->offset, (struct disk_span){ a->bytes, c->len }, &a->moved);
    d->close(d, f);
}

static void ask(struct disk *d, const struct call *c, struct answer *a)
{
    memset(a, 0, sizeof *a);
    switch (c->kind) {
    case 0:
    case 1: create(d, c, a); break;
    case 2:
    case 3: rewrite(d, c, a); break;
    case 4:
    case 5: reread(d, c, a); break;
    case 6: a->err = d->remove(d, c->name); break;
    case 7: a->err = d->rename(d, c->name, c->to); break;
    case 8: a->err = d->make_dir(d, c->name); break;
    case 9: a->err = d->remove_dir(d, c->name); break;
    case 10: a->err = d->sync_dir(d, c->name); break;
    default: a->err = d->list(d, c->fill % 2 == 0 ? "" : c->name, add_name, a); break;
    }
}

static bool same(const struct answer *a, const struct answer *b)
{
    if (a->err != b->err || a->size != b->size || a->moved != b->moved) return false;
    return strcmp(a->list, b->list) == 0 && memcmp(a->bytes, b->bytes, BYTES) == 0;
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *at)
{
    (void)s;
    (void)type;
    (void)at;
    return remove(path);
}

static void compare(bool has_openat2)
{
    char dir[64] = "/tmp/midge-disk-XXXXXX";
    struct os_disks disks;
    struct disk *real = NULL;
    struct disk_memory *m = disk_memory_new(1);
    struct answer *answers = calloc(2, sizeof *answers);
    struct rng rng;
    uint32_t fine = 0;
    os_disks_init(&disks, NULL);
    assert_non_null(mkdtemp(dir));
    assert_int_equal(disks.base.open(&disks.base, dir, false, &real, NULL), ERR_OK);
    struct os_disk *os = container_of(real, struct os_disk, base);
    os->has_openat2 = os->has_openat2 && has_openat2;
    rng_init(&rng, 1);
    for (uint32_t i = 0; i < CALLS; i++) {
        struct call c = draw(&rng);
        ask(real, &c, &answers[0]);
        ask(&m->base, &c, &answers[1]);
        if (!same(&answers[0], &answers[1]))
            fail_msg("call %u: %u %s %s: %s and %s; %s and %s", i, c.kind, c.name, c.to,
                     err_text(answers[0].err), err_text(answers[1].err), answers[0].list,
                     answers[1].list);
        fine += answers[0].err == ERR_OK;
    }
    assert_true(fine > CALLS / 4);
    free(answers);
    (void)disk_memory_free(m);
    disks.base.close(&disks.base, real);
    assert_int_equal(nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void both_disks_answer_alike(void **state)
{
    (void)state;
    compare(true);
}

static void both_disks_answer_alike_where_the_kernel_is_old(void **state)
{
    (void)state;
    compare(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_disks_answer_alike),
        cmocka_unit_test(both_disks_answer_alike_where_the_kernel_is_old),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
