/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of a transform. The texts, and which mistake is told first, are nats-server's. */
#include "subject/subject.h"
#include "subject/transform.h"
#include "subject/transform_internal.h"

enum argument { ARG_NONE, ARG_INDEX, ARG_NUMBER, ARG_TEXT };

/* Name and what it takes; an index names a wildcard of the source. */
static const struct function {
    const char             *name;       /* capitals match in both cases */
    enum transform_function function;
    enum argument           args[2];
    bool                    repeats;    /* any number of further indexes */
} functions[] = {
    { "Wildcard", TRANSFORM_WILDCARD, { ARG_INDEX, ARG_NONE }, false },
    { "Partition", TRANSFORM_PARTITION, { ARG_NUMBER, ARG_NONE }, true },
    { "Split", TRANSFORM_SPLIT, { ARG_INDEX, ARG_TEXT }, false },
    { "SplitFromLeft", TRANSFORM_SPLIT_FROM_LEFT, { ARG_INDEX, ARG_NUMBER }, false },
    { "SplitFromRight", TRANSFORM_SPLIT_FROM_RIGHT, { ARG_INDEX, ARG_NUMBER }, false },
    { "SliceFromLeft", TRANSFORM_SLICE_FROM_LEFT, { ARG_INDEX, ARG_NUMBER }, false },
    { "SliceFromRight", TRANSFORM_SLICE_FROM_RIGHT, { ARG_INDEX, ARG_NUMBER }, false },
    { "Left", TRANSFORM_LEFT, { ARG_INDEX, ARG_NUMBER }, false },
    { "Right", TRANSFORM_RIGHT, { ARG_INDEX, ARG_NUMBER }, false },
    { "Random", TRANSFORM_RANDOM, { ARG_NUMBER, ARG_NONE }, false },
};

struct call {
    const struct function *function;
    struct slice args[TRANSFORM_INDEXES_MAX + 1];
    uint32_t args_count; /* one more than fit: too many */
};

/* Of the source. */
struct wildcards {
    uint32_t count; /* `*` */
    bool has_rest;  /* `>` at its end */
};

#define BAD "invalid mapping destination: "

static enum err refuse(struct errmsg *why, const char *what, struct slice token)
{
    return errmsg_set(why, ERR_INVALID, BAD "%s in %.*s", what, SLICE_ARGS(token));
}

static struct wildcards wildcards_of(struct slice subject)
{
    struct wildcards w = { 0 };
    struct slice token;
    while (subject_next_token(&subject, &token)) {
        if (slice_equal_str(token, "*")) w.count++;
        w.has_rest = slice_equal_str(token, ">");
    }
    return w;
}

static bool name_matches(struct slice name, const char *pattern)
{
    if (name.len != strlen(pattern)) return false;
    for (uint32_t i = 0; i < name.len; i++) {
        bool is_capital = pattern[i] >= 'A' && pattern[i] <= 'Z';
        if (name.ptr[i] != (uint8_t)pattern[i] &&
            !(is_capital && name.ptr[i] == (uint8_t)(pattern[i] | 0x20)))
            return false;
    }
    return true;
}

static bool is_call(struct slice token)
{
    return token.len > 4 && slice_starts(token, SLICE_LIT("{{")) &&
           memcmp(token.ptr + token.len - 2, "}}", 2) == 0;
}

/* "{{ name ( a, b ) }}". False when it has not that form or nobody knows the name. */
static bool call_parse(struct slice token, struct call *ret)
{
    *ret = (struct call){ 0 };
    struct slice args = slice_trim(slice_of(token.ptr + 2, token.len - 4)), name;
    if (args.len == 0 || args.ptr[args.len - 1] != ')') return false;
    args.len--;
    if (!slice_cut(&args, '(', &name)) return false;
    name = slice_trim(name);
    for (size_t i = 0; i < ARRAY_COUNT(functions); i++)
        if (name_matches(name, functions[i].name)) ret->function = &functions[i];
    bool more = ret->function != NULL;
    while (more) { /* no argument is one empty argument */
        struct slice arg;
        more = slice_cut(&args, ',', &arg);
        while (ret->args_count > 0 && arg.len > 0 && arg.ptr[0] == ' ') arg = slice_from(arg, 1);
        if (ret->args_count < ARRAY_COUNT(ret->args)) ret->args[ret->args_count] = arg;
        ret->args_count++;
    }
    return ret->function != NULL;
}

/* Too few and too many, where nats-server's words are not always the obvious ones. */
static enum err count_check(struct slice token, const struct call *c, struct errmsg *why)
{
    uint32_t needed = c->function->args[1] == ARG_NONE ? 1 : 2;
    bool none = c->args_count == 1 && c->args[0].len == 0;
    bool number = c->function->args[0] == ARG_NUMBER;
    bool many = c->args_count > needed && !c->function->repeats;
    if (c->args_count < needed || (none && !number) || (many && number))
        return refuse(why, "not enough arguments passed to the function", token);
    if (many || c->args_count > ARRAY_COUNT(c->args))
        return refuse(why, "too many arguments passed to the function", token);
    return ERR_OK;
}

