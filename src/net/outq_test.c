/* SPDX-License-Identifier: Apache-2.0 */
#include "net/outq.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/rng.h"

struct fixture {
    struct door door;
    struct outpool pool;
    struct rng rng;
};

static void setup_pool(struct fixture *f)
{
    *f = (struct fixture){ 0 };
    outpool_init(&f->pool, &f->door);
    rng_init(&f->rng, 8);
}

/* Nothing may be left of the door's memory. */
static void end_pool(struct fixture *f)
{
    assert_int_equal(f->pool.in_use, 0);
    outpool_deinit(&f->pool);
    assert_int_equal(f->door.bytes, 0);
}

static bool add_blob(struct outq *q, struct outpool *pool, struct slice head, struct blob *blob)
{
    uint8_t *at = outq_reserve_blob(q, pool, head.len);
    if (at == NULL) return false;
    if (head.len > 0) memcpy(at, head.ptr, head.len);
    outq_commit_blob(q, head.len, blob);
    return true;
}

/* ---- against a model: each queue beside a plain buffer of the same bytes ---- */

enum { QUEUES = 2, BLOBS = 3 };

struct model {
    struct fixture f;
    struct outq q[QUEUES];
    struct buf want[QUEUES];
    struct blob *blobs[BLOBS];
    uint8_t next; /* the bytes count up, so that a lost one shows */
};

static void assert_same(const struct outq *q, const struct buf *want)
{
    assert_int_equal(q->bytes, want->len);
    struct net_span spans[NET_SPANS_MAX];
    uint32_t count = outq_spans(q, spans), at = 0;
    assert_true(count <= NET_SPANS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        assert_true(spans[i].len > 0);
        assert_true(spans[i].len <= want->len - at);
        assert_memory_equal(spans[i].ptr, want->ptr + at, spans[i].len);
        at += (uint32_t)spans[i].len;
    }
    assert_true(at == want->len || count >= NET_SPANS_MAX - 1);
    struct slice front = outq_front(q);
    if (count > 0) {
        assert_ptr_equal(front.ptr, spans[0].ptr);
        assert_int_equal(front.len, spans[0].len);
    } else {
        assert_int_equal(front.len, 0);
    }
}

static struct slice some_bytes(struct model *m, uint8_t *to, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) to[i] = m->next++;
    return slice_of(to, len);
}

static uint32_t some_len(struct model *m)
{
    static const uint32_t tops[] = { 20, 300, 5000, 70000, 200000 };
    uint32_t pick = rng_below(&m->f.rng, 100);
    return rng_below(&m->f.rng, tops[pick < 60   ? 0
                                     : pick < 85 ? 1
                                     : pick < 95 ? 2
                                     : pick < 99 ? 3
                                                 : 4]);
}

static void change(struct model *m, uint32_t i)
{
    static uint8_t bytes[200000];
    struct outq *q = &m->q[i];
    struct buf *want = &m->want[i];
    struct slice s;
    switch (rng_below(&m->f.rng, 12)) {
    case 0: /* a blob behind a head */
        s = some_bytes(m, bytes, rng_below(&m->f.rng, 700));
        struct blob *blob = m->blobs[rng_below(&m->f.rng, BLOBS)];
        assert_true(add_blob(q, &m->f.pool, s, blob));
        buf_add(want, s);
        buf_add(want, slice_of(blob->bytes, blob->len));
        break;
    case 1: /* all of it to the other queue */
        outq_move(&m->q[1 - i], q);
        buf_add(&m->want[1 - i], buf_slice(want));
        want->len = 0;
        break;
    case 2:
        if (rng_chance(&m->f.rng, 1, 10)) {
            outq_clear(q, &m->f.pool);
            want->len = 0;
        }
        break;
    case 3:
    case 4: { /* what a socket takes */
        uint32_t drop = rng_below(&m->f.rng, want->len + 1);
        outq_drop(q, &m->f.pool, drop);
        buf_drop(want, drop);
        break;
    }
    default:
        s = some_bytes(m, bytes, some_len(m));
        assert_true(outq_add(q, &m->f.pool, s));
        buf_add(want, s);
    }
}

