/* SPDX-License-Identifier: Apache-2.0 */
/* Rot: one bit that turns on a disk, and what that may cost.
 *
 * Whoever flips it says where it stands in the formats of the store, read here anew and not by the
 * code under test: a bit of a large record in the journal, or of a message in a block, costs the
 * messages that lie there; any other one must cost nothing.
 *
 * Excepted is the journal's very last batch while nothing on the disk says that it was whole: its
 * end may as well be torn. And of a sealed batch a long record: only all of it together is sound.
 * No bit of these is drawn, but where the store can tell what it was. Nor is one of a block where
 * an earlier one has hidden whose byte it is.
 *
 * Thread: one. Memory: values. */
#ifndef MIDGE_SIM_ROT_H
#define MIDGE_SIM_ROT_H

#include "base/rng.h"
#include "env/disk_memory.h"

enum sim_rot_kind {
    SIM_ROT_NONE,
    SIM_ROT_JOURNAL,
    SIM_ROT_BLOCK,
    SIM_ROT_CHECKPOINT,
    SIM_ROT_IDENTITY,
    SIM_ROT_KINDS,
};

struct sim_rot {
    enum sim_rot_kind kind; /* NONE: there was no such bit */
    char name[DISK_NAME_MAX];
    uint64_t offset;
    uint32_t bit;
    /* These may be reported as damaged, and nothing else. 0, 0: nothing may. */
    uint64_t owner; /* the stream's number in the store */
    uint64_t first, last;
};

const char *sim_rot_text(enum sim_rot_kind);
/* Draws a bit of a file of this kind, and flips it. `*ret` has kind NONE when there is none. No
 * record of the journal is longer than `record_max`, which a sealed one does not tell. */
void sim_rot_flip(struct disk_memory *, enum sim_rot_kind, uint32_t record_max, struct rng *,
                  struct sim_rot *ret);

/* A read of a file that holds this has failed. False: no message was lost by that. */
bool sim_rot_of_read(struct slice file, uint64_t offset, uint64_t len, struct sim_rot *ret);

#endif
