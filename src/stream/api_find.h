/* SPDX-License-Identifier: Apache-2.0 */
/* API find: which message a MSG.GET or DIRECT.GET asks for.
 *
 * Thread: the JetStream reactor. Memory: nothing is kept. */
#ifndef MIDGE_STREAM_API_FIND_H
#define MIDGE_STREAM_API_FIND_H

#include "stream/api_requests.h"
#include "stream/stream.h"

/* The first message that the request names, by sequence, subject or time; it was checked. NOTFOUND;
 * BUSY: as msgs_next(). A sequence alone is given back as it is, there or not. */
MUST_CHECK enum err api_find(struct stream *, const struct msg_get_request *, struct msgs_wait *,
                             uint64_t *ret_sequence);

#endif
