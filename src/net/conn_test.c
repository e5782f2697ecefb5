/* SPDX-License-Identifier: Apache-2.0 */
/* The application of these tests reads frames: two bytes of length, then as many bytes. A frame
 * that begins with P pauses, with F pushes a filter, with C closes, with A aborts. */
#include "net/conn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "net/net_fake.h"

enum { KEY = 0x5a, FRAME_HEAD = 2 };

struct app {
    struct conn conn;
    struct fake *fake;
    struct fake_sock *sock;
    struct buf got;      /* every frame's bytes, with '|' behind each */
    struct buf late;     /* what the socket had been given before on_bytes() returned */
    const char *answer;  /* sent for each frame; NULL: none */
    uint32_t calls;      /* of on_bytes */
    uint32_t established;
    uint32_t ends;
    enum conn_end end;
    bool freed;
};

static struct app *app_of(struct conn *c)
{
    return container_of(c, struct app, conn);
}

/* ---- a filter that changes every byte ---- */

struct xor_filter {
    struct filter base;
    bool ready;
};

static enum filter_verdict xor_in(struct filter *f, struct conn *c, struct slice bytes)
{
    uint8_t *copy = xalloc(bytes.len);
    for (uint32_t i = 0; i < bytes.len; i++) copy[i] = bytes.ptr[i] ^ KEY;
    container_of(f, struct xor_filter, base)->ready = true;
    bool bad = bytes.len > 0 && copy[0] == '!';
    enum filter_verdict v = bad ? FILTER_FAILED : conn_up(c, f, slice_of(copy, bytes.len));
    xfree(copy);
    return v;
}

static enum filter_verdict xor_out(struct filter *f, struct conn *c, struct outq *below)
{
    struct outpool *pool = &c->reactor->pool;
    while (f->pending.bytes > 0) {
        struct slice front = slice_first(outq_front(&f->pending), 1000);
        uint8_t *at = outq_reserve(below, pool, front.len);
        if (at == NULL) return FILTER_FAILED;
        for (uint32_t i = 0; i < front.len; i++) at[i] = front.ptr[i] ^ KEY;
        outq_commit(below, front.len);
        outq_drop(&f->pending, pool, front.len);
    }
    return FILTER_OK;
}

static void xor_farewell(struct filter *f, struct conn *c, struct outq *below, uint32_t status,
                         struct slice text)
{
    (void)f;
    (void)status;
    (void)outq_add(below, &c->reactor->pool, text);
}

static bool xor_ready(const struct filter *f)
{
    return container_of(f, struct xor_filter, base)->ready;
}

static struct filter *xor_free(struct filter *f, struct outpool *pool)
{
    (void)pool;
    return xfree(container_of(f, struct xor_filter, base));
}

static const struct filter_ops xor_ops = {
    .in = xor_in,
    .out = xor_out,
    .farewell = xor_farewell,
    .is_ready = xor_ready,
    .free = xor_free,
};

static void push_xor(struct conn *c)
{
    struct xor_filter *f = xcalloc(1, sizeof *f);
    f->base.ops = &xor_ops;
    conn_filter_push(c, &f->base);
}

/* ---- the application ---- */

static void on_frame(struct app *a, struct slice frame)
{
    buf_add(&a->got, frame);
    buf_add_byte(&a->got, '|');
    if (a->answer != NULL) conn_send(&a->conn, slice_str(a->answer));
    switch (frame.len == 0 ? 0 : frame.ptr[0]) {
    case 'P': conn_pause(&a->conn, NANOS_MAX); break;
    case 'F': push_xor(&a->conn); break;
    case 'C': conn_close(&a->conn, SECOND, 0, SLICE_LIT("bye")); break;
    case 'A': conn_abort(&a->conn); break;
    default: break;
    }
}

