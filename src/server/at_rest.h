/* SPDX-License-Identifier: Apache-2.0 */
/* At rest: a JetStream on a store, without listeners and without life: its streams take and send
 * nothing, nothing in them expires. For the command line, which fills and reads stores
 * (stream/js_import.h).
 *
 * Thread:  one, which also ticks. Memory: owns its options and reactor; the env outlives it. */
#ifndef MIDGE_SERVER_AT_REST_H
#define MIDGE_SERVER_AT_REST_H

#include "base/err.h"
#include "config/options.h"
#include "env/env.h"
#include "stream/jetstream.h"

struct at_rest;

struct at_rest_options {
    struct env  *env;
    const char  *store_dir;     /* the store is "midge" in it */
    const char  *key, *previous_key;    /* NULL: none */
    enum js_cipher cipher;
    int64_t      store_cache;   /* bytes; 0: as by default */
};

MUST_CHECK enum err at_rest_open(const struct at_rest_options *, struct at_rest **ret,
                                 struct errmsg *why);
struct jetstream *at_rest_jetstream(struct at_rest *);
/* Waits a moment when there is nothing to do. */
void at_rest_tick(struct at_rest *);
/* Makes everything durable, and a checkpoint of it; then frees. IO: that failed. NULL is fine. */
MUST_CHECK enum err at_rest_close(struct at_rest *, struct errmsg *why);

#endif
