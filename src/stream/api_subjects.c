/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/api_subjects.h"

#include "base/assert.h"
#include "subject/subject.h"

#define TYPE_PREFIX "io.nats.jetstream.api.v1."

static const struct api_row {
    const char *pattern;
    const char *type;
} rows[JS_API_COUNT] = {
#define X(id, pattern, type) [JS_API_##id] = { JS_API_PREFIX pattern, TYPE_PREFIX type },
    JS_API_LIST(X)
#undef X
};

const char *js_api_type(enum js_api verb)
{
    assert(verb > JS_API_NONE && verb < JS_API_COUNT);
    const char *type = rows[verb].type;
    return type[sizeof(TYPE_PREFIX) - 1] == '\0' ? "" : type;
}

const char *js_api_pattern(enum js_api verb)
{
    assert(verb > JS_API_NONE && verb < JS_API_COUNT);
    return rows[verb].pattern;
}

/* The places that wildcards fill, in their order. */
static void places_fill(struct js_api_call *c, struct slice pattern, struct slice subject)
{
    bool is_account = slice_starts(pattern, SLICE_LIT(JS_API_PREFIX "ACCOUNT."));
    struct slice *const places[] = { &c->account, &c->stream, &c->consumer };
    uint32_t next = is_account ? 0 : 1;
    struct slice part, token;
    while (subject_next_token(&pattern, &part)) {
        if (slice_equal_str(part, ">")) {
            c->rest = subject;
            return;
        }
        if (!subject_next_token(&subject, &token)) unreachable();
        if (slice_equal_str(part, "*")) *places[next++] = token;
        assert(next <= ARRAY_COUNT(places));
    }
}

/* The texts are equal up to the pattern's first wildcard, which spares most rows a closer look. */
static bool begins_so(const char *pattern, struct slice subject)
{
    uint32_t at = sizeof(JS_API_PREFIX) - 1;
    assert(subject.len >= at);
    while (at < subject.len && pattern[at] == (char)subject.ptr[at] && pattern[at] != '\0') at++;
    if (pattern[at] == '\0') return at == subject.len;
    return pattern[at] == '*' || pattern[at] == '>';
}

bool js_api_parse(struct slice subject, struct js_api_call *ret_call)
{
    if (!slice_starts(subject, SLICE_LIT(JS_API_PREFIX))) return false;
    if (!subject_valid(subject)) return false;
    struct js_api_call c = { .verb = JS_API_NONE };
    for (enum js_api verb = JS_API_NONE + 1; verb < JS_API_COUNT; verb++) {
        if (!begins_so(rows[verb].pattern, subject)) continue;
        struct slice pattern = slice_str(rows[verb].pattern);
        if (!subject_matches(pattern, subject)) continue;
        c.verb = verb;
        places_fill(&c, pattern, subject);
        break;
    }
    if (c.verb == JS_API_NONE) return false;
    /* the first token behind the stream is the consumer's name, the rest its filter */
    if (c.verb == JS_API_CONSUMER_CREATE) {
        (void)subject_next_token(&c.rest, &c.consumer);
        if (c.rest.ptr == NULL) c.rest = (struct slice){ 0 };
    }
    *ret_call = c;
    return true;
}

static void move(struct slice *part, struct slice from, struct slice to)
{
    if (part->ptr == NULL) return;
    assert(part->ptr >= from.ptr && part->ptr + part->len <= from.ptr + from.len);
    part->ptr = to.ptr + (part->ptr - from.ptr);
}

void js_api_call_move(struct js_api_call *c, struct slice from, struct slice to)
{
    struct slice *const parts[] = { &c->stream, &c->consumer, &c->rest, &c->account };
    assert(slice_equal(from, to));
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) move(parts[i], from, to);
}
