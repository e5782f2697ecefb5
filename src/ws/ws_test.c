/* SPDX-License-Identifier: Apache-2.0 */
#include "ws/ws.h"

#include "base/rng.h"
#include "codec/deflate.h"
#include "ws/ws_testing.h"

/* ---- frames in ---- */

static void payloads_of_one_read_go_up_in_one_piece(void **state)
{
    struct app *a = *state;
    upgrade(a, "");
    add_frame(&a->sock->in, WS_TEXT, SLICE_LIT("PI"));
    add_frame(&a->sock->in, WS_FIN | WS_CONTINUATION, SLICE_LIT("NG\r\n"));
    add_frame(&a->sock->in, WS_FIN | WS_BINARY, SLICE_LIT(""));
    add_frame(&a->sock->in, WS_FIN | WS_BINARY, SLICE_LIT("PONG\r\n"));
    fake_run(a->fake);
    assert_got(a, "PING\r\nPONG\r\n");
    assert_int_equal(a->calls, 1);
}

static void a_frame_goes_up_as_it_arrives(void **state)
{
    struct app *a = *state;
    upgrade(a, "");
    struct buf frame = { 0 };
    add_frame(&frame, WS_FIN | WS_BINARY, SLICE_LIT("0123456789"));
    for (uint32_t i = 0; i < frame.len; i++) {
        send_bytes(a, slice_of(frame.ptr + i, 1));
        assert_int_equal(a->got.len, i < 6 ? 0 : i - 5);
    }
    buf_deinit(&frame);
    assert_got(a, "0123456789");
}

static void pings_are_answered_between_fragments(void **state)
{
    struct app *a = *state;
    upgrade(a, "");
    send_frame(a, WS_BINARY, SLICE_LIT("a"));
    send_frame(a, WS_FIN | WS_PING, SLICE_LIT("hello"));
    send_frame(a, WS_FIN | WS_PONG, SLICE_LIT("x"));
    send_frame(a, WS_FIN | WS_CONTINUATION, SLICE_LIT("b"));
    assert_out(a, SLICE_LIT("\x8a\x05hello"));
    assert_got(a, "ab");
}

static void a_peer_that_pings_and_never_reads_fills_no_memory(void **state)
{
    struct app *a = *state;
    upgrade(a, "");
    a->sock->stuck = true;
    uint8_t text[125] = { 0 };
    for (uint32_t i = 0; i < 5000; i++) send_frame(a, WS_FIN | WS_PING, slice_of(text, 125));
    assert_true(conn_queued(&a->conn) < 70000);
    assert_false(a->ended);
}

static void a_fault_closes_with_1002_and_hands_up_what_came_before(void **state)
{
    struct app *a = *state;
    upgrade(a, "");
    add_frame(&a->sock->in, WS_FIN | WS_BINARY, SLICE_LIT("PING\r\n"));
    buf_add(&a->sock->in, SLICE_LIT("\x82\x05hello"));
    fake_run(a->fake);
    assert_got(a, "PING\r\n");
    assert_out(a, SLICE_LIT("\x88\x12\x03\xeamask bit missing"));
    assert_true(a->ended && a->end == CONN_END_FILTER && a->sock->closed);
}

static void a_length_of_63_bits_is_legal_and_costs_nothing(void **state)
{
    struct app *a = *state;
    upgrade(a, "");
    uint64_t before = a->fake->reactor->door.bytes;
    send_bytes(a, SLICE_LIT("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0PING"));
    assert_got(a, "PING");
    assert_true(a->fake->reactor->door.bytes <= before + CHUNK_LARGE);
    assert_false(a->ended);
}

static void without_masking_when_agreed(void **state)
{
    struct app *a = *state;
    upgrade(a, "Nats-No-Masking: true\r\n");
    send_bytes(a, SLICE_LIT("\x82\x06PING\r\n"));
    assert_got(a, "PING\r\n");
}

