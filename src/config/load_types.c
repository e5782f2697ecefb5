/* SPDX-License-Identifier: Apache-2.0 */
/* The simple kinds of values, and the dispatch of a field to the kind that its row names. */
#include <stdlib.h>

#include "base/assert.h"
#include "config/load_internal.h"
#include "config/value.h"
#include "json/gotime.h"
#include "json/utf8.h"
#include "json/writer.h"

/* --- texts for messages --- */

char *load_lower(struct arena *arena, struct slice s)
{
    char *text = arena_str(arena, s);
    for (uint32_t i = 0; i < s.len; i++)
        if (text[i] >= 'A' && text[i] <= 'Z') text[i] = (char)(text[i] - 'A' + 'a');
    return text;
}

const char *load_quote(struct loader *l, const char *text)
{
    struct buf out = { 0 };
    struct slice rest = slice_str(text);
    buf_add_byte(&out, '"');
    while (rest.len > 0) {
        uint32_t rune = 0, len = utf8_next(rest, &rune);
        static const char names[] = "\aa\bb\ff\nn\rr\tt\vv\"\"\\\\";
        const char *name = names;
        while (*name != '\0' && (len != 1 || (uint32_t)*name != rune)) name += 2;
        if (len == 0) buf_printf(&out, "\\x%02x", rest.ptr[0]);
        else if (*name != '\0') buf_printf(&out, "\\%c", name[1]);
        else if (rune < 0x20 || rune == 0x7f) buf_printf(&out, "\\x%02x", rune);
        else if ((rune >= 0x80 && rune <= 0xa0) || rune == 0xad ||
                 (rune >= 0x2000 && rune <= 0x200f) || (rune >= 0x2028 && rune <= 0x202f) ||
                 rune == 0x3000 || rune == 0xfeff)
            buf_printf(&out, "\\u%04x", rune);
        else buf_add(&out, slice_first(rest, len));
        rest = slice_from(rest, len == 0 ? 1 : len);
    }
    buf_add_byte(&out, '"');
    const char *quoted = arena_str(l->arena, buf_slice(&out));
    buf_deinit(&out);
    return quoted;
}

const char *load_value_text(struct loader *l, const struct value *v)
{
    char number[JSON_DOUBLE_SIZE];
    switch (v->kind) {
    case VALUE_TEXT: return value_text(v);
    case VALUE_DATETIME:                /* 2016-05-04T18:53:41Z */
        return arena_printf(l->arena, "%.10s %.8s +0000 UTC", value_text(v), value_text(v) + 11);
    case VALUE_BOOL: return v->boolean ? "true" : "false";
    case VALUE_INTEGER: return arena_printf(l->arena, "%lld", (long long)v->integer);
    case VALUE_FLOAT: return arena_printf(l->arena, "%s", json_double_text(v->number, number));
    case VALUE_MAP: return v->map.count == 0 ? "map[]" : "map[...]";
    case VALUE_ARRAY: return v->array.count == 0 ? "[]" : "[...]";
    }
    unreachable();
}

/* --- single values --- */

static bool kind_check(struct loader *l, const struct value *v, enum value_kind kind,
                       const char *wanted)
{
    if (v->kind == kind) return true;
    load_error(l, l->type_pos.line > 0 ? l->type_pos : v->pos,
               "interface conversion: interface {} is %s, not %s", value_type_name(v), wanted);
    l->type_errors++;
    return false;
}

bool load_text(struct loader *l, const struct value *v, const char **ret_text)
{
    if (!kind_check(l, v, VALUE_TEXT, "string")) return false;
    *ret_text = value_text(v);
    return true;
}

bool load_bool(struct loader *l, const struct value *v, bool *ret_value)
{
    if (!kind_check(l, v, VALUE_BOOL, "bool")) return false;
    *ret_value = v->boolean;
    return true;
}

bool load_integer(struct loader *l, const struct value *v, int64_t *ret_value)
{
    if (!kind_check(l, v, VALUE_INTEGER, "int64")) return false;
    *ret_value = v->integer;
    return true;
}

bool load_map(struct loader *l, const struct value *v)
{
    return kind_check(l, v, VALUE_MAP, "map[string]interface {}");
}

