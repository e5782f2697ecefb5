/* SPDX-License-Identifier: Apache-2.0 */
#include "json/check.h"

#include <stdio.h>

#include "base/assert.h"

struct checker {
    const uint8_t *at;
    const uint8_t *end;
    uint32_t depth;
    uint32_t depth_max;
    uint32_t deepest;
    uint32_t keys;
    uint64_t is_object[JSON_DEPTH_MAX / 64 + 1]; /* a bit per depth: the container is an object */
    bool     has_odd;
    bool     takes_one;                 /* what follows the value is not looked at */
    const char *context;                /* of the byte at which it failed */
};

enum step { STEP_VALUE_DONE, STEP_OPENED, STEP_BAD, STEP_TOO_DEEP };

/* False: the byte at `at` cannot stand there. */
static bool fault(struct checker *c, const char *context)
{
    c->context = context;
    return false;
}

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
    static const char context[] = "in string escape code";
    static const char hex_context[] = "in \\u hexadecimal character escape";
    if (c->at == c->end) return fault(c, context);
    uint8_t kind = *c->at;
    if (kind == '\0' || strchr("\"\\/bfnrtu", kind) == NULL) return fault(c, context);
    c->at++;
    for (int i = 0; kind == 'u' && i < 4; i++) {
        if (c->at == c->end || !is_hex(*c->at)) return fault(c, hex_context);
        c->at++;
    }
    return true;
}

static bool string_take(struct checker *c, const char *context)
{
    if (!byte_take(c, '"')) return fault(c, context);
    while (c->at < c->end) {
        uint8_t byte = *c->at;
        if (byte < 0x20) break;
        c->at++;
        if (byte == '"') return true;
        if (byte == '\\' && !escape_take(c)) return false;
    }
    return fault(c, "in string literal");
}

static bool digits_take(struct checker *c, const char *context)
{
    const uint8_t *from = c->at;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9') c->at++;
    return c->at > from || fault(c, context);
}

static bool number_take(struct checker *c)
{
    const uint8_t *from = c->at;
    bool is_int = true;
    const char *context = byte_take(c, '-') ? "in numeric literal"
                                            : "looking for beginning of value";
    if (!byte_take(c, '0') && !digits_take(c, context)) return false;
    if (byte_take(c, '.')) {
        is_int = false;
        if (!digits_take(c, "after decimal point in numeric literal")) return false;
    }
    if (c->at < c->end && (*c->at == 'e' || *c->at == 'E')) {
        is_int = false;
        c->at++;
        if (!byte_take(c, '+')) (void)byte_take(c, '-');
        if (!digits_take(c, "in exponent of numeric literal")) return false;
    }
    struct slice text = slice_of(from, (size_t)(c->at - from));
    uint64_t u;
    int64_t i;
    bool is_odd = slice_equal_str(text, "-0") ||
                  (!slice_to_u64(text, &u) && !slice_to_i64(text, &i));
    if (is_int && is_odd) c->has_odd = true;
    return true;
}

/* clang-format off */
static const struct word {
    const char *text;
    const char *contexts[5];            /* when the byte with this index is another */
} words[] = {
    { "true",  { NULL, "in literal true (expecting 'r')", "in literal true (expecting 'u')",
                 "in literal true (expecting 'e')" } },
    { "false", { NULL, "in literal false (expecting 'a')", "in literal false (expecting 'l')",
                 "in literal false (expecting 's')", "in literal false (expecting 'e')" } },
    { "null",  { NULL, "in literal null (expecting 'u')", "in literal null (expecting 'l')",
                 "in literal null (expecting 'l')" } },
};
/* clang-format on */

static bool word_take(struct checker *c, const struct word *word)
{
    for (uint32_t i = 0; word->text[i] != '\0'; i++)
        if (!byte_take(c, (uint8_t)word->text[i])) return fault(c, word->contexts[i]);
    return true;
}

/* `"key" :` */
static bool key_take(struct checker *c)
{
    blanks_skip(c);
    if (!string_take(c, "looking for beginning of object key string")) return false;
    c->keys++;
    blanks_skip(c);
    return byte_take(c, ':') || fault(c, "after object key");
}

