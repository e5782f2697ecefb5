/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of eight places. The digest is secret and evenly spread, so its first byte may choose the
 * set; within the set every place is compared. */
#include "auth/pass_cache.h"

#include "base/alloc.h"
#include "base/assert.h"

enum { WAYS = 8, SETS = PASS_CACHE_MAX / WAYS };

static_assert(SETS <= 256, "one byte of the digest chooses the set");

struct place {
    struct password_digest digest;
    nanos                  until;       /* 0: free */
};

struct pass_cache {
    uint8_t       key[PASSWORD_KEY];
    struct place (*sets)[WAYS];         /* NULL: nothing was put yet */
};

struct pass_cache *pass_cache_new(const uint8_t key[PASSWORD_KEY])
{
    struct pass_cache *c = xcalloc(1, sizeof *c);
    memcpy(c->key, key, PASSWORD_KEY);
    return c;
}

struct pass_cache *pass_cache_free(struct pass_cache *c)
{
    if (c == NULL) return NULL;
    xfree(c->sets);
    password_wipe(c, sizeof *c);
    return xfree(c);
}

static struct place *set_of(const struct pass_cache *c, const struct password_digest *digest)
{
    return c->sets[digest->bytes[0] % SETS];
}

bool pass_cache_has(const struct pass_cache *c, struct slice hash, struct slice password, nanos now)
{
    if (c->sets == NULL) return false;
    struct password_digest digest = password_digest(c->key, hash, password);
    const struct place *set = set_of(c, &digest);
    bool found = false;
    for (int i = 0; i < WAYS; i++)
        if (password_digest_equal(&set[i].digest, &digest) && set[i].until > now) found = true;
    return found;
}

void pass_cache_put(struct pass_cache *c, struct slice hash, struct slice password, nanos now)
{
    if (c->sets == NULL) c->sets = xcalloc(SETS, sizeof *c->sets);
    struct password_digest digest = password_digest(c->key, hash, password);
    struct place *set = set_of(c, &digest), *oldest = set;
    for (int i = 0; i < WAYS; i++) {
        if (set[i].until < oldest->until) oldest = &set[i];
        if (!password_digest_equal(&set[i].digest, &digest)) continue;
        oldest = &set[i];
        break;
    }
    *oldest = (struct place){ digest, now + PASS_CACHE_TTL };
}
