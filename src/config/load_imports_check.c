/* SPDX-License-Identifier: Apache-2.0 */
/* When all accounts are known: does each import find an export that lets it in? */
#include "config/load_internal.h"
#include "subject/subject.h"
#include "subject/transform_check.h"

enum { CYCLE_DEPTH_MAX = 1024, CYCLE_STEPS_MAX = 1000000 };

static bool list_has(const struct string_list *list, const char *name)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], name) == 0) return true;
    return false;
}

/* --- exports --- */

static bool export_accounts_check(struct loader *l, struct option_pos pos,
                                  const struct export_options *e)
{
    const char *kind = e->kind == EXPORT_STREAM ? "stream" : "service";
    bool all_known = true;
    for (uint32_t i = 0; i < e->accounts.count; i++) {
        const char *name = e->accounts.items[i];
        if (options_account(l->options, name) != NULL) continue;
        load_error(l, pos, "%s account not defined for %s export", load_quote(l, name), kind);
        all_known = false;
    }
    return all_known;
}

static bool token_position_valid(const struct export_options *e)
{
    struct slice rest = slice_str(e->subject), token;
    if (e->account_token_position == 0) return true;
    for (uint32_t i = 1; subject_next_token(&rest, &token); i++)
        if (i == e->account_token_position) return slice_equal_str(token, "*");
    return false;
}

static void export_check(struct loader *l, struct option_pos pos, const struct export_options *e)
{
    if (!export_accounts_check(l, pos, e)) return;
    if (!token_position_valid(e)) {
        load_error(l, pos, "Error adding %s export %s: sublist: invalid subject",
                   e->kind == EXPORT_STREAM ? "stream" : "service", load_quote(l, e->subject));
        return;
    }
    if (e->kind == EXPORT_STREAM || !e->latency_present) return;
    const char *reason = NULL;
    if (e->response_type != RESPONSE_SINGLETON) reason = "bad service response type";
    else if (!subject_literal(slice_str(e->latency_subject)) ||
             !subject_valid_strict(slice_str(e->latency_subject)))
        reason = "invalid publish subject";
    if (reason != NULL)
        load_error(l, pos, "Error adding service latency sampling for %s on subject %s: %s",
                   load_quote(l, e->subject), load_quote(l, e->latency_subject), reason);
}

/* --- imports --- */

/* An export with a token position is for each account what bears its name there. */
static bool token_names(const struct export_options *e, const char *subject, const char *importer)
{
    struct slice rest = slice_str(subject), token;
    if (e->account_token_position == 0) return true;
    for (uint32_t i = 1; subject_next_token(&rest, &token); i++)
        if (i == e->account_token_position) return slice_equal_str(token, importer);
    return false;
}

/* The export that lets `importer` have this, or NULL. */
static const struct export_options *export_find(const struct account_options *exporter,
                                                const struct import_options *m,
                                                const char *importer)
{
    for (uint32_t i = 0; i < exporter->exports_count; i++) {
        const struct export_options *e = &exporter->exports[i];
        if (e->kind != m->kind) continue;
        if (!subject_covers(slice_str(e->subject), slice_str(m->subject))) continue;
        if (e->accounts.present && !list_has(&e->accounts, importer)) continue;
        if (!token_names(e, m->subject, importer)) continue;
        return e;
    }
    return NULL;
}

static const char *service_error(const struct account_options *exporter,
                                 const struct import_options *m, const char *importer)
{
    const char *to = m->to != NULL && m->to[0] != '\0' ? m->to : m->subject;
    if (!subject_valid_strict(slice_str(m->subject)) || !subject_valid_strict(slice_str(to)))
        return "sublist: invalid subject";
    return export_find(exporter, m, importer) == NULL ? "service import not authorized" : NULL;
}

static bool stream_repeats(const struct account_options *a, const struct import_options *m)
{
    for (const struct import_options *other = a->imports; other < m; other++) {
        if (other->kind != EXPORT_STREAM || strcmp(other->account, m->account) != 0) continue;
        if (strcmp(other->subject, m->subject) == 0) return true;
    }
    return false;
}

