/* SPDX-License-Identifier: Apache-2.0 */
/* Js_work: what the clients of a run with JetStream do of themselves in one step. js_work.c:
 * publishers; js_consume.c: those that serve consumers; js_admin.c: client 0, which asks the API.
 *
 * Thread: one. Memory: calls hold pointers into the model, which keeps all. */
#ifndef MIDGE_SIM_JS_WORK_H
#define MIDGE_SIM_JS_WORK_H

#include "sim/js_world.h"

void js_consume_step(struct js_world *, struct js_client *);
/* Asks for something whose answer comes later. */
void js_admin_step(struct js_world *);

#endif
