/* SPDX-License-Identifier: Apache-2.0 */
/* Run: one seed from the first tick to the last.
 *
 * A phase with faults, then the faults end: everybody who is alive must be served within bounded
 * virtual time and nothing may be missing. Then the server drains or stops and must give everything
 * back.
 * Thread: one. Two runs of one seed have one hash. */
#ifndef MIDGE_SIM_RUN_H
#define MIDGE_SIM_RUN_H

#include "sim/model.h"

struct sim_run_options {
    bool trace;
    struct sim_mischief mischief; /* for the tests of the checker */
};

struct sim_result {
    uint64_t hash; /* of all that the server wrote, closed and logged, and when */
    uint32_t step; /* of the failure, or the last */
    uint64_t published;
    uint64_t delivered;
    uint64_t connections;
    uint64_t rotten;   /* bits that were flipped */
    uint64_t damaged;  /* messages that were rightly reported as damaged */
    uint64_t dues_met; /* deliveries that had to come and came */
    char failure[512]; /* empty: passed */
};

void sim_run(const struct sim_plan *, const struct sim_run_options *, struct sim_result *);
void sim_run_seed(uint64_t seed, const struct sim_run_options *, struct sim_result *);

#endif
