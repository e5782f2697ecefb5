/* SPDX-License-Identifier: Apache-2.0 */
/* Journal_scan: which batches the segments of a journal hold, before anything of them is believed.
 *
 * Every sector of every segment is asked whether a head begins there: heads alone tell how long a
 * batch is, and a bad one tells nothing. Of a segment's heads those of its highest generation
 * count; of these, one that stands behind a higher number is what a cut tail has left.
 *
 * Thread:  the one that opens, blocking. Memory: `found` belongs to the scan.
 * Errors:  bytes that cannot be read are noted in their segment (`unreadable`), no error by
 *          themselves. INVALID: a newer version wrote here. */
#ifndef MIDGE_STORE_JOURNAL_SCAN_H
#define MIDGE_STORE_JOURNAL_SCAN_H

#include "store/journal_internal.h"

/* A batch whose head is good; or was, as its copy tells (journal_heads.c): that one has no segment,
 * and `offset` is that of the copy. */
struct found {
    journal_pos pos;
    journal_pos before;
    journal_pos durable;
    uint64_t generation;
    uint64_t link;
    uint64_t link_before;
    uint64_t offset;
    uint32_t len;
    uint32_t records;
    uint32_t ranges, ranges_first; /* of the scan's */
    struct segment *segment; /* NULL: its head stands nowhere else any more */
};

/* What the file "rewrite" holds in place of what the segment does. */
struct overlay {
    uint8_t *bytes; /* NULL: nothing */
    uint32_t len;
    uint32_t segment;
    uint64_t offset;
};

/* A bit of a segment that has turned, and is read as it was. */
struct mend {
    const struct segment *segment;
    uint64_t offset;
    uint8_t mask;
};

enum { MENDS_MAX = 16 };

struct scan {
    struct journal *j;
    struct list segments; /* all that there are */
    struct found *found;
    uint32_t count;
    uint32_t cap;
    journal_pos highest; /* of any head, believed or not */
    struct journal_range *ranges; /* of all heads */
    uint32_t ranges_count;
    uint32_t ranges_cap;
    uint8_t *copies;  /* bytes of the file of heads; NULL: none */
    journal_pos told; /* the highest that it says was durable */
    struct overlay overlay;
    struct mend mends[MENDS_MAX];
    uint32_t mends_count;
    /* bytes of one segment that have been read */
    uint8_t *window;
    uint32_t window_cap;
    uint32_t window_len;
    uint64_t window_offset;
    const struct segment *window_segment; /* NULL: none */
};

void scan_init(struct scan *, struct journal *);
void scan_deinit(struct scan *); /* what is left in `segments` stays the caller's */
/* Fills `found`, in order of number. */
MUST_CHECK enum err scan_all(struct scan *, struct errmsg *why);
/* Bytes of a segment, valid until the next call; the caller may change them, and then calls
 * scan_forget(). NOTFOUND: they are not inside of it. IO: they cannot be read. */
MUST_CHECK enum err scan_read(struct scan *, const struct segment *, uint64_t offset, uint32_t len,
                              uint8_t **ret);
void scan_forget(struct scan *);
/* From now on this bit is read the other way round. False: there are too many of them. */
bool scan_mend(struct scan *, const struct mend *);
bool scan_is_mended(const struct scan *, const struct found *);
/* A head that stands at this offset of `copies`: counts when none of its number was found. */
void scan_add_copy(struct scan *, const struct journal_head *, uint32_t offset);
void scan_forget_copies(struct scan *);

#endif
