/* SPDX-License-Identifier: Apache-2.0 */
/* What the reactor does for others while a connection's long read is handed up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/net_fake.h"

enum { FLOOD, SHORT, OTHER, PEERS, LINE = 128 };

/* Lines of LINE bytes; the first byte says who wrote it. */
struct peer {
    struct conn conn;
    struct crowd *crowd;
    struct fake_sock *sock;
    struct filter pass;
    struct peer *closes; /* aborted with its first line; NULL: nobody */
    int wakes;           /* who speaks one line when this one's first has come; -1: nobody */
    bool answers;
};

struct crowd {
    struct fake *fake;
    struct peer peers[PEERS];
    char order[8192]; /* whose lines came, in order */
    uint32_t count;
    uint32_t delivers; /* a line leads to so many deliveries */
    uint32_t answered_at; /* lines seen when the answer to the short one stood in its socket */
};

static void say(struct crowd *crowd, int who, uint32_t lines)
{
    uint8_t line[LINE];
    memset(line, "fso"[who], sizeof line);
    for (uint32_t i = 0; i < lines; i++)
        buf_add(&crowd->peers[who].sock->in, slice_of(line, sizeof line));
}

static void on_line(struct peer *p, char first)
{
    struct crowd *crowd = p->crowd;
    if (crowd->answered_at == 0 && crowd->peers[SHORT].sock->out.len > 0)
        crowd->answered_at = crowd->count;
    assert_true(crowd->count < sizeof crowd->order);
    crowd->fake->reactor->work += crowd->delivers;
    crowd->order[crowd->count++] = first;
    if (p->answers) conn_send(&p->conn, SLICE_LIT("answer"));
    if (p->closes != NULL) conn_abort(&p->closes->conn);
    if (p->wakes >= 0) say(crowd, p->wakes, 1);
    p->wakes = -1;
}

static uint32_t on_bytes(struct conn *c, struct slice in, uint64_t *ret_need)
{
    struct peer *p = container_of(c, struct peer, conn);
    uint32_t at = 0;
    for (; in.len - at >= LINE && !c->closing; at += LINE) on_line(p, (char)in.ptr[at]);
    if (in.len > at) *ret_need = LINE;
    return at;
}

static void on_end(struct conn *c, enum conn_end end)
{
    (void)c;
    (void)end;
}

static void on_established(struct conn *c)
{
    (void)c;
}

static void on_free(struct conn *c)
{
    (void)c;
}

static const struct conn_ops ops = { on_bytes, on_established, on_end, on_free };

static int setup(void **state)
{
    struct crowd *crowd = xcalloc(1, sizeof *crowd);
    crowd->fake = fake_new();
    crowd->delivers = 1;
    for (int i = 0; i < PEERS; i++) {
        struct peer *p = &crowd->peers[i];
        p->crowd = crowd;
        p->wakes = -1;
        p->sock = &crowd->fake->socks[i];
        assert_int_equal(conn_init(&p->conn, crowd->fake->reactor, i, &ops), ERR_OK);
        p->conn.rest_max = 1 << 20;
    }
    *state = crowd;
    return 0;
}

static int teardown(void **state)
{
    struct crowd *crowd = *state;
    for (int i = 0; i < PEERS; i++) conn_abort(&crowd->peers[i].conn);
    (void)reactor_tick(crowd->fake->reactor, 0);
    fake_free(crowd->fake);
    xfree(crowd);
    return 0;
}

static uint32_t place_of(const struct crowd *crowd, char who)
{
    const char *at = memchr(crowd->order, who, crowd->count);
    assert_non_null(at);
    return (uint32_t)(at - crowd->order);
}

enum { A_READ = READ_BUFFER / LINE, A_TURN = READ_TURN / LINE };

/* One whole read, of which the reactor learns that it is a flood; another one waits. */
static void start_flood(struct crowd *crowd)
{
    say(crowd, FLOOD, A_READ);
    (void)reactor_tick(crowd->fake->reactor, 0);
    assert_true(crowd->peers[FLOOD].conn.watch.is_flood);
    assert_true(crowd->count >= A_READ);
    crowd->count = 0;
    say(crowd, FLOOD, A_READ);
}

static void a_short_line_waits_for_one_turn_of_a_flood(void **state)
{
    struct crowd *crowd = *state;
    start_flood(crowd);
    crowd->peers[FLOOD].wakes = SHORT;
    crowd->peers[SHORT].answers = true;
    (void)reactor_tick(crowd->fake->reactor, 0);
    assert_int_equal(crowd->count, A_READ + 1);
    assert_int_equal(place_of(crowd, 's'), A_TURN);
    assert_int_equal(crowd->answered_at, A_TURN + 1); /* the answer left at once */
}

static void it_waits_for_more_turns_when_they_lead_to_little(void **state)
{
    struct crowd *crowd = *state;
    crowd->delivers = 0;
    start_flood(crowd);
    crowd->peers[FLOOD].wakes = SHORT;
    (void)reactor_tick(crowd->fake->reactor, 0);
    assert_int_equal(crowd->count, A_READ + 1);
    assert_int_equal(place_of(crowd, 's'), LOOK_BYTES / LINE);
}

