/* SPDX-License-Identifier: Apache-2.0 */
/* Reactor: one thread's loop. Connections, timers, mail from other reactors; one tick() that fits
 * on a screen.
 *
 * Production: a thread per reactor calls reactor_tick() for ever. Simulation: one thread calls
 * every reactor in seeded order. Nothing below can tell the difference.
 *
 * Thread:  its own, but for reactor_post() and what mailbox.h marks.
 * Memory:  owns its pool, read buffer and mailboxes; connections belong to the application.
 * Sharing: `struct reactors` is the set that can post to each other, with the reclamation epoch.
 *          What other reactors may still hold is freed through reactor_retire(). */
#ifndef MIDGE_NET_REACTOR_H
#define MIDGE_NET_REACTOR_H

#include <stdatomic.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/list.h"
#include "base/qsbr.h"
#include "base/rng.h"
#include "base/wheel.h"
#include "env/env.h"
#include "net/mailbox.h"
#include "net/outq.h"

enum { REACTORS_MAX = 8 };
static_assert((int)REACTORS_MAX <= (int)QSBR_READERS_MAX,
              "every reactor is a reader of shared memory");

/* Bytes read at once. A read is handed up in turns, and between two turns of a flood the reactor
 * looks at the others: large reads cost few system calls, short turns keep a lone requester's
 * latency beside a flood (decision 004). A connection that filled READ_BETWEEN is a flood. */
enum { READ_BUFFER = 64 * 1024, READ_TURN = 8 * 1024, READ_BETWEEN = 8 * 1024 };

/* … when that is worth a look, which costs as much as a message or two: after so many bytes that
 * were handed up, with what they led to, a delivery counting as so many. A turn of small messages
 * is that much; of long ones it takes several. */
enum { LOOK_BYTES = 32 * 1024, LOOK_DELIVERY = 512 };

/* Steps of handshakes that one reactor has at the workers; the others wait for their turn. One of
 * each reactor: more bring no more handshakes where all cores serve clients, and take cores from
 * them (decision 005). */
enum { SLOW_AT_ONCE = 1 };

/* What a peer that does not read leaves behind when it is cut: the C library keeps it, in pieces
 * that later loads may not fit. So much of it goes back to the machine, at most once a second. */
enum { TRIM_BYTES = 16 << 20 };

/* Something that must wait until no reactor refers to it. Embedded in what is retired. */
struct retired {
    struct retired *next;
    void (*free)(struct retired *);
};

struct reactor {
    uint32_t id;
    struct reactors *set;
    struct env *env;
    struct poller *poller;
    struct disk_queue *disk; /* of the store, polled in each tick; NULL when there is none */
    nanos now;  /* monotonic, read once per tick */
    nanos wall; /* real time, read once per tick */
    struct wheel wheel;
    struct rng rng;
    struct door door;
    struct outpool pool;
    nanos trimmed; /* when freed memory was last given back to the machine */
    struct list dirty; /* connections to flush before the tick ends */
    struct list again; /* connections with input that was read but not yet handed up */
    struct list turns; /* asked for: see reactor_turn() */
    struct turn *last_turn; /* of each tick, see reactor_set_last(); NULL: none */
    struct list freed; /* connections that are closed; on_free at the end of the tick */
    struct mailbox *mailbox;
    struct limbo *limbo;
    uint8_t *read_buffer;   /* READ_BUFFER bytes, and READ_BETWEEN more for reads between turns */
    uint8_t *filter_buffer; /* READ_BUFFER bytes for a filter that needs a place to decrypt into */
    void *user;             /* the application's state of this reactor */
    /* Called for each record that another reactor posted (core delivers it). */
    void (*on_record)(struct reactor *, const struct record *);
    struct list slow_waiting; /* works of reactor_slow() that have not begun */
    uint32_t slow_away;       /* … that are at the workers */
    uint64_t connections; /* open now */
    uint32_t works;       /* away at a worker; the reactor must outlive them */
    uint64_t work; /* deliveries so far: the application counts, connections adapt their reads */
    uint64_t work_looked; /* … when the reactor last looked at all connections */
    uint64_t unlooked;    /* bytes handed up since then, deliveries included; of floods */
    bool is_between; /* two turns of one connection's read: see reactor_between() */
    /* for /stacksz: a static string; read by any thread */
    _Atomic(const char *) doing;
    bool stop;
};

