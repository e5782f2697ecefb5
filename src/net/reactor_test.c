/* SPDX-License-Identifier: Apache-2.0 */
#include "net/reactor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/net_fake.h"

struct letter {
    struct mail mail;
    struct reactor *ran_on;
    struct letter *next; /* posted when this one runs; NULL: none */
};

static void open_letter(struct mail *mail, struct reactor *r)
{
    struct letter *l = container_of(mail, struct letter, mail);
    l->ran_on = r;
    if (l->next != NULL) reactor_post(r, &l->next->mail);
}

static void mail_runs_on_the_reactor_that_it_was_posted_to(void **state)
{
    (void)state;
    struct fake *f = fake_new_many(3);
    struct letter l = { .mail.run = open_letter };
    reactor_post(f->set->at[2], &l.mail);
    assert_null(l.ran_on);
    (void)fake_tick(f);
    assert_ptr_equal(l.ran_on, f->set->at[2]);
    fake_free(f);
}

static void mail_posted_while_mail_runs_waits_for_the_next_tick(void **state)
{
    (void)state;
    struct fake *f = fake_new();
    struct letter second = { .mail.run = open_letter };
    struct letter first = { .mail.run = open_letter, .next = &second };
    reactor_post(f->reactor, &first.mail);
    (void)reactor_tick(f->reactor, 0);
    assert_non_null(first.ran_on);
    assert_null(second.ran_on);
    (void)reactor_tick(f->reactor, 0);
    assert_non_null(second.ran_on);
    fake_free(f);
}

static void a_tick_is_one_instant(void **state)
{
    (void)state;
    struct fake *f = fake_new();
    (void)reactor_tick(f->reactor, 0);
    assert_int_equal(f->reactor->now, f->now);
    nanos wall = f->reactor->wall;
    f->now += 5 * SECOND;
    assert_int_equal(f->reactor->wall, wall);
    (void)reactor_tick(f->reactor, 0);
    assert_int_equal(f->reactor->now, f->now);
    fake_free(f);
}

static void note_time(struct timer *t, nanos now);

struct alarm {
    struct timer timer;
    nanos rang_at;
};

static void note_time(struct timer *t, nanos now)
{
    container_of(t, struct alarm, timer)->rang_at = now;
}

static void timers_fire_when_their_time_has_come(void **state)
{
    (void)state;
    struct fake *f = fake_new();
    struct alarm a = { 0 };
    timer_init(&a.timer, note_time);
    wheel_set(&f->reactor->wheel, &a.timer, f->now + SECOND);
    (void)reactor_tick(f->reactor, 0);
    assert_int_equal(a.rang_at, 0);
    f->now += SECOND + MILLISECOND;
    (void)reactor_tick(f->reactor, 0);
    assert_int_equal(a.rang_at, f->now);
    fake_free(f);
}

struct asker {
    struct turn turn;
    struct reactor *reactor;
    uint32_t runs;
    uint32_t again; /* asks so often from within its turn */
};

static void asker_run(struct turn *t, struct reactor *r)
{
    struct asker *a = container_of(t, struct asker, turn);
    assert_ptr_equal(r, a->reactor);
    a->runs++;
    if (a->again == 0) return;
    a->again--;
    reactor_turn(r, t);
    reactor_turn(r, t); /* one is enough */
}

static void who_asks_has_one_turn_a_tick_until_he_asks_no_more(void **state)
{
    (void)state;
    struct fake *f = fake_new();
    struct asker a = { .reactor = f->reactor, .again = 2 };
    turn_init(&a.turn, asker_run);
    (void)fake_tick(f);
    assert_int_equal(a.runs, 0);
    reactor_turn(f->reactor, &a.turn);
    reactor_turn(f->reactor, &a.turn);
    for (uint32_t tick = 1; tick <= 3; tick++) {
        assert_true(fake_tick(f) > 0); /* it does not sleep while somebody waits */
        assert_int_equal(a.runs, tick);
    }
    assert_int_equal(fake_tick(f), 0);
    reactor_turn(f->reactor, &a.turn);
    turn_cancel(&a.turn);
    turn_cancel(&a.turn);
    assert_int_equal(fake_tick(f), 0);
    assert_int_equal(a.runs, 3);
    fake_free(f);
}

/* A worker that keeps what it was given until the test lets it go on. */
struct slow_worker {
    struct worker worker;
    struct work *work;
    bool full;
};

static enum err submit(struct worker *w, struct work *work)
{
    struct slow_worker *slow = container_of(w, struct slow_worker, worker);
    if (slow->full) return ERR_LIMIT;
    slow->work = work;
    return ERR_OK;
}

