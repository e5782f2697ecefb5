/* SPDX-License-Identifier: Apache-2.0 */
/* Each step is a function of the same shape; the list at the end is the order. */
#include "stream/stream_config_check.h"

#include <stdio.h>

#include "base/assert.h"
#include "json/gotime.h"
#include "json/quote.h"
#include "stream/metadata.h"
#include "subject/subject.h"
#include "subject/transform_check.h"

enum { TIME_MIN = 100 * MILLISECOND };

#define DUPLICATE_WINDOW_DEFAULT (2 * MINUTE)

typedef bool (*check_step)(struct stream_config *, const struct js_check *, struct js_error *);

static bool names_check(struct stream_config *c, const struct js_check *k, struct js_error *e)
{
    (void)k;
    if (!js_name_valid(c->name))
        return js_config_refuse(e, "stream name is required and can not contain '.', '*', '>', "
                                   "'\\', '/'");
    if (strlen(c->name) > JS_NAME_MAX)
        return js_error_setf(e, JS_ERR_STREAM_INVALID_CONFIG,
                             "stream name is too long, maximum allowed is %d", JS_NAME_MAX);
    if (slice_str(c->description).len > JS_DESCRIPTION_MAX)
        return js_error_setf(e, JS_ERR_STREAM_INVALID_CONFIG,
                             "stream description is too long, maximum allowed is %d",
                             JS_DESCRIPTION_MAX);
    if (js_metadata_size(&c->metadata) > JS_METADATA_MAX)
        return js_error_setf(e, JS_ERR_STREAM_INVALID_CONFIG,
                             "stream metadata exceeds maximum size of %d bytes", JS_METADATA_MAX);
    return true;
}

static bool replicas_check(struct stream_config *c, const struct js_check *k, struct js_error *e)
{
    (void)k;
    if (c->storage == JS_STORAGE_UNSET) c->storage = JS_STORAGE_FILE;
    if (c->num_replicas == 0) c->num_replicas = 1;
    if (c->num_replicas > JS_REPLICAS_MAX)
        return js_error_setf(e, JS_ERR_STREAM_INVALID_CONFIG, "maximum replicas is %d",
                             JS_REPLICAS_MAX);
    if (c->num_replicas < 0) return js_error_set(e, JS_ERR_REPLICAS_COUNT_CANNOT_BE_NEGATIVE);
    return true;
}

/* 0 and less mean -1; less than -1 is a slip that pedantic callers hear of. */
static bool unlimited(int64_t *limit, const char *name, const struct js_check *k,
                      struct js_error *e)
{
    if (*limit > 0 || *limit == -1) return true;
    if (k->is_pedantic && *limit < -1)
        return js_error_setf(e, JS_ERR_PEDANTIC, "%s must be set to -1", name);
    *limit = -1;
    return true;
}

static bool limits_check(struct stream_config *c, const struct js_check *k, struct js_error *e)
{
    int64_t msg_size = c->max_msg_size;
    if (!unlimited(&c->max_msgs, "max_msgs", k, e)) return false;
    if (!unlimited(&c->max_msgs_per_subject, "max_msgs_per_subject", k, e)) return false;
    if (!unlimited(&c->max_bytes, "max_bytes", k, e)) return false;
    if (!unlimited(&msg_size, "max_msg_size", k, e)) return false;
    if (!unlimited(&c->max_consumers, "max_consumers", k, e)) return false;
    c->max_msg_size = (int32_t)msg_size;
    if (c->max_age < 0) return js_config_refuse(e, "max age can not be negative");
    if (c->max_age != 0 && c->max_age < TIME_MIN)
        return js_config_refuse(e, "max age needs to be >= 100ms");
    return true;
}

