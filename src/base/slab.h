/* SPDX-License-Identifier: Apache-2.0 */
/* Slab: memory for many small objects that name each other by 32 bits instead of by pointers.
 *
 * Objects of about one size share chunks: multiples of 8 bytes up to 128, eight sizes for each
 * power of two above. A chunk is a quarter of what its size has in use, so that small users stay
 * small, and at most 2 MiB, aligned, so that the system may give a huge page for it: half of the
 * cost of a random access to a large slab is the walk of page tables. A chunk that is empty goes
 * back to the heap, unless as much as it holds is in use elsewhere.
 *
 * Thread:  one at a time. Memory: the slab's; an object stays where it is until slab_free(). All
 *          zero is a valid empty slab.
 * Limits:  an object has at most SLAB_OBJECT_MAX bytes; all of them together 32 GiB, which is
 *          asserted: whoever lets strangers add objects has a lower limit. */
#ifndef MIDGE_BASE_SLAB_H
#define MIDGE_BASE_SLAB_H

#include <stddef.h>
#include <stdint.h>

enum {
    SLAB_OBJECT_MAX = 2048, /* bytes */
    SLAB_SIZES = 48,
    SLAB_UNIT_SHIFT = 3, /* a reference counts units of 8 bytes … */
    SLAB_UNIT_BITS = 18, /* … in a chunk of 2 MiB; the bits above name the chunk */
};

/* Where an object is; never 0. */
typedef uint32_t slab_ref;

struct slab_chunk;

struct slab_size {
    uint32_t open;  /* the first chunk with room; 0: none */
    uint32_t spare; /* the chunk that is empty and kept; 0: none */
    uint32_t used;  /* objects */
};

struct slab {
    struct slab_chunk **chunks; /* by number; [0] is not used, NULL is a hole */
    struct slab_chunk *first;   /* chunks[1]: all that a small slab has */
    uint32_t chunks_count;
    uint32_t chunks_cap;
    uint32_t hole;   /* there is none below this number */
    uint32_t in_use; /* chunks */
    uint64_t bytes;  /* what the heap gave */
    struct slab_size sizes[SLAB_SIZES];
};

void slab_deinit(struct slab *); /* all objects go; leaves an empty slab */

/* Not zeroed, aligned to 8. `bytes` is 1 to SLAB_OBJECT_MAX. */
slab_ref slab_alloc(struct slab *, uint32_t bytes);
void slab_free(struct slab *, slab_ref);

static inline void *slab_at(const struct slab *s, slab_ref ref)
{
    uint32_t unit = ref & ((UINT32_C(1) << SLAB_UNIT_BITS) - 1);
    uint32_t number = ref >> SLAB_UNIT_BITS;
    struct slab_chunk *k = number == 1 ? s->first : s->chunks[number];
    return (char *)k + ((size_t)unit << SLAB_UNIT_SHIFT);
}

/* Objects that are in use. */
uint64_t slab_count(const struct slab *);

/* What an object of so many bytes takes. */
uint32_t slab_round(uint32_t bytes);

/* Asserts every invariant; O(chunks). */
void slab_check(const struct slab *);

#endif
