/* SPDX-License-Identifier: Apache-2.0 */
/* Msgs: the messages of one stream, in memory or in files, behind one interface.
 *
 * What every stream needs stands here once: the subject index (subject/tree.h), which sequences are
 * gone, sums that are exact to the byte. What differs (where the bytes are) is a body with a table
 * of functions: memory (msgs_memory.c) or blocks of a file store (msgs_file.c).
 *
 * Changes are the effects of commands: deterministic, in order, never refused; the stream has
 * checked before. They may need to know subject and size of a message that goes; that is index
 * data, which msgs_prepare() brings into memory beforehand without blocking. A change that meets
 * index data which is not there reads it, blocking (recovery does, counted in `blocked`).
 *
 * Thread:  the JetStream reactor. Memory: the stream owns its msgs. Slices that come out are valid
 *          until the next change or load.
 * Order:   sequences only grow. A sequence that was given is never given again, whatever is
 * removed.
 * Damage:  what cannot be read any more is CORRUPT, never NOTFOUND, and is listed in `lost`. */
#ifndef MIDGE_STORE_MSGS_H
#define MIDGE_STORE_MSGS_H

#include "base/err.h"
#include "base/list.h"
#include "base/slice.h"
#include "base/units.h"

struct msgs;

struct stored {
    uint64_t     sequence;
    nanos        time; /* since 1970 */
    struct slice subject;
    struct slice header; /* a whole NATS header block, "NATS/1.0\r\n…\r\n\r\n"; empty: none */
    struct slice payload;
};

/* As users see it (reference: streams, StreamState). */
struct msgs_state {
    uint64_t messages;
    uint64_t bytes;          /* with the overhead that nats-server counts: see msgs_size() */
    uint64_t first_sequence; /* of an empty one: last + 1; 0 when never used */
    uint64_t last_sequence;
    nanos    first_time;     /* 0: empty */
    nanos    last_time;      /* of the last message that was stored, gone or not; 0: none */
    uint64_t subjects;
    uint64_t deleted;        /* sequences inside [first, last] that are gone */
};

/* What a message counts: in memory 16, in files 30 (34 with headers) beside its texts. */
uint64_t msgs_size(bool is_file, uint32_t subject_len, uint32_t header_len, uint32_t payload_len);

/* Which subjects: none means all. Patterns do not overlap (the API refuses that). */
struct msgs_filter {
    const struct slice *patterns;
    uint32_t            count;
};

bool msgs_matches(const struct msgs_filter *, struct slice subject); /* no patterns: all */

/* ---- life ---- */

struct msgs *msgs_memory_new(uint64_t first_sequence); /* first_sequence: 0 or 1: 1 */
struct msgs *msgs_free(struct msgs *);                 /* NULL is fine; returns NULL */
bool msgs_is_file(const struct msgs *);
void msgs_state(const struct msgs *, struct msgs_state *ret);
uint64_t msgs_bytes(const struct msgs *);              /* of its state */

/* ---- changes ---- */

/* `sequence` is above the last one; what lies between counts as deleted (a mirror's gaps). The time
 * is not below the last one's. */
void msgs_append(struct msgs *, const struct stored *);
/* Gives sequences away without messages: the last one becomes `last`. */
void msgs_skip(struct msgs *, uint64_t last, nanos time);
/* False when it is not there. `*ret_size` (may be NULL) as msgs_size() counts. */
bool msgs_remove(struct msgs *, uint64_t sequence, uint64_t *ret_size);
/* The same, of one that msgs_meta() finds CORRUPT. Where it is known to have been of this subject
 * (empty: it is not), whose other messages that cannot be read count for nothing any more. */
bool msgs_remove_unread(struct msgs *, uint64_t sequence, struct slice subject);
/* All below `first` go; returns how many that were. `first` may be above last + 1: then the next
 * sequence is `first`. */
uint64_t msgs_compact(struct msgs *, uint64_t first);
/* Removes all whose subject matches and whose sequence is below `below` (0: any), but keeps the
 * newest `keep` of those that match. Returns how many went. */
uint64_t msgs_purge(struct msgs *, const struct msgs_filter *, uint64_t below, uint64_t keep);
/* Overwrites what memory or blocks have of a removed message; `done` (on this thread, maybe at
 * once) when nothing of it can be read there any more. What journal and checkpoint log have of it,
 * and when a file may lose it, is known to the store: store_erase(). */
void msgs_erase(struct msgs *, uint64_t sequence, void (*done)(void *ctx, enum err), void *ctx);

/* ---- index data ---- */

