/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated network: stream sockets in memory, with latency, small buffers and faults.
 *
 * A link is one connection. Its server end is a socket number of `struct net`; its client end is
 * the `struct sim_link` itself, driven by the functions here. Bytes travel as parcels with a time
 * of arrival; a direction holds at most `buffer` bytes that were sent and not yet read. Socket
 * numbers are used again, lowest first, as a kernel does.
 *
 * Faults: partial reads and writes, needless AGAIN, cut (nothing passes, nobody is told), reset,
 * end of stream, refused accept, no descriptors left.
 * Thread: one. Memory: links belong to the net until both ends are closed and sim_link_drop() was
 * called. */
#ifndef MIDGE_SIM_NET_H
#define MIDGE_SIM_NET_H

#include "base/rng.h"
#include "env/net.h"
#include "sim/machine.h"

enum { SIM_SOCKS_MAX = 512, SIM_POLLERS_MAX = 8, SIM_SOCK_FIRST = 3 };

struct sim_link;

struct sim_net_options {
    uint32_t buffer; /* bytes that one direction holds */
    nanos latency_min;
    nanos latency_max;
    uint32_t partial_permille; /* reads and writes that move only a part */
    uint32_t again_permille;   /* reads and writes that move nothing though they could */
    uint32_t refuse_permille;  /* accepts that fail */
    uint32_t socks_max;        /* descriptors; 0: SIM_SOCKS_MAX */
};

struct sim_poller {
    struct poller base;
    struct sim_net *net;
    bool is_used;
    bool woken;
    /* of the last wait that found nothing: when it would have ended by itself */
    nanos asleep_until;
};

struct sim_sock {
    enum { SIM_SOCK_FREE, SIM_SOCK_LISTENER, SIM_SOCK_STREAM } kind;
    struct sim_poller *poller;
    void *owner;
    uint32_t interest;
    uint16_t port;         /* listener */
    struct sim_link *link; /* stream; listener: the first that waits */
};

struct sim_net {
    struct net base;
    struct sim_clock *clock;
    struct rng rng;
    struct sim_net_options options;
    bool is_calm; /* no faults from now on */
    struct sim_poller pollers[SIM_POLLERS_MAX];
    struct sim_sock socks[SIM_SOCKS_MAX];
    uint16_t next_port;
    struct sim_link *links; /* all */
    uint64_t bytes_to_clients;
    uint64_t hash; /* of all that the server did to its sockets */
};

void sim_net_init(struct sim_net *, struct sim_clock *, uint64_t seed);
void sim_net_deinit(struct sim_net *);
uint32_t sim_net_open(const struct sim_net *); /* server sockets that are open */
/* True when a wait on this poller would return at once. */
bool sim_poller_ready(const struct sim_poller *);

/* A client knocks. NULL when nobody listens there. */
struct sim_link *sim_link_dial(struct sim_net *, uint16_t port);
/* As read and write of `struct net`. */
int64_t sim_link_read(struct sim_link *, uint8_t *bytes, uint32_t max);
int64_t sim_link_write(struct sim_link *, const uint8_t *bytes, uint32_t len);
void sim_link_finish(struct sim_link *); /* the client closes: what it sent still arrives */
/* what is under way is lost, the server gets an error */
void sim_link_reset(struct sim_link *);
void sim_link_cut(struct sim_link *); /* the wire is cut: no end is told */
/* The client forgets the link; it was finished, reset or cut. */
void sim_link_drop(struct sim_link *);
/* `*flag` becomes true when the server has closed its end (now, if it has). Stays valid after a
 * drop. */
void sim_link_watch(struct sim_link *, bool *flag);
/* the server gave its socket back */
bool sim_link_server_closed(const struct sim_link *);
/* bytes on their way to the client */
uint32_t sim_link_unread(const struct sim_link *);

#endif