static bool window_default(struct stream_config *c, const struct js_check *k, struct js_error *e)
{
    nanos window = DUPLICATE_WINDOW_DEFAULT, limit = k->server->duplicate_window;
    if (limit > 0 && window > limit) {
        if (k->is_pedantic)
            return js_pedantic_refuse(e, "duplicate window limits are higher than current limits");
        window = limit;
    }
    if (c->max_age != 0 && c->max_age < window) {
        if (k->is_pedantic)
            return js_pedantic_refuse(e, "duplicate window cannot be bigger than max age");
        window = c->max_age;
    }
    c->duplicate_window = window;
    return true;
}

static bool window_check(struct stream_config *c, const struct js_check *k, struct js_error *e)
{
    bool has_own_messages = c->mirror == NULL && c->sources.count == 0;
    if (c->duplicate_window == 0 && has_own_messages && !window_default(c, k, e)) return false;
    nanos limit = k->server->duplicate_window;
    if (c->duplicate_window < 0)
        return js_config_refuse(e, "duplicates window can not be negative");
    if (c->max_age != 0 && c->duplicate_window > c->max_age)
        return js_config_refuse(e, "duplicates window can not be larger then max age");
    if (limit > 0 && c->duplicate_window > limit) {
        char text[GOTIME_TEXT_SIZE];
        return js_error_setf(e, JS_ERR_STREAM_INVALID_CONFIG,
                             "duplicates window can not be larger then server limit of %s",
                             gotime_duration_text(limit, text));
    }
    if (c->duplicate_window > 0 && c->duplicate_window < TIME_MIN)
        return js_config_refuse(e, "duplicates window needs to be >= 100ms");
    return true;
}

/* Pairs that exclude each other: the first that holds is the answer. */
static bool pairs_check(struct stream_config *c, const struct js_check *k, struct js_error *e)
{
    (void)k;
    bool counts = c->allow_msg_counter, per_subject = c->discard_new_per_subject;
    const struct {
        bool        is_wrong;
        const char *text;
    } rows[] = {
        { c->deny_purge && c->allow_rollup_hdrs, "roll-ups require the purge permission" },
        { counts && c->discard == JS_DISCARD_NEW, "counter stream cannot use discard new" },
        { counts && c->allow_msg_ttl, "counter stream cannot use message TTLs" },
        { counts && c->allow_msg_schedules, "counter stream cannot use message schedules" },
        { counts && c->retention != JS_RETENTION_LIMITS,
          "counter stream can only use limits retention" },
        { per_subject && c->discard != JS_DISCARD_NEW,
          "discard new per subject requires discard new policy to be set" },
        { per_subject && c->max_msgs_per_subject <= 0,
          "discard new per subject requires max msgs per subject > 0" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].is_wrong) return js_config_refuse(e, rows[i].text);
    return true;
}

/* Markers and schedules replace what stands before them on their subject. */
static void rollup_allow(struct stream_config *c)
{
    c->allow_rollup_hdrs = true;
    c->deny_purge = false;
}

static bool markers_check(struct stream_config *c, const struct js_check *k, struct js_error *e)
{
    nanos ttl = c->subject_delete_marker_ttl;
    if (ttl < 0) return js_config_refuse(e, "subject delete marker TTL must not be negative");
    if (ttl == 0) return true;
    if (ttl < SECOND)
        return js_config_refuse(e, "subject delete marker TTL must be at least 1 second");
    if (k->is_pedantic && !c->allow_msg_ttl)
        return js_config_refuse(e, "subject delete marker cannot be set if message TTLs are "
                                   "disabled");
    c->allow_msg_ttl = true;
    if (c->allow_rollup_hdrs) return true;
    if (k->is_pedantic)
        return js_config_refuse(e, "subject delete marker cannot be set if roll-ups are disabled");
    rollup_allow(c);
    return true;
}

static bool schedules_check(struct stream_config *c, const struct js_check *k, struct js_error *e)
{
    if (!c->allow_msg_schedules) return true;
    if (c->discard == JS_DISCARD_NEW)
        return js_config_refuse(e, "message scheduling cannot use discard new");
    if (c->allow_rollup_hdrs) return true;
    if (k->is_pedantic)
        return js_config_refuse(e, "message scheduling cannot be set if roll-ups are disabled");
    rollup_allow(c);
    return true;
}

