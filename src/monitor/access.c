/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/access.h"

#include "auth/pass_cache.h"
#include "base/alloc.h"
#include "base/lock.h"
#include "codec/base64.h"
#include "env/clock.h"

struct access {
    struct lock lock;
    struct pass_cache *cache;
};

/* Longer headers are refused unread. */
enum { CREDENTIALS_MAX = 1024 };

struct access *access_new(struct entropy *entropy)
{
    struct access *a = xcalloc(1, sizeof *a);
    uint8_t key[PASSWORD_KEY];
    entropy->fill(entropy, key, sizeof key);
    a->cache = pass_cache_new(key);
    lock_init(&a->lock);
    password_wipe(key, sizeof key);
    return a;
}

struct access *access_free(struct access *a)
{
    if (a == NULL) return NULL;
    pass_cache_free(a->cache);
    lock_deinit(&a->lock);
    return xfree(a);
}

static bool bcrypt_matches(struct access *a, struct slice hash, struct slice given, nanos now)
{
    lock_take(&a->lock);
    bool known = pass_cache_has(a->cache, hash, given, now);
    lock_drop(&a->lock);
    if (known) return true;
    if (!password_bcrypt_matches(hash, given)) return false;
    lock_take(&a->lock);
    pass_cache_put(a->cache, hash, given, now);
    lock_drop(&a->lock);
    return true;
}

static bool credentials_match(struct access *a, struct access_rule rule, struct slice credentials,
                              nanos now)
{
    struct slice user, stored = slice_str(rule.password);
    if (!slice_cut(&credentials, ':', &user)) return false;
    bool same_user = password_equal(slice_str(rule.user), user);
    bool same_password = password_is_bcrypt(stored) ? bcrypt_matches(a, stored, credentials, now)
                                                    : password_equal(stored, credentials);
    return same_user && same_password;
}

bool access_granted(struct access *a, struct access_rule rule, const char *authorization, nanos now)
{
    uint8_t credentials[CREDENTIALS_MAX];
    struct slice text = slice_trim(slice_str(authorization)), scheme;
    if (rule.user == NULL) return true;
    if (!slice_cut(&text, ' ', &scheme) || !slice_equal_nocase(scheme, SLICE_LIT("Basic")))
        return false;
    uint32_t len = 0;
    text = slice_trim(text);
    if (base64_decoded_max(text.len) > sizeof credentials) return false;
    if (base64_decode(BASE64_STD, text, credentials, &len) != ERR_OK) return false;
    bool granted = credentials_match(a, rule, slice_of(credentials, len), now);
    password_wipe(credentials, sizeof credentials);
    return granted;
}
