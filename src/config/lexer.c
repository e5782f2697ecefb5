/* SPDX-License-Identifier: Apache-2.0 */
/* A table of states. Keys, maps, arrays and what separates them are here, values in
 * lexer_value.c. */
#include "config/lexer.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "config/lexer_internal.h"
#include "json/utf8.h"

/* --- characters --- */

uint32_t lexer_read(struct lexer *l)
{
    struct slice rest = slice_from(l->text, l->at);
    uint32_t rune = RUNE_END;
    l->width = 0;
    if (rest.len == 0) return RUNE_END;
    l->width = utf8_next(rest, &rune);
    if (l->width == 0) {                /* an invalid byte: kept as it is in texts */
        l->width = 1;
        rune = 0xfffd;
    }
    if (rune == '\n') {
        l->line++;
        l->line_start = l->at;
    }
    l->at += l->width;
    return rune;
}

void lexer_back(struct lexer *l)
{
    assert(l->at >= l->width);
    l->at -= l->width;
    if (l->width == 1 && l->text.ptr[l->at] == '\n') l->line--;
}

void lexer_ignore(struct lexer *l)
{
    l->start = l->at;
    l->start_line_start = l->line_start;
}

bool rune_is_space(uint32_t c)
{
    if (c == ' ' || (c >= '\t' && c <= '\r')) return true;
    return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
           c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

struct slice rune_text(uint32_t rune, uint8_t ret_text[RUNE_TEXT_SIZE])
{
    if (rune == '\n') return SLICE_LIT("\\n");
    return slice_of(ret_text, utf8_put(rune, ret_text));
}

bool lexer_comment(struct lexer *l, uint32_t first)
{
    if (first == '/' && lexer_read(l) != '/') {
        lexer_back(l);
        return false;
    }
    uint32_t c;
    do c = lexer_read(l);
    while (!rune_is_break(c) && c != RUNE_END);
    lexer_back(l);
    lexer_ignore(l);
    return true;
}

/* --- items and states --- */

void lexer_emit_text(struct lexer *l, enum item_kind kind, struct slice text)
{
    assert(l->queue_count < ARRAY_COUNT(l->queue));
    l->queue[l->queue_count++] = (struct item){
        .kind = kind,
        .text = text,
        .line = l->line,
        .column = l->start - l->start_line_start,
    };
    lexer_ignore(l);
}

void lexer_emit(struct lexer *l, enum item_kind kind)
{
    lexer_emit_text(l, kind, slice_of(l->text.ptr + l->start, l->at - l->start));
}

enum lexer_state lexer_error(struct lexer *l, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (len >= (int)sizeof(text)) len = (int)sizeof(text) - 1;
    lexer_emit_text(l, ITEM_ERROR, arena_slice(l->arena, slice_of(text, (size_t)len)));
    return STATE_DONE;
}

/* An error whose text quotes a character, which may be NUL: `before` it and `after` it. */
static enum lexer_state error_at(struct lexer *l, const char *before, uint32_t c, const char *after)
{
    uint8_t rune[RUNE_TEXT_SIZE];
    struct slice middle = rune_text(c, rune);
    size_t len = strlen(before) + middle.len + strlen(after);
    char *text = arena_alloc(l->arena, len + 1);
    memcpy(text, before, strlen(before));
    memcpy(text + strlen(before), middle.ptr, middle.len);
    memcpy(text + strlen(before) + middle.len, after, strlen(after));
    lexer_emit_text(l, ITEM_ERROR, slice_of(text, len));
    return STATE_DONE;
}

void lexer_push(struct lexer *l, enum lexer_state state)
{
    assert(l->depth < sizeof(l->stack));
    l->stack[l->depth++] = (uint8_t)state;
}

enum lexer_state lexer_pop(struct lexer *l)
{
    assert(l->depth > 0);
    return (enum lexer_state)l->stack[--l->depth];
}

static enum lexer_state end_reached(struct lexer *l)
{
    lexer_emit_text(l, ITEM_EOF, (struct slice){ 0 });
    return STATE_DONE;
}

enum lexer_state lexer_end_inside(struct lexer *l)
{
    return l->at > l->start ? lexer_error(l, "Unexpected EOF.") : end_reached(l);
}

/* --- keys --- */

static enum lexer_state key_quoted(struct lexer *l, uint32_t quote, bool in_map)
{
    lexer_ignore(l);
    for (;;) {
        uint32_t c = lexer_read(l);
        if (c == quote) break;
        if (c == RUNE_END && !in_map) return lexer_end_inside(l);
        if (c == RUNE_END)
            return lexer_error(l, "Unexpected EOF processing %squoted map key.",
                               quote == '"' ? "double " : "");
    }
    lexer_emit_text(l, ITEM_KEY, slice_of(l->text.ptr + l->start, l->at - 1 - l->start));
    return in_map ? STATE_MAP_KEY_END : STATE_KEY_END;
}

static bool is_include(const struct lexer *l)
{
    return slice_equal_nocase(slice_of(l->text.ptr + l->start, l->at - l->start),
                              SLICE_LIT("include"));
}

static enum lexer_state key_text(struct lexer *l, bool in_map)
{
    for (;;) {
        uint32_t c = lexer_read(l);
        bool space = rune_is_space(c);
        if (c == RUNE_END && in_map) return lexer_error(l, "Unexpected EOF processing map key.");
        if (!space && c != ':' && c != '=' && c != RUNE_END) continue;
        lexer_back(l);
        if (space && is_include(l)) {
            if (in_map) lexer_push(l, STATE_MAP_VALUE_END);
            return STATE_INCLUDE;
        }
        lexer_emit(l, ITEM_KEY);
        return in_map ? STATE_MAP_KEY_END : STATE_KEY_END;
    }
}

static enum lexer_state state_key_text(struct lexer *l)
{
    return key_text(l, false);
}

static enum lexer_state state_map_key_text(struct lexer *l)
{
    return key_text(l, true);
}

/* Skips to where the value starts; at most one separator. */
static uint32_t separator_skip(struct lexer *l)
{
    uint32_t c;
    do c = lexer_read(l);
    while (rune_is_space(c));
    if (c != ':' && c != '=') lexer_back(l);
    lexer_ignore(l);
    return c;
}

static enum lexer_state state_key_end(struct lexer *l)
{
    return separator_skip(l) == RUNE_END ? end_reached(l) : STATE_VALUE;
}

static enum lexer_state state_map_key_end(struct lexer *l)
{
    (void)separator_skip(l);
    return STATE_MAP_VALUE;
}

/* The first character of a key at the top or in a block is read. */
static enum lexer_state key_start(struct lexer *l, uint32_t c, enum lexer_state value_end)
{
    if (c == ':' || c == '=') return lexer_error(l, "Unexpected key separator '%c'", (char)c);
    lexer_push(l, value_end);
    if (c == '"' || c == '\'') return key_quoted(l, c, false);
    return STATE_KEY_TEXT;
}

/* --- the top level, and braces around it --- */

static uint32_t spaces_skip(struct lexer *l)
{
    uint32_t c;
    do {
        lexer_ignore(l);
        c = lexer_read(l);
    } while (rune_is_space(c));
    return c;
}

static enum lexer_state too_deep(struct lexer *l)
{
    return lexer_error(l, "Maps and arrays are nested deeper than %d levels.", LEXER_DEPTH_MAX);
}

/* Where a key may start. `here` is what a comment returns to. */
static enum lexer_state keys(struct lexer *l, enum lexer_state here)
{
    uint32_t c = spaces_skip(l);
    bool in_block = here == STATE_BLOCK;
    if (c == '{') {
        if (l->depth >= LEXER_DEPTH_MAX) return too_deep(l);
        lexer_push(l, in_block ? STATE_BLOCK_END : STATE_TOP);
        return STATE_BLOCK;
    }
    if (c == '}' && in_block) return lexer_pop(l);
    if (c == '#' || c == '/') {
        if (lexer_comment(l, c)) return here;
        return lexer_error(l, "Unexpected EOF.");
    }
    if (c == RUNE_END) return lexer_end_inside(l);
    return key_start(l, c, in_block ? STATE_BLOCK_VALUE_END : STATE_TOP_VALUE_END);
}

static enum lexer_state state_top(struct lexer *l)
{
    return keys(l, STATE_TOP);
}

static enum lexer_state state_block(struct lexer *l)
{
    return keys(l, STATE_BLOCK);
}

/* After a value: the first character behind blanks, comments and lone slashes. */
static uint32_t value_end_skip(struct lexer *l)
{
    for (;;) {
        uint32_t c = lexer_read(l);
        if (c == '#' || c == '/') (void)lexer_comment(l, c);
        else if (!rune_is_blank(c)) return c;
    }
}

static bool ends_value(uint32_t c)
{
    return rune_is_break(c) || c == ',' || c == ';';
}

static enum lexer_state state_top_value_end(struct lexer *l)
{
    uint32_t c = value_end_skip(l);
    if (ends_value(c) || c == '}' || c == RUNE_END) {
        lexer_ignore(l);
        return STATE_TOP;
    }
    return error_at(l,
                    "Expected a top-level value to end with a new line, comment or EOF, but got '",
                    c, "' instead.");
}

static enum lexer_state state_block_value_end(struct lexer *l)
{
    uint32_t c = value_end_skip(l);
    if (ends_value(c)) {
        lexer_ignore(l);
        return STATE_BLOCK;
    }
    if (c == '}') return lexer_pop(l);
    return error_at(
        l, "Expected a block-level value to end with a new line, comment or EOF, but got '", c,
        "' instead.");
}

static enum lexer_state state_block_end(struct lexer *l)
{
    uint32_t c;
    do c = value_end_skip(l);
    while (rune_is_break(c));
    if (c == ',' || c == ';') return STATE_BLOCK;
    if (c == '}') return lexer_pop(l);
    return error_at(l, "Expected a block-level to end with a '}', but got '", c, "' instead.");
}

/* --- maps --- */

/* After a value of a map or array: the first character behind blanks and comments. Here a lone
 * slash counts as a separator. */
static uint32_t item_end_skip(struct lexer *l)
{
    for (;;) {
        uint32_t c = lexer_read(l);
        if (rune_is_blank(c)) continue;
        if ((c == '#' || c == '/') && lexer_comment(l, c)) continue;
        lexer_ignore(l);
        return c;
    }
}

static enum lexer_state map_end(struct lexer *l)
{
    lexer_ignore(l);
    lexer_emit(l, ITEM_MAP_END);
    return lexer_pop(l);
}

static enum lexer_state state_map(struct lexer *l)
{
    uint32_t c = spaces_skip(l);
    if (c == ':' || c == '=') return lexer_error(l, "Unexpected key separator '%c'.", (char)c);
    if (c == ']') return lexer_error(l, "Unexpected array end ']' processing map.");
    if (c == RUNE_END) return lexer_error(l, "Unexpected EOF processing map.");
    if (c == '}') return map_end(l);
    if (c == '"' || c == '\'') return key_quoted(l, c, true);
    if (c != '#' && c != '/') return STATE_MAP_KEY_TEXT;

    uint32_t after_slash = l->at;
    if (lexer_comment(l, c)) return STATE_MAP;
    /* a lone slash is dropped, and what follows is taken into the key unseen */
    l->start = after_slash;
    (void)lexer_read(l);
    return STATE_MAP_KEY_TEXT;
}

static enum lexer_state state_map_value(struct lexer *l)
{
    uint32_t c = spaces_skip(l);
    if (c == ',') return lexer_error(l, "Unexpected map value terminator \",\".");
    if (c == '}') return map_end(l);
    lexer_back(l);
    lexer_push(l, STATE_MAP_VALUE_END);
    return STATE_VALUE;
}

static enum lexer_state state_map_value_end(struct lexer *l)
{
    uint32_t c = item_end_skip(l);
    if (ends_value(c) || c == '/') return STATE_MAP;
    if (c == '}') return map_end(l);
    return error_at(l, "Expected a map value terminator \",\" or a map terminator \"}\", but got '",
                    c, "' instead.");
}

/* --- arrays --- */

static enum lexer_state array_end(struct lexer *l)
{
    lexer_ignore(l);
    lexer_emit(l, ITEM_ARRAY_END);
    return lexer_pop(l);
}

static enum lexer_state state_array(struct lexer *l)
{
    uint32_t c = spaces_skip(l);
    if ((c == '#' || c == '/') && lexer_comment(l, c)) return STATE_ARRAY;
    if (c == ',' || c == '/') return lexer_error(l, "Unexpected array value terminator ','.");
    if (c == ']') return array_end(l);
    lexer_back(l);
    lexer_push(l, STATE_ARRAY_VALUE_END);
    return STATE_VALUE;
}

static enum lexer_state state_array_value_end(struct lexer *l)
{
    uint32_t c = item_end_skip(l);
    if (rune_is_break(c) || c == ',' || c == '/') return STATE_ARRAY;
    if (c == ']') return array_end(l);
    return error_at(
        l, "Expected an array value terminator \",\" or an array terminator \"]\", but got '", c,
        "' instead.");
}

/* --- the machine --- */

static enum lexer_state state_done(struct lexer *l)
{
    return end_reached(l);
}

static const struct {
    enum lexer_state (*run)(struct lexer *);
} states[STATES_COUNT] = {
    [STATE_DONE] = { state_done },
    [STATE_TOP] = { state_top },
    [STATE_TOP_VALUE_END] = { state_top_value_end },
    [STATE_BLOCK] = { state_block },
    [STATE_BLOCK_VALUE_END] = { state_block_value_end },
    [STATE_BLOCK_END] = { state_block_end },
    [STATE_KEY_TEXT] = { state_key_text },
    [STATE_KEY_END] = { state_key_end },
    [STATE_VALUE] = { lexer_value },
    [STATE_MAP] = { state_map },
    [STATE_MAP_KEY_TEXT] = { state_map_key_text },
    [STATE_MAP_KEY_END] = { state_map_key_end },
    [STATE_MAP_VALUE] = { state_map_value },
    [STATE_MAP_VALUE_END] = { state_map_value_end },
    [STATE_ARRAY] = { state_array },
    [STATE_ARRAY_VALUE_END] = { state_array_value_end },
    [STATE_INCLUDE] = { lexer_include },
};

void lexer_init(struct lexer *l, struct slice text, struct arena *arena)
{
    *l = (struct lexer){ .arena = arena, .text = text, .line = 1, .state = STATE_TOP };
}

struct item lexer_next(struct lexer *l)
{
    while (l->queue_count == 0) {
        enum lexer_state next = states[l->state].run(l);
        if (l->depth > LEXER_DEPTH_MAX && l->queue_count == 0) next = too_deep(l);
        l->state = (uint8_t)next;
    }
    struct item item = l->queue[0];
    l->queue[0] = l->queue[1];
    l->queue_count--;
    return item;
}
