/* SPDX-License-Identifier: Apache-2.0 */
/* What a mirror or source asks its origin for: the consumer is nats-server's to the letter, so that
 * either kind of server can be at the other end. */
#include "base/assert.h"
#include "core/account.h"
#include "core/deliver.h"
#include "stream/source_internal.h"
#include "wire/headers.h"

static const char api_prefix[] = "$JS.API";

/* ---- names and subjects ---- */

static struct source_drawer drawer_of(const struct source *src)
{
    const struct stream *s = src->set->stream;
    return (struct source_drawer){ stream_name(s), stream_account_name(s), s->account->js->domain };
}

/* The name of our consumer at the origin, without what the origin adds to it. */
static void name_make(struct source *src)
{
    const struct source_drawer drawer = drawer_of(src);
    struct buf name = { 0 };
    assert(src->config.consumer == NULL);
    source_consumer_name(&drawer, &src->set->stream->config, &src->config, &name);
    if (!slice_equal(buf_slice(&name), buf_slice(&src->name))) source_dismiss(src);
    buf_deinit(&src->name);
    src->name = name;
}

/* Two dots become one: a prefix may end in one. */
static void add_without_double_dots(const char *text, struct buf *out)
{
    for (const char *c = text; *c != '\0'; c++)
        if (*c != '.' || out->len == 0 || out->ptr[out->len - 1] != '.')
            buf_add_byte(out, (uint8_t)*c);
}

/* "<api>.<rest>", with the prefix of the other side's API if it has one. */
static void api_subject(const struct source *src, const char *rest, struct buf *out)
{
    const struct stream_external *x = src->config.external;
    assert(out->len == 0);
    add_without_double_dots(x != NULL && js_text_set(x->api) ? x->api : api_prefix, out);
    add_without_double_dots(".", out);
    add_without_double_dots(rest, out);
}

static void deliver_subject(struct source *src)
{
    const struct stream_external *x = src->config.external;
    struct buf prefix = { 0 };
    if (x != NULL && js_text_set(x->deliver)) {
        add_without_double_dots(x->deliver, &prefix);
        add_without_double_dots(src->is_mirror ? ".M" : ".S", &prefix);
    } else {
        buf_add_str(&prefix, src->is_mirror ? "$JS.M" : "$JS.S");
    }
    src->deliver.len = 0;
    source_subject_new(src, buf_str(&prefix), &src->deliver);
    assert(src->deliver.len > prefix.len);
    buf_deinit(&prefix);
}

/* ---- the consumer ---- */

static void metadata_fill(const struct source *src, struct arena *arena, struct json_array *ret)
{
    const struct source_drawer d = drawer_of(src);
    const char *kind = src->is_mirror ? "mirror" : "src";
    struct json_pair *p = arena_alloc(arena, 3 * sizeof *p);
    uint32_t count = 0;
    p[count++] = (struct json_pair){ arena_printf(arena, "_nats.%s.acc", kind),
                                     arena_str(arena, d.account) };
    if (d.domain.len > 0)
        p[count++] = (struct json_pair){ arena_printf(arena, "_nats.%s.domain", kind),
                                         arena_str(arena, d.domain) };
    p[count++] = (struct json_pair){ arena_printf(arena, "_nats.%s.stream", kind),
                                     arena_str(arena, d.stream) };
    *ret = (struct json_array){ p, count };
    assert(ret->count <= 3);
}

static void filters_fill(const struct source *src, struct arena *arena, struct consumer_config *c)
{
    const struct json_array *list = &src->config.subject_transforms;
    const struct stream_transform *t = list->items;
    const char **filters = arena_alloc(arena, (list->count + 1) * sizeof *filters);
    for (uint32_t i = 0; i < list->count; i++) filters[i] = js_text_set(t[i].src) ? t[i].src : ">";
    if (js_text_set(src->config.filter_subject)) c->filter_subject = src->config.filter_subject;
    else if (list->count == 1) c->filter_subject = filters[0];
    else c->filter_subjects = (struct json_array){ filters, list->count };
    assert(list->count == 0 || consumer_filter(c, 0) != NULL);
}