static const char *stream_error(struct loader *l, const struct account_options *a,
                                const struct account_options *exporter,
                                const struct import_options *m)
{
    if (!subject_valid(slice_str(m->subject)) || export_find(exporter, m, a->name) == NULL)
        return "stream import not authorized";
    if (m->prefix != NULL && subject_has_wildcard(slice_str(m->prefix)))
        return "stream import prefix can not contain wildcard tokens";
    if (stream_repeats(a, m)) return "stream import already exists";
    if (m->to == NULL || m->to[0] == '\0' || !subject_has_wildcard(slice_str(m->subject)))
        return NULL;
    const char *error = transform_import_error(l->arena, m->subject, m->to);
    if (error == NULL) return NULL;
    return arena_printf(
        l->arena, "failed to create mapping transform for stream import subject from %s to %s: %s",
        load_quote(l, m->subject), load_quote(l, m->to), error);
}

/* A walk along imports of one kind from account to account. */
struct walk {
    struct loader                *loader;
    const struct account_options *start;
    /* later ones do not exist yet: they will be checked in their turn */
    const struct import_options  *last;
    uint32_t                      steps;    /* bounds files made to branch without end */
};

/* What the importer calls it. */
static const char *local_name(struct loader *l, const struct import_options *m)
{
    if (m->to != NULL && m->to[0] != '\0') return m->to;
    if (m->prefix == NULL || m->prefix[0] == '\0') return m->subject;
    return arena_printf(l->arena, "%s.%s", m->prefix, m->subject);
}

static bool exports_match(const struct account_options *a, enum export_kind kind,
                          const char *subject)
{
    for (uint32_t i = 0; i < a->exports_count; i++)
        if (a->exports[i].kind == kind &&
            subject_covers(slice_str(a->exports[i].subject), slice_str(subject)))
            return true;
    return false;
}

/* Do we come back to where we started? */
static bool walk_returns(struct walk *w, const struct account_options *at, const char *subject,
                         uint32_t depth)
{
    if (depth > CYCLE_DEPTH_MAX || w->steps > CYCLE_STEPS_MAX) return true;
    if (!exports_match(at, w->last->kind, subject)) return false;
    for (uint32_t i = 0; i < at->imports_count; i++) {
        const struct import_options *m = &at->imports[i];
        w->steps++;
        if (at > w->start || (at == w->start && m > w->last)) continue;
        if (m->kind != w->last->kind) continue;
        const char *name = local_name(w->loader, m);
        if (!subject_overlaps(slice_str(name), slice_str(subject))) continue;
        const struct account_options *next = options_account(w->loader->options, m->account);
        if (next == NULL) continue;
        if (next == w->start || walk_returns(w, next, m->subject, depth + 1)) return true;
    }
    return false;
}

/* Would what is imported come back to its importer? Messages of a stream go both by the name that
 * they have here and by the one that they had. */
static bool forms_cycle(struct loader *l, const struct account_options *a,
                        const struct account_options *exporter, const struct import_options *m)
{
    struct walk walk = { .loader = l, .start = a, .last = m };
    if (exporter == a) return false;
    if (walk_returns(&walk, exporter, m->subject, 0)) return true;
    return m->kind == EXPORT_STREAM && walk_returns(&walk, exporter, local_name(l, m), 0);
}

static void import_check(struct loader *l, struct option_pos pos, const struct account_options *a,
                         const struct import_options *m)
{
    const char *kind = m->kind == EXPORT_STREAM ? "stream" : "service";
    const struct account_options *exporter = options_account(l->options, m->account);
    if (exporter == NULL) {
        load_error(l, pos, "%s account not defined for %s import", load_quote(l, m->account), kind);
        return;
    }
    const char *error = m->kind == EXPORT_STREAM ? stream_error(l, a, exporter, m)
                                                 : service_error(exporter, m, a->name);
    if (error == NULL && forms_cycle(l, a, exporter, m)) error = "import forms a cycle";
    if (error != NULL)
        load_error(l, pos, "Error adding %s import %s: %s", kind, load_quote(l, m->subject), error);
}

void load_accounts_check(struct loader *l, struct option_pos pos)
{
    const struct options *o = l->options;
    uint32_t errors = l->report->errors.count;
    for (uint32_t i = 0; i < o->accounts_count; i++)
        for (uint32_t k = 0; k < o->accounts[i].exports_count; k++)
            export_check(l, pos, &o->accounts[i].exports[k]);
    if (l->report->errors.count > errors) return;
    for (uint32_t i = 0; i < o->accounts_count; i++)
        for (uint32_t k = 0; k < o->accounts[i].imports_count; k++)
            import_check(l, pos, &o->accounts[i], &o->accounts[i].imports[k]);
}