static void any_history_yields_the_bytes_in_order(void **state)
{
    (void)state;
    static const uint32_t blob_lens[BLOBS] = { 1, 4096, 100000 };
    static uint8_t bytes[100000];
    static struct model m;
    m = (struct model){ 0 };
    setup_pool(&m.f);
    for (int i = 0; i < BLOBS; i++) m.blobs[i] = blob_new(some_bytes(&m, bytes, blob_lens[i]));
    for (int step = 0; step < 6000; step++) {
        change(&m, rng_below(&m.f.rng, QUEUES));
        for (int i = 0; i < QUEUES; i++) assert_same(&m.q[i], &m.want[i]);
    }
    for (int i = 0; i < QUEUES; i++) {
        outq_clear(&m.q[i], &m.f.pool);
        buf_deinit(&m.want[i]);
    }
    for (int i = 0; i < BLOBS; i++) {
        assert_int_equal(atomic_load(&m.blobs[i]->refs), 1);
        assert_null(blob_unref(m.blobs[i]));
    }
    end_pool(&m.f);
}

static void what_the_door_refuses_leaves_the_queue_as_it_was(void **state)
{
    (void)state;
    struct fixture f;
    struct outq q = { 0 };
    static uint8_t bytes[CHUNK_LARGE];
    setup_pool(&f);
    struct blob *blob = blob_new(SLICE_LIT("large"));
    assert_true(outq_add(&q, &f.pool, slice_of(bytes, sizeof bytes))); /* the chunk is full */
    f.door.fail_at = f.door.calls + 1;
    assert_false(outq_add(&q, &f.pool, SLICE_LIT("x")));
    f.door.fail_at = f.door.calls + 1;
    assert_false(add_blob(&q, &f.pool, SLICE_LIT("head"), blob));
    assert_int_equal(q.bytes, CHUNK_LARGE);
    assert_int_equal(atomic_load(&blob->refs), 1);
    assert_int_equal(f.pool.in_use, 1);
    assert_true(outq_add(&q, &f.pool, SLICE_LIT("x")));
    assert_int_equal(q.bytes, CHUNK_LARGE + 1);
    outq_clear(&q, &f.pool);
    (void)blob_unref(blob);
    end_pool(&f);
}

static void the_more_chunks_are_out_the_smaller_they_get(void **state)
{
    (void)state;
    enum { QUEUED = 2200 };
    static struct outq queues[QUEUED];
    struct fixture f;
    setup_pool(&f);
    for (uint32_t i = 0; i < QUEUED; i++) {
        assert_true(outq_add(&queues[i], &f.pool, SLICE_LIT("x")));
        uint32_t want = i < 64 ? CHUNK_LARGE : i < 2048 ? CHUNK_MEDIUM : CHUNK_SMALL;
        assert_int_equal(queues[i].head->cap, want);
    }
    struct outq large = { 0 };
    static uint8_t bytes[CHUNK_LARGE + 1];
    assert_true(outq_add(&large, &f.pool, slice_of(bytes, CHUNK_SMALL + 1)));
    assert_int_equal(large.tail->cap, CHUNK_MEDIUM);
    assert_true(outq_add(&large, &f.pool, slice_of(bytes, CHUNK_MEDIUM + 1)));
    assert_int_equal(large.tail->cap, CHUNK_LARGE);
    assert_true(outq_add(&large, &f.pool, slice_of(bytes, CHUNK_LARGE + 1)));
    assert_int_equal(large.tail->cap, CHUNK_LARGE + 1);
    outq_clear(&large, &f.pool);
    for (uint32_t i = 0; i < QUEUED; i++) outq_clear(&queues[i], &f.pool);
    end_pool(&f);
}