static void start_at(struct consumer_config *c, uint64_t sequence)
{
    c->deliver_policy = JS_DELIVER_BY_START_SEQUENCE;
    c->opt_start_seq = sequence;
}

static void start_when(struct consumer_config *c, nanos time)
{
    assert(c->opt_start_seq == 0);
    c->deliver_policy = JS_DELIVER_BY_START_TIME;
    c->opt_start_time = time;
}

static void mirror_start(const struct source *src, struct consumer_config *c)
{
    const struct stream *s = src->set->stream;
    struct msgs_state state;
    msgs_state(s->msgs, &state);
    bool is_new = s->last_proposed == 0 && state.messages == 0 && state.first_sequence == 0;
    assert(src->is_mirror);
    if (!is_new) start_at(c, s->last_proposed + 1);
    else if (src->config.opt_start_seq > 0) start_at(c, src->config.opt_start_seq);
    else if (src->config.opt_start_time != 0) start_when(c, src->config.opt_start_time);
}

/* A stream that was emptied and does not know any more where it was goes on at the time of its last
 * message, so that nothing comes twice. */
static void source_start(const struct source *src, struct consumer_config *c)
{
    struct msgs_state state;
    msgs_state(src->set->stream->msgs, &state);
    nanos since = src->config.opt_start_time;
    bool was_used = state.last_time > 0;
    assert(!src->is_mirror);
    if (src->sequence > 0) start_at(c, src->sequence + 1);
    else if (src->config.opt_start_seq > 0) start_at(c, src->config.opt_start_seq);
    else if (since != 0)
        start_when(c, was_used && since < state.last_time ? state.last_time : since);
    else if (state.first_sequence > 1 && was_used && !src->is_anew) start_when(c, state.last_time);
}

static void config_fill(struct source *src, struct arena *arena, struct consumer_config *c)
{
    struct buf name = { 0 };
    buf_add(&name, buf_slice(&src->name));
    bool is_plain = src->level == SOURCE_PLAIN;
    if (is_plain) source_subject_new(src, "", &name);
    for (uint32_t i = 0; is_plain && i < name.len; i++)
        if (name.ptr[i] == '.') name.ptr[i] = '_';
    *c = (struct consumer_config){
        .name = arena_str(arena, buf_slice(&name)),
        .deliver_subject = arena_str(arena, buf_slice(&src->deliver)),
        .ack_policy = JS_ACK_NONE,
        .ack_wait = 22 * HOUR,
        .max_deliver = 1,
        .idle_heartbeat = SOURCE_HEARTBEAT,
        .flow_control = true,
        .direct = true,
        .sourcing = !is_plain,
        .inactive_threshold = SOURCE_SILENCE,
    };
    buf_deinit(&name);
    metadata_fill(src, arena, &c->metadata);
    filters_fill(src, arena, c);
    if (src->is_mirror) mirror_start(src, c);
    else source_start(src, c);
}

/* ---- the request ---- */

static void header_write(const struct source *src, struct buf *out)
{
    char level[2] = { (char)('0' + src->level), '\0' };
    const struct header lines[] = {
        { SLICE_LIT("Nats-Required-Api-Level"), slice_str(level) },
        { SLICE_LIT("Nats-Stream-Identity"), slice_str(src->identity) },
    };
    bool tells = src->level == SOURCE_IDENTIFIED && src->identity[0] != '\0';
    const struct headers_change change = { .add = lines, .add_count = tells ? 2 : 1 };
    assert(out->len == 0);
    if (src->level == SOURCE_PLAIN) return;
    headers_change(SLICE_LIT(""), &change, out);
    assert(out->len > 0);
}

/* Returns how many got it. */
static uint32_t request_send(struct source *src, const char *rest, struct slice reply,
                             struct slice body)
{
    struct buf subject = { 0 }, header = { 0 };
    api_subject(src, rest, &subject);
    if (reply.len > 0) header_write(src, &header);
    uint32_t got = deliver_internal(source_home(src), src->set->stream->account->account,
                                    buf_slice(&subject), reply, buf_slice(&header), body);
    buf_deinit(&subject);
    buf_deinit(&header);
    return got;
}