struct reactors {
    struct env *env;
    struct qsbr qsbr;
    uint32_t count;
    uint64_t hash_seed;
    struct reactor *at[REACTORS_MAX];
};

struct reactors *reactors_new(struct env *, uint32_t count, uint64_t memory_limit);
struct reactors *reactors_free(struct reactors *); /* all connections must be gone; returns NULL */

/* One turn. Waits at most `sleep_max` for something to do. Returns how much was done. */
uint32_t reactor_tick(struct reactor *, nanos sleep_max);
/* Nothing of it is on its way, and nobody is there: it may be freed when it ticks no more. */
bool reactor_is_done(struct reactor *);

/* The queue whose finished operations this reactor brings home, made with reactor_wake() and the
 * reactor as its `wake`. NULL takes it away again, before it is freed. Its owner stays the
 * caller. */
void reactor_set_disk(struct reactor *, struct disk_queue *);
void reactor_wake(void *reactor); /* any thread; does nothing when it is awake */

/* Between two turns of a flood, the last of which had so many bytes: serves connections that have
 * something short to say, and sends what that leads to; not before LOOK_BYTES. Call where no state
 * of a connection is half changed. Does nothing when called from within itself. */
void reactor_between(struct reactor *, uint32_t turn_bytes);

/* A message to a reactor, from any thread. `run` is called there in a later tick, in order of
 * posting per sender.
 * Memory: the mail belongs to the receiver until `run` has been called. */
struct mail {
    struct mail *next;
    void (*run)(struct mail *, struct reactor *);
};
void reactor_post(struct reactor *, struct mail *);

/* Frees `what` when no reactor can refer to it any more: all have been quiescent since, and this
 * reactor has then consumed all that was posted to it before. Call on the reactor that the thing
 * belongs to. */
void reactor_retire(struct reactor *, struct retired *what, void (*free)(struct retired *));

/* A feature's turn at the end of a tick: all that came in was looked at, nothing has left yet. Who
 * asks has one turn, in this tick or, when asking from within a turn, in the next; asking again
 * meanwhile changes nothing. Embedded in the feature's struct. */
struct turn {
    struct list node; /* private */
    void (*run)(struct turn *, struct reactor *);
};
void turn_init(struct turn *, void (*run)(struct turn *, struct reactor *));
void reactor_turn(struct reactor *, struct turn *);
void turn_cancel(struct turn *); /* one that was not asked for is fine */
/* A turn in each tick, after those that were asked for: for one who gathers what they did. NULL
 * takes it away again. */
void reactor_set_last(struct reactor *, struct turn *);

/* A worker's work that comes home: call on `home`, where `done` runs. Embedded in the caller's
 * struct. */
struct reactor_work {
    struct work work;
    struct mail mail;
    struct reactor *home;
    bool is_slow;                        /* private: came through reactor_slow() */
    bool is_begun;                       /* private: is not in `slow_waiting` any more */
    const char *doing;                   /* a static text: "checking a password" */
    void (*run)(struct reactor_work *);  /* worker thread */
    void (*done)(struct reactor_work *); /* home */
};
MUST_CHECK enum err reactor_work(struct reactor *home, struct reactor_work *);

/* The same for quick work that many connections want at once (a step of a handshake): at most
 * SLOW_AT_ONCE of them are away, the others wait here and go in the order in which they asked. When
 * no worker takes it, it runs here. `done` comes in a later tick. Call on `home`. */
void reactor_slow(struct reactor *home, struct reactor_work *);
/* Takes back what has not begun. False: it is away, `done` will come. */
bool reactor_slow_cancel(struct reactor *home, struct reactor_work *);

#endif
