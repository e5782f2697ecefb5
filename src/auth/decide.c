/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/decide.h"

#include "auth/directory_internal.h"
#include "auth/pass_cache.h"
#include "base/assert.h"
#include "crypto/password.h"

static_assert((int)AUTH_PASSWORD_USED == 72, "what bcrypt looks at");

const char *auth_reason_text(enum auth_reason reason)
{
    switch (reason) {
    case AUTH_REASON_NONE: return "";
    case AUTH_REASON_FAILURE: return "Authentication Failure";
    case AUTH_REASON_PROXY_NOT_TRUSTED: return "Proxy Not Trusted";
    case AUTH_REASON_PROXY_REQUIRED: return "Proxy Required";
    default: unreachable();
    }
}

/* One attempt on its way through the rules. */
struct attempt {
    const struct directory    *directory;
    const struct auth_rules   *rules;
    const struct auth_request *request;
    struct auth_result        *result;
};

static enum auth_verdict refuse(struct auth_result *result, enum auth_reason reason)
{
    result->user = NULL;
    result->account = NULL;
    result->permissions = NULL;
    result->reason = reason;
    return AUTH_REFUSED;
}

static void take_account(struct auth_result *result, const struct auth_account *account)
{
    result->account = account;
    result->limits = account->limits;
}

static void take_user(struct auth_result *result, const struct auth_user *user)
{
    result->user = user;
    result->name = slice_str(user->name);
    result->permissions = user->permissions;
    take_account(result, user->account);
}

static enum auth_verdict admit(struct attempt *a, const struct auth_user *user)
{
    if (user->proxy_required && a->result->proxy_key == NULL)
        return refuse(a->result, AUTH_REASON_PROXY_REQUIRED);
    take_user(a->result, user);
    return AUTH_ACCEPTED;
}

static enum auth_verdict pend(struct attempt *a, const char *hash, struct slice password)
{
    struct auth_check *check = &a->result->check;
    struct slice used = slice_first(password, AUTH_PASSWORD_USED);
    check->hash = hash;
    check->password_len = used.len;
    if (used.len > 0) memcpy(check->password, used.ptr, used.len);
    return AUTH_PENDING_BCRYPT;
}

static bool is_cached(const struct attempt *a, const struct auth_user *user, struct slice password)
{
    const struct auth_request *r = a->request;
    struct slice used = slice_first(password, AUTH_PASSWORD_USED);
    return r->cache != NULL && pass_cache_has(r->cache, slice_str(user->pass), used, r->now);
}

/* `user` NULL: nobody can be accepted, but the answer takes as long as if someone could. */
static enum auth_verdict check_password(struct attempt *a, const struct auth_user *user,
                                        struct slice given)
{
    if (user != NULL && user->pass_is_bcrypt) {
        if (is_cached(a, user, given)) return admit(a, user);
        enum auth_verdict verdict = admit(a, user);
        return verdict == AUTH_ACCEPTED ? pend(a, user->pass, given) : verdict;
    }
    bool equal = password_equal(user == NULL ? SLICE_LIT("") : slice_str(user->pass), given);
    if (equal && user != NULL) return admit(a, user);
    (void)refuse(a->result, AUTH_REASON_FAILURE);
    if (a->rules->dummy_hash == NULL) return AUTH_REFUSED;
    a->result->check.is_dummy = true;
    return pend(a, a->rules->dummy_hash, given);
}

static bool gives_no_password(const struct auth_request *r)
{
    return r->user.len + r->pass.len + r->token.len == 0;
}

/* The key that the client claims signs, whether it is known or not. */
static bool nonce_is_signed(const struct auth_request *r)
{
    struct nkey key;
    uint8_t signature[NKEY_SIGNATURE];
    if (r->nonce.len == 0 || !nkey_decode(r->nkey, &key)) return false;
    return nkey_signature_decode(r->sig, signature) && nkey_verify(&key, r->nonce, signature);
}

static enum auth_verdict by_nkey(struct attempt *a)
{
    const struct auth_request *r = a->request;
    const struct auth_user *user = map_find(a->rules->nkeys, r->nkey);
    bool may_come = user != NULL && auth_user_may_come_by(user, r->type);
    bool is_signed = nonce_is_signed(r);
    if (may_come && (is_signed || user == a->rules->no_auth_user)) return admit(a, user);
    return refuse(a->result, AUTH_REASON_FAILURE);
}

static enum auth_verdict by_no_auth_user(struct attempt *a)
{
    const struct auth_user *user = a->rules->no_auth_user;
    a->result->name = slice_str(user->name);
    if (!auth_user_may_come_by(user, a->request->type))
        return refuse(a->result, AUTH_REASON_FAILURE);
    return admit(a, user);
}

static enum auth_verdict by_certificate(struct attempt *a)
{
    const struct auth_request *r = a->request;
    const struct auth_user *user = r->cert == NULL ? NULL : cert_user(a->rules, r->cert, r->type);
    if (user == NULL) return refuse(a->result, AUTH_REASON_FAILURE);
    a->result->name = slice_str(user->name);
    a->result->by_certificate = true;
    return check_password(a, user, r->pass);
}

