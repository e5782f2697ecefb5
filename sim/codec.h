/* SPDX-License-Identifier: Apache-2.0 */
/* Codec: the client's side of the protocol, strict, and not made of the code under test.
 *
 * Thread: one. Memory: slices of an operation point into the input. */
#ifndef MIDGE_SIM_CODEC_H
#define MIDGE_SIM_CODEC_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

enum sim_verb { SIM_INFO, SIM_MSG, SIM_HMSG, SIM_PING, SIM_PONG, SIM_OK, SIM_ERR };

struct sim_op {
    enum sim_verb verb;
    struct slice text; /* INFO: the JSON; -ERR: between the quotes */
    struct slice subject;
    struct slice sid;
    struct slice reply;   /* empty: none */
    struct slice headers; /* HMSG */
    struct slice payload;
};

enum sim_parse { SIM_PARSE_OP, SIM_PARSE_MORE, SIM_PARSE_BAD };

/* Takes one operation off the front of `in`; `*ret_used` is its length. */
enum sim_parse sim_codec_next(struct slice in, struct sim_op *ret_op, uint32_t *ret_used);

/* What a client writes. */
void sim_codec_pub(struct buf *, struct slice subject, struct slice reply, struct slice headers,
                   struct slice payload);
void sim_codec_sub(struct buf *, struct slice subject, struct slice queue, uint32_t sid);
void sim_codec_unsub(struct buf *, uint32_t sid, uint32_t max); /* max 0: now */

#endif