static uint32_t on_bytes(struct conn *c, struct slice in, uint64_t *ret_need)
{
    struct app *a = app_of(c);
    struct filter *top = c->highest;
    uint32_t at = 0;
    a->calls++;
    while (in.len - at >= FRAME_HEAD && !c->paused && !c->closing && c->highest == top) {
        uint32_t len = (uint32_t)in.ptr[at] << 8 | in.ptr[at + 1];
        if (in.len - at - FRAME_HEAD < len) {
            *ret_need = FRAME_HEAD + len;
            break;
        }
        struct slice frame = { in.ptr + at + FRAME_HEAD, len };
        at += FRAME_HEAD + len;
        on_frame(a, frame);
    }
    buf_add(&a->late, buf_slice(&a->sock->out));
    return at;
}

static void on_established(struct conn *c)
{
    app_of(c)->established++;
}

static void on_end(struct conn *c, enum conn_end end)
{
    struct app *a = app_of(c);
    a->ends++;
    a->end = end;
}

static void on_free(struct conn *c)
{
    app_of(c)->freed = true;
}

static const struct conn_ops ops = {
    .on_bytes = on_bytes,
    .on_established = on_established,
    .on_end = on_end,
    .on_free = on_free,
};

static int setup(void **state)
{
    struct app *a = calloc(1, sizeof *a);
    a->fake = fake_new();
    a->sock = &a->fake->socks[0];
    assert_int_equal(conn_init(&a->conn, a->fake->reactor, 0, &ops), ERR_OK);
    a->conn.rest_max = 1 << 20;
    *state = a;
    return 0;
}

/* Whatever a test did: an abort closes the socket within the tick, and no memory is left. */
static int teardown(void **state)
{
    struct app *a = *state;
    conn_abort(&a->conn);
    (void)reactor_tick(a->fake->reactor, 0);
    assert_true(a->freed);
    assert_true(a->sock->closed);
    assert_int_equal(a->fake->reactor->pool.in_use, 0);
    outpool_deinit(&a->fake->reactor->pool);
    assert_int_equal(a->fake->reactor->door.bytes, 0);
    outpool_init(&a->fake->reactor->pool, &a->fake->reactor->door);
    fake_free(a->fake);
    buf_deinit(&a->got);
    buf_deinit(&a->late);
    free(a);
    return 0;
}

/* ---- input ---- */

static void add_frame(struct buf *b, char first, uint32_t len, uint8_t key)
{
    uint32_t from = b->len;
    buf_add_byte(b, (uint8_t)(len >> 8));
    buf_add_byte(b, (uint8_t)len);
    for (uint32_t i = 0; i < len; i++)
        buf_add_byte(b, i == 0 ? (uint8_t)first : (uint8_t)('a' + i % 26));
    for (uint32_t i = from; i < b->len; i++) b->ptr[i] ^= key;
}

static void send_frame(struct app *a, char first, uint32_t len)
{
    add_frame(&a->sock->in, first, len, 0);
}

/* Frames of many sizes, two pauses, a filter, and frames behind it. */
static void some_stream(struct buf *b)
{
    static const uint32_t lens[] = { 0, 1, 5, 300, 2 };
    for (size_t i = 0; i < ARRAY_COUNT(lens); i++) add_frame(b, 'x', lens[i], 0);
    add_frame(b, 'P', 3, 0);
    add_frame(b, 'y', 40, 0);
    add_frame(b, 'F', 1, 0);
    add_frame(b, 'x', 0, KEY);
    add_frame(b, 'P', 2, KEY);
    for (size_t i = 0; i < ARRAY_COUNT(lens); i++) add_frame(b, 'z', lens[i], KEY);
}

/* Goes on until nothing more happens, and resumes what was paused. */
static void run_through(struct app *a)
{
    do {
        if (a->conn.paused) conn_pause(&a->conn, 0);
        (void)fake_run(a->fake);
    } while (a->conn.paused);
}

static void assert_stream_as_one_read(struct app *a, const struct buf *want)
{
    assert_int_equal(a->got.len, want->len);
    assert_memory_equal(a->got.ptr, want->ptr, want->len);
    assert_int_equal(a->ends, 0);
    assert_null(a->conn.rest);
}

