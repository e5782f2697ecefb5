/* SPDX-License-Identifier: Apache-2.0 */
/* Is a subject transform possible? The texts are nats-server's. */
#include "subject/transform_check.h"

#include "subject/subject.h"

enum argument { ARG_NONE, ARG_INDEX, ARG_NUMBER, ARG_TEXT };

/* Name and what it takes; an index names a wildcard of the source. */
static const struct function {
    const char   *name;                 /* capitals match in both cases */
    enum argument args[2];
    bool          repeats;              /* any number of further indexes */
} functions[] = {
    { "Wildcard", { ARG_INDEX, ARG_NONE }, false },
    { "Partition", { ARG_NUMBER, ARG_NONE }, true },
    { "Split", { ARG_INDEX, ARG_TEXT }, false },
    { "SplitFromLeft", { ARG_INDEX, ARG_NUMBER }, false },
    { "SplitFromRight", { ARG_INDEX, ARG_NUMBER }, false },
    { "SliceFromLeft", { ARG_INDEX, ARG_NUMBER }, false },
    { "SliceFromRight", { ARG_INDEX, ARG_NUMBER }, false },
    { "Left", { ARG_INDEX, ARG_NUMBER }, false },
    { "Right", { ARG_INDEX, ARG_NUMBER }, false },
    { "Random", { ARG_NUMBER, ARG_NONE }, false },
};

enum { ARGUMENTS_MAX = 64 };

struct call {
    const struct function *function;
    struct slice           args[ARGUMENTS_MAX];
    uint32_t               args_count;
};

#define BAD "invalid mapping destination: "

static const char *wrong(struct arena *arena, const char *what, struct slice token)
{
    return arena_printf(arena, BAD "%s in %.*s", what, SLICE_ARGS(token));
}

static uint32_t wildcards_count(struct slice subject)
{
    uint32_t count = 0;
    struct slice token;
    while (subject_next_token(&subject, &token))
        if (slice_equal_str(token, "*")) count++;
    return count;
}

static bool ends_in_full_wildcard(struct slice subject)
{
    return slice_equal_str(subject, ">") ||
           (subject.len > 1 && subject.ptr[subject.len - 1] == '>' &&
            subject.ptr[subject.len - 2] == '.');
}

static bool name_matches(struct slice name, const char *pattern)
{
    if (name.len != strlen(pattern)) return false;
    for (uint32_t i = 0; i < name.len; i++) {
        bool capital = pattern[i] >= 'A' && pattern[i] <= 'Z';
        if (name.ptr[i] != (uint8_t)pattern[i] &&
            !(capital && name.ptr[i] == (uint8_t)(pattern[i] | 0x20)))
            return false;
    }
    return true;
}

/* "{{ name ( a, b ) }}". False when it has not that form. */
static bool call_parse(struct slice token, struct call *ret)
{
    *ret = (struct call){ 0 };
    if (token.len < 6 || !slice_starts(token, SLICE_LIT("{{"))) return false;
    struct slice inner = slice_trim(slice_of(token.ptr + 2, token.len - 4)), name, args;
    if (memcmp(token.ptr + token.len - 2, "}}", 2) != 0) return false;
    if (inner.len == 0 || inner.ptr[inner.len - 1] != ')') return false;
    args = slice_first(inner, inner.len - 1);
    if (!slice_cut(&args, '(', &name)) return false;
    name = slice_trim(name);
    for (size_t i = 0; i < ARRAY_COUNT(functions); i++)
        if (name_matches(name, functions[i].name)) ret->function = &functions[i];
    if (ret->function == NULL) return false;
    bool more = true;
    while (more && ret->args_count < ARGUMENTS_MAX) {       /* no argument is one empty argument */
        struct slice arg;
        more = slice_cut(&args, ',', &arg);
        ret->args[ret->args_count++] = slice_trim(arg);
    }
    return true;
}

static const char *argument_error(struct arena *arena, struct slice token, enum argument kind,
                                  struct slice text, uint32_t wildcards)
{
    int64_t number;
    bool good = kind == ARG_TEXT
                    ? slice_find_byte(text, ' ') < 0 && slice_find_byte(text, '.') < 0
                    : slice_to_i64(text, &number) && number >= INT32_MIN && number <= INT32_MAX;
    if (!good) return wrong(arena, "function argument is invalid or in the wrong format", token);
    if (kind != ARG_INDEX || number <= wildcards) return NULL;
    return arena_printf(arena, BAD "wildcard index out of range in %.*s: [%lld]", SLICE_ARGS(token),
                        (long long)number);
}

