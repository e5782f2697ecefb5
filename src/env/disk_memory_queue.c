/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/assert.h"
#include "env/disk_memory_internal.h"

struct memory_queue {
    struct disk_queue   base;
    struct list         all;
    struct disk_memory *disk;
    struct list         finished; /* struct flight */
    bool                is_dead;
    void              (*wake)(void *ctx);
    void               *ctx;
};

static struct memory_queue *queue_of(struct disk_queue *base)
{
    return container_of(base, struct memory_queue, base);
}

/* ---- changes of operations ---- */

void change_begin(struct disk_memory *d, struct change *c, struct flight *f)
{
    c->home = f == NULL ? ++d->state->time : UINT64_MAX;
    c->flight = f;
    if (f == NULL) return;
    assert(f->change == NULL);
    f->change = c;
}

void change_forget(struct change *c)
{
    if (c->flight == NULL) return;
    assert(c->flight->change == c);
    c->flight->change = NULL;
}

uint64_t change_reach(const struct disk_memory *d, const struct flight *f)
{
    return f == NULL ? d->state->time : f->submitted;
}

static void come_home(struct disk_memory *d, struct flight *f)
{
    d->state->time++;
    if (f->change == NULL) return;
    f->change->home = d->state->time;
    f->change->flight = NULL;
    f->change = NULL;
}

/* ---- submit, step ---- */

static bool uses_file(const struct disk_op *op)
{
    return op->kind <= DISK_TRUNCATE;
}

static void submit(struct disk_queue *base, struct disk_op *op)
{
    struct memory_queue *q = queue_of(base);
    struct disk_memory *d = q->disk;
    struct flight *f = xcalloc(1, sizeof *f);
    *f = (struct flight){ .op = op, .submitted = ++d->state->time };
    op->queue = base;
    op->result = ERR_OK;
    op->moved = 0;
    base->in_flight++;
    if (uses_file(op)) op->file->in_flight++;
    list_add_tail(&d->state->flights, &f->node);
    d->state->flights_count++;
}

static void finish(struct disk_memory *d, struct flight *f, enum err result)
{
    assert(d->state->flights_count > 0);
    d->state->flights_count--;
    f->op->result = result;
    list_add_tail(&queue_of(f->op->queue)->finished, &f->node);
}

static void take_flight(struct flight *f)
{
    list_remove(&f->node);
    if (uses_file(f->op)) f->op->file->in_flight--;
}

static void do_one(struct disk_memory *d, struct flight *f)
{
    struct memory_queue *q = queue_of(f->op->queue);
    bool is_dead = q->is_dead || d->state->is_off;
    take_flight(f);
    if (is_dead && f->op->kind != DISK_CLOSE) finish(d, f, ERR_CLOSED);
    else finish(d, f, run_flight(d, f, true));
    if (q->wake != NULL) q->wake(q->ctx);
}

static struct flight *oldest(struct disk_memory *d)
{
    struct flight *best = NULL;
    LIST_EACH(&d->state->flights, at) {
        struct flight *f = container_of(at, struct flight, node);
        if (best == NULL || f->op->lane < best->op->lane) best = f;
    }
    return best;
}

static struct flight *drawn(struct disk_memory *d)
{
    struct list *at = d->state->flights.next;
    for (uint32_t i = rng_below(&d->rng, d->state->flights_count); i > 0; i--) at = at->next;
    return container_of(at, struct flight, node);
}

bool disk_memory_step(struct disk_memory *d)
{
    if (d->state->flights_count == 0) return false;
    do_one(d, d->in_order ? oldest(d) : drawn(d));
    return true;
}

uint32_t disk_memory_finish_all(struct disk_memory *d)
{
    uint32_t done = 0;
    while (disk_memory_step(d)) done++;
    return done;
}

void disk_memory_settle(struct disk_memory *d, struct disk_queue *q)
{
    while (q->in_flight > 0) {
        (void)disk_memory_finish_all(d);
        (void)disk_queue_poll(q);
    }
}

uint32_t disk_memory_waiting(const struct disk_memory *d)
{
    return d->state->flights_count;
}

/* ---- queues ---- */

static uint32_t queue_poll(struct disk_queue *base)
{
    struct memory_queue *q = queue_of(base);
    struct list turn;
    uint32_t done = 0;
    list_init(&turn);
    list_splice(&turn, &q->finished);
    for (struct list *at = list_pop(&turn); at != NULL; at = list_pop(&turn), done++) {
        struct flight *f = container_of(at, struct flight, node);
        struct disk_op *op = f->op;
        come_home(q->disk, f);
        xfree(f);
        assert(base->in_flight > 0);
        base->in_flight--;
        op->done(op);
    }
    return done;
}

static bool queue_has_finished(struct disk_queue *base)
{
    return !list_empty(&queue_of(base)->finished);
}

static void queue_free(struct disk_queue *base)
{
    struct memory_queue *q = queue_of(base);
    assert(base->in_flight == 0 || q->is_dead);
    LIST_EACH(&q->finished, at) {
        struct flight *f = container_of(at, struct flight, node);
        come_home(q->disk, f);
        list_remove(at);
        xfree(f);
    }
    list_remove(&q->all);
    xfree(q);
}

static const struct disk_queue_ops queue_ops = {
    .free = queue_free,
    .submit = submit,
    .poll = queue_poll,
    .has_finished = queue_has_finished,
};

struct disk_queue *memory_queue_new(struct disk *base, void (*wake)(void *ctx), void *ctx)
{
    struct memory_queue *q = xcalloc(1, sizeof *q);
    q->base.ops = &queue_ops;
    q->disk = container_of(base, struct disk_memory, base);
    q->wake = wake;
    q->ctx = ctx;
    list_init(&q->finished);
    list_add_tail(&q->disk->state->queues, &q->all);
    return &q->base;
}

/* ---- the end of a process ---- */

/* An operation in flight happens now, in part, or not at all. */
static void happen_or_not(struct disk_memory *d, struct flight *f)
{
    bool happens = rng_chance(&d->rng, 1, 2), syncs = rng_chance(&d->rng, 1, 2);
    bool is_close = f->op->kind == DISK_CLOSE;
    take_flight(f);
    if (is_close || (happens && f->op->kind != DISK_READ)) (void)run_flight(d, f, syncs);
    finish(d, f, is_close ? ERR_OK : ERR_CLOSED);
}

static void end_queue(struct disk_memory *d, struct memory_queue *q)
{
    q->is_dead = true;
    LIST_EACH(&q->finished, at) {
        struct flight *f = container_of(at, struct flight, node);
        come_home(d, f);
        if (f->op->kind != DISK_CLOSE) f->op->result = ERR_CLOSED;
    }
}

static void end_process(struct disk_memory *d)
{
    struct disk_memory_state *s = d->state;
    s->is_off = true;
    while (s->flights_count > 0) happen_or_not(d, drawn(d));
    LIST_EACH(&s->queues, at) end_queue(d, container_of(at, struct memory_queue, all));
    LIST_EACH(&s->files, at) container_of(at, struct disk_file, all)->is_dead = true;
}

void disk_memory_kill(struct disk_memory *d)
{
    end_process(d);
}

void disk_memory_crash(struct disk_memory *d)
{
    end_process(d);
    LIST_EACH(&d->state->nodes, at) {
        struct node *n = container_of(at, struct node, all);
        if (!n->is_dir) node_crash(d, n);
    }
    names_crash(d);
}

void disk_memory_start(struct disk_memory *d)
{
    d->state->is_off = false;
}
