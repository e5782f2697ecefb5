/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the subject of an ack and its payload, up to the first line feed and behind it: what is
 * parsed stands inside, and what is a well-formed subject is written again as it was. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "stream/ack_payload.h"
#include "stream/ack_subject.h"

static void assert_inside(struct slice s, struct slice in)
{
    if (s.len > 0) assert(s.ptr >= in.ptr && s.ptr + s.len <= in.ptr + in.len);
}

static void place_check(const struct ack_place *place, struct slice subject)
{
    assert_inside(place->domain, subject);
    assert_inside(place->account_hash, subject);
    assert_inside(place->stream, subject);
    assert_inside(place->consumer, subject);
}

/* Numbers may be written with leading zeros, so that only what was written is read the same. */
static void written_again(const struct ack_subject *s)
{
    struct buf prefix = { 0 };
    struct ack_subject again;
    const struct ack_place *p = &s->place;
    bool is_plain = p->stream.len > 0 && p->consumer.len > 0 &&
                    (s->version == ACK_V1 || p->account_hash.len == ACCOUNT_HASH_LEN);
    if (!is_plain) return;
    ack_prefix_write(s->version, p, &prefix);
    buf_reserve(&prefix, ACK_INFO_SIZE);
    uint32_t len = ack_subject_write(buf_slice(&prefix), &s->info, prefix.ptr);
    bool is_ack = ack_subject_parse(slice_of(prefix.ptr, len), &again);
    assert(is_ack);
    assert(again.version == s->version);
    assert(memcmp(&again.info, &s->info, sizeof(again.info)) == 0);
    assert(slice_equal(again.place.stream, p->stream));
    assert(slice_equal(again.place.consumer, p->consumer));
    buf_deinit(&prefix);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > UINT16_MAX) return 0;
    struct slice payload = slice_of(data, size), subject;
    (void)slice_cut(&payload, '\n', &subject);
    struct ack_subject s;
    if (ack_subject_parse(subject, &s)) {
        place_check(&s.place, subject);
        written_again(&s);
    }
    enum ack_version version;
    struct ack_place place;
    if (flow_subject_parse(subject, &version, &place)) place_check(&place, subject);

    struct ack_payload p = ack_payload_parse(payload);
    assert(p.kind <= ACK_OTHER);
    assert_inside(p.text, payload);
    assert(!(p.has_delay && p.is_bad_delay));
    return 0;
}