/* A user without a password is one for certificates where any listener takes names from those: his
 * name alone opens nothing (unless it is open to everybody anyway). */
static bool name_is_not_enough(const struct attempt *a, const struct auth_user *user)
{
    return user->pass[0] == 0 && a->directory->any_from_certificate &&
           user != a->rules->no_auth_user;
}

static enum auth_verdict by_user_name(struct attempt *a)
{
    const struct auth_request *r = a->request;
    const struct auth_user *user = map_find(a->rules->users, r->user);
    bool may_come = user != NULL && auth_user_may_come_by(user, r->type) &&
                    !name_is_not_enough(a, user);
    return check_password(a, may_come ? user : NULL, r->pass);
}

static enum auth_verdict by_single(struct attempt *a)
{
    const struct auth_request *r = a->request;
    const struct auth_user *user = a->rules->single;
    if (user->is_token) return check_password(a, user, r->token);
    bool is_he = password_equal(slice_str(user->name), r->user);
    return check_password(a, is_he ? user : NULL, r->pass);
}

static enum auth_verdict by_rules(struct attempt *a)
{
    const struct auth_rules *rules = a->rules;
    const struct auth_request *r = a->request;
    bool assumes = rules->no_auth_user != NULL && gives_no_password(r);
    if (map_count(rules->nkeys) > 0) {
        if (r->nkey.len > 0) return by_nkey(a);
        if (assumes && rules->no_auth_user->is_nkey) return by_no_auth_user(a);
    }
    if (map_count(rules->users) > 0) {
        if (rules->from_certificate) return by_certificate(a);
        if (assumes && !rules->no_auth_user->is_nkey) return by_no_auth_user(a);
        if (r->user.len > 0) return by_user_name(a);
    }
    return rules->single != NULL ? by_single(a) : refuse(a->result, AUTH_REASON_FAILURE);
}

/* Not trusted is only who claims to be a proxy and is none. */
static bool proxy_is_fine(const struct directory *d, const struct auth_request *r,
                          struct auth_result *result)
{
    if (r->proxy_sig.len == 0 || d->proxy_count == 0) return true;
    uint8_t signature[NKEY_SIGNATURE];
    if (r->nonce.len == 0 || !nkey_signature_decode(r->proxy_sig, signature)) return false;
    for (uint32_t i = 0; i < d->proxy_count; i++)
        if (nkey_verify(&d->proxies[i].key, r->nonce, signature))
            result->proxy_key = d->proxies[i].text;
    return result->proxy_key != NULL;
}

static struct slice claimed_name(const struct auth_request *r)
{
    if (r->nkey.len > 0) return r->nkey;
    if (r->user.len > 0) return r->user;
    return r->token.len > 0 ? SLICE_LIT("[REDACTED]") : SLICE_LIT("");
}

enum auth_verdict auth_decide(const struct directory *d, const struct auth_request *request,
                              struct auth_result *ret)
{
    const struct auth_rules *rules = directory_rules(d, request->type);
    *ret = (struct auth_result){ .name = claimed_name(request) };
    if (request->dormant_field || d->is_closed) return refuse(ret, AUTH_REASON_FAILURE);
    if (!proxy_is_fine(d, request, ret)) return refuse(ret, AUTH_REASON_PROXY_NOT_TRUSTED);
    if (d->proxy_required && ret->proxy_key == NULL) return refuse(ret, AUTH_REASON_PROXY_REQUIRED);
    if (!rules->required) {
        take_account(ret, rules->open_account);
        return AUTH_ACCEPTED;
    }
    if (request->in_fast_path && directory_no_auth_user(d, request->type) == NULL)
        return refuse(ret, AUTH_REASON_FAILURE);
    struct auth_request bare = *request;
    if (request->in_fast_path) bare.user = bare.pass = bare.token = bare.nkey = SLICE_LIT("");
    struct attempt attempt = { d, rules, &bare, ret };
    return by_rules(&attempt);
}

static struct slice check_password_slice(const struct auth_check *check)
{
    return slice_of(check->password, check->password_len);
}

bool auth_check_run(const struct auth_check *check)
{
    assert(check->hash != NULL);
    return password_bcrypt_matches(slice_str(check->hash), check_password_slice(check));
}

void auth_check_wipe(struct auth_check *check)
{
    password_wipe(check, sizeof *check);
}

enum auth_verdict auth_finish(struct auth_result *result, bool matches, struct pass_cache *cache,
                              nanos now)
{
    struct auth_check *check = &result->check;
    assert(check->hash != NULL);
    bool accepted = matches && !check->is_dummy;
    assert(!accepted || result->account != NULL);
    if (accepted && cache != NULL)
        pass_cache_put(cache, slice_str(check->hash), check_password_slice(check), now);
    auth_check_wipe(check);
    return accepted ? AUTH_ACCEPTED : refuse(result, AUTH_REASON_FAILURE);
}
