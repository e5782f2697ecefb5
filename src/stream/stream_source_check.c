/* SPDX-License-Identifier: Apache-2.0 */
/* Mirror and sources: what they exclude, whether their filters are good, and whether messages could
 * go round in a circle. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "json/quote.h"
#include "stream/stream_config_check.h"
#include "subject/cover.h"
#include "subject/subject.h"
#include "subject/transform_check.h"

static const char api_prefix[] = "$JS.API";

/* A mirror and a source are told of the same mistakes in their own words. */
struct source_words {
    enum js_err invalid_name;
    enum js_err bad_consumer;
    enum js_err two_filters;
    enum js_err bad_filter;
    enum js_err bad_transform;
    enum js_err filters_overlap;
    enum js_err msg_size;
};

static const struct source_words mirror_words = {
    JS_ERR_MIRROR_INVALID_STREAM_NAME,           JS_ERR_MIRROR_DURABLE_CONSUMER_CFG_INVALID,
    JS_ERR_MIRROR_MULTIPLE_FILTERS_NOT_ALLOWED,  JS_ERR_MIRROR_INVALID_SUBJECT_FILTER,
    JS_ERR_MIRROR_INVALID_TRANSFORM_DESTINATION, JS_ERR_MIRROR_OVERLAPPING_SUBJECT_FILTERS,
    JS_ERR_MIRROR_MAX_MESSAGE_SIZE_TOO_BIG,
};
static const struct source_words source_words = {
    JS_ERR_SOURCE_INVALID_STREAM_NAME,           JS_ERR_SOURCE_DURABLE_CONSUMER_CFG_INVALID,
    JS_ERR_SOURCE_MULTIPLE_FILTERS_NOT_ALLOWED,  JS_ERR_SOURCE_INVALID_SUBJECT_FILTER,
    JS_ERR_SOURCE_INVALID_TRANSFORM_DESTINATION, JS_ERR_SOURCE_OVERLAPPING_SUBJECT_FILTERS,
    JS_ERR_SOURCE_MAX_MESSAGE_SIZE_TOO_BIG,
};

static const struct stream_config *origin_find(const struct js_check *k, const char *name)
{
    return k->directory->stream_find(k->directory->ctx, slice_str(name));
}

/* --- one of either kind --- */

static bool is_plain_subject(const char *subject)
{
    struct slice s = slice_str(subject);
    return subject_valid_strict(s) && !subject_has_wildcard(s);
}

/* A consumer that was made before knows itself where to begin and what to filter. */
static bool consumer_valid(const struct stream_source *s)
{
    return js_name_valid(s->consumer->name) && is_plain_subject(s->consumer->deliver_subject) &&
           s->opt_start_seq == 0 && s->opt_start_time == 0 && !js_text_set(s->filter_subject);
}

static const struct stream_transform *transform_at(const struct stream_source *s, uint32_t index)
{
    return (const struct stream_transform *)s->subject_transforms.items + index;
}

static bool transform_valid(const struct stream_transform *t, const struct source_words *words,
                            const struct js_check *k, struct js_error *e)
{
    if (js_text_set(t->src) && !subject_valid_strict(slice_str(t->src)))
        return js_error_setf(e, words->bad_filter, "invalid subject %s", t->src);
    const char *why = transform_error(k->arena, js_text_set(t->src) ? t->src : ">", t->dest);
    return why == NULL || js_error_set(e, words->bad_transform, why);
}

/* The filters of one, to be asked about in their order. */
struct filters {
    struct cover *some;     /* those that are not empty */
    uint32_t      empty;
    uint32_t      next;     /* in `some` */
};

static struct filters filters_of(const struct stream_source *s)
{
    struct filters f = { .some = cover_new(s->subject_transforms.count) };
    for (uint32_t i = 0; i < s->subject_transforms.count; i++) {
        struct slice filter = slice_str(transform_at(s, i)->src);
        if (filter.len > 0) cover_add(f.some, filter);
        else f.empty++;
    }
    return f;
}

/* A source's filters may meet as long as none contains another; a mirror's may not even meet. Those
 * for whom comparing takes too long are refused like those that do. */
static bool next_meets(struct filters *f, const struct stream_transform *t, bool is_mirror)
{
    if (!js_text_set(t->src)) return f->empty > 1;
    uint32_t index = f->next++;
    bool meets = is_mirror ? cover_meets(f->some, index) : cover_has(f->some, index);
    return meets || cover_gave_up(f->some);
}

