/* SPDX-License-Identifier: Apache-2.0 */
/* Sub: one subscription, and the sink that its messages go to.
 *
 * A sink is any place a message can go: a client's session, a stream, later a route, a gateway, a
 * leaf. Features subscribe without a connection: an internal sink is called on the reactor where it
 * lives, or, when it lives nowhere, on whatever reactor publishes.
 *
 * Thread:  belongs to its sink's reactor; others only read `sink`, `entry`, `is_closed` until their
 * next quiescent point.
 * Memory:  one block with its texts; freed through reactor_retire() after its removal. The door
 *          counts with it what the index and the session's table hold for it. A sink must outlive
 *          the grace period of its last subscription, for messages may be on their way to it: a
 *          feature retires it after sub_leave(), through reactor_retire() on the same reactor. */
#ifndef MIDGE_CORE_SUB_H
#define MIDGE_CORE_SUB_H

#include <stdatomic.h>
#include <stdbool.h>

#include "net/reactor.h"
#include "subject/interest.h"

struct account;
struct core_reactor;
struct message;
struct session;
struct sub;

enum { SINK_ANYWHERE = REACTORS_MAX };

/* Bytes on their way to an internal sink from other reactors; more of them hold their
 * publishers. */
enum { SINK_POSTED_HIGH = 16 << 20 };

struct sink {
    /* where it lives; SINK_ANYWHERE: called on the publisher's */
    uint32_t        reactor;
    struct session *session;                    /* a client's; NULL: internal */
    /* Internal only; always takes the message, once for each of its subscriptions that matches.
     * Must not change subscriptions of this account from inside, nor call deliver_as(): a feature
     * takes the message and asks for a turn. To hold a publisher of this reactor for a moment it
     * sets `wants_stall`. */
    void (*deliver)(struct sink *, struct core_reactor *, struct sub *, const struct message *);
    _Atomic uint64_t posted;                    /* internal: bytes that wait in mailboxes */
    /* Internal; NULL: nothing. Prefetches what `deliver` will touch. Called with 0, 1, … up to
     * SINK_SOON_STEPS, a step when what the one before has asked for may have come, and does
     * nothing else. On the sink's reactor. */
    void (*soon)(const struct sink *, uint32_t step);
};
enum { SINK_SOON_STEPS = 2 };

struct sub {
    struct interest_entry entry;
    struct sink          *sink;
    struct door          *door;                 /* that counted it */
    union {
        struct {
            uint64_t delivered;
            uint32_t max;                       /* deliveries after which it ends; 0: none */
        };
        struct retired retired;                 /* after its removal */
    };
    uint16_t     sid_len;
    bool         is_near;                       /* its memory is of base/near.h */
    _Atomic bool is_filtered;                   /* each message needs permission_delivery() */
    _Atomic bool is_closed;
    uint8_t      text[];                        /* subject, queue, sid */
};

static inline struct sub *sub_of(struct interest_entry *e)
{
    return container_of(e, struct sub, entry);
}

static inline struct slice sub_sid(const struct sub *s)
{
    return slice_of(s->text + s->entry.subject_len + s->entry.queue_len, s->sid_len);
}

/* A client's sink lives on the client's reactor, an internal one anywhere. */
void sink_check(const struct sink *);
/* Asserts every invariant of one that has not left its index; O(1). */
void sub_check(const struct sub *);

/* NULL when the door refuses. Not yet in any index. */
MUST_CHECK struct sub *sub_new(struct door *, struct sink *, struct slice subject,
                               struct slice queue, struct slice sid);
/* One that never was in an index. On its door's reactor. */
void sub_free(struct sub *);

/* Puts it into the account's index; replaced memory is retired on this reactor. */
void sub_enter(struct reactor *, struct account *, struct sub *);
/* Takes it out and retires it on this reactor, its sink's. */
void sub_leave(struct reactor *, struct account *, struct sub *);

/* Sids of one session to its subs. All zero is empty. Owned by the session. */
struct sid_shard {
    struct sub **at;
    uint32_t     cap;
    uint32_t     count;
};
struct sids {
    struct sid_shard  first;                    /* until there are SIDS_SHARD_FROM */
    struct sid_shard *many;                     /* 256 shards, so that growing is never long */
    uint32_t          count;
};

struct sub *sids_find(const struct sids *, uint64_t seed, struct slice sid);
void sids_add(struct sids *, uint64_t seed, struct sub *);
void sids_remove(struct sids *, uint64_t seed, struct sub *);
/* for (uint64_t at = 0; (sub = sids_next(s, &at)) != NULL;) … Nothing may be removed meanwhile. */
struct sub *sids_next(const struct sids *, uint64_t *at);
/* Some sub, or NULL when empty. */
struct sub *sids_any(const struct sids *);
void sids_deinit(struct sids *);
/* Asserts every invariant: each sub is found by its sid, counts agree with tables, tables have room
 * and the right size. O(n). Returns how many there are. */
uint32_t sids_check(const struct sids *, uint64_t seed);

#endif
