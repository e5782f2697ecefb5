/* SPDX-License-Identifier: Apache-2.0 */
/* Parser: from the text of a configuration to a tree of values, with variables and includes
 * resolved.
 *
 * Pure: files and the environment come through `struct config_source`.
 * Thread: one at a time. Memory: the tree lives in the caller's arena.
 * Errors: the first mistake ends it, with nats-server's text. Limits: PARSER_TEXT_MAX bytes over
 * all files,
 * PARSER_INCLUDES_MAX includes, PARSER_INCLUDE_DEPTH_MAX inside each other, LEXER_DEPTH_MAX nested
 * values,
 * VALUE_WEIGHT_MAX values when variables are unfolded. */
#ifndef MIDGE_CONFIG_PARSER_H
#define MIDGE_CONFIG_PARSER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/value.h"

enum {
    PARSER_TEXT_MAX = 64 << 20,
    PARSER_INCLUDES_MAX = 1000,
    PARSER_INCLUDE_DEPTH_MAX = 32,
};

struct config_source {
    void *ctx;
    /* Appends the whole file to `*ret_text`; on failure says why in the words of the system, with
     * the path ("open x.conf: no such file or directory"). */
    bool (*read)(void *ctx, const char *path, struct buf *ret_text, struct errmsg *why);
    /* The variable of the environment, or NULL. Valid until the next call. */
    const char *(*getenv)(void *ctx, const char *name);
};

/* `*ret_root` is a map, perhaps an empty one. ERR_INVALID or ERR_LIMIT with the reason in `why`. */
MUST_CHECK enum err parser_file(const struct config_source *, const char *path, struct arena *,
                                struct value **ret_root, struct errmsg *why);

#endif
