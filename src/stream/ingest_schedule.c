/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of messages that are schedules, or that end one. */
#include "base/alloc.h"
#include "base/assert.h"
#include "env/files.h"
#include "stream/schedule.h"
#include "stream/stream_internal.h"
#include "stream/ttl.h"
#include "subject/subject.h"

static const char ZONES[] = "/usr/share/zoneinfo/";

static bool refuse(struct stream *s, struct js_error *e, enum js_err why)
{
    if (!s->config.allow_msg_schedules) why = JS_ERR_MESSAGE_SCHEDULES_DISABLED;
    return js_error_set(e, why);
}

/* Local time as Go finds it: a zone's name or the path of its file, in either case also behind a
 * colon; an empty one is UTC. */
static enum err local_path(const char *zone, struct buf *path)
{
    if (zone == NULL) {
        buf_add_str(path, "/etc/localtime");
        return ERR_OK;
    }
    if (zone[0] == ':') zone++;
    if (zone[0] == '\0') return ERR_NOTFOUND;
    buf_printf(path, "%s%s", zone[0] == '/' ? "" : ZONES, zone);
    return ERR_OK;
}

static enum err read_zone(void *ctx, const char *name, struct buf *ret_file)
{
    struct env *env = ctx;
    struct buf path = { 0 };
    struct errmsg why;
    if (env->files == NULL) return ERR_NOTFOUND;
    enum err e = ERR_OK;
    if (strcmp(name, ZONE_LOCAL) == 0) e = local_path(env->zone, &path);
    else buf_printf(&path, "%s%s", ZONES, name);
    if (!e) e = env->files->read(env->files, buf_str(&path), ZONE_FILE_MAX, ret_file, &why);
    buf_deinit(&path);
    return e;
}

enum err stream_zone(struct stream *s, const struct publish_headers *h, const struct zone **ret)
{
    struct slice name = h->at[PUBLISH_SCHEDULE_TIME_ZONE];
    const struct zone_source source = { s->account->js->core->env, read_zone };
    *ret = NULL;
    if (name.ptr == NULL) return ERR_OK;
    if (s->zone_name == NULL || !slice_equal_str(name, s->zone_name)) {
        struct zone *zone = NULL;
        enum err e = zone_load(&source, name, &zone);
        if (e) return e;
        zone_free(s->zone);
        xfree(s->zone_name);
        s->zone = zone;
        s->zone_name = slice_dup(name);
    }
    *ret = s->zone;
    return ERR_OK;
}

static bool is_captured(const struct stream *s, struct slice subject)
{
    for (uint32_t i = 0; i < s->config.subjects.count; i++)
        if (js_subjects_collide(stream_config_subject(&s->config, i), subject)) return true;
    return false;
}

static bool is_publishable(struct slice subject)
{
    return subject_literal(subject) && subject_valid_strict(subject);
}

/* Where it goes, and what it copies. */
static bool check_places(struct stream *s, const struct incoming *in, struct js_error *e)
{
    struct slice target = in->headers.at[PUBLISH_SCHEDULE_TARGET];
    struct slice source = in->headers.at[PUBLISH_SCHEDULE_SOURCE];
    if (!is_publishable(target) || slice_equal(target, in->subject))
        return js_error_set(e, JS_ERR_MESSAGE_SCHEDULES_TARGET_INVALID);
    if (source.len > 0 && (slice_equal(source, target) || slice_equal(source, in->subject) ||
                           !is_publishable(source)))
        return js_error_set(e, JS_ERR_MESSAGE_SCHEDULES_SOURCE_INVALID);
    if (!is_captured(s, target)) return js_error_set(e, JS_ERR_MESSAGE_SCHEDULES_TARGET_INVALID);
    if (source.len > 0 && !is_captured(s, source))
        return js_error_set(e, JS_ERR_MESSAGE_SCHEDULES_SOURCE_INVALID);
    return true;
}

/* A schedule takes the place of the one before on its subject. */
static bool add_rollup(struct incoming *in, struct js_error *e)
{
    struct slice rollup = in->headers.at[PUBLISH_ROLLUP];
    if (rollup.len == 0) {
        in->flags |= STORE_ROLLUP_SUBJECT;
        incoming_add(in, PUBLISH_ROLLUP, SLICE_LIT("sub"));
        return true;
    }
    return slice_equal_nocase(rollup, SLICE_LIT("sub")) ||
           js_error_set(e, JS_ERR_MESSAGE_SCHEDULES_ROLLUP_INVALID);
}

