/* SPDX-License-Identifier: Apache-2.0 */
/* verify_and_map: the order in which nats-server tries the names of a certificate: e-mail, DNS and
 * URI names, each as a user name; the subject compared with user names that are DNs, first in its
 * order, then in any; at last two texts of the subject as a user name. */
#include "auth/directory_internal.h"
#include "base/buf.h"

struct search {
    const struct auth_rules *rules;
    enum connection_type     type;
};

static const struct auth_user *by_name(const struct search *s, struct slice name)
{
    const struct auth_user *user = name.len == 0 ? NULL : map_find(s->rules->users, name);
    return user != NULL && auth_user_may_come_by(user, s->type) ? user : NULL;
}

static const struct auth_user *by_names(const struct search *s, const struct cert_names *names)
{
    for (uint32_t i = 0; i < names->count; i++) {
        const struct auth_user *user = by_name(s, names->names[i]);
        if (user != NULL) return user;
    }
    return NULL;
}

static const struct auth_user *by_dn(const struct search *s, const struct dn *subject,
                                     bool (*equal)(const struct dn *, const struct dn *))
{
    for (uint32_t i = 0; i < s->rules->dn_users_count; i++) {
        const struct dn_user *candidate = &s->rules->dn_users[i];
        if (!auth_user_may_come_by(candidate->user, s->type)) continue;
        if (equal(&candidate->dn, subject)) return candidate->user;
    }
    return NULL;
}

static const struct auth_user *by_text(const struct search *s, const struct dn *subject)
{
    AUTO_FREE(arena) arena = arena_new();
    struct slice text = dn_go_name_text(subject, true, arena);
    struct slice domains = dn_domain_text(subject, arena);
    const struct auth_user *user = NULL;
    if (domains.len > 0) {
        const char *both = arena_printf(arena, "%.*s,%.*s", SLICE_ARGS(text), SLICE_ARGS(domains));
        user = by_name(s, slice_str(both));
    }
    return user != NULL ? user : by_name(s, text);
}

const struct auth_user *cert_user(const struct auth_rules *rules, const struct cert *cert,
                                  enum connection_type type)
{
    struct search s = { rules, type };
    const struct cert_names *lists[] = { &cert->emails, &cert->dns, &cert->uris };
    const struct auth_user *user = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(lists) && user == NULL; i++) user = by_names(&s, lists[i]);
    if (user != NULL || cert->subject.count == 0) return user;

    user = by_dn(&s, &cert->subject, dn_equal);
    if (user == NULL) user = by_dn(&s, &cert->subject, dn_equal_unordered);
    return user != NULL ? user : by_text(&s, &cert->subject);
}
