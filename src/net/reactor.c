/* SPDX-License-Identifier: Apache-2.0 */
#include "net/reactor.h"

#include "net/conn.h"
#include "net/limbo.h"
#include "net/watch.h"

enum { EVENTS_MAX = 256, BETWEEN_MAX = 16, RECORDS_MAX = 4096, TIMERS_MAX = 1024 };

static struct reactor *reactor_new(struct reactors *set, uint32_t id, uint64_t memory_limit)
{
    struct reactor *r = xcalloc(1, sizeof *r);
    r->id = id;
    r->set = set;
    r->env = set->env;
    r->poller = r->env->net->poller_new(r->env->net);
    r->now = clock_monotonic(r->env->clock);
    r->wall = clock_realtime(r->env->clock);
    wheel_init(&r->wheel, r->now);
    uint64_t seed;
    r->env->entropy->fill(r->env->entropy, &seed, sizeof seed);
    rng_init(&r->rng, seed);
    r->door.bytes_max = memory_limit;
    outpool_init(&r->pool, &r->door);
    list_init(&r->dirty);
    list_init(&r->again);
    list_init(&r->turns);
    list_init(&r->freed);
    list_init(&r->slow_waiting);
    r->mailbox = mailbox_new(r);
    r->limbo = limbo_new();
    r->read_buffer = xalloc(READ_BUFFER + READ_BETWEEN);
    atomic_store_explicit(&r->doing, "starting", memory_order_relaxed);
    return r;
}

static void reactor_free(struct reactor *r)
{
    assert(r->connections == 0);
    assert(r->works == 0);
    assert(list_empty(&r->turns));
    assert(r->disk == NULL);
    assert(r->last_turn == NULL);
    assert(r->slow_away == 0);
    assert(list_empty(&r->slow_waiting));
    r->limbo = limbo_free(r->limbo);
    r->mailbox = mailbox_free(r->mailbox);
    outpool_deinit(&r->pool);
    r->poller->ops->free(r->poller);
    xfree(r->read_buffer);
    xfree(r->filter_buffer);
    xfree(r);
}

struct reactors *reactors_new(struct env *env, uint32_t count, uint64_t memory_limit)
{
    assert(count >= 1 && count <= REACTORS_MAX);
    struct reactors *set = xalloc_aligned(CACHE_LINE, sizeof *set);
    set->env = env;
    set->count = count;
    qsbr_init(&set->qsbr);
    env->entropy->fill(env->entropy, &set->hash_seed, sizeof set->hash_seed);
    for (uint32_t i = 0; i < count; i++) set->at[i] = reactor_new(set, i, memory_limit / count);
    return set;
}

struct reactors *reactors_free(struct reactors *set)
{
    if (set == NULL) return NULL;
    for (uint32_t i = 0; i < set->count; i++) reactor_free(set->at[i]);
    return xfree(set);
}

static void flush_dirty(struct reactor *r)
{
    for (struct list *n = list_pop(&r->dirty); n != NULL; n = list_pop(&r->dirty))
        conn_flush(container_of(n, struct conn, dirty_node));
}

static void free_closed(struct reactor *r)
{
    for (struct list *n = list_pop(&r->freed); n != NULL; n = list_pop(&r->freed)) {
        struct conn *c = container_of(n, struct conn, dirty_node);
        c->ops->on_free(c);
    }
}

/* Nobody else would look at what a tick left behind, so it leaves nothing to others: before a sleep
 * all output was offered to its socket and every closed connection told so. The records that it
 * owes other reactors are asserted in mailbox_may_sleep(). */
static void assert_tick_complete(const struct reactor *r)
{
    assert(list_empty(&r->dirty));
    assert(list_empty(&r->freed));
    assert(!r->is_between);
}

/* How long the reactor may sleep: not at all when work waits, not past the next timer. What else
 * may end a sleep wakes the poller: records, mail, the disk, see mailbox_may_sleep(). */
static nanos sleep_time(struct reactor *r, nanos sleep_max)
{
    if (!list_empty(&r->again) || !list_empty(&r->turns) || sleep_max <= 0) return 0;
    nanos next = wheel_next(&r->wheel);
    nanos until_timer = next == NANOS_MAX ? NANOS_MAX : next - clock_monotonic(r->env->clock);
    nanos most = until_timer < sleep_max ? until_timer : sleep_max;
    if (!limbo_is_empty(r->limbo) && most > MILLISECOND) most = MILLISECOND;
    return most > 0 ? most : 0;
}

