/* SPDX-License-Identifier: Apache-2.0 */
/* S2 stream: the framing that nats-server's backups and compressed blocks have around blocks of S2
 * or Snappy. Each chunk is a type, a length of 3 bytes, and its bytes:
 *
 *   ff  "S2sTwO" or "sNaPpY", first of all, and again where streams were put one behind another
 *   00  a block, behind the masked CRC-32C of its plain bytes
 *   01  plain bytes, behind theirs
 *   80 to fe  skipped (padding, an index); 02 to 7f are refused
 *
 * Thread:  one user. Memory: a reader holds what it has of one chunk and that chunk's plain bytes,
 *          at most 16 MiB together; a writer 512 KiB.
 * Hostile: an end that is missing shows in s2_reader_is_between(). Plain bytes never exceed the
 *          caller's limit. */
#ifndef MIDGE_CODEC_S2_STREAM_H
#define MIDGE_CODEC_S2_STREAM_H

#include "base/buf.h"
#include "base/slice.h"

struct s2_reader;
struct s2_writer;

enum s2_verdict {
    S2_PIECE, /* plain bytes came out; ask again */
    S2_MORE,  /* all of the input was taken, and more is needed */
    S2_BAD,   /* corrupt, or no such stream */
    S2_LIMIT, /* more plain bytes than the caller allows */
};

/* `plain_max`: of all plain bytes together. */
struct s2_reader *s2_reader_new(uint64_t plain_max);
struct s2_reader *s2_reader_free(struct s2_reader *); /* NULL is fine; returns NULL */

/* Takes bytes off the front of `*in`. The piece is valid until the next call, and as long as `in`
 * is. After BAD or LIMIT the reader says the same again. */
enum s2_verdict s2_reader_next(struct s2_reader *, struct slice *in, struct slice *ret_piece);

/* True at the start and behind each whole chunk: where a stream may end. */
bool s2_reader_is_between(const struct s2_reader *);

struct s2_writer *s2_writer_new(void);
struct s2_writer *s2_writer_free(struct s2_writer *); /* NULL is fine; returns NULL */

/* Appends whole chunks to `out` whenever a block is full. */
void s2_writer_add(struct s2_writer *, struct slice plain, struct buf *out);
/* Appends what is left. The writer may then begin a new stream. */
void s2_writer_finish(struct s2_writer *, struct buf *out);

#endif
