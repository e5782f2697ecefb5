/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/damage.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/err.h"
#include "env/log.h"
#include "store/seqset.h"
#include "stream/advisory.h"
#include "stream/stream_internal.h"

enum { ADVISORY_RANGES_MAX = 1000 };
#define GATHER_TIME SECOND
#define QUIET_TIME  (10 * SECOND)

struct damage {
    struct list    node;  /* in js->damages */
    struct stream *stream;
    struct seqset *fresh; /* found and not yet told; NULL: nothing */
    nanos          due;   /* NANOS_MAX: nothing is */
    nanos          told;  /* when something was; 0: never */
};

/* ---- found ---- */

static struct damage *damage_of(struct stream *s)
{
    struct jetstream *js = s->account->js;
    if (s->damage != NULL) return s->damage;
    struct damage *d = s->damage = xcalloc(1, sizeof *d);
    d->stream = s;
    if (js->damages.next == NULL) list_init(&js->damages);
    list_add_tail(&js->damages, &d->node);
    d->due = NANOS_MAX;
    assert(s->damage->stream == s);
    return d;
}

void damage_found(struct stream *s, uint64_t first, uint64_t last)
{
    struct damage *d = damage_of(s);
    nanos now = jetstream_reactor(s->account->js)->now, quiet = d->told + QUIET_TIME;
    assert(first > 0 && first <= last);
    if (d->fresh == NULL) d->fresh = seqset_new();
    (void)seqset_add_range(d->fresh, first, last);
    if (d->due < NANOS_MAX) return;
    d->due = now + GATHER_TIME;
    if (d->told > 0 && d->due < quiet) d->due = quiet;
    assert(seqset_count(d->fresh) > 0);
}

void damage_forget(struct stream *s)
{
    struct damage *d = s->damage;
    if (d == NULL) return;
    assert(d->stream == s);
    list_remove(&d->node);
    d->fresh = seqset_free(d->fresh);
    s->damage = xfree(d);
}

/* ---- told ---- */

bool damage_text_add(void *damage_text, uint64_t first, uint64_t last)
{
    struct damage_text *t = damage_text;
    const char *comma = t->count > 0 ? ", " : "";
    assert(first <= last);
    if (t->count++ == DAMAGE_RANGES_TOLD) {
        buf_add_str(&t->text, ", …");
        return false;
    }
    if (first == last) buf_printf(&t->text, "%s%llu", comma, (unsigned long long)first);
    else
        buf_printf(&t->text, "%s%llu-%llu", comma, (unsigned long long)first,
                   (unsigned long long)last);
    return true;
}

static void say(const struct damage *d)
{
    const struct stream *s = d->stream;
    struct damage_text ranges = { 0 };
    uint64_t first, last, count = seqset_count(d->fresh);
    bool has_more = true;
    assert(count > 0);
    for (uint64_t at = 1; has_more && seqset_next_run(d->fresh, at, &first, &last); at = last + 1)
        has_more = damage_text_add(&ranges, first, last);
    log_error(s->account->js->core->env->log,
              "JetStream: stream '%s > %s': %llu messages are damaged and served to nobody: "
              "sequences %s",
              s->account->account->name, s->config.name, (unsigned long long)count,
              buf_str(&ranges.text));
    buf_deinit(&ranges.text);
}

static void advise_all(const struct damage *d)
{
    const struct stream *s = d->stream;
    struct advisory_range *ranges = xalloc(ADVISORY_RANGES_MAX * sizeof *ranges);
    struct advisory_facts facts = { .stream = stream_name(s), .messages = seqset_count(d->fresh) };
    uint64_t first, last, at = 1;
    uint32_t count = 0;
    assert(facts.messages > 0);
    for (; seqset_next_run(d->fresh, at, &first, &last); at = last + 1) {
        facts.has_more_ranges = count == ADVISORY_RANGES_MAX;
        if (facts.has_more_ranges) break;
        ranges[count++] = (struct advisory_range){ first, last };
    }
    facts.ranges = (struct json_array){ ranges, count };
    advise(s->account, ADVISORY_STREAM_DAMAGED, &facts);
    xfree(ranges);
}

static void tell(struct damage *d, nanos now)
{
    const struct jetstream *js = d->stream->account->js;
    assert(d->fresh != NULL);
    say(d);
    if (!js->is_stopping) advise_all(d);
    d->fresh = seqset_free(d->fresh);
    d->due = NANOS_MAX;
    d->told = now;
}

void damage_tick(struct jetstream *js, nanos now)
{
    if (LIKELY(js->damages.next == NULL)) return;
    LIST_EACH(&js->damages, n) {
        struct damage *d = container_of(n, struct damage, node);
        assert((d->fresh == NULL) == (d->due == NANOS_MAX));
        if (d->fresh != NULL && d->due <= now) tell(d, now);
    }
}

nanos damage_due(const struct jetstream *js)
{
    nanos due = NANOS_MAX;
    if (LIKELY(js->damages.next == NULL)) return due;
    LIST_EACH(&js->damages, n) {
        const struct damage *d = container_of(n, struct damage, node);
        assert(d->stream->damage == d);
        if (d->due < due) due = d->due;
    }
    return due;
}