bool check_schedule(struct stream *s, struct incoming *in, struct js_error *e)
{
    const struct publish_headers *h = &in->headers;
    const struct zone *zone;
    struct schedule_fire fire;
    int64_t seconds;
    if (in->is_sourced) return true;
    if (stream_zone(s, h, &zone) != ERR_OK)
        return in->is_own || refuse(s, e, JS_ERR_MESSAGE_SCHEDULES_TIME_ZONE_INVALID);
    if (!publish_has(h, PUBLISH_SCHEDULE) || in->is_own) return true;
    if (!schedule_next(h->at[PUBLISH_SCHEDULE], zone, in->time, in->time, &fire))
        return refuse(s, e, JS_ERR_MESSAGE_SCHEDULES_PATTERN_INVALID);
    if (!s->config.allow_msg_schedules) return js_error_set(e, JS_ERR_MESSAGE_SCHEDULES_DISABLED);
    if (!ttl_parse(h->at[PUBLISH_SCHEDULE_TTL], &seconds))
        return js_error_set(e, JS_ERR_MESSAGE_SCHEDULES_TTL_INVALID);
    if (publish_has(h, PUBLISH_SCHEDULE_ROLLUP) &&
        !slice_equal_str(h->at[PUBLISH_SCHEDULE_ROLLUP], "sub"))
        return js_error_set(e, JS_ERR_MESSAGE_SCHEDULES_ROLLUP_INVALID);
    if (publish_has(h, PUBLISH_SCHEDULE_TTL) && !s->config.allow_msg_ttl)
        return js_error_set(e, JS_ERR_MESSAGE_TTL_DISABLED);
    if (!check_places(s, in, e) || !add_rollup(in, e)) return false;
    in->flags |= STORE_SCHEDULE;
    in->due = fire.at;
    return true;
}

/* The message that is to go must be a schedule, if there is one. */
static bool check_purged(struct stream *s, struct incoming *in, struct slice scheduler,
                         struct js_error *e)
{
    struct msgs_subject found;
    struct stored last;
    struct slice pattern;
    uint32_t count;
    uint64_t in_flight = inflight_last_of(&s->inflight, scheduler, &count);
    if (in->batch_first > 0 && in_flight >= in->batch_first)    /* its own batch stores it */
        return inflight_is_schedule(&s->inflight, scheduler) ||
               js_error_set(e, JS_ERR_MESSAGE_SCHEDULES_SCHEDULER_INVALID);
    in->is_held = !incoming_is_settled(s, in) || in_flight > 0;
    if (in->is_held) return false;
    if (!msgs_subject(s->msgs, scheduler, &found)) return true;
    enum err loaded = ingest_load(s, found.last, &last);
    in->is_held = loaded == ERR_BUSY;
    if (in->is_held) return false;
    if (loaded == ERR_OK &&
        headers_find(last.header, publish_header_name(PUBLISH_SCHEDULE), &pattern) &&
        pattern.len > 0)
        return true;
    return js_error_set(e, JS_ERR_MESSAGE_SCHEDULES_SCHEDULER_INVALID);
}

bool check_scheduler(struct stream *s, struct incoming *in, struct js_error *e)
{
    struct slice next = in->headers.at[PUBLISH_SCHEDULE_NEXT];
    struct slice scheduler = in->headers.at[PUBLISH_SCHEDULER];
    if (in->is_own || in->is_sourced || (next.len == 0 && scheduler.len == 0)) return true;
    if (!slice_equal_str(next, "purge") || !is_publishable(scheduler) ||
        slice_equal(scheduler, in->subject))
        return js_error_set(e, JS_ERR_MESSAGE_SCHEDULES_SCHEDULER_INVALID);
    if (!s->config.allow_msg_schedules) return js_error_set(e, JS_ERR_MESSAGE_SCHEDULES_DISABLED);
    if (!check_purged(s, in, scheduler, e)) return false;
    in->flags |= STORE_SCHEDULE_ENDS;
    return true;
}
