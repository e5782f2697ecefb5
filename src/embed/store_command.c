/* SPDX-License-Identifier: Apache-2.0 */
/* `midge store check [-c FILE] [DIR]` and `midge store import [-c FILE] [--damaged] [DIR]`. DIR is
 * a store_dir; without one the configuration's. The configuration also has the key of an encrypted
 * store. For a check DIR may be the directory of the store itself. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "embed/midge_internal.h"
#include "embed/store_import.h"
#include "store/store_check.h"

enum { PATH_LEN = 4096 };

static const char usage[] =
    "Usage: nats-server store check [-c FILE] [DIR]\n"
    "       nats-server store import [-c FILE] [--damaged] [DIR]\n\n"
    "check   reads all of a store that no server uses, changes nothing, and says what is\n"
    "        damaged.\n"
    "import  makes a store of what nats-server (2.10 to 2.15) has in DIR/jetstream, compares\n"
    "        both, and leaves nats-server's files as they are. The exit code is 0 only when\n"
    "        all is there.\n\n"
    "    DIR         the store_dir; without it that of the configuration\n"
    "    -c FILE     a configuration, for the store_dir and the key of an encrypted store\n"
    "    --damaged   import: what is damaged is named and left out\n";

static bool is_config_flag(const char *arg)
{
    static const char *const forms[] = { "-c", "--c", "-config", "--config" };
    for (uint32_t i = 0; i < ARRAY_COUNT(forms); i++)
        if (strcmp(arg, forms[i]) == 0) return true;
    return false;
}

bool store_command_is(const struct midge *m)
{
    return m->argc > 1 && strcmp(m->argv[1], "store") == 0;
}

static enum err refuse(const char *what, struct errmsg *why)
{
    assert(what != NULL);
    return errmsg_set(why, ERR_INVALID, "store: %s\n\n%s", what, usage);
}

static enum err take_argument(struct midge *m, int *at, struct errmsg *why)
{
    const char *arg = m->argv[*at];
    bool is_import = m->wish == MIDGE_WANTS_STORE_IMPORT;
    if (is_config_flag(arg) && *at + 1 < m->argc) m->flags.config_file = m->argv[++*at];
    else if (is_import && strcmp(arg, "--damaged") == 0) m->store_damaged = true;
    else if (arg[0] == '-') return refuse("a flag is unknown", why);
    else if (m->store_path == NULL) m->store_path = arg;
    else return refuse("one directory at a time", why);
    return ERR_OK;
}

enum err store_command_arguments(struct midge *m, struct errmsg *why)
{
    const char *what = m->argc > 2 ? m->argv[2] : "";
    enum err e = ERR_OK;
    assert(store_command_is(m));
    if (strcmp(what, "check") == 0) m->wish = MIDGE_WANTS_STORE_CHECK;
    else if (strcmp(what, "import") == 0) m->wish = MIDGE_WANTS_STORE_IMPORT;
    else return refuse("check or import?", why);
    for (int i = 3; i < m->argc && e == ERR_OK; i++) e = take_argument(m, &i, why);
    if (e == ERR_OK && m->store_path == NULL && m->flags.config_file == NULL)
        e = refuse("which directory?", why);
    return e;
}

static void on_damage(void *ctx, const char *what)
{
    struct midge *m = ctx;
    buf_printf(&m->text, "damaged: %s\n", what);
}

static void on_stranger(void *ctx, const char *what)
{
    struct midge *m = ctx;
    assert(what != NULL);
    buf_printf(&m->text, "not named by a checkpoint: %s\n", what);
}

static void summary(struct midge *m, const struct store_check_result *r)
{
    buf_printf(&m->text,
               "%llu streams, %llu blocks with %llu messages, %llu messages in the checkpoint log, "
               "%llu records behind it: %llu damaged\n",
               (unsigned long long)r->streams, (unsigned long long)r->blocks,
               (unsigned long long)r->messages, (unsigned long long)r->told,
               (unsigned long long)r->records, (unsigned long long)r->damages);
}

/* The directory itself, or "midge" in it. */
static enum err check(struct midge *m, const char *path, struct slice key, struct errmsg *why)
{
    char inner[PATH_LEN];
    struct store_check_options o = {
        .env = m->env,
        .directory = path,
        .key = key,
        .ctx = m,
        .on_damage = on_damage,
        .on_stranger = on_stranger,
    };
    struct store_check_result r;
    int len = snprintf(inner, sizeof inner, "%s/midge", path);
    if (len < 0 || (size_t)len >= sizeof inner)
        return errmsg_set(why, ERR_INVALID, "the path is too long");
    enum err e = store_check(&o, &r, why);
    if (e == ERR_NOTFOUND) {
        o.directory = inner;
        e = store_check(&o, &r, why);
    }
    if (e) return e;
    summary(m, &r);
    return r.damages == 0 ? ERR_OK : errmsg_set(why, ERR_CORRUPT, "the store is damaged");
}

/* What the command line and the configuration say together. `*ret` (NULL: there is none) is the
 * caller's to free. */
static enum err settle(struct midge *m, struct options **ret, const char **ret_path,
                       struct errmsg *why)
{
    enum err e = ERR_OK;
    *ret = NULL;
    *ret_path = m->store_path;
    if (m->flags.config_file != NULL) e = configure_load(m, ret, why);
    m->text.len = 0;
    if (e) return e;
    if (*ret != NULL && *ret_path == NULL) *ret_path = (*ret)->jetstream.store_dir;
    if (*ret_path != NULL) return ERR_OK;
    return errmsg_set(why, ERR_INVALID, "the configuration names no store_dir");
}

enum err store_command_check(struct midge *m, struct errmsg *why)
{
    struct options *options;
    struct slice key = { 0 };
    const char *path;
    enum err e = settle(m, &options, &path, why);
    if (options != NULL) key = slice_str(options->jetstream.key);
    if (e == ERR_OK) e = check(m, path, key, why);
    options = options_free(options);
    assert(options == NULL);
    return e;
}

enum err store_command_import(struct midge *m, void (*say)(void *ctx, const char *line), void *ctx,
                              struct errmsg *why)
{
    struct options *options;
    const char *path;
    enum err e = settle(m, &options, &path, why);
    struct store_import_options o = {
        .env = m->env,
        .store_dir = path,
        .accepts_damage = m->store_damaged,
        .ctx = ctx,
        .say = say,
    };
    if (options != NULL) {
        o.key = options->jetstream.key;
        o.previous_key = options->jetstream.prev_key;
        o.cipher = options->jetstream.cipher;
        o.store_cache = options->midge.store_cache;
    }
    if (e == ERR_OK) e = store_import(&o, why);
    options = options_free(options);
    assert(options == NULL);
    return e;
}