static void the_frames_are_the_same_however_the_bytes_are_cut(void **state)
{
    (void)state;
    struct buf stream = { 0 }, want = { 0 };
    some_stream(&stream);
    for (uint32_t cut = 0; cut <= stream.len; cut++) {
        struct app *a = NULL;
        (void)setup((void **)&a);
        buf_add(&a->sock->in, slice_first(buf_slice(&stream), cut));
        run_through(a);
        buf_add(&a->sock->in, slice_from(buf_slice(&stream), cut));
        run_through(a);
        if (cut == 0) buf_add(&want, buf_slice(&a->got));
        assert_stream_as_one_read(a, &want);
        (void)teardown((void **)&a);
    }
    assert_int_equal(want.len, stream.len - 15); /* 15 frames: a head of two became a '|' */
    buf_deinit(&stream);
    buf_deinit(&want);
}

static void the_frames_are_the_same_however_much_a_read_gives(void **state)
{
    (void)state;
    struct buf stream = { 0 }, want = { 0 };
    some_stream(&stream);
    add_frame(&stream, 'x', 60000, KEY);
    add_frame(&stream, 'x', 9000, KEY);
    static const uint32_t reads[] = { 0, 1, 2, 3, 7, 255, 256, 257, 1000, 59000 };
    for (size_t i = 0; i < ARRAY_COUNT(reads); i++) {
        struct app *a = NULL;
        (void)setup((void **)&a);
        a->sock->read_max = reads[i];
        buf_add(&a->sock->in, buf_slice(&stream));
        while (a->sock->in.len > 0) run_through(a);
        run_through(a);
        if (i == 0) buf_add(&want, buf_slice(&a->got));
        assert_stream_as_one_read(a, &want);
        (void)teardown((void **)&a);
    }
    buf_deinit(&stream);
    buf_deinit(&want);
}

static void a_large_frame_is_read_straight_into_its_place(void **state)
{
    struct app *a = *state;
    send_frame(a, 'x', 60000);
    a->sock->read_max = 1000;
    (void)reactor_tick(a->fake->reactor, 0);
    assert_int_equal(a->conn.rest_cap, 60002);
    (void)fake_run(a->fake);
    assert_int_equal(a->got.len, 60001);
    assert_int_equal(a->calls, 2); /* the cut head, then the whole */
    assert_null(a->conn.rest);
}

static void what_follows_a_large_frame_is_not_lost(void **state)
{
    struct app *a = *state;
    send_frame(a, 'x', 30000);
    send_frame(a, 'y', 5);
    send_frame(a, 'z', 30000);
    a->sock->read_max = 25000;
    (void)fake_run(a->fake);
    assert_int_equal(a->got.len, 30001 + 6 + 30001);
    assert_int_equal(a->got.ptr[30001], 'y');
    assert_int_equal(a->got.ptr[30007], 'z');
}

static void a_paused_connection_is_not_read_from(void **state)
{
    struct app *a = *state;
    send_frame(a, 'P', 1);
    send_frame(a, 'x', 1);
    (void)fake_run(a->fake);
    send_frame(a, 'y', 1);
    (void)fake_run(a->fake);
    assert_string_equal(buf_str(&a->got), "P|");
    assert_int_equal(a->sock->in.len, 3);
    conn_pause(&a->conn, 0);
    (void)fake_run(a->fake);
    assert_string_equal(buf_str(&a->got), "P|x|y|");
}

static void a_pause_ends_at_its_time(void **state)
{
    struct app *a = *state;
    conn_pause(&a->conn, a->fake->now + SECOND);
    send_frame(a, 'x', 1);
    a->fake->now += SECOND - 2 * MILLISECOND;
    (void)fake_run(a->fake);
    assert_int_equal(a->got.len, 0);
    a->fake->now += 4 * MILLISECOND;
    (void)fake_run(a->fake);
    assert_string_equal(buf_str(&a->got), "x|");
}