bool load_array(struct loader *l, const struct value *v)
{
    return kind_check(l, v, VALUE_ARRAY, "[]interface {}");
}

/* Leading characters of `s` that are digits, and one point among them. */
static uint32_t number_len(struct slice s, bool *ret_has_digits)
{
    uint32_t n = 0;
    bool point = false;
    *ret_has_digits = false;
    for (; n < s.len; n++) {
        bool digit = s.ptr[n] >= '0' && s.ptr[n] <= '9';
        if (!digit && (s.ptr[n] != '.' || point)) break;
        if (digit) *ret_has_digits = true;
        else point = true;
    }
    return n;
}

static uint32_t unit_len(struct slice s)
{
    uint32_t n = 0;
    while (n < s.len && s.ptr[n] != '.' && !(s.ptr[n] >= '0' && s.ptr[n] <= '9')) n++;
    return n;
}

const char *load_duration_error(struct loader *l, const char *text)
{
    struct slice s = slice_str(text);
    const char *quoted = load_quote(l, text);
    if (s.len > 0 && (s.ptr[0] == '-' || s.ptr[0] == '+')) s = slice_from(s, 1);
    while (s.len > 0) {
        bool has_digits;
        s = slice_from(s, number_len(s, &has_digits));
        if (!has_digits) break;
        uint32_t len = unit_len(s);
        if (len == 0) return arena_printf(l->arena, "time: missing unit in duration %s", quoted);
        const char *unit = arena_str(l->arena, slice_first(s, len));
        nanos d;
        if (gotime_duration_parse(slice_str(arena_printf(l->arena, "1%s", unit)), &d) != ERR_OK)
            return arena_printf(l->arena, "time: unknown unit %s in duration %s",
                                load_quote(l, unit), quoted);
        s = slice_from(s, len);
    }
    return arena_printf(l->arena, "time: invalid duration %s", quoted);
}

bool load_duration(struct loader *l, const char *field, const struct value *v, nanos *ret_duration)
{
    if (v->kind == VALUE_TEXT) {
        if (gotime_duration_parse(v->text, ret_duration) == ERR_OK) return true;
        load_error(l, v->pos, "error parsing %s: %s", field, load_duration_error(l, value_text(v)));
        return false;
    }
    load_warning(l, v->pos, field, "%s should be converted to a duration", field);
    int64_t seconds;
    if (!load_integer(l, v, &seconds)) return false;
    *ret_duration = (nanos)((uint64_t)seconds * (uint64_t)SECOND);
    return true;
}

bool load_duration_text(struct loader *l, const char *prefix, const struct value *v,
                        nanos *ret_duration)
{
    const char *text;
    if (!load_text(l, v, &text)) return false;
    if (gotime_duration_parse(v->text, ret_duration) == ERR_OK) return true;
    load_error(l, v->pos, "%s%s", prefix, load_duration_error(l, text));
    return false;
}

/* --- lists and addresses --- */

static void text_push(struct loader *l, struct string_list *list, const char *text)
{
    void *items = list->items;
    const char **item = arena_push(l->arena, &items, &list->count, sizeof(*item));
    list->items = items;
    *item = text;
}

bool load_texts(struct loader *l, const char *what, const struct value *v,
                struct string_list *ret_list)
{
    struct string_list list = { .present = true };
    bool good = true;
    if (v->kind == VALUE_TEXT) {
        text_push(l, &list, value_text(v));
    } else if (v->kind == VALUE_ARRAY) {
        for (uint32_t i = 0; i < v->array.count; i++) {
            const struct value *item = v->array.items[i];
            if (item->kind == VALUE_TEXT) {
                text_push(l, &list, value_text(item));
                continue;
            }
            load_error(l, item->pos, "error parsing %s: unsupported type in array %s", what,
                       value_type_name(item));
            good = false;
        }
    } else {
        load_error(l, v->pos, "error parsing %s: unsupported type %s", what, value_type_name(v));
        good = false;
    }
    if (good) *ret_list = list;
    return good;
}

