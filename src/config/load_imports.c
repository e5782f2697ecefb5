/* SPDX-License-Identifier: Apache-2.0 */
/* exports and imports: each entry by itself first, then, when all accounts are known, whether they
 * fit. */
#include "base/map.h"
#include "config/load_internal.h"
#include "config/value.h"
#include "json/gotime.h"
#include "subject/subject.h"

/* --- exports --- */

static void kind_set(struct loader *l, const struct field *f, enum export_kind kind)
{
    struct export_options *e = f->into;
    static const char *const names[] = { [EXPORT_STREAM] = "stream", [EXPORT_SERVICE] = "service" };
    const char *name = names[kind];
    if (f->value->kind != VALUE_TEXT) {
        load_error(l, f->value->pos, "Expected %s name to be string, got %s", name,
                   value_type_name(f->value));
        return;
    }
    if (e->subject != NULL) {
        load_error(l, f->value->pos, "Detected %s %s but already saw a %s", name,
                   load_quote(l, value_text(f->value)), names[e->kind]);
        return;
    }
    e->kind = kind;
    e->subject = value_text(f->value);
}

static void export_stream_read(struct loader *l, const struct field *f)
{
    kind_set(l, f, EXPORT_STREAM);
}

static void export_service_read(struct loader *l, const struct field *f)
{
    kind_set(l, f, EXPORT_SERVICE);
}

static void export_accounts_read(struct loader *l, const struct field *f)
{
    struct export_options *e = f->into;
    if (!load_array(l, f->value)) return;
    e->accounts = (struct string_list){ .present = true };
    for (uint32_t i = 0; i < f->value->array.count; i++) {
        const char *name;
        if (!load_text(l, f->value->array.items[i], &name)) continue;
        void *items = e->accounts.items;
        const char **item = arena_push(l->arena, &items, &e->accounts.count, sizeof(*item));
        e->accounts.items = items;
        *item = name;
    }
}

static void response_type_read(struct loader *l, const struct field *f)
{
    static const struct {
        const char        *name;
        enum response_type type;
    } names[] = {
        { "single", RESPONSE_SINGLETON }, { "singleton", RESPONSE_SINGLETON },
        { "stream", RESPONSE_STREAM },    { "chunk", RESPONSE_CHUNKED },
        { "chunked", RESPONSE_CHUNKED },
    };
    struct export_options *e = f->into;
    if (f->value->kind != VALUE_TEXT) {
        load_error(l, f->value->pos, "Expected response type to be string, got %s",
                   value_type_name(f->value));
        return;
    }
    const char *word = load_lower(l->arena, f->value->text);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (strcmp(names[i].name, word) != 0) continue;
        e->response_type = names[i].type;
        return;
    }
    load_error(l, f->value->pos, "Unknown response type: %s", load_quote(l, value_text(f->value)));
}

static void threshold_read(struct loader *l, const struct field *f)
{
    struct export_options *e = f->into;
    const struct value *v = f->value;
    if (v->kind == VALUE_TEXT && gotime_duration_parse(v->text, &e->response_threshold) == ERR_OK)
        return;
    load_error(l, v->pos, "Expected response threshold to be a parseable time duration, got %s",
               v->kind == VALUE_TEXT ? load_quote(l, value_text(v)) : value_type_name(v));
}

static void sampling_read(struct loader *l, const struct value *v, struct export_options *e)
{
    int64_t percent;
    if (v->kind == VALUE_INTEGER) {
        percent = v->integer;
    } else if (v->kind != VALUE_TEXT) {
        load_error(l, v->pos, "Expected latency sample to be a string or map/struct, got %s",
                   value_type_name(v));
        return;
    } else if (strcmp(load_lower(l->arena, slice_trim(v->text)), "headers") == 0) {
        e->latency_sampling = 0;
        return;
    } else {
        struct slice digits = v->text;
        if (digits.len > 0 && digits.ptr[digits.len - 1] == '%')
            digits = slice_first(digits, digits.len - 1);
        if (!slice_to_i64(digits, &percent)) {
            load_error(l, v->pos,
                       "Failed to parse latency sample: strconv.Atoi: parsing %s: invalid syntax",
                       load_quote(l, arena_str(l->arena, digits)));
            return;
        }
    }
    if (percent < 1 || percent > 100)
        load_error(l, v->pos, "bad sampling percentage, should be 1-100");
    else e->latency_sampling = (int32_t)percent;
}

