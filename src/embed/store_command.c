/* SPDX-License-Identifier: Apache-2.0 */
/* `midge store check [-c FILE] [DIR]`: DIR is a store_dir, or the directory of the store in it;
 * without one the configuration's. The configuration also has the key of an encrypted store. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "embed/midge_internal.h"
#include "store/store_check.h"

enum { PATH_LEN = 4096 };

static const char usage[] =
    "Usage: nats-server store check [-c FILE] [DIR]\n\n"
    "Reads all of a store that no server uses, changes nothing, and says what is damaged.\n"
    "    DIR         the store_dir; without it that of the configuration\n"
    "    -c FILE     a configuration, for the store_dir and the key of an encrypted store\n";

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
    return errmsg_set(why, ERR_INVALID, "store check: %s\n\n%s", what, usage);
}

enum err store_command_arguments(struct midge *m, struct errmsg *why)
{
    bool is_check = m->argc > 2 && strcmp(m->argv[2], "check") == 0;
    assert(store_command_is(m));
    m->wish = MIDGE_WANTS_STORE_CHECK;
    if (!is_check) return refuse("this is what `store` can do", why);
    for (int i = 3; i < m->argc; i++) {
        const char *arg = m->argv[i];
        if (is_config_flag(arg) && i + 1 < m->argc) m->flags.config_file = m->argv[++i];
        else if (arg[0] == '-') return refuse("a flag is unknown", why);
        else if (m->store_path == NULL) m->store_path = arg;
        else return refuse("one directory at a time", why);
    }
    if (m->store_path == NULL && m->flags.config_file == NULL)
        return refuse("which directory?", why);
    return ERR_OK;
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
               "%llu streams, %llu blocks with %llu messages, %llu records behind the last "
               "checkpoint: %llu damaged\n",
               (unsigned long long)r->streams, (unsigned long long)r->blocks,
               (unsigned long long)r->messages, (unsigned long long)r->records,
               (unsigned long long)r->damages);
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

enum err store_command_run(struct midge *m, struct errmsg *why)
{
    struct options *options = NULL;
    struct slice key = { 0 };
    const char *path = m->store_path;
    enum err e = ERR_OK;
    if (m->flags.config_file != NULL) e = configure_load(m, &options, why);
    m->text.len = 0;
    if (e) return e;
    if (options != NULL) key = slice_str(options->jetstream.key);
    if (options != NULL && path == NULL) path = options->jetstream.store_dir;
    if (path == NULL) e = errmsg_set(why, ERR_INVALID, "the configuration names no store_dir");
    else e = check(m, path, key, why);
    if (options != NULL) options = options_free(options);
    assert(options == NULL);
    return e;
}
