/* SPDX-License-Identifier: Apache-2.0 */
/* Nats_index_testing: writes an index.db as nats-server does, for tests. */
#ifndef MIDGE_IMPORT_NATS_INDEX_TESTING_H
#define MIDGE_IMPORT_NATS_INDEX_TESTING_H

#include "base/buf.h"
#include "base/le.h"
#include "codec/highway.h"
#include "codec/varint.h"
#include "crypto/sha256.h"

static inline void index_uv(struct buf *out, uint64_t value)
{
    uint8_t bytes[VARINT_MAX];
    buf_add(out, slice_of(bytes, uvarint_put(value, bytes)));
}

static inline void index_v(struct buf *out, int64_t value)
{
    uint8_t bytes[VARINT_MAX];
    buf_add(out, slice_of(bytes, varint_put(value, bytes)));
}

struct index_span {
    uint64_t count; /* messages, or of a block: deleted ones */
    uint64_t bytes, first, last;
};

static inline void index_head(struct buf *out, uint8_t version, struct index_span all)
{
    buf_add_byte(out, 11);
    buf_add_byte(out, version);
    index_uv(out, all.count);
    index_uv(out, all.bytes);
    index_uv(out, all.first);
    index_v(out, 1000);
    index_uv(out, all.last);
    index_v(out, 2000);
}

/* Subjects "a", once, and "b", three times. */
static inline void index_subjects(struct buf *out, uint8_t version)
{
    index_uv(out, 2);
    index_uv(out, 1);
    buf_add_byte(out, 'a');
    index_uv(out, 1);
    index_uv(out, 5);
    if (version >= 4) index_uv(out, 5);
    index_uv(out, 1);
    buf_add_byte(out, 'b');
    index_uv(out, 3);
    index_uv(out, 5);
    index_uv(out, 6);
}

/* One block without deleted ones: those come behind it. */
static inline void index_block(struct buf *out, uint8_t version, uint32_t number,
                               struct index_span block)
{
    index_uv(out, number);
    index_uv(out, block.bytes);
    index_uv(out, block.first);
    index_v(out, 0);
    index_uv(out, block.last);
    index_v(out, 7);
    index_uv(out, block.count);
    if (version >= 2) index_uv(out, 0);
    if (version >= 3) index_uv(out, 0);
}

/* A node from `first` on, in which these sequences are deleted. */
static inline void index_node(struct buf *out, uint8_t version, uint64_t first,
                              const uint64_t *deleted, uint32_t count)
{
    uint32_t words = version == 1 ? 64 : 32;
    uint64_t set[64] = { 0 };
    uint8_t bytes[8];
    for (uint32_t i = 0; i < count; i++)
        set[(deleted[i] - first) / 64] |= UINT64_C(1) << (deleted[i] - first) % 64;
    le_put_u64(bytes, first);
    buf_add(out, slice_of(bytes, 8));
    for (uint32_t i = 0; i < words; i++) {
        le_put_u64(bytes, set[i]);
        buf_add(out, slice_of(bytes, 8));
    }
    buf_add(out, SLICE_LIT("\x01\x00"));
}

static inline void index_deleted(struct buf *out, uint8_t version, uint32_t nodes, uint32_t count)
{
    uint8_t bytes[8];
    buf_add_byte(out, 22);
    buf_add_byte(out, version);
    le_put_u32(bytes, nodes);
    le_put_u32(bytes + 4, count);
    buf_add(out, slice_of(bytes, 8));
}

static inline void index_end(struct buf *out, uint32_t last_number)
{
    index_uv(out, last_number);
    buf_add(out, SLICE_LIT("lastsum!"));
}

static inline void index_seal(struct buf *out, const char *stream)
{
    uint8_t key[HIGHWAY_KEY_SIZE], bytes[8];
    sha256(slice_str(stream), key);
    le_put_u64(bytes, highway64(key, buf_slice(out)));
    buf_add(out, slice_of(bytes, 8));
}

#endif
