/* SPDX-License-Identifier: Apache-2.0 */
/* Stream_sections: what a stream says of itself in a checkpoint, beside its messages
 * (store/msgs_sections.h) and consumers (consumer.h). Little endian; a section adds to what earlier
 * ones said, and saying something twice is saying it once.
 *
 *   CONFIG    the body of a COMMAND_CONFIG; the newest counts. It begins the stream
 *   IDS       of the duplicate window, 24 bytes each: 8 id, 8 sequence, 8 time
 *   EXPIRIES  16 bytes each: 8 expires (INT64_MAX: never), 8 sequence
 *   LAST_ID   Nats-Msg-Id of the last message; empty: it had none
 *   SCHEDULES 16 bytes each: 8 due, 8 sequence; all of them, in the place of those said before
 *   RESTORE   the same as CONFIG of a stream that is being restored: it begins a stream that counts
 *             for nothing until there is a CONFIG
 *   SOURCE    the body of a COMMAND_SOURCE, of each source whose position has changed
 *   ACKED     of a work queue, 16 bytes each: 8 first, 8 last sequence of what was acked and whose
 *             removal may not have been durable; all of it, in the place of what was said before
 *
 * Thread: any; constants. */
#ifndef MIDGE_STREAM_STREAM_SECTIONS_H
#define MIDGE_STREAM_STREAM_SECTIONS_H

#include "store/msgs_sections.h"

enum stream_section {
    STREAM_SECTION_CONFIG = SECTION_STREAM,
    STREAM_SECTION_IDS,
    STREAM_SECTION_EXPIRIES,
    STREAM_SECTION_LAST_ID,
    STREAM_SECTION_SCHEDULES,
    STREAM_SECTION_SOURCE,
    STREAM_SECTION_RESTORE,
    STREAM_SECTION_ACKED,
    STREAM_SECTION_END,
};

enum {
    SECTION_ID_SIZE = 24,
    SECTION_EXPIRY_SIZE = 16,
    SECTION_SCHEDULE_SIZE = 16,
    SECTION_ACKED_SIZE = 16
};

#endif