static bool filters_check(const struct stream_source *s, const struct source_words *words,
                          const struct js_check *k, struct js_error *e)
{
    bool is_mirror = words == &mirror_words, is_good = true;
    struct filters f = filters_of(s);
    for (uint32_t i = 0; is_good && !is_mirror && i < s->subject_transforms.count; i++)
        is_good = transform_valid(transform_at(s, i), words, k, e);
    for (uint32_t i = 0; is_good && i < s->subject_transforms.count; i++) {
        const struct stream_transform *t = transform_at(s, i);
        is_good = !is_mirror || transform_valid(t, words, k, e);
        if (is_good && next_meets(&f, t, is_mirror))
            is_good = js_error_set(e, words->filters_overlap);
    }
    f.some = cover_free(f.some);
    return is_good;
}

static bool too_small_for(const struct stream_config *c, const struct stream_config *origin)
{
    return c->max_msg_size > 0 && origin->max_msg_size > 0 &&
           c->max_msg_size < origin->max_msg_size;
}

/* --- the mirror --- */

static bool mirror_alone_check(const struct stream_config *c, struct js_error *e)
{
    const struct {
        bool        is_wrong;
        enum js_err error;
    } rows[] = {
        { c->first_seq > 0, JS_ERR_MIRROR_WITH_FIRST_SEQ },
        { c->subjects.count > 0, JS_ERR_MIRROR_WITH_SUBJECTS },
        { c->sources.count > 0, JS_ERR_MIRROR_WITH_SOURCES },
        { c->allow_msg_counter, JS_ERR_MIRROR_WITH_COUNTERS },
        { c->allow_atomic, JS_ERR_MIRROR_WITH_ATOMIC_PUBLISH },
        { c->allow_batched, JS_ERR_MIRROR_WITH_BATCH_PUBLISH },
        { c->allow_msg_schedules, JS_ERR_MIRROR_WITH_MSG_SCHEDULES },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].is_wrong) return js_error_set(e, rows[i].error);
    return true;
}

/* A mirror in the same account answers direct reads exactly if its origin does. */
static bool mirror_origin_check(struct stream_config *c, const struct js_check *k,
                                struct js_error *e)
{
    if (!js_name_valid(c->mirror->name)) return js_error_set(e, mirror_words.invalid_name);
    const struct stream_config *origin = origin_find(k, c->mirror->name);
    if (origin == NULL) return true;
    if (too_small_for(c, origin)) return js_error_set(e, mirror_words.msg_size);
    if (k->is_pedantic && c->mirror_direct != origin->allow_direct)
        return js_pedantic_refuse(e, "origin stream has direct get set, mirror has it disabled");
    c->mirror_direct = origin->allow_direct;
    return true;
}

static bool mirror_check(struct stream_config *c, const struct js_check *k, struct js_error *e)
{
    const struct stream_source *m = c->mirror;
    if (!mirror_alone_check(c, e)) return false;
    if (m->consumer != NULL && !consumer_valid(m))
        return js_error_set(e, mirror_words.bad_consumer);
    if (js_text_set(m->filter_subject) && m->subject_transforms.count > 0)
        return js_error_set(e, mirror_words.two_filters);
    if (c->subject_delete_marker_ttl > 0)
        return js_config_refuse(e, "subject delete markers forbidden on mirrors");
    if (!filters_check(m, &mirror_words, k, e)) return false;
    return m->external != NULL || mirror_origin_check(c, k, e);
}

/* --- sources --- */

/* Sources by name, so that each is compared only with those of its own: a request has room for many
 * thousands. */
struct named {
    const char *name;
    uint32_t    index;
};

struct named_sources {
    struct named *sorted;   /* by name, then as they stand */
    uint32_t     *place;    /* of each there */
};

static int by_name(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    if (order != 0) return order;
    return x->index < y->index ? -1 : x->index > y->index;
}

static struct named_sources sources_by_name(const struct stream_config *c, struct arena *arena)
{
    uint32_t count = c->sources.count;
    struct named_sources n = { arena_alloc(arena, (count + 1) * sizeof *n.sorted),
                               arena_alloc(arena, (count + 1) * sizeof *n.place) };
    for (uint32_t i = 0; i < count; i++) {
        const char *name = stream_config_source(c, i)->name;
        n.sorted[i] = (struct named){ name == NULL ? "" : name, i };
    }
    qsort(n.sorted, count, sizeof *n.sorted, by_name);
    for (uint32_t i = 0; i < count; i++) n.place[n.sorted[i].index] = i;
    return n;
}

/* The one of the same name that stands before it; NULL: none. `*place` goes from one to the next,
 * and begins at the source's own. */
static const struct stream_source *same_name_before(const struct stream_config *c,
                                                    const struct named_sources *n, uint32_t *place)
{
    const struct named *at = &n->sorted[*place];
    if (*place == 0 || strcmp(at[-1].name, at->name) != 0) return NULL;
    assert(at[-1].index < at->index);
    --*place;
    return stream_config_source(c, at[-1].index);
}

