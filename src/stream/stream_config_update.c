/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/stream_config_update.h"

#include "base/assert.h"
#include "stream/consumer_config.h"
#include "stream/metadata.h"
#include "subject/subject.h"
#include "subject/transform_check.h"

static const struct stream_config *present_find(const struct js_check *k, struct slice name)
{
    return k->directory->stream_find(k->directory->ctx, name);
}

/* --- create --- */

static bool has_separators(struct slice name)
{
    return slice_find_byte(name, '/') >= 0 || slice_find_byte(name, '\\') >= 0;
}

static bool request_check(const struct stream_config *c, struct slice name, struct js_error *e)
{
    if (!slice_equal(slice_str(c->name), name)) return js_error_set(e, JS_ERR_STREAM_MISMATCH);
    if (has_separators(name)) return js_error_set(e, JS_ERR_STREAM_NAME_CONTAINS_PATH_SEPARATORS);
    if (c->sealed) return js_config_refuse(e, "stream configuration for create can not be sealed");
    if (c->mirror_direct && c->mirror == NULL)
        return js_config_refuse(e, "stream has no mirror but does have mirror direct");
    return true;
}

/* The first look at limits, at the request as it came. */
bool stream_count_check(const struct stream_config *c, const struct js_check *k, struct js_error *e)
{
    const struct stream_config *o;
    int64_t count = 0;
    if (k->account == NULL) return js_error_set(e, JS_ERR_NO_LIMITS);
    for (uint32_t i = 0; (o = k->directory->stream_at(k->directory->ctx, i)) != NULL; i++)
        if (!slice_equal(slice_str(o->name), slice_str(c->name))) count++;
    if (k->account->streams_max > 0 && count >= k->account->streams_max)
        return js_error_set(e, JS_ERR_MAXIMUM_STREAMS_LIMIT);
    return stream_limits_check(c, k, c->max_bytes, stream_reserved_by_others(c, k), e);
}

bool stream_replicas_check(const struct stream_config *c, const struct js_check *k,
                           struct js_error *e)
{
    if (c->num_replicas <= 1 || k->server->is_clustered) return true;
    return js_error_set(e, JS_ERR_STREAM_REPLICAS_NOT_SUPPORTED);
}

/* Filters without a transform; those of transforms were looked at before. */
static bool filters_check(const struct stream_config *c, struct js_error *e)
{
    const struct stream_source *m = c->mirror;
    if (m != NULL && js_text_set(m->filter_subject) &&
        !subject_valid_strict(slice_str(m->filter_subject)))
        return js_error_setf(e, JS_ERR_STREAM_CREATE,
                             "subject filter '%s' for the mirror invalid subject",
                             m->filter_subject);
    for (uint32_t i = 0; i < c->sources.count; i++) {
        const char *filter = stream_config_source(c, i)->filter_subject;
        if (js_text_set(filter) && !subject_valid_strict(slice_str(filter)))
            return js_error_setf(e, JS_ERR_STREAM_CREATE,
                                 "subject filter '%s' for the source: invalid subject", filter);
    }
    return true;
}

static enum stream_verdict present_compare(struct stream_config *c,
                                           const struct stream_config *present,
                                           const struct js_check *k, struct js_error *e)
{
    js_metadata_align(&c->metadata, &present->metadata, k->arena);
    if (stream_config_equal(c, present)) return STREAM_PRESENT;
    (void)js_error_set(e, JS_ERR_STREAM_NAME_EXIST);
    return STREAM_REFUSED;
}

