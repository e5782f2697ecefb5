/* SPDX-License-Identifier: Apache-2.0 */
/* The set of a stream's sources: which there are, when each is asked, what is replicated of it. */
#include "stream/source.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/map.h"
#include "core/account.h"
#include "stream/source_internal.h"
#include "stream/stream_sections.h"
#include "subject/transform.h"

/* A little time of its own for each attempt, so that many do not come at once. */
#define JITTER (100 * MILLISECOND)

static void run(struct turn *, struct reactor *);

/* ---- the set ---- */

static struct sources *sources_of(struct stream *s)
{
    if (s->sources != NULL) return s->sources;
    struct sources *set = xcalloc(1, sizeof *set);
    assert(jetstream_reactor(s->account->js) != NULL);
    set->stream = s;
    list_init(&set->all);
    turn_init(&set->turn, run);
    s->sources = set;
    return set;
}

void source_wake(struct source *src)
{
    if (src->set == NULL) return;
    assert(src->set->stream->is_started);
    reactor_turn(source_reactor(src), &src->set->turn);
}

/* ---- one source ---- */

static void on_timer(struct timer *t, nanos now)
{
    struct source *src = container_of(t, struct source, timer);
    (void)now;
    assert(src->set != NULL);
    src->is_due = true;
    source_wake(src);
}

void source_set_timer(struct source *src, nanos in)
{
    struct reactor *r = source_reactor(src);
    assert(in >= 0);
    src->is_due = false;
    wheel_set(&r->wheel, &src->timer, r->now + in);
}

void source_error_set(struct source *src, const struct js_error *e)
{
    assert(src->set != NULL);
    if (e == NULL) {
        src->error = xfree(src->error);
        return;
    }
    assert(e->err_code != JS_ERR_NONE);
    if (src->error == NULL) src->error = xcalloc(1, sizeof *src->error);
    *src->error = *e;
}

void source_subject_new(struct source *src, const char *prefix, struct buf *out)
{
    static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    enum { RANDOM_LEN = 8 };
    struct rng *rng = &source_reactor(src)->rng;
    static_assert(sizeof base62 == 63, "62 characters");
    assert(prefix != NULL);
    buf_add_str(out, prefix);
    buf_add_byte(out, '.');
    for (int i = 0; i < RANDOM_LEN; i++) buf_add_byte(out, (uint8_t)base62[rng_below(rng, 62)]);
}

static void transforms_make(struct source *src)
{
    const struct json_array *list = &src->config.subject_transforms;
    struct errmsg why;
    if (list->count == 0) return;
    src->transforms = xcalloc(list->count, sizeof(struct transform *));
    for (uint32_t i = 0; i < list->count; i++) {
        const struct stream_transform *t = (const struct stream_transform *)list->items + i;
        if (!js_text_set(t->dest)) continue;
        struct slice from = slice_str(js_text_set(t->src) ? t->src : ">");
        enum err e = transform_new(from, slice_str(t->dest), &src->transforms[i], &why);
        assert(e == ERR_OK || src->transforms[i] == NULL);
    }
}

static struct source *source_new(struct sources *set, const struct stream_source *config,
                                 bool is_mirror)
{
    struct source *src = xcalloc(1, sizeof *src);
    src->set = set;
    src->arena = arena_new();
    json_table_copy(&stream_source_table, config, src->arena, &src->config);
    src->is_mirror = is_mirror;
    source_index_name(&src->config, &src->index);
    transforms_make(src);
    src->answers = (struct sink){ .reactor = source_reactor(src)->id, .deliver = source_answered };
    src->messages = (struct sink){ .reactor = source_reactor(src)->id,
                                   .deliver = source_delivered };
    timer_init(&src->timer, on_timer);
    list_init(&src->flow.wait.node);
    list_add_tail(&set->all, &src->node);
    assert(src->index.len > 0);
    return src;
}

static void retired_free(struct retired *r)
{
    struct source *src = container_of(r, struct source, retired);
    struct buf *bufs[] = { &src->index, &src->answer.body, &src->flow.reply, &src->name,
                           &src->deliver };
    assert(src->set == NULL);
    for (size_t i = 0; i < ARRAY_COUNT(bufs); i++) buf_deinit(bufs[i]);
    for (uint32_t i = 0; src->transforms != NULL && i < src->config.subject_transforms.count; i++)
        transform_free(src->transforms[i]);
    xfree(src->transforms);
    xfree(src->error);
    arena_free(src->arena);
    xfree(src);
}

static void leave(struct source *src, struct sub **sub)
{
    if (*sub == NULL) return;
    assert(src->set != NULL);
    sub_leave(source_reactor(src), src->set->stream->account->account, *sub);
    *sub = NULL;
}

void source_answers_end(struct source *src)
{
    leave(src, &src->answers_sub);
    src->answer.is_there = false;
}

