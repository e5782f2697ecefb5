/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A machine whose directories are a list of paths; one in brackets is a file. */
struct machine {
    struct disks        base;
    struct env          env;
    const char *const  *paths;
    const char         *open; /* the directory that is open */
    uint32_t            opens, closes;
    struct disk         disk;
};

static bool is_below(const char *path, const char *directory)
{
    size_t len = strlen(directory);
    return strncmp(path, directory, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static enum err open_directory(struct disks *base, const char *directory, bool read_only,
                               struct disk **ret, struct errmsg *why)
{
    struct machine *m = container_of(base, struct machine, base);
    (void)why;
    assert_true(read_only);
    for (const char *const *p = m->paths; *p != NULL; p++) {
        if (!is_below(*p, directory)) continue;
        m->opens++;
        m->disk.close = NULL;
        *ret = &m->disk;
        m->open = directory;
        return ERR_OK;
    }
    return ERR_NOTFOUND;
}

static void close_directory(struct disks *base, struct disk *disk)
{
    struct machine *m = container_of(base, struct machine, base);
    assert_ptr_equal(disk, &m->disk);
    m->closes++;
}

/* The first component behind the open directory; a file's ends in a star. */
static enum err list(struct disk *disk, const char *name,
                     void (*each)(void *ctx, const char *name, bool is_dir), void *ctx)
{
    struct machine *m = container_of(disk, struct machine, disk);
    const char *directory = m->open;
    assert_string_equal(name, "");
    for (const char *const *p = m->paths; *p != NULL; p++) {
        char component[256];
        if (!is_below(*p, directory) || (*p)[strlen(directory)] != '/') continue;
        const char *at = *p + strlen(directory) + 1;
        size_t len = strcspn(at, "/");
        memcpy(component, at, len);
        component[len] = '\0';
        each(ctx, component, strchr(component, '*') == NULL);
    }
    return ERR_OK;
}

static enum err guard(const char *const *paths, const char *store_dir, struct errmsg *why)
{
    struct machine m = { .base = { open_directory, close_directory }, .paths = paths };
    m.disk.list = list;
    m.env.disks = &m.base;
    enum err e = store_guard(&m.env, store_dir, why);
    assert_int_equal(m.opens, m.closes);
    return e;
}

static void streams_of_nats_server_are_not_hidden(void **state)
{
    static const char *const paths[] = { "/d/jetstream/$G/streams/ORDERS/msgs/1.blk*", NULL };
    struct errmsg why = { "" };
    (void)state;
    assert_int_equal(guard(paths, "/d", &why), ERR_EXISTS);
    assert_string_equal(why.text,
                        "/d/jetstream holds streams of a nats-server, and no store of midge: "
                        "nothing was changed; import them with `midge store import /d`, or set "
                        "another store_dir");
    assert_int_equal(guard(paths, "/d/jetstream", &why), ERR_EXISTS);
    assert_int_equal(guard(paths, "/d/jetstream/", &why), ERR_EXISTS);
    assert_int_equal(guard(paths, "/e", &why), ERR_OK);
}

static void any_account_counts(void **state)
{
    static const char *const paths[] = { "/d/jetstream/A", "/d/jetstream/B/streams",
                                         "/d/jetstream/C/streams/S", "/d/jetstream/D", NULL };
    struct errmsg why = { "" };
    (void)state;
    assert_int_equal(guard(paths, "/d", &why), ERR_EXISTS);
}

static void a_store_of_ours_lets_in(void **state)
{
    static const char *const paths[] = { "/d/jetstream/$G/streams/ORDERS", "/d/midge", NULL };
    struct errmsg why = { "" };
    (void)state;
    assert_int_equal(guard(paths, "/d", &why), ERR_OK);
}

static void without_a_stream_it_does_not_count(void **state)
{
    static const char *const cases[][4] = {
        { "/d", NULL },
        { "/d/jetstream", NULL },
        { "/d/jetstream/$G", NULL },
        { "/d/jetstream/$G/streams", "/d/jetstream/$G/obs/x", NULL },
        { "/d/jetstream/$G/streams/file*", "/d/jetstream/file*", NULL },
        { "/d/jetstream/$SYS/_js_/_meta_", NULL },
        { "/d/other/$G/streams/S", NULL },
    };
    struct errmsg why = { "" };
    (void)state;
    for (uint32_t i = 0; i < ARRAY_COUNT(cases); i++)
        if (guard(cases[i], "/d", &why) != ERR_OK) fail_msg("case %u: %s", i, why.text);
}

static void only_a_directory_with_this_name_leaves_it_out(void **state)
{
    static const char *const paths[] = { "/my-jetstream/$G/streams/S", NULL };
    struct errmsg why = { "" };
    (void)state;
    assert_int_equal(guard(paths, "/my-jetstream", &why), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_of_nats_server_are_not_hidden),
        cmocka_unit_test(any_account_counts),
        cmocka_unit_test(a_store_of_ours_lets_in),
        cmocka_unit_test(without_a_stream_it_does_not_count),
        cmocka_unit_test(only_a_directory_with_this_name_leaves_it_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
