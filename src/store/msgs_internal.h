/* SPDX-License-Identifier: Apache-2.0 */
/* What msgs.c shares with its bodies: the subject index and the sums are here once, a body knows
 * where messages are.
 *
 * Thread and memory: msgs.h. A body's question that takes a `struct msgs_wait *` may answer BUSY
 * and call it later; with NULL it does not return before it knows, blocking if it must (changes,
 * recovery). */
#ifndef MIDGE_STORE_MSGS_INTERNAL_H
#define MIDGE_STORE_MSGS_INTERNAL_H

#include "base/assert.h"
#include "base/buf.h"
#include "store/msgs.h"
#include "subject/tree.h"

/* What msgs_lines() tells, by name. */
struct msgs_lines {
    const void *msgs, *tree, *tree_top;
    const void *block, *tail, *record; /* where the next one is put */
    const void *index, *entry;
};
static_assert(sizeof(struct msgs_lines) == MSGS_LINES * sizeof(void *), "these are all");

/* All questions are about messages that are there: what was removed is found no more. */
struct msgs_ops {
    bool is_file;
    struct msgs *(*free)(struct msgs *); /* returns NULL */
    /* `previous` is the last message of the same subject; 0: there is none. */
    void (*put)(struct msgs *, const struct stored *, uint64_t previous);
    /* The message goes; msgs.c knows subject and size. */
    void (*drop)(struct msgs *, uint64_t sequence);
    /* Everything below goes; those that are there were dropped before, one by one. */
    void (*drop_below)(struct msgs *, uint64_t sequence);
    bool (*has)(const struct msgs *, uint64_t sequence);
    /* NOTFOUND, CORRUPT. `*ret_subject` is valid until the next question. */
    enum err (*meta)(struct msgs *, uint64_t sequence, struct msgs_wait *,
                     struct slice *ret_subject, uint64_t *ret_size, nanos *ret_time);
    /* The first message at or above, the last one at or below. NOTFOUND. */
    enum err (*next)(struct msgs *, uint64_t from, struct msgs_wait *, uint64_t *ret);
    enum err (*previous)(struct msgs *, uint64_t up_to, struct msgs_wait *, uint64_t *ret);
    /* The same for one literal subject, which has messages: between its first and its last. */
    enum err (*next_same)(struct msgs *, struct slice subject, uint64_t from, struct msgs_wait *,
                          uint64_t *ret);
    enum err (*previous_same)(struct msgs *, struct slice subject, uint64_t up_to,
                              struct msgs_wait *, uint64_t *ret);
    enum err (*load)(struct msgs *, uint64_t sequence, uint32_t ahead, struct msgs_load *);
    void (*load_cancel)(struct msgs *, struct msgs_load *);
    void (*erase)(struct msgs *, uint64_t sequence, void (*done)(void *ctx, enum err), void *ctx);
    enum err (*prepare)(struct msgs *, uint64_t first, uint64_t last, struct msgs_wait *);
    uint64_t (*lost)(const struct msgs *, bool (*each)(void *ctx, uint64_t first, uint64_t last),
                     void *ctx);
    /* How many from `from` on are there and not lost. NULL: none is ever lost. */
    uint64_t (*readable)(const struct msgs *, uint64_t from);
    /* See msgs_lines(). NULL: nothing more than what all bodies have. */
    void (*lines)(const struct msgs *, struct msgs_lines *ret);
    void (*check)(struct msgs *);
};

struct msgs {
    const struct msgs_ops *ops;
    struct tree      *tree;
    struct msgs_state state; /* `subjects` and `deleted` are computed when asked for */
    bool              is_cleared;
    /* messages that went with damage: the tree still counts them, nobody knows where */
    uint64_t unknown;
    uint64_t damage;     /* how often some were found to be lost */
    uint64_t lost_bytes; /* of those that are damaged and not gone, as far as it is known */
    /* Of files: what the next checkpoint says. Subjects with `is_dirty`, and some that are gone: 2
     * bytes length, text. `is_cleared`: before them, all subjects went. */
    struct buf changed;
};

void msgs_init(struct msgs *, const struct msgs_ops *, uint64_t first_sequence);
void msgs_deinit(struct msgs *);

/* ---- what msgs.c and msgs_count.c share ---- */

/* Who asks again does not wait for the answer of before. */
void msgs_ask_anew(struct msgs_wait *);
/* Counts how often it was told to wait for nothing: a body that could not answer so often reads
 * what it needs, instead of letting somebody wait for ever. */
MUST_CHECK enum err msgs_answer(struct msgs_wait *, enum err, bool has_progress);
/* Some cannot be read, or went so and are still counted somewhere. */
bool msgs_is_damaged(const struct msgs *);
/* As msgs_next(), but `wait` may be asked with already. */
MUST_CHECK enum err msgs_find_next(struct msgs *, const struct msgs_filter *, uint64_t from,
                                   struct msgs_wait *, uint64_t *ret);
/* As msgs_count(), with those that are lost as far as the index counts them. */
MUST_CHECK enum err msgs_tally(struct msgs *, const struct msgs_filter *, uint64_t from,
                               bool last_only, struct msgs_wait *, uint64_t *ret);

#endif