static void a_hold_of_a_filter_stops_reading_until_it_ends(void **state)
{
    struct app *a = *state;
    conn_hold(&a->conn, true);
    send_frame(a, 'x', 1);
    conn_pause(&a->conn, 0);
    (void)fake_run(a->fake);
    assert_int_equal(a->got.len, 0);
    conn_hold(&a->conn, false);
    (void)fake_run(a->fake);
    assert_string_equal(buf_str(&a->got), "x|");
}

static void input_behind_a_close_is_not_handed_up(void **state)
{
    struct app *a = *state;
    send_frame(a, 'C', 1);
    send_frame(a, 'x', 1);
    (void)fake_run(a->fake);
    assert_string_equal(buf_str(&a->got), "C|");
    assert_true(a->freed);
    assert_int_equal(a->ends, 0);
}

static void more_rest_than_its_limit_ends_the_connection(void **state)
{
    struct app *a = *state;
    a->conn.rest_max = 100;
    push_xor(&a->conn); /* so that the frame is not read straight into place */
    conn_pause(&a->conn, NANOS_MAX);
    uint8_t *bytes = test_malloc(100 + READ_BUFFER + 1);
    memset(bytes, KEY, 100 + READ_BUFFER + 1);
    (void)conn_up(&a->conn, a->conn.highest, slice_of(bytes, 100 + READ_BUFFER));
    assert_int_equal(a->ends, 0);
    (void)conn_up(&a->conn, a->conn.highest, slice_of(bytes, 1));
    assert_int_equal(a->ends, 1);
    assert_int_equal(a->end, CONN_END_MEMORY);
    test_free(bytes);
}

/* ---- output ---- */

static void output_leaves_in_the_tick_in_which_it_was_appended(void **state)
{
    struct app *a = *state;
    conn_send(&a->conn, SLICE_LIT("one"));
    conn_send(&a->conn, SLICE_LIT(" two"));
    assert_int_equal(a->sock->out.len, 0);
    (void)reactor_tick(a->fake->reactor, 0);
    assert_string_equal(buf_str(&a->sock->out), "one two");
    assert_int_equal(conn_pending_shared(&a->conn), 0);
    assert_null(a->conn.wire.head); /* an idle connection owns no chunk */
}

static void much_output_leaves_before_the_tick_ends(void **state)
{
    struct app *a = *state;
    char *text = test_malloc(CONN_FLUSH_AT + 1);
    memset(text, 'x', CONN_FLUSH_AT);
    text[CONN_FLUSH_AT] = 0;
    a->answer = text;
    send_frame(a, 'x', 0);
    (void)reactor_tick(a->fake->reactor, 0);
    assert_int_equal(a->late.len, CONN_FLUSH_AT);
    test_free(text);
}

static void a_socket_that_takes_little_gets_all_in_order(void **state)
{
    struct app *a = *state;
    struct buf want = { 0 };
    for (int i = 0; i < 20000; i++) buf_printf(&want, "%d,", i);
    a->sock->write_max = 1000;
    conn_send(&a->conn, buf_slice(&want));
    (void)reactor_tick(a->fake->reactor, 0);
    assert_int_equal(conn_pending_shared(&a->conn), want.len - a->sock->out.len);
    (void)fake_run(a->fake);
    assert_int_equal(a->sock->out.len, want.len);
    assert_memory_equal(a->sock->out.ptr, want.ptr, want.len);
    assert_int_equal(a->conn.written, want.len);
    assert_int_equal(a->sock->interest, NET_READABLE);
    buf_deinit(&want);
}

static void only_output_behind_the_push_passes_the_filter(void **state)
{
    struct app *a = *state;
    static const char secret[] = { 's' ^ KEY, 'e' ^ KEY, 'c' ^ KEY, 0 };
    conn_send(&a->conn, SLICE_LIT("plain "));
    push_xor(&a->conn);
    conn_send(&a->conn, SLICE_LIT("sec"));
    (void)fake_run(a->fake);
    assert_memory_equal(a->sock->out.ptr, "plain ", 6);
    assert_string_equal(buf_str(&a->sock->out) + 6, secret);
}

