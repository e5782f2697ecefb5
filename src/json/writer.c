/* SPDX-License-Identifier: Apache-2.0 */
#include "json/writer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "json/gotime.h"
#include "json/utf8.h"

enum { DEPTH_MAX = 62 };

struct json_writer json_writer_on(struct buf *out, enum json_style style)
{
    assert(out != NULL);
    return (struct json_writer){ .out = out, .style = style };
}

static void line_begin(struct json_writer *w)
{
    static const char blanks[] = "                                ";
    buf_add_byte(w->out, '\n');
    uint32_t count = w->depth * (uint32_t)w->style;
    while (count > 0) {
        uint32_t part = count < sizeof(blanks) - 1 ? count : (uint32_t)sizeof(blanks) - 1;
        buf_add(w->out, slice_of(blanks, part));
        count -= part;
    }
}

/* The comma and the new line before a member of the container that we are in. */
static void member_begin(struct json_writer *w)
{
    if (w->depth == 0) return;
    uint64_t bit = (uint64_t)1 << w->depth;
    if (w->has_items & bit) buf_add_byte(w->out, ',');
    w->has_items |= bit;
    if (w->style != JSON_COMPACT) line_begin(w);
}

static void value_begin(struct json_writer *w)
{
    bool in_object = (w->is_object >> w->depth & 1) != 0;
    assert(in_object == w->has_key);
    if (!w->has_key) member_begin(w);
    w->has_key = false;
}

static void container_begin(struct json_writer *w, bool is_object)
{
    value_begin(w);
    assert(w->depth < DEPTH_MAX);
    w->depth++;
    uint64_t bit = (uint64_t)1 << w->depth;
    w->has_items &= ~bit;
    w->is_object = is_object ? w->is_object | bit : w->is_object & ~bit;
    buf_add_byte(w->out, is_object ? '{' : '[');
}

static void container_end(struct json_writer *w, bool is_object)
{
    assert(w->depth > 0);
    assert(!w->has_key);
    uint64_t bit = (uint64_t)1 << w->depth;
    assert(((w->is_object & bit) != 0) == is_object);
    bool had_items = (w->has_items & bit) != 0;
    w->is_object &= ~bit;
    w->depth--;
    if (had_items && w->style != JSON_COMPACT) line_begin(w);
    buf_add_byte(w->out, is_object ? '}' : ']');
}

void json_object_begin(struct json_writer *w)
{
    container_begin(w, true);
}
void json_object_end(struct json_writer *w)
{
    container_end(w, true);
}
void json_array_begin(struct json_writer *w)
{
    container_begin(w, false);
}
void json_array_end(struct json_writer *w)
{
    container_end(w, false);
}

void json_key(struct json_writer *w, const char *name)
{
    json_key_slice(w, slice_str(name));
}

void json_key_slice(struct json_writer *w, struct slice name)
{
    assert((w->is_object >> w->depth & 1) != 0);
    assert(!w->has_key);
    member_begin(w);
    json_quote(w->out, name, w->raw_html);
    buf_add_byte(w->out, ':');
    if (w->style != JSON_COMPACT) buf_add_byte(w->out, ' ');
    w->has_key = true;
}

void json_null(struct json_writer *w)
{
    json_raw(w, SLICE_LIT("null"));
}

void json_bool(struct json_writer *w, bool value)
{
    json_raw(w, value ? SLICE_LIT("true") : SLICE_LIT("false"));
}