/* The consumer is listened to no more. It goes by itself when nobody does. */
static void part(struct source *src)
{
    leave(src, &src->messages_sub);
    source_answers_end(src);
    source_flow_end(src);
    text_queue_deinit(&src->held);
    src->consumer = xfree(src->consumer);
    src->is_broken = src->is_probing = false;
    assert(src->messages_sub == NULL);
}

static void give_up(struct source *src)
{
    struct reactor *r = source_reactor(src);
    part(src);
    wheel_cancel(&r->wheel, &src->timer);
    list_remove(&src->node);
    src->set = NULL;
    reactor_retire(r, &src->retired, retired_free);
}

bool source_listen(struct source *src, struct slice subject)
{
    struct reactor *r = source_reactor(src);
    assert(subject.len > 0);
    leave(src, &src->messages_sub);
    src->messages_sub = sub_new(&r->door, &src->messages, subject, SLICE_LIT(""), SLICE_LIT(""));
    if (src->messages_sub == NULL) return false;
    sub_enter(r, src->set->stream->account->account, src->messages_sub);
    return true;
}

/* ---- attempts ---- */

static nanos backoff(uint32_t fails)
{
    nanos most = SOURCE_BACKOFF_MAX / SOURCE_BACKOFF;
    static_assert(SOURCE_BACKOFF_MAX % SOURCE_BACKOFF == 0, "a whole number of steps");
    assert(most > 0);
    return SOURCE_BACKOFF * ((nanos)fails < most ? (nanos)fails : most);
}

void source_again(struct source *src)
{
    struct reactor *r = source_reactor(src);
    nanos in = 0;
    if (src->was_asked && r->now - src->asked_at < SOURCE_ASK_EVERY)
        in = SOURCE_ASK_EVERY - (r->now - src->asked_at);
    in += backoff(src->fails) + JITTER + (nanos)rng_below(&r->rng, JITTER);
    part(src);
    src->state = SOURCE_WAITS;
    source_set_timer(src, in);
    assert(timer_is_set(&src->timer));
}

void source_failed(struct source *src, const struct js_error *e)
{
    const struct stream *s = src->set->stream;
    assert(src->state == SOURCE_ASKS);
    source_error_set(src, e);
    if (e != NULL)
        log_warn(s->account->js->core->env->log,
                 "JetStream: stream '%s > %s' cannot draw from %s: %s (%u)",
                 s->account->account->name, s->config.name, src->config.name, e->text,
                 (unsigned)e->err_code);
    src->fails++;
    source_again(src);
    if (e != NULL || src->config.consumer == NULL) return;
    src->is_probing = source_listen(src, slice_str(src->config.consumer->deliver_subject));
}

static void due(struct source *src)
{
    nanos silent = source_reactor(src)->now - src->heard_at;
    switch (src->state) {
    case SOURCE_WAITS: source_ask(src); return;
    case SOURCE_ASKS: source_failed(src, NULL); return;
    case SOURCE_DRAWS:
        if (silent >= SOURCE_SILENCE) source_again(src);
        else source_set_timer(src, SOURCE_SILENCE - silent);
        return;
    default: unreachable();
    }
}

static void source_run(struct source *src)
{
    assert(src->set != NULL);
    if (src->answer.is_there) source_answer_take(src);
    if (src->is_broken) source_again(src);
    if (!src->is_due) return;
    src->is_due = false;
    due(src);
}

static bool may_draw(const struct stream *s)
{
    return s->is_started && s->is_created && !s->is_deleted && s->failure == ERR_OK &&
           !atomic_load(&s->account->js->is_stopping);
}

static void run(struct turn *t, struct reactor *r)
{
    struct sources *set = container_of(t, struct sources, turn);
    struct list *node = set->all.next;
    assert(r == jetstream_reactor(set->stream->account->js));
    while (node != &set->all) {
        struct source *src = container_of(node, struct source, node);
        node = node->next;
        if (may_draw(set->stream)) source_run(src);
        else give_up(src);
    }
}

/* ---- which there are ---- */

static bool is_same(const struct source *src, const struct stream_source *config, bool is_mirror)
{
    return src->is_mirror == is_mirror &&
           json_table_equal(&stream_source_table, &src->config, config);
}

static void begin(struct source *src)
{
    const struct source_position *p = NULL;
    if (!src->is_mirror) p = source_positions_find(&src->set->positions, buf_slice(&src->index));
    if (p != NULL) {
        src->sequence = src->noted = p->sequence;
        memcpy(src->identity, p->identity, sizeof src->identity);
    }
    assert(src->state == SOURCE_WAITS);
    src->is_due = true;
    source_wake(src);
}

/* Takes the one that draws so from `old`, or makes one; at the end of the set. */
static void enter(struct sources *set, struct list *old, const struct stream_source *config,
                  bool is_mirror)
{
    assert(js_text_set(config->name));
    LIST_EACH(old, node) {
        struct source *src = container_of(node, struct source, node);
        if (!is_same(src, config, is_mirror)) continue;
        list_remove(&src->node);
        list_add_tail(&set->all, &src->node);
        return;
    }
    begin(source_new(set, config, is_mirror));
}