static bool persist_check(struct stream_config *c, const struct js_check *k, struct js_error *e)
{
    (void)k;
    if (c->persist_mode != JS_PERSIST_ASYNC) return true;
    if (c->storage != JS_STORAGE_FILE)
        return js_config_refuse(e, "async persist mode is only supported on file storage");
    if (c->num_replicas > 1)
        return js_config_refuse(e, "async persist mode is not supported on replicated streams");
    if (c->allow_atomic)
        return js_config_refuse(e, "async persist mode is not supported with atomic batch publish");
    return true;
}

/* --- subjects --- */

/* Subjects of the server itself may be stored only by a stream that does not answer, or its answers
 * would be stored too. */
static bool reserved_check(struct slice subject, struct js_error *e)
{
    static const char *const api[] = { "$JS.>", "$JSC.>", "$NRG.>" };
    for (size_t i = 0; i < ARRAY_COUNT(api); i++)
        if (subject_overlaps(subject, slice_str(api[i])) &&
            !subject_covers(SLICE_LIT("$JS.EVENT.>"), subject))
            return js_config_refuse(e, "subjects that overlap with jetstream api require no-ack to "
                                       "be true");
    if (subject_overlaps(subject, SLICE_LIT("$SYS.>")) &&
        !subject_covers(SLICE_LIT("$SYS.ACCOUNT.>"), subject))
        return js_config_refuse(e, "subjects that overlap with system api require no-ack to be "
                                   "true");
    return true;
}

static bool overlap_refuse(struct slice a, struct slice b, struct js_error *e)
{
    struct buf text = { 0 };
    buf_add_str(&text, "subject ");
    quote_go(&text, a);
    buf_add_str(&text, " overlaps with ");
    quote_go(&text, b);
    (void)js_config_refuse(e, buf_str(&text));
    buf_deinit(&text);
    return false;
}

struct cover *stream_subjects_cover(const struct stream_config *c)
{
    struct cover *all = cover_new(c->subjects.count);
    for (uint32_t i = 0; i < c->subjects.count; i++) cover_add(all, stream_config_subject(c, i));
    return all;
}

/* A later one that meets it is named. */
static bool meeting_check(const struct stream_config *c, uint32_t index, struct cover *all,
                          struct js_error *e)
{
    struct slice subject = stream_config_subject(c, index);
    if (!cover_meets(all, index)) return true;
    for (uint32_t i = index + 1; i < c->subjects.count; i++) {
        struct slice other = stream_config_subject(c, i);
        if (js_subjects_collide(other, subject)) return overlap_refuse(subject, other, e);
    }
    return true;
}

static bool subject_check(const struct stream_config *c, uint32_t index, struct js_error *e)
{
    struct slice subject = stream_config_subject(c, index);
    if (!subject_valid_strict(subject)) return js_config_refuse(e, "invalid subject");
    if (slice_equal_str(subject, ">")) {
        if (!c->no_ack)
            return js_config_refuse(e, "capturing all subjects requires no-ack to be true");
        if (c->num_replicas != 1)
            return js_config_refuse(e, "capturing all subjects requires replicas of 1");
    }
    return c->no_ack || reserved_check(subject, e);
}

static bool subjects_check(struct stream_config *c, const struct js_check *k, struct js_error *e)
{
    if (c->subjects.count == 0 && c->mirror == NULL && c->sources.count == 0) {
        const char **only = arena_alloc(k->arena, sizeof(*only));
        only[0] = c->name;
        c->subjects = (struct json_array){ only, 1 };
        return true;
    }
    assert(c->mirror == NULL || c->subjects.count == 0);
    AUTO_FREE(cover) all = stream_subjects_cover(c);
    for (uint32_t i = 0; i < c->subjects.count; i++)
        if (!subject_check(c, i, e) || !meeting_check(c, i, all, e)) return false;
    if (cover_gave_up(all)) return js_config_refuse(e, "subjects are too many to be compared");
    return true;
}

