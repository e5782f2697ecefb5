/* SPDX-License-Identifier: Apache-2.0 */
#include "os/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/units.h"
#include "os/disk_internal.h"

struct world {
    struct os_disks disks;
    struct disk *disk;
    char         top[64];   /* what is made for the test */
    char         store[96]; /* the disk's directory in it */
    char         path[160]; /* see at() */
};

static struct disk *open_disk(struct world *w)
{
    struct disk *d = NULL;
    struct errmsg why = { "" };
    enum err e = w->disks.base.open(&w->disks.base, w->store, false, &d, &why);
    assert_string_equal(why.text, "");
    assert_int_equal(e, ERR_OK);
    return d;
}

static int set_up(void **state)
{
    static struct world w;
    os_disks_init(&w.disks, NULL);
    (void)snprintf(w.top, sizeof w.top, "/tmp/midge-disk-XXXXXX");
    assert_non_null(mkdtemp(w.top));
    (void)snprintf(w.store, sizeof w.store, "%s/a/store", w.top);
    w.disk = open_disk(&w);
    *state = &w;
    return 0;
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *at)
{
    (void)s;
    (void)type;
    (void)at;
    return remove(path);
}

static int tear_down(void **state)
{
    struct world *w = *state;
    w->disks.base.close(&w->disks.base, w->disk);
    assert_int_equal(nftw(w->top, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    return 0;
}

/* The path of a name in the store. */
static const char *at(struct world *w, const char *name)
{
    (void)snprintf(w->path, sizeof w->path, "%s/%s", w->store, name);
    return w->path;
}

static uint32_t mode_of(struct world *w, const char *name)
{
    struct stat s;
    assert_int_equal(stat(at(w, name), &s), 0);
    return s.st_mode & 07777;
}

static struct disk_file *create(struct world *w, const char *name)
{
    struct disk_file *f = NULL;
    assert_int_equal(w->disk->open(w->disk, name, DISK_OPEN_CREATE, &f, NULL), ERR_OK);
    return f;
}

static enum err try_open(struct world *w, const char *name, enum disk_open mode)
{
    struct disk_file *f = NULL;
    enum err e = w->disk->open(w->disk, name, mode, &f, NULL);
    if (e == ERR_OK) w->disk->close(w->disk, f);
    else assert_null(f);
    return e;
}

/* ---- the directory ---- */

static void directory_and_files_are_for_their_owner_only(void **state)
{
    struct world *w = *state;
    mode_t before = umask(0);
    w->disk->close(w->disk, create(w, "f"));
    assert_int_equal(w->disk->make_dir(w->disk, "d"), ERR_OK);
    (void)umask(before);
    assert_int_equal(mode_of(w, ""), 0700);
    assert_int_equal(mode_of(w, "f"), 0600);
    assert_int_equal(mode_of(w, "d"), 0700);
    assert_int_equal(mode_of(w, "lock"), 0600);
}

static void a_second_opener_is_told_who_has_the_store(void **state)
{
    struct world *w = *state;
    struct disk *other = NULL;
    struct errmsg why;
    char want[256];
    assert_int_equal(w->disks.base.open(&w->disks.base, w->store, false, &other, &why), ERR_CLOSED);
    (void)snprintf(
        want, sizeof want,
        "%s is in use by another process (pid %ld): stop it, or choose another store_dir", w->store,
        (long)getpid());
    assert_string_equal(why.text, want);
    assert_int_equal(w->disks.base.open(&w->disks.base, w->store, true, &other, &why), ERR_CLOSED);
    assert_null(other);
    w->disks.base.close(&w->disks.base, w->disk);
    w->disk = open_disk(w);
}

static void who_reads_only_changes_nothing_and_keeps_writers_out(void **state)
{
    struct world *w = *state;
    struct disk *reader = NULL, *writer = NULL;
    struct disk_file *f = create(w, "f");
    w->disk->close(w->disk, f);
    w->disks.base.close(&w->disks.base, w->disk);
    assert_int_equal(w->disks.base.open(&w->disks.base, w->store, true, &reader, NULL), ERR_OK);
    w->disk = reader;
    assert_int_equal(try_open(w, "f", DISK_OPEN_READ), ERR_OK);
    assert_int_equal(try_open(w, "f", DISK_OPEN_WRITE), ERR_DENIED);
    assert_int_equal(try_open(w, "g", DISK_OPEN_CREATE), ERR_DENIED);
    assert_int_equal(reader->remove(reader, "f"), ERR_DENIED);
    assert_int_equal(reader->rename(reader, "f", "g"), ERR_DENIED);
    assert_int_equal(reader->make_dir(reader, "d"), ERR_DENIED);
    assert_int_equal(w->disks.base.open(&w->disks.base, w->store, false, &writer, NULL),
                     ERR_CLOSED);
}

static void a_directory_that_cannot_be_had_is_named(void **state)
{
    struct world *w = *state;
    struct disk *d = NULL;
    struct errmsg why;
    char path[160], want[256];
    (void)snprintf(path, sizeof path, "%s/no", w->top);
    assert_int_equal(w->disks.base.open(&w->disks.base, path, true, &d, &why), ERR_NOTFOUND);
    (void)snprintf(want, sizeof want, "open %s: no such file or directory", path);
    assert_string_equal(why.text, want);
    w->disk->close(w->disk, create(w, "f"));
    assert_int_equal(w->disks.base.open(&w->disks.base, at(w, "f/x"), false, &d, &why), ERR_IO);
    assert_non_null(strstr(why.text, "storage directory is not a directory: mkdir "));
    assert_null(d);
}

/* ---- files and names ---- */

static void what_is_written_is_read_and_sized(void **state)
{
    struct world *w = *state;
    struct disk *d = w->disk;
    struct disk_file *f = create(w, "f");
    uint8_t bytes[16] = { 0 };
    uint64_t moved = 0, size = 0;
    assert_int_equal(d->write(d, f, 4, SLICE_LIT("12345")), ERR_OK);
    assert_int_equal(d->sync(d, f), ERR_OK);
    assert_int_equal(d->read(d, f, 2, (struct disk_span){ bytes, 16 }, &moved), ERR_OK);
    assert_int_equal(moved, 7);
    assert_memory_equal(bytes, "\0\00012345", 7);
    assert_int_equal(d->truncate(d, f, 6), ERR_OK);
    assert_int_equal(d->size(d, f, &size), ERR_OK);
    assert_int_equal(size, 6);
    d->close(d, f);
    assert_int_equal(d->open(d, "f", DISK_OPEN_READ, &f, NULL), ERR_OK);
    assert_int_equal(d->write(d, f, 0, SLICE_LIT("x")), ERR_DENIED);
    assert_int_equal(d->truncate(d, f, 0), ERR_DENIED);
    d->close(d, f);
}

static void what_is_at_hand_is_read_now(void **state)
{
    struct world *w = *state;
    struct disk *d = w->disk;
    struct disk_file *f = create(w, "f");
    uint8_t bytes[8] = { 0 };
    uint64_t moved = 0;
    assert_int_equal(d->write(d, f, 0, SLICE_LIT("12345")), ERR_OK);
    enum err e = d->read_now(d, f, 1, (struct disk_span){ bytes, 8 }, &moved);
    if (e != ERR_BUSY) {        /* a file system without it is always busy */
        assert_int_equal(e, ERR_OK);
        assert_int_equal(moved, 4);
        assert_memory_equal(bytes, "2345", 4);
    }
    d->close(d, f);
}

static void names_change_as_they_should(void **state)
{
    struct world *w = *state;
    struct disk *d = w->disk;
    w->disk->close(d, create(w, "f"));
    assert_int_equal(try_open(w, "f", DISK_OPEN_CREATE), ERR_EXISTS);
    assert_int_equal(try_open(w, "no", DISK_OPEN_WRITE), ERR_NOTFOUND);
    assert_int_equal(try_open(w, "no/x", DISK_OPEN_CREATE), ERR_NOTFOUND);
    assert_int_equal(d->make_dir(d, "d"), ERR_OK);
    assert_int_equal(d->make_dir(d, "d"), ERR_OK);
    assert_int_equal(d->make_dir(d, "f"), ERR_EXISTS);
    assert_int_equal(try_open(w, "d", DISK_OPEN_READ), ERR_IO);
    assert_int_equal(d->rename(d, "f", "d/g"), ERR_OK);
    assert_int_equal(try_open(w, "d/g", DISK_OPEN_WRITE), ERR_OK);
    assert_int_equal(d->remove_dir(d, "d"), ERR_EXISTS);
    assert_int_equal(d->remove(d, "d"), ERR_IO);
    assert_int_equal(d->sync_dir(d, "d"), ERR_OK);
    assert_int_equal(d->sync_dir(d, ""), ERR_OK);
    assert_int_equal(d->sync_dir(d, "no"), ERR_NOTFOUND);
    assert_int_equal(d->remove(d, "d/g"), ERR_OK);
    assert_int_equal(d->remove(d, "d/g"), ERR_NOTFOUND);
    assert_int_equal(d->remove_dir(d, "d"), ERR_OK);
}

struct names {
    char text[160];
};

static void add_name(void *ctx, const char *name, bool is_dir)
{
    struct names *n = ctx;
    size_t len = strlen(n->text);
    (void)snprintf(n->text + len, sizeof n->text - len, "%s%s ", name, is_dir ? "/" : "");
}

static void names_are_listed_in_order_without_the_lock(void **state)
{
    struct world *w = *state;
    struct names all = { "" }, inner = { "" };
    char longest[DISK_NAME_MAX + 2] = { 0 };
    memset(longest, 'x', sizeof longest - 1);
    w->disk->close(w->disk, create(w, "z"));
    w->disk->close(w->disk, create(w, "Z"));
    assert_int_equal(w->disk->make_dir(w->disk, "d"), ERR_OK);
    w->disk->close(w->disk, create(w, "d/lock"));
    assert_int_equal(mkdir(at(w, longest), 0700), 0);
    assert_int_equal(w->disk->list(w->disk, "", add_name, &all), ERR_OK);
    assert_string_equal(all.text, "Z d/ z ");
    assert_int_equal(w->disk->list(w->disk, "d", add_name, &inner), ERR_OK);
    assert_string_equal(inner.text, "lock ");
    assert_int_equal(w->disk->list(w->disk, "no", add_name, &all), ERR_NOTFOUND);
}

static void space_is_told(void **state)
{
    struct world *w = *state;
    struct disk_space s = { 0, 0 };
    assert_int_equal(w->disk->space(w->disk, &s), ERR_OK);
    assert_true(s.total > 0);
    assert_true(s.free <= s.total);
}

/* ---- names and things that somebody hostile has put there ---- */

static void check_hostile(struct world *w)
{
    static const char *const bad[] = { "../x", "d/../../x", "/tmp/x", "d/..", "lock", "", "d//x" };
    struct disk *d = w->disk;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        enum err opened = try_open(w, bad[i], DISK_OPEN_WRITE);
        assert_true(opened == ERR_DENIED || (bad[i][0] == 0 && opened == ERR_IO));
        assert_int_equal(d->remove(d, bad[i]), ERR_DENIED);
        assert_int_equal(d->make_dir(d, bad[i]), ERR_DENIED);
        assert_int_equal(d->remove_dir(d, bad[i]), ERR_DENIED);
        assert_int_equal(d->rename(d, "f", bad[i]), ERR_DENIED);
    }
}

static void check_links(struct world *w)
{
    struct disk *d = w->disk;
    assert_int_not_equal(try_open(w, "link", DISK_OPEN_WRITE), ERR_OK);
    assert_int_not_equal(try_open(w, "inner", DISK_OPEN_READ), ERR_OK);
    assert_int_equal(try_open(w, "away", DISK_OPEN_CREATE), ERR_EXISTS);
    assert_int_not_equal(try_open(w, "up/x", DISK_OPEN_CREATE), ERR_OK);
    assert_int_not_equal(d->make_dir(d, "up/x"), ERR_OK);
    assert_int_not_equal(d->remove(d, "up/victim"), ERR_OK);
    assert_int_not_equal(d->list(d, "up", add_name, NULL), ERR_OK);
    assert_int_equal(d->make_dir(d, "up"), ERR_EXISTS);
    assert_int_equal(try_open(w, "pipe", DISK_OPEN_READ), ERR_IO);
    assert_int_equal(try_open(w, "pipe", DISK_OPEN_WRITE), ERR_IO);
}

static void nobody_leaves_the_directory(void **state)
{
    struct world *w = *state;
    struct os_disk *d = container_of(w->disk, struct os_disk, base);
    char victim[160];
    (void)snprintf(victim, sizeof victim, "%s/victim", w->top);
    int fd = open(victim, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
    w->disk->close(w->disk, create(w, "f"));
    assert_int_equal(w->disk->make_dir(w->disk, "d"), ERR_OK);
    assert_int_equal(symlink(victim, at(w, "link")), 0);
    assert_int_equal(symlink("f", at(w, "inner")), 0);
    assert_int_equal(symlink("../nowhere", at(w, "away")), 0);
    assert_int_equal(symlink(w->top, at(w, "up")), 0);
    assert_int_equal(mkfifo(at(w, "pipe"), 0600), 0);
    for (int walks = 0; walks < 2; walks++) {
        check_hostile(w);
        check_links(w);
        d->has_openat2 = false; /* as on an older kernel */
    }
    assert_int_equal(try_open(w, "f", DISK_OPEN_WRITE), ERR_OK);
    assert_int_equal(access(victim, F_OK), 0);
    /* a link may be removed: the link it is that goes */
    assert_int_equal(w->disk->remove(w->disk, "link"), ERR_OK);
    assert_int_equal(access(victim, F_OK), 0);
}

/* ---- operations ---- */

struct waiter {
    pthread_mutex_t mutex;
    pthread_cond_t  woken;
};

static void wake(void *ctx)
{
    struct waiter *w = ctx;
    (void)pthread_mutex_lock(&w->mutex);
    (void)pthread_cond_signal(&w->woken);
    (void)pthread_mutex_unlock(&w->mutex);
}

static void wait_for(struct disk_queue *q, struct waiter *w)
{
    (void)pthread_mutex_lock(&w->mutex);
    while (!disk_queue_has_finished(q)) (void)pthread_cond_wait(&w->woken, &w->mutex);
    (void)pthread_mutex_unlock(&w->mutex);
}

static void note_done(struct disk_op *op)
{
    op->done = NULL;
}

static enum err act(struct disk_queue *q, struct waiter *w, struct disk_op *op)
{
    op->done = note_done;
    disk_submit(q, op);
    while (q->in_flight > 0) {
        wait_for(q, w);
        (void)disk_queue_poll(q);
    }
    assert_null(op->done);
    return op->result;
}

static void every_kind_of_operation_does_its_work(void **state)
{
    struct world *w = *state;
    struct waiter waiter = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER };
    struct disk_queue *q = w->disk->queue_new(w->disk, wake, &waiter);
    uint8_t a[3] = "abc", b[3] = "def", c[10];
    struct disk_span out[2] = { { a, 3 }, { b, 3 } }, in[2] = { { c, 4 }, { c + 4, 6 } };
    const struct disk_op ops[] = {
        { .kind = DISK_MAKE_DIR, .name = "d", .lane = DISK_LANE_BULK },
        { .kind = DISK_OPEN, .mode = DISK_OPEN_CREATE, .name = "d/x", .lane = DISK_LANE_READ },
        { .kind = DISK_ZERO, .length = 3 * MIB - 5 },
        { .kind = DISK_WRITE_SYNC, .spans = out, .spans_count = 2, .offset = 10 },
        { .kind = DISK_WRITE, .spans = out, .spans_count = 1, .offset = 3 * MIB },
        { .kind = DISK_READ, .spans = in, .spans_count = 2, .offset = 8 },
        { .kind = DISK_SYNC },
        { .kind = DISK_TRUNCATE, .length = 12 },
        { .kind = DISK_RENAME, .name = "d/x", .name_to = "y" },
        { .kind = DISK_SYNC_DIR, .name = "" },
        { .kind = DISK_REMOVE_DIR, .name = "d" },
        { .kind = DISK_CLOSE },
        { .kind = DISK_REMOVE, .name = "y" },
    };
    struct disk_file *f = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(ops); i++) {
        struct disk_op op = ops[i];
        op.file = f;
        assert_int_equal(act(q, &waiter, &op), ERR_OK);
        if (op.kind == DISK_OPEN) f = op.file;
        if (op.kind == DISK_READ) assert_int_equal(op.moved, 10);
        if (op.kind == DISK_READ) assert_memory_equal(c, "\0\0abcdef\0\0", 10);
        if (op.kind == DISK_WRITE_SYNC) assert_int_equal(op.moved, 6);
    }
    struct disk_op missing = { .kind = DISK_REMOVE, .name = "y" };
    assert_int_equal(act(q, &waiter, &missing), ERR_NOTFOUND);
    q->ops->free(q);
}