static void chunks_are_used_again_and_only_some_are_kept(void **state)
{
    (void)state;
    enum { QUEUED = 200, SPARES = 64 };
    static struct outq queues[QUEUED];
    struct fixture f;
    setup_pool(&f);
    for (uint32_t i = 0; i < QUEUED; i++)
        assert_true(outq_add(&queues[i], &f.pool, SLICE_LIT("x")));
    for (uint32_t i = 0; i < QUEUED; i++) outq_clear(&queues[i], &f.pool);
    for (int kind = 0; kind < CHUNK_KINDS; kind++) assert_true(f.pool.spare_count[kind] <= SPARES);
    uint64_t calls = f.door.calls;
    for (int i = 0; i < 1000; i++) {
        assert_true(outq_add(&queues[0], &f.pool, SLICE_LIT("x")));
        outq_drop(&queues[0], &f.pool, 1);
    }
    assert_int_equal(f.door.calls, calls);
    end_pool(&f);
}

static void a_fan_out_of_blobs_shares_them_and_pins_small_chunks(void **state)
{
    (void)state;
    enum { RECEIVERS = 100 };
    static uint8_t payload[100000];
    static struct outq queues[RECEIVERS];
    struct fixture f;
    setup_pool(&f);
    struct blob *blob = blob_new(slice_of(payload, sizeof payload));
    for (int i = 0; i < RECEIVERS; i++)
        assert_true(add_blob(&queues[i], &f.pool, SLICE_LIT("MSG a 1 100000\r\n"), blob));
    assert_int_equal(atomic_load(&blob->refs), RECEIVERS + 1);
    assert_true(f.door.bytes <= RECEIVERS * 1024);
    for (int i = 0; i < RECEIVERS; i++) outq_drop(&queues[i], &f.pool, queues[i].bytes);
    assert_int_equal(atomic_load(&blob->refs), 1);
    (void)blob_unref(blob);
    end_pool(&f);
}

static void nothing_is_a_queue_and_no_blob_is_a_blob(void **state)
{
    (void)state;
    struct fixture f;
    struct outq a = { 0 }, b = { 0 };
    setup_pool(&f);
    outq_move(&a, &b);
    outq_drop(&a, &f.pool, 0);
    outq_clear(&a, &f.pool);
    assert_int_equal(outq_front(&a).len, 0);
    assert_null(blob_unref(NULL));
    struct blob *empty = blob_new((struct slice){ 0 });
    assert_int_equal(empty->len, 0);
    assert_ptr_equal(blob_ref(empty), empty);
    (void)blob_unref(empty);
    (void)blob_unref(empty);
    end_pool(&f);
}

static void a_blob_is_made_of_parts_side_by_side(void **state)
{
    (void)state;
    const struct slice parts[] = { SLICE_LIT("head"), { 0 }, SLICE_LIT("body"), SLICE_LIT("\r\n") };
    for (uint32_t count = 0; count <= ARRAY_COUNT(parts); count++) {
        struct blob *b = blob_of_parts(parts, count);
        assert_non_null(b);
        struct slice want = slice_of("headbody\r\n", (size_t[]){ 0, 4, 4, 8, 10 }[count]);
        assert_true(slice_equal(slice_of(b->bytes, b->len), want));
        blob_unref(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_history_yields_the_bytes_in_order),
        cmocka_unit_test(what_the_door_refuses_leaves_the_queue_as_it_was),
        cmocka_unit_test(the_more_chunks_are_out_the_smaller_they_get),
        cmocka_unit_test(chunks_are_used_again_and_only_some_are_kept),
        cmocka_unit_test(a_fan_out_of_blobs_shares_them_and_pins_small_chunks),
        cmocka_unit_test(a_blob_is_made_of_parts_side_by_side),
        cmocka_unit_test(nothing_is_a_queue_and_no_blob_is_a_blob),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
