/* SPDX-License-Identifier: Apache-2.0 */
#include "embed/store_import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "store/store_check.h"

/* Space that is asked for, beside what the old store has: blocks are laid out otherwise, and the
 * journal stands beside them. */
enum { SPACE_MARGIN = 4, JOURNAL_FACTOR = 2 };
static const uint64_t journal_most = UINT64_C(512) << 20;
static const uint64_t space_least = UINT64_C(16) << 20;

struct import {
    struct import_run     run;
    char                 *top;      /* the store_dir without '/' at its end */
    char                 *theirs;   /* what has a directory for each account */
    char                 *ours, *staged, *staged_store;
    int                   lock;
    struct import_stream *streams, **streams_end;
    struct import_usage   usage;
};

/* ---- saying ---- */

void import_say(const struct import_run *run, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    run->options->say(run->options->ctx, text);
}

void import_damage(struct import_run *run, const char *format, ...)
{
    char text[2000];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    run->damages++;
    import_say(run, "damaged: %s", text);
}

/* ---- what is there ---- */

static void add_stream(struct import *i, const char *account, const char *directory,
                       const char *name)
{
    struct import_stream *s = xcalloc(1, sizeof *s);
    s->account = xstrdup(account);
    s->name = xstrdup(name);
    s->directory = import_path(directory, name);
    *i->streams_end = s;
    i->streams_end = &s->next;
}

static enum err find_account(struct import *i, const char *account, struct errmsg *why)
{
    struct import_names names;
    char *directory = import_path(i->theirs, account);
    char *streams = import_path(directory, "streams");
    enum err e = import_list(streams, true, &names, why);
    for (uint32_t k = 0; k < names.count; k++) add_stream(i, account, streams, names.at[k]);
    import_names_deinit(&names);
    xfree(directory);
    xfree(streams);
    return e;
}

static enum err find_below(struct import *i, const char *directory, struct errmsg *why)
{
    struct import_names names;
    xfree(i->theirs);
    i->theirs = xstrdup(directory);
    enum err e = import_list(directory, true, &names, why);
    for (uint32_t k = 0; k < names.count && e == ERR_OK; k++) e = find_account(i, names.at[k], why);
    import_names_deinit(&names);
    return e;
}

/* nats-server leaves `jetstream` out when store_dir ends in it. */
static enum err find_streams(struct import *i, struct errmsg *why)
{
    static const char ending[] = "jetstream";
    size_t len = strlen(i->top), most = sizeof ending - 1;
    char *inner = import_path(i->top, ending);
    enum err e = find_below(i, inner, why);
    xfree(inner);
    bool ends = len >= most && strcmp(i->top + len - most, ending) == 0;
    if (e == ERR_OK && i->streams == NULL && ends) e = find_below(i, i->top, why);
    if (e || i->streams != NULL) return e;
    return errmsg_set(why, ERR_NOTFOUND, "%s holds no streams of a nats-server", i->top);
}

static enum err measure(struct import *i, struct import_usage *ret, struct errmsg *why)
{
    enum err e = ERR_OK;
    *ret = (struct import_usage){ 0 };
    for (const struct import_stream *s = i->streams; s != NULL && e == ERR_OK; s = s->next)
        e = import_usage_add(s->directory, ret, why);
    return e;
}

static enum err check_space(struct import *i, struct errmsg *why)
{
    uint64_t free = 0, journal = JOURNAL_FACTOR * i->usage.bytes;
    if (journal > journal_most) journal = journal_most;
    uint64_t need = i->usage.bytes + i->usage.bytes / SPACE_MARGIN + journal + space_least;
    enum err e = import_free(i->top, &free, why);
    if (e || free >= need) return e;
    return errmsg_set(why, ERR_LIMIT,
                      "%s: %llu MiB are needed and %llu MiB are free; nothing was changed", i->top,
                      (unsigned long long)(need >> 20), (unsigned long long)(free >> 20));
}

/* ---- the new store ---- */