/* What the thread is seen doing, in `wake`, which it calls before it rests again. */
struct witness {
    struct waiter  waiter;
    struct roster *roster;
    struct buf     seen;
};

static void add_thread(void *ctx, const char *name, const char *doing)
{
    buf_printf(ctx, "%s: %s\n", name, doing);
}

static void wake_witness(void *ctx)
{
    struct witness *v = ctx;
    struct threads *all = roster_threads(v->roster);
    (void)pthread_mutex_lock(&v->waiter.mutex);
    v->seen.len = 0;
    all->list(all, add_thread, &v->seen);
    (void)pthread_cond_signal(&v->waiter.woken);
    (void)pthread_mutex_unlock(&v->waiter.mutex);
}

static void a_thread_says_what_it_does_to_which_kind_of_file(void **state)
{
    struct world *w = *state;
    struct witness v = { .waiter = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER },
                         .roster = roster_new() };
    w->disks.base.close(&w->disks.base, w->disk);
    w->disks.roster = v.roster;
    w->disk = open_disk(w);
    struct disk_queue *q = w->disk->queue_new(w->disk, wake_witness, &v);
    static const struct {
        struct disk_op op;
        const char    *text;
    } rows[] = {
        { { .kind = DISK_MAKE_DIR, .name = "d" },
          "disk commit 1: making a directory for a file of the store\n" },
        { { .kind = DISK_SYNC_DIR, .name = "", .matter = DISK_MATTER_JOURNAL },
          "disk commit 1: syncing the directory of the journal\n" },
        { { .kind = DISK_REMOVE, .name = "no", .matter = DISK_MATTER_MESSAGES },
          "disk commit 1: removing a file of messages\n" },
        { { .kind = DISK_RENAME, .name = "d", .name_to = "e", .matter = DISK_MATTER_CHECKPOINT },
          "disk commit 1: renaming a checkpoint\n" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct disk_op op = rows[i].op;
        (void)act(q, &v.waiter, &op);
        (void)pthread_mutex_lock(&v.waiter.mutex);
        assert_string_equal(buf_str(&v.seen), rows[i].text);
        (void)pthread_mutex_unlock(&v.waiter.mutex);
    }
    q->ops->free(q);
    w->disks.base.close(&w->disks.base, w->disk);
    w->disks.roster = roster_free(v.roster);
    w->disk = open_disk(w);
    buf_deinit(&v.seen);
}