static void filters_stand_in_a_chain(void **state)
{
    struct app *a = *state;
    push_xor(&a->conn);
    push_xor(&a->conn); /* twice the same key: nothing changes */
    conn_send(&a->conn, SLICE_LIT("through both"));
    send_frame(a, 'x', 3);
    (void)fake_run(a->fake);
    assert_string_equal(buf_str(&a->sock->out), "through both");
    assert_string_equal(buf_str(&a->got), "xbc|");
    assert_int_equal(a->established, 1);
}

static void a_socket_that_takes_nothing_runs_into_the_deadline(void **state)
{
    struct app *a = *state;
    a->conn.write_deadline = 10 * SECOND;
    a->sock->stuck = true;
    conn_send(&a->conn, SLICE_LIT("x"));
    (void)fake_run(a->fake);
    a->fake->now += 9 * SECOND;
    (void)fake_run(a->fake);
    assert_int_equal(a->ends, 0);
    a->fake->now += 2 * SECOND;
    (void)fake_run(a->fake);
    assert_int_equal(a->ends, 1);
    assert_int_equal(a->end, CONN_END_DEADLINE);
}

static void a_batch_that_is_out_in_time_gives_the_next_one_a_new_deadline(void **state)
{
    struct app *a = *state;
    a->conn.write_deadline = 10 * SECOND;
    a->sock->stuck = true;
    conn_send(&a->conn, SLICE_LIT("0123456789"));
    (void)fake_run(a->fake);
    a->sock->stuck = false;
    for (int i = 0; i < 5; i++) { /* never empty, but what waited six seconds ago is out */
        a->fake->now += 6 * SECOND;
        conn_send(&a->conn, SLICE_LIT("0123456789"));
        a->sock->write_max = i == 0 ? 15 : 10;
        (void)reactor_tick(a->fake->reactor, 0);
    }
    assert_int_equal(a->ends, 0);
    assert_int_equal(a->sock->out.len, 55);
    assert_int_equal(conn_queued(&a->conn), 5);
}

static void a_batch_that_trickles_out_too_slowly_is_cut(void **state)
{
    struct app *a = *state;
    a->conn.write_deadline = 10 * SECOND;
    a->sock->stuck = true;
    conn_send(&a->conn, SLICE_LIT("0123456789"));
    (void)fake_run(a->fake);
    a->sock->stuck = false;
    a->sock->write_max = 1;
    for (int i = 0; i < 5; i++) {
        a->fake->now += 3 * SECOND;
        (void)reactor_tick(a->fake->reactor, 0);
    }
    assert_int_equal(a->ends, 1);
    assert_int_equal(a->end, CONN_END_DEADLINE);
}

/* ---- the end ---- */

static void every_end_is_told_once_with_its_reason(void **state)
{
    (void)state;
    static const enum conn_end reasons[] = { CONN_END_EOF, CONN_END_READ, CONN_END_WRITE,
                                             CONN_END_FILTER };
    for (size_t i = 0; i < ARRAY_COUNT(reasons); i++) {
        struct app *a = NULL;
        (void)setup((void **)&a);
        a->sock->in_ended = reasons[i] == CONN_END_EOF;
        a->sock->reads_fail = reasons[i] == CONN_END_READ;
        a->sock->writes_fail = reasons[i] == CONN_END_WRITE;
        if (reasons[i] == CONN_END_FILTER) {
            push_xor(&a->conn);
            buf_add_byte(&a->sock->in, '!' ^ KEY);
        }
        conn_send(&a->conn, SLICE_LIT("x"));
        for (int tick = 0; tick < 5; tick++) (void)reactor_tick(a->fake->reactor, 0);
        assert_int_equal(a->ends, 1);
        assert_int_equal(a->end, reasons[i]);
        assert_false(a->freed);
        (void)teardown((void **)&a);
    }
}

