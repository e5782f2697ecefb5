/* SPDX-License-Identifier: Apache-2.0 */
/* Tar: reading of archives in the ustar, pax and GNU forms, bit by bit as they come. Only regular
 * files have content; any other kind of entry is named and its bytes are skipped.
 *
 * Thread:  one user. Memory: a reader holds one header, the extended header of one entry (at most
 *          its limit) and the name of the entry.
 * Hostile: a name is bytes with a length, as the archive has it. It may be absolute, contain ".."
 * or
 *          NUL: what is allowed is the caller's policy. A missing end shows in
 *          tar_reader_is_between(), and in that TAR_DONE never came.
 * Formats: pax "path" and "size" and GNU long names are applied; other attributes are not looked
 *          at, global ones neither. Sparse files are reported as TAR_OTHER: their content is no
 *          file. */
#ifndef MIDGE_CODEC_TAR_H
#define MIDGE_CODEC_TAR_H

#include <stdbool.h>

#include "base/slice.h"

struct tar_reader;

enum tar_verdict {
    TAR_MORE,  /* all of the input was taken, and more is needed */
    TAR_ENTRY, /* an entry begins */
    TAR_DATA,  /* a piece of its content, never empty */
    TAR_DONE,  /* the end mark; what follows is not looked at */
    TAR_BAD,   /* no tar, or corrupt */
    TAR_LIMIT, /* larger than the caller allows */
};

enum tar_kind {
    TAR_FILE,
    TAR_DIRECTORY,
    TAR_LINK, /* hard or symbolic */
    TAR_OTHER,
};

struct tar_entry {
    enum tar_kind kind;
    struct slice name; /* valid until the next TAR_ENTRY */
    uint64_t size;     /* of the content, which comes as TAR_DATA when it is a file */
};

struct tar_limits {
    uint64_t size_max;   /* of one file */
    uint64_t entries;    /* how many there may be */
    uint32_t name_max;   /* bytes of a name */
    uint32_t header_max; /* bytes of an extended header or a GNU long name */
};

struct tar_reader *tar_reader_new(const struct tar_limits *);
struct tar_reader *tar_reader_free(struct tar_reader *); /* NULL is fine; returns NULL */

/* Takes bytes off the front of `*in`. ENTRY fills `*ret_entry`; DATA fills `*ret_data`, which
 * stands in `in`. DONE, BAD and LIMIT stay. */
enum tar_verdict tar_reader_next(struct tar_reader *, struct slice *in, struct tar_entry *ret_entry,
                                 struct slice *ret_data);

/* True where the archive might end without a mark: at the start and behind a whole entry. */
bool tar_reader_is_between(const struct tar_reader *);

#endif
