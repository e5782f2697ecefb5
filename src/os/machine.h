/* SPDX-License-Identifier: Apache-2.0 */
/* Machine: the env on the real machine, built and taken apart as a whole.
 *
 * Thread:  new and free from one; the parts as their headers say.
 * Memory:  owns everything that the env points to; outlives the server that uses it.
 * Order:   machine_free() waits for the http and worker threads. Nothing may use the env then. */
#ifndef MIDGE_OS_MACHINE_H
#define MIDGE_OS_MACHINE_H

#include "env/env.h"
#include "os/roster.h"

struct machine;

struct machine *machine_new(void);                      /* the log goes to stderr at first */
struct machine *machine_free(struct machine *);         /* NULL is fine; returns NULL */
struct env     *machine_env(struct machine *);
struct roster  *machine_roster(struct machine *);       /* where the server's threads stand */

/* Waits for the worker threads to end; nothing may be submitted afterwards. A worker may still
 * touch a reactor when the work that it brought home is done there: reactors are freed after
 * this. */
void machine_end_workers(struct machine *);

#endif