static void a_close_is_echoed_after_what_waits(void **state)
{
    struct app *a = *state;
    upgrade(a, "");
    a->sock->stuck = true;
    conn_send(&a->conn, SLICE_LIT("PONG\r\n"));
    send_frame(a, WS_FIN | WS_CLOSE,
               SLICE_LIT("\x03\xe8"
                         "bye"));
    assert_true(a->ended && a->end == CONN_END_EOF);
    a->sock->stuck = false;
    fake_run(a->fake);
    assert_out(a, SLICE_LIT("\x82\x06PONG\r\n\x88\x05\x03\xe8"
                            "bye"));
    assert_true(a->sock->closed);
}

static void a_broken_close_is_answered_by_1002(void **state)
{
    struct app *a = *state;
    upgrade(a, "");
    send_frame(a, WS_FIN | WS_CLOSE, SLICE_LIT("\x03\xe7"));
    assert_out(a, SLICE_LIT("\x88\x1f\x03\xeainvalid close status code 999"));
    assert_int_equal(a->end, CONN_END_FILTER);
}

/* Any stream, cut anywhere, gives the same bytes to the application and to the peer. */
static void frames_mean_the_same_however_they_are_cut(void **state)
{
    (void)state;
    for (uint32_t step = 1; step < 40; step++) {
        void *one;
        setup(&one);
        struct app *a = one;
        upgrade(a, "");
        a->sock->read_max = step;
        add_frame(&a->sock->in, WS_BINARY, SLICE_LIT("one"));
        add_frame(&a->sock->in, WS_FIN | WS_PING, SLICE_LIT("p"));
        add_frame(&a->sock->in, WS_FIN | WS_CONTINUATION, SLICE_LIT("two"));
        char long_text[300];
        memset(long_text, 'x', sizeof long_text);
        add_frame(&a->sock->in, WS_FIN | WS_TEXT, slice_of(long_text, sizeof long_text));
        add_frame(&a->sock->in, WS_FIN | WS_CLOSE, (struct slice){ 0 });
        fake_run(a->fake);
        assert_int_equal(a->got.len, 306);
        assert_memory_equal(a->got.ptr, "onetwoxxx", 9);
        assert_out(a, SLICE_LIT("\x8a\x01p\x88\x00"));
        teardown(&one);
    }
}

/* ---- frames out ---- */

static void little_output_is_one_frame_and_much_is_moved(void **state)
{
    struct app *a = *state;
    uint8_t first;
    upgrade(a, "");
    conn_send(&a->conn, SLICE_LIT("PONG\r\n"));
    conn_send(&a->conn, SLICE_LIT("PONG\r\n"));
    fake_run(a->fake);
    assert_out(a, SLICE_LIT("\x82\x0cPONG\r\nPONG\r\n"));

    static uint8_t large[50000];
    memset(large, 'y', sizeof large);
    conn_send(&a->conn, slice_of(large, sizeof large));
    fake_run(a->fake);
    struct slice payload = take_frame(a, &first);
    assert_int_equal(first, WS_FIN | WS_BINARY);
    assert_int_equal(payload.len, sizeof large);
    assert_memory_equal(payload.ptr, large, sizeof large);
    assert_int_equal(a->sock->out.len, 0);
}

static void a_browser_gets_small_frames(void **state)
{
    struct app *a = *state;
    static const uint32_t expected[] = { 512, 4096, 4096, 1296 };
    uint8_t first;
    upgrade(a, BROWSER);
    static uint8_t large[10000];
    for (uint32_t i = 0; i < sizeof large; i++) large[i] = (uint8_t)i;
    conn_send(&a->conn, slice_of(large, sizeof large));
    fake_run(a->fake);
    for (uint32_t i = 0, at = 0; i < ARRAY_COUNT(expected); at += expected[i++]) {
        struct slice payload = take_frame(a, &first);
        assert_int_equal(first, WS_FIN | WS_BINARY);
        assert_int_equal(payload.len, expected[i]);
        assert_memory_equal(payload.ptr, large + at, payload.len);
    }
    assert_int_equal(a->sock->out.len, 0);
}