struct sum {
    struct reactor_work work;
    int a, b, result;
    bool done;
};

static void sum_run(struct reactor_work *w)
{
    struct sum *s = container_of(w, struct sum, work);
    s->result = s->a + s->b;
}

static void sum_done(struct reactor_work *w)
{
    container_of(w, struct sum, work)->done = true;
}

static void work_runs_elsewhere_and_comes_home(void **state)
{
    (void)state;
    struct fake *f = fake_new_many(2);
    struct slow_worker slow = { .worker.submit = submit };
    struct sum s = { .work = { .doing = "adding", .run = sum_run, .done = sum_done },
                     .a = 2,
                     .b = 3 };
    f->env.worker = &slow.worker;
    assert_int_equal(reactor_work(f->set->at[1], &s.work), ERR_OK);
    (void)fake_tick(f);
    assert_false(s.done);
    slow.work->run(slow.work);
    slow.work->finished(slow.work);
    (void)reactor_tick(f->set->at[0], 0);
    assert_false(s.done);
    (void)reactor_tick(f->set->at[1], 0);
    assert_true(s.done);
    assert_int_equal(s.result, 5);
    fake_free(f);
}

static void work_that_finds_no_place_is_told_so(void **state)
{
    (void)state;
    struct fake *f = fake_new();
    struct slow_worker slow = { .worker.submit = submit, .full = true };
    struct sum s = { .work = { .doing = "adding", .run = sum_run, .done = sum_done } };
    f->env.worker = &slow.worker;
    assert_int_equal(reactor_work(f->reactor, &s.work), ERR_LIMIT);
    (void)fake_tick(f);
    assert_false(s.done);
    fake_free(f);
}

static void a_reactor_with_nothing_to_do_says_so(void **state)
{
    (void)state;
    struct fake *f = fake_new();
    struct letter l = { .mail.run = open_letter };
    assert_int_equal(reactor_tick(f->reactor, 0), 0);
    reactor_post(f->reactor, &l.mail);
    assert_int_equal(reactor_tick(f->reactor, 0), 1);
    assert_int_equal(reactor_tick(f->reactor, 0), 0);
    fake_free(f);
}

/* ---- records and bytes of one tick ---- */

enum { TELLER, BLOCKED };

/* For each byte that it reads it posts a record to reactor 1 and tells the other one here. */
struct teller {
    struct conn conn;
    struct fake *fake;
    struct conn other;
};

static uint32_t tell(struct conn *c, struct slice in, uint64_t *ret_need)
{
    struct teller *t = container_of(c, struct teller, conn);
    void *targets[] = { t };
    struct record rec = { .bytes = in, .targets = targets, .targets_count = 1 };
    *ret_need = 0;
    mailbox_record(c->reactor, t->fake->set->at[1], &rec);
    conn_send(&t->other, SLICE_LIT(" told"));
    return in.len;
}

static void ignore_end(struct conn *c, enum conn_end why)
{
    (void)c;
    (void)why;
}

static void ignore(struct conn *c)
{
    (void)c;
}

static const struct conn_ops teller_ops = { tell, ignore, ignore_end, ignore };

static int64_t write_behind_records(struct net *n, int sock, const struct net_span *spans,
                                    uint32_t count)
{
    assert_true(mailbox_has_work(fake_of(n)->set->at[1]));
    return fake_write(n, sock, spans, count);
}

static void no_byte_leaves_before_the_records_of_its_tick_are_visible(void **state)
{
    (void)state;
    struct fake *f = fake_new_many(2);
    struct teller t = { .fake = f };
    assert_int_equal(conn_init(&t.conn, f->reactor, TELLER, &teller_ops), ERR_OK);
    assert_int_equal(conn_init(&t.other, f->reactor, BLOCKED, &teller_ops), ERR_OK);
    f->socks[BLOCKED].stuck = true;
    conn_send(&t.other, SLICE_LIT("before"));
    (void)reactor_tick(f->reactor, 0); /* from now on it waits until its socket is writable */
    f->socks[BLOCKED].stuck = false;
    f->net.write = write_behind_records;
    buf_add(&f->socks[TELLER].in, SLICE_LIT("x"));
    (void)reactor_tick(f->reactor, 0);
    assert_true(slice_equal_str(buf_slice(&f->socks[BLOCKED].out), "before told"));
    conn_abort(&t.conn);
    conn_abort(&t.other);
    (void)reactor_tick(f->reactor, 0);
    fake_free(f);
}

/* ---- the disk ---- */

struct fake_disk {
    struct disk_queue base;
    struct disk_op   *finished; /* one at most */
    struct reactor   *done_on;  /* posts to the next reactor when it comes home there */
};

