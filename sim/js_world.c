/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/js_world.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/hash.h"
#include "sim/js_text.h"

/* As long as a lane of the disk may stall, and some more. */
static const nanos ANSWER_MAX = 60 * SECOND;

static void on_wrong(void *world, const char *what)
{
    struct js_world *w = world;
    jm_fail(&w->model, "%s", what);
}

/* What a read that failed may have cost. */
static void note_failed_read(void *world, struct slice file, uint64_t offset, uint64_t len)
{
    struct js_world *w = world;
    struct sim_rot r;
    if (!sim_rot_of_read(file, offset, len, &r)) return;
    const struct jm_rot cost = { .owner = r.owner, .first = r.first, .last = r.last };
    jm_rotted(&w->model, &cost);
}

static void note_line(void *world, struct slice line)
{
    struct js_world *w = world;
    uint64_t owner, first, last;
    struct slice text, ranges;
    if (js_text_damage(line, &owner, &first, &last)) jm_log_told(&w->model, owner, first, last);
    if (!js_text_damaged_stream(line, &text, &ranges)) return;
    char name[64];
    snprintf(name, sizeof name, "%.*s", SLICE_ARGS(text));
    const struct jm_stream *s = jm_stream_find(&w->model, name);
    while (s != NULL && js_text_next_range(&ranges, &first, &last))
        jm_log_told_of(&w->model, s, first, last);
}

void js_world_init(struct js_world *w, const struct js_plan *plan)
{
    *w = (struct js_world){ .plan = *plan };
    rng_init(&w->rng, plan->base.seed ^ 0x5eed0012);
    rng_init(&w->rot_rng, plan->base.seed ^ 0x5eed0014);
    jm_init(&w->model);
    sim_host_init(&w->host, &w->plan.base);
    w->host.disks.stall_max = SECOND;
    struct disk_memory *disk = js_world_disk(w);
    disk->on_read_failed = note_failed_read;
    disk->read_failed_ctx = w;
    w->host.log.on_line = note_line;
    w->host.log.ctx = w;
    disk->busy_permille = plan->busy_reads_permille;
    sim_liar_begin(&w->liar, disk, plan->lie, plan->base.seed ^ 0x5eed0015);
    w->clients_count = 1 + plan->publishers + plan->servers;
    assert(w->clients_count <= JM_CLIENTS);
    for (uint32_t i = 0; i < w->clients_count; i++) {
        struct js_client *c = &w->clients[i];
        js_client_init(c, w, &w->host, i);
        c->on_in = js_work_in;
        c->on_message = js_work_message;
        c->on_wrong = on_wrong;
    }
}

void js_world_deinit(struct js_world *w)
{
    char text[128];
    for (uint32_t i = 0; i < w->clients_count; i++) js_client_deinit(&w->clients[i]);
    sim_host_wind_down(&w->host);
    const char *left = sim_host_deinit(&w->host, text);
    if (left != NULL) jm_fail(&w->model, "%s", left);
    jm_deinit(&w->model);
}

bool js_world_chance(struct js_world *w, uint32_t permille)
{
    return permille > 0 && rng_below(&w->rng, 1000) < permille;
}

struct disk_memory *js_world_disk(struct js_world *w)
{
    return sim_disks_find(&w->host.disks, SIM_STORE_DIR "/midge");
}

/* ---- steps ---- */

static void note_time(struct js_world *w)
{
    w->model.wall = w->host.clock.now + w->host.clock.wall_offset;
}

void js_world_step(struct js_world *w, nanos by)
{
    bool calm = w->host.net.is_calm;
    w->step++;
    sim_clock_advance(&w->host.clock, by);
    note_time(w);
    sim_host_tick(&w->host, calm ? 0 : w->plan.base.idle_permille, w->plan.base.sleepy_permille);
    uint32_t first = rng_below(&w->rng, w->clients_count);
    for (uint32_t i = 0; i < w->clients_count && !jm_failed(&w->model); i++) {
        struct js_client *c = &w->clients[(first + i) % w->clients_count];
        if (c->pipe.link == NULL && !w->is_down) js_client_dial(c);
        js_client_step(c);
    }
}