static void output_before_the_upgrade_waits_for_it(void **state)
{
    struct app *a = *state;
    conn_send(&a->conn, SLICE_LIT("INFO\r\n"));
    fake_run(a->fake);
    assert_int_equal(a->sock->out.len, 0);
    send_text(a, REQUEST "\r\n");
    assert_out(a, SLICE_LIT(ANSWER "\r\n\x82\x06INFO\r\n"));
}

static void our_close_carries_status_and_reason_behind_the_output(void **state)
{
    struct app *a = *state;
    upgrade(a, "");
    conn_send(&a->conn, SLICE_LIT("-ERR\r\n"));
    conn_close(&a->conn, SECOND, WS_STATUS_POLICY, SLICE_LIT("Slow Consumer"));
    fake_run(a->fake);
    assert_out(a, SLICE_LIT("\x82\x06-ERR\r\n\x88\x0f\x03\xf0Slow Consumer"));
}

/* ---- compression ---- */

static struct slice packed(const void *bytes, uint32_t len)
{
    static uint8_t copy[DEFLATE_IN_MAX];
    struct deflater *d = deflater_new();
    deflater_start(d);
    deflater_add(d, slice_of(bytes, len));
    struct slice made = deflater_finish(d);
    assert_true(made.len <= sizeof copy);
    memcpy(copy, made.ptr, made.len);
    deflater_free(d);
    return slice_of(copy, made.len);
}

static void assert_unpacks(struct slice message, struct slice expected)
{
    struct inflater *i = inflater_new();
    struct buf all = { 0 };
    enum inflate_verdict verdict = INFLATE_MORE;
    inflater_start(i, message, 1 << 24);
    while (verdict == INFLATE_MORE) {
        struct slice piece = { 0 };
        verdict = inflater_next(i, &piece);
        buf_add(&all, piece);
    }
    assert_int_equal(verdict, INFLATE_DONE);
    assert_int_equal(all.len, expected.len);
    assert_memory_equal(all.ptr, expected.ptr, expected.len);
    buf_deinit(&all);
    inflater_free(i);
}

static void messages_over_64_bytes_are_compressed(void **state)
{
    struct app *a = *state;
    uint8_t first, text[65];
    a->listener.compression = true;
    upgrade(a, OFFER);
    memset(text, 'z', sizeof text);
    conn_send(&a->conn, slice_of(text, 64));
    fake_run(a->fake);
    assert_int_equal(take_frame(a, &first).len, 64);
    assert_int_equal(first, WS_FIN | WS_BINARY);
    conn_send(&a->conn, slice_of(text, 65));
    fake_run(a->fake);
    struct slice message = take_frame(a, &first);
    assert_int_equal(first, WS_FIN | WS_COMPRESSED | WS_BINARY);
    assert_true(message.len < 65);
    assert_unpacks(message, slice_of(text, 65));
}

static void what_does_not_shrink_goes_out_plain(void **state)
{
    struct app *a = *state;
    static uint8_t noise[10000];
    uint8_t first;
    struct rng rng;
    rng_init(&rng, 5);
    for (uint32_t i = 0; i < sizeof noise; i++) noise[i] = (uint8_t)rng_next(&rng);
    a->listener.compression = true;
    upgrade(a, OFFER);
    conn_send(&a->conn, slice_of(noise, sizeof noise));
    fake_run(a->fake);
    for (uint32_t at = 0; at < sizeof noise;) {
        struct slice part = take_frame(a, &first);
        assert_int_equal(first, WS_FIN | WS_BINARY);
        assert_memory_equal(part.ptr, noise + at, part.len);
        at += part.len;
    }
}

/* Half noise, so that it shrinks to more than one small frame. */
static void fill_mixed(uint8_t *bytes, uint32_t len)
{
    struct rng rng;
    rng_init(&rng, 6);
    for (uint32_t i = 0; i < len; i++) bytes[i] = i & 1 ? 'm' : (uint8_t)rng_next(&rng);
}

