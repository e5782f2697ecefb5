/* SPDX-License-Identifier: Apache-2.0 */
/* Store_check: reads all of a store that no server uses, and says what of it is damaged: identity,
 * checkpoint log, journal, and every message of every block.
 *
 * Thread: the caller's, blocking. Changes nothing. Memory: about 100 bytes a block. */
#ifndef MIDGE_STORE_STORE_CHECK_H
#define MIDGE_STORE_STORE_CHECK_H

#include "base/slice.h"
#include "env/env.h"

struct store_check_options {
    struct env  *env;
    const char  *directory; /* "<store_dir>/midge" */
    struct slice key;       /* of an encrypted one; empty: none */
    void *ctx;
    /* One sentence for each piece that is damaged. */
    void (*on_damage)(void *ctx, const char *what);
    /* One for each file of a stream that the checkpoint log does not name, and that is no block in
     * the making: what a process that died has not got rid of, or what something else has left. The
     * next start puts it aside. May be NULL. */
    void (*on_stranger)(void *ctx, const char *what);
};

struct store_check_result {
    uint64_t store_id;
    bool     is_encrypted;
    uint64_t streams;
    uint64_t blocks;
    uint64_t messages; /* in blocks, whole ones; erased ones too */
    uint64_t told;     /* … in the checkpoint log, which are in no block yet */
    uint64_t batches;  /* of the journal, behind the last checkpoint */
    uint64_t records;
    uint64_t damages;  /* on_damage() was called so often */
    uint64_t strangers;
};

/* OK also when there is damage. NOTFOUND: no store is there. CLOSED: a server uses it. DENIED: the
 * key does not fit. INVALID: written by a newer version. IO, CORRUPT: it cannot be checked. */
MUST_CHECK enum err store_check(const struct store_check_options *, struct store_check_result *ret,
                                struct errmsg *why);

#endif