static void latency_read(struct loader *l, const struct field *f)
{
    struct export_options *e = f->into;
    const struct value *v = f->value;
    e->latency_present = true;
    e->latency_sampling = 100;
    if (v->kind == VALUE_TEXT) {
        e->latency_subject = value_text(v);
        return;
    }
    if (v->kind != VALUE_MAP) {
        load_error(l, v->pos, "Expected latency entry to be a map/struct or string, got %s",
                   value_type_name(v));
        return;
    }
    const struct value *sampling = value_map_find(v, SLICE_LIT("sampling"));
    const struct value *subject = value_map_find(v, SLICE_LIT("subject"));
    if (sampling != NULL) sampling_read(l, sampling, e);
    if (subject == NULL) load_error(l, v->pos, "Latency subject required, but missing");
    else if (subject->kind != VALUE_TEXT)
        load_error(l, subject->pos, "Expected latency subject to be a string, got string");
    else e->latency_subject = value_text(subject);
}

static void token_position_read(struct loader *l, const struct field *f)
{
    struct export_options *e = f->into;
    int64_t position;
    if (!load_integer(l, f->value, &position)) return;
    e->account_token_position = position > UINT16_MAX || position < 0 ? UINT16_MAX
                                                                      : (uint32_t)position;
}

/* clang-format off */
static const struct option_row export_rows[] = {
    { "stream", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "subject of messages", .read = export_stream_read },
    { "service", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "subject of requests", .read = export_service_read },
    { "response response_type", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "single, stream or chunked; single",
      .read = response_type_read },
    { "threshold response_threshold response_max_time response_time", OPT_CUSTOM, OPT_NOWHERE,
      RELOAD_YES,
      .help = "time for a reply; 2m", .read = threshold_read },
    { "accounts", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "only these accounts may import; all",
      .read = export_accounts_read },
    { "latency", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "subject of latency reports, or { sampling, subject }",
      .read = latency_read },
    { "account_token_position", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "token of the subject that must be the importer's name",
          .read = token_position_read },
    { "allow_trace", OPT_BOOL, OPT_AT(struct export_options, allow_trace), RELOAD_YES,
      .help = "traces may pass; false" },
};
/* clang-format on */
const struct option_block export_block = { OPT_BLOCK("exports", export_rows) };

static bool has_key(const struct value *map, const struct option_block *block, const char *name)
{
    const struct option_row *row = load_row_find(block, slice_str(name));
    for (uint32_t i = 0; i < map->map.count; i++)
        if (load_row_find(block, map->map.items[i].key) == row) return true;
    return false;
}

/* Keys that only services have. */
static void export_check(struct loader *l, const struct value *v, const struct export_options *e)
{
    static const char *const only[][2] = {
        { "response", "response" },
        { "threshold", "response" },
        { "latency", "latency" },
        { "allow_trace", "allow_trace" },
    };
    if (e->subject == NULL || e->kind == EXPORT_SERVICE) return;
    for (size_t i = 0; i < ARRAY_COUNT(only); i++) {
        if (!has_key(v, &export_block, only[i][0])) continue;
        load_error(l, v->map.items[v->map.count - 1].value->pos,
                   "Detected %s directive on non-service", only[i][1]);
        return;
    }
}

void load_exports(struct loader *l, const struct field *f)
{
    struct account_options *a = f->into;
    if (f->value->kind != VALUE_ARRAY) {
        load_error(l, f->value->pos, "Exports should be an array, got %s",
                   value_type_name(f->value));
        return;
    }
    for (uint32_t i = 0; i < f->value->array.count; i++) {
        const struct value *v = f->value->array.items[i];
        if (v->kind != VALUE_MAP) {
            load_error(l, v->pos, "Export Items should be a map with type entry, got %s",
                       value_type_name(v));
            continue;
        }
        struct export_options e = { .pos = v->pos };
        uint32_t errors = l->report->errors.count;
        (void)load_block(l, &export_block, v, &e);
        if (l->report->errors.count == errors) export_check(l, v, &e);
        if (e.subject == NULL) continue;
        void *items = a->exports;
        struct export_options *at = arena_push(l->arena, &items, &a->exports_count, sizeof(*at));
        a->exports = items;
        *at = e;
    }
}

/* --- imports --- */

/* clang-format off */
static const struct option_row source_rows[] = {
    { "account", OPT_TEXT, OPT_AT(struct import_options, account), RELOAD_YES,
      .help = "the exporter" },
    { "subject", OPT_TEXT, OPT_AT(struct import_options, subject), RELOAD_YES,
      .help = "its subject" },
};
/* clang-format on */
static const struct option_block source_block = { OPT_BLOCK("import", source_rows) };

