/* SPDX-License-Identifier: Apache-2.0 */
/* Exposition: the text format 0.0.4 of Prometheus. A family is its head and then its samples.
 *
 *     exposition_family(e, "varz", "mem", "gauge", "resident bytes");
 *     exposition_u64(e, labels, 1, value);
 *
 * Thread: one at a time. Memory: appends to the caller's buffer; names and help are borrowed for
 * the family. A family without samples leaves its head only. */
#ifndef MIDGE_MONITOR_EXPOSITION_H
#define MIDGE_MONITOR_EXPOSITION_H

#include "base/buf.h"

struct label {
    const char *name;
    const char *value; /* any bytes; NULL is "" */
};

enum { EXPOSITION_NAME = 256 };

struct exposition {
    struct buf *out;
    char name[EXPOSITION_NAME]; /* of the family in hand */
};

/* `prefix` and `name` are joined; what cannot stand in a name is left out of `name`. */
void exposition_family(struct exposition *, const char *prefix, const char *name, const char *type,
                       const char *help);
void exposition_u64(struct exposition *, const struct label *, uint32_t count, uint64_t value);
void exposition_i64(struct exposition *, const struct label *, uint32_t count, int64_t value);
void exposition_double(struct exposition *, const struct label *, uint32_t count, double value);

#endif
