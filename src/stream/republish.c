/* SPDX-License-Identifier: Apache-2.0 */
/* A stored message is published again, with headers that say where it stands. */
#include "base/assert.h"
#include "core/deliver.h"
#include "json/gotime.h"
#include "json/quote.h"
#include "stream/stream_internal.h"
#include "subject/subject.h"
#include "subject/transform.h"

/* The message's own header without the empty line at its end, or the beginning of one. */
static void header_begin(struct buf *out, struct slice header)
{
    if (header.len > 2) buf_add(out, slice_first(header, header.len - 2));
    else buf_add_str(out, "NATS/1.0\r\n");
}

static void header_of(struct stream *s, const struct store_command *c,
                      const struct stored_place *place, struct buf *out)
{
    char time[GOTIME_TEXT_SIZE];
    header_begin(out, c->header);
    buf_printf(out, "Nats-Stream: %s\r\nNats-Subject: %.*s\r\nNats-Sequence: %llu\r\n",
               s->config.name, SLICE_ARGS(c->subject), (unsigned long long)place->sequence);
    buf_printf(out, "Nats-Time-Stamp: %s\r\nNats-Last-Sequence: %llu\r\n",
               gotime_rfc3339_text(c->time, time), (unsigned long long)place->last_of_subject);
    if (s->config.republish->headers_only) buf_printf(out, "Nats-Msg-Size: %u\r\n", c->payload.len);
    buf_add_str(out, "\r\n");
}

static void warn_of_subject(const struct stream *s, struct slice subject)
{
    struct buf quoted = { 0 };
    quote_go(&quoted, subject);
    jetstream_warn(s->account->js, "Stream '%s > %s' suppressing republish with invalid subject %s",
                   s->account->account->name, s->config.name, buf_str(&quoted));
    buf_deinit(&quoted);
}

void stream_republish(struct stream *s, const struct store_command *c,
                      const struct stored_place *place)
{
    struct jetstream *js = s->account->js;
    struct buf subject = { 0 }, header = { 0 };
    assert(s->republish != NULL);
    if (!transform_matches(s->republish, c->subject)) return;
    transform_apply(s->republish, c->subject, &js->home->reactor->rng, &subject);
    if (subject_literal(buf_slice(&subject))) {
        header_of(s, c, place, &header);
        bool has_payload = !s->config.republish->headers_only;
        (void)deliver_internal(js->home, s->account->account, buf_slice(&subject), SLICE_LIT(""),
                               buf_slice(&header), has_payload ? c->payload : SLICE_LIT(""));
    } else {
        warn_of_subject(s, buf_slice(&subject));
    }
    buf_deinit(&subject);
    buf_deinit(&header);
}
