/* SPDX-License-Identifier: Apache-2.0 */
/* Model: what the clients did and saw, and what must follow from it. Brute force, outside the code
 * under test.
 *
 * It knows no server state. A command that a client sent is certainly carried out once the PONG of
 * a later PING has come (or another effect of a later command was seen); between the two moments it
 * may be or may not. So every fact has an interval, and the checks speak only of what is certain:
 *
 * - who certainly listened from before a message was sent until after it was certainly carried out,
 * gets it exactly once;
 * - who certainly did not listen, may not receive, or sits in another account, never gets it;
 * - one member of a queue group gets it, unless a possible member died with it;
 * - what one connection published arrives in that order at each subscription, without gaps;
 * - a PONG comes behind everything that was published before any PONG or delivery seen before its
 * PING was sent;
 * - a 503 comes exactly when nobody can have listened.
 *
 * Thread: one. Memory: owns all that it hands out until model_deinit(). The first violation is kept
 * in `failure`. */
#ifndef MIDGE_SIM_MODEL_H
#define MIDGE_SIM_MODEL_H

#include "base/arena.h"
#include "base/compiler.h"
#include "sim/codec.h"
#include "sim/plan.h"

#define SIM_NEVER UINT64_MAX

enum { SIM_VERSIONS_MAX = 64, SIM_INBOX_TEXT = 64 };

struct model;

struct sim_sub {
    struct sim_peer *peer;
    uint32_t sid;
    int group; /* -1: plain */
    char pattern[SIM_SUBJECT_MAX];
    uint64_t sent;
    /* not before this it had been let in: a later PING was sent */
    uint64_t proven;
    uint64_t confirmed; /* by a barrier */
    uint64_t unsub_sent;
    uint64_t unsub_confirmed;
    uint64_t ended; /* refused, or lost by a reload: the -ERR came */
    uint32_t max;   /* UNSUB with a number; 0: none */
    uint64_t max_sent;
    bool max_confirmed;
    uint32_t got;
    bool is_inbox;
    bool is_doubtful;     /* it, or one beside it, was refused for want of memory */
    struct sim_msg **due; /* must still come, oldest first */
    uint32_t due_count;
    uint32_t due_cap;
    /* by publisher's id: the number of its last message here, from 1 */
    uint32_t *last;
    uint32_t last_cap;
};

struct sim_msg {
    struct sim_peer *from;
    uint32_t id;
    uint32_t number; /* among those of its publisher, from 1 */
    char subject[SIM_SUBJECT_MAX];
    char reply[SIM_INBOX_TEXT];
    uint32_t size;
    bool has_headers;
    bool wants_503;
    bool is_refused; /* for certain */
    bool is_told;    /* a refusal was taken for its own */
    uint64_t sent;
    uint64_t confirmed;
    uint32_t deliveries;
    uint32_t no_responders;
    uint32_t group_got[SIM_GROUPS];
};

struct sim_barrier {
    uint64_t sent;
    uint32_t ops;  /* that each had an answer (+OK or -ERR) due before */
    uint32_t msgs; /* published before */
    uint32_t subs;
};

enum { SIM_BARRIERS_MAX = 64 };

struct sim_peer {
    uint32_t id;
    const struct sim_user *user; /* as it was when the client came; NULL: anonymous */
    uint32_t user_index;
    uint32_t account;
    /* a reload came while it logged in: nobody knows its account */
    bool is_vague;
    bool verbose, echo, headers, no_responders;
    bool is_forgotten; /* the network saw the server close its end */
    bool may_close;    /* the server has cause to close it */
    const char *may_close_why;
    uint64_t opened;
    uint64_t in;           /* first PONG */
    uint64_t died;         /* its client ended it or saw the end */
    uint64_t gone;         /* the server gave the socket back: certainly forgotten */
    struct sim_sub **subs; /* by sid, from 1 */
    uint32_t subs_count;
    struct sim_msg **msgs;
    uint32_t msgs_count;
    uint32_t msgs_confirmed; /* carried out, as far as anybody can tell */
    uint32_t msgs_judged;    /* before the last barrier */
    struct sim_barrier barriers[SIM_BARRIERS_MAX];
    uint64_t pings;    /* sent */
    uint64_t pongs;    /* seen */
    uint64_t answered; /* when the last PING was sent whose PONG came */
    uint32_t ops, oks, refusals;
};

struct sim_version {
    struct sim_config config;
    uint64_t begun;   /* the reload was ordered */
    uint64_t applied; /* every reactor has it */
};

struct model {
    struct arena *arena;
    const struct sim_plan *plan;
    uint64_t now; /* counts events */
    struct sim_version *versions;
    uint32_t versions_count;
    struct sim_peer **peers;
    uint32_t peers_count;
    struct sim_sub **subs;
    uint32_t subs_count;
    struct sim_msg **msgs;
    uint32_t msgs_count;
    /* doors may refuse: who is refused is a casualty, no failure */
    bool memory_fails;
    uint32_t casualties;
    uint64_t delivered; /* for the report */
    uint64_t dues_met;
    /* For the tests of the checker itself: the model pretends that this went wrong. */
    struct sim_mischief {
        uint32_t drop_at;   /* the n-th delivery is not seen */
        uint32_t double_at; /* is seen twice */
        bool deaf_to_deny;  /* permissions of the model forbid nothing it publishes */
    } mischief;
    char failure[512];
};

void model_init(struct model *, const struct sim_plan *);
void model_deinit(struct model *);

/* `dialled`: the moment (model->now) when its client knocked. */
struct sim_peer *model_open(struct model *, uint32_t user_index, uint64_t dialled);
void model_died(struct model *, struct sim_peer *);
void model_gone(struct model *, struct sim_peer *);

/* What a client sends. */
struct sim_sub *model_sub(struct model *, struct sim_peer *, const char *pattern, int group);
void model_unsub(struct model *, struct sim_sub *, uint32_t max);
/* `size` of headers and payload comes from the caller; the payload's bytes from model_payload().
 * `reply` may be NULL;
 * "?" makes an inbox subject of the message's own. */
struct sim_msg *model_publish(struct model *, struct sim_peer *, const char *subject,
                              const char *reply, uint32_t size, bool headers);
void model_payload(const struct sim_msg *, struct buf *out);
void model_headers(const struct sim_msg *, struct buf *out);
void model_ping(struct model *, struct sim_peer *);

/* What it reads. Returns the message that came, NULL when it is none. */
struct sim_msg *model_message(struct model *, struct sim_peer *, const struct sim_op *,
                              struct sim_sub **ret_sub);
void model_pong(struct model *, struct sim_peer *);
void model_ok(struct model *, struct sim_peer *);
void model_err(struct model *, struct sim_peer *, struct slice text);

/* Configurations. */
void model_reload(struct model *, const struct sim_config *);
void model_reload_applied(struct model *);
const struct sim_config *model_config(const struct model *); /* the newest */

/* The server closed the connection, or refused it. */
void model_closed(struct model *, struct sim_peer *);
void model_may_close(struct sim_peer *, const char *why);

/* All live peers have had two barriers each since the last publish: nothing may be missing. */
void model_finish(struct model *);

void model_fail(struct model *, const char *format, ...) PRINTF_LIKE(2, 3);
static inline bool model_failed(const struct model *m)
{
    return m->failure[0] != 0;
}

#endif
