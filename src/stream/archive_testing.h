/* SPDX-License-Identifier: Apache-2.0 */
/* Archive_testing: archives of streams, made by hand. Included by tests only.
 *
 * Memory: the caller's buffers. */
#ifndef MIDGE_STREAM_ARCHIVE_TESTING_H
#define MIDGE_STREAM_ARCHIVE_TESTING_H

#include "codec/natsarc.h"
#include "codec/s2_stream.h"

/* Appends an entry without a header. */
static inline void archive_put(struct buf *plain, const char *name, uint64_t sequence, nanos time,
                               const char *payload)
{
    const struct natsarc_entry e = {
        .name = slice_str(name),
        .time = time,
        .sequence = sequence,
        .payload = slice_str(payload),
    };
    if (plain->len == 0) natsarc_start_add(plain);
    natsarc_entry_add(&e, plain);
}

/* What goes over the wire; `plain` is empty then. */
static inline void archive_close(struct buf *plain, bool has_end, struct buf *out)
{
    struct s2_writer *w = s2_writer_new();
    if (has_end) natsarc_end_add(plain);
    s2_writer_add(w, buf_slice(plain), out);
    s2_writer_finish(w, out);
    (void)s2_writer_free(w);
    buf_deinit(plain);
}

#endif
