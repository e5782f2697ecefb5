/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http.h"

#include "base/assert.h"

/* RFC 9110, section 5.6.2: what a method or a header name may consist of. */
static bool is_token(struct slice s)
{
    for (uint32_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        bool digit = c >= '0' && c <= '9';
        if (!letter && !digit && (c == 0 || strchr("!#$%&'*+-.^_`|~", c) == NULL)) return false;
    }
    return s.len > 0;
}

/* Neither control characters nor, in a target, blanks. */
static bool is_clean(struct slice s, bool blanks)
{
    for (uint32_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (c == 0x7f || (c < ' ' && !(blanks && c == '\t')) || (c == ' ' && !blanks)) return false;
    }
    return true;
}

/* Cuts a line off, without its LF or CR LF. */
static bool take_line(struct slice *in, struct slice *ret)
{
    int64_t end = slice_find_byte(*in, '\n');
    if (end < 0) return false;
    *ret = slice_first(*in, (uint32_t)end);
    *in = slice_from(*in, (uint32_t)end + 1);
    if (ret->len > 0 && ret->ptr[ret->len - 1] == '\r') ret->len--;
    return true;
}

/* "http://host/path?query" or "/path?query". */
static bool split_target(struct http_head *head)
{
    struct slice rest = head->target, part;
    int64_t scheme = slice_find_byte(rest, ':');
    bool absolute = scheme > 0 && rest.ptr[0] != '/' &&
                    slice_starts(slice_from(rest, (uint32_t)scheme), SLICE_LIT("://"));
    if (absolute) {
        rest = slice_from(rest, (uint32_t)scheme + 3);
        int64_t slash = slice_find_byte(rest, '/');
        uint32_t end = slash < 0 ? rest.len : (uint32_t)slash;
        head->host = slice_first(rest, end);
        rest = slice_from(rest, end);
    } else if (rest.len == 0 || rest.ptr[0] != '/') {
        return false;
    }
    (void)slice_cut(&rest, '?', &part);
    head->path = part;
    return true;
}

static enum http_verdict parse_request_line(struct slice line, struct http_head *head)
{
    if (!slice_cut(&line, ' ', &head->method) || !slice_cut(&line, ' ', &head->target))
        return HTTP_BAD;
    if (!is_token(head->method) || !is_clean(head->target, false)) return HTTP_BAD;
    if (line.len != 8 || !slice_starts(line, SLICE_LIT("HTTP/")) || line.ptr[6] != '.')
        return HTTP_BAD;
    if (line.ptr[5] != '1') return HTTP_VERSION;
    if (line.ptr[7] < '0' || line.ptr[7] > '9') return HTTP_BAD;
    head->is_old = line.ptr[7] == '0';
    return split_target(head) ? HTTP_OK : HTTP_BAD;
}

/* Lines that continue a header by a blank at their start are obsolete and refused, as RFC 9112
 * asks. */
static enum http_verdict parse_header(struct slice line, struct http_head *head)
{
    struct slice name;
    if (head->headers_count == HTTP_HEADERS_MAX) return HTTP_TOO_LARGE;
    if (!slice_cut(&line, ':', &name) || !is_token(name) || !is_clean(line, true)) return HTTP_BAD;
    struct slice value = slice_trim(line);
    if (slice_equal_nocase(name, SLICE_LIT("Host"))) {
        if (head->has_host) return HTTP_BAD;
        head->has_host = true;
        if (head->host.len == 0) head->host = value;
    }
    head->headers[head->headers_count++] = (struct http_header){ name, value };
    return HTTP_OK;
}

enum http_verdict http_parse(struct slice in, struct http_head *ret)
{
    struct slice rest = slice_first(in, HTTP_HEAD_MAX), line;
    memset(ret, 0, offsetof(struct http_head, headers));
    if (!take_line(&rest, &line)) return in.len >= HTTP_HEAD_MAX ? HTTP_TOO_LARGE : HTTP_MORE;
    enum http_verdict verdict = parse_request_line(line, ret);
    while (verdict == HTTP_OK) {
        if (!take_line(&rest, &line)) return in.len >= HTTP_HEAD_MAX ? HTTP_TOO_LARGE : HTTP_MORE;
        if (line.len == 0) {
            ret->consumed = (uint32_t)(rest.ptr - in.ptr);
            return HTTP_OK;
        }
        verdict = parse_header(line, ret);
    }
    return verdict;
}

static bool is_named(const struct http_header *header, const char *name)
{
    return slice_equal_nocase(header->name, slice_str(name));
}

struct slice http_header(const struct http_head *head, const char *name)
{
    for (uint32_t i = 0; i < head->headers_count; i++)
        if (is_named(&head->headers[i], name)) return head->headers[i].value;
    return (struct slice){ 0 };
}

static bool list_has(struct slice list, struct slice token, char separator)
{
    struct slice part;
    for (bool more = true; more;) {
        more = slice_cut(&list, (uint8_t)separator, &part);
        if (slice_equal_nocase(slice_trim(part), token)) return true;
        if (separator == ',' && list_has(part, token, ';')) return true;
    }
    return false;
}

static bool plain_list_has(struct slice list, struct slice token)
{
    struct slice part;
    for (bool more = true; more;) {
        more = slice_cut(&list, ',', &part);
        if (slice_equal_nocase(slice_trim(part), token)) return true;
    }
    return false;
}

bool http_has_token(const struct http_head *head, const char *name, const char *token,
                    bool with_parameters)
{
    for (uint32_t i = 0; i < head->headers_count; i++) {
        struct slice value = head->headers[i].value;
        if (!is_named(&head->headers[i], name)) continue;
        if (with_parameters ? list_has(value, slice_str(token), ',')
                            : plain_list_has(value, slice_str(token)))
            return true;
    }
    return false;
}

bool http_is_last(const struct http_head *head)
{
    if (http_has_token(head, "Connection", "close", false)) return true;
    return head->is_old && !http_has_token(head, "Connection", "keep-alive", false);
}

static bool cookie_in(struct slice list, struct slice name, struct slice *ret_value)
{
    struct slice pair, found;
    for (bool more = true; more;) {
        more = slice_cut(&list, ';', &pair);
        if (!slice_cut(&pair, '=', &found) || !slice_equal(slice_trim(found), name)) continue;
        pair = slice_trim(pair);
        bool quoted = pair.len >= 2 && pair.ptr[0] == '"' && pair.ptr[pair.len - 1] == '"';
        *ret_value = quoted ? slice_of(pair.ptr + 1, pair.len - 2) : pair;
        return true;
    }
    return false;
}

bool http_cookie(const struct http_head *head, struct slice name, struct slice *ret_value)
{
    for (uint32_t i = 0; i < head->headers_count; i++)
        if (is_named(&head->headers[i], "Cookie") &&
            cookie_in(head->headers[i].value, name, ret_value))
            return true;
    return false;
}
