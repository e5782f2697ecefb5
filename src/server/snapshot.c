/* SPDX-License-Identifier: Apache-2.0 */
#include "server/snapshot.h"

#include "base/alloc.h"
#include "server/unserved.h"

static void snapshot_free(void *ctx)
{
    struct snapshot *s = ctx;
    s->directory = directory_unref(s->directory);
    s->options = options_free(s->options);
    (void)xfree(s);
}

static enum err fill(struct snapshot *s, struct directory_setup setup, struct errmsg *why)
{
    enum err e = unserved_refuse(s->options, why);
    if (e) return e;
    return directory_new(s->options, setup, &s->directory, why);
}

enum err snapshot_new(struct env *env, struct directory_setup setup, struct options *take_options,
                      struct settings **ret_settings, struct errmsg *why)
{
    (void)env;
    struct snapshot *s = xcalloc(1, sizeof *s);
    s->options = take_options;
    enum err e = fill(s, setup, why);
    if (e) {
        snapshot_free(s);
        return e;
    }
    s->settings.options = s->options;
    s->settings.directory = s->directory;
    s->settings.release = snapshot_free;
    s->settings.ctx = s;
    atomic_init(&s->settings.refs, 1);
    *ret_settings = &s->settings;
    return ERR_OK;
}
