/* SPDX-License-Identifier: Apache-2.0 */
/* The text is cut at separators first; a value then loses its blanks and escapes. A blank that is
 * escaped stays. */
#include "crypto/dn.h"

#include "base/assert.h"
#include "base/buf.h"
#include "crypto/dn_types.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_type_byte(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.';
}

static int hex_digit(uint8_t c)
{
    if (is_digit(c)) return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_type(struct slice text, struct arena *arena, const char **ret)
{
    text = slice_trim(text);
    if (text.len == 0) return false;
    for (uint32_t i = 0; i < text.len; i++)
        if (!is_type_byte(text.ptr[i])) return false;
    const struct dn_type *known = is_digit(text.ptr[0]) ? dn_type_by_oid(text)
                                                        : dn_type_by_name(text);
    *ret = known != NULL ? known->name : arena_str(arena, text);
    return true;
}

/* One escape behind its backslash: a hex pair or a special character. Returns its length, 0:
 * bad. */
static uint32_t unescape(struct slice s, uint8_t *ret)
{
    if (s.len == 0) return 0;
    if (s.len >= 2 && hex_digit(s.ptr[0]) >= 0 && hex_digit(s.ptr[1]) >= 0) {
        *ret = (uint8_t)(hex_digit(s.ptr[0]) * 16 + hex_digit(s.ptr[1]));
        return 2;
    }
    *ret = s.ptr[0];
    return s.ptr[0] != 0 && strchr(" \"#+,;<=>\\", s.ptr[0]) != NULL;
}

/* Blanks at the end do not count unless a backslash stands before the first of them. */
static struct slice trim_value(struct slice s)
{
    while (s.len > 0 && s.ptr[0] == ' ') s = slice_from(s, 1);
    uint32_t len = 0;           /* up to the last byte that counts */
    for (uint32_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\\' && i + 1 < s.len) i++;
        else if (s.ptr[i] == ' ') continue;
        len = i + 1;
    }
    return slice_first(s, len);
}

static bool parse_value(struct slice text, struct arena *arena, struct slice *ret)
{
    text = trim_value(text);
    /* "#0401ff" would be a value in BER, "\"a\"" the quotes of RFC 1779: neither is matched. */
    if (text.len > 0 && (text.ptr[0] == '#' || text.ptr[0] == '"')) return false;

    uint8_t *value = arena_alloc(arena, text.len + 1);
    uint32_t len = 0;
    for (uint32_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c == '\\') {
            uint32_t used = unescape(slice_from(text, i + 1), &c);
            if (used == 0) return false;
            i += used;
        } else if (c == 0 || strchr("\";<>", c) != NULL) {
            return false;
        }
        value[len++] = c;
    }
    *ret = slice_of(value, len);
    return true;
}

/* Cuts `*s` before the first unescaped byte of `stops`, which goes to `*ret_stop` (0: none). */
static struct slice cut_unescaped(struct slice *s, const char *stops, char *ret_stop)
{
    for (uint32_t i = 0; i < s->len; i++) {
        uint8_t c = s->ptr[i];
        if (c == '\\') {
            i++;
        } else if (c != 0 && strchr(stops, c) != NULL) {
            struct slice head = slice_first(*s, i);
            *s = slice_from(*s, i + 1);
            *ret_stop = (char)c;
            return head;
        }
    }
    struct slice head = *s;
    *s = slice_from(*s, s->len);
    *ret_stop = 0;
    return head;
}

static bool parse_attr(struct slice text, struct arena *arena, struct dn_attr *ret)
{
    struct slice type;
    return slice_cut(&text, '=', &type) && parse_type(type, arena, &ret->type) &&
           parse_value(text, arena, &ret->value);
}

static void reverse(struct dn *dn)
{
    for (uint32_t i = 0; i < dn->count / 2; i++) {
        struct dn_rdn other = dn->rdns[i];
        dn->rdns[i] = dn->rdns[dn->count - 1 - i];
        dn->rdns[dn->count - 1 - i] = other;
    }
}

enum err dn_parse(struct slice text, struct arena *arena, struct dn *ret)
{
    struct dn dn = { 0 };
    char stop = ',';
    while (stop != 0) {
        if (stop == ',') {
            if (dn.count == DN_RDNS_MAX) return ERR_INVALID;
            arena_push(arena, (void **)&dn.rdns, &dn.count, sizeof *dn.rdns);
        }
        struct dn_rdn *rdn = &dn.rdns[dn.count - 1];
        if (rdn->count == DN_ATTRS_MAX) return ERR_INVALID;
        struct dn_attr *attr = arena_push(arena, (void **)&rdn->attrs, &rdn->count,
                                          sizeof *rdn->attrs);
        struct slice part = cut_unescaped(&text, ",+", &stop);
        if (!parse_attr(part, arena, attr)) return ERR_INVALID;
    }
    reverse(&dn);
    *ret = dn;
    return ERR_OK;
}
