/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: two ways to ask for it.
 *
 * Behind a door (small nodes, whose number a limit bounds): xalloc() aborts when memory is gone.
 * At a door (accept, SUB, a payload, a pending chunk): door_alloc() may say no, by the memory limit
 * of the process or because a test makes the n-th call fail; the caller refuses the client and
 * loses nothing.
 *
 * Thread: xalloc any. A `struct door` belongs to one reactor. */
#ifndef MIDGE_BASE_ALLOC_H
#define MIDGE_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

void *xalloc(size_t size);                /* not zeroed; size 0 is fine */
void *xcalloc(size_t count, size_t size); /* zeroed; asserts that the product fits */
void *xrealloc(void *old, size_t size);
void *xalloc_aligned(size_t alignment, size_t size); /* zeroed; free with xfree */
/* Not zeroed, aligned to 2 MiB, of which `size` is a multiple; the system is asked to back it with
 * huge pages. Free with xfree. */
void *xalloc_huge(size_t size);
char *xstrdup(const char *text);                     /* NULL gives NULL */
void *xfree(void *p);                                /* returns NULL: p = xfree(p) */

/* NULL when memory is gone: for a door whose bytes are counted elsewhere. Not zeroed; free with
 * xfree. */
MUST_CHECK void *try_alloc(size_t size);

struct door {
    uint64_t bytes;     /* handed out and not yet returned */
    uint64_t bytes_max; /* 0: no limit */
    uint64_t calls;     /* so far */
    uint64_t fail_at;   /* the call with this number fails; 0: none. For tests */
};

/* NULL when the limit is reached, a test says so, or malloc fails. Not zeroed. */
MUST_CHECK void *door_alloc(struct door *, size_t size);
/* `size` is what was asked for. Returns NULL; NULL is a no-op. */
void *door_free(struct door *, void *p, size_t size);

/* Counts memory that is allocated elsewhere, by a library or behind the door. False as
 * door_alloc() refuses. */
MUST_CHECK bool door_charge(struct door *, size_t size);
void door_discharge(struct door *, size_t size); /* what was charged, or a part of it */

#endif
