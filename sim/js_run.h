/* SPDX-License-Identifier: Apache-2.0 */
/* Js_run: one seed with JetStream from the first tick to the last.
 *
 * Rounds of work with faults of the disk; after each the server ends, in order, killed or with the
 * power, and starts again, and everything is read back. At the end consumers are served until
 * nothing is left.
 * Thread: one. Two runs of one seed have one hash. */
#ifndef MIDGE_SIM_JS_RUN_H
#define MIDGE_SIM_JS_RUN_H

#include "sim/js_plan.h"
#include "sim/run.h"

void js_run(const struct js_plan *, bool trace, struct sim_result *);
void js_run_seed(uint64_t seed, bool trace, struct sim_result *);

#endif
