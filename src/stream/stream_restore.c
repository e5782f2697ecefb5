/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/stream_restore.h"

#include "base/assert.h"
#include "base/hash.h"
#include "stream/schedule.h"
#include "stream/stream_internal.h"
#include "stream/ttl.h"

/* ---- hidden ones ---- */

void stream_hide(struct stream *s)
{
    struct jetstream *js = s->account->js;
    assert(!s->is_hidden);
    assert(s->next_hidden == NULL);
    s->is_hidden = true;
    s->next_hidden = js->hidden;
    js->hidden = s;
}

void stream_unhide(struct stream *s)
{
    struct stream **at = &s->account->js->hidden;
    assert(s->is_hidden);
    while (*at != s) {
        assert(*at != NULL);
        at = &(*at)->next_hidden;
    }
    *at = s->next_hidden;
    s->next_hidden = NULL;
    s->is_hidden = false;
}

bool stream_show(struct stream *s)
{
    assert(s->is_hidden && !s->is_gone);
    if (js_account_stream(s->account, stream_name(s)) != NULL) return false;
    stream_unhide(s);
    js_account_add(s->account, s);
    return true;
}

void stream_restore_drop(struct stream *s)
{
    bool is_lost = s->account->js->is_failed && stream_is_file(s);
    assert(s->is_hidden);
    assert(is_lost || stream_restore_is_settled(s));
    stream_unhide(s);
    stream_uncharge(s);
    s->maker = NULL;
    s->is_deleted = s->is_gone = true;
    if (is_lost || !stream_is_file(s)) {
        (void)stream_free(s);
        return;
    }
    stream_dismantle(s);
    stream_file_end(s);
}

static void sort_one(struct jetstream *js, struct stream *s)
{
    struct log *log = js->core->env->log;
    const char *account = s->account->account->name;
    if (s->is_created && !s->is_gone) {
        if (!stream_show(s))
            log_error(log, "JetStream: stream '%s > %s' is there twice: this one is not served",
                      account, s->config.name);
        return;
    }
    if (!s->is_gone)
        log_warn(log,
                 "JetStream: the restore of stream '%s > %s' was not finished: what there was of "
                 "it is removed",
                 account, s->config.name);
    stream_restore_drop(s);
}

void streams_hidden_sort(struct jetstream *js)
{
    for (struct stream *s = js->hidden, *next; s != NULL; s = next) {
        next = s->next_hidden;
        sort_one(js, s);
    }
}

void streams_hidden_free(struct jetstream *js)
{
    assert(js->is_ending);
    while (js->hidden != NULL) {
        struct stream *s = js->hidden;
        stream_unhide(s);
        stream_uncharge(s);
        (void)stream_free(s);
    }
}

/* ---- making one ---- */

struct stream *stream_restore_new(struct js_account *a, const struct stream_config *config,
                                  struct js_error *ret_error)
{
    struct stream *s = stream_new(a, config, stream_incarnation(a, config));
    assert(js_text_set(config->name));
    s->created = jetstream_reactor(a->js)->wall;
    s->last_proposed = config->first_seq > 1 ? config->first_seq - 1 : 0;
    if (!stream_config_propose(s, COMMAND_RESTORE, config, ret_error)) {
        (void)stream_free(s);
        return NULL;
    }
    stream_hide(s);
    return s;
}

bool stream_restore_is_settled(const struct stream *s)
{
    assert(s->log->applied <= s->log->proposed);
    return s->log->applied == s->log->proposed;
}

static uint8_t *propose(struct stream *s, enum command_kind kind, uint64_t sequence, uint32_t len,
                        struct js_error *ret_error)
{
    assert(s->is_hidden && !s->is_started);
    if (s->failure == ERR_OK) {
        uint8_t *at = stream_log_propose(s->log, kind, sequence, len, JOURNAL_USE_STORE);
        if (at != NULL) return at;
    }
    (void)stream_log_refusal(s, ret_error);
    return NULL;
}

bool stream_restore_used(struct stream *s, struct js_error *ret_error)
{
    const struct purge_command all = { .below = 0 };
    if (s->last_proposed > 0) return true;
    uint8_t *at = propose(s, COMMAND_PURGE, 0, purge_command_size(&all), ret_error);
    if (at != NULL) purge_command_write(&all, at);
    return at != NULL;
}

