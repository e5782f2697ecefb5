/* SPDX-License-Identifier: Apache-2.0 */
#include "net/outq.h"

#include "base/assert.h"

/* Few connections with output: large chunks. Hundreds: medium. Thousands: small ones. */
enum { LARGE_UNTIL = 64, MEDIUM_UNTIL = 2048, SPARE_MAX = 64 };

static const uint32_t caps[CHUNK_KINDS] = { CHUNK_SMALL, CHUNK_MEDIUM, CHUNK_LARGE };

/* A segment that carries a blob needs room for the head of one message only. */
enum { BLOB_HEAD_MIN = 512 };

struct blob *blob_of_parts(const struct slice *parts, uint32_t count)
{
    size_t len = 0;
    for (uint32_t i = 0; i < count; i++) len += parts[i].len;
    assert(len <= UINT32_MAX);
    struct blob *b = try_alloc(sizeof *b + len);
    if (b == NULL) return NULL;
    atomic_init(&b->refs, 1);
    b->len = 0;
    for (uint32_t i = 0; i < count; b->len += parts[i].len, i++)
        if (parts[i].len > 0) memcpy(b->bytes + b->len, parts[i].ptr, parts[i].len);
    assert(b->len == len);
    return b;
}

struct blob *blob_new(struct slice bytes)
{
    return blob_of_parts(&bytes, 1);
}

struct blob *blob_ref(struct blob *b)
{
    uint32_t before = atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    assert(before > 0);
    return b;
}

struct blob *blob_unref(struct blob *b)
{
    if (b == NULL) return NULL;
    uint32_t before = atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before == 1) xfree(b);
    return NULL;
}

void outpool_init(struct outpool *pool, struct door *door)
{
    *pool = (struct outpool){ .door = door };
}

void outpool_deinit(struct outpool *pool)
{
    assert(pool->in_use == 0);
    for (int kind = 0; kind < CHUNK_KINDS; kind++)
        while (pool->spare[kind] != NULL) {
            struct chunk *c = pool->spare[kind];
            pool->spare[kind] = c->next;
            (void)door_free(pool->door, c, sizeof *c + c->cap);
        }
}

static int kind_of(uint32_t cap)
{
    for (int kind = 0; kind < CHUNK_KINDS; kind++)
        if (caps[kind] == cap) return kind;
    return -1;
}

static int kind_for(const struct outpool *pool, uint32_t len)
{
    int kind = pool->in_use < LARGE_UNTIL ? 2 : pool->in_use < MEDIUM_UNTIL ? 1 : 0;
    while (kind < CHUNK_KINDS && caps[kind] < len) kind++;
    return kind; /* CHUNK_KINDS: larger than any */
}

static struct chunk *take(struct outpool *pool, uint32_t len)
{
    int kind = kind_for(pool, len);
    struct chunk *c = NULL;
    uint32_t cap = kind < CHUNK_KINDS ? caps[kind] : len;
    if (kind < CHUNK_KINDS && pool->spare[kind] != NULL) {
        c = pool->spare[kind];
        pool->spare[kind] = c->next;
        pool->spare_count[kind]--;
    } else {
        c = door_alloc(pool->door, sizeof *c + cap);
    }
    if (c == NULL) return NULL;
    *c = (struct chunk){ .cap = cap };
    pool->in_use++;
    return c;
}

static void give_back(struct outpool *pool, struct chunk *c)
{
    assert(pool->in_use > 0);
    pool->in_use--;
    c->blob = blob_unref(c->blob);
    int kind = kind_of(c->cap);
    if (kind >= 0 && pool->spare_count[kind] < SPARE_MAX) {
        c->next = pool->spare[kind];
        pool->spare[kind] = c;
        pool->spare_count[kind]++;
    } else {
        pool->returned += sizeof *c + c->cap;
        (void)door_free(pool->door, c, sizeof *c + c->cap);
    }
}

static void append(struct outq *q, struct chunk *c)
{
    if (q->tail == NULL) q->head = c;
    else q->tail->next = c;
    q->tail = c;
}