static uint32_t send_create(struct source *src, struct slice reply)
{
    AUTO_FREE(arena) arena = arena_new();
    struct consumer_create_request request = { .stream_name = src->config.name };
    struct consumer_config *c = &request.config;
    struct buf json = { 0 };
    struct json_writer w = json_writer_on(&json, JSON_COMPACT);
    name_make(src);
    deliver_subject(src);
    config_fill(src, arena, c);
    json_table_write(&consumer_create_request_table, &request, &w);
    const char *rest = js_text_set(c->filter_subject)
                           ? arena_printf(arena, "CONSUMER.CREATE.%s.%s.%s", src->config.name,
                                          c->name, c->filter_subject)
                           : arena_printf(arena, "CONSUMER.CREATE.%s", src->config.name);
    uint32_t got = request_send(src, rest, reply, buf_slice(&json));
    buf_deinit(&json);
    return got;
}

/* A consumer that was made before begins again behind what it knows to be safe here. */
static uint32_t send_reset(struct source *src, struct slice reply)
{
    const struct stream_source_consumer *c = src->config.consumer;
    AUTO_FREE(arena) arena = arena_new();
    assert(js_text_set(c->name));
    return request_send(src, arena_printf(arena, "CONSUMER.RESET.%s.%s", src->config.name, c->name),
                        reply, SLICE_LIT(""));
}

/* Listens for the answer, below a subject that no earlier answer comes to. */
static struct slice answers_begin(struct source *src, struct buf *subject)
{
    struct reactor *r = source_reactor(src);
    source_answers_end(src);
    source_subject_new(src, "$JSC.R", subject);
    src->answers_sub = sub_new(&r->door, &src->answers, buf_slice(subject), SLICE_LIT(""),
                               SLICE_LIT(""));
    if (src->answers_sub == NULL) return SLICE_LIT("");
    sub_enter(r, src->set->stream->account->account, src->answers_sub);
    assert(subject->len > 0);
    return buf_slice(subject);
}

static enum source_level best_level(const struct source *src)
{
    return src->is_mirror ? SOURCE_STABLE : SOURCE_IDENTIFIED;
}

static void ask(struct source *src)
{
    struct buf subject = { 0 };
    bool has_consumer = src->config.consumer != NULL;
    struct slice reply = answers_begin(src, &subject);
    uint32_t got = 0;
    if (reply.len > 0) got = has_consumer ? send_reset(src, reply) : send_create(src, reply);
    buf_deinit(&subject);
    source_set_timer(src, has_consumer ? SOURCE_RESET_WAIT : SOURCE_ANSWER_WAIT);
    /* nobody is there: a link is down, or comes up */
    if (got == 0) source_failed(src, NULL);
}

void source_ask(struct source *src)
{
    assert(src->state == SOURCE_WAITS);
    src->state = SOURCE_ASKS;
    src->level = best_level(src);
    src->was_asked = true;
    src->asked_at = source_reactor(src)->now;
    if (src->is_mirror) src->sequence = src->set->stream->last_proposed;
    source_error_set(src, NULL);
    ask(src);
}

bool source_ask_for_less(struct source *src)
{
    assert(src->state == SOURCE_ASKS);
    if (src->level == SOURCE_PLAIN) return false;
    bool has_consumer = src->config.consumer != NULL;
    if (src->level == SOURCE_STABLE && has_consumer) return false;
    src->level = src->level == SOURCE_IDENTIFIED ? SOURCE_STABLE : SOURCE_PLAIN;
    ask(src);
    return true;
}

void source_dismiss(struct source *src)
{
    if (!src->is_lasting) return;
    AUTO_FREE(arena) arena = arena_new();
    assert(src->name.len > 0);
    assert(src->config.consumer == NULL);
    src->is_lasting = false;
    (void)request_send(
        src, arena_printf(arena, "CONSUMER.DELETE.%s.%s", src->config.name, buf_str(&src->name)),
        SLICE_LIT(""), SLICE_LIT(""));
}
