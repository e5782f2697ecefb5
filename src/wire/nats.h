/* SPDX-License-Identifier: Apache-2.0 */
/* NATS client protocol: cuts one operation off the front of some bytes.
 *
 * Line first: one memchr finds the line, its verb selects an argument parser, and a payload of
 * known size follows. Nothing is copied and no state is kept: what is cut is looked at again when
 * more has come.
 *
 * Thread:  any; pure. Memory: the slices of an operation point into the input.
 * Limits:  lines by `max_control_line`, payloads by `max_payload`; both are checked before the
 * bytes they speak of have come.
 * Source:  nats-server 2.15 (reference: protocol 1.1 and 1.2). */
#ifndef MIDGE_WIRE_NATS_H
#define MIDGE_WIRE_NATS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum nats_verb {
    NATS_CONNECT,
    NATS_PUB,
    NATS_HPUB,
    NATS_SUB,
    NATS_UNSUB,
    NATS_PING,
    NATS_PONG,
    NATS_INFO,
    NATS_OK,
    NATS_ERR,
};

/* Only the fields that name the verb are set. */
struct nats_op {
    enum nats_verb verb;
    bool canonical;       /* PUB, HPUB: `tail` may be sent on as it is */
    struct slice line;    /* the control line without its end */
    struct slice args;    /* CONNECT, INFO, -ERR: all behind the verb */
    struct slice subject; /* PUB, HPUB, SUB */
    struct slice reply;   /* PUB, HPUB; empty when absent */
    struct slice queue;   /* SUB; empty when absent */
    struct slice sid;     /* SUB, UNSUB */
    uint64_t max;         /* UNSUB; 0: now */
    struct slice sizes;   /* PUB "5", HPUB "12 17": as the client wrote them */
    uint32_t header_len;  /* HPUB */
    struct slice body;    /* PUB, HPUB: headers and payload, without the final CR LF */
    struct slice tail;    /* "[reply ]sizes\r\n" body "\r\n", contiguous in the input */
    /* only with NATS_PARSE_ARGS: what is, in the words of nats-server's log */
    const char *wrong;
};

struct nats_limits {
    uint32_t max_control_line; /* bytes behind the verb and its blanks, of any verb */
    int64_t max_payload;       /* bytes of headers and payload; negative: unlimited */
    bool headers;              /* negotiated: HPUB is allowed */
};

enum nats_parse {
    NATS_PARSE_OP,      /* one operation */
    NATS_PARSE_MORE,    /* cut: come again with more bytes */
    NATS_PARSE_UNKNOWN, /* "Unknown Protocol Operation" */
    NATS_PARSE_LINE,    /* "maximum control line exceeded" */
    NATS_PARSE_PAYLOAD, /* "Maximum Payload Violation" */
    NATS_PARSE_ARGS,    /* closed without a word */
    NATS_PARSE_END,     /* no line end behind the payload of `*ret_op`: an unknown operation, too */
};

/* `*ret_op` is set with NATS_PARSE_OP, and as far as the line was read with NATS_PARSE_ARGS and
 * NATS_PARSE_PAYLOAD. `*ret_used`: length of the operation (NATS_PARSE_OP). `*ret_need`: with
 * NATS_PARSE_MORE, the length of the whole frame when its sizes are known, else 0. */
enum nats_parse nats_next(const struct nats_limits *, struct slice in, struct nats_op *ret_op,
                          uint32_t *ret_used, uint64_t *ret_need);

#endif