static uint32_t fake_disk_poll(struct disk_queue *base)
{
    struct fake_disk *d = container_of(base, struct fake_disk, base);
    struct disk_op *op = d->finished;
    if (op == NULL) return 0;
    d->finished = NULL;
    base->in_flight--;
    op->done(op);
    return 1;
}

static bool fake_disk_has_finished(struct disk_queue *base)
{
    return container_of(base, struct fake_disk, base)->finished != NULL;
}

static void fake_disk_submit(struct disk_queue *base, struct disk_op *op)
{
    op->queue = base;
    base->in_flight++;
}

static const struct disk_queue_ops fake_disk_ops = { .submit = fake_disk_submit,
                                                     .poll = fake_disk_poll,
                                                     .has_finished = fake_disk_has_finished };

/* What an operation leads to: here, a record for the reactor beside. */
static void reply(struct disk_op *op)
{
    struct fake_disk *d = container_of(op->queue, struct fake_disk, base);
    struct reactor *to = d->done_on->set->at[1];
    void *targets[] = { d };
    struct record rec = { .targets = targets, .targets_count = 1 };
    mailbox_record(d->done_on, to, &rec);
}

static void count_record(struct reactor *r, const struct record *rec)
{
    (void)rec;
    ++*(uint32_t *)r->user;
}

static void what_a_finished_disk_operation_leads_to_leaves_in_the_same_tick(void **state)
{
    (void)state;
    struct fake *f = fake_new_many(2);
    struct fake_disk d = { .base.ops = &fake_disk_ops, .done_on = f->reactor };
    struct disk_op op = { .kind = DISK_SYNC, .done = reply };
    uint32_t records = 0;
    f->set->at[1]->user = &records;
    f->set->at[1]->on_record = count_record;
    reactor_set_disk(f->reactor, &d.base);
    disk_submit(&d.base, &op);
    assert_int_equal(reactor_tick(f->reactor, 0), 0);
    d.finished = &op;
    assert_int_equal(reactor_tick(f->reactor, 0), 1);
    (void)reactor_tick(f->set->at[1], 0);
    assert_int_equal(records, 1);
    reactor_set_disk(f->reactor, NULL);
    fake_free(f);
}

static void a_reactor_does_not_sleep_over_a_finished_disk_operation(void **state)
{
    (void)state;
    struct fake *f = fake_new_many(2);
    struct fake_disk d = { .base.ops = &fake_disk_ops, .done_on = f->reactor };
    struct disk_op op = { .kind = DISK_SYNC, .done = reply };
    reactor_set_disk(f->reactor, &d.base);
    disk_submit(&d.base, &op);
    assert_true(mailbox_may_sleep(f->reactor));
    mailbox_woke(f->reactor);
    d.finished = &op;
    assert_false(mailbox_may_sleep(f->reactor));
    (void)disk_queue_poll(&d.base);
    mailbox_publish(f->reactor);
    reactor_set_disk(f->reactor, NULL);
    fake_free(f);
}

static void only_a_reactor_that_sleeps_is_woken(void **state)
{
    (void)state;
    struct fake *f = fake_new();
    struct fake_poller *p = container_of(f->reactor->poller, struct fake_poller, base);
    reactor_wake(f->reactor);
    assert_int_equal(p->wakes, 0);
    assert_true(mailbox_may_sleep(f->reactor));
    reactor_wake(f->reactor);
    assert_int_equal(p->wakes, 1);
    mailbox_woke(f->reactor);
    reactor_wake(f->reactor);
    assert_int_equal(p->wakes, 1);
    fake_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mail_runs_on_the_reactor_that_it_was_posted_to),
        cmocka_unit_test(mail_posted_while_mail_runs_waits_for_the_next_tick),
        cmocka_unit_test(a_tick_is_one_instant),
        cmocka_unit_test(who_asks_has_one_turn_a_tick_until_he_asks_no_more),
        cmocka_unit_test(timers_fire_when_their_time_has_come),
        cmocka_unit_test(work_runs_elsewhere_and_comes_home),
        cmocka_unit_test(work_that_finds_no_place_is_told_so),
        cmocka_unit_test(a_reactor_with_nothing_to_do_says_so),
        cmocka_unit_test(no_byte_leaves_before_the_records_of_its_tick_are_visible),
        cmocka_unit_test(what_a_finished_disk_operation_leads_to_leaves_in_the_same_tick),
        cmocka_unit_test(a_reactor_does_not_sleep_over_a_finished_disk_operation),
        cmocka_unit_test(only_a_reactor_that_sleeps_is_woken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
