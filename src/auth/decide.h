/* SPDX-License-Identifier: Apache-2.0 */
/* Decide: does this connection get in, as whom, and what may it do? The one function for all paths:
 * CONNECT, a second CONNECT, no CONNECT at all, a reload, WebSocket, MQTT, leafnodes.
 *
 * Pure: no clock, no socket. A bcrypt password takes 100 ms: then the verdict is "pending", the
 * caller runs auth_check_run() on a worker and asks auth_finish().
 *
 * Thread:  any for auth_check_run(); else the session's reactor. Memory: a result is a plain value
 *          that points into the directory, and its name perhaps into the request; pending, it holds
 *          a copy of the password until auth_finish() or auth_check_wipe().
 * Secrets: compared in constant time; an unknown user takes as long as a wrong password. */
#ifndef MIDGE_AUTH_DECIDE_H
#define MIDGE_AUTH_DECIDE_H

#include "auth/directory.h"
#include "base/units.h"

struct cert;
struct pass_cache;

/* All slices: what CONNECT (or an MQTT CONNECT, or a cookie where CONNECT said nothing) brought;
 * empty when not given. */
struct auth_request {
    enum connection_type type;
    bool         in_fast_path;          /* the first verb was not CONNECT */
    bool         dormant_field;         /* non-empty `account`, true `new_account` */
    struct slice user;
    struct slice pass;
    struct slice token;
    struct slice nkey;
    struct slice sig;                   /* base64 */
    struct slice proxy_sig;             /* base64 */
    struct slice nonce;                 /* as sent in INFO */
    const struct cert *cert;            /* the peer's own certificate, verified; NULL: none */
    struct pass_cache *cache;           /* of this reactor; NULL: none */
    nanos        now;                   /* for the cache: monotonic */
};

enum auth_verdict { AUTH_REFUSED, AUTH_ACCEPTED, AUTH_PENDING_BCRYPT };

/* Why not; the texts are those of /connz. */
enum auth_reason {
    AUTH_REASON_NONE,
    AUTH_REASON_FAILURE,                /* Authentication Failure */
    AUTH_REASON_PROXY_NOT_TRUSTED,      /* Proxy Not Trusted */
    AUTH_REASON_PROXY_REQUIRED,         /* Proxy Required */
};
const char *auth_reason_text(enum auth_reason);

enum { AUTH_PASSWORD_USED = 72 };       /* bcrypt looks at no more */

struct auth_check {
    const char *hash;                   /* in the directory; NULL: nothing to check */
    uint8_t     password[AUTH_PASSWORD_USED];
    uint32_t    password_len;
    bool        is_dummy;               /* fails whatever comes out: only the time counts */
};

struct auth_result {
    const struct auth_user      *user;          /* NULL: refused, or nobody in particular */
    const struct auth_account   *account;       /* NULL: refused */
    const struct permission_set *permissions;   /* NULL: everything */
    struct auth_limits           limits;
    enum auth_reason             reason;
    /* What reports show, refused or not: a user, a public key, "[REDACTED]" for a token, or empty.
     * In the directory or in the request. */
    struct slice                 name;
    bool                         by_certificate; /* the user came from the certificate */
    const char                  *proxy_key;      /* of the trusted proxy that vouched; NULL: none */
    struct auth_check            check;          /* AUTH_PENDING_BCRYPT */
};

/* `*ret` is filled in any case. While the verdict is pending, user, account and permissions are
 * those that a success will give; they count only once auth_finish() has accepted. */
enum auth_verdict auth_decide(const struct directory *, const struct auth_request *,
                              struct auth_result *ret);

/* Slow. True when the password is right. A copy of the check may travel: its hash lives as long as
 * the directory. */
bool auth_check_run(const struct auth_check *);
void auth_check_wipe(struct auth_check *);                  /* may be called again */

/* What auth_check_run() said makes the verdict: accepted or refused. Wipes the check. A success is
 * remembered in `cache` (NULL: none). When the directory was replaced meanwhile, call auth_decide()
 * with the new one after this: the cache makes it cheap. */
enum auth_verdict auth_finish(struct auth_result *, bool matches, struct pass_cache *cache,
                              nanos now);

#endif