static enum step container_open(struct checker *c, bool is_object)
{
    if (c->depth == c->depth_max) return STEP_TOO_DEEP;
    c->at++;
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
    bool good;
    switch (c->at == c->end ? '\0' : *c->at) {
    case '{': return container_open(c, true);
    case '[': return container_open(c, false);
    case '"': good = string_take(c, NULL); break;
    case 't': good = word_take(c, &words[0]); break;
    case 'f': good = word_take(c, &words[1]); break;
    case 'n': good = word_take(c, &words[2]); break;
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
        if (!byte_take(c, is_object ? '}' : ']')) {
            c->context = is_object ? "after object key:value pair" : "after array element";
            return STEP_BAD;
        }
        c->depth--;
    }
    if (c->takes_one) return STEP_VALUE_DONE;
    blanks_skip(c);
    if (c->at == c->end) return STEP_VALUE_DONE;
    c->context = "after top-level value";
    return STEP_BAD;
}

static enum err run(struct checker *c)
{
    enum step step = STEP_OPENED;
    while (step == STEP_OPENED) {
        step = value_take(c);
        if (step == STEP_VALUE_DONE) step = value_end(c);
    }
    if (step == STEP_TOO_DEEP) return ERR_LIMIT;
    return step == STEP_BAD ? ERR_INVALID : ERR_OK;
}

enum err json_check(struct slice text, uint32_t depth_max, struct json_shape *ret_shape)
{
    assert(depth_max <= JSON_DEPTH_MAX);
    struct checker c = { .at = text.ptr, .end = text.ptr + text.len, .depth_max = depth_max };
    enum err e = run(&c);
    if (e) return e;
    *ret_shape = (struct json_shape){ .depth = c.deepest, .keys = c.keys, .has_odd = c.has_odd };
    return ERR_OK;
}

enum err json_check_first(struct slice text, uint32_t depth_max, uint32_t *ret_len,
                          struct json_fault *ret_fault)
{
    assert(depth_max <= JSON_DEPTH_MAX);
    struct checker c = {
        .at = text.ptr, .end = text.ptr + text.len, .depth_max = depth_max, .takes_one = true
    };
    enum err e = run(&c);
    if (e) {
        bool is_early_end = e == ERR_INVALID && c.at == c.end;
        *ret_fault = (struct json_fault){ .context = is_early_end ? NULL : c.context,
                                          .offset = (uint32_t)(c.at - text.ptr),
                                          .is_too_deep = e == ERR_LIMIT };
        return e;
    }
    *ret_len = (uint32_t)(c.at - text.ptr);
    return ERR_OK;
}

/* A byte as Go quotes a rune: bytes above 0x7f stand for the characters of Latin-1. */
static void rune_quote(uint8_t byte, char ret_text[static 12])
{
    static const char escapes[] = "\aa\bb\tt\nn\vv\ff\rr\\\\''";
    for (const char *e = escapes; *e != '\0'; e += 2) {
        if (byte != (uint8_t)*e) continue;
        (void)snprintf(ret_text, 12, "'\\%c'", e[1]);
        return;
    }
    if (byte < 0x20 || byte == 0x7f) (void)snprintf(ret_text, 12, "'\\x%02x'", byte);
    else if (byte < 0x7f) (void)snprintf(ret_text, 12, "'%c'", byte);
    else if (byte <= 0xa0 || byte == 0xad) (void)snprintf(ret_text, 12, "'\\u%04x'", byte);
    else (void)snprintf(ret_text, 12, "'%c%c'", 0xc0 | byte >> 6, 0x80 | (byte & 0x3f));
}

const char *json_fault_text(const struct json_fault *f, struct slice text,
                            char ret_text[JSON_FAULT_SIZE])
{
    const char *context = f->is_too_deep ? "exceeded max depth" : f->context;
    if (context == NULL) {
        (void)snprintf(ret_text, JSON_FAULT_SIZE, "unexpected EOF");
    } else {
        assert(f->offset < text.len);
        char quoted[12];
        rune_quote(text.ptr[f->offset], quoted);
        (void)snprintf(ret_text, JSON_FAULT_SIZE, "invalid character %s %s", quoted, context);
    }
    return ret_text;
}
