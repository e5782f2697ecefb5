/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/headers.h"

#include "base/assert.h"

static const struct slice version = { (const uint8_t *)"NATS/1.0", 8 };
static const struct slice crlf = { (const uint8_t *)"\r\n", 2 };

/* Where the line that begins at `at` ends, its CR LF included; `*ret_is_whole` says whether it has
 * one. */
static uint32_t line_end(struct slice block, uint32_t at, bool *ret_is_whole)
{
    uint32_t from = at;
    while (from < block.len) {
        const uint8_t *lf = memchr(block.ptr + from, '\n', block.len - from);
        if (lf == NULL) break;
        uint32_t end = (uint32_t)(lf - block.ptr) + 1;
        if (end - at >= 2 && lf[-1] == '\r') {
            *ret_is_whole = true;
            return end;
        }
        from = end;
    }
    *ret_is_whole = false;
    return block.len;
}

/* One line, with what ends it. */
struct line {
    struct slice whole;
    struct header header; /* both parts empty when there is no ':' */
    bool is_header;
};

static bool line_next(struct slice block, uint32_t *at, struct line *ret_line)
{
    if (*at >= block.len) return false;
    bool is_whole;
    uint32_t end = line_end(block, *at, &is_whole);
    struct slice whole = slice_from(slice_first(block, end), *at);
    struct slice text = slice_first(whole, whole.len - (is_whole ? crlf.len : 0));
    *ret_line = (struct line){ .whole = whole };
    *at = end;
    int64_t colon = slice_find_byte(text, ':');
    if (colon < 0) return true;
    struct slice value = slice_from(text, (uint32_t)colon + 1);
    while (value.len > 0 && value.ptr[0] == ' ') value = slice_from(value, 1);
    ret_line->header = (struct header){ slice_first(text, (uint32_t)colon), value };
    ret_line->is_header = true;
    return true;
}

/* Where the second line begins. */
static uint32_t lines_begin(struct slice block)
{
    bool is_whole;
    return line_end(block, 0, &is_whole);
}

bool headers_next(struct slice block, uint32_t *at, struct header *ret_header)
{
    struct line line;
    if (*at == 0) *at = lines_begin(block);
    while (line_next(block, at, &line)) {
        if (!line.is_header) continue;
        *ret_header = line.header;
        return true;
    }
    return false;
}

bool headers_find(struct slice block, struct slice name, struct slice *ret_value)
{
    struct header header;
    for (uint32_t at = 0; headers_next(block, &at, &header);)
        if (slice_equal(header.name, name)) {
            *ret_value = header.value;
            return true;
        }
    return false;
}

uint32_t headers_scan(struct slice block, const struct slice *names, uint32_t count,
                      struct slice *ret_values)
{
    struct header header;
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) ret_values[i] = (struct slice){ 0 };
    for (uint32_t at = 0; found < count && headers_next(block, &at, &header);)
        for (uint32_t i = 0; i < count; i++) {
            if (header.name.len != names[i].len || !slice_equal(header.name, names[i])) continue;
            if (ret_values[i].ptr == NULL) {
                ret_values[i] = header.value;
                found++;
            }
            break;
        }
    return found;
}

/* Without line ends, which would begin another header. */
static void text_add(struct buf *out, struct slice text)
{
    uint32_t from = out->len;
    buf_add(out, text);
    for (uint32_t i = from; i < out->len; i++)
        if (out->ptr[i] == '\r' || out->ptr[i] == '\n') out->ptr[i] = ' ';
}

static void header_add(struct buf *out, const struct header *header)
{
    assert(header->name.len > 0);
    text_add(out, header->name);
    buf_add_str(out, ": ");
    text_add(out, header->value);
    buf_add(out, crlf);
}

static bool is_removed(const struct line *line, const struct headers_change *c)
{
    for (uint32_t i = 0; i < c->prefixes_count; i++)
        if (slice_starts(line->whole, c->prefixes[i])) return true;
    if (!line->is_header) return false;
    for (uint32_t i = 0; i < c->remove_count; i++)
        if (slice_equal(line->header.name, c->remove[i])) return true;
    return false;
}

/* The first line, perhaps without its status. True: it was changed. */
static bool start_add(struct slice block, bool strip_status, struct buf *out)
{
    struct slice first = slice_first(block, lines_begin(block));
    if (block.len == 0) {
        buf_add(out, version);
        buf_add(out, crlf);
        return false;
    }
    int64_t end = slice_find_byte(block, '\r');
    if (!strip_status || end <= version.len || !slice_starts(block, version)) {
        buf_add(out, first);
        return false;
    }
    buf_add(out, version);
    buf_add(out, slice_from(first, (uint32_t)end));
    return true;
}

static bool ends_with_crlf(const struct buf *out, uint32_t from)
{
    return out->len - from >= crlf.len &&
           memcmp(out->ptr + out->len - crlf.len, crlf.ptr, crlf.len) == 0;
}

/* Adds behind the last line: before the empty line that ends the block. */
static void lines_add(struct buf *out, uint32_t from, const struct header *add, uint32_t count)
{
    static const struct slice end = { (const uint8_t *)"\r\n\r\n", 4 };
    bool is_ended = out->len - from >= end.len &&
                    memcmp(out->ptr + out->len - end.len, end.ptr, end.len) == 0;
    if (is_ended) out->len -= crlf.len;
    else if (!ends_with_crlf(out, from)) buf_add(out, crlf);
    for (uint32_t i = 0; i < count; i++) header_add(out, &add[i]);
    buf_add(out, crlf);
}

void headers_change(struct slice block, const struct headers_change *c, struct buf *out)
{
    if (block.len == 0 && c->add_count == 0) return;
    uint32_t from = out->len;
    struct line line;
    bool is_changed = start_add(block, c->strip_status, out);
    for (uint32_t at = lines_begin(block); line_next(block, &at, &line);) {
        if (!is_removed(&line, c)) buf_add(out, line.whole);
        else is_changed = true;
    }
    if (c->add_count > 0) lines_add(out, from, c->add, c->add_count);
    else if (is_changed && out->len - from <= version.len + 2 * crlf.len) out->len = from;
}

void headers_set(struct slice block, const struct header *header, struct buf *out)
{
    struct line line;
    for (uint32_t at = lines_begin(block); line_next(block, &at, &line);) {
        if (!line.is_header || !slice_equal(line.header.name, header->name)) continue;
        struct slice old = line.header.value;
        buf_add(out, slice_of(block.ptr, (size_t)(old.ptr - block.ptr)));
        text_add(out, header->value);
        buf_add(out, slice_from(block, (uint32_t)(old.ptr - block.ptr) + old.len));
        return;
    }
    const struct headers_change add = { .add = header, .add_count = 1 };
    headers_change(block, &add, out);
}

void headers_status_add(const struct headers_status *s, struct buf *out)
{
    assert(s->code >= 100);
    assert(s->code <= 999);
    buf_printf(out, "NATS/1.0 %u", s->code);
    if (s->text[0] != '\0') buf_add_byte(out, ' ');
    text_add(out, slice_str(s->text));
    buf_add(out, crlf);
    for (uint32_t i = 0; i < s->extra_count; i++) header_add(out, &s->extra[i]);
    buf_add(out, crlf);
}
