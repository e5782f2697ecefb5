/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"

/* bcrypt of "secret", cost 4. */
static const char SECRET[] = "secret";

static const struct sim_permissions permissions[] = {
    { .pub_allow = { "a.>", "b.*", "_INBOX.>" } },
    { .pub_deny = { "a.b.>", "c" }, .sub_deny = { "b.>" } },
    { .sub_allow = { "a.>", "b", "_INBOX.>" }, .pub_deny = { "a.*.c" } },
    { .sub_allow = { "*.*", ">" }, .sub_deny = { "a.a", "*.c.>" } },
    { .pub_allow = { ">" }, .sub_deny = { "*.b", "d" } },
};

static const char *const permissions_texts[] = {
    "publish a.> b.* _INBOX.>",
    "publish not a.b.> c, subscribe not b.>",
    "publish not a.*.c, subscribe a.> b _INBOX.>",
    "subscribe *.* > not a.a *.c.>",
    "publish >, subscribe not *.b d",
};

const char *sim_permissions_text(const struct sim_permissions *p)
{
    return p == NULL ? "all" : permissions_texts[p - permissions];
}

static uint64_t between(struct rng *r, uint64_t low, uint64_t high)
{
    return low + rng_next(r) % (high - low + 1);
}

static bool chance(struct rng *r, uint32_t permille)
{
    return rng_below(r, 1000) < permille;
}

static const struct sim_permissions *draw_permissions(struct rng *r)
{
    if (chance(r, 400)) return NULL;
    return &permissions[rng_below(r, ARRAY_COUNT(permissions))];
}

static void draw_users(struct sim_config *c, struct rng *r)
{
    c->accounts = 1;
    if (chance(r, 250)) return;
    c->accounts = (uint32_t)between(r, 1, SIM_ACCOUNTS_MAX);
    c->users_count = (uint32_t)between(r, 1, SIM_USERS_MAX);
    for (uint32_t i = 0; i < c->users_count; i++) {
        struct sim_user *u = &c->users[i];
        snprintf(u->name, sizeof u->name, "user%u", i);
        u->is_bcrypt = chance(r, 100);
        snprintf(u->pass, sizeof u->pass, u->is_bcrypt ? "%s" : "%s%u", SECRET, i);
        u->account = rng_below(r, c->accounts);
        u->permissions = draw_permissions(r);
    }
}

static void draw_config(struct sim_plan *p, struct rng *r)
{
    struct sim_config *c = &p->config;
    draw_users(c, r);
    p->is_tight = chance(r, 300);
    c->max_payload = (int64_t)MIB;
    if (chance(r, 300)) c->max_payload = (int64_t)between(r, 20000, 200000);
    c->max_pending = (int64_t)(64 * MIB);
    if (p->is_tight) c->max_pending = (int64_t)between(r, 20000, 400000);
    if (c->max_payload > c->max_pending) c->max_payload = c->max_pending;
    c->max_connections = 65536;
    c->ping_interval = (nanos)between(r, 1, 20) * SECOND;
    c->ping_max = (int32_t)between(r, 1, 3);
    c->write_deadline = (nanos)between(r, 2, 15) * SECOND;
}

static void draw_net(struct sim_plan *p, struct rng *r)
{
    static const uint32_t buffers[] = { 700, 4096, 65536, 262144, 1 << 20 };
    static const uint32_t partial[] = { 0, 50, 300, 900 };
    p->net.buffer = buffers[rng_below(r, ARRAY_COUNT(buffers))];
    p->net.latency_max = (nanos)between(r, 0, 5) *
                         (chance(r, 500) ? MILLISECOND : 50 * MICROSECOND);
    p->net.latency_min = p->net.latency_max / 4;
    p->net.partial_permille = partial[rng_below(r, ARRAY_COUNT(partial))];
    p->net.again_permille = chance(r, 500) ? 0 : 100;
    p->net.refuse_permille = chance(r, 700) ? 0 : 100;
    if (chance(r, 150)) p->net.socks_max = SIM_SOCK_FIRST + 1 + (uint32_t)between(r, 3, 8);
}