static uint32_t wait_ready(struct reactor *r, nanos sleep_max, struct net_event *events)
{
    nanos most = sleep_time(r, sleep_max);
    bool sleeps = most > 0 && mailbox_may_sleep(r);
    if (!sleeps) return r->poller->ops->wait(r->poller, 0, events, EVENTS_MAX);
    assert_tick_complete(r);
    atomic_store_explicit(&r->doing, "waiting for work", memory_order_relaxed);
    qsbr_offline(&r->set->qsbr, r->id);
    uint32_t ready = r->poller->ops->wait(r->poller, most, events, EVENTS_MAX);
    qsbr_quiescent(&r->set->qsbr, r->id);
    mailbox_woke(r);
    atomic_store_explicit(&r->doing, "serving connections", memory_order_relaxed);
    return ready;
}

/* Serves those that are floods, or those that are not. Returns how many. */
static uint32_t serve(const struct net_event *events, uint32_t count, bool floods)
{
    uint32_t served = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct watch *w = events[i].owner;
        if (w->is_flood != floods) continue;
        w->ready(w, events[i].ready);
        served++;
    }
    return served;
}

static uint32_t floods_in(const struct net_event *events, uint32_t count)
{
    uint32_t floods = 0;
    for (uint32_t i = 0; i < count; i++)
        floods += ((const struct watch *)events[i].owner)->is_flood;
    return floods;
}

/* Messages to other reactors first: a byte that leaves may tell of them. */
static void send_out(struct reactor *r)
{
    mailbox_publish(r);
    flush_dirty(r);
}

/* The short ones first, and what they lead to leaves before a flood has its turn. */
static void serve_ready(struct reactor *r, const struct net_event *events, uint32_t count)
{
    uint32_t floods = floods_in(events, count);
    uint32_t short_ones = serve(events, count, false);
    if (floods == 0) return;
    if (short_ones > 0) send_out(r);
    (void)serve(events, count, true);
}

/* It has just looked at all of them. */
static void looked(struct reactor *r)
{
    r->unlooked = 0;
    r->work_looked = r->work;
}

static bool is_look_due(struct reactor *r, uint32_t turn_bytes)
{
    assert(r->work >= r->work_looked);
    r->unlooked += turn_bytes + (r->work - r->work_looked) * LOOK_DELIVERY;
    r->work_looked = r->work;
    return r->unlooked >= LOOK_BYTES;
}

void reactor_between(struct reactor *r, uint32_t turn_bytes)
{
    struct net_event events[BETWEEN_MAX];
    if (r->is_between || !is_look_due(r, turn_bytes)) return;
    looked(r);
    uint32_t count = r->poller->ops->wait(r->poller, 0, events, BETWEEN_MAX);
    if (floods_in(events, count) == count) return;
    struct list later; /* what the flood made dirty leaves at the end of its read */
    list_init(&later);
    list_splice(&later, &r->dirty);
    r->is_between = true;
    (void)serve(events, count, false);
    send_out(r);
    r->is_between = false;
    list_splice(&r->dirty, &later);
}

/* Those who had more input than a turn takes go on now; one that asks again waits for the next
 * tick. */
static uint32_t serve_again(struct reactor *r)
{
    struct list turn;
    uint32_t done = 0;
    list_init(&turn);
    list_splice(&turn, &r->again);
    for (struct list *n = list_pop(&turn); n != NULL; n = list_pop(&turn), done++)
        conn_again(container_of(n, struct conn, again_node));
    if (done > 0) send_out(r);
    return done;
}

static uint32_t run_turns(struct reactor *r)
{
    struct list now;
    uint32_t done = 0;
    list_init(&now);
    list_splice(&now, &r->turns);
    for (struct list *n = list_pop(&now); n != NULL; n = list_pop(&now), done++) {
        struct turn *t = container_of(n, struct turn, node);
        t->run(t, r);
    }
    if (r->last_turn != NULL) r->last_turn->run(r->last_turn, r);
    return done;
}

static void give_back_memory(struct reactor *r)
{
    if (LIKELY(r->pool.returned < TRIM_BYTES) || r->now - r->trimmed < SECOND) return;
    r->pool.returned = 0;
    r->trimmed = r->now;
    r->env->usage->trim(r->env->usage);
}

