/* SPDX-License-Identifier: Apache-2.0 */
#include "json/check.h"

#include "base/assert.h"

struct checker {
    const uint8_t *at;
    const uint8_t *end;
    uint32_t depth;
    uint32_t depth_max;
    uint32_t deepest;
    uint64_t is_object[JSON_DEPTH_MAX / 64 + 1]; /* a bit per depth: the container is an object */
    bool     has_huge;
};

enum step { STEP_VALUE_DONE, STEP_OPENED, STEP_BAD, STEP_TOO_DEEP };

static void blanks_skip(struct checker *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
        c->at++;
}

static bool byte_take(struct checker *c, uint8_t byte)
{
    if (c->at == c->end || *c->at != byte) return false;
    c->at++;
    return true;
}

static bool is_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool escape_take(struct checker *c)
{
    if (c->at == c->end) return false;
    uint8_t kind = *c->at++;
    if (kind != 'u') return strchr("\"\\/bfnrt", kind) != NULL && kind != '\0';
    if (c->end - c->at < 4) return false;
    for (int i = 0; i < 4; i++)
        if (!is_hex(*c->at++)) return false;
    return true;
}

static bool string_take(struct checker *c)
{
    if (!byte_take(c, '"')) return false;
    while (c->at < c->end) {
        uint8_t byte = *c->at++;
        if (byte == '"') return true;
        if (byte < 0x20) return false;
        if (byte == '\\' && !escape_take(c)) return false;
    }
    return false;
}

static bool digits_take(struct checker *c)
{
    const uint8_t *from = c->at;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9') c->at++;
    return c->at > from;
}

static bool number_take(struct checker *c)
{
    const uint8_t *from = c->at;
    bool is_int = true;
    (void)byte_take(c, '-');
    if (!byte_take(c, '0') && !digits_take(c)) return false;
    if (byte_take(c, '.')) {
        is_int = false;
        if (!digits_take(c)) return false;
    }
    if (c->at < c->end && (*c->at == 'e' || *c->at == 'E')) {
        is_int = false;
        c->at++;
        if (!byte_take(c, '+')) (void)byte_take(c, '-');
        if (!digits_take(c)) return false;
    }
    struct slice text = slice_of(from, (size_t)(c->at - from));
    uint64_t u;
    int64_t i;
    if (is_int && !slice_to_u64(text, &u) && !slice_to_i64(text, &i)) c->has_huge = true;
    return true;
}

static bool word_take(struct checker *c, struct slice word)
{
    if (!slice_starts(slice_of(c->at, (size_t)(c->end - c->at)), word)) return false;
    c->at += word.len;
    return true;
}

/* `"key" :` */
static bool key_take(struct checker *c)
{
    blanks_skip(c);
    if (!string_take(c)) return false;
    blanks_skip(c);
    return byte_take(c, ':');
}

static enum step container_open(struct checker *c, bool is_object)
{
    c->at++;
    if (c->depth == c->depth_max) return STEP_TOO_DEEP;
    if (c->deepest <= c->depth) c->deepest = c->depth + 1;
    blanks_skip(c);
    if (byte_take(c, is_object ? '}' : ']')) return STEP_VALUE_DONE;
    c->depth++;
    uint64_t bit = (uint64_t)1 << (c->depth % 64);
    uint64_t *word = &c->is_object[c->depth / 64];
    *word = is_object ? *word | bit : *word & ~bit;
    return !is_object || key_take(c) ? STEP_OPENED : STEP_BAD;
}

static enum step value_take(struct checker *c)
{
    blanks_skip(c);
    if (c->at == c->end) return STEP_BAD;
    bool good;
    switch (*c->at) {
    case '{': return container_open(c, true);
    case '[': return container_open(c, false);
    case '"': good = string_take(c); break;
    case 't': good = word_take(c, SLICE_LIT("true")); break;
    case 'f': good = word_take(c, SLICE_LIT("false")); break;
    case 'n': good = word_take(c, SLICE_LIT("null")); break;
    default:  good = number_take(c); break;
    }
    return good ? STEP_VALUE_DONE : STEP_BAD;
}

/* After a value: closes what ends here. STEP_OPENED means that another value must follow. */
static enum step value_end(struct checker *c)
{
    while (c->depth > 0) {
        bool is_object = (c->is_object[c->depth / 64] >> (c->depth % 64) & 1) != 0;
        blanks_skip(c);
        if (byte_take(c, ',')) return !is_object || key_take(c) ? STEP_OPENED : STEP_BAD;
        if (!byte_take(c, is_object ? '}' : ']')) return STEP_BAD;
        c->depth--;
    }
    blanks_skip(c);
    return c->at == c->end ? STEP_VALUE_DONE : STEP_BAD;
}

enum err json_check(struct slice text, uint32_t depth_max, struct json_shape *ret_shape)
{
    assert(depth_max <= JSON_DEPTH_MAX);
    struct checker c = { .at = text.ptr, .end = text.ptr + text.len, .depth_max = depth_max };
    enum step step = STEP_OPENED;
    while (step == STEP_OPENED) {
        step = value_take(&c);
        if (step == STEP_VALUE_DONE) step = value_end(&c);
    }
    if (step == STEP_TOO_DEEP) return ERR_LIMIT;
    if (step == STEP_BAD) return ERR_INVALID;
    *ret_shape = (struct json_shape){ .depth = c.deepest, .has_huge = c.has_huge };
    return ERR_OK;
}
