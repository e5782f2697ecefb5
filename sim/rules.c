/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/rules.h"

#include <string.h>

/* Recursion over tokens, as slow and as plain as possible. */

static size_t token_len(const char *s)
{
    return strcspn(s, ".");
}

static bool token_is(const char *s, const char *what)
{
    return token_len(s) == strlen(what) && strncmp(s, what, strlen(what)) == 0;
}

static bool same_token(const char *a, const char *b)
{
    return token_len(a) == token_len(b) && strncmp(a, b, token_len(a)) == 0;
}

/* What follows the first token; NULL when it was the last. */
static const char *after(const char *s)
{
    s += token_len(s);
    return *s == '.' ? s + 1 : NULL;
}

bool sim_matches(const char *pattern, const char *subject)
{
    if (pattern == NULL || subject == NULL) return pattern == subject;
    if (token_len(subject) == 0) return false;
    if (token_is(pattern, ">")) return true;
    if (!token_is(pattern, "*") && !same_token(pattern, subject)) return false;
    return sim_matches(after(pattern), after(subject));
}

bool sim_covers(const char *outer, const char *inner)
{
    if (outer == NULL || inner == NULL) return outer == inner;
    if (token_is(outer, ">")) return true;
    if (token_is(inner, ">")) return false;
    if (!token_is(outer, "*") && (token_is(inner, "*") || !same_token(outer, inner))) return false;
    return sim_covers(after(outer), after(inner));
}

bool sim_overlaps(const char *a, const char *b)
{
    if (a == NULL || b == NULL) return a == b;
    if (token_is(a, ">") || token_is(b, ">")) return true;
    if (!token_is(a, "*") && !token_is(b, "*") && !same_token(a, b)) return false;
    return sim_overlaps(after(a), after(b));
}

typedef bool (*relation)(const char *, const char *);

static bool any(const char *const list[SIM_RULES_MAX], const char *subject, relation is)
{
    for (int i = 0; i < SIM_RULES_MAX && list[i] != NULL; i++)
        if (is(list[i], subject)) return true;
    return false;
}

static bool allowed(const char *const allow[], const char *const deny[], const char *subject)
{
    if (allow[0] != NULL && !any(allow, subject, sim_matches)) return false;
    return !any(deny, subject, sim_matches);
}

bool sim_may_publish(const struct sim_permissions *p, const char *subject)
{
    return p == NULL || allowed(p->pub_allow, p->pub_deny, subject);
}

bool sim_may_receive(const struct sim_permissions *p, const char *subject)
{
    return p == NULL || allowed(p->sub_allow, p->sub_deny, subject);
}

/* Covered as a whole by one allow entry, and not as a whole by one deny entry. */
bool sim_may_subscribe(const struct sim_permissions *p, const char *pattern)
{
    if (p == NULL) return true;
    if (p->sub_allow[0] != NULL && !any(p->sub_allow, pattern, sim_covers)) return false;
    return !any(p->sub_deny, pattern, sim_covers);
}