/* In a child, whose limit nobody else feels. */
static void a_file_that_may_not_grow_is_a_limit(void **state)
{
    struct world *w = *state;
    struct disk *d = w->disk;
    struct disk_file *f = create(w, "f");
    pid_t child = fork();
    if (child == 0) {
        static uint8_t bytes[8192];
        struct rlimit limit = { 4096, 4096 };
        (void)signal(SIGXFSZ, SIG_IGN);
        bool is_limited = setrlimit(RLIMIT_FSIZE, &limit) == 0;
        enum err e = d->write(d, f, 0, slice_of(bytes, sizeof bytes));
        _exit(is_limited && e == ERR_LIMIT ? 0 : 1);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    d->close(d, f);
}

static void errors_of_the_system_have_the_names_of_the_disk(void **state)
{
    (void)state;
    assert_int_equal(disk_error(ENOENT), ERR_NOTFOUND);
    assert_int_equal(disk_error(ENOTEMPTY), ERR_EXISTS);
    assert_int_equal(disk_error(EROFS), ERR_DENIED);
    assert_int_equal(disk_error(ENOSPC), ERR_LIMIT);
    assert_int_equal(disk_error(EDQUOT), ERR_LIMIT);
    assert_int_equal(disk_error(EMFILE), ERR_LIMIT);
    assert_int_equal(disk_error(EIO), ERR_IO);
    assert_int_equal(disk_error(EBADF), ERR_IO);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(directory_and_files_are_for_their_owner_only),
        TEST(a_second_opener_is_told_who_has_the_store),
        TEST(who_reads_only_changes_nothing_and_keeps_writers_out),
        TEST(a_directory_that_cannot_be_had_is_named),
        TEST(what_is_written_is_read_and_sized),
        TEST(what_is_at_hand_is_read_now),
        TEST(names_change_as_they_should),
        TEST(names_are_listed_in_order_without_the_lock),
        TEST(space_is_told),
        TEST(nobody_leaves_the_directory),
        TEST(every_kind_of_operation_does_its_work),
        TEST(a_thread_says_what_it_does_to_which_kind_of_file),
        TEST(a_file_that_may_not_grow_is_a_limit),
        cmocka_unit_test(errors_of_the_system_have_the_names_of_the_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