static void a_new_tick_has_looked_at_all(void **state)
{
    struct crowd *crowd = *state;
    crowd->delivers = 0;
    start_flood(crowd); /* half of what a look is worth is left of it */
    (void)reactor_tick(crowd->fake->reactor, 0);
    say(crowd, FLOOD, A_READ);
    crowd->count = 0;
    crowd->peers[FLOOD].wakes = SHORT;
    (void)reactor_tick(crowd->fake->reactor, 0);
    assert_int_equal(place_of(crowd, 's'), LOOK_BYTES / LINE);
}

static void what_is_ready_with_a_flood_comes_before_it(void **state)
{
    struct crowd *crowd = *state;
    start_flood(crowd);
    crowd->peers[SHORT].answers = true;
    say(crowd, SHORT, 1);
    (void)reactor_tick(crowd->fake->reactor, 0);
    assert_int_equal(place_of(crowd, 's'), 0);
    assert_int_equal(crowd->answered_at, 1);
}

static void a_flood_waits_until_the_other_has_had_its_read(void **state)
{
    struct crowd *crowd = *state;
    say(crowd, OTHER, A_READ);
    start_flood(crowd);
    say(crowd, OTHER, A_READ);
    crowd->count = 0;
    (void)reactor_tick(crowd->fake->reactor, 0);
    assert_int_equal(crowd->count, 2 * A_READ);
    uint32_t changes = 0;
    for (uint32_t i = 1; i < crowd->count; i++) changes += crowd->order[i] != crowd->order[i - 1];
    assert_int_equal(changes, 1);
}

static void the_flood_may_be_closed_between_its_turns(void **state)
{
    struct crowd *crowd = *state;
    start_flood(crowd);
    crowd->peers[FLOOD].wakes = SHORT;
    crowd->peers[SHORT].closes = &crowd->peers[FLOOD];
    (void)reactor_tick(crowd->fake->reactor, 0);
    assert_int_equal(crowd->count, A_TURN + 1);
    assert_true(crowd->peers[FLOOD].sock->closed);
}

/* A filter that changes nothing: its input comes in turns, too. */
static enum filter_verdict pass_in(struct filter *f, struct conn *c, struct slice bytes)
{
    return conn_up(c, f, bytes);
}

static enum filter_verdict pass_out(struct filter *f, struct conn *c, struct outq *below)
{
    (void)c;
    outq_move(below, &f->pending);
    return FILTER_OK;
}

static bool pass_is_ready(const struct filter *f)
{
    (void)f;
    return true;
}

static struct filter *pass_free(struct filter *f, struct outpool *pool)
{
    (void)f;
    (void)pool;
    return NULL;
}

static const struct filter_ops pass_ops = {
    .in = pass_in, .out = pass_out, .is_ready = pass_is_ready, .free = pass_free
};

static void a_flood_behind_a_filter_has_turns_too(void **state)
{
    struct crowd *crowd = *state;
    crowd->peers[FLOOD].pass.ops = &pass_ops;
    conn_filter_push(&crowd->peers[FLOOD].conn, &crowd->peers[FLOOD].pass);
    start_flood(crowd);
    crowd->peers[FLOOD].wakes = SHORT;
    (void)reactor_tick(crowd->fake->reactor, 0);
    assert_int_equal(place_of(crowd, 's'), A_TURN);
    assert_int_equal(crowd->count, A_READ + 1);
}

static void a_line_that_a_turn_cuts_is_handed_up_whole(void **state)
{
    struct crowd *crowd = *state;
    uint8_t shift[LINE] = "f";
    buf_add(&crowd->peers[FLOOD].sock->in, slice_of(shift, 1));
    (void)reactor_tick(crowd->fake->reactor, 0);
    buf_add(&crowd->peers[FLOOD].sock->in, slice_of(shift + 1, LINE - 1));
    say(crowd, FLOOD, 3 * A_READ - 1);
    for (int i = 0; i < 4; i++) (void)reactor_tick(crowd->fake->reactor, 0);
    assert_int_equal(crowd->count, 3 * A_READ);
    for (uint32_t i = 0; i < crowd->count; i++) assert_int_equal(crowd->order[i], 'f');
}

#define BETWEEN_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BETWEEN_TEST(a_short_line_waits_for_one_turn_of_a_flood),
        BETWEEN_TEST(it_waits_for_more_turns_when_they_lead_to_little),
        BETWEEN_TEST(a_new_tick_has_looked_at_all),
        BETWEEN_TEST(what_is_ready_with_a_flood_comes_before_it),
        BETWEEN_TEST(a_flood_waits_until_the_other_has_had_its_read),
        BETWEEN_TEST(the_flood_may_be_closed_between_its_turns),
        BETWEEN_TEST(a_flood_behind_a_filter_has_turns_too),
        BETWEEN_TEST(a_line_that_a_turn_cuts_is_handed_up_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
