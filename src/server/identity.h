/* SPDX-License-Identifier: Apache-2.0 */
/* Identity: who this server is, for its whole life: ids from entropy, names from the options.
 *
 * Thread: any; immutable. Memory: owns its texts. */
#ifndef MIDGE_SERVER_IDENTITY_H
#define MIDGE_SERVER_IDENTITY_H

#include "core/core.h"

/* What INFO, /varz and events call the version: clients gate on it. */
#define NATS_VERSION "2.15.2"

struct identity;

struct identity *identity_new(struct env *, const struct options *);
struct identity *identity_free(struct identity *);          /* NULL is fine; returns NULL */
const struct server_identity *identity_get(const struct identity *);

/* 8 letters and digits that nobody can guess. */
enum { IDENTITY_SUFFIX = 8 };
const char *identity_suffix(const struct identity *);

#endif