/* Too few and too many, where nats-server's words are not always the obvious ones. */
static const char *count_error(struct arena *arena, struct slice token, const struct call *c)
{
    uint32_t needed = c->function->args[1] == ARG_NONE ? 1 : 2;
    bool none = c->args_count == 1 && c->args[0].len == 0;
    bool number = c->function->args[0] == ARG_NUMBER;
    bool many = c->args_count > needed && !c->function->repeats;
    if (c->args_count < needed || (none && !number) || (many && number))
        return wrong(arena, "not enough arguments passed to the function", token);
    return many ? wrong(arena, "too many arguments passed to the function", token) : NULL;
}

static const char *call_error(struct arena *arena, struct slice token, uint32_t wildcards)
{
    struct call c;
    if (!call_parse(token, &c)) return wrong(arena, "unknown function", token);
    const char *error = count_error(arena, token, &c);
    for (uint32_t i = 0; error == NULL && i < c.args_count; i++) {
        enum argument kind = i < 2 && c.function->args[i] != ARG_NONE ? c.function->args[i]
                                                                      : ARG_INDEX;
        error = argument_error(arena, token, kind, c.args[i], wildcards);
    }
    return error;
}

/* "$3" */
static bool is_numbered(struct slice token, int64_t *ret_number)
{
    return token.len > 1 && token.ptr[0] == '$' && slice_to_i64(slice_from(token, 1), ret_number) &&
           token.ptr[1] != '-' && token.ptr[1] != '+';
}

static bool has_blank(struct slice token)
{
    for (uint32_t i = 0; i < token.len; i++)
        if (strchr(" \t\r\n\f", token.ptr[i]) != NULL) return true;
    return false;
}

/* Tokens are cut at dots outside of braces, so that arguments may have dots. */
static bool token_take(struct slice *rest, struct slice *ret_token)
{
    if (rest->ptr == NULL) return false;
    uint32_t at = 0;
    while (at < rest->len && rest->ptr[at] != '.') at++;
    *ret_token = slice_first(*rest, at);
    *rest = at < rest->len ? slice_of(rest->ptr + at + 1, rest->len - at - 1) : (struct slice){ 0 };
    return true;
}

static const char *token_error(struct arena *arena, struct slice token, uint32_t wildcards)
{
    int64_t number;
    bool braces = token.len > 4 && slice_starts(token, SLICE_LIT("{{")) &&
                  memcmp(token.ptr + token.len - 2, "}}", 2) == 0;
    if (braces) return call_error(arena, token, wildcards);
    if (token.len == 0 || has_blank(token)) return BAD "invalid transform";
    if (!is_numbered(token, &number) || number <= wildcards) return NULL;
    return arena_printf(arena, BAD "wildcard index out of range in %.*s: [%lld]", SLICE_ARGS(token),
                        (long long)number);
}

/* A literal source has nothing that a token could pick; only these two need nothing. */
static const char *literal_error(struct arena *arena, struct slice token)
{
    struct call c;
    int64_t number;
    bool picks = is_numbered(token, &number);
    if (call_parse(token, &c))
        picks = strcmp(c.function->name, "Partition") != 0 &&
                strcmp(c.function->name, "Random") != 0;
    return picks ? wrong(arena, "wildcard index out of range", token) : NULL;
}

const char *transform_error(struct arena *arena, const char *source, const char *destination)
{
    struct slice from = slice_str(source), to = slice_str(destination), rest = to, token;
    bool is_literal = !subject_has_wildcard(from);
    uint32_t wildcards = is_literal ? UINT32_MAX : wildcards_count(from);
    if (to.len == 0) return NULL;
    while (token_take(&rest, &token)) {
        const char *error = token_error(arena, token, wildcards);
        if (error == NULL && is_literal) error = literal_error(arena, token);
        if (error != NULL) return error;
    }
    if (!subject_valid(from) || wildcards_count(to) > 0) return "invalid subject";
    if (ends_in_full_wildcard(from) != ends_in_full_wildcard(to)) return "invalid subject";
    return NULL;
}

const char *transform_import_error(struct arena *arena, const char *source, const char *destination)
{
    struct slice from = slice_str(source), to = slice_str(destination), rest = to, token;
    uint32_t wildcards = wildcards_count(from), used = 0;
    int64_t number;
    while (token_take(&rest, &token)) {
        struct call c;
        if (slice_equal_str(token, "*")) {
            used++;
            continue;
        }
        const char *error = token_error(arena, token, wildcards);
        if (error != NULL) return error;
        if (is_numbered(token, &number)) used++;
        if (!call_parse(token, &c)) continue;
        if (strcmp(c.function->name, "Wildcard") != 0)
            return wrong(
                arena, "the only mapping function allowed for import transforms is {{Wildcard()}}",
                token);
        used++;
    }
    if (used < wildcards) return wrong(arena, "not using all of the token wildcard(s)", to);
    if (ends_in_full_wildcard(from) != ends_in_full_wildcard(to)) return "invalid subject";
    return NULL;
}