static void browsers_get_compressed_messages_in_fragments_but_safari_whole(void **state)
{
    (void)state;
    static uint8_t mixed[20000];
    static uint8_t joined[20000];
    fill_mixed(mixed, sizeof mixed);
    for (int safari = 0; safari < 2; safari++) {
        void *one;
        uint8_t first;
        uint32_t len = 0, frames = 0;
        setup(&one);
        struct app *a = one;
        a->listener.compression = true;
        upgrade(a, safari ? OFFER "User-Agent: Mozilla/5.0 Version/16.1 Safari/605\r\n"
                          : OFFER BROWSER);
        conn_send(&a->conn, slice_of(mixed, sizeof mixed));
        fake_run(a->fake);
        do {
            struct slice part = take_frame(a, &first);
            assert_int_equal(first & 0x7f,
                             frames == 0 ? WS_COMPRESSED | WS_BINARY : WS_CONTINUATION);
            assert_true(safari || part.len <= 4096);
            memcpy(joined + len, part.ptr, part.len);
            len += part.len;
            frames++;
        } while (!(first & WS_FIN));
        assert_true(safari ? frames == 1 : frames > 2);
        assert_unpacks(slice_of(joined, len), slice_of(mixed, sizeof mixed));
        teardown(&one);
    }
}

static void large_output_becomes_several_messages(void **state)
{
    struct app *a = *state;
    static uint8_t text[3 * DEFLATE_IN_MAX];
    uint8_t first;
    memset(text, 'q', sizeof text);
    a->listener.compression = true;
    upgrade(a, OFFER);
    assert_true(outq_add(a->conn.out, &a->fake->reactor->pool, slice_of(text, sizeof text)));
    conn_dirty(&a->conn);
    fake_run(a->fake);
    for (uint32_t i = 0; i < 3; i++)
        assert_unpacks(take_frame(a, &first), slice_of(text, DEFLATE_IN_MAX));
    assert_int_equal(a->sock->out.len, 0);
}

static void compressed_messages_go_up_inflated_whole_or_in_fragments(void **state)
{
    struct app *a = *state;
    a->listener.compression = true;
    upgrade(a, OFFER);
    struct slice m = packed("CONNECT {}\r\nPING\r\n", 18);
    send_frame(a, WS_FIN | WS_COMPRESSED | WS_TEXT, m);
    assert_got(a, "CONNECT {}\r\nPING\r\n");
    send_frame(a, WS_COMPRESSED | WS_BINARY, slice_first(m, 4));
    send_frame(a, WS_FIN | WS_PING, SLICE_LIT("x"));
    send_frame(a, WS_FIN | WS_CONTINUATION, slice_from(m, 4));
    assert_got(a, "CONNECT {}\r\nPING\r\n");
    send_frame(a, WS_FIN | WS_BINARY, SLICE_LIT("PING\r\n"));
    assert_got(a, "PING\r\n");
    a->sock->read_max = 3;
    send_frame(a, WS_FIN | WS_COMPRESSED | WS_TEXT, m);
    assert_got(a, "CONNECT {}\r\nPING\r\n");
    assert_false(a->ended);
}

static void a_strangers_bomb_grows_to_the_cap_and_no_further(void **state)
{
    struct app *a = *state;
    static uint8_t zeros[DEFLATE_IN_MAX];
    a->listener.compression = true;
    upgrade(a, OFFER);
    ws_set_limits(a->filter, (struct ws_limits){ 1000, 50000 });
    send_frame(a, WS_FIN | WS_COMPRESSED | WS_BINARY, packed(zeros, sizeof zeros));
    assert_true(a->got.len <= 50000);
    assert_out(a, SLICE_LIT("\x88\x1a\x03\xf1maximum payload exceeded"));
    assert_int_equal(a->end, CONN_END_FILTER);
}

/* The length of a frame is enough to refuse it: nothing is gathered for it. */
static void a_compressed_message_over_its_cap_is_refused_by_its_length(void **state)
{
    struct app *a = *state;
    a->listener.compression = true;
    upgrade(a, OFFER);
    ws_set_limits(a->filter, (struct ws_limits){ 1000, 50000 });
    send_bytes(a, SLICE_LIT("\xc2\xfe\x03\xe9\0\0\0\0x"));
    assert_out(a, SLICE_LIT("\x88\x1a\x03\xf1maximum payload exceeded"));
}

