/* SPDX-License-Identifier: Apache-2.0 */
/* Consumer_acks: from what a client says of a delivery to a change of the consumer.
 *
 * Called within a sink: nothing is published here; answers and advisories wait for the run. */
#include "base/assert.h"
#include "json/quote.h"
#include "stream/ack_payload.h"
#include "stream/consumer_internal.h"
#include "wire/headers.h"

static struct slice domain_of(const struct js_account *a)
{
    const struct options *o = a->js->options;
    assert(a->account != NULL);
    return slice_str(o == NULL ? NULL : o->jetstream.domain);
}

/* Where a v2 subject must lead. */
static bool fits(const struct js_account *a, enum ack_version version,
                 const struct ack_place *place)
{
    char hash[ACCOUNT_HASH_LEN];
    assert(a->account != NULL);
    if (version == ACK_V1) return true;
    account_hash(slice_str(a->account->name), hash);
    const struct ack_place own = { .domain = domain_of(a),
                                   .account_hash = slice_of(hash, ACCOUNT_HASH_LEN) };
    return ack_place_fits(version, place, &own);
}

enum ack_version consumer_place(const struct consumer *c, char hash[ACCOUNT_HASH_LEN],
                                struct ack_place *ret)
{
    const struct js_account *a = consumer_account(c);
    const struct options *o = a->js->options;
    bool is_v2 = false;
    for (uint32_t i = 0; o != NULL && i < o->feature_flags_count; i++)
        if (strcmp(o->feature_flags[i].name, "js_ack_fc_v2") == 0)
            is_v2 = o->feature_flags[i].value;
    account_hash(slice_str(a->account->name), hash);
    *ret = (struct ack_place){
        .domain = domain_of(a),
        .account_hash = slice_of(hash, ACCOUNT_HASH_LEN),
        .stream = stream_name(c->set->stream),
        .consumer = slice_str(c->name),
    };
    assert(ret->consumer.len > 0);
    return is_v2 ? ACK_V2 : ACK_V1;
}

/* NULL: nobody is there. */
static struct consumer *find(struct js_account *a, enum ack_version version,
                             const struct ack_place *place)
{
    assert(a->js != NULL);
    if (!fits(a, version, place)) return NULL;
    struct stream *s = js_account_stream(a, place->stream);
    if (s == NULL) return NULL;
    struct consumer *c = consumers_find(s->consumers, place->consumer);
    assert(c == NULL || c->set->stream == s);
    return c;
}

/* ---- sampling ---- */

/* 100 and more are all of them; 0 and less are none. nats-server counts in 32 bits, so that what
 * does not fit there is something else. */
static int32_t sample_percent(const char *freq)
{
    int64_t percent = 0;
    struct slice text = slice_str(freq);
    if (text.len > 0 && text.ptr[text.len - 1] == '%') text.len--;
    assert(text.len == 0 || text.ptr != NULL);
    return slice_to_i64(text, &percent) ? (int32_t)percent : 0;
}

static void sample(struct consumer *c, const struct ack_info *info)
{
    const struct reactor *r = consumer_reactor(c);
    int32_t percent = sample_percent(consumer_config(c)->sample_freq);
    assert(info->stream_seq > 0);
    if (percent <= 0) return;
    if (percent < 100 && rng_below(&consumer_reactor(c)->rng, 100) > (uint32_t)percent) return;
    /* `acks` may not know of the delivery yet */
    nanos since = redelivery_since(&c->redelivery, info->stream_seq);
    const struct advisory_facts facts = {
        .stream_seq = info->stream_seq,
        .consumer_seq = info->consumer_seq,
        .deliveries = info->deliveries,
        .ack_time = since == 0 || since >= r->now ? 1 : r->now - since, /* never 0 */
    };
    consumer_note(c, ADVISORY_ACK_METRIC, &facts);
}

/* ---- what is said ---- */

static bool waits(const struct consumer *c, uint64_t stream_seq)
{
    assert(c->is_begun);
    return redelivery_deliveries(&c->redelivery, stream_seq) > 0 ||
           acks_find(&c->acks, stream_seq) != NULL || acks_is_spent(&c->acks, stream_seq);
}

