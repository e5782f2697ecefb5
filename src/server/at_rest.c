/* SPDX-License-Identifier: Apache-2.0 */
#include "server/at_rest.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "server/identity.h"
#include "server/snapshot.h"

struct at_rest {
    struct env       *env;
    struct reactors  *reactors;
    struct identity  *identity;
    struct core      *core;
    struct jetstream *jetstream;
};

static const nanos NAP = MILLISECOND;
/* A disk that does nothing for so long has failed. */
static const nanos CLOSE_MOST = 10 * MINUTE;

static struct options *options_of(const struct at_rest_options *wanted)
{
    struct options *o = options_new();
    struct jetstream_options *js = &o->jetstream;
    js->present = js->enabled = true;
    js->store_dir = arena_str(o->arena, slice_str(wanted->store_dir));
    if (wanted->key != NULL) js->key = arena_str(o->arena, slice_str(wanted->key));
    if (wanted->previous_key != NULL)
        js->prev_key = arena_str(o->arena, slice_str(wanted->previous_key));
    js->cipher = wanted->cipher;
    if (wanted->store_cache > 0) o->midge.store_cache = wanted->store_cache;
    options_finish(o);
    return o;
}

static enum err build(struct at_rest *a, struct options *take_options, struct errmsg *why)
{
    struct settings *settings = NULL;
    a->identity = identity_new(a->env, take_options);
    const struct directory_setup directory = {
        .hash_seed = a->reactors->hash_seed,
        .hidden_suffix = identity_suffix(a->identity),
    };
    enum err e = snapshot_new(a->env, directory, take_options, &settings, why);
    if (e) return e;
    a->core = core_new(a->env, a->reactors, identity_get(a->identity), settings);
    const struct jetstream_setup setup = { .core = a->core, .is_at_rest = true };
    return jetstream_new(&setup, &a->jetstream, why);
}

static void dismantle(struct at_rest *a)
{
    a->jetstream = jetstream_free(a->jetstream);
    a->core = core_free(a->core);
    a->identity = identity_free(a->identity);
    a->reactors = reactors_free(a->reactors);
    xfree(a);
}

enum err at_rest_open(const struct at_rest_options *wanted, struct at_rest **ret,
                      struct errmsg *why)
{
    struct at_rest *a = xcalloc(1, sizeof *a);
    assert(wanted->store_dir != NULL);
    struct options *o = options_of(wanted);
    a->env = wanted->env;
    a->reactors = reactors_new(a->env, 1, (uint64_t)o->midge.memory_limit);
    enum err e = build(a, o, why);
    if (e) {
        dismantle(a);
        return e;
    }
    *ret = a;
    return ERR_OK;
}

struct jetstream *at_rest_jetstream(struct at_rest *a)
{
    return a->jetstream;
}

void at_rest_tick(struct at_rest *a)
{
    (void)reactor_tick(a->reactors->at[0], NAP);
}

enum err at_rest_close(struct at_rest *a, struct errmsg *why)
{
    enum err e = ERR_OK;
    if (a == NULL) return e;
    struct reactor *r = a->reactors->at[0];
    nanos end = clock_monotonic(a->env->clock) + CLOSE_MOST;
    jetstream_stop(a->jetstream);
    while (e == ERR_OK && (!jetstream_is_idle(a->jetstream) || !reactor_is_done(r))) {
        at_rest_tick(a);
        if (clock_monotonic(a->env->clock) >= end)
            e = errmsg_set(why, ERR_IO, "the store could not be written");
    }
    if (e == ERR_OK && jetstream_has_failed(a->jetstream))
        e = errmsg_set(why, ERR_IO, "the store could not be written");
    if (reactor_is_done(r)) dismantle(a);      /* else the process ends soon, its memory with it */
    return e;
}