static bool is_twice(const struct stream_config *c, uint32_t index, const struct named_sources *n)
{
    const struct stream_source *s = stream_config_source(c, index), *o;
    uint32_t place = n->place[index];
    while ((o = same_name_before(c, n, &place)) != NULL)
        if (stream_source_same(o, s)) return true;
    return false;
}

static bool consumer_taken(const struct stream_config *c, uint32_t index,
                           const struct named_sources *n)
{
    const struct stream_source *s = stream_config_source(c, index), *o;
    uint32_t place = n->place[index];
    while ((o = same_name_before(c, n, &place)) != NULL) {
        if (o->consumer == NULL || (o->external == NULL) != (s->external == NULL)) continue;
        if (o->external != NULL &&
            !slice_equal(slice_str(o->external->api), slice_str(s->external->api)))
            continue;
        if (slice_equal(slice_str(o->consumer->name), slice_str(s->consumer->name))) return true;
    }
    return false;
}

static bool source_consumer_check(const struct stream_config *c, uint32_t index,
                                  const struct named_sources *n, struct js_error *e)
{
    const struct stream_source *s = stream_config_source(c, index);
    if (s->consumer == NULL) return true;
    if (!consumer_valid(s)) return js_error_set(e, source_words.bad_consumer);
    if (consumer_taken(c, index, n))
        return js_error_set(e, JS_ERR_SOURCE_DURABLE_CONSUMER_DUPLICATE_DETECTED);
    return true;
}

static bool source_check(const struct stream_config *c, uint32_t index,
                         const struct named_sources *n, const struct js_check *k,
                         struct js_error *e)
{
    const struct stream_source *s = stream_config_source(c, index);
    if (!js_name_valid(s->name)) return js_error_set(e, source_words.invalid_name);
    if (is_twice(c, index, n)) return js_error_set(e, JS_ERR_SOURCE_DUPLICATE_DETECTED);
    if (js_text_set(s->filter_subject) && s->subject_transforms.count > 0)
        return js_error_set(e, source_words.two_filters);
    if (!filters_check(s, &source_words, k, e)) return false;
    if (!source_consumer_check(c, index, n, e)) return false;
    if (s->external != NULL) return true;
    const struct stream_config *origin = origin_find(k, s->name);
    if (origin != NULL && too_small_for(c, origin)) return js_error_set(e, source_words.msg_size);
    return true;
}

/* --- prefixes of other accounts --- */

static const struct stream_source *nth(const struct stream_config *c, uint32_t index)
{
    if (c->mirror == NULL) return index < c->sources.count ? stream_config_source(c, index) : NULL;
    if (index == 0) return c->mirror;
    return index <= c->sources.count ? stream_config_source(c, index - 1) : NULL;
}

/* Subjects under which an origin of this account could store what is delivered to it: with another
 * token in front a subject meets itself only if it ends with ">". Each origin counts once. */
struct catching {
    const char **subjects;
    uint32_t     count;
};

static void catching_add(struct catching *all, const char *name, const struct js_check *k)
{
    const struct stream_config *origin = origin_find(k, name);
    for (uint32_t i = 0; origin != NULL && i < origin->subjects.count; i++) {
        struct slice subject = stream_config_subject(origin, i);
        if (subject.len == 0 || subject.ptr[subject.len - 1] != '>') continue;
        const char **slot = arena_push(k->arena, (void **)&all->subjects, &all->count,
                                       sizeof *slot);
        *slot = (const char *)subject.ptr;
    }
}

static struct catching catching_of(const struct stream_config *c, const struct named_sources *n,
                                   const struct js_check *k)
{
    struct catching all = { 0 };
    const char *last = NULL;    /* of whom one was seen */
    bool *is_first = arena_alloc(k->arena, c->sources.count + 1);
    for (uint32_t i = 0; i < c->sources.count; i++) {
        if (stream_config_source(c, n->sorted[i].index)->external != NULL) continue;
        is_first[n->sorted[i].index] = last == NULL || strcmp(last, n->sorted[i].name) != 0;
        last = n->sorted[i].name;
    }
    if (c->mirror != NULL && c->mirror->external == NULL) catching_add(&all, c->mirror->name, k);
    for (uint32_t i = 0; i < c->sources.count; i++)
        if (is_first[i]) catching_add(&all, stream_config_source(c, i)->name, k);
    return all;
}

