/* SPDX-License-Identifier: Apache-2.0 */
/* permissions { publish, subscribe, allow_responses }. */
#include "config/load_internal.h"
#include "config/value.h"
#include "json/gotime.h"
#include "subject/subject.h"

/* --- a list of subjects --- */

#define NO_SUBJECTS "Expected subject permissions to be a subject, or array of subjects, got %s"

static bool subject_check(struct loader *l, struct slice subject, const char *whole)
{
    if (subject_valid_strict(subject)) return true;
    load_error(l, l->rule_pos, "subject %s is not a valid subject", load_quote(l, whole));
    return false;
}

static void words_cut(struct slice text, struct slice words[3], uint32_t *ret_count)
{
    *ret_count = 0;
    for (uint32_t at = 0; at < text.len;) {
        while (at < text.len && (text.ptr[at] == ' ' || text.ptr[at] == '\t')) at++;
        uint32_t from = at;
        while (at < text.len && text.ptr[at] != ' ' && text.ptr[at] != '\t') at++;
        if (at == from) break;
        if (*ret_count < 3) words[*ret_count] = slice_of(text.ptr + from, at - from);
        (*ret_count)++;
    }
}

static bool rule_parse(struct loader *l, struct slice text, bool may_queue,
                       struct subject_rule *ret_rule)
{
    const char *whole = arena_str(l->arena, text);
    struct slice words[3];
    uint32_t count = 0;
    if (may_queue) words_cut(text, words, &count);
    if (count != 2) {
        *ret_rule = (struct subject_rule){ .subject = whole };
        return subject_check(l, text, whole);
    }
    *ret_rule = (struct subject_rule){ arena_str(l->arena, words[0]),
                                       arena_str(l->arena, words[1]) };
    if (!subject_check(l, words[0], ret_rule->subject)) return false;
    if (subject_valid_strict(words[1])) return true;
    load_error(l, l->rule_pos, "queue %s is not a valid queue", load_quote(l, ret_rule->queue));
    return false;
}

static bool rule_add(struct loader *l, struct slice text, bool may_queue,
                     struct subject_rules *into)
{
    struct subject_rule rule;
    if (!rule_parse(l, text, may_queue, &rule)) return false;
    void *items = into->allow;
    struct subject_rule *at = arena_push(l->arena, &items, &into->allow_count, sizeof(*at));
    into->allow = items;
    *at = rule;
    return true;
}

bool load_subject_rules(struct loader *l, const struct value *v, bool may_queue,
                        struct subject_rule **ret_rules, uint32_t *ret_count)
{
    struct subject_rules rules = { 0 };
    bool good = true;
    if (v->kind == VALUE_TEXT) {
        good = rule_add(l, v->text, may_queue, &rules);
    } else if (v->kind == VALUE_ARRAY) {
        for (uint32_t i = 0; good && i < v->array.count; i++) {
            const struct value *item = v->array.items[i];
            good = item->kind == VALUE_TEXT;
            if (good) good = rule_add(l, item->text, may_queue, &rules);
            else load_error(l, item->pos, "Subject in permissions array cannot be cast to string");
        }
    } else {
        good = false;
        load_error(l, v->pos, NO_SUBJECTS, value_type_name(v));
    }
    *ret_rules = rules.allow;
    *ret_count = rules.allow_count;
    return good;
}

/* Messages about a subject have a place only below allow or deny. */
static void sides_read(struct loader *l, const struct value *v, bool may_queue,
                       struct subject_rules *rules)
{
    const struct option_pos outer = l->rule_pos;
    for (uint32_t i = 0; i < v->map.count; i++) {
        const struct value_member *m = &v->map.items[i];
        const char *key = load_lower(l->arena, m->key);
        l->rule_pos = m->value->pos;
        if (strcmp(key, "allow") == 0) {
            rules->allow_present = true;
            (void)load_subject_rules(l, m->value, may_queue, &rules->allow, &rules->allow_count);
        } else if (strcmp(key, "deny") == 0) {
            rules->deny_present = true;
            (void)load_subject_rules(l, m->value, may_queue, &rules->deny, &rules->deny_count);
        } else if (!m->value->is_used) {
            load_error(l, m->value->pos,
                       "Unknown field name %s parsing subject permissions, "
                       "only 'allow' or 'deny' are permitted",
                       load_quote(l, key));
        }
    }
    l->rule_pos = outer;
}

