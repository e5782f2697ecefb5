/* SPDX-License-Identifier: Apache-2.0 */
/* Check: what the checks of configurations may ask of the world, and small tests that they share.
 *
 * Pure; thread: any; memory: `arena` gets what defaults and adjustments add. */
#ifndef MIDGE_STREAM_CHECK_H
#define MIDGE_STREAM_CHECK_H

#include "stream/errors.h"
#include "stream/limits.h"
#include "stream/stream_config.h"

struct consumer_config;

/* The streams and consumers of one account, for checks that need others. Entries in any order that
 * does not change during a check; what is returned must stay until its end. */
struct js_directory {
    void *ctx;
    /* NULL: none any more */
    const struct stream_config *(*stream_at)(void *ctx, uint32_t index);
    const struct stream_config *(*stream_find)(void *ctx, struct slice name);
    /* the configuration of a consumer whose name the server made has none */
    const struct consumer_config *(*consumer_at)(void *ctx, struct slice stream, uint32_t index,
                                                 struct slice *ret_name);
    bool (*has_interest)(void *ctx, const char *subject);       /* somebody subscribes */
    /* What consumer_at() would tell one by one; NULL: it must. */
    const struct consumer_config *(*consumer_find)(void *ctx, struct slice stream,
                                                   struct slice name);
    int64_t (*consumers_count)(void *ctx, struct slice stream); /* neither direct nor sourcing */
};

struct js_check {
    const struct js_server_limits  *server;
    const struct js_account_limits *account;    /* of the tier; NULL: none applies */
    const struct js_directory      *directory;
    struct arena *arena;
    bool is_pedantic;
    bool is_tiered;                     /* the account's limits are those of a tier of replicas */
};

/* Not empty, and without blanks, '.', '*', '>', '\' and '/'. */
bool js_name_valid(const char *name);

/* False, with JS_ERR_STREAM_INVALID_CONFIG or JS_ERR_PEDANTIC and this text. */
bool js_config_refuse(struct js_error *ret, const char *text);
bool js_pedantic_refuse(struct js_error *ret, const char *text);

static inline bool js_text_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* Some subject is matched by both; equal ones collide whatever they are, empty ones too. */
bool js_subjects_collide(struct slice a, struct slice b);

#endif