/* Everything up to it. False: it was never delivered. */
static bool ack_up_to(struct consumer *c, const struct ack_info *info)
{
    const struct acks_command command = { .kind = ACKS_ACK,
                                          .stream_seq = info->stream_seq,
                                          .consumer_seq = info->consumer_seq };
    assert(c->acks.policy == ACKS_ALL || c->acks.policy == ACKS_FLOW_CONTROL);
    if (info->stream_seq >= c->next) return false;
    if (info->stream_seq > c->delivered.stream_seq) return true;
    if (info->stream_seq <= c->acks.floor.stream_seq) return true;
    if (info->consumer_seq <= c->acks.floor.consumer_seq && ack_list_count(&c->acks.spent) == 0)
        return true;
    redelivery_forget_below(&c->redelivery, info->stream_seq + 1);
    c->acked_at = consumer_reactor(c)->wall;
    consumer_command(c, &command);
    return true;
}

void consumer_ack_flow(struct consumer *c, const struct ack_info *info)
{
    assert(c->acks.policy == ACKS_FLOW_CONTROL);
    if (info->stream_seq == 0 || info->consumer_seq == 0) return;
    (void)ack_up_to(c, info);
    consumer_wake(c);
}

/* Of one that a reset passed over: a work queue has it still, and lets it go now, as on
 * nats-server; there an ack takes also what is another's. */
static void ack_passed(struct consumer *c, uint64_t sequence)
{
    struct stream *s = c->set->stream;
    struct slice subject;
    uint64_t size;
    assert(c->acks.policy == ACKS_EXPLICIT);
    if (s->config.retention != JS_RETENTION_WORKQUEUE) return;
    if (sequence == 0 || sequence > c->acks.floor.stream_seq || !msgs_has(s->msgs, sequence))
        return;
    if (msgs_meta(s->msgs, sequence, &subject, &size) != ERR_OK) return;
    if (!msgs_matches(&c->setup.filter, subject)) return;
    stream_unneeded(s, sequence, sequence);
    stream_unneeded_propose(s); /* who is answered knows that it is gone */
}

/* +ACK and +TERM, of which only the first is measured. False: it was never delivered. */
static bool ack(struct consumer *c, const struct ack_info *info, bool is_sampled)
{
    const struct acks_command command = { .kind = ACKS_ACK, .stream_seq = info->stream_seq };
    assert(c->is_begun);
    assert(c->acks.policy != ACKS_NONE);
    if (c->acks.policy != ACKS_EXPLICIT) return ack_up_to(c, info);
    if (info->stream_seq >= c->next) return false;
    c->acked_at = consumer_reactor(c)->wall;
    if (info->stream_seq == 0 || !waits(c, info->stream_seq)) {
        ack_passed(c, info->stream_seq);
        return true;
    }
    if (is_sampled) sample(c, info);
    redelivery_forget(&c->redelivery, info->stream_seq);
    consumer_command(c, &command);
    return true;
}

/* The last delivery counts as of so long ago that the next one is due at `due` (monotonic). */
static void touch(struct consumer *c, const struct ack_info *info, nanos due)
{
    const struct reactor *r = consumer_reactor(c);
    const struct acks_command command = {
        .kind = ACKS_TOUCH,
        .stream_seq = info->stream_seq,
        .time = nanos_add(nanos_add(r->wall, due - r->now), -c->redelivery.config.ack_wait),
    };
    assert(info->stream_seq > 0);
    assert(due >= r->now);
    consumer_due_by(c, DUE_ACKS, due);
    if (!consumers_is_clogged(c->set)) consumer_command(c, &command);
}

/* nats-server looks at delayed ones after so long: one without a delay goes before a short
 * delay. */
#define DELAY_LEAST (10 * MILLISECOND)

static void nak(struct consumer *c, const struct ack_info *info, const struct ack_payload *p)
{
    nanos now = consumer_reactor(c)->now;
    const struct advisory_facts facts = { .stream_seq = info->stream_seq,
                                          .consumer_seq = info->consumer_seq,
                                          .deliveries = info->deliveries };
    bool is_ours = info->consumer_seq > c->acks.floor.consumer_seq &&
                   info->consumer_seq <= c->delivered.consumer_seq + 1;
    assert(p->kind == ACK_NAK);
    if (!is_ours || redelivery_deliveries(&c->redelivery, info->stream_seq) == 0) return;
    consumer_note(c, ADVISORY_MSG_NAKED, &facts);
    if (p->has_delay) {
        nanos due = nanos_add(now, p->delay > DELAY_LEAST ? p->delay : DELAY_LEAST);
        (void)redelivery_delay(&c->redelivery, info->stream_seq, due);
        touch(c, info, due);
    } else {
        (void)redelivery_nak(&c->redelivery, info->stream_seq);
    }
}