static void frames_before_the_end_of_the_stream_are_handed_up(void **state)
{
    struct app *a = *state;
    send_frame(a, 'x', 3);
    a->sock->in_ended = true;
    (void)fake_run(a->fake);
    assert_string_equal(buf_str(&a->got), "xbc|");
    assert_int_equal(a->end, CONN_END_EOF);
}

static void a_close_flushes_what_is_queued(void **state)
{
    struct app *a = *state;
    a->answer = "answer";
    send_frame(a, 'C', 1);
    (void)reactor_tick(a->fake->reactor, 0);
    assert_string_equal(buf_str(&a->sock->out), "answer");
    assert_true(a->freed);
    assert_int_equal(a->fake->reactor->connections, 0);
}

static void a_close_lingers_for_a_slow_peer_but_not_longer(void **state)
{
    struct app *a = *state;
    a->sock->stuck = true;
    conn_send(&a->conn, SLICE_LIT("x"));
    conn_close(&a->conn, SECOND, 0, (struct slice){ 0 });
    conn_close(&a->conn, 100 * SECOND, 0, (struct slice){ 0 }); /* changes nothing */
    (void)fake_run(a->fake);
    assert_false(a->freed);
    a->fake->now += SECOND + MILLISECOND;
    (void)fake_run(a->fake);
    assert_true(a->freed);
    assert_int_equal(a->sock->out.len, 0);
}

static void a_lingering_close_ends_when_the_peer_has_taken_all(void **state)
{
    struct app *a = *state;
    a->sock->stuck = true;
    conn_send(&a->conn, SLICE_LIT("x"));
    conn_close(&a->conn, SECOND, 0, (struct slice){ 0 });
    (void)fake_run(a->fake);
    a->sock->stuck = false;
    (void)reactor_tick(a->fake->reactor, 0);
    assert_string_equal(buf_str(&a->sock->out), "x");
    assert_true(a->freed);
}

static void an_abort_flushes_nothing(void **state)
{
    struct app *a = *state;
    a->answer = "answer";
    send_frame(a, 'A', 1);
    (void)reactor_tick(a->fake->reactor, 0);
    assert_true(a->freed);
    assert_int_equal(a->sock->out.len, 0);
}

/* At most once a second: the C library takes its time for it. */
static void what_a_cut_peer_left_goes_back_to_the_machine(void **state)
{
    struct app *a = *state;
    a->sock->stuck = true;
    uint8_t *bytes = test_malloc(TRIM_BYTES);
    memset(bytes, 'b', TRIM_BYTES);
    for (int i = 0; i < 2; i++) conn_send(&a->conn, slice_of(bytes, TRIM_BYTES));
    (void)reactor_tick(a->fake->reactor, 0);
    assert_int_equal(a->fake->trims, 0);
    conn_abort(&a->conn);
    for (int i = 0; i < 3; i++) (void)reactor_tick(a->fake->reactor, 0);
    assert_int_equal(a->fake->trims, 1);
    test_free(bytes);
}

static void an_abort_ends_a_lingering_close_in_its_tick(void **state)
{
    struct app *a = *state;
    a->sock->stuck = true;
    conn_send(&a->conn, SLICE_LIT("x"));
    conn_close(&a->conn, 100 * SECOND, 0, (struct slice){ 0 });
    (void)fake_run(a->fake);
    assert_false(a->freed);
    conn_abort(&a->conn);
    (void)reactor_tick(a->fake->reactor, 0);
    assert_true(a->freed);
}

static void a_farewell_stands_once_behind_what_was_queued(void **state)
{
    struct app *a = *state;
    push_xor(&a->conn);
    conn_send(&a->conn, SLICE_LIT("a"));
    conn_close(&a->conn, SECOND, 0, SLICE_LIT("bye"));
    a->sock->write_max = 1; /* so that several flushes happen */
    for (int i = 0; i < 5; i++) (void)reactor_tick(a->fake->reactor, 0);
    assert_true(a->freed);
    assert_int_equal(a->sock->out.ptr[0], 'a' ^ KEY);
    assert_string_equal(buf_str(&a->sock->out) + 1, "bye");
}

