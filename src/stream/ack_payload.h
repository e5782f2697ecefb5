/* SPDX-License-Identifier: Apache-2.0 */
/* Ack payload: what a client says to an ack subject.
 *
 * Pure; thread: any; memory: slices stand in the payload, which is what follows the headers. */
#ifndef MIDGE_STREAM_ACK_PAYLOAD_H
#define MIDGE_STREAM_ACK_PAYLOAD_H

#include <stdbool.h>

#include "base/slice.h"
#include "base/units.h"

enum ack_kind {
    ACK_DONE,                           /* nothing, "+ACK", "+OK" */
    ACK_NAK,                            /* "-NAK…" */
    ACK_PROGRESS,                       /* "+WPI" */
    ACK_TERM,                           /* "+TERM…" */
    ACK_NEXT,                           /* "+NXT…": an ack, and the next pull request */
    ACK_OTHER,                          /* does nothing, but is answered */
};

struct ack_payload {
    enum ack_kind kind;
    /* NAK: redeliver after `delay`, which may be 0 or below: now, but behind what is queued */
    bool          has_delay;
    bool          is_bad_delay;         /* an operator is told; counts as no delay */
    nanos         delay;
    /* TERM: the reason; NEXT: the request; bad delay: its text */
    struct slice  text;
};

struct ack_payload ack_payload_parse(struct slice payload);

/* What an ack is answered, when it has a reply subject. The subject's stream sequence is 0:
 * answered only for ACK_DONE and ACK_TERM. An ack or term above what was delivered (ACKS_AHEAD):
 * never. */
bool ack_is_answered(enum ack_kind, uint64_t stream_seq);

#endif
