/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/natsarc.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "codec/varint.h"

enum { HEAD_MAX = 5 * VARINT_MAX };
static const uint64_t WHOLE_MAX = UINT64_C(1) << 30;

static const uint8_t magic[8] = "NATSARC1";

struct natsarc_reader {
    struct natsarc_limits limits;
    struct buf held; /* the start of an entry that has not come whole */
    uint32_t used;   /* of what is held: an entry that was given */
    bool is_started;
    enum natsarc_verdict end; /* DONE, BAD, LIMIT, or MORE while none of them */
};

struct natsarc_reader *natsarc_reader_new(const struct natsarc_limits *limits)
{
    assert((uint64_t)limits->name_max + limits->header_max + limits->payload_max < WHOLE_MAX);
    struct natsarc_reader *r = xcalloc(1, sizeof *r);
    r->limits = *limits;
    r->end = NATSARC_MORE;
    return r;
}

struct natsarc_reader *natsarc_reader_free(struct natsarc_reader *r)
{
    if (r == NULL) return NULL;
    buf_deinit(&r->held);
    xfree(r);
    return NULL;
}

/* What an entry begins with. */
struct head {
    uint64_t name_len;
    int64_t time;
    uint64_t sequence;
    uint64_t header_len;
    uint64_t payload_len;
};

static enum err head_take(struct slice *s, struct head *ret)
{
    enum err e = uvarint_take(s, &ret->name_len);
    if (!e) e = varint_take(s, &ret->time);
    if (!e) e = uvarint_take(s, &ret->sequence);
    if (!e) e = uvarint_take(s, &ret->header_len);
    if (!e) e = uvarint_take(s, &ret->payload_len);
    return e;
}

static bool is_end(const struct head *h)
{
    return h->name_len == 0 && h->time == 0 && h->sequence == 0 && h->header_len == 0 &&
           h->payload_len == 0;
}

static bool fits(const struct natsarc_limits *limits, const struct head *h)
{
    return h->name_len <= limits->name_max && h->header_len <= limits->header_max &&
           h->payload_len <= limits->payload_max;
}

/* What `s` begins with. ENTRY: it takes `*ret_size` bytes. MORE: so many are worth another look. */
static enum natsarc_verdict parse(struct natsarc_reader *r, struct slice s, uint32_t *ret_size,
                                  struct natsarc_entry *ret_entry)
{
    struct slice rest = s;
    *ret_size = (uint32_t)sizeof magic;
    if (!r->is_started) {
        struct slice start = slice_first(s, sizeof magic);
        if (!slice_starts(slice_of(magic, sizeof magic), start)) return NATSARC_BAD;
        if (start.len < sizeof magic) return NATSARC_MORE;
        rest = slice_from(rest, sizeof magic);
    }
    struct head h;
    struct slice head = slice_first(rest, HEAD_MAX);
    enum err e = head_take(&head, &h);
    *ret_size = s.len + 1;
    if (e == ERR_BUSY) return NATSARC_MORE;
    if (e) return NATSARC_BAD;
    if (is_end(&h)) return NATSARC_DONE;
    if (h.name_len == 0) return NATSARC_BAD;
    if (!fits(&r->limits, &h)) return NATSARC_LIMIT;
    uint32_t head_len = (uint32_t)(head.ptr - s.ptr);
    uint32_t name_len = (uint32_t)h.name_len, header_len = (uint32_t)h.header_len;
    *ret_size = head_len + name_len + header_len + (uint32_t)h.payload_len;
    if (s.len < *ret_size) return NATSARC_MORE;
    struct slice body = slice_from(slice_first(s, *ret_size), head_len);
    *ret_entry = (struct natsarc_entry){
        .name = slice_first(body, name_len),
        .time = h.time,
        .sequence = h.sequence,
        .header = slice_first(slice_from(body, name_len), header_len),
        .payload = slice_from(body, name_len + header_len),
    };
    return NATSARC_ENTRY;
}

/* Holds some more of the input, as much as brings the whole to `size`. */
static void hold(struct natsarc_reader *r, struct slice *in, uint32_t size)
{
    assert(r->held.len < size);
    struct slice part = slice_first(*in, size - r->held.len);
    buf_add(&r->held, part);
    *in = slice_from(*in, part.len);
}

enum natsarc_verdict natsarc_reader_next(struct natsarc_reader *r, struct slice *in,
                                         struct natsarc_entry *ret_entry)
{
    assert(r->used == 0 || r->used == r->held.len);
    if (r->used > 0) r->held.len = 0;
    r->used = 0;
    while (r->end == NATSARC_MORE) {
        bool is_held = r->held.len > 0;
        struct slice s = is_held ? buf_slice(&r->held) : *in;
        uint32_t size = 0;
        enum natsarc_verdict v = s.len == 0 ? NATSARC_MORE : parse(r, s, &size, ret_entry);
        if (v == NATSARC_MORE) {
            if (in->len == 0) return NATSARC_MORE;
            hold(r, in, size);
            continue;
        }
        if (v != NATSARC_ENTRY) {
            r->end = v;
            return v;
        }
        r->is_started = true;
        if (is_held) r->used = size;
        else *in = slice_from(*in, size);
        return NATSARC_ENTRY;
    }
    return r->end;
}

bool natsarc_reader_is_between(const struct natsarc_reader *r)
{
    uint32_t held = r->held.len - r->used;
    return r->end == NATSARC_MORE && (held == 0 || (!r->is_started && held == sizeof magic));
}

void natsarc_start_add(struct buf *out)
{
    buf_add(out, slice_of(magic, sizeof magic));
}

void natsarc_entry_add(const struct natsarc_entry *entry, struct buf *out)
{
    assert(entry->name.len > 0);
    uint8_t head[HEAD_MAX];
    uint32_t len = uvarint_put(entry->name.len, head);
    len += varint_put(entry->time, head + len);
    len += uvarint_put(entry->sequence, head + len);
    len += uvarint_put(entry->header.len, head + len);
    len += uvarint_put(entry->payload.len, head + len);
    buf_add(out, slice_of(head, len));
    buf_add(out, entry->name);
    buf_add(out, entry->header);
    buf_add(out, entry->payload);
}

void natsarc_end_add(struct buf *out)
{
    static const uint8_t zeros[5] = { 0 };
    buf_add(out, slice_of(zeros, sizeof zeros));
}