static void a_filter_is_announced_when_it_is_ready(void **state)
{
    struct app *a = *state;
    push_xor(&a->conn);
    (void)fake_run(a->fake);
    assert_int_equal(a->established, 0);
    add_frame(&a->sock->in, 'x', 3, KEY);
    add_frame(&a->sock->in, 'y', 3, KEY);
    a->sock->read_max = 4;
    (void)fake_run(a->fake);
    assert_int_equal(a->established, 1);
    assert_string_equal(buf_str(&a->got), "xbc|ybc|");
}

/* A door that refuses the n-th allocation, for every n: the connection may end, nothing more. */
static void every_refusal_of_the_door_ends_only_this_connection(void **state)
{
    (void)state;
    struct buf stream = { 0 };
    some_stream(&stream);
    bool whole = false;
    for (uint64_t n = 1; !whole; n++) {
        struct app *a = NULL;
        (void)setup((void **)&a);
        a->answer = "answer";
        a->sock->read_max = 7;
        a->fake->reactor->door.fail_at = n;
        buf_add(&a->sock->in, buf_slice(&stream));
        for (int i = 0; i < 500 && a->ends == 0; i++) {
            if (a->conn.paused) conn_pause(&a->conn, 0);
            (void)reactor_tick(a->fake->reactor, 0);
        }
        whole = a->fake->reactor->door.calls < n;
        if (!whole && a->ends > 0)
            assert_true(a->end == CONN_END_MEMORY || a->end == CONN_END_WRITE);
        (void)teardown((void **)&a);
        assert_true(n < 1000);
    }
    buf_deinit(&stream);
}

#define CONN_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_frames_are_the_same_however_the_bytes_are_cut),
        cmocka_unit_test(the_frames_are_the_same_however_much_a_read_gives),
        CONN_TEST(a_large_frame_is_read_straight_into_its_place),
        CONN_TEST(what_follows_a_large_frame_is_not_lost),
        CONN_TEST(a_paused_connection_is_not_read_from),
        CONN_TEST(a_pause_ends_at_its_time),
        CONN_TEST(a_hold_of_a_filter_stops_reading_until_it_ends),
        CONN_TEST(input_behind_a_close_is_not_handed_up),
        CONN_TEST(more_rest_than_its_limit_ends_the_connection),
        CONN_TEST(output_leaves_in_the_tick_in_which_it_was_appended),
        CONN_TEST(much_output_leaves_before_the_tick_ends),
        CONN_TEST(a_socket_that_takes_little_gets_all_in_order),
        CONN_TEST(only_output_behind_the_push_passes_the_filter),
        CONN_TEST(filters_stand_in_a_chain),
        CONN_TEST(a_socket_that_takes_nothing_runs_into_the_deadline),
        CONN_TEST(a_batch_that_is_out_in_time_gives_the_next_one_a_new_deadline),
        CONN_TEST(a_batch_that_trickles_out_too_slowly_is_cut),
        cmocka_unit_test(every_end_is_told_once_with_its_reason),
        CONN_TEST(frames_before_the_end_of_the_stream_are_handed_up),
        CONN_TEST(a_close_flushes_what_is_queued),
        CONN_TEST(a_close_lingers_for_a_slow_peer_but_not_longer),
        CONN_TEST(a_lingering_close_ends_when_the_peer_has_taken_all),
        CONN_TEST(an_abort_flushes_nothing),
        CONN_TEST(what_a_cut_peer_left_goes_back_to_the_machine),
        CONN_TEST(an_abort_ends_a_lingering_close_in_its_tick),
        CONN_TEST(a_farewell_stands_once_behind_what_was_queued),
        CONN_TEST(a_filter_is_announced_when_it_is_ready),
        cmocka_unit_test(every_refusal_of_the_door_ends_only_this_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