void sim_plan_draw_calm_net(struct sim_plan *p, struct rng *r)
{
    p->net.buffer = 1 << 20;
    p->net.latency_max = (nanos)between(r, 0, 20) * 100 * MICROSECOND;
    p->net.latency_min = p->net.latency_max / 4;
    p->net.partial_permille = chance(r, 500) ? 0 : 100;
}

void sim_plan_calm_config(struct sim_config *c)
{
    *c = (struct sim_config){ .accounts = 1,
                              .max_payload = (int64_t)MIB,
                              .max_pending = (int64_t)(64 * MIB),
                              .max_connections = 65536,
                              .ping_interval = 120 * SECOND,
                              .ping_max = 2,
                              .write_deadline = 10 * SECOND };
}

void sim_plan_draw(struct sim_plan *p, uint64_t seed)
{
    static const uint32_t reactors[] = { 1, 2, 4 };
    static const uint32_t sizes[] = { 16, 200, 200, 3000, 12000, 100000 };
    struct rng rng;
    struct rng *r = &rng;
    rng_init(r, seed);
    *p = (struct sim_plan){ .seed = seed };
    p->reactors = reactors[rng_below(r, ARRAY_COUNT(reactors))];
    p->clients = (uint32_t)between(r, 2, 14);
    p->steps = (uint32_t)between(r, 300, 2500);
    draw_net(p, r);
    draw_config(p, r);
    p->payload_max = sizes[rng_below(r, ARRAY_COUNT(sizes))];
    if (p->payload_max + 1000 > p->config.max_payload) p->payload_max = 10000;
    p->tokens = (uint32_t)between(r, 1, 4);
    p->step_max = (nanos)between(r, 20, 4000) * MICROSECOND;
    p->idle_permille = chance(r, 500) ? 50 : (uint32_t)between(r, 100, 900);
    p->sleepy_permille = chance(r, 300) ? 0 : 700;
    p->busy_permille = (uint32_t)between(r, 50, 700);
    p->leave_permille = chance(r, 300) ? 0 : (uint32_t)between(r, 1, 12);
    p->slow_permille = chance(r, 500) ? 0 : 200;
    p->never_permille = chance(r, 600) ? 0 : 100;
    p->junk_permille = chance(r, 700) ? 0 : 2;
    p->reload_permille = chance(r, 500) ? 0 : 8;
    p->jump_permille = chance(r, 700) ? 0 : 5;
    p->door_permille = chance(r, 850) ? 0 : 50;
    if (chance(r, 100)) p->config.memory_limit = p->reactors * between(r, 100000, 600000);
}

/* ---- a reload ---- */

/* Without any, nobody would have to log in. */
static uint32_t users_left(const struct sim_config *c)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < c->users_count; i++) left += !c->users[i].is_removed;
    return left;
}

void sim_config_change(struct sim_config *c, struct rng *r)
{
    if (c->users_count == 0) {
        c->ping_interval = (nanos)between(r, 1, 20) * SECOND;
        return;
    }
    struct sim_user *u = &c->users[rng_below(r, c->users_count)];
    switch (rng_below(r, 5)) {
    case 0: u->is_removed = !u->is_removed && users_left(c) > 1; break;
    case 1: u->account = rng_below(r, c->accounts); break;
    case 2:
        if (!u->is_bcrypt) snprintf(u->pass, sizeof u->pass, "new%u", rng_below(r, 100));
        break;
    default: u->permissions = draw_permissions(r); break;
    }
}

/* ---- options ---- */

static const char *account_name(uint32_t index)
{
    static const char *const names[SIM_ACCOUNTS_MAX] = { "A", "B", "C" };
    assert(index < SIM_ACCOUNTS_MAX);
    return names[index];
}

static void add_rules(struct options *o, struct subject_rules *to, const char *const *allow,
                      const char *const *deny)
{
    for (int i = 0; i < SIM_RULES_MAX && allow[i] != NULL; i++) {
        struct subject_rule *rule = arena_push(o->arena, (void **)&to->allow, &to->allow_count,
                                               sizeof *rule);
        rule->subject = allow[i];
        to->present = to->allow_present = true;
    }
    for (int i = 0; i < SIM_RULES_MAX && deny[i] != NULL; i++) {
        struct subject_rule *rule = arena_push(o->arena, (void **)&to->deny, &to->deny_count,
                                               sizeof *rule);
        rule->subject = deny[i];
        to->present = to->deny_present = true;
    }
}

