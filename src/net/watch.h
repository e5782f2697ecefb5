/* SPDX-License-Identifier: Apache-2.0 */
/* Watch: what a poller's event leads to. Embedded in connections and listeners; it is the poller's
 * owner pointer.
 *
 * Thread: its reactor. Memory: stays until the end of the tick in which it left the poller. */
#ifndef MIDGE_NET_WATCH_H
#define MIDGE_NET_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct watch {
    void (*ready)(struct watch *, uint32_t ready); /* of enum net_ready */
    bool is_flood; /* its last read brought much: it has its turn after the others */
};

#endif
