/* SPDX-License-Identifier: Apache-2.0 */
/* Plan: all that a seed decides before the first tick: sizes, probabilities, users, and how a
 * reload changes them.
 *
 * Pure data, drawn from an rng. Thread: one. Memory: plain values; texts are static or inside. */
#ifndef MIDGE_SIM_PLAN_H
#define MIDGE_SIM_PLAN_H

#include "base/rng.h"
#include "config/options.h"
#include "sim/net.h"
#include "sim/rules.h"

#define SIM_STORE_DIR "/sim"

enum { SIM_USERS_MAX = 6, SIM_ACCOUNTS_MAX = 3, SIM_GROUPS = 3, SIM_SUBJECT_MAX = 96 };

struct sim_user {
    char name[16];
    char pass[16];
    uint32_t account;
    bool is_removed;
    bool is_bcrypt;
    const struct sim_permissions *permissions; /* NULL: everything */
};

/* What one configuration file says. Without users everybody is in $G. */
struct sim_config {
    uint32_t accounts;
    uint32_t users_count;
    struct sim_user users[SIM_USERS_MAX];
    int64_t max_payload;
    int64_t max_pending;
    int64_t max_connections;
    nanos ping_interval;
    int32_t ping_max;
    nanos write_deadline;
    uint64_t memory_limit;
    bool has_streams; /* JetStream is on */
    bool is_sealed;   /* … and what is on its disk is encrypted */
    uint64_t store_cache;
    nanos sync_interval; /* 0: an ack waits for the disk */
    bool syncs_always;   /* … because the configuration says so */
};

struct sim_plan {
    uint64_t seed;
    uint32_t reactors;
    uint32_t clients;
    uint32_t steps;
    struct sim_net_options net;
    /* a step in which one of the next allocations at a door fails */
    struct sim_config config;
    uint32_t door_permille;
    bool is_tight; /* anybody may be cut as a slow consumer */
    uint32_t payload_max;
    uint32_t tokens;          /* alphabet of subjects: fewer, more matches */
    nanos step_max;           /* virtual time between two steps */
    uint32_t idle_permille;   /* a reactor that gets no turn in a step */
    uint32_t sleepy_permille; /* ticks that are allowed to sleep */
    /* chances of each event, a client and a step */
    uint32_t busy_permille;
    uint32_t leave_permille;
    uint32_t slow_permille;  /* connections that read little */
    uint32_t never_permille; /* connections that stop reading */
    uint32_t junk_permille;
    uint32_t reload_permille; /* a step */
    uint32_t jump_permille;   /* of the real-time clock, a step */
};

void sim_plan_draw(struct sim_plan *, uint64_t seed);
/* A network with latency and pieces, on which nobody is cut for being slow. */
void sim_plan_draw_calm_net(struct sim_plan *, struct rng *);
void sim_plan_calm_config(struct sim_config *);
/* A reload: some users change or go, some come back, limits move. */
void sim_config_change(struct sim_config *, struct rng *);
/* A name for a trace. */
const char *sim_permissions_text(const struct sim_permissions *);
/* As the configuration loader would have made them. Caller frees or gives away. */
struct options *sim_config_options(const struct sim_config *);

/* A subject of 1 to 4 tokens out of few, so that much matches; with wildcards when `wild`. */
void sim_draw_subject(const struct sim_plan *, struct rng *, bool wild,
                      char ret_text[SIM_SUBJECT_MAX]);
uint32_t sim_draw_size(const struct sim_plan *, struct rng *);

#endif
