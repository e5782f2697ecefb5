/* SPDX-License-Identifier: Apache-2.0 */
/* Password: plain or bcrypt, compared without telling by the time it takes what was wrong.
 *
 * Thread: any. Memory: nothing is kept. The time of password_equal() depends on the length of what
 * was given only; that of password_bcrypt_matches() on the cost of the hash only. */
#ifndef MIDGE_CRYPTO_PASSWORD_H
#define MIDGE_CRYPTO_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* 2^20 rounds take a minute: no client waits longer, and a mistyped cost must not hold a worker
 * for days. A hash beyond matches nothing. */
enum { BCRYPT_COST_MIN = 4, BCRYPT_COST_MAX = 20, BCRYPT_TEXT = 60, BCRYPT_SIZE = BCRYPT_TEXT + 1 };

/* What nats-server takes for a hash: `$2a$`, `$2b$`, `$2x$` or `$2y$`, two digits, `$`,
 * anything. */
bool password_is_bcrypt(struct slice stored);

/* Is `given` the plain password `stored`? */
bool password_equal(struct slice stored, struct slice given);

/* About 100 ms at cost 11, so not on a reactor. False for what is no valid hash. All four kinds
 * mean the one right algorithm. Like all of bcrypt, it looks at the first 72 bytes. */
bool password_bcrypt_matches(struct slice hash, struct slice given);

/* Two digits of the hash; 0 when it is no valid one or costs too much. */
uint32_t password_bcrypt_cost(struct slice hash);

/* A valid hash of this cost that no password is known for. Returns `ret_hash`. */
const char *password_bcrypt_dummy(uint32_t cost, char ret_hash[BCRYPT_SIZE]);

/* What may be kept in place of a password that matched a hash: without the key it cannot be
 * tried. */
enum { PASSWORD_KEY = 32, PASSWORD_DIGEST = 32 };
struct password_digest {
    uint8_t bytes[PASSWORD_DIGEST];
};
struct password_digest password_digest(const uint8_t key[PASSWORD_KEY], struct slice hash,
                                       struct slice given);
bool password_digest_equal(const struct password_digest *, const struct password_digest *);

/* Not removed by the compiler. */
void password_wipe(void *bytes, size_t len);

#endif