static bool max_bytes_check(struct stream_config *c, const struct js_check *k, struct js_error *e)
{
    if (k->account == NULL) return true;
    int64_t limit = c->storage == JS_STORAGE_MEMORY ? k->account->memory_stream_bytes_max
                                                    : k->account->store_stream_bytes_max;
    if (k->account->max_bytes_required && c->max_bytes <= 0)
        return js_error_set(e, JS_ERR_STREAM_MAX_BYTES_REQUIRED);
    if (limit > 0 && c->max_bytes > limit)
        return js_error_set(e, JS_ERR_STREAM_MAX_STREAM_BYTES_EXCEEDED);
    return true;
}

/* --- transform and republish --- */

static bool transform_check(struct stream_config *c, const struct js_check *k, struct js_error *e)
{
    const struct stream_transform *t = c->subject_transform;
    if (t == NULL) return true;
    if (js_text_set(t->src) && !subject_valid_strict(slice_str(t->src)))
        return js_error_setf(e, JS_ERR_STREAM_TRANSFORM_INVALID_SOURCE, "invalid subject %s",
                             t->src);
    const char *why = transform_error(k->arena, js_text_set(t->src) ? t->src : ">", t->dest);
    if (why != NULL) return js_error_set(e, JS_ERR_STREAM_TRANSFORM_INVALID_DESTINATION, why);
    return true;
}

/* All to all would feed the stream with its own messages, unless each one gets another subject on
 * the way in: then what is published is what the transform makes. */
static bool is_implicit(const struct stream_config *c)
{
    const struct stream_republish *r = c->republish;
    return js_text_set(r->dest) && strcmp(r->dest, ">") == 0 && strcmp(r->src, ">") == 0 &&
           c->subject_transform != NULL && c->subjects.count == 1 &&
           slice_equal(slice_str(c->subject_transform->src), stream_config_subject(c, 0));
}

static bool republish_check(struct stream_config *c, const struct js_check *k, struct js_error *e)
{
    struct stream_republish *r = c->republish;
    if (r == NULL) return true;
    if (!js_text_set(r->src)) {
        if (k->is_pedantic) return js_pedantic_refuse(e, "republish source can not be empty");
        r->src = ">";
    }
    if (is_implicit(c)) {
        if (k->is_pedantic)
            return js_pedantic_refuse(e, "implicit republish based on subject transform");
        r->src = r->dest = c->subject_transform->dest;
    }
    for (uint32_t i = 0; i < c->subjects.count; i++)
        if (js_subjects_collide(slice_str(r->dest), stream_config_subject(c, i)))
            return js_config_refuse(e, "stream configuration for republish destination forms a "
                                       "cycle");
    if (transform_error(k->arena, r->src, r->dest) != NULL)
        return js_error_setf(e, JS_ERR_STREAM_INVALID_CONFIG,
                             "stream configuration for republish with transform from '%s' to '%s' "
                             "not valid",
                             r->src, js_text_set(r->dest) ? r->dest : "");
    return true;
}

static bool placement_check(struct stream_config *c, const struct js_check *k, struct js_error *e)
{
    (void)k;
    const struct stream_placement *p = c->placement;
    if (p == NULL) return true;
    if (js_text_set(p->preferred))
        return js_config_refuse(e, "preferred server not permitted in placement");
    if (!js_text_set(p->cluster) && p->tags.items == NULL) c->placement = NULL;
    return true;
}

bool stream_config_check(struct stream_config *config, const struct js_check *k,
                         struct js_error *ret_error)
{
    static const check_step steps[] = {
        names_check,          replicas_check,  limits_check,    window_check,  pairs_check,
        markers_check,   schedules_check, persist_check,   stream_sources_check, subjects_check,
        max_bytes_check, transform_check, republish_check, placement_check,
    };
    assert(k->server != NULL && k->directory != NULL);
    assert(k->arena != NULL);
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++)
        if (!steps[i](config, k, ret_error)) return false;
    return true;
}
