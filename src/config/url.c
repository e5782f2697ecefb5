/* SPDX-License-Identifier: Apache-2.0 */
#include "config/url.h"

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* 0: no scheme; -1: a colon where no scheme can be; else its length. */
static int64_t scheme_len(struct slice s)
{
    for (uint32_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (is_letter(c)) continue;
        if (c == ':') return i == 0 ? -1 : (int64_t)i;
        if (i == 0 || (!is_digit(c) && c != '+' && c != '-' && c != '.')) return 0;
    }
    return 0;
}

static bool escapes_valid(struct slice s)
{
    for (uint32_t i = 0; i < s.len; i++)
        if (s.ptr[i] == '%' && (i + 2 >= s.len || !is_hex(s.ptr[i + 1]) || !is_hex(s.ptr[i + 2])))
            return false;
    return true;
}

static bool all_digits(struct slice s)
{
    for (uint32_t i = 0; i < s.len; i++)
        if (!is_digit(s.ptr[i])) return false;
    return true;
}

static bool user_valid(struct slice s)
{
    for (uint32_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (!is_letter(c) && !is_digit(c) && strchr("-._:~!$&'()*+,;=%@", c) == NULL) return false;
    }
    return escapes_valid(s);
}

static bool host_valid(struct slice s)
{
    for (uint32_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        bool plain = is_letter(c) || is_digit(c) || c >= 0x80;
        if (!plain && strchr("-_.~!$&'()*+,;=:[]<>\"", c) == NULL) return false;
    }
    return true;
}

static bool host_port_cut(struct slice s, struct url *u)
{
    if (s.len > 0 && s.ptr[0] == '[') {
        int64_t end = slice_find_byte(s, ']');
        if (end < 0) return false;
        u->host = slice_of(s.ptr + 1, (size_t)end - 1);
        struct slice after = slice_from(s, (uint32_t)end + 1);
        if (after.len > 0 && after.ptr[0] != ':') return false;
        u->port = slice_from(after, 1);
        return all_digits(u->port);
    }
    u->host = s;
    for (uint32_t i = s.len; i-- > 0;) {
        if (s.ptr[i] != ':') continue;
        u->host = slice_first(s, i);
        u->port = slice_from(s, i + 1);
        break;
    }
    return host_valid(u->host) && all_digits(u->port);
}

static bool authority_cut(struct slice s, struct url *u)
{
    for (uint32_t i = s.len; i-- > 0;) {
        if (s.ptr[i] != '@') continue;
        struct slice user = slice_first(s, i), rest = user;
        if (!user_valid(user)) return false;
        u->has_user = true;
        u->has_pass = slice_cut(&rest, ':', &u->user);
        u->pass = rest;
        return host_port_cut(slice_from(s, i + 1), u);
    }
    return host_port_cut(s, u);
}

bool url_parse(struct slice text, struct url *ret_url)
{
    struct url u = { 0 };
    for (uint32_t i = 0; i < text.len; i++)
        if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7f) return false;
    int64_t len = scheme_len(text);
    if (len < 0) return false;
    u.scheme = slice_first(text, (uint32_t)len);
    u.rest = len > 0 ? slice_from(text, (uint32_t)len + 1) : text;
    if (slice_starts(u.rest, SLICE_LIT("//"))) {
        struct slice after = slice_from(u.rest, 2);
        uint32_t end = 0;
        while (end < after.len && strchr("/?#", after.ptr[end]) == NULL) end++;
        u.rest = slice_from(after, end);
        if (!authority_cut(slice_first(after, end), &u)) return false;
    } else if (len == 0) {
        struct slice path = u.rest, first;
        (void)slice_cut(&path, '/', &first);
        if (slice_find_byte(first, ':') >= 0) return false;
    }
    struct slice path = u.rest, before;
    (void)slice_cut(&path, '?', &before);
    if ((len == 0 || (before.len > 0 && before.ptr[0] == '/')) && !escapes_valid(before))
        return false;
    *ret_url = u;
    return true;
}
