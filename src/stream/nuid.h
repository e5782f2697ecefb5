/* SPDX-License-Identifier: Apache-2.0 */
/* Nuid: names that are used once: of advisories, of consumers that have none, of pins. 22 letters
 * and digits, as nats-server's: 12 drawn at random, 10 that count on in steps of random width, so
 * that names of one moment sort together.
 *
 * Not secret. Thread: its owner's. Memory: a value. */
#ifndef MIDGE_STREAM_NUID_H
#define MIDGE_STREAM_NUID_H

#include <stdint.h>

#include "base/rng.h"

enum { NUID_LEN = 22, NUID_PREFIX = 12 };

struct nuid {
    struct rng *rng;                    /* of its thread */
    uint8_t     prefix[NUID_PREFIX];
    uint64_t    count;
    uint64_t    step;
};

/* The first call begins with a prefix of its own. */
void nuid_init(struct nuid *, struct rng *);
/* NUL-terminated. */
void nuid_next(struct nuid *, char ret[NUID_LEN + 1]);

#endif
