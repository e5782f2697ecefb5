/* SPDX-License-Identifier: Apache-2.0 */
#include "subject/transform.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "subject/subject.h"
#include "subject/transform_internal.h"

/* Once the transform is made, an index of a piece is the place of a token in the source, and the
 * number of the rest is how many tokens stand before it. */
struct transform {
    char *texts; /* source and destination; all slices point here */
    struct slice source;
    uint32_t source_tokens;
    uint32_t pieces_count;
    struct transform_piece pieces[];
};

/* From the n-th wildcard to the place of its token; from 0 to the first token. */
static uint16_t place_of(struct slice source, uint32_t wildcard)
{
    struct slice token;
    uint32_t place = 0;
    for (uint32_t seen = 0; wildcard > 0 && subject_next_token(&source, &token); place++) {
        seen += slice_equal_str(token, "*");
        if (seen == wildcard) break;
    }
    return (uint16_t)place;
}

enum err transform_new(struct slice source, struct slice destination, struct transform **ret,
                       struct errmsg *why)
{
    if (source.len == 0) source = SLICE_LIT(">");
    enum err e = transform_check(source, destination, why);
    if (e) return e;
    uint32_t count = subject_token_count(destination);
    struct transform *t = xcalloc(1, sizeof(struct transform) +
                                         count * sizeof(struct transform_piece));
    t->texts = xalloc((size_t)source.len + destination.len);
    memcpy(t->texts, source.ptr, source.len);
    memcpy(t->texts + source.len, destination.ptr, destination.len);
    t->source = slice_of(t->texts, source.len);
    t->source_tokens = subject_token_count(source);
    struct slice rest = slice_of(t->texts + source.len, destination.len), token;
    while (subject_next_token(&rest, &token)) {
        struct transform_piece *p = &t->pieces[t->pieces_count++];
        e = transform_parse(t->source, token, p, why);
        assert(e == ERR_OK);
        for (uint32_t i = 0; i < p->indexes_count; i++)
            p->indexes[i] = place_of(t->source, p->indexes[i]);
        if (p->function == TRANSFORM_REST) p->number = (int32_t)(t->source_tokens - 1);
    }
    assert(t->pieces_count == count);
    *ret = t;
    return ERR_OK;
}

struct transform *transform_free(struct transform *t)
{
    if (t == NULL) return NULL;
    xfree(t->texts);
    return xfree(t);
}

bool transform_matches(const struct transform *t, struct slice subject)
{
    bool is_all = slice_equal_str(t->source, ">");
    if (is_all && t->pieces[0].function == TRANSFORM_REST) return true;
    return subject_literal(subject) && (is_all || subject_matches(t->source, subject));
}

/* ---- pieces ---- */

struct input {
    struct slice subject;
    struct rng *rng;
};

static struct slice token_at(struct slice subject, uint32_t place)
{
    struct slice token = { 0 };
    for (uint32_t i = 0; i <= place; i++)
        if (!subject_next_token(&subject, &token)) return (struct slice){ 0 };
    return token;
}

/* The token that a piece speaks of. */
static struct slice token_of(const struct transform_piece *p, const struct input *in)
{
    assert(p->indexes_count > 0);
    return token_at(in->subject, p->indexes[0]);
}

static void add_text(const struct transform_piece *p, const struct input *in, struct buf *out)
{
    (void)in;
    buf_add(out, p->text);
}

static void add_rest(const struct transform_piece *p, const struct input *in, struct buf *out)
{
    struct slice rest = in->subject, token;
    for (int32_t i = 0; i < p->number; i++)
        if (!subject_next_token(&rest, &token)) return;
    buf_add(out, rest);
}

static void add_wildcard(const struct transform_piece *p, const struct input *in, struct buf *out)
{
    buf_add(out, token_of(p, in));
}

static uint32_t fnv1a(uint32_t hash, struct slice bytes)
{
    for (uint32_t i = 0; i < bytes.len; i++) hash = (hash ^ bytes.ptr[i]) * 16777619U;
    return hash;
}

static void add_partition(const struct transform_piece *p, const struct input *in, struct buf *out)
{
    uint32_t hash = 2166136261U, partitions = (uint32_t)p->number;
    for (uint32_t i = 0; i < p->indexes_count; i++)
        hash = fnv1a(hash, token_at(in->subject, p->indexes[i]));
    if (p->indexes_count == 0) hash = fnv1a(hash, in->subject);
    buf_add_u64(out, partitions == 0 ? 0 : hash % partitions);
}

/* Bytes of the first character; what is not UTF-8 is a character a byte. */
static uint32_t char_len(struct slice s)
{
    uint8_t lead = s.ptr[0], second = s.len > 1 ? s.ptr[1] : 0;
    uint32_t len = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || len > s.len) return 1;
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f)) return 1;
    if ((lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) return 1;
    for (uint32_t i = 1; i < len; i++)
        if ((s.ptr[i] & 0xc0) != 0x80) return 1;
    return len;
}

