/* SPDX-License-Identifier: Apache-2.0 */
/* Publishes into streams, as a kind of question: message i goes to stream i modulo `streams`, and
 * there to its next subject, round and round. The answer is a PubAck.
 *
 * Streams are called BENCH0000, BENCH0001, ...; theirs are the subjects js.SSSS.NNNNNNNN, and all
 * subjects of one run are equally long.
 *
 * Thread:  one.
 * Memory:  until the process ends.
 * Errors:  an answer that no server with JetStream gives ends the benchmark; an error instead of an
 * ack is counted, and `stored_complaint` says the first.
 */
#pragma once

#include <stdint.h>

#include "natsbench_api.h"
#include "natsbench_ask.h"

struct stored;

struct stored *stored_new(const struct options *);
struct ask_kind stored_kind(struct stored *);
const char *stored_complaint(const struct stored *);        /* "": none */

/* The streams that the options name, empty. */
void stored_streams_new(struct api *, const struct options *);
void stored_streams_delete(struct api *, const struct options *);

/* Writes -n messages into new streams, 1000 in flight, and leaves them there. */
void stored_fill(struct api *, const struct options *);
