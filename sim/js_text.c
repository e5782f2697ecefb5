/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/js_text.h"

#include "base/digits.h"

/* Past a string whose opening quote stands at `at`. */
static uint32_t past_string(struct slice json, uint32_t at)
{
    for (at++; at < json.len && json.ptr[at] != '"'; at++)
        if (json.ptr[at] == '\\') at++;
    return at + 1;
}

/* Past a value that begins at `at`. */
static uint32_t past_value(struct slice json, uint32_t at)
{
    uint32_t depth = 0;
    while (at < json.len) {
        char c = (char)json.ptr[at];
        if (depth == 0 && (c == ',' || c == '}' || c == ']')) return at;
        if (c == '{' || c == '[') depth++;
        if (c == '}' || c == ']') depth--;
        at = c == '"' ? past_string(json, at) : at + 1;
        if (depth == 0 && (c == '"' || c == '}' || c == ']')) return at;
    }
    return at;
}

static struct slice part(struct slice s, uint32_t from, uint32_t to)
{
    if (to > s.len) to = s.len;
    return from >= to ? (struct slice){ 0 } : slice_of(s.ptr + from, to - from);
}

struct slice js_text_value(struct slice json, const char *key)
{
    struct slice want = slice_str(key);
    uint32_t at = 1;
    if (json.len == 0 || json.ptr[0] != '{') return (struct slice){ 0 };
    while (at < json.len && json.ptr[at] == '"') {
        uint32_t end = past_string(json, at);
        struct slice name = part(json, at + 1, end - 1);
        uint32_t begin = end + 1; /* the colon */
        end = past_value(json, begin);
        if (slice_equal(name, want)) return part(json, begin, end);
        at = end + 1; /* the comma */
    }
    return (struct slice){ 0 };
}

uint64_t js_text_number(struct slice json, const char *key)
{
    uint64_t number = 0;
    (void)slice_to_u64(js_text_value(json, key), &number);
    return number;
}

bool js_text_has(struct slice json, const char *key)
{
    return js_text_value(json, key).len > 0;
}

bool js_text_next(struct slice *array, uint64_t *ret_number)
{
    uint32_t at = 0;
    while (at < array->len && (array->ptr[at] < '0' || array->ptr[at] > '9')) at++;
    uint32_t end = at;
    while (end < array->len && array->ptr[end] >= '0' && array->ptr[end] <= '9') end++;
    bool found = slice_to_u64(part(*array, at, end), ret_number);
    *array = slice_from(*array, end);
    return found;
}

struct slice js_text_header(struct slice block, const char *name)
{
    struct slice line, key, want = slice_str(name);
    while (block.len > 0) {
        (void)slice_cut(&block, '\n', &line);
        if (slice_cut(&line, ':', &key) && slice_equal(key, want)) return slice_trim(line);
    }
    return (struct slice){ 0 };
}

static uint64_t digits(struct slice text, uint32_t at, uint32_t count)
{
    uint64_t number = 0;
    return at + count <= text.len && slice_to_u64(part(text, at, at + count), &number) ? number : 0;
}

static uint64_t days_of(uint64_t year, uint64_t month, uint64_t day)
{
    static const uint32_t before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
    uint64_t past = year - 1970, leaps = (year - 1969) / 4; /* until 2100 */
    bool is_leap = year % 4 == 0 && month > 2;
    return past * 365 + leaps + before[(month - 1) % 12] + day - 1 + is_leap;
}

int64_t js_text_time(struct slice text)
{
    uint64_t year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
    uint64_t part_ns = 0, unit = 100000000;
    if (text.len < 20 || year < 1970 || month == 0 || day == 0) return 0;
    for (uint32_t at = 20; at < text.len && text.ptr[at] != 'Z'; at++, unit /= 10)
        part_ns += digits(text, at, 1) * unit;
    uint64_t seconds = days_of(year, month, day) * 86400 + digits(text, 11, 2) * 3600 +
                       digits(text, 14, 2) * 60 + digits(text, 17, 2);
    return (int64_t)(seconds * 1000000000 + part_ns);
}

bool js_text_contains(struct slice text, const char *what)
{
    struct slice want = slice_str(what);
    for (uint32_t at = 0; at + want.len <= text.len; at++)
        if (slice_starts(slice_from(text, at), want)) return true;
    return false;
}

uint32_t js_text_status(struct slice block)
{
    uint64_t status = 0;
    struct slice line, rest = block;
    (void)slice_cut(&rest, '\n', &line);
    if (!slice_starts(line, SLICE_LIT("NATS/1.0 "))) return 0;
    (void)slice_to_u64(slice_first(slice_from(line, 9), 3), &status);
    return (uint32_t)status;
}

bool js_text_damage(struct slice line, uint64_t *ret_owner, uint64_t *ret_first, uint64_t *ret_last)
{
    static const char place[] = "streams/";
    struct slice word;
    uint64_t first = 0, last = 0;
    while (line.len > 0) {
        (void)slice_cut(&line, ' ', &word);
        struct slice number, to, end = line;
        bool is_range = slice_equal_str(word, "sequences") && slice_cut(&end, ' ', &number) &&
                        slice_cut(&end, ' ', &to) && slice_equal_str(to, "to");
        if (is_range) (void)slice_cut(&end, ' ', &to);
        if (is_range && (!slice_to_u64(number, &first) || !slice_to_u64(to, &last))) return false;
        bool is_place = slice_starts(word, slice_str(place)) && word.len == sizeof place - 1 + 16;
        if (!is_place || first == 0) continue;
        *ret_owner = digits_hex((const char *)word.ptr + sizeof place - 1, 16);
        *ret_first = first;
        *ret_last = last;
        return true;
    }
    return false;
}

bool js_text_damaged_stream(struct slice line, struct slice *ret_name, struct slice *ret_ranges)
{
    static const char middle[] = " messages are damaged and served to nobody: sequences ";
    struct slice head, name = line, ranges = line;
    if (!js_text_contains(line, middle)) return false;
    if (!slice_cut(&name, '>', &head) || name.len == 0) return false;
    name = slice_from(name, 1);
    if (!slice_cut(&name, '\'', ret_name)) return false;
    while (!slice_starts(ranges, slice_str(middle))) ranges = slice_from(ranges, 1);
    *ret_ranges = slice_from(ranges, sizeof middle - 1);
    return true;
}

bool js_text_next_range(struct slice *ranges, uint64_t *ret_first, uint64_t *ret_last)
{
    struct slice one, first;
    if (ranges->len == 0) return false;
    (void)slice_cut(ranges, ',', &one);
    while (one.len > 0 && one.ptr[0] == ' ') one = slice_from(one, 1);
    struct slice last = one;
    if (!slice_cut(&last, '-', &first)) last = first;
    return slice_to_u64(first, ret_first) && slice_to_u64(last, ret_last); /* "…" is no number */
}
