/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoint_internal: the parts of a checkpoint log, for the files checkpoint*.c only.
 *
 *   checkpoint.c          sections gather here; what others may know
 *   checkpoint_commit.c   one list at a time goes to the disk
 *   checkpoint_rewrite.c  a new pair in slices, the switch, removal of a pair
 *   checkpoint_open.c     start: which pair counts
 *   checkpoint_read.c     what a pair holds, and its repair
 *
 * A list goes to `a`, and when it is safe there to `b`: at any moment one of the two is whole, and
 * a list of which `b` has anything was safe in `a`. That is how a start tells a torn end, which was
 * never promised, from an end that rotted in both.
 * When a write to `a` fails, `b` is not tried: it keeps all lists of before, and the log is over.
 * When one to `b` fails, `a` has the list, though its `done` hears of the failure.
 * A list that finds no space is taken back, `b` first and safely: what is written there next may be
 * another one.
 *
 * Every operation on the disk has one owner (write, rewrite, removal), which has at most one in
 * flight.
 * Thread: the checkpoint's reactor. */
#ifndef MIDGE_STORE_CHECKPOINT_INTERNAL_H
#define MIDGE_STORE_CHECKPOINT_INTERNAL_H

#include "store/checkpoint_format.h"

enum {
    COPIES = 2,
    REWRITE_MIN = 1 << 20,
    REWRITE_FACTOR = 2, /* times what the last one made */
    LIST_MAX = CHECKPOINT_BODY_MAX - (1 << 10), /* a seal makes it longer */
    KEPT_MAX = 1 << 20, /* memory of a list that stays for the next one */
    PAIR_NAME_MAX = DISK_NAME_MAX + 1,
};

struct pair {
    uint32_t number; /* of the files; 0: there is none */
    struct disk_file *files[COPIES];
    char names[COPIES][PAIR_NAME_MAX];
    uint64_t end;   /* where the next list goes */
    uint64_t lists; /* number of the last one */
    uint64_t base;  /* bytes when its rewrite was complete; 0: it is none */
};

/* A list while it gathers and is written: room for a head, its body, room for the mark. */
struct gather {
    uint8_t *bytes;
    uint32_t cap;
    uint32_t len; /* of the body */
    uint32_t sections;
    journal_pos pos;
};

/* What is taken back of a list that found no space, in this order. */
enum cut_step { CUT_NOTHING, CUT_B, CUT_B_SYNC, CUT_A };

enum list_state { LIST_NONE, LIST_GATHERS, LIST_WAITS, LIST_WRITTEN };

struct write {
    struct disk_op op;
    struct disk_span span;
    struct gather *what; /* NULL: nothing is written */
    struct pair *pair;   /* where it goes now */
    uint32_t copy;
    bool is_for_next; /* goes to the new pair too */
    bool completes;   /* … and makes it whole */
    bool is_refused;  /* no space: the next tick tries again */
    bool is_short;    /* … and until it is written it counts as refused */
    enum cut_step cut; /* … in flight, or to be tried again */
    uint8_t *sealed;
    uint64_t sealed_cap;
};

enum rewrite_state {
    REWRITE_IDLE,
    REWRITE_OPENING,
    REWRITE_NAMING,
    REWRITE_SLICES,
    REWRITE_LAST, /* all slices were asked for: the next list makes the new pair complete */
};

struct rewrite {
    enum rewrite_state state;
    struct disk_op op;
    uint32_t copy;      /* being opened */
    bool is_given_up;   /* no space: when the operation comes home */
    bool is_started;    /* the first slice was asked for */
    bool is_wanted;     /* damage or a bad copy: whatever the sizes are */
    uint64_t not_below; /* after a try without space */
    uint32_t wipe;      /* files up to this number are to go; 0: none is */
    uint32_t kept;      /* … could not */
};

enum removal_step {
    REMOVAL_IDLE,
    REMOVAL_ZERO_A,
    REMOVAL_ZERO_B,
    REMOVAL_CLOSE_A,
    REMOVAL_CLOSE_B,
    REMOVAL_REMOVE_A,
    REMOVAL_REMOVE_B,
    REMOVAL_NAMING,
};

struct removal {
    enum removal_step step;
    struct disk_op op;
    struct pair pair;
};

struct checkpoint {
    struct checkpoint_options o;
    bool is_read_only;
    bool is_failed;
    enum err failed_with;
    bool is_slicing; /* inside slice(): sections are a slice's */

    uint64_t turn; /* of the last list */
    struct pair current;
    struct pair next; /* of a rewrite */
    uint32_t number;  /* highest of any file */

    enum list_state list_state;
    struct gather list;
    struct gather slice;
    void (*done)(void *ctx, enum err);
    void *done_ctx;

    struct write write;
    struct rewrite rewrite;
    struct removal removal;
};

/* checkpoint.c */
void checkpoint_fail(struct checkpoint *, enum err, const char *what);
void pair_init(const struct checkpoint *, struct pair *, uint32_t number); /* names; no files */
void gather_begin(struct gather *, journal_pos);
void gather_deinit(struct gather *);

/* checkpoint_commit.c */
void write_init(struct checkpoint *);
void write_list(struct checkpoint *);  /* that waits; nothing else is written */
void write_slice(struct checkpoint *); /* that was gathered; nothing else is written */
void write_again(struct checkpoint *); /* what was refused */
void write_withdraw(struct checkpoint *); /* likewise: it gathers again */

/* checkpoint_rewrite.c */
void rewrite_init(struct checkpoint *);
void rewrite_give_up(struct checkpoint *); /* no space; nothing happens when there is none */
void rewrite_complete(struct checkpoint *); /* the new pair is the current one */

/* checkpoint_read.c: blocking */
struct pair_state {
    journal_pos pos;
    uint64_t turn;
    uint64_t lists;
    uint64_t end;
    uint64_t base;
    bool is_complete; /* there is a list of a complete log */
    bool is_damaged;  /* a list is bad in both */
    bool is_unequal;  /* a copy could not be repaired: no space */
};

/* Opens the copies that are there, without changing any. */
MUST_CHECK enum err pair_open(struct checkpoint *, struct pair *, struct errmsg *why);
void pair_close(struct checkpoint *, struct pair *);
/* Says what a pair holds and does nothing else; what cannot be read counts as damage. */
MUST_CHECK enum err pair_probe(struct checkpoint *, struct pair *, struct pair_state *ret,
                               struct errmsg *why);
/* Hands up what the pair holds; unless the log is read only also makes both copies the same, whole
 * and synced. */
MUST_CHECK enum err pair_load(struct checkpoint *, struct pair *, const struct checkpoint_load *,
                              struct pair_state *ret, struct errmsg *why);

#endif
