/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever comes and goes in whatever order: the tree keeps its invariants, finds what was added
 * and nothing else, and a walk meets in order exactly what subject_matches() says.
 *
 * The input is a row of operations: a byte that says what to do, a byte with the subject's length
 * (times 9 when the operation says so, by repeating the subject), the subject. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "subject/subject.h"
#include "subject/tree.h"

enum { SUBJECTS_MAX = 256, REPEAT = 9, LEN_MAX = 255 * REPEAT };

/* The model: a row of subjects in no order. */
struct model {
    struct slice subjects[SUBJECTS_MAX];
    uint32_t count;
};

static uint32_t model_find(const struct model *m, struct slice subject)
{
    uint32_t i = 0;
    while (i < m->count && !slice_equal(m->subjects[i], subject)) i++;
    return i;
}

static void model_remove(struct model *m, uint32_t at)
{
    xfree((void *)(uintptr_t)m->subjects[at].ptr);
    m->subjects[at] = m->subjects[--m->count];
}

static void put(struct tree *t, struct model *m, struct slice subject)
{
    uint32_t at = model_find(m, subject);
    if (at == SUBJECTS_MAX) return;
    bool is_new;
    struct tree_value *v = tree_get(t, subject, &is_new);
    assert(is_new == (at == m->count));
    assert(is_new ? v->count == 0 : v->count == subject.len);
    v->count = subject.len;
    if (is_new) m->subjects[m->count++] = slice_of(slice_dup(subject), subject.len);
}

struct seen {
    struct slice pattern;
    struct slice after;
    struct slice last;
    uint8_t text[LEN_MAX];
    uint32_t count;
};

static bool see(void *ctx, struct slice subject, struct tree_value *v)
{
    struct seen *s = ctx;
    assert(v->count == subject.len);
    assert(s->pattern.len == 0 || subject_matches(s->pattern, subject));
    assert(slice_compare(subject, s->after) > 0);
    assert(slice_compare(subject, s->last) > 0);
    memcpy(s->text, subject.ptr, subject.len);
    s->last = slice_of(s->text, subject.len);
    s->count++;
    return true;
}

static void walk(const struct tree *t, const struct model *m, struct slice pattern,
                 struct slice after)
{
    static struct seen s;
    s = (struct seen){ .pattern = pattern, .after = after };
    assert(tree_match_after(t, pattern, after, see, &s));
    uint32_t expected = 0;
    for (uint32_t i = 0; i < m->count; i++)
        expected += (pattern.len == 0 || subject_matches(pattern, m->subjects[i])) &&
                    slice_compare(m->subjects[i], after) > 0;
    assert(expected == s.count);
}

static void operate(struct tree *t, struct model *m, uint8_t what, struct slice subject)
{
    uint32_t at = model_find(m, subject);
    assert((tree_find(t, subject) != NULL) == (at < m->count));
    switch (what % 4) {
    case 0:
    case 1:
        if (subject.len > 0 && slice_find_byte(subject, 0) < 0) put(t, m, subject);
        break;
    case 2:
        assert(tree_remove(t, subject) == (at < m->count));
        if (at < m->count) model_remove(m, at);
        break;
    default:
        walk(t, m, subject, (struct slice){ 0 });
        if (m->count > 0) walk(t, m, subject, m->subjects[what % m->count]);
        walk(t, m, SLICE_LIT(">"), subject);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t text[LEN_MAX];
    struct model m = { .count = 0 };
    struct tree *t = tree_new();
    struct slice rest = slice_of(data, size < UINT32_MAX ? size : 0);
    while (rest.len >= 2) {
        uint8_t what = rest.ptr[0];
        struct slice subject = slice_first(slice_from(rest, 2), rest.ptr[1]);
        rest = slice_from(rest, 2 + subject.len);
        uint32_t times = what & 0x80 ? REPEAT : 1;
        for (uint32_t i = 0; i < times && subject.len > 0; i++)
            memcpy(text + (size_t)i * subject.len, subject.ptr, subject.len);
        operate(t, &m, what, slice_of(text, (size_t)times * subject.len));
    }
    assert(tree_check(t) == m.count && tree_count(t) == m.count);
    while (m.count > 0) {
        assert(tree_remove(t, m.subjects[0]));
        model_remove(&m, 0);
    }
    assert(tree_check(t) == 0);
    tree_free(t);
    return 0;
}
