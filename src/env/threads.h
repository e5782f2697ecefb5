/* SPDX-License-Identifier: Apache-2.0 */
/* Threads: which there are, and what each of them does just now. For /stacksz.
 *
 * Thread:  any; what is told is one moment's picture of each.
 * Memory:  both texts are borrowed for the call of `each`.
 * Order:   in which the threads began. */
#ifndef MIDGE_ENV_THREADS_H
#define MIDGE_ENV_THREADS_H

struct threads {
    /* `name` is the one that the machine shows. `each` may not ask for the threads again. */
    void (*list)(struct threads *, void (*each)(void *ctx, const char *name, const char *doing),
                 void *ctx);
};

#endif
