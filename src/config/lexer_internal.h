/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the lexer share: its states and the reading of characters.
 *
 * Thread and memory: as lexer.h. A state is a function that reads on and says which state comes
 * next. */
#ifndef MIDGE_CONFIG_LEXER_INTERNAL_H
#define MIDGE_CONFIG_LEXER_INTERNAL_H

#include "base/compiler.h"
#include "config/lexer.h"

enum lexer_state {
    STATE_DONE,                         /* the end or an error: nothing follows */
    STATE_TOP,                          /* a key is expected .. */
    STATE_TOP_VALUE_END,                /* .. or what ends the value before it */
    STATE_BLOCK,                        /* the same inside braces around the whole file */
    STATE_BLOCK_VALUE_END,
    STATE_BLOCK_END,                    /* after braces inside such braces */
    STATE_KEY_TEXT,                     /* the rest of a bare key; its first character is read */
    STATE_KEY_END,
    STATE_VALUE,
    STATE_MAP,                          /* a key of a map is expected */
    STATE_MAP_KEY_TEXT,
    STATE_MAP_KEY_END,
    STATE_MAP_VALUE,
    STATE_MAP_VALUE_END,
    STATE_ARRAY,                        /* a value of an array is expected */
    STATE_ARRAY_VALUE_END,
    STATE_INCLUDE,
    STATES_COUNT,
};

enum { RUNE_END = 0 };                  /* the end of the text, or a NUL byte */

/* The next character; RUNE_END at the end. lexer_back() undoes exactly one call. */
uint32_t lexer_read(struct lexer *);
void     lexer_back(struct lexer *);
void     lexer_ignore(struct lexer *);  /* the item starts here */

void lexer_emit(struct lexer *, enum item_kind);            /* from start to here */
void lexer_emit_text(struct lexer *, enum item_kind, struct slice text);
enum lexer_state lexer_error(struct lexer *, const char *format, ...) PRINTF_LIKE(2, 3);

/* The text ends within an item: an error, or the plain end if the item has no character yet. */
enum lexer_state lexer_end_inside(struct lexer *);

void lexer_push(struct lexer *, enum lexer_state);
enum lexer_state lexer_pop(struct lexer *);

/* For error texts: the character, a line break as `\n`. `ret_text` has room for it. */
enum { RUNE_TEXT_SIZE = 8 };
struct slice rune_text(uint32_t rune, uint8_t ret_text[RUNE_TEXT_SIZE]);

static inline bool rune_is_blank(uint32_t c)
{
    return c == ' ' || c == '\t';
}
static inline bool rune_is_break(uint32_t c)
{
    return c == '\n' || c == '\r';
}
static inline bool rune_is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}
bool rune_is_space(uint32_t c);                             /* as Unicode sees it */

/* After a `#`, or the first `/` of what may be `//`: reads the comment to the end of its line.
 * False when it was no second slash; that character is put back. */
bool lexer_comment(struct lexer *, uint32_t first);

/* In lexer_value.c. Each ends with the state that lexer_pop() gives. */
enum lexer_state lexer_value(struct lexer *);
enum lexer_state lexer_include(struct lexer *);

#endif
