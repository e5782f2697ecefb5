/* SPDX-License-Identifier: Apache-2.0 */
/* Values: what the first character announces, and where each kind ends. */
#include "base/assert.h"
#include "config/lexer_internal.h"

static enum lexer_state done(struct lexer *l, enum item_kind kind)
{
    lexer_emit(l, kind);
    return lexer_pop(l);
}

/* --- texts --- */

static void escaped_add(struct lexer *l, struct slice more)
{
    uint32_t len = l->escaped_len + more.len;
    if (len > l->escaped_cap) {
        uint32_t cap = len < 32 ? 64 : 2 * len;
        uint8_t *bigger = arena_alloc(l->arena, cap);
        if (l->escaped_len > 0) memcpy(bigger, l->escaped, l->escaped_len);
        l->escaped = bigger;
        l->escaped_cap = cap;
    }
    if (more.len > 0) memcpy(l->escaped + l->escaped_len, more.ptr, more.len);
    l->escaped_len = len;
}

static void escaped_reset(struct lexer *l)
{
    l->escaped_len = 0;
    l->escaped_cap = 0;                 /* what was built before belongs to an item */
    l->has_escapes = false;
}

static struct slice escaped_text(const struct lexer *l)
{
    return slice_of(l->escaped, l->escaped_len);
}

static int hex_digit(uint32_t c)
{
    if (c >= '0' && c <= '9') return (int)(c - '0');
    if (c >= 'a' && c <= 'f') return (int)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') return (int)(c - 'A') + 10;
    return -1;
}

static bool escape_hex(struct lexer *l)
{
    int high = hex_digit(lexer_read(l));
    int low = high < 0 ? -1 : hex_digit(lexer_read(l));
    if (low >= 0) {
        uint8_t byte = (uint8_t)(high << 4 | low);
        escaped_add(l, slice_of(&byte, 1));
        return true;
    }
    if (high < 0) (void)lexer_read(l);  /* the text of the error shows two characters */
    uint32_t from = l->at >= 2 ? l->at - 2 : 0;
    struct slice got = slice_of(l->text.ptr + from, l->at - from);
    (void)lexer_error(l, "Expected two hexadecimal digits after '\\x', but got '%.*s'",
                      SLICE_ARGS(got));
    return false;
}

static bool escape_other(struct lexer *l, uint32_t c)
{
    static const char names[] = "t\tn\nr\r\"\"\\\\";
    for (const char *n = names; *n != '\0'; n += 2) {
        if (c != (uint32_t)n[0]) continue;
        escaped_add(l, slice_of(&n[1], 1));
        return true;
    }
    uint8_t rune[RUNE_TEXT_SIZE];
    struct slice got = rune_text(c, rune);
    struct slice parts[] = {
        SLICE_LIT("Invalid escape character '"),
        got,
        SLICE_LIT("'. Only the following escape characters are allowed: "
                  "\\xXX, \\t, \\n, \\r, \\\", \\\\."),
    };
    escaped_reset(l);
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) escaped_add(l, parts[i]);
    lexer_emit_text(l, ITEM_ERROR, escaped_text(l));
    return false;
}

/* After a backslash. False: an error was emitted. */
static bool escape(struct lexer *l)
{
    uint32_t from = l->has_escapes ? l->piece : l->start;
    escaped_add(l, slice_of(l->text.ptr + from, l->at - 1 - from));
    l->has_escapes = true;
    uint32_t c = lexer_read(l);
    if (c == 'x' ? !escape_hex(l) : !escape_other(l, c)) return false;
    l->piece = l->at;
    return true;
}

/* What was read since the start, `tail` bytes at the end excepted. */
static void text_emit(struct lexer *l, enum item_kind kind, uint32_t tail)
{
    uint32_t from = l->has_escapes ? l->piece : l->start;
    struct slice rest = slice_of(l->text.ptr + from, l->at - tail - from);
    if (l->has_escapes) escaped_add(l, rest);
    lexer_emit_text(l, kind, l->has_escapes ? escaped_text(l) : rest);
}

static enum lexer_state text_double_quoted(struct lexer *l)
{
    for (;;) {
        uint32_t c = lexer_read(l);
        if (c == RUNE_END) {
            if (l->has_escapes) l->start = l->piece;
            return lexer_end_inside(l);
        }
        if (c == '\\' && !escape(l)) return STATE_DONE;
        if (c != '"') continue;
        text_emit(l, ITEM_TEXT, 1);
        return lexer_pop(l);
    }
}

