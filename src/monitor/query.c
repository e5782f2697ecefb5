/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/query.h"

#include "base/assert.h"
#include "base/buf.h"
#include "json/quote.h"

static int hex(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

char *query_unescape(struct slice text, struct arena *arena)
{
    char *out = arena_alloc(arena, (size_t)text.len + 1);
    uint32_t at = 0;
    for (uint32_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c == '%') {
            if (text.len - i < 3) return NULL;
            int high = hex(text.ptr[i + 1]), low = hex(text.ptr[i + 2]);
            if (high < 0 || low < 0) return NULL;
            c = (uint8_t)(high << 4 | low);
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        out[at++] = c == '\0' ? '?' : (char)c; /* nothing may hide behind the end of a text */
    }
    out[at] = '\0';
    return out;
}

static void add_pair(struct query *q, struct slice pair)
{
    struct slice name;
    if (pair.len == 0 || slice_find_byte(pair, ';') >= 0) return;
    (void)slice_cut(&pair, '=', &name);
    char *key = query_unescape(name, q->arena);
    char *value = query_unescape(pair, q->arena);
    if (key == NULL || value == NULL) return;
    q->pairs[q->count++] = (struct query_pair){ key, value };
}

void query_parse(struct query *q, const char *raw, struct arena *arena)
{
    *q = (struct query){ .arena = arena };
    struct slice rest = slice_str(raw), pair;
    while (rest.len > 0 && q->count < QUERY_PAIRS_MAX) {
        (void)slice_cut(&rest, '&', &pair);
        add_pair(q, pair);
    }
}

const char *query_text(const struct query *q, const char *name)
{
    for (uint32_t i = 0; i < q->count; i++)
        if (strcmp(q->pairs[i].name, name) == 0) return q->pairs[i].value;
    return "";
}

void query_fail(struct query *q, const char *text)
{
    if (q->error == NULL) q->error = text;
}

/* As strconv's errors read: what was wanted, the parameter, the function, the text, the trouble. */
struct trouble {
    const char *kind;
    const char *function;
    const char *text;
};

static void fail_decoding(struct query *q, const char *name, const char *value, struct trouble t)
{
    struct buf quoted = { 0 };
    quote_go(&quoted, slice_str(value));
    query_fail(q, arena_printf(q->arena, "Error decoding %s for '%s': strconv.%s: parsing %s: %s",
                               t.kind, name, t.function, buf_str(&quoted), t.text));
    buf_deinit(&quoted);
}

static const char BAD_SYNTAX[] = "invalid syntax";
static const char OUT_OF_RANGE[] = "value out of range";

bool query_bool(struct query *q, const char *name)
{
    static const char *const yes[] = { "1", "t", "T", "TRUE", "true", "True" };
    static const char *const no[] = { "", "0", "f", "F", "FALSE", "false", "False" };
    const char *value = query_text(q, name);
    for (uint32_t i = 0; i < ARRAY_COUNT(yes); i++)
        if (strcmp(value, yes[i]) == 0) return true;
    for (uint32_t i = 0; i < ARRAY_COUNT(no); i++)
        if (strcmp(value, no[i]) == 0) return false;
    fail_decoding(q, name, value, (struct trouble){ "boolean", "ParseBool", BAD_SYNTAX });
    return false;
}

bool query_bool_or_detail(struct query *q, const char *name, bool *ret_detail)
{
    *ret_detail = slice_equal_nocase(slice_str(query_text(q, name)), SLICE_LIT("detail"));
    return *ret_detail || query_bool(q, name);
}

static bool is_digits(struct slice s)
{
    for (uint32_t i = 0; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9') return false;
    return s.len > 0;
}

int64_t query_int(struct query *q, const char *name)
{
    const char *value = query_text(q, name);
    struct slice s = slice_str(value);
    int64_t number = 0;
    if (s.len == 0 || slice_to_i64(s, &number)) return number;
    bool has_sign = s.ptr[0] == '-' || s.ptr[0] == '+';
    const char *text = is_digits(slice_from(s, has_sign ? 1 : 0)) ? OUT_OF_RANGE : BAD_SYNTAX;
    fail_decoding(q, name, value, (struct trouble){ "int", "Atoi", text });
    return 0;
}

uint64_t query_u64(struct query *q, const char *name)
{
    const char *value = query_text(q, name);
    struct slice s = slice_str(value);
    uint64_t number = 0;
    if (s.len == 0 || slice_to_u64(s, &number)) return number;
    const char *text = is_digits(s) ? OUT_OF_RANGE : BAD_SYNTAX;
    fail_decoding(q, name, value, (struct trouble){ "uint64", "ParseUint", text });
    return 0;
}
