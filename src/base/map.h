/* SPDX-License-Identifier: Apache-2.0 */
/* Map: from a name to a pointer, for cold paths (configuration, accounts, users).
 *
 * Order:  iteration is in order of insertion, so that nothing observable depends on addresses or
 * hashes.
 * Memory: keys are copied; values are the caller's. Thread: one at a time.
 * Cost:   O(1) find and insert; remove is O(1) and leaves a hole that a later growth sweeps. */
#ifndef MIDGE_BASE_MAP_H
#define MIDGE_BASE_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"

struct map;

struct map *map_new(uint64_t hash_seed);
struct map *map_free(struct map *); /* values are not freed; returns NULL */
DEFINE_AUTO_FREE(map)

uint32_t map_count(const struct map *);
void *map_find(const struct map *, struct slice key); /* NULL when absent */
/* value != NULL; returns the old one or NULL */
void *map_set(struct map *, struct slice key, void *value);
void *map_remove(struct map *, struct slice key); /* returns the value or NULL */

/* for (uint32_t at = 0; map_next(m, &at, &key, &value);) … The map must not change meanwhile. */
bool map_next(const struct map *, uint32_t *at, struct slice *ret_key, void **ret_value);

#endif
