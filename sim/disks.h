/* SPDX-License-Identifier: Apache-2.0 */
/* Disks: the directories of a simulated machine, each a disk in memory (env/disk_memory.h), whose
 * operations finish when the world steps, in an order that the seed decides.
 *
 * Thread: one for all. Memory: a disk stays, with what is on it, until deinit: who opens the
 *         directory again finds what the process before it has left there.
 * Faults: the knobs of sim_disks_find(), and stalls. After sim_disks_crash() or _kill() the server
 *         is freed (which closes its disk) and the next one may open it. */
#ifndef MIDGE_SIM_DISKS_H
#define MIDGE_SIM_DISKS_H

#include "env/disk_memory.h"
#include "sim/machine.h"

struct sim_disks {
    struct disks base;
    struct sim_clock *clock;
    struct rng rng;
    struct map *by_directory;
    uint32_t stall_permille; /* of the steps with work: nothing finishes for up to `stall_max` */
    nanos stall_max;
};

void sim_disks_init(struct sim_disks *, struct sim_clock *, uint64_t seed);
void sim_disks_deinit(struct sim_disks *); /* all disks are closed */

/* Finishes some of the operations that wait, none when it stalls. Returns how many. */
uint32_t sim_disks_step(struct sim_disks *);
bool sim_disks_idle(const struct sim_disks *);

/* NULL when nobody has opened that directory yet. */
struct disk_memory *sim_disks_find(struct sim_disks *, const char *directory);
/* A power cut, respectively the end of the process, for every disk that is open. */
void sim_disks_crash(struct sim_disks *);
void sim_disks_kill(struct sim_disks *);

#endif
