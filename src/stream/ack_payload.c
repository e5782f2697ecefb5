/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/ack_payload.h"

#include "base/assert.h"
#include "json/gotime.h"
#include "json/reader.h"
#include "stream/text_trim.h"

static const struct word {
    struct slice text;
    enum ack_kind kind;
    bool is_prefix;
} words[] = {
    { SLICE_INIT("+ACK"), ACK_DONE, false },    { SLICE_INIT("+NXT"), ACK_NEXT, true },
    { SLICE_INIT("-NAK"), ACK_NAK, true },      { SLICE_INIT("+WPI"), ACK_PROGRESS, false },
    { SLICE_INIT("+TERM"), ACK_TERM, true },    { SLICE_INIT("+OK"), ACK_DONE, false },
};

/* {"delay":<nanoseconds>} */
static bool delay_read_json(struct slice text, nanos *ret_delay)
{
    assert(text.len > 0 && text.ptr[0] == '{');
    const struct json_limits limits = { .size_max = 4096 };
    AUTO_FREE(json_doc) doc = NULL;
    if (json_doc_parse(text, &limits, &doc)) return false;
    struct json_value value;
    if (!json_member(json_doc_root(doc), "delay", &value)) return true;
    assert(json_kind(json_doc_root(doc)) == JSON_OBJECT);
    return json_to_i64(value, INT64_MIN, INT64_MAX, ret_delay);
}

static void delay_read(struct slice rest, struct ack_payload *p)
{
    assert(p->kind == ACK_NAK);
    p->text = text_trim(rest);
    if (p->text.len == 0) return;
    bool is_json = p->text.ptr[0] == '{';
    bool is_good = is_json ? delay_read_json(p->text, &p->delay)
                           : gotime_duration_parse(p->text, &p->delay) == ERR_OK;
    p->has_delay = is_good;
    p->is_bad_delay = !is_good;
    if (!is_good) p->delay = 0;
    assert(p->has_delay != p->is_bad_delay);
}

struct ack_payload ack_payload_parse(struct slice payload)
{
    struct ack_payload p = { .kind = payload.len == 0 ? ACK_DONE : ACK_OTHER };
    for (uint32_t i = 0; payload.len > 0 && i < ARRAY_COUNT(words); i++) {
        const struct word *w = &words[i];
        bool is_it = w->is_prefix ? slice_starts(payload, w->text) : slice_equal(payload, w->text);
        if (!is_it) continue;
        p.kind = w->kind;
        struct slice rest = slice_from(payload, w->text.len);
        assert(w->is_prefix || rest.len == 0);
        if (p.kind == ACK_NAK) delay_read(rest, &p);
        if (p.kind == ACK_TERM) p.text = text_trim(rest);
        if (p.kind == ACK_NEXT) p.text = rest;
        break;
    }
    assert(p.kind == ACK_NAK || !p.has_delay);
    return p;
}

bool ack_is_answered(enum ack_kind kind, uint64_t stream_seq)
{
    static_assert(ACK_DONE == 0, "the zero value acks");
    assert(kind <= ACK_OTHER);
    if (kind == ACK_NEXT) return false; /* the messages are the answer */
    return stream_seq > 0 || kind == ACK_DONE || kind == ACK_TERM;
}
