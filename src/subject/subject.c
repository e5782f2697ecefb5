/* SPDX-License-Identifier: Apache-2.0 */
#include "subject/subject.h"

static bool is_star(struct slice t)
{
    return t.len == 1 && t.ptr[0] == '*';
}

static bool is_rest(struct slice t)
{
    return t.len == 1 && t.ptr[0] == '>';
}

bool subject_next_token(struct slice *rest, struct slice *ret_token)
{
    if (rest->ptr == NULL) return false;
    if (!slice_cut(rest, '.', ret_token)) *rest = (struct slice){ NULL, 0 };
    return true;
}

bool subject_valid(struct slice subject)
{
    bool rest_seen = false;
    struct slice token;
    if (subject.len == 0) return false;
    while (subject_next_token(&subject, &token)) {
        if (token.len == 0 || rest_seen) return false;
        rest_seen = is_rest(token);
    }
    return true;
}

bool subject_has_empty_token(struct slice subject)
{
    bool empty = true;
    for (uint32_t i = 0; i < subject.len; i++) {
        bool dot = subject.ptr[i] == '.';
        if (dot && empty) return true;
        empty = dot;
    }
    return empty;
}

bool subject_has_wildcard(struct slice subject)
{
    struct slice token;
    while (subject_next_token(&subject, &token))
        if (is_star(token) || is_rest(token)) return true;
    return false;
}

bool subject_literal(struct slice subject)
{
    return subject_valid(subject) && !subject_has_wildcard(subject);
}

bool subject_valid_strict(struct slice subject)
{
    for (uint32_t i = 0; i < subject.len; i++) {
        uint8_t c = subject.ptr[i];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f') return false;
    }
    return subject_valid(subject);
}

uint32_t subject_token_count(struct slice subject)
{
    uint32_t count = 0;
    struct slice token;
    while (subject_next_token(&subject, &token)) count++;
    return count;
}

bool subject_matches(struct slice pattern, struct slice subject)
{
    struct slice p, s;
    while (subject_next_token(&pattern, &p)) {
        if (!subject_next_token(&subject, &s)) return false;
        if (is_rest(p)) return true;
        if (!is_star(p) && !slice_equal(p, s)) return false;
    }
    return subject.ptr == NULL;
}

bool subject_covers(struct slice outer, struct slice inner)
{
    struct slice o, i;
    while (subject_next_token(&outer, &o)) {
        if (!subject_next_token(&inner, &i)) return false;
        if (is_rest(o)) return true;
        if (is_rest(i)) return false;
        if (!is_star(o) && (is_star(i) || !slice_equal(o, i))) return false;
    }
    return inner.ptr == NULL;
}

bool subject_overlaps(struct slice a, struct slice b)
{
    struct slice x, y;
    while (subject_next_token(&a, &x)) {
        if (!subject_next_token(&b, &y)) return false;
        if (is_rest(x) || is_rest(y)) return true;
        if (!is_star(x) && !is_star(y) && !slice_equal(x, y)) return false;
    }
    return b.ptr == NULL;
}