static enum lexer_state text_single_quoted(struct lexer *l)
{
    uint32_t c;
    do c = lexer_read(l);
    while (c != '\'' && c != RUNE_END);
    if (c == RUNE_END) return lexer_end_inside(l);
    text_emit(l, ITEM_TEXT, 1);
    return lexer_pop(l);
}

static bool is_bool(struct slice s)
{
    static const char *const words[] = { "true", "false", "on", "off", "yes", "no" };
    for (size_t i = 0; i < ARRAY_COUNT(words); i++)
        if (slice_equal_nocase(s, slice_str(words[i]))) return true;
    return false;
}

static void bare_emit(struct lexer *l)
{
    struct slice s = slice_of(l->text.ptr + l->start, l->at - l->start);
    if (l->has_escapes) text_emit(l, ITEM_TEXT, 0);
    else if (is_bool(s)) lexer_emit(l, ITEM_BOOL);
    else if (s.len > 0 && s.ptr[0] == '$' && !slice_starts(s, SLICE_LIT("$2a$")))
        lexer_emit_text(l, ITEM_VARIABLE, slice_from(s, 1));
    else lexer_emit(l, ITEM_TEXT);
}

/* A text without quotes; some of it may have been read already. */
static enum lexer_state text_bare(struct lexer *l)
{
    for (;;) {
        uint32_t c = lexer_read(l);
        if (c == '\\') {
            if (!escape(l)) return STATE_DONE;
        } else if (c == '\'') {
            text_emit(l, ITEM_TEXT, 1);
            return lexer_pop(l);
        } else if (rune_is_break(c) || rune_is_blank(c) || c == RUNE_END || c == ',' || c == ';' ||
                   c == ']' || c == '}') {
            lexer_back(l);
            bare_emit(l);
            return lexer_pop(l);
        }
    }
}

/* `( ... )`: ends at a `)` that is alone on its line. */
static enum lexer_state text_block(struct lexer *l)
{
    bool at_line_start = false;
    for (;;) {
        uint32_t c = lexer_read(l);
        if (c == RUNE_END) return lexer_error(l, "Unexpected EOF processing block.");
        if (c == ')' && at_line_start) {
            uint32_t next = lexer_read(l);
            lexer_back(l);
            if (rune_is_break(next) || next == RUNE_END) {
                /* at the end, nats-server keeps it */
                text_emit(l, ITEM_TEXT, next == RUNE_END ? 0 : 1);
                return lexer_pop(l);
            }
        }
        at_line_start = c == '\n';
    }
}

/* --- numbers, dates, addresses: they all start with a digit, and turn into texts when they go
 * wrong --- */

static bool is_size_letter(uint32_t c)
{
    static const char letters[] = "kKmMgGtTpPeE";
    return c != RUNE_END && c < 0x80 && strchr(letters, (int)c) != NULL;
}

/* After the letter of a size. */
static enum lexer_state number_size(struct lexer *l)
{
    uint32_t c;
    do c = lexer_read(l);
    while (c == 'b' || c == 'B' || c == 'i' || c == 'I');
    lexer_back(l);
    if (rune_is_break(c) || rune_is_blank(c) || c == RUNE_END || c == ',' || c == ';' || c == '}')
        return done(l, ITEM_INTEGER);
    return text_bare(l);
}

/* "1.2." was read. */
static enum lexer_state address(struct lexer *l)
{
    uint32_t c;
    do c = lexer_read(l);
    while (rune_is_digit(c) || c == '.' || c == ':' || c == '-');
    lexer_back(l);
    return done(l, ITEM_TEXT);
}

static enum lexer_state expected(struct lexer *l, const char *before, uint32_t c, const char *after)
{
    uint8_t rune[RUNE_TEXT_SIZE];
    escaped_reset(l);
    escaped_add(l, slice_str(before));
    escaped_add(l, rune_text(c, rune));
    escaped_add(l, slice_str(after));
    lexer_emit_text(l, ITEM_ERROR, escaped_text(l));
    return STATE_DONE;
}

/* "1." was read. */
static enum lexer_state number_fraction(struct lexer *l)
{
    uint32_t c = lexer_read(l);
    if (!rune_is_digit(c))
        return expected(l, "Floats must have a digit after the '.', but got '", c, "' instead.");
    do c = lexer_read(l);
    while (rune_is_digit(c));
    if (c == '.') return address(l);
    lexer_back(l);
    return done(l, ITEM_FLOAT);
}