/* `*over` becomes an index that is above `wildcards`. */
static bool index_parse(struct slice text, uint32_t wildcards, struct transform_piece *p,
                        int64_t *over)
{
    int64_t index;
    if (!slice_to_i64(slice_trim(text), &index)) return false;
    if (index > wildcards && *over == 0) *over = index;
    bool is_in = index > 0 && index <= wildcards;
    p->indexes[p->indexes_count++] = is_in ? (uint16_t)index : 0;
    return true;
}

static bool argument_parse(enum argument kind, struct slice text, uint32_t wildcards,
                           struct transform_piece *p, int64_t *over)
{
    int64_t number;
    if (kind == ARG_INDEX) return index_parse(text, wildcards, p, over);
    if (kind == ARG_TEXT) {
        p->separator = text;
        return slice_find_byte(text, ' ') < 0;
    }
    if (!slice_to_i64(slice_trim(text), &number)) return false;
    p->number = (int32_t)number;
    return number >= INT32_MIN && number <= INT32_MAX;
}

/* A source without wildcards has no indexes, whatever they are; only a partition does not mind. */
static enum err range_check(const struct wildcards *w, int64_t over, struct transform_piece *p,
                            struct errmsg *why)
{
    bool is_literal = w->count == 0 && !w->has_rest;
    if (is_literal && p->function == TRANSFORM_PARTITION) p->indexes_count = 0;
    if (p->indexes_count == 0 || (!is_literal && over == 0)) return ERR_OK;
    if (is_literal) return refuse(why, "wildcard index out of range", p->text);
    return errmsg_set(why, ERR_INVALID, BAD "wildcard index out of range in %.*s: [%lld]",
                      SLICE_ARGS(p->text), (long long)over);
}

enum err transform_parse(struct slice source, struct slice token, struct transform_piece *ret,
                         struct errmsg *why)
{
    struct wildcards w = wildcards_of(source);
    int64_t over = 0;
    struct call c;
    *ret = (struct transform_piece){ .text = token };
    if (slice_equal_str(token, ">")) ret->function = TRANSFORM_REST;
    if (token.len > 1 && token.ptr[0] == '$') { /* what is no number is text: "$JS" */
        if (!index_parse(slice_from(token, 1), w.count, ret, &over)) return ERR_OK;
        ret->function = TRANSFORM_WILDCARD;
    }
    if (is_call(token)) {
        if (!call_parse(token, &c)) return refuse(why, "unknown function", token);
        enum err e = count_check(token, &c, why);
        if (e) return e;
        ret->function = c.function->function;
        for (uint32_t i = 0; i < c.args_count; i++) {
            bool is_named = i < 2 && c.function->args[i] != ARG_NONE;
            enum argument kind = is_named ? c.function->args[i] : ARG_INDEX;
            if (!argument_parse(kind, c.args[i], w.count, ret, &over))
                return refuse(why, "function argument is invalid or in the wrong format", token);
        }
    }
    return range_check(&w, over, ret, why);
}

static bool has_blank(struct slice token)
{
    for (uint32_t i = 0; i < token.len; i++)
        if (strchr(" \t\r\n\f", token.ptr[i]) != NULL) return true;
    return false;
}

/* What can be said of a destination without its source. */
static enum err form_check(struct slice destination, struct errmsg *why)
{
    struct slice token;
    bool rest_seen = false;
    while (subject_next_token(&destination, &token)) {
        struct call c;
        if (rest_seen && token.len > 0) return refuse(why, "invalid transform", token);
        if (token.len == 0 || (has_blank(token) && !is_call(token)))
            return errmsg_set(why, ERR_INVALID, BAD "invalid transform");
        if (is_call(token) && !call_parse(token, &c)) return refuse(why, "unknown function", token);
        rest_seen = slice_equal_str(token, ">");
    }
    return ERR_OK;
}

enum err transform_check(struct slice source, struct slice destination, struct errmsg *why)
{
    if (source.len == 0) source = SLICE_LIT(">");
    enum err e = form_check(destination, why);
    if (e) return e;
    struct wildcards from = wildcards_of(source), to = wildcards_of(destination);
    if (!subject_valid(source) || to.count > 0 || from.has_rest != to.has_rest)
        return errmsg_set(why, ERR_INVALID, "invalid subject");
    struct slice token;
    while (e == ERR_OK && subject_next_token(&destination, &token)) {
        struct transform_piece piece;
        e = transform_parse(source, token, &piece, why);
    }
    return e;
}

enum err transform_check_import(struct slice source, struct slice destination, struct errmsg *why)
{
    struct wildcards from = wildcards_of(source), to = wildcards_of(destination);
    struct slice rest = destination, token;
    uint32_t used = to.count;
    while (subject_next_token(&rest, &token)) {
        struct transform_piece piece;
        if (token.len == 0 || (has_blank(token) && !is_call(token)))
            return errmsg_set(why, ERR_INVALID, BAD "invalid transform");
        enum err e = transform_parse(source, token, &piece, why);
        if (e) return e;
        if (piece.function > TRANSFORM_WILDCARD)
            return refuse(why,
                          "the only mapping function allowed for import transforms is "
                          "{{Wildcard()}}",
                          token);
        used += piece.function == TRANSFORM_WILDCARD;
    }
    if (used < from.count)
        return refuse(why, "not using all of the token wildcard(s)", destination);
    if (from.has_rest != to.has_rest) return errmsg_set(why, ERR_INVALID, "invalid subject");
    return ERR_OK;
}