static enum err take_lock(struct import *i, struct errmsg *why)
{
    i->lock = open(i->top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (i->lock < 0)
        return errmsg_set(why, ERR_NOTFOUND, "cannot open %s: %s", i->top, strerror(errno));
    if (flock(i->lock, LOCK_EX | LOCK_NB) == 0) return ERR_OK;
    return errmsg_set(why, ERR_BUSY, "another import into %s is under way", i->top);
}

/* What an import has left that was interrupted behind its last step is empty, and goes. */
static enum err refuse(struct import *i, struct errmsg *why)
{
    struct errmsg ignored;
    if (import_exists(i->staged) && !import_exists(i->staged_store))
        (void)!import_remove_all(i->staged, &ignored);
    return errmsg_set(why, ERR_EXISTS, "%s is there already; nothing was changed", i->ours);
}

static enum err prepare(struct import *i, struct errmsg *why)
{
    enum err e = take_lock(i, why);
    if (e) return e;
    if (import_exists(i->ours)) return refuse(i, why);
    e = find_streams(i, why);
    if (e == ERR_OK) e = measure(i, &i->usage, why);
    if (e == ERR_OK) e = check_space(i, why);
    if (e == ERR_OK && import_exists(i->staged))
        import_say(&i->run, "an import before this one was interrupted, and begins anew");
    if (e == ERR_OK) e = import_remove_all(i->staged, why);
    if (e) return e;
    if (mkdir(i->staged, 0700) == 0) return ERR_OK;
    return errmsg_set(why, ERR_IO, "cannot make %s: %s", i->staged, strerror(errno));
}

static enum err open_target(struct import *i, struct errmsg *why)
{
    const struct store_import_options *o = i->run.options;
    const struct at_rest_options options = {
        .env = o->env,
        .store_dir = i->staged,
        .key = o->key,
        .previous_key = o->previous_key,
        .cipher = o->cipher,
        .store_cache = o->store_cache,
    };
    return at_rest_open(&options, &i->run.target, why);
}

/* The first error counts. */
static enum err close_target(struct import *i, enum err e, struct errmsg *why)
{
    struct errmsg ignored;
    enum err closed = at_rest_close(i->run.target, e ? &ignored : why);
    i->run.target = NULL;
    return e ? e : closed;
}

static enum err copy(struct import *i, struct errmsg *why)
{
    enum err e = open_target(i, why);
    if (e) return e;
    for (struct import_stream *s = i->streams; s != NULL && e == ERR_OK; s = s->next)
        e = import_stream_copy(&i->run, s, why);
    return close_target(i, e, why);
}

static void on_check_damage(void *ctx, const char *what)
{
    import_say(ctx, "the new store is damaged: %s", what);
}

static enum err check_files(struct import *i, struct errmsg *why)
{
    const struct store_import_options *o = i->run.options;
    const struct store_check_options options = {
        .env = o->env,
        .directory = i->staged_store,
        .key = slice_str(o->key),
        .ctx = &i->run,
        .on_damage = on_check_damage,
    };
    struct store_check_result r;
    enum err e = store_check(&options, &r, why);
    if (e || r.damages == 0) return e;
    return errmsg_set(why, ERR_CORRUPT, "the new store does not read as it was written");
}

static enum err verify(struct import *i, struct errmsg *why)
{
    import_say(&i->run, "reading it again …");
    enum err e = open_target(i, why);
    if (e) return e;
    for (const struct import_stream *s = i->streams; s != NULL && e == ERR_OK; s = s->next)
        e = import_stream_verify(&i->run, s, why);
    e = close_target(i, e, why);
    return e ? e : check_files(i, why);
}

/* ---- the switch ---- */

static enum err check_outcome(struct import *i, struct errmsg *why)
{
    struct import_usage now;
    enum err e = measure(i, &now, why);
    if (e) return e;
    if (now.bytes != i->usage.bytes || now.print != i->usage.print)
        return errmsg_set(why, ERR_BUSY,
                          "%s changed meanwhile: stop the nats-server that uses it first",
                          i->theirs);
    if (i->run.damages == 0 || i->run.options->accepts_damage) return ERR_OK;
    return errmsg_set(why, ERR_CORRUPT,
                      "%llu pieces are damaged, nothing was changed; to import all the others, say "
                      "--damaged",
                      (unsigned long long)i->run.damages);
}

static enum err switch_over(struct import *i, struct errmsg *why)
{
    enum err e = import_sync_directory(i->staged_store, why);
    if (e) return e;
    if (rename(i->staged_store, i->ours) != 0)
        return errmsg_set(why, ERR_IO, "cannot rename %s to %s: %s", i->staged_store, i->ours,
                          strerror(errno));
    e = import_sync_directory(i->top, why);
    if (e) return e;
    return import_remove_all(i->staged, why);
}

static void summary(const struct import *i)
{
    const struct import_run *r = &i->run;
    import_say(r, "%llu streams with %llu messages (%llu bytes) and %llu consumers are in %s now%s",
               (unsigned long long)r->streams, (unsigned long long)r->messages,
               (unsigned long long)r->bytes, (unsigned long long)r->consumers, i->ours,
               r->damages == 0 ? "" : ", without what was damaged");
    import_say(
        r, "nats-server's own files are as they were; when all is well, they can go: rm -r %s%s",
        i->theirs, strcmp(i->theirs, i->top) == 0 ? "/*/streams" : "");
}

/* ---- all of it ---- */

static void init(struct import *i, const struct store_import_options *o)
{
    struct slice top = slice_str(o->store_dir);
    while (top.len > 1 && top.ptr[top.len - 1] == '/') top.len--;
    *i = (struct import){
        .run.options = o,
        .run.keys = { slice_str(o->key), slice_str(o->previous_key) },
        .lock = -1,
        .streams_end = &i->streams,
    };
    i->top = slice_dup(top);
    i->ours = import_path(i->top, "midge");
    i->staged = import_path(i->top, "midge.import");
    i->staged_store = import_path(i->staged, "midge");
}

static void deinit(struct import *i)
{
    while (i->streams != NULL) {
        struct import_stream *s = i->streams;
        i->streams = s->next;
        import_asset_close(&s->meta);
        xfree(s->account);
        xfree(s->name);
        xfree(s->directory);
        xfree(s);
    }
    char *const texts[] = { i->top, i->theirs, i->ours, i->staged, i->staged_store };
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) xfree(texts[k]);
    if (i->lock >= 0) (void)close(i->lock);
}

enum err store_import(const struct store_import_options *o, struct errmsg *why)
{
    struct import i;
    struct errmsg ignored;
    assert(o->store_dir != NULL && o->say != NULL);
    init(&i, o);
    enum err e = prepare(&i, why);
    bool is_prepared = e == ERR_OK;
    if (e == ERR_OK) e = copy(&i, why);
    if (e == ERR_OK) e = verify(&i, why);
    if (e == ERR_OK) e = check_outcome(&i, why);
    if (e == ERR_OK) e = switch_over(&i, why);
    if (e == ERR_OK) summary(&i);
    else if (is_prepared && import_remove_all(i.staged, &ignored) != ERR_OK)
        import_say(&i.run, "note: %s", ignored.text);
    deinit(&i);
    return e;
}
