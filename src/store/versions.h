/* SPDX-License-Identifier: Apache-2.0 */
/* Versions: which formats this program writes and reads. The one place where a version stands.
 *
 * Each kind of file has its magic in three bytes and its version in the fourth. Whatever changes in
 * the store, also what a section or a record of an owner says, the version of the checkpoint log
 * grows: it is read at each start before journal and blocks, and an older program refuses what it
 * does not know before it changes anything.
 *
 *   checkpoint  1  the first
 *               2  STATE (msgs_sections.h) ends with the bytes of what is damaged. Stores of
 *                  version 1 have it or not: it may be missing
 *               3  what a work queue has acked is told
 *               4  a list says from where on it needs the journal (STORE_SECTION_NEEDED)
 *
 * The file of heads (journal_heads.c) is as the journal's heads are, and may be missing.
 *
 * Thread: any; constants. */
#ifndef MIDGE_STORE_VERSIONS_H
#define MIDGE_STORE_VERSIONS_H

#include <stdint.h>

enum {
    VERSION_SHIFT = 24,
    MAGIC_MASK = 0x00ffffff,

    IDENTITY_VERSION = 1,
    JOURNAL_VERSION = 1,
    BLOCK_VERSION = 1,
    CHECKPOINT_VERSION = 4,
    CHECKPOINT_VERSION_OLDEST = 1, /* that can still be read */
};

/* What whoever finds a newer one says: what is wrong, and what is to be done. */
#define VERSION_IS_NEWER \
    "was written by a newer version of midge: start that version or a later one; " \
    "nothing was changed"

static inline uint32_t magic_with(uint32_t magic, uint32_t version)
{
    return magic | version << VERSION_SHIFT;
}

static inline uint32_t version_of(uint32_t magic)
{
    return magic >> VERSION_SHIFT;
}

#endif
