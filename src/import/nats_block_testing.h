/* SPDX-License-Identifier: Apache-2.0 */
/* Nats_block_testing: writes records as nats-server does, for tests and fuzz targets. */
#ifndef MIDGE_IMPORT_NATS_BLOCK_TESTING_H
#define MIDGE_IMPORT_NATS_BLOCK_TESTING_H

#include <stdio.h>

#include "base/buf.h"
#include "base/le.h"
#include "codec/highway.h"
#include "codec/s2_stream.h"
#include "codec/varint.h"
#include "crypto/sha256.h"
#include "import/nats_block.h"

/* `name`: "STREAM-NUMBER". */
static inline void nats_record_add(struct buf *out, const char *name, const struct nats_record *r)
{
    static const uint64_t bits[] = {
        [NATS_MESSAGE] = 0, [NATS_ERASED] = UINT64_C(1) << 63, [NATS_TOMBSTONE] = UINT64_C(1) << 62
    };
    uint8_t head[NATS_RECORD_HEAD], more[8], key[HIGHWAY_KEY_SIZE];
    uint32_t header = r->header.len > 0 ? 4 + r->header.len : 0;
    uint32_t len = NATS_RECORD_MIN + r->subject.len + header + r->payload.len;
    struct highway h;
    sha256(slice_str(name), key);
    le_put_u32(head, len | (header > 0 ? UINT32_C(1) << 31 : 0));
    le_put_u64(head + NATS_RECORD_SEQUENCE, r->sequence | bits[r->kind]);
    le_put_u64(head + NATS_RECORD_TIME, (uint64_t)r->time);
    le_put_u16(head + NATS_RECORD_SUBJECT_LEN, (uint16_t)r->subject.len);
    highway_init(&h, key);
    highway_add(&h, slice_of(head + NATS_RECORD_SEQUENCE, 16));
    highway_add(&h, r->subject);
    highway_add(&h, r->header);
    highway_add(&h, r->payload);
    buf_add(out, slice_of(head, sizeof head));
    buf_add(out, r->subject);
    le_put_u32(more, r->header.len);
    if (header > 0) buf_add(out, slice_of(more, 4));
    buf_add(out, r->header);
    buf_add(out, r->payload);
    le_put_u64(more, highway_sum(&h));
    buf_add(out, slice_of(more, 8));
}

/* A message "t.SEQUENCE" with this payload. */
static inline void nats_message_add(struct buf *out, const char *name, uint64_t sequence,
                                    const char *payload)
{
    char subject[24];
    int len = snprintf(subject, sizeof subject, "t.%llu", (unsigned long long)sequence);
    nats_record_add(out, name,
                    &(struct nats_record){ .kind = NATS_MESSAGE,
                                           .sequence = sequence,
                                           .time = (nanos)sequence * SECOND,
                                           .subject = slice_of(subject, (size_t)len),
                                           .payload = slice_str(payload) });
}

/* A block as nats-server compresses it. */
static inline void nats_block_compress(struct slice plain, struct buf *out)
{
    uint8_t number[VARINT_MAX];
    struct slice body = slice_first(plain, plain.len - NATS_RECORD_SUM_SIZE);
    struct s2_writer *w = s2_writer_new();
    buf_add(out, SLICE_LIT("cmp\x01"));
    buf_add(out, slice_of(number, uvarint_put(plain.len, number)));
    s2_writer_add(w, body, out);
    s2_writer_finish(w, out);
    buf_add(out, slice_from(plain, body.len));
    s2_writer_free(w);
}

#endif