static void rules_read(struct loader *l, const struct field *f, bool may_queue,
                       struct subject_rules *rules)
{
    *rules = (struct subject_rules){ .present = true };
    if (f->value->kind == VALUE_MAP) {
        sides_read(l, f->value, may_queue, rules);
        return;
    }
    rules->allow_present = true;
    if (f->value->kind != VALUE_TEXT && f->value->kind != VALUE_ARRAY) {
        load_error_nowhere(l, NO_SUBJECTS, value_type_name(f->value));
        return;
    }
    (void)load_subject_rules(l, f->value, may_queue, &rules->allow, &rules->allow_count);
}

static void publish_read(struct loader *l, const struct field *f)
{
    struct permissions *p = f->into;
    rules_read(l, f, false, &p->publish);
}

static void subscribe_read(struct loader *l, const struct field *f)
{
    struct permissions *p = f->into;
    rules_read(l, f, true, &p->subscribe);
}

/* --- replies --- */

enum { RESPONSES_DEFAULT = 1 };

static void responses_max_read(struct loader *l, const struct field *f)
{
    struct response_rule *r = f->into;
    int64_t max;
    if (load_integer(l, f->value, &max) && max != 0) r->max = max;
}

static void responses_expires_read(struct loader *l, const struct field *f)
{
    struct response_rule *r = f->into;
    nanos d;
    if (f->value->kind != VALUE_TEXT)
        load_error(l, f->value->pos, "error parsing expires, not a duration string");
    else if (gotime_duration_parse(f->value->text, &d) != ERR_OK)
        load_error(l, f->value->pos, "error parsing expires: %s",
                   load_duration_error(l, value_text(f->value)));
    else if (d != 0) r->expires = d;
}

/* clang-format off */
static const struct option_row response_rows[] = {
    { "max max_msgs max_messages max_responses", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "replies to one request, negative for any number; 1", .read = responses_max_read },
    { "expires expiration ttl", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "time for them, negative for ever; 2m",
      .read = responses_expires_read },
};
/* clang-format on */
static const struct option_block response_block = {
    OPT_BLOCK("allow_responses", response_rows),
    .unknown = "Unknown field ",
    .unknown_after = " parsing permissions",
};

static void responses_read(struct loader *l, const struct field *f)
{
    struct permissions *p = f->into;
    struct response_rule rule = { .present = true,
                                  .max = RESPONSES_DEFAULT,
                                  .expires = 2 * MINUTE };
    if (f->value->kind == VALUE_BOOL) rule.present = f->value->boolean;
    else if (f->value->kind == VALUE_MAP) (void)load_block(l, &response_block, f->value, &rule);
    else
        load_error(l, f->value->pos,
                   "error parsing response permissions, expected a boolean or a map");
    if (rule.present) p->responses = rule;
}

/* --- the block --- */

/* clang-format off */
static const struct option_row permissions_rows[] = {
    { "publish pub import", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "subjects that may be published: allow, deny",
      .read = publish_read },
    { "subscribe sub export", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "subjects, or \"subject queue\", that may be subscribed: allow, deny",
          .read = subscribe_read },
    { "allow_responses publish_allow_responses", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "replies to requests that were received; false", .read = responses_read,
          .block = &response_block },
};
/* clang-format on */
const struct option_block permissions_block = {
    OPT_BLOCK("permissions", permissions_rows),
    .unknown = "Unknown field ",
    .unknown_after = " parsing permissions",
};

const struct permissions *load_permissions(struct loader *l, const struct value *v)
{
    if (v->kind != VALUE_MAP) {
        load_error(l, v->pos, "Expected permissions to be a map/struct, got %s",
                   load_value_text(l, v));
        return NULL;
    }
    struct permissions *p = arena_alloc(l->arena, sizeof(*p));
    (void)load_block(l, &permissions_block, v, p);
    if (p->responses.present && !p->publish.present) {
        p->publish.present = true;      /* nothing but replies */
        p->publish.allow_present = true;
    }
    return p;
}

void load_permissions_field(struct loader *l, const struct field *f)
{
    *(const struct permissions **)(void *)((char *)f->into +
                                           f->row->offset) = load_permissions(l, f->value);
}

void load_default_permissions(const struct permissions *permissions, struct user_list *users)
{
    for (uint32_t i = 0; i < users->count; i++)
        if (users->items[i].permissions == NULL) users->items[i].permissions = permissions;
}
