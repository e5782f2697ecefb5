/* SPDX-License-Identifier: Apache-2.0 */
/* Lexer: cuts a configuration text into items, one at a time.
 *
 * It accepts what nats-server accepts, oddities included (a lone `/` counts as a blank after a
 * value, `[1,2]` swallows its bracket, a NUL byte reads as the end); each is pinned by a test.
 * Thread: one at a time. Memory: the text is borrowed; strings with escapes and error texts are
 * built in the arena. Limits: LEXER_DEPTH_MAX nested maps and arrays; every call makes progress.
 * Positions: lines count from 1. Columns are nats-server's: from 0 on the first line, from 1 on
 * others. */
#ifndef MIDGE_CONFIG_LEXER_H
#define MIDGE_CONFIG_LEXER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

enum { LEXER_DEPTH_MAX = 200 };

enum item_kind {
    ITEM_ERROR,                         /* text: the reason; nothing follows */
    ITEM_EOF,
    ITEM_KEY,
    ITEM_TEXT,
    ITEM_BOOL,
    ITEM_INTEGER,                       /* may have a size suffix */
    ITEM_FLOAT,
    ITEM_DATETIME,
    ITEM_VARIABLE,                      /* without the dollar sign */
    ITEM_INCLUDE,
    ITEM_MAP_START,
    ITEM_MAP_END,
    ITEM_ARRAY_START,
    ITEM_ARRAY_END,
};

struct item {
    enum item_kind kind;
    struct slice   text;
    uint32_t       line;
    uint32_t       column;
};

/* Fields are private to lexer*.c. */
struct lexer {
    struct arena *arena;
    struct slice  text;
    uint32_t      at;
    uint32_t      width;                /* bytes of the last character read; 0 at the end */
    uint32_t      line;
    uint32_t      line_start;           /* where columns are counted from */
    uint32_t      start;                /* of the item being read */
    uint32_t      start_line_start;
    uint8_t      *escaped;              /* of a text with escapes: what it means so far .. */
    uint32_t      escaped_len;
    uint32_t      escaped_cap;
    uint32_t      piece;                /* .. and where the part begins that is not in it yet */
    bool          has_escapes;
    uint8_t       state;
    uint8_t       stack[LEXER_DEPTH_MAX + 8];
    uint32_t      depth;
    struct item   queue[2];
    uint32_t      queue_count;
};

void lexer_init(struct lexer *, struct slice text, struct arena *);
struct item lexer_next(struct lexer *);

#endif
