/* SPDX-License-Identifier: Apache-2.0 */
/* Batch_testing: messages of batches, for tests. Included by tests only. */
#ifndef MIDGE_STREAM_BATCH_TESTING_H
#define MIDGE_STREAM_BATCH_TESTING_H

#include "stream/batches_internal.h"
#include "stream/stream_testing.h"

/* A message of an atomic batch; `more`: lines, or NULL. Gives what its publisher is told. */
static inline const char *batch_say(struct streams_world *w, const char *id, unsigned number,
                                    const char *more, const char *subject)
{
    char header[512];
    snprintf(header, sizeof header, "Nats-Batch-Id: %s\r\nNats-Batch-Sequence: %u\r\n%s", id,
             number, more == NULL ? "" : more);
    return streams_publish(w, subject, header, "x");
}

/* A message of a fast batch. Gives all that is sent. */
static inline const char *fast_say(struct streams_world *w, const char *reply, const char *subject,
                                   const char *payload)
{
    char bytes[512];
    snprintf(bytes, sizeof bytes, "PUB %s re.%s.$FI %zu\r\n%s\r\n", subject, reply, strlen(payload),
             payload);
    return streams_say(w, bytes);
}

#define BATCH_STREAM "{\"name\":\"S\",\"subjects\":[\"a.>\"],\"allow_atomic\":true"
#define FAST_STREAM  "{\"name\":\"S\",\"subjects\":[\"a.>\"],\"allow_batched\":true"

#endif