static const struct permissions *permissions_of(struct options *o, const struct sim_permissions *p)
{
    if (p == NULL) return NULL;
    struct permissions *made = arena_alloc(o->arena, sizeof *made);
    add_rules(o, &made->publish, p->pub_allow, p->pub_deny);
    add_rules(o, &made->subscribe, p->sub_allow, p->sub_deny);
    return made;
}

static void add_user(struct options *o, struct account_options *account, const struct sim_user *u)
{
    static const char hash[] = "$2a$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
    struct user_list *list = &account->users;
    list->present = true;
    struct user_options *made = arena_push(o->arena, (void **)&list->items, &list->count,
                                           sizeof *made);
    made->name = arena_str(o->arena, slice_str(u->name));
    made->pass = u->is_bcrypt ? hash : arena_str(o->arena, slice_str(u->pass));
    made->account = account->name;
    made->permissions = permissions_of(o, u->permissions);
}

static void add_accounts(struct options *o, const struct sim_config *c)
{
    for (uint32_t a = 0; a < c->accounts; a++) {
        struct account_options *account = arena_push(o->arena, (void **)&o->accounts,
                                                     &o->accounts_count, sizeof *account);
        o->accounts_present = true;
        account->name = account_name(a);
        account->connections_max = account->leafs_max = -1;
        account->subscriptions_max = account->payload_max = -1;
        for (uint32_t i = 0; i < c->users_count; i++)
            if (c->users[i].account == a && !c->users[i].is_removed)
                add_user(o, account, &c->users[i]);
    }
}

static void add_streams(struct options *o, const struct sim_config *c)
{
    o->jetstream.present = o->jetstream.enabled = true;
    o->jetstream.store_dir = SIM_STORE_DIR;
    if (c->is_sealed) o->jetstream.key = "a key of the simulator";
    if (c->store_cache > 0) o->midge.store_cache = (int64_t)c->store_cache;
    o->jetstream.sync_present = c->sync_interval > 0 || c->syncs_always;
    o->jetstream.sync_interval = c->sync_interval;
    o->jetstream.sync_always = c->syncs_always;
}

struct options *sim_config_options(const struct sim_config *c)
{
    struct options *o = options_new();
    o->client.host = "127.0.0.1";
    o->client.port = -1;
    o->server_name = "sim";
    o->monitoring.http_port = 8222;
    o->lame_duck_grace_period = 300 * MILLISECOND;
    o->lame_duck_duration = 3 * SECOND;
    o->limits.max_payload = c->max_payload;
    o->limits.max_pending = c->max_pending;
    o->limits.max_connections = c->max_connections;
    o->ping_interval = c->ping_interval;
    o->ping_max = c->ping_max;
    o->write_deadline = c->write_deadline;
    o->midge.memory_limit = (int64_t)c->memory_limit;
    if (c->users_count > 0) add_accounts(o, c);
    if (c->has_streams) add_streams(o, c);
    options_finish(o);
    return o;
}

/* ---- subjects and sizes ---- */

void sim_draw_subject(const struct sim_plan *p, struct rng *r, bool wild,
                      char ret_text[SIM_SUBJECT_MAX])
{
    char *at = ret_text;
    uint32_t depth = 1 + rng_below(r, 4);
    for (uint32_t i = 0; i < depth; i++) {
        if (i > 0) *at++ = '.';
        uint32_t kind = wild ? rng_below(r, 10) : 9;
        if (kind == 0 || (kind == 1 && i + 1 == depth)) {
            *at++ = kind == 0 && i + 1 == depth ? '>' : '*';
        } else {
            *at++ = (char)('a' + rng_below(r, p->tokens));
        }
    }
    *at = 0;
}

uint32_t sim_draw_size(const struct sim_plan *p, struct rng *r)
{
    uint32_t max = chance(r, 900) && p->payload_max > 300 ? 300 : p->payload_max;
    return rng_below(r, max + 1);
}