static struct map *configured(struct stream *s)
{
    const struct stream_config *c = &s->config;
    struct map *names = map_new(s->hash_seed);
    struct buf index = { 0 };
    for (uint32_t i = 0; i < c->sources.count; i++) {
        index.len = 0;
        source_index_name(stream_config_source(c, i), &index);
        (void)map_set(names, buf_slice(&index), s); /* only whether it is there matters */
    }
    buf_deinit(&index);
    assert(map_count(names) <= c->sources.count);
    return names;
}

void sources_forget(struct stream *s)
{
    struct msgs_state state;
    struct sources *set = s->sources;
    if (set == NULL) return;
    msgs_state(s->msgs, &state);
    if (state.messages > 0 || set->positions.count == 0) return;
    AUTO_FREE(map) names = configured(s);
    for (uint32_t i = 0; i < set->positions.count; i++) {
        struct slice name = slice_str(set->positions.at[i].name);
        if (set->positions.at[i].sequence == 0) continue;
        if (map_find(names, name) == NULL)
            source_positions_set(&set->positions, name, 0, SLICE_LIT(""));
    }
    source_positions_check(&set->positions);
}

void sources_update(struct stream *s)
{
    const struct stream_config *c = &s->config;
    bool draws = may_draw(s) && (c->mirror != NULL || c->sources.count > 0);
    struct list old;
    if (!draws && s->sources == NULL) return;
    struct sources *set = sources_of(s);
    list_init(&old);
    while (!list_empty(&set->all)) list_add_tail(&old, list_pop(&set->all));
    if (draws && c->mirror != NULL) enter(set, &old, c->mirror, true);
    for (uint32_t i = 0; draws && i < c->sources.count; i++)
        enter(set, &old, stream_config_source(c, i), false);
    while (!list_empty(&old)) {
        struct source *src = container_of(old.next, struct source, node);
        if (s->is_started && s->failure == ERR_OK) source_dismiss(src);
        give_up(src);
    }
}

void sources_held_run(struct sources *set)
{
    if (set == NULL) return;
    LIST_EACH(&set->all, node) {
        struct source *src = container_of(node, struct source, node);
        if (!text_queue_empty(&src->held)) source_held_run(src);
    }
}

struct sources *sources_free(struct sources *set)
{
    if (set == NULL) return NULL;
    while (!list_empty(&set->all)) give_up(container_of(set->all.next, struct source, node));
    turn_cancel(&set->turn);
    source_positions_deinit(&set->positions);
    buf_deinit(&set->header);
    buf_deinit(&set->value);
    buf_deinit(&set->subject);
    buf_deinit(&set->held_now);
    return xfree(set);
}

/* ---- replicated ---- */

void sources_stored(struct stream *s, struct slice header)
{
    assert(s->config.sources.count > 0);
    if (header.len > 0)
        source_positions_note(&sources_of(s)->positions, s->config.sources.count, header);
}

enum err sources_apply(struct stream *s, struct slice body)
{
    struct source_command c;
    if (source_command_read(body, &c) != ERR_OK) return ERR_CORRUPT;
    source_positions_set(&sources_of(s)->positions, c.name, c.sequence, c.identity);
    assert(s->sources != NULL);
    return ERR_OK;
}

void sources_checkpoint(struct sources *set, struct checkpoint *cp, bool is_full)
{
    if (set == NULL) return;
    for (uint32_t i = 0; i < set->positions.count; i++) {
        struct source_position *p = &set->positions.at[i];
        if (p->is_told && !is_full) continue;
        const struct source_command c = { p->sequence, slice_str(p->name), slice_str(p->identity) };
        source_command_write(&c, checkpoint_add(cp, set->stream->incarnation, STREAM_SECTION_SOURCE,
                                                source_command_size(&c)));
        if (!is_full) p->is_told = true;
    }
}

enum err sources_load(struct stream *s, struct slice bytes)
{
    enum err e = sources_apply(s, bytes);
    assert(!s->is_started);
    if (e == ERR_OK) s->sources->positions.at[s->sources->positions.last].is_told = true;
    return e;
}

void sources_check(const struct sources *set)
{
    if (set == NULL) return;
    source_positions_check(&set->positions);
    LIST_EACH(&set->all, node) {
        const struct source *src = container_of(node, struct source, node);
        assert(src->set == set);
        assert(src->state != SOURCE_DRAWS || src->messages_sub != NULL);
        assert(src->state == SOURCE_ASKS || src->answers_sub == NULL);
        assert((src->consumer != NULL) == (src->state == SOURCE_DRAWS));
        assert(timer_is_set(&src->timer) || src->is_due);
        text_queue_check(&src->held);
    }
}
