/* SPDX-License-Identifier: Apache-2.0 */
/* Banner: the first lines of the log, in the order that tools wait for, and the warnings that a
 * configuration deserves.
 *
 * Thread: the one that starts or reloads. Memory: nothing is kept. */
#ifndef MIDGE_SERVER_BANNER_H
#define MIDGE_SERVER_BANNER_H

#include "core/core.h"

void banner_start(struct log *, const struct server_identity *, const char *midge_version);
/* Plaintext passwords. */
void banner_passwords(struct log *, const struct directory *);
/* Configuration file, payloads that are too large for comfort. */
void banner_options(struct log *, const struct options *);
/* One line a block. */
void banner_unserved(struct log *, const struct options *);

#endif