/* Deliveries under `prefix` must not be stored by an origin of this account. */
static bool deliver_prefix_check(const char *prefix, const struct catching *all,
                                 const struct js_check *k, struct js_error *e)
{
    if (!is_plain_subject(prefix))
        return js_error_set(e, JS_ERR_STREAM_INVALID_EXTERNAL_DELIVERY_SUBJ, prefix);
    for (uint32_t i = 0; i < all->count; i++) {
        const char *subject = all->subjects[i];
        const char *under = arena_printf(k->arena, "%s.%s", prefix, subject);
        if (js_subjects_collide(slice_str(subject), slice_str(under)))
            return js_error_set(e, JS_ERR_STREAM_EXTERNAL_DEL_PREFIX_OVERLAPS, prefix, subject);
    }
    return true;
}

static bool api_prefix_check(const char *prefix, struct js_error *e)
{
    if (!is_plain_subject(prefix)) {
        struct buf text = { 0 };
        buf_add_str(&text, "stream external api prefix ");
        quote_go(&text, slice_str(prefix));
        buf_add_str(&text, " must be a valid subject without wildcards");
        (void)js_config_refuse(e, buf_str(&text));
        buf_deinit(&text);
        return false;
    }
    if (strcmp(prefix, api_prefix) == 0)
        return js_error_set(e, JS_ERR_STREAM_EXTERNAL_API_OVERLAP, prefix, api_prefix);
    return true;
}

static bool prefixes_check(const struct stream_config *c, const struct named_sources *n,
                           const struct js_check *k, struct js_error *e)
{
    const struct stream_source *s;
    const struct catching all = catching_of(c, n, k);
    for (uint32_t i = 0; (s = nth(c, i)) != NULL; i++)
        if (s->external != NULL && js_text_set(s->external->deliver) &&
            !deliver_prefix_check(s->external->deliver, &all, k, e))
            return false;
    for (uint32_t i = 0; (s = nth(c, i)) != NULL; i++)
        if (s->external != NULL && js_text_set(s->external->api) &&
            !api_prefix_check(s->external->api, e))
            return false;
    return true;
}

/* --- circles --- */

/* Streams to look at, in the order of their discovery; those before `at` were. */
struct walk {
    struct arena *arena;
    const struct stream_config **items;
    uint32_t count;
    uint32_t at;
};

static void walk_add(struct walk *w, const struct stream_config *c)
{
    const struct stream_config **slot = arena_push(w->arena, (void **)&w->items, &w->count,
                                                   sizeof(*w->items));
    *slot = c;
}

static bool was_visited(const struct walk *w, const char *name)
{
    for (uint32_t i = 0; i < w->at; i++)
        if (slice_equal(slice_str(w->items[i]->name), slice_str(name))) return true;
    return false;
}

/* A filter that lets nothing of this stream through makes no circle. */
static bool takes_any(const struct stream_config *c, const char *filter)
{
    if (!js_text_set(filter)) return true;
    for (uint32_t i = 0; i < c->subjects.count; i++)
        if (js_subjects_collide(stream_config_subject(c, i), slice_str(filter))) return true;
    return false;
}

/* False: a circle closes at `c`. */
static bool walk_step(struct walk *w, const struct stream_config *c, const struct js_check *k)
{
    const struct stream_source *s;
    for (uint32_t i = 0; (s = nth(c, i)) != NULL; i++) {
        if (s->external != NULL) continue;
        if (was_visited(w, s->name)) {
            if (s == c->mirror || takes_any(c, s->filter_subject)) return false;
            continue;
        }
        const struct stream_config *origin = origin_find(k, s->name);
        if (origin != NULL) walk_add(w, origin);
    }
    return true;
}

static bool circles_check(const struct stream_config *c, const struct js_check *k,
                          struct js_error *e)
{
    /* a stream is looked at once for each way that leads to it: a bound for absurd meshes */
    enum { STEPS_MAX = 4096 };
    struct walk w = { .arena = k->arena };
    walk_add(&w, c);
    while (w.at < w.count && w.at < STEPS_MAX) {
        const struct stream_config *next = w.items[w.at++];
        if (!walk_step(&w, next, k)) return js_config_refuse(e, "detected cycle");
    }
    return true;
}

bool stream_sources_check(struct stream_config *c, const struct js_check *k, struct js_error *e)
{
    if (c->mirror != NULL && !mirror_check(c, k, e)) return false;
    if (c->sources.count > 0 && c->allow_msg_schedules)
        return js_error_set(e, JS_ERR_SOURCE_WITH_MSG_SCHEDULES);
    const struct named_sources n = sources_by_name(c, k->arena);
    for (uint32_t i = 0; i < c->sources.count; i++)
        if (!source_check(c, i, &n, k, e)) return false;
    return prefixes_check(c, &n, k, e) && circles_check(c, k, e);
}