/* "YYYY-" was read; the rest has one form only. */
static enum lexer_state date(struct lexer *l)
{
    for (const char *form = "00-00T00:00:00Z"; *form != '\0'; form++) {
        uint32_t c = lexer_read(l);
        if (*form == '0') {
            if (rune_is_digit(c)) continue;
            return expected(l, "Expected digit in ISO8601 datetime, but found '", c, "' instead.");
        }
        if (c == (uint32_t)*form) continue;
        char before[64] = "Expected 'X' in ISO8601 datetime, but found '";
        before[10] = *form;
        return expected(l, before, c, "' instead.");
    }
    return done(l, ITEM_DATETIME);
}

static enum lexer_state number(struct lexer *l)
{
    uint32_t c;
    do c = lexer_read(l);
    while (rune_is_digit(c));
    if (c == '-') {
        if (l->at - l->start == sizeof("YYYY-") - 1) return date(l);
        return lexer_error(l, "All ISO8601 dates must be in full Zulu form.");
    }
    if (c == '.') return number_fraction(l);
    if (is_size_letter(c)) return number_size(l);
    if (rune_is_break(c) || rune_is_blank(c) || c == RUNE_END || c == ',' || c == ';' || c == '}') {
        lexer_back(l);
        return done(l, ITEM_INTEGER);
    }
    return text_bare(l);                /* `c` is part of it, whatever it is */
}

static enum lexer_state number_negative(struct lexer *l)
{
    uint32_t c = lexer_read(l);
    if (!rune_is_digit(c)) return expected(l, "Expected a digit but got '", c, "'.");
    do c = lexer_read(l);
    while (rune_is_digit(c));
    if (c == '.') return number_fraction(l);
    if (is_size_letter(c)) return number_size(l);
    lexer_back(l);
    return done(l, ITEM_INTEGER);
}

/* --- what the first character announces --- */

static enum lexer_state container(struct lexer *l, uint32_t c)
{
    lexer_ignore(l);
    lexer_emit(l, c == '{' ? ITEM_MAP_START : ITEM_ARRAY_START);
    return c == '{' ? STATE_MAP : STATE_ARRAY;
}

static uint32_t blanks_skip(struct lexer *l)
{
    uint32_t c;
    do {
        lexer_ignore(l);
        c = lexer_read(l);
    } while (rune_is_blank(c));
    escaped_reset(l);
    return c;
}

enum lexer_state lexer_value(struct lexer *l)
{
    uint32_t c = blanks_skip(l);
    if (rune_is_break(c)) return lexer_error(l, "Expected value but found new line");
    if (rune_is_digit(c)) return number(l);
    switch (c) {
    case '{':
    case '[': return container(l, c);
    case '\'': lexer_ignore(l); return text_single_quoted(l);
    case '"': lexer_ignore(l); return text_double_quoted(l);
    case '(': lexer_ignore(l); return text_block(l);
    case '-': return number_negative(l);
    case '.': return lexer_error(l, "Floats must start with a digit");
    default: lexer_back(l); return text_bare(l);
    }
}

/* --- include --- */

static enum lexer_state include_quoted(struct lexer *l, uint32_t quote)
{
    lexer_ignore(l);
    uint32_t c;
    do c = lexer_read(l);
    while (c != quote && c != RUNE_END);
    if (c == RUNE_END)
        return lexer_error(l, quote == '"' ? "Unexpected EOF in double quoted include"
                                           : "Unexpected EOF in quoted include");
    text_emit(l, ITEM_INCLUDE, 1);
    return lexer_pop(l);
}

static enum lexer_state include_bare(struct lexer *l)
{
    for (;;) {
        uint32_t c = lexer_read(l);
        if (c == '\'') {
            text_emit(l, ITEM_INCLUDE, 1);
            return lexer_pop(l);
        }
        if (rune_is_break(c) || rune_is_blank(c) || c == RUNE_END || c == ';' || c == '}') {
            lexer_back(l);
            return done(l, ITEM_INCLUDE);
        }
    }
}

static const struct {
    char        first;
    const char *what;
} no_include[] = {
    { '-', "start of a number" },  { '\\', "escape sequence" },    { '{', "start of a map" },
    { '[', "start of an array" },  { '(', "start of a block" },
};

enum lexer_state lexer_include(struct lexer *l)
{
    uint32_t c = blanks_skip(l);
    if (rune_is_break(c)) return lexer_error(l, "Expected include value but found new line");
    if (rune_is_digit(c))
        return lexer_error(l, "Expected include value but found start of a number");
    for (size_t i = 0; i < ARRAY_COUNT(no_include); i++)
        if (c == (uint32_t)no_include[i].first)
            return lexer_error(l, "Expected include value but found %s", no_include[i].what);
    if (c == '"' || c == '\'') return include_quoted(l, c);
    lexer_back(l);
    return include_bare(l);
}