uint8_t *outq_reserve_slow(struct outq *q, struct outpool *pool, uint32_t len)
{
    struct chunk *c = take(pool, len);
    if (c == NULL) return NULL;
    append(q, c);
    return c->bytes;
}

bool outq_add(struct outq *q, struct outpool *pool, struct slice bytes)
{
    uint8_t *at = outq_reserve(q, pool, bytes.len);
    if (at == NULL) return false;
    if (bytes.len > 0) memcpy(at, bytes.ptr, bytes.len);
    outq_commit(q, bytes.len);
    return true;
}

/* A blob stands behind its chunk's bytes; the chunk then takes no more. */
uint8_t *outq_reserve_blob(struct outq *q, struct outpool *pool, uint32_t len)
{
    struct chunk *t = q->tail;
    if (t != NULL && t->blob == NULL && t->cap - t->end >= len) return t->bytes + t->end;
    uint32_t cap = len > BLOB_HEAD_MIN ? len : BLOB_HEAD_MIN;
    t = door_alloc(pool->door, sizeof *t + cap);
    if (t == NULL) return NULL;
    *t = (struct chunk){ .cap = cap };
    pool->in_use++;
    append(q, t);
    return t->bytes;
}

void outq_commit_blob(struct outq *q, uint32_t len, struct blob *blob)
{
    struct chunk *t = q->tail;
    assert(t->blob == NULL);
    t->end += len;
    t->blob = blob_ref(blob);
    t->blob_at = 0;
    t->blob_end = blob->len;
    q->bytes += (uint64_t)len + blob->len;
}

uint32_t outq_spans(const struct outq *q, struct net_span spans[NET_SPANS_MAX])
{
    uint32_t count = 0;
    for (struct chunk *c = q->head; c != NULL && count < NET_SPANS_MAX; c = c->next) {
        if (c->end > c->at) spans[count++] = (struct net_span){ c->bytes + c->at, c->end - c->at };
        if (c->blob != NULL && c->blob_end > c->blob_at && count < NET_SPANS_MAX)
            spans[count++] = (struct net_span){ c->blob->bytes + c->blob_at,
                                                c->blob_end - c->blob_at };
    }
    return count;
}

struct slice outq_front(const struct outq *q)
{
    for (struct chunk *c = q->head; c != NULL; c = c->next) {
        if (c->end > c->at) return slice_of(c->bytes + c->at, c->end - c->at);
        if (c->blob_end > c->blob_at)
            return slice_of(c->blob->bytes + c->blob_at, c->blob_end - c->blob_at);
    }
    return (struct slice){ 0 };
}

void outq_drop(struct outq *q, struct outpool *pool, uint64_t bytes)
{
    assert(bytes <= q->bytes);
    q->bytes -= bytes;
    while (q->head != NULL) {
        struct chunk *c = q->head;
        uint32_t own = c->end - c->at;
        uint32_t part = bytes < own ? (uint32_t)bytes : own;
        c->at += part;
        bytes -= part;
        uint32_t shared = c->blob_end - c->blob_at;
        part = bytes < shared ? (uint32_t)bytes : shared;
        c->blob_at += part;
        bytes -= part;
        if (c->at < c->end || c->blob_at < c->blob_end) break;
        q->head = c->next;
        if (q->head == NULL) q->tail = NULL;
        give_back(pool, c);
    }
    assert(bytes == 0);
}

void outq_move(struct outq *to, struct outq *from)
{
    if (from->head == NULL) return;
    if (to->tail == NULL) to->head = from->head;
    else to->tail->next = from->head;
    to->tail = from->tail;
    to->bytes += from->bytes;
    *from = (struct outq){ 0 };
}

void outq_clear(struct outq *q, struct outpool *pool)
{
    while (q->head != NULL) {
        struct chunk *c = q->head;
        q->head = c->next;
        give_back(pool, c);
    }
    *q = (struct outq){ 0 };
}