/* "host:port", "[v6]:port", ":port". */
static bool address_cut(struct slice text, struct slice *ret_host, struct slice *ret_port)
{
    uint32_t colon = text.len;
    while (colon > 0 && text.ptr[colon - 1] != ':') colon--;
    if (colon == 0) return false;
    struct slice host = slice_first(text, colon - 1);
    *ret_port = slice_from(text, colon);
    if (host.len > 0 && host.ptr[0] == '[') {
        if (host.ptr[host.len - 1] != ']') return false;
        host = slice_of(host.ptr + 1, host.len - 2);
        if (slice_find_byte(host, '[') >= 0 || slice_find_byte(host, ']') >= 0) return false;
    } else if (slice_find_byte(host, ':') >= 0 || slice_find_byte(host, ']') >= 0 ||
               slice_find_byte(host, '[') >= 0) {
        return false;
    }
    *ret_host = host;
    return slice_find_byte(*ret_port, ']') < 0 && slice_find_byte(*ret_port, '[') < 0;
}

/* What is out of range stays out of range, for those who judge it later. */
static int32_t int32_of(int64_t value)
{
    return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

bool load_listen(struct loader *l, const struct value *v, struct listen_options *ret_listen)
{
    if (v->kind == VALUE_INTEGER) {
        ret_listen->port = int32_of(v->integer);
        return true;
    }
    if (v->kind != VALUE_TEXT) {
        load_error(l, v->pos, "expected port or host:port, got %s", value_type_name(v));
        return false;
    }
    struct slice host, port;
    int64_t number;
    if (!address_cut(v->text, &host, &port)) {
        load_error(l, v->pos, "could not parse address string %s", load_quote(l, value_text(v)));
        return false;
    }
    if (!slice_to_i64(port, &number)) {
        load_error(l, v->pos, "could not parse port %s", load_quote(l, arena_str(l->arena, port)));
        return false;
    }
    ret_listen->host = arena_str(l->arena, host);
    ret_listen->port = int32_of(number);
    return true;
}

/* --- links --- */

static const struct {
    const char           *names;
    enum compression_mode mode;
} compression_modes[] = {
    { "off disabled false", COMPRESSION_OFF },
    { "accept", COMPRESSION_ACCEPT },
    { "on enabled true", COMPRESSION_S2_FAST },             /* replaced by the block's own choice */
    { "s2_fast fast", COMPRESSION_S2_FAST },
    { "s2_better better", COMPRESSION_S2_BETTER },
    { "s2_best best", COMPRESSION_S2_BEST },
    { "s2_auto auto", COMPRESSION_S2_AUTO },
    { "s2_uncompressed", COMPRESSION_S2_UNCOMPRESSED },
};

static void compression_set(struct loader *l, const char *text, struct compression_options *c)
{
    *c = (struct compression_options){ .mode_text = text };
    if (slice_equal_nocase(slice_str(text), SLICE_LIT("not supported"))) {
        c->mode = COMPRESSION_NOT_SUPPORTED;
        return;
    }
    for (size_t i = 0; i < ARRAY_COUNT(compression_modes); i++) {
        struct slice rest = slice_str(compression_modes[i].names), name;
        while (rest.len > 0) {
            (void)slice_cut(&rest, ' ', &name);
            if (!slice_equal_nocase(name, slice_str(text))) continue;
            c->mode = compression_modes[i].mode;
            if (i == 2 && l->bool_compresses_auto) c->mode = COMPRESSION_S2_AUTO;
            return;
        }
    }
    c->is_unknown = text[0] != '\0';
}

static void rtt_thresholds_read(struct loader *l, const struct field *f)
{
    struct compression_options *c = f->into;
    if (!load_array(l, f->value)) return;
    for (uint32_t i = 0; i < f->value->array.count; i++) {
        const char *text;
        nanos d = 0;
        if (!load_text(l, f->value->array.items[i], &text)) continue;
        if (gotime_duration_parse(slice_str(text), &d) != ERR_OK) {
            load_error(l, f->value->pos, "%s", load_duration_error(l, text));
            return;
        }
        void *items = c->rtt_thresholds;
        nanos *at = arena_push(l->arena, &items, &c->rtt_thresholds_count, sizeof(*at));
        c->rtt_thresholds = items;
        *at = d;
    }
}

static void compression_mode_read(struct loader *l, const struct field *f)
{
    struct compression_options *c = f->into, parsed;
    const char *text;
    if (!load_text(l, f->value, &text)) return;
    compression_set(l, text, &parsed);
    c->mode = parsed.mode;
    c->mode_text = parsed.mode_text;
    c->is_unknown = parsed.is_unknown;
}

/* clang-format off */
static const struct option_row compression_rows[] = {
    { "mode", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "off, accept, s2_fast, s2_better, s2_best, s2_auto",
      .read = compression_mode_read },
    { "rtt_thresholds thresholds rtts rtt", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "round-trip times at which s2_auto changes; 10ms, 50ms, 100ms",
          .read = rtt_thresholds_read },
};
/* clang-format on */
static const struct option_block compression_block = { OPT_BLOCK("compression", compression_rows) };

static void compression_read(struct loader *l, const struct field *f, void *at)
{
    struct compression_options *c = at;
    const struct value *v = f->value;
    if (v->kind == VALUE_TEXT) {
        compression_set(l, value_text(v), c);
    } else if (v->kind == VALUE_BOOL) {
        const char *yes = l->bool_compresses_auto ? "s2_auto" : "s2_fast";
        compression_set(l, v->boolean ? yes : "off", c);
    } else if (v->kind == VALUE_MAP) {
        (void)load_block(l, &compression_block, v, c);
    } else {
        load_error(l, v->pos, "field \"%s\" should be a boolean or a structure, got %s", f->name,
                   value_type_name(v));
    }
}

static void write_timeout_read(struct loader *l, const struct field *f, void *at)
{
    static const char *const names[] = {
        [WRITE_TIMEOUT_DEFAULT] = "default",
        [WRITE_TIMEOUT_CLOSE] = "close",
        [WRITE_TIMEOUT_RETRY] = "retry",
    };
    const char *text;
    if (!load_text(l, f->value, &text)) return;
    for (uint32_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (strcmp(text, names[i]) != 0) continue;
        *(enum write_timeout *)at = (enum write_timeout)i;
        return;
    }
    load_error(l, f->value->pos, "write_timeout must be 'default', 'close' or 'retry'");
}

/* --- dispatch --- */

/* The name in messages is the row's first one, whatever alias was used. */
static const char *first_name(struct loader *l, const struct option_row *row)
{
    struct slice rest = slice_str(row->names), name;
    (void)slice_cut(&rest, ' ', &name);
    return arena_str(l->arena, name);
}

static void i32_read(struct loader *l, const struct field *f, void *at)
{
    int64_t value;
    if (!load_integer(l, f->value, &value)) return;
    *(int32_t *)at = int32_of(value);
}

static void tri_read(struct loader *l, const struct field *f, void *at)
{
    bool value;
    if (load_bool(l, f->value, &value)) *(enum tri *)at = value ? TRI_TRUE : TRI_FALSE;
}

void load_field(struct loader *l, const struct field *f)
{
    void *at = (char *)f->into + f->row->offset;
    const char *name = first_name(l, f->row);
    switch (f->row->type) {
    case OPT_BOOL: (void)load_bool(l, f->value, at); return;
    case OPT_TRI: tri_read(l, f, at); return;
    case OPT_TEXT: (void)load_text(l, f->value, at); return;
    case OPT_I32: i32_read(l, f, at); return;
    case OPT_I64: (void)load_integer(l, f->value, at); return;
    case OPT_DURATION: (void)load_duration(l, name, f->value, at); return;
    case OPT_DURATION_TEXT:
        (void)load_duration_text(l, arena_printf(l->arena, "error parsing %s: ", name), f->value,
                                 at);
        return;
    case OPT_TEXTS: (void)load_texts(l, f->row->what, f->value, at); return;
    case OPT_WRITE_TIMEOUT: write_timeout_read(l, f, at); return;
    case OPT_COMPRESSION: compression_read(l, f, at); return;
    case OPT_LISTEN: (void)load_listen(l, f->value, at); return;
    case OPT_CUSTOM: f->row->read(l, f); return;
    case OPT_NONE:
    case OPT_COVERED:
    case OPT_TYPES_COUNT: break;
    }
    unreachable();
}