static void source_read(struct loader *l, const struct field *f, enum export_kind kind)
{
    struct import_options *m = f->into;
    const struct value *v = f->value;
    const char *name = kind == EXPORT_STREAM ? "Stream" : "Service";
    if (m->subject != NULL) {
        load_error(l, v->pos, "Detected %s but already saw a %s",
                   kind == EXPORT_STREAM ? "stream" : "service",
                   m->kind == EXPORT_STREAM ? "stream" : "service");
        return;
    }
    if (v->kind != VALUE_MAP) {
        load_error(l, v->pos, "%s entry should be an account map, got %s", name,
                   value_type_name(v));
        return;
    }
    m->kind = kind;
    (void)load_block(l, &source_block, v, m);
    if (m->account == NULL || m->account[0] == '\0' || m->subject == NULL || m->subject[0] == '\0')
        load_error(l, v->pos, "Expect an account name and a subject");
}

static void import_stream_read(struct loader *l, const struct field *f)
{
    source_read(l, f, EXPORT_STREAM);
}

static void import_service_read(struct loader *l, const struct field *f)
{
    source_read(l, f, EXPORT_SERVICE);
}

/* clang-format off */
#define AT(field) OPT_AT(struct import_options, field)
static const struct option_row import_rows[] = {
    { "stream", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "{ account, subject }", .read = import_stream_read },
    { "service", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "{ account, subject }", .read = import_service_read },
    { "prefix", OPT_TEXT, AT(prefix), RELOAD_YES, .help = "put before a stream's subject" },
    { "to", OPT_TEXT, AT(to), RELOAD_YES, .help = "local subject" },
    { "share", OPT_BOOL, AT(share), RELOAD_YES, .help = "tell the service who asks; false" },
    { "allow_trace", OPT_BOOL, AT(allow_trace), RELOAD_YES,
      .help = "traces may pass (streams); false" },
};
#undef AT
/* clang-format on */
const struct option_block import_block = { OPT_BLOCK("imports", import_rows) };

static const char *import_local(const struct import_options *m)
{
    return m->to != NULL && m->to[0] != '\0' ? m->to : m->subject;
}

/* Two services of one account under one local subject. */
static bool import_repeats(struct loader *l, const struct account_options *a,
                           const struct import_options *m)
{
    for (uint32_t i = 0; m->kind == EXPORT_SERVICE && i < a->imports_count; i++) {
        const struct import_options *other = &a->imports[i];
        if (other->kind != EXPORT_SERVICE || strcmp(other->account, m->account) != 0) continue;
        if (strcmp(import_local(other), import_local(m)) != 0) continue;
        load_error(l, m->pos,
                   "Duplicate service import subject %s, previously used in import "
                   "for account %s, subject %s",
                   load_quote(l, import_local(m)), load_quote(l, other->account),
                   load_quote(l, other->subject));
        return true;
    }
    return false;
}

static void import_add(struct loader *l, struct account_options *a, const struct value *v)
{
    struct import_options m = { .pos = v->pos };
    uint32_t errors = l->report->errors.count;
    (void)load_block(l, &import_block, v, &m);
    if (l->report->errors.count > errors || m.subject == NULL) return;
    if (m.kind == EXPORT_STREAM && m.to != NULL && m.prefix != NULL) {
        load_error(l, v->map.items[v->map.count - 1].value->pos,
                   "Stream import can not have a 'prefix' and a 'to' property");
        return;
    }
    if (m.kind == EXPORT_SERVICE && has_key(v, &import_block, "allow_trace")) {
        load_error(l, v->map.items[v->map.count - 1].value->pos,
                   "Detected allow_trace directive on a non-stream");
        return;
    }
    if (import_repeats(l, a, &m)) return;
    void *items = a->imports;
    struct import_options *at = arena_push(l->arena, &items, &a->imports_count, sizeof(*at));
    a->imports = items;
    *at = m;
}

void load_imports(struct loader *l, const struct field *f)
{
    struct account_options *a = f->into;
    if (f->value->kind != VALUE_ARRAY) {
        load_error(l, f->value->pos, "Imports should be an array, got %s",
                   value_type_name(f->value));
        return;
    }
    for (uint32_t i = 0; i < f->value->array.count; i++) {
        const struct value *v = f->value->array.items[i];
        if (v->kind == VALUE_MAP) import_add(l, a, v);
        else
            load_error(l, v->pos, "Import Items should be a map with type entry, got %s",
                       value_type_name(v));
    }
}