static void corrupt_data_ends_the_connection(void **state)
{
    struct app *a = *state;
    a->listener.compression = true;
    upgrade(a, OFFER);
    send_frame(a, WS_FIN | WS_COMPRESSED | WS_BINARY, SLICE_LIT("\xff\xff\xff\xff"));
    assert_out(a, SLICE_LIT("\x88\x19\x03\xea"
                            "corrupt compressed data"));
    assert_int_equal(a->end, CONN_END_FILTER);
}

/* Each message may grow to its cap: those behind a pause wait as they came. */
static void compressed_messages_behind_a_pause_wait_unread(void **state)
{
    struct app *a = *state;
    static uint8_t text[40000];
    memset(text, 'r', sizeof text);
    a->listener.compression = true;
    upgrade(a, OFFER);
    a->pause_at = 1;
    struct slice m = packed(text, sizeof text);
    for (uint32_t i = 0; i < 20; i++)
        add_frame(&a->sock->in, WS_FIN | WS_COMPRESSED | WS_BINARY, m);
    fake_run(a->fake);
    assert_true(a->conn.paused);
    assert_true(a->got.len + a->conn.rest_len <= sizeof text);
    for (uint32_t i = 0; i < 100 && a->got.len < 20 * sizeof text; i++) {
        conn_pause(&a->conn, 0);
        fake_run(a->fake);
    }
    assert_int_equal(a->got.len, 20 * sizeof text);
    assert_false(a->ended);
}

/* ---- memory ---- */

static void every_refusal_of_the_door_ends_only_this_connection(void **state)
{
    (void)state;
    bool failed = true;
    for (uint64_t nth = 1; failed; nth++) {
        void *one;
        setup(&one);
        struct app *a = one;
        struct door *door = &a->fake->reactor->door;
        uint64_t before = door->calls;
        a->listener.compression = true;
        door->fail_at = before + nth;
        send_text(a, REQUEST OFFER "\r\n");
        struct slice m = packed("PING\r\nPING\r\n", 12);
        send_frame(a, WS_COMPRESSED | WS_BINARY, slice_first(m, 3));
        send_frame(a, WS_FIN | WS_CONTINUATION, slice_from(m, 3));
        conn_send(&a->conn, SLICE_LIT("PONG\r\n"));
        fake_run(a->fake);
        failed = door->calls >= before + nth;
        assert_int_equal(a->ended, failed);
        teardown(&one);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(payloads_of_one_read_go_up_in_one_piece),
        T(a_frame_goes_up_as_it_arrives),
        T(pings_are_answered_between_fragments),
        T(a_peer_that_pings_and_never_reads_fills_no_memory),
        T(a_fault_closes_with_1002_and_hands_up_what_came_before),
        T(a_length_of_63_bits_is_legal_and_costs_nothing),
        T(without_masking_when_agreed),
        T(a_close_is_echoed_after_what_waits),
        T(a_broken_close_is_answered_by_1002),
        T(frames_mean_the_same_however_they_are_cut),
        T(little_output_is_one_frame_and_much_is_moved),
        T(a_browser_gets_small_frames),
        T(output_before_the_upgrade_waits_for_it),
        T(our_close_carries_status_and_reason_behind_the_output),
        T(messages_over_64_bytes_are_compressed),
        T(what_does_not_shrink_goes_out_plain),
        T(browsers_get_compressed_messages_in_fragments_but_safari_whole),
        T(large_output_becomes_several_messages),
        T(compressed_messages_go_up_inflated_whole_or_in_fragments),
        T(a_strangers_bomb_grows_to_the_cap_and_no_further),
        T(a_compressed_message_over_its_cap_is_refused_by_its_length),
        T(corrupt_data_ends_the_connection),
        T(compressed_messages_behind_a_pause_wait_unread),
        T(every_refusal_of_the_door_ends_only_this_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
