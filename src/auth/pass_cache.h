/* SPDX-License-Identifier: Apache-2.0 */
/* Pass cache: which password matched which bcrypt hash a moment ago, so that ten thousand clients
 * who come back at once do not cost ten thousand times 100 ms.
 *
 * Keeps keyed digests only, of successes only. The hash is part of what is digested: a changed
 * password finds nothing.
 *
 * Thread: one per reactor. Memory: owned; 44 KB from the first success on.
 * Limits: PASS_CACHE_MAX entries, the oldest of eight gives way; each for PASS_CACHE_TTL. */
#ifndef MIDGE_AUTH_PASS_CACHE_H
#define MIDGE_AUTH_PASS_CACHE_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/units.h"
#include "crypto/password.h"

struct pass_cache;

enum { PASS_CACHE_MAX = 1024 };
#define PASS_CACHE_TTL (5 * MINUTE)

/* `key` is random and this cache's own. */
struct pass_cache *pass_cache_new(const uint8_t key[PASSWORD_KEY]);
struct pass_cache *pass_cache_free(struct pass_cache *);    /* NULL is fine; returns NULL */
DEFINE_AUTO_FREE(pass_cache)

bool pass_cache_has(const struct pass_cache *, struct slice hash, struct slice password, nanos now);
void pass_cache_put(struct pass_cache *, struct slice hash, struct slice password, nanos now);

#endif