uint32_t reactor_tick(struct reactor *r, nanos sleep_max)
{
    struct net_event events[EVENTS_MAX];
    uint32_t done = 0;
    qsbr_quiescent(&r->set->qsbr, r->id); /* nothing shared is held here */
    done += limbo_advance(r->limbo, r);
    uint32_t ready = wait_ready(r, sleep_max, events);
    looked(r);
    r->now = clock_monotonic(r->env->clock); /* one tick, one instant */
    r->wall = clock_realtime(r->env->clock);

    done += mailbox_drain_mail(r);                     /* 1. news from other threads */
    done += mailbox_drain_records(r, RECORDS_MAX);     /* 2. messages from other reactors */
    done += wheel_fire(&r->wheel, r->now, TIMERS_MAX); /* 3. due timers */
    if (r->disk != NULL) done += disk_queue_poll(r->disk); /* 4. finished disk operations */
    serve_ready(r, events, ready);                     /* 5. bytes from peers */
    done += run_turns(r);                              /* 6. what features make of it */
    send_out(r);                                       /* 7. messages and bytes to others */
    done += serve_again(r); /* 8. what was left over: nobody waits for it */
    free_closed(r);
    give_back_memory(r);
    return done + ready;
}

void turn_init(struct turn *t, void (*run)(struct turn *, struct reactor *))
{
    assert(run != NULL);
    list_init(&t->node);
    t->run = run;
}

void reactor_turn(struct reactor *r, struct turn *t)
{
    assert(t->run != NULL);
    if (list_empty(&t->node)) list_add_tail(&r->turns, &t->node);
}

void turn_cancel(struct turn *t)
{
    list_remove(&t->node);
}

void reactor_set_last(struct reactor *r, struct turn *t)
{
    assert(t == NULL || r->last_turn == NULL);
    assert(t == NULL || t->run != NULL);
    r->last_turn = t;
}

void reactor_set_disk(struct reactor *r, struct disk_queue *disk)
{
    assert(disk == NULL || r->disk == NULL);
    assert(r->disk == NULL || r->disk->in_flight == 0);
    r->disk = disk;
}

void reactor_wake(void *reactor)
{
    mailbox_wake(reactor);
}

void reactor_post(struct reactor *to, struct mail *mail)
{
    assert(mail->run != NULL);
    mailbox_mail(to, mail);
}

void reactor_retire(struct reactor *r, struct retired *what, void (*free)(struct retired *))
{
    what->free = free;
    limbo_add(r->limbo, what);
}

static void slow_next(struct reactor *);

static void work_run(struct work *w)
{
    struct reactor_work *work = container_of(w, struct reactor_work, work);
    work->run(work);
}

static void work_home(struct mail *mail, struct reactor *r)
{
    struct reactor_work *work = container_of(mail, struct reactor_work, mail);
    assert(work->home == r);
    assert(r->works > 0);
    r->works--;
    if (work->is_slow) r->slow_away--;
    work->done(work);
    slow_next(r);
}

static void work_finished(struct work *w)
{
    struct reactor_work *work = container_of(w, struct reactor_work, work);
    work->mail.run = work_home;
    reactor_post(work->home, &work->mail);
}

static enum err submit(struct reactor *home, struct reactor_work *work)
{
    assert(work->run != NULL && work->done != NULL);
    assert(work->doing != NULL);
    work->home = home;
    work->work.is_quick = work->is_slow;
    work->work.doing = work->doing;
    work->work.run = work_run;
    work->work.finished = work_finished;
    struct worker *worker = home->env->worker;
    home->works++; /* before: it may come home at once */
    enum err e = worker->submit(worker, &work->work);
    if (e) home->works--;
    return e;
}

enum err reactor_work(struct reactor *home, struct reactor_work *work)
{
    work->is_slow = false;
    return submit(home, work);
}

static void slow_begin(struct reactor *r, struct reactor_work *work)
{
    work->is_begun = true;
    r->slow_away++;
    if (submit(r, work) == ERR_OK) return;
    r->works++; /* no worker takes it */
    work->run(work);
    work_finished(&work->work);
}

static void slow_next(struct reactor *r)
{
    while (r->slow_away < SLOW_AT_ONCE && !list_empty(&r->slow_waiting)) {
        struct work *next = container_of(list_pop(&r->slow_waiting), struct work, node);
        slow_begin(r, container_of(next, struct reactor_work, work));
    }
}

void reactor_slow(struct reactor *home, struct reactor_work *work)
{
    work->is_slow = true;
    work->is_begun = false;
    list_add_tail(&home->slow_waiting, &work->work.node);
    slow_next(home);
}

bool reactor_slow_cancel(struct reactor *home, struct reactor_work *work)
{
    assert(work->is_slow);
    if (work->is_begun) return false;
    assert(!list_empty(&home->slow_waiting));
    list_remove(&work->work.node);
    return true;
}

bool reactor_is_done(struct reactor *r)
{
    bool has_disk = r->disk != NULL && r->disk->in_flight > 0;
    return r->connections == 0 && r->works == 0 && limbo_is_empty(r->limbo) &&
           !mailbox_has_work(r) && !has_disk;
}