bool js_world_until(struct js_world *w, nanos most, bool (*done)(struct js_world *))
{
    nanos end = w->host.clock.now + most;
    while (!jm_failed(&w->model)) {
        if (done(w)) return true;
        if (w->host.clock.now > end) return false;
        js_world_step(w, MILLISECOND);
    }
    return false;
}

/* ---- questions ---- */

static void answered(void *world, struct js_call *call, const struct sim_op *op)
{
    struct js_reply *r = call->about;
    (void)world;
    r->is_on = false;
    r->came = op != NULL;
    if (op == NULL) return;
    buf_add(&r->headers, op->headers);
    buf_add(&r->payload, op->payload);
}

void js_reply_deinit(struct js_reply *r)
{
    buf_deinit(&r->headers);
    buf_deinit(&r->payload);
}

bool js_world_ask(struct js_world *w, const char *subject, const char *payload, struct js_reply *r)
{
    struct js_client *c = &w->clients[0];
    nanos end = w->host.clock.now + ANSWER_MAX;
    *r = (struct js_reply){ .is_on = true };
    while (!c->is_in && !jm_failed(&w->model) && w->host.clock.now < end)
        js_world_step(w, MILLISECOND);
    if (!c->is_in) {
        jm_fail(&w->model, "nobody comes in for a minute");
        return false;
    }
    js_client_call(c, subject, SLICE_LIT(""), slice_str(payload), answered)->about = r;
    while (r->is_on && !jm_failed(&w->model) && w->host.clock.now < end)
        js_world_step(w, MILLISECOND);
    if (r->is_on) {
        js_client_drop(c, true);
        jm_fail(&w->model, "%s is not answered within a minute", subject);
    }
    return r->came;
}

static bool all_answered(struct js_world *w)
{
    for (uint32_t i = 0; i < w->clients_count; i++)
        if (w->clients[i].calls_count > 0 || w->clients[i].pipe.out.len > 0) return false;
    return true;
}

void js_world_settle(struct js_world *w)
{
    (void)js_world_until(w, ANSWER_MAX, all_answered);
    for (uint32_t i = 0; i < 20; i++) js_world_step(w, 5 * MILLISECOND);
    if (all_answered(w) || jm_failed(&w->model)) return;
    for (uint32_t i = 0; i < w->clients_count; i++) {
        if (w->clients[i].calls_count == 0) continue;
        if (!w->is_stuck)
            jm_fail(&w->model, "client %u has %u requests that nobody answers", i,
                    w->clients[i].calls_count);
        js_client_drop(&w->clients[i], false);
    }
}

/* ---- faults ---- */

/* Not one byte is left, and none comes back before the next start. */
static bool is_full_at_once(const struct js_world *w)
{
    return w->plan.base.seed / 2 % 2 == 0;
}

void js_world_break(struct js_world *w, enum js_fault fault)
{
    struct disk_memory *d = js_world_disk(w);
    struct disk_memory_fault *f = d->fault;
    w->model.may_fail = fault >= JS_FAULT_FULL || w->model.may_fail;
    if (w->host.log.echo) fprintf(stderr, "      disk: %s\n", js_fault_text(fault));
    switch (fault) {
    case JS_FAULT_NONE: break;
    case JS_FAULT_SLOW: w->host.disks.stall_permille = 100; break;
    case JS_FAULT_FULL:
        d->capacity = disk_memory_used(d) + 1 + rng_below(&w->rng, 100000);
        if (is_full_at_once(w)) d->capacity = disk_memory_used(d);
        break;
    case JS_FAULT_WRITE:
        f[DISK_MEMORY_WRITES].fail_at = f[DISK_MEMORY_WRITES].count + 1 + rng_below(&w->rng, 20);
        break;
    case JS_FAULT_SYNC:
        f[DISK_MEMORY_SYNCS].fail_at = f[DISK_MEMORY_SYNCS].count + 1 + rng_below(&w->rng, 20);
        break;
    case JS_FAULT_READ: f[DISK_MEMORY_READS].fail_permille = 200; break;
    case JS_FAULTS: unreachable();
    }
    w->is_stuck = w->is_stuck || fault == JS_FAULT_WRITE || fault == JS_FAULT_SYNC;
}

