/* SPDX-License-Identifier: Apache-2.0 */
/* Liar: what a disk does that no server can notice. It is here so that tests can show that the
 * checker notices.
 *
 *   SIM_LIE_SYNC   a sync says that all is safe, and nothing is
 *   SIM_LIE_FORGE  a read of a block brings a message with a bit that has turned, and sums that
 *                  fit: as memory would that turns a bit when the sums have been looked at
 *
 * Thread: one. Memory: embedded; outlives the disk's last read. */
#ifndef MIDGE_SIM_LIAR_H
#define MIDGE_SIM_LIAR_H

#include "base/rng.h"
#include "env/disk_memory.h"

enum sim_lie { SIM_LIE_NONE, SIM_LIE_SYNC, SIM_LIE_FORGE };

struct sim_liar {
    struct rng rng;
    uint64_t told; /* lies of the kind FORGE */
};

void sim_liar_begin(struct sim_liar *, struct disk_memory *, enum sim_lie, uint64_t seed);

#endif
