/* SPDX-License-Identifier: Apache-2.0 */
/* From a message of an origin to the stream's own command. The origin has checked it; what is
 * checked here are this stream's limits, and duplicates. */
#include "base/assert.h"
#include "stream/source_internal.h"
#include "subject/transform.h"
#include "wire/headers.h"

bool source_skip(struct stream *s, uint64_t last, struct js_error *ret_error)
{
    const struct skip_command c = { .last = last, .time = s->time_proposed };
    assert(last > s->last_proposed);
    uint8_t *at = stream_log_propose(s->log, COMMAND_SKIP, last, SKIP_SIZE, JOURNAL_USE_STORE);
    if (at == NULL) return stream_log_refusal(s, ret_error);
    skip_command_write(&c, at);
    s->last_proposed = last;
    s->last_id_proposed.len = 0;
    return true;
}

static bool propose(struct stream *s, struct incoming *in, struct js_error *ret_error)
{
    assert(in->is_sourced);
    assert(in->time >= s->time_proposed);
    stream_wake(s);
    incoming_transform(s, in);
    if (!ingest_check(s, in, CHECKS_SINGLE, ret_error)) return false;
    incoming_edit(s, in);
    return ingest_propose(s, in, ret_error);
}

static void subject_change(struct source *src, struct incoming *in)
{
    struct sources *set = src->set;
    uint32_t count = src->config.subject_transforms.count;
    for (uint32_t i = 0; i < count; i++) {
        const struct transform *t = src->transforms[i];
        if (t == NULL || !transform_matches(t, in->subject)) continue;
        set->subject.len = 0;
        transform_apply(t, in->subject, &source_reactor(src)->rng, &set->subject);
        assert(set->subject.len == 0 || set->subject.ptr != in->subject.ptr);
        if (set->subject.len > 0) in->subject = buf_slice(&set->subject);
        return;
    }
}

/* What was meant for the origin goes; a source's messages say where they come from. */
static void header_change(struct source *src, struct slice subject, uint64_t sequence,
                          struct incoming *in)
{
    static const struct slice prefixes[] = { SLICE_INIT("Nats-Expected-"),
                                             SLICE_INIT("Nats-Batch-") };
    const struct slice name = publish_header_name(PUBLISH_STREAM_SOURCE);
    struct buf *value = &src->set->value;
    if (src->is_mirror && in->header.len == 0) return;
    value->len = 0;
    if (!src->is_mirror)
        source_header_write(buf_slice(&src->index), sequence, subject, slice_str(src->identity),
                            value);
    const struct header source = { name, buf_slice(value) };
    const struct headers_change change = {
        .remove = &name,
        .remove_count = src->is_mirror ? 0 : 1,
        .prefixes = prefixes,
        .prefixes_count = ARRAY_COUNT(prefixes),
        .add = &source,
        .add_count = src->is_mirror ? 0 : 1,
    };
    src->set->header.len = 0;
    headers_change(in->header, &change, &src->set->header);
    in->header = buf_slice(&src->set->header);
    assert(src->is_mirror || in->header.len > 0);
}

/* A mirror keeps time and sequence. Time never goes back within a stream. */
static bool mirror_store(struct source *src, struct incoming *in, const struct ack_info *info,
                         struct js_error *e)
{
    struct stream *s = src->set->stream;
    nanos time = (nanos)info->time;
    in->time = time > s->time_proposed ? time : s->time_proposed;
    if (in->time <= 0) in->time = 1;
    assert(info->stream_seq > s->last_proposed);
    if (info->stream_seq > s->last_proposed + 1 && !source_skip(s, info->stream_seq - 1, e))
        return false;
    return propose(s, in, e);
}

enum source_result source_store(struct source *src, const struct raw_message *m,
                                const struct ack_info *info)
{
    struct stream *s = src->set->stream;
    struct js_error error = { .err_code = 0 };
    struct incoming in = {
        .subject = m->subject,
        .header = m->header,
        .payload = m->payload,
        .is_sourced = true,
    };
    if (src->is_mirror && info->stream_seq <= s->last_proposed) return SOURCE_STORED;
    header_change(src, m->subject, info->stream_seq, &in);
    subject_change(src, &in);
    in.headers_count = publish_headers_read(in.header, &in.headers);
    in.time = stream_time(s);
    bool is_stored = src->is_mirror ? mirror_store(src, &in, info, &error)
                                    : propose(s, &in, &error);
    if (in.is_held) return SOURCE_HELD;
    assert(is_stored || in.duplicate_of > 0 || error.err_code != JS_ERR_NONE);
    if (is_stored) src->noted = info->stream_seq;
    return is_stored || in.duplicate_of > 0 ? SOURCE_STORED : SOURCE_REFUSED;
}
