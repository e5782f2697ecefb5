/* SPDX-License-Identifier: Apache-2.0 */
/* Limbo: what was unlinked and waits until no reactor can refer to it.
 *
 * Two gates. First every reactor must have been quiescent (or asleep) since the unlinking: none can
 * then newly post a pointer to it. Then this reactor must consume all that the others had posted to
 * it by that time.
 *
 * Thread: one reactor's. Memory: the retired things are freed by the function they came with. */
#ifndef MIDGE_NET_LIMBO_H
#define MIDGE_NET_LIMBO_H

#include <stdbool.h>
#include <stdint.h>

struct limbo;
struct reactor;
struct retired;

struct limbo *limbo_new(void);
struct limbo *limbo_free(struct limbo *); /* frees what still waits; returns NULL */

void limbo_add(struct limbo *, struct retired *);
/* Once per tick. Returns how many were freed. */
uint32_t limbo_advance(struct limbo *, struct reactor *);
bool limbo_is_empty(const struct limbo *);

#endif