enum stream_verdict stream_create_check(struct stream_config_request *q, struct slice name,
                                        const struct js_check *check, struct js_error *ret_error)
{
    struct stream_config *c = &q->config;
    struct js_check k = *check;
    k.is_pedantic = q->pedantic;
    js_metadata_store(&c->metadata, stream_config_level(c), k.arena);
    if (!request_check(c, name, ret_error)) return STREAM_REFUSED;
    if (!stream_count_check(c, &k, ret_error)) return STREAM_REFUSED;
    if (!stream_config_check(c, &k, ret_error)) return STREAM_REFUSED;
    if (!stream_replicas_check(c, &k, ret_error)) return STREAM_REFUSED;

    const struct stream_config *present = present_find(&k, name);
    if (present != NULL) return present_compare(c, present, &k, ret_error);

    int64_t reserved = stream_reserved_by_others(c, &k);
    if (!stream_limits_check(c, &k, c->max_bytes, reserved, ret_error)) return STREAM_REFUSED;
    if (!filters_check(c, ret_error)) return STREAM_REFUSED;
    if (stream_overlaps_others(c, &k)) {
        (void)js_error_set(ret_error, JS_ERR_STREAM_SUBJECT_OVERLAP);
        return STREAM_REFUSED;
    }
    return STREAM_NEW;
}

/* --- restore --- */

bool stream_restore_check(struct stream_config *c, struct slice name, const struct js_check *k,
                          struct js_error *ret_error)
{
    assert(name.len > 0);
    if (!js_text_set(c->name)) c->name = arena_str(k->arena, name);
    if (!slice_equal(slice_str(c->name), name))
        return js_error_set(ret_error, JS_ERR_STREAM_MISMATCH);
    if (has_separators(name))
        return js_error_set(ret_error, JS_ERR_STREAM_NAME_CONTAINS_PATH_SEPARATORS);
    if (!stream_config_check(c, k, ret_error)) return false;
    if (!stream_count_check(c, k, ret_error)) return false;
    if (present_find(k, name) == NULL) return true;
    return js_error_set(ret_error, JS_ERR_STREAM_NAME_EXIST_RESTORE_FAILED);
}

/* --- update --- */

static bool mirror_kept(const struct stream_config *c, const struct stream_config *old)
{
    if (c->mirror == NULL) return true; /* removing it makes a plain stream of a mirror */
    return old->mirror != NULL && json_table_equal(&stream_source_table, c->mirror, old->mirror);
}

/* What may not change; the first row that holds is the answer. */
static bool changes_check(const struct stream_config *c, const struct stream_config *old,
                          const struct js_check *k, struct js_error *e)
{
    bool to_or_from_queue = c->retention != old->retention &&
                            (c->retention == JS_RETENTION_WORKQUEUE ||
                             old->retention == JS_RETENTION_WORKQUEUE);
    const struct {
        bool        is_wrong;
        const char *text;
    } rows[] = {
        { c->storage != old->storage, "stream configuration update can not change storage type" },
        { to_or_from_queue,
          "stream configuration update can not change retention policy to/from workqueue" },
        { old->sealed && !c->sealed, "stream configuration update can not unseal a sealed stream" },
        { old->deny_delete && !c->deny_delete,
          "stream configuration update can not cancel deny message deletes" },
        { old->deny_purge && !c->deny_purge,
          "stream configuration update can not cancel deny purge" },
    };
    const struct {
        bool        is_wrong;
        const char *text;
    } later[] = {
        { old->allow_msg_ttl && !c->allow_msg_ttl, "message TTL status can not be disabled" },
        { c->allow_msg_counter != old->allow_msg_counter,
          "stream configuration update can not change message counter setting" },
        { old->allow_msg_schedules && !c->allow_msg_schedules,
          "message schedules can not be disabled" },
        { c->persist_mode != old->persist_mode,
          "stream configuration update can not change persist mode" },
    };
    if (!stream_replicas_check(c, k, e)) return false;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].is_wrong) return js_config_refuse(e, rows[i].text);
    if (!mirror_kept(c, old)) return js_error_set(e, JS_ERR_STREAM_MIRROR_NOT_UPDATABLE);
    for (size_t i = 0; i < ARRAY_COUNT(later); i++)
        if (later[i].is_wrong) return js_config_refuse(e, later[i].text);
    return true;
}

static void sealed_adjust(struct stream_config *c)
{
    c->max_age = 0;
    c->discard = JS_DISCARD_NEW;
    c->deny_delete = c->deny_purge = true;
    c->allow_rollup_hdrs = false;
}

static int64_t at_least_0(int64_t n)
{
    return n > 0 ? n : 0;
}

