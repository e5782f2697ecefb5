/* SPDX-License-Identifier: Apache-2.0 */
/* Archive files: the older kind of backup: a tar of the files that nats-server's store has of a
 * stream, neither encrypted nor compressed, in this order:
 *
 *   meta.inf meta.sum            the configuration it had: only name and age count here
 *   msgs/NUMBER.blk              messages (import/nats_block.h)
 *   msgs/index.db                which of them count, and the last sequence (import/nats_index.h)
 *   obs/NAME/{meta.inf,meta.sum,o.dat}   each consumer: what it is, how far it is
 *
 * Other files are passed over; nothing is ever written under a name from the archive. A part of
 * archive_read.h.
 * Thread:  one user; pure. Memory: one file, at most 64 MiB, and what it is when read; an index
 *          that is larger is as none.
 * Hostile: links and folders, names that go up or begin at the root, files out of order, damaged
 *          ones are BAD. What a server that failed to make the archive says of that, too. */
#ifndef MIDGE_STREAM_ARCHIVE_FILES_H
#define MIDGE_STREAM_ARCHIVE_FILES_H

#include "stream/archive_read.h"

struct archive_files;

/* `start`: the bytes that were looked at to tell the kind. */
struct archive_files *archive_files_new(struct slice start);
struct archive_files *archive_files_free(struct archive_files *);   /* NULL is fine */

/* As archive_reader_next(), on plain bytes; `why` is filled with BAD. */
enum archive_verdict archive_files_next(struct archive_files *, struct slice *in,
                                        struct archive_item *ret, struct errmsg *why);
/* The bytes so far are whole files. */
bool archive_files_is_between(const struct archive_files *);

#endif