void json_i64(struct json_writer *w, int64_t value)
{
    value_begin(w);
    if (value < 0) buf_add_byte(w->out, '-');
    buf_add_u64(w->out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void json_u64(struct json_writer *w, uint64_t value)
{
    value_begin(w);
    buf_add_u64(w->out, value);
}

void json_double(struct json_writer *w, double value)
{
    char text[JSON_DOUBLE_SIZE];
    json_raw(w, slice_str(json_double_text(value, text)));
}

void json_str(struct json_writer *w, const char *text)
{
    json_slice(w, slice_str(text));
}

void json_slice(struct json_writer *w, struct slice text)
{
    value_begin(w);
    json_quote(w->out, text, w->raw_html);
}

void json_time(struct json_writer *w, nanos since_1970)
{
    char text[GOTIME_TEXT_SIZE];
    json_str(w, gotime_rfc3339_text(since_1970, text));
}

void json_duration_str(struct json_writer *w, nanos d)
{
    char text[GOTIME_TEXT_SIZE];
    json_str(w, gotime_duration_text(d, text));
}

void json_raw(struct json_writer *w, struct slice json)
{
    value_begin(w);
    buf_add(w->out, json);
}

/* --- strings --- */

/* A bit for each ASCII character that stands for itself: all from the blank on but `"` and `\\`;
 * `<`, `>` and `&` only in raw HTML. */
enum { ASCII_WORDS = 2 };
#define BIT(c)     (UINT64_C(1) << ((c)&63))
#define PLAIN_LOW (UINT64_MAX << ' ' & ~BIT('"'))
#define PLAIN_HIGH (UINT64_MAX & ~BIT('\\'))
static const uint64_t plain_ascii[2][ASCII_WORDS] = {
    [false] = { PLAIN_LOW & ~BIT('<') & ~BIT('>') & ~BIT('&'), PLAIN_HIGH },
    [true] = { PLAIN_LOW, PLAIN_HIGH },
};

static inline bool is_plain(const uint64_t words[ASCII_WORDS], uint8_t c)
{
    return c < 0x80 && (words[c >> 6] >> (c & 63) & 1) != 0;
}

static uint32_t plain_run(struct slice text, uint32_t at, bool raw_html)
{
    const uint64_t *words = plain_ascii[raw_html];
    while (at < text.len && is_plain(words, text.ptr[at])) at++;
    return at;
}

static void escape_ascii(struct buf *out, uint8_t c)
{
    static const char names[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (const char *n = names; *n != '\0'; n += 2) {
        if ((uint8_t)n[0] != c) continue;
        buf_add_byte(out, '\\');
        buf_add_byte(out, (uint8_t)n[1]);
        return;
    }
    static const char hex[] = "0123456789abcdef";
    buf_add_str(out, "\\u00");
    buf_add_byte(out, (uint8_t)hex[c >> 4]);
    buf_add_byte(out, (uint8_t)hex[c & 15]);
}

/* One character of several bytes; returns how many bytes it used up. */
static uint32_t escape_wide(struct buf *out, struct slice rest)
{
    uint32_t rune;
    uint32_t len = utf8_next(rest, &rune);
    if (len == 0) {
        buf_add_str(out, "\\ufffd");
        return 1;
    }
    if (rune == 0x2028 || rune == 0x2029) buf_add_str(out, rune == 0x2028 ? "\\u2028" : "\\u2029");
    else buf_add(out, slice_first(rest, len));
    return len;
}

void json_quote(struct buf *out, struct slice text, bool raw_html)
{
    buf_reserve(out, text.len + 2);
    buf_add_byte(out, '"');
    uint32_t at = 0;
    while (at < text.len) {
        uint32_t plain = plain_run(text, at, raw_html);
        buf_add(out, slice_of(text.ptr + at, plain - at));
        at = plain;
        if (at == text.len) break;
        if (text.ptr[at] < 0x80) escape_ascii(out, text.ptr[at++]);
        else at += escape_wide(out, slice_from(text, at));
    }
    buf_add_byte(out, '"');
}

/* --- doubles: the fewest digits that read back equal, then Go's choice of form --- */

/* Digits without a point and the decimal exponent of the first; returns how many digits. Whatever
 * the C library's locale uses as a decimal point is skipped. */
static int digits_of(double value, char ret_digits[20], int *ret_exponent)
{
    char text[48];
    for (int precision = 0; precision <= 16; precision++) {
        (void)snprintf(text, sizeof(text), "%.*e", precision, value);
        if (strtod(text, NULL) == value) break;
    }
    int count = 0;
    const char *c = text;
    for (; *c != 'e' && *c != '\0'; c++)
        if (*c >= '0' && *c <= '9') ret_digits[count++] = *c;
    assert(*c == 'e');
    int64_t exponent = 0;
    bool number = slice_to_i64(slice_str(c + 1), &exponent);
    assert(number);
    *ret_exponent = (int)exponent;
    return count;
}

static void exponent_form(char *at, const char *digits, int count, int exponent)
{
    *at++ = digits[0];
    if (count > 1) {
        *at++ = '.';
        for (int i = 1; i < count; i++) *at++ = digits[i];
    }
    (void)snprintf(at, 14, "e%c%d", exponent < 0 ? '-' : '+', exponent < 0 ? -exponent : exponent);
}

static void plain_form(char *at, const char *digits, int count, int exponent)
{
    if (exponent < 0) {
        *at++ = '0';
        *at++ = '.';
        for (int i = exponent + 1; i < 0; i++) *at++ = '0';
        for (int i = 0; i < count; i++) *at++ = digits[i];
    } else {
        int last = count - 1 > exponent ? count - 1 : exponent;
        for (int i = 0; i <= last; i++) {
            if (i == exponent + 1) *at++ = '.';
            *at++ = i < count ? digits[i] : '0';
        }
    }
    *at = '\0';
}

const char *json_double_text(double value, char ret_text[JSON_DOUBLE_SIZE])
{
    assert(isfinite(value));
    char *at = ret_text;
    if (signbit(value)) {
        *at++ = '-';
        value = -value;
    }
    char digits[20];
    int exponent;
    int count = digits_of(value, digits, &exponent);
    bool far = value != 0 && (value < 1e-6 || value >= 1e21);
    if (far) exponent_form(at, digits, count, exponent);
    else plain_form(at, digits, count, exponent);
    return ret_text;
}
