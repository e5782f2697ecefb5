/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's network: sockets that are file descriptors, pollers over epoll.
 *
 * Thread:  any; a poller belongs to one reactor, but for its wake.
 * Memory:  `struct net` has no state. A poller frees itself by its ops.
 * Rules:   a descriptor that is removed while its event waits in the batch of a wait() still shows
 *          up in that batch; its owner must stay valid until the batch is done (connections are
 *          freed at the end of a tick). Interest 0 also silences hang-ups until interest
 *          returns. */
#ifndef MIDGE_OS_NET_H
#define MIDGE_OS_NET_H

#include "env/net.h"

void os_net_init(struct net *);

struct poller *os_poller_new(struct net *);
enum err os_listen(struct net *, const struct net_listen *, int *ret_sock,
                   struct net_addr *ret_bound, struct errmsg *why) MUST_CHECK;
uint32_t os_interfaces(struct net *, struct net_addr *ret_addrs, uint32_t max);

struct sockaddr_storage;
/* IPv4-mapped addresses become IPv4. False for families that are neither. */
bool os_addr_from(const struct sockaddr_storage *, struct net_addr *ret_addr);

#endif