struct msgs_wait {
    struct list node;   /* private, as is `rounds`; both 0 at first */
    uint32_t    rounds; /* answers of BUSY in a row that brought nothing */
    void (*done)(struct msgs_wait *);
};
/* OK: what a change of these sequences needs is in memory. BUSY: it is being read, `done` is called
 * then (and the caller asks again). */
MUST_CHECK enum err msgs_prepare(struct msgs *, uint64_t first, uint64_t last, struct msgs_wait *);
void msgs_wait_cancel(struct msgs_wait *); /* one that does not wait is fine */

/* Subject and size of a message: what msgs_remove() would take away. NOTFOUND, CORRUPT. */
MUST_CHECK enum err msgs_meta(struct msgs *, uint64_t sequence, struct slice *ret_subject,
                              uint64_t *ret_size);

bool msgs_has(const struct msgs *, uint64_t sequence); /* neither gone nor lost */

/* The first sequence from `from` on whose message is there and matches. NOTFOUND: none up to the
 * last. BUSY: index data is being read, as msgs_prepare(); `*ret` is how far it has looked, and
 * from where to ask again. */
MUST_CHECK enum err msgs_next(struct msgs *, const struct msgs_filter *, uint64_t from,
                              struct msgs_wait *, uint64_t *ret);
/* The last one up to `up_to` (0: any); BUSY likewise. */
MUST_CHECK enum err msgs_last(struct msgs *, const struct msgs_filter *, uint64_t up_to,
                              struct msgs_wait *, uint64_t *ret);
/* The first message whose time is not below `time`; last + 1 when there is none. */
MUST_CHECK enum err msgs_at_time(struct msgs *, nanos time, struct msgs_wait *, uint64_t *ret);

/* How many messages from `from` on match and can be read, as far as is known; exact. With
 * `last_only` only the newest of each subject counts, damaged or not. */
MUST_CHECK enum err msgs_count(struct msgs *, const struct msgs_filter *, uint64_t from,
                               bool last_only, struct msgs_wait *, uint64_t *ret);

/* Changes when more is found to be damaged: who keeps a count counts again. */
uint64_t msgs_damage(const struct msgs *);

/* First and last sequence and count of one literal subject; false when it has none. */
struct msgs_subject {
    uint64_t first, last, count;
};
bool msgs_subject(struct msgs *, struct slice subject, struct msgs_subject *ret);
/* Subjects that match, in bytewise order, from above `after`, until `each` returns false. */
void msgs_subjects(struct msgs *, const struct msgs_filter *, struct slice after,
                   bool (*each)(void *ctx, struct slice subject, uint64_t count, uint64_t last),
                   void *ctx);

/* Deleted sequences in [first, last], as ranges, in order, until `each` returns false. */
void msgs_deleted(const struct msgs *, bool (*each)(void *ctx, uint64_t first, uint64_t last),
                  void *ctx);
/* Ranges that are damaged, likewise. Returns how many sequences they are. */
uint64_t msgs_lost(const struct msgs *, bool (*each)(void *ctx, uint64_t first, uint64_t last),
                   void *ctx);
/* What they count, as msgs_size(), as far as anything tells: of what a lost part of the journal
 * held nothing does. */
uint64_t msgs_lost_bytes(const struct msgs *);

/* ---- messages ---- */

/* A message that is being read. Embedded by the caller; one at a time. */
struct msgs_load {
    struct list   node;   /* private, as is `rounds` */
    uint32_t      rounds;
    struct stored msg;  /* with OK; valid until the next change or load of this stream */
    void (*done)(struct msgs_load *, enum err); /* only after BUSY */
};
/* OK: `load->msg` is it, now. BUSY: `done` will be called with OK, NOTFOUND or CORRUPT. NOTFOUND:
 * gone.
 * CORRUPT: damaged. `ahead`: this many bytes behind it are wanted next (a consumer reads on). */
MUST_CHECK enum err msgs_load(struct msgs *, uint64_t sequence, uint32_t ahead, struct msgs_load *);
void msgs_load_cancel(struct msgs *, struct msgs_load *);

/* Where msgs_append() looks, as the last one has found it: only to be prefetched, for some of it
 * may be gone meanwhile. NULL: nothing. */
enum { MSGS_LINES = 8 };
void msgs_lines(const struct msgs *, const void *ret[MSGS_LINES]);
/* Prefetches them, in two parts: a core waits for a few lines at a time only. */
void msgs_soon(const void *const lines[MSGS_LINES], uint32_t part);

/* Asserts every invariant; O(n). */
void msgs_check(struct msgs *);

#endif