/* Where the first separator begins; its own end when there is none. An empty one stands behind each
 * character. */
static uint32_t find_separator(struct slice s, struct slice separator)
{
    if (separator.len == 0) return s.len == 0 ? 0 : char_len(s);
    for (uint32_t at = 0; at + separator.len <= s.len; at++)
        if (slice_starts(slice_from(s, at), separator)) return at;
    return s.len;
}

/* Several separators in a row are one; but for those at the start, of which the first alone makes
 * no token and the others an empty one, as nats-server has it. */
static void add_split(const struct transform_piece *p, const struct input *in, struct buf *out)
{
    struct slice rest = token_of(p, in);
    for (bool is_first = true;; is_first = false) {
        uint32_t at = find_separator(rest, p->separator);
        struct slice part = slice_first(rest, at);
        buf_add(out, part);
        if (at == rest.len) return;
        rest = slice_from(rest, at + p->separator.len);
        bool is_next_empty = find_separator(rest, p->separator) == 0;
        if (!is_next_empty && !(is_first && part.len == 0)) buf_add_byte(out, '.');
    }
}

/* The number when it is inside the token; 0 when the token stays whole. */
static uint32_t inside(const struct transform_piece *p, struct slice token)
{
    return p->number > 0 && (uint32_t)p->number < token.len ? (uint32_t)p->number : 0;
}

static void add_cut(struct buf *out, struct slice token, uint32_t at)
{
    buf_add(out, slice_first(token, at));
    if (at > 0 && at < token.len) buf_add_byte(out, '.');
    buf_add(out, slice_from(token, at));
}

static void add_split_from_left(const struct transform_piece *p, const struct input *in,
                                struct buf *out)
{
    struct slice token = token_of(p, in);
    add_cut(out, token, inside(p, token));
}

static void add_split_from_right(const struct transform_piece *p, const struct input *in,
                                 struct buf *out)
{
    struct slice token = token_of(p, in);
    add_cut(out, token, token.len - inside(p, token));
}

/* Slices of `size`, the first of `first` bytes. */
static void add_slices(struct buf *out, struct slice token, uint32_t first, uint32_t size)
{
    buf_add(out, slice_first(token, first));
    for (uint32_t at = first; at < token.len; at += size) {
        if (at > 0) buf_add_byte(out, '.');
        buf_add(out, slice_first(slice_from(token, at), size));
    }
}

static void add_slice_from_left(const struct transform_piece *p, const struct input *in,
                                struct buf *out)
{
    struct slice token = token_of(p, in);
    uint32_t size = inside(p, token);
    add_slices(out, token, size == 0 ? token.len : 0, size);
}

static void add_slice_from_right(const struct transform_piece *p, const struct input *in,
                                 struct buf *out)
{
    struct slice token = token_of(p, in);
    uint32_t size = inside(p, token);
    add_slices(out, token, size == 0 ? token.len : token.len % size, size);
}

static void add_left(const struct transform_piece *p, const struct input *in, struct buf *out)
{
    struct slice token = token_of(p, in);
    uint32_t len = inside(p, token);
    buf_add(out, len == 0 ? token : slice_first(token, len));
}

static void add_right(const struct transform_piece *p, const struct input *in, struct buf *out)
{
    struct slice token = token_of(p, in);
    uint32_t len = inside(p, token);
    buf_add(out, len == 0 ? token : slice_from(token, token.len - len));
}

static void add_random(const struct transform_piece *p, const struct input *in, struct buf *out)
{
    int64_t limit = p->number < 0 ? -(int64_t)p->number : p->number;
    buf_add_u64(out, limit == 0 ? 0 : rng_below(in->rng, (uint32_t)limit));
}

void transform_apply(const struct transform *t, struct slice subject, struct rng *rng,
                     struct buf *out)
{
    static void (*const add[])(const struct transform_piece *, const struct input *,
                               struct buf *) = {
        [TRANSFORM_TEXT] = add_text,
        [TRANSFORM_REST] = add_rest,
        [TRANSFORM_WILDCARD] = add_wildcard,
        [TRANSFORM_PARTITION] = add_partition,
        [TRANSFORM_SPLIT] = add_split,
        [TRANSFORM_SPLIT_FROM_LEFT] = add_split_from_left,
        [TRANSFORM_SPLIT_FROM_RIGHT] = add_split_from_right,
        [TRANSFORM_SLICE_FROM_LEFT] = add_slice_from_left,
        [TRANSFORM_SLICE_FROM_RIGHT] = add_slice_from_right,
        [TRANSFORM_LEFT] = add_left,
        [TRANSFORM_RIGHT] = add_right,
        [TRANSFORM_RANDOM] = add_random,
    };
    const struct input in = { subject, rng };
    for (uint32_t i = 0; i < t->pieces_count; i++) {
        if (i > 0) buf_add_byte(out, '.');
        add[t->pieces[i].function](&t->pieces[i], &in, out);
    }
}