bool stream_restore_first(struct stream *s, uint64_t first, struct js_error *ret_error)
{
    if (first <= s->last_proposed + 1) return true;
    uint8_t *at = propose(s, COMMAND_COMPACT, 0, COMPACT_SIZE, ret_error);
    if (at == NULL) return false;
    compact_command_write(first, at);
    s->last_proposed = first - 1;
    return true;
}

bool stream_restore_last(struct stream *s, uint64_t last, nanos time, struct js_error *ret_error)
{
    nanos now = jetstream_reactor(s->account->js)->wall;
    if (last <= s->last_proposed) return true;
    if (time > now) time = now;         /* what is stored next would be of then, too */
    const struct skip_command c = {
        .last = last,
        .time = time > s->time_proposed ? time : s->time_proposed,
    };
    uint8_t *at = propose(s, COMMAND_SKIP, last, SKIP_SIZE, ret_error);
    if (at == NULL) return false;
    skip_command_write(&c, at);
    s->last_proposed = last;
    s->time_proposed = c.time;
    return true;
}

/* When it fires next, as if it had been here all the time. One that cannot is a plain message. */
static void note_schedule(struct stream *s, const struct publish_headers *h,
                          struct store_command *c)
{
    const struct zone *zone;
    struct schedule_fire fire;
    nanos now = jetstream_reactor(s->account->js)->wall;
    if (!s->config.allow_msg_schedules || !publish_has(h, PUBLISH_SCHEDULE)) return;
    if (stream_zone(s, h, &zone) != ERR_OK) return;
    if (!schedule_next(h->at[PUBLISH_SCHEDULE], zone, c->time, now, &fire)) return;
    c->flags |= STORE_SCHEDULE;
    c->due = fire.at;
}

/* False: its end is over. */
static bool note_ttl(struct stream *s, const struct publish_headers *h, struct store_command *c)
{
    int64_t seconds;
    if (!s->config.allow_msg_ttl || !publish_has(h, PUBLISH_TTL)) return true;
    if (!ttl_parse(h->at[PUBLISH_TTL], &seconds)) return true;
    if (seconds == TTL_NEVER) c->flags |= STORE_FOR_EVER;
    if (seconds > 0 && seconds < (NANOS_MAX - c->time) / SECOND)
        c->expires = c->time + seconds * SECOND;
    return c->expires == 0 || c->expires > jetstream_reactor(s->account->js)->wall;
}

/* What it replaced is gone already: a rollup is not done again. */
static bool command_make(struct stream *s, const struct stored *m, struct store_command *c)
{
    struct publish_headers h;
    *c = (struct store_command){
        .time = m->time > s->time_proposed ? m->time : s->time_proposed,
        .subject = m->subject,
        .header = m->header,
        .payload = m->payload,
    };
    if (publish_headers_read(m->header, &h) == 0) return true;
    if (publish_has(&h, PUBLISH_MSG_ID)) {
        c->id = hash_bytes(h.at[PUBLISH_MSG_ID], s->hash_seed);
        if (c->id == 0) c->id = 1;
    }
    note_schedule(s, &h, c);
    return note_ttl(s, &h, c);
}

bool stream_restore_message(struct stream *s, const struct stored *m, struct js_error *ret_error)
{
    struct store_command c;
    assert(m->sequence > s->last_proposed);
    if (!command_make(s, m, &c)) return stream_restore_last(s, m->sequence, m->time, ret_error);
    uint8_t *at = propose(s, COMMAND_STORE, m->sequence, store_command_size(&c), ret_error);
    if (at == NULL) return false;
    store_command_write(&c, at);
    s->last_proposed = m->sequence;
    s->time_proposed = c.time;
    return true;
}

bool stream_restore_remove(struct stream *s, const uint64_t *sequences, uint32_t count,
                           struct js_error *ret_error)
{
    assert(count <= STREAM_RESTORE_REMOVE_MAX);
    if (count == 0) return true;
    uint8_t *at = propose(s, COMMAND_REMOVE, 0, remove_command_size(count), ret_error);
    if (at == NULL) return false;
    remove_command_begin(at, 0, count);
    for (uint32_t i = 0; i < count; i++) remove_command_set(at, i, sequences[i]);
    return true;
}

bool stream_restore_finish(struct stream *s, struct js_error *ret_error)
{
    assert(stream_restore_is_settled(s));
    if (!stream_config_propose(s, COMMAND_CONFIG, &s->config, ret_error)) return false;
    s->maker = NULL;
    if (s->account->js->is_at_rest) return true;
    bool is_shown = stream_show(s);
    assert(is_shown);
    stream_start(s);
    return true;
}
