/* SPDX-License-Identifier: Apache-2.0 */
/* Pipe: the bytes of a client's connection: what it says waits in `out` until the link takes it,
 * what comes is cut into operations.
 *
 * Thread: one. Memory: embedded; sim_pipe_deinit() at the end. Operations point into `in`, and are
 * valid until the next read or reset. */
#ifndef MIDGE_SIM_PIPE_H
#define MIDGE_SIM_PIPE_H

#include "sim/codec.h"
#include "sim/host.h"

struct sim_pipe {
    const struct sim_host *host;
    struct sim_link *link; /* NULL: not connected */
    struct buf in, out;
    uint32_t at; /* bytes of `in` that were cut off */
    /* of the trace */
    char who[32];
    uint32_t shown; /* bytes of an operation that it shows */
};

void sim_pipe_init(struct sim_pipe *, const struct sim_host *, uint32_t shown);
void sim_pipe_deinit(struct sim_pipe *);
/* Nothing of a connection is left; the link is the caller's to drop. */
void sim_pipe_reset(struct sim_pipe *);

void sim_pipe_write(struct sim_pipe *);
/* Reads once, up to so many bytes, at most 16 KiB; returns as sim_link_read(). */
int64_t sim_pipe_read(struct sim_pipe *, uint32_t most);
/* OP: `*ret` is the next one of what was read. */
enum sim_parse sim_pipe_next(struct sim_pipe *, struct sim_op *ret);

enum { SIM_PIPE_READ = 16384 };

#endif
