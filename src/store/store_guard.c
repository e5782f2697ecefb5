/* SPDX-License-Identifier: Apache-2.0 */
/* nats-server keeps <store_dir>/jetstream/<account>/streams/<stream>/, and leaves `jetstream` out
 * when store_dir ends in it. */
#include "store/store_guard.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/slice.h"

enum { PATH_LEN = 4096 };

/* Directories in `directory` until one is enough. */
struct look {
    struct env *env;
    const char *directory;
    bool has_any;     /* a directory is in it */
    bool has_streams; /* … of an account, with streams */
};

static void note_stream(void *ctx, const char *name, bool is_dir)
{
    struct look *l = ctx;
    assert(name != NULL);
    if (is_dir) l->has_any = true;
}

/* What cannot be opened or read has nothing that we would hide. */
static void look_into(struct look *l, const char *directory,
                      void (*each)(void *ctx, const char *name, bool is_dir))
{
    struct disks *disks = l->env->disks;
    struct disk *disk = NULL;
    assert(directory != NULL);
    if (disks->open(disks, directory, true, &disk, NULL) != ERR_OK) return;
    assert(disk != NULL);
    if (disk->list(disk, "", each, l) != ERR_OK) maybe(l->has_any);
    disks->close(disks, disk);
}

static void note_account(void *ctx, const char *name, bool is_dir)
{
    struct look *l = ctx;
    char path[PATH_LEN];
    if (!is_dir || l->has_streams) return;
    int len = snprintf(path, sizeof path, "%s/%s/streams", l->directory, name);
    if (len < 0 || (size_t)len >= sizeof path) return;
    struct look inside = { .env = l->env };
    look_into(&inside, path, note_stream);
    l->has_streams = inside.has_any;
    assert(!inside.has_streams);
}

static bool has_streams(struct env *env, const char *directory)
{
    struct look l = { .env = env, .directory = directory };
    assert(directory != NULL);
    look_into(&l, directory, note_account);
    return l.has_streams;
}

static bool has_store(struct env *env, const char *directory)
{
    struct disk *disk = NULL;
    struct disks *disks = env->disks;
    enum err e = disks->open(disks, directory, true, &disk, NULL);
    if (e == ERR_OK) disks->close(disks, disk);
    assert(e == ERR_OK || disk == NULL);
    return e != ERR_NOTFOUND;
}

/* The last component, when nothing follows it. */
static bool ends_in_jetstream(struct slice path)
{
    static const char name[] = "/jetstream";
    uint32_t len = sizeof name - 1;
    assert(path.len == 0 || path.ptr != NULL);
    if (path.len < len) return slice_equal_str(path, name + 1);
    return slice_equal_str(slice_from(path, path.len - len), name);
}

enum err store_guard(struct env *env, const char *store_dir, struct errmsg *why)
{
    char path[PATH_LEN];
    assert(env->disks != NULL);
    assert(store_dir != NULL);
    struct slice top = slice_str(store_dir);
    while (top.len > 1 && top.ptr[top.len - 1] == '/') top.len--;
    int len = snprintf(path, sizeof path, "%.*s/midge", SLICE_ARGS(top));
    if (len < 0 || (size_t)len >= sizeof path - sizeof "jetstream")
        return errmsg_set(why, ERR_INVALID, "store_dir is too long");
    if (has_store(env, path)) return ERR_OK;
    (void)snprintf(path, sizeof path, "%.*s/jetstream", SLICE_ARGS(top));
    bool is_theirs = has_streams(env, path);
    if (!is_theirs && ends_in_jetstream(top)) {
        (void)snprintf(path, sizeof path, "%.*s", SLICE_ARGS(top));
        is_theirs = has_streams(env, path);
    }
    if (!is_theirs) return ERR_OK;
    return errmsg_set(why, ERR_EXISTS,
                      "%s holds streams of a nats-server, and no store of midge: nothing was "
                      "changed; import them with `midge store import %.*s`, or set another "
                      "store_dir",
                      path, SLICE_ARGS(top));
}
