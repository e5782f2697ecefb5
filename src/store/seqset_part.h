/* SPDX-License-Identifier: Apache-2.0 */
/* Part: up to 65536 sequences of a seqset, or a run of whole parts. For store/seqset.c only.
 *
 * Thread: its set's. Memory: a part is a value that owns what it points to; its set may move it.
 * Positions are sequences within the part, ranges include both ends. */
#ifndef MIDGE_STORE_SEQSET_PART_H
#define MIDGE_STORE_SEQSET_PART_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PART_BITS = 16,
    PART_SIZE = 1 << PART_BITS,
    PART_LAST = PART_SIZE - 1,
    PART_WORDS = PART_SIZE / 64,
    PART_RUNS_INLINE = 2,
    PART_RUNS_MAX = PART_SIZE / 8 / 4, /* as many bytes as the bitmap */
    PART_RUNS_FEW = PART_RUNS_MAX / 2, /* a bitmap with so few becomes runs again */
};

enum part_kind { PART_RUNS, PART_BITMAP, PART_FULL };

struct part_run {
    uint16_t first, last;
};

struct part {
    uint64_t key; /* its first sequence / PART_SIZE */
    union {
        struct part_run few[PART_RUNS_INLINE]; /* RUNS, up to two */
        struct part_run *runs;                 /* RUNS: ascending, with gaps between */
        uint64_t *words;                       /* BITMAP */
        uint64_t span;                         /* FULL: so many parts, all of them in the set */
    };
    uint32_t count; /* sequences; not for FULL */
    uint16_t runs_count;
    uint8_t kind;
};

void part_deinit(struct part *);
/* Bytes beside the part itself. */
uint32_t part_memory(const struct part *);

/* The first part of it, where it is FULL; so all below. */
bool part_has(const struct part *, uint32_t at);

/* Returns how many were not there. RUNS and BITMAP only, so all below. */
uint32_t part_add(struct part *, uint32_t first, uint32_t last);
/* `bytes` of a bitmap, from `at` on, a multiple of 64. */
uint32_t part_add_bytes(struct part *, uint32_t at, const uint8_t *bytes, uint32_t count);
uint32_t part_remove_below(struct part *, uint32_t at);

uint32_t part_count(const struct part *, uint32_t first, uint32_t last);
/* PART_SIZE: none. */
uint32_t part_next_absent(const struct part *, uint32_t from);
/* -1: none. */
int32_t part_prev_absent(const struct part *, uint32_t from);
/* The first position that is in the set; PART_SIZE: none. */
uint32_t part_next_present(const struct part *, uint32_t from);

void part_check(const struct part *);

#endif
