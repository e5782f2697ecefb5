/* SPDX-License-Identifier: Apache-2.0 */
#include "json/origin.h"

#include "base/assert.h"

/* The text was checked: it is good JSON. */
struct cursor {
    struct slice text;
    uint32_t     at;
};

/* Values in front of the wanted one, in the order of the text; false: it is not among these. */
static bool count_before(struct json_value here, const void *wanted, uint32_t *count)
{
    if (here.node == wanted) return true;
    ++*count;
    struct slice key;
    struct json_value inner;
    struct json_members members = json_members_of(here);
    while (json_members_next(&members, &key, &inner))
        if (count_before(inner, wanted, count)) return true;
    uint32_t items = json_kind(here) == JSON_ARRAY ? json_count(here) : 0;
    for (uint32_t i = 0; i < items; i++)
        if (count_before(json_item(here, i), wanted, count)) return true;
    return false;
}

static bool is_one_of(const struct cursor *c, const char *bytes)
{
    return c->at < c->text.len && c->text.ptr[c->at] != '\0' &&
           strchr(bytes, c->text.ptr[c->at]) != NULL;
}

static void pass(struct cursor *c, const char *bytes)
{
    while (is_one_of(c, bytes)) c->at++;
}

/* Past a text, a number, a word, or one bracket. */
static void token_pass(struct cursor *c)
{
    assert(c->at < c->text.len);
    if (c->text.ptr[c->at] == '"') {
        for (c->at++; c->text.ptr[c->at] != '"'; c->at++) c->at += c->text.ptr[c->at] == '\\';
        c->at++;
    } else if (is_one_of(c, "{[}]")) {
        c->at++;
    } else {
        while (c->at < c->text.len && !is_one_of(c, " \t\r\n,:{}[]\"")) c->at++;
    }
    assert(c->at <= c->text.len);
}

/* To the next value: keys, and what stands between values, are none. */
static void value_seek(struct cursor *c)
{
    for (;;) {
        pass(c, " \t\r\n,:]}");
        struct cursor behind = *c;
        if (!is_one_of(c, "\"")) return;
        token_pass(&behind);
        pass(&behind, " \t\r\n");
        if (!is_one_of(&behind, ":")) return;
        *c = behind;
    }
}

/* With all that is inside. */
static void value_pass(struct cursor *c)
{
    uint32_t depth = 0;
    do {
        pass(c, " \t\r\n,:");
        if (is_one_of(c, "{[")) depth++;
        if (is_one_of(c, "}]")) depth--;
        token_pass(c);
    } while (depth > 0);
}

struct slice json_origin(struct slice text, struct json_value root, struct json_value value)
{
    struct cursor c = { text, 0 };
    uint32_t before = 0;
    assert(text.len > 0);
    if (value.node == NULL || !count_before(root, value.node, &before)) return (struct slice){ 0 };
    for (value_seek(&c); before > 0 && c.at < text.len; before--) {
        token_pass(&c);
        value_seek(&c);
    }
    if (c.at >= text.len) return (struct slice){ 0 };
    uint32_t from = c.at;
    value_pass(&c);
    return slice_of(text.ptr + from, c.at - from);
}
