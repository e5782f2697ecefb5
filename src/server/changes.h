/* SPDX-License-Identifier: Apache-2.0 */
/* Changes: the lines that a reload writes about each option that is different now, in the words
 * that tools know. What has no such words is named by its key: nothing is ignored silently.
 *
 * Thread: the one that reloads. Memory: nothing is kept. */
#ifndef MIDGE_SERVER_CHANGES_H
#define MIDGE_SERVER_CHANGES_H

#include "config/reload.h"
#include "env/log.h"

struct changes {
    const struct options     *old;
    const struct options     *new;
    const struct reload_diff *diff;
};

void changes_tell(struct log *, const struct changes *);

#endif