void js_world_heal(struct js_world *w)
{
    struct disk_memory *d = js_world_disk(w);
    w->host.disks.stall_permille = 0;
    d->capacity = 0;
    for (int i = 0; i < DISK_MEMORY_CALLS; i++) {
        d->fault[i].fail_at = 0;
        d->fault[i].fail_permille = 0;
    }
}

/* ---- the server ends ---- */

static void drop_all(struct js_world *w)
{
    for (uint32_t i = 0; i < w->clients_count; i++) js_client_drop(&w->clients[i], false);
}

static bool all_in(struct js_world *w)
{
    for (uint32_t i = 0; i < w->clients_count; i++)
        if (!w->clients[i].is_in) return false;
    return true;
}

void js_world_wait_in(struct js_world *w)
{
    if (!js_world_until(w, ANSWER_MAX, all_in)) jm_fail(&w->model, "some client is not let in");
}

static void start(struct js_world *w)
{
    struct errmsg why = { 0 };
    if (sim_host_begin(&w->host, &why)) return;
    jm_fail(&w->model, "the server does not start: %s", why.text);
}

/* It ends again before anybody comes: amid what it does at a start, or soon after. */
static void cut_short(struct js_world *w)
{
    enum sim_end end = rng_below(&w->rng, 2) == 0 ? SIM_END_KILLED : SIM_END_POWER_LOST;
    for (uint32_t ticks = rng_below(&w->rng, 200); ticks > 0; ticks--) {
        sim_clock_advance(&w->host.clock, MILLISECOND);
        sim_host_tick(&w->host, w->plan.base.idle_permille, w->plan.base.sleepy_permille);
    }
    if (w->host.log.echo) fprintf(stderr, "      the start is cut short\n");
    sim_host_end(&w->host, end);
    start(w);
}

/* A batch that is stored whole has up to 7 messages; beside them stand acks and configurations. */
static uint32_t record_max(const struct js_world *w)
{
    return 7 * (w->plan.payload_max + 200) + 4096;
}

void js_world_rot(struct js_world *w, enum sim_rot_kind kind)
{
    struct sim_rot r;
    sim_rot_flip(js_world_disk(w), kind, record_max(w), &w->rot_rng, &r);
    if (kind == SIM_ROT_BLOCK && r.kind == SIM_ROT_NONE)
        sim_rot_flip(js_world_disk(w), SIM_ROT_JOURNAL, record_max(w), &w->rot_rng, &r);
    w->model.rotten += r.kind != SIM_ROT_NONE;
    if (w->host.log.echo && r.kind != SIM_ROT_NONE)
        fprintf(stderr, "      %s turns: %s, byte %llu, bit %u; %llu to %llu may be damaged\n",
                sim_rot_text(r.kind), r.name, (unsigned long long)r.offset, r.bit,
                (unsigned long long)r.first, (unsigned long long)r.last);
    if (r.first > 0) {
        const struct jm_rot cost = { .owner = r.owner,
                                     .first = r.first,
                                     .last = r.last,
                                     .is_before = r.kind == SIM_ROT_JOURNAL };
        jm_rotted(&w->model, &cost);
    }
}

void js_world_restart(struct js_world *w, const struct js_round *round)
{
    static const char *const texts[] = { "in order", "killed", "power lost" };
    if (w->host.log.echo) fprintf(stderr, "      the server ends: %s\n", texts[round->end]);
    w->is_down = true;
    drop_all(w);
    sim_host_end(&w->host, round->end);
    struct disk_memory *d = js_world_disk(w);
    bool stays_full = round->fault == JS_FAULT_FULL && round->rot == SIM_ROT_NONE &&
                      is_full_at_once(w);
    js_world_heal(w);
    if (!round->is_rot_early) js_world_rot(w, round->rot);
    if (stays_full) d->capacity = disk_memory_used(d);
    jm_restarted(&w->model);
    start(w);
    if (round->is_cut_short && !jm_failed(&w->model)) cut_short(w);
    d->capacity = 0;
    w->is_down = w->is_stuck = w->is_admin_busy = w->model.may_fail = false;
    js_world_wait_in(w);
}