static void progress(struct consumer *c, const struct ack_info *info)
{
    nanos now = consumer_reactor(c)->now;
    assert(c->is_begun);
    if (redelivery_deliveries(&c->redelivery, info->stream_seq) == 0) return;
    redelivery_progress(&c->redelivery, info->stream_seq, now);
    touch(c, info, nanos_add(now, c->redelivery.config.ack_wait));
}

static bool term(struct consumer *c, const struct ack_info *info, struct slice reason)
{
    const struct advisory_facts facts = { .stream_seq = info->stream_seq,
                                          .consumer_seq = info->consumer_seq,
                                          .deliveries = info->deliveries,
                                          .reason = reason };
    assert(c->is_begun);
    consumer_note(c, ADVISORY_MSG_TERMINATED, &facts);     /* each time, as nats-server */
    return ack(c, info, false);
}

/* False: what it speaks of was never delivered, so that nobody is answered. */
static bool act(struct consumer *c, const struct ack_info *info, const struct ack_payload *p)
{
    assert(c->is_begun);
    switch (p->kind) {
    case ACK_DONE:
    case ACK_NEXT: return ack(c, info, true);
    case ACK_NAK: nak(c, info, p); return true;
    case ACK_PROGRESS: progress(c, info); return true;
    case ACK_TERM: return term(c, info, p->text);
    case ACK_OTHER: return true;
    default: unreachable();
    }
    return false;
}

/* A flood of them is told of so often, and of each so many bytes. */
#define BAD_DELAY_TOLD SECOND
enum { BAD_DELAY_SHOWN = 128 };

static void tell_bad_delay(const struct consumer *c, struct slice delay)
{
    const struct js_account *a = consumer_account(c);
    struct jetstream *js = a->js;
    nanos now = jetstream_reactor(js)->now;
    struct buf text = { 0 };
    assert(js->bad_delay_told <= now);
    if (js->bad_delay_told > 0 && now - js->bad_delay_told < BAD_DELAY_TOLD) return;
    js->bad_delay_told = now;
    quote_go(&text, slice_first(delay, delay.len < BAD_DELAY_SHOWN ? delay.len : BAD_DELAY_SHOWN));
    log_warn(js->core->env->log, "JetStream consumer '%s > %.*s > %s' bad NAK delay value: %s",
             a->account->name, SLICE_ARGS(stream_name(c->set->stream)), c->name, buf_str(&text));
    buf_deinit(&text);
}

static void take(struct consumer *c, const struct ack_info *info, struct slice reply,
                 struct slice payload)
{
    const struct ack_payload p = ack_payload_parse(payload);
    c->used_at = consumer_reactor(c)->now;
    if (p.is_bad_delay) tell_bad_delay(c, p.text);
    bool is_known = act(c, info, &p);
    if (c->pull != NULL || c->push != NULL) consumer_wake(c);
    if (p.kind == ACK_NEXT) {
        if (reply.len > 0) consumer_note_pull(c, reply, p.text);
        return;
    }
    /* of no message: where acks take messages away nats-server answers none */
    bool is_of_none = info->stream_seq == 0 &&
                      c->set->stream->config.retention != JS_RETENTION_LIMITS;
    if (is_known && !is_of_none && ack_is_answered(p.kind, info->stream_seq))
        consumer_answer_ack(c, reply, p.kind != ACK_NAK || p.has_delay);
}

bool consumer_ack(struct js_account *a, const struct ack_subject *subject, struct slice reply,
                  struct slice payload)
{
    struct consumer *c = find(a, subject->version, &subject->place);
    if (c == NULL || c->acks.policy == ACKS_NONE) return false;
    if (consumer_is_alive(c)) take(c, &subject->info, reply, payload);
    return true;
}

void consumer_flow_reply(struct js_account *a, struct slice subject, struct slice header)
{
    enum ack_version version;
    struct ack_place place;
    if (!flow_subject_parse(subject, &version, &place)) return;
    struct consumer *c = find(a, version, &place);
    if (c == NULL || !consumer_is_alive(c) || c->push == NULL) return;
    assert(subject.len > FLOW_ID_LEN);
    uint32_t from = subject.len;
    while (from > 0 && subject.ptr[from - 1] != '.') from--;
    consumer_push_confirmed(c, slice_from(subject, from), header);
}