/* Only what is more than before must still fit. */
static bool growth_check(const struct stream_config *c, const struct stream_config *old,
                         const struct js_check *k, struct js_error *e)
{
    int64_t more = at_least_0(at_least_0(c->max_bytes) - at_least_0(old->max_bytes));
    int64_t others = stream_reserved_by_others(c, k);
    int64_t kept = stream_account_bytes(k, c->num_replicas, c->max_bytes - more);
    assert(others >= 0 && kept >= 0);
    int64_t reserved = others > INT64_MAX - kept ? INT64_MAX : others + kept;
    return stream_limits_check(c, k, more, reserved, e);
}

/* Consumers keep what they were promised: tighter limits of the stream must not contradict them. */
static bool consumers_check(const struct stream_config *c, const struct stream_config *old,
                            const struct js_check *k, struct js_error *e)
{
    const struct stream_consumer_limits *now = &c->consumer_limits, *was = &old->consumer_limits;
    bool tightens = (now->inactive_threshold > 0 &&
                     now->inactive_threshold != was->inactive_threshold) ||
                    (now->max_ack_pending > 0 && now->max_ack_pending != was->max_ack_pending);
    const struct consumer_config *o;
    const struct js_directory *d = k->directory;
    struct buf names = { 0 };
    struct slice stream = slice_str(c->name), name;
    for (uint32_t i = 0; tightens && (o = d->consumer_at(d->ctx, stream, i, &name)) != NULL; i++) {
        bool violates = (now->inactive_threshold > 0 &&
                         o->inactive_threshold > now->inactive_threshold) ||
                        (now->max_ack_pending > 0 && o->max_ack_pending > now->max_ack_pending);
        if (violates) buf_printf(&names, "%s%.*s", names.len > 0 ? ", " : "", SLICE_ARGS(name));
    }
    bool good = names.len == 0;
    if (!good)
        (void)js_error_setf(e, JS_ERR_STREAM_UPDATE, "change to limits violates consumers: %s",
                            buf_str(&names));
    buf_deinit(&names);
    return good;
}

/* An update makes "to where it came from" of no destination; a new stream keeps it, as none. */
static bool republish_adjust(struct stream_config *c, const struct js_check *k, struct js_error *e)
{
    struct stream_republish *r = c->republish;
    if (r == NULL || js_text_set(r->dest)) return true;
    assert(js_text_set(r->src));
    const char *why = transform_error(k->arena, r->src, ">");
    if (why != NULL)
        return js_error_setf(e, JS_ERR_STREAM_UPDATE,
                             "stream configuration for republish from '%s' to '>': %s", r->src,
                             why);
    r->dest = ">";
    return true;
}

enum stream_verdict stream_update_check(struct stream_config_request *q, struct slice name,
                                        const struct js_check *check, struct js_error *ret_error)
{
    struct stream_config *c = &q->config;
    struct js_check k = *check;
    k.is_pedantic = q->pedantic;
    if (!stream_config_check(c, &k, ret_error)) return STREAM_REFUSED;
    const struct stream_config *old = present_find(&k, name);
    if (!slice_equal(slice_str(c->name), name)) {
        (void)js_error_set(ret_error, JS_ERR_STREAM_MISMATCH);
        return STREAM_REFUSED;
    }
    if (old == NULL) {
        (void)js_error_set(ret_error, JS_ERR_STREAM_NOT_FOUND);
        return STREAM_REFUSED;
    }
    /* once more: what the first time has set may not go with the rest */
    if (!stream_config_check(c, &k, ret_error)) return STREAM_REFUSED;
    js_metadata_store(&c->metadata, stream_config_level(c), k.arena);
    if (!changes_check(c, old, &k, ret_error)) return STREAM_REFUSED;
    if (c->sealed) sealed_adjust(c);
    if (!growth_check(c, old, &k, ret_error)) return STREAM_REFUSED;
    if (!consumers_check(c, old, &k, ret_error)) return STREAM_REFUSED;
    if (stream_overlaps_others(c, &k)) {
        (void)js_error_set(ret_error, JS_ERR_STREAM_SUBJECT_OVERLAP);
        return STREAM_REFUSED;
    }
    if (!republish_adjust(c, &k, ret_error)) return STREAM_REFUSED;
    return STREAM_UPDATED;
}
