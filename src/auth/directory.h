/* SPDX-License-Identifier: Apache-2.0 */
/* Directory: accounts, users and the rules of each listener, as one configuration states them.
 *
 * A snapshot: it never changes. A reload makes a new one, and every session is decided anew.
 * Thread:  any; the count of references is atomic. Memory: shared; keeps no pointer into the
 *          options. Users, accounts and permission sets live as long as their directory, so who
 *          keeps one of those keeps a reference.
 * Closed by default: with operators, trusted keys or an auth callout, which nothing here serves,
 *          nobody gets in. */
#ifndef MIDGE_AUTH_DIRECTORY_H
#define MIDGE_AUTH_DIRECTORY_H

#include "auth/permissions.h"
#include "base/err.h"
#include "config/options.h"

#define GLOBAL_ACCOUNT "$G"
#define SYSTEM_ACCOUNT "$SYS"

/* -1: unlimited. */
struct auth_limits {
    int64_t connections_max;            /* of the account */
    int64_t leafs_max;                  /* of the account */
    int64_t subscriptions_max;          /* of one connection: the least of server and account */
    int64_t payload_max;                /* bytes; the least of server and account */
};

struct auth_account {
    const char        *name;
    const char        *nkey;            /* public account key; NULL: none */
    struct auth_limits limits;
};

struct auth_user {
    const char *name;                   /* user name, or the public key of an nkey user */
    bool        is_nkey;
    bool        is_hidden;              /* nats-XXXXXXXX: made up, see directory_setup */
    bool        is_token;               /* the single token; `name` is "[REDACTED]" */
    bool        pass_is_bcrypt;
    bool        proxy_required;
    const char *pass;                   /* secret; "" when none is set */
    const struct auth_account   *account;
    const struct permission_set *permissions;   /* NULL: everything */
    uint32_t    connection_types;       /* enum connection_type bits; 0: all */
};

/* What the configuration does not say. */
struct directory_setup {
    uint64_t    hash_seed;
    /* Where only $G and the system account exist and nobody wrote an authorization block, anonymous
     * clients become the user "nats-" + this in $G. 8 random letters or digits, the same through
     * all reloads. */
    const char *hidden_suffix;
};

struct directory;

/* INVALID, with a text for the operator: a no_auth_user, the system account or the account of a
 * leafnode user does not exist. */
MUST_CHECK enum err directory_new(const struct options *, struct directory_setup,
                                  struct directory **ret_directory, struct errmsg *why);
struct directory *directory_ref(struct directory *);
struct directory *directory_unref(struct directory *);      /* NULL is fine; returns NULL */

const struct auth_account *directory_account(const struct directory *, struct slice name);
/* In order of the file, but $G first, and the system account last when it was implied. */
uint32_t directory_account_count(const struct directory *);
const struct auth_account *directory_account_at(const struct directory *, uint32_t index);
/* NULL with no_system_account. */
const struct auth_account *directory_system_account(const struct directory *);

/* Users of clients (leafnodes may have a list of their own, which is not searched). */
const struct auth_user *directory_user(const struct directory *, struct slice name);
const struct auth_user *directory_nkey(const struct directory *, struct slice public_key);

/* Does a connection of this type have to prove who it is? */
bool directory_auth_required(const struct directory *, enum connection_type);
/* What its first INFO says: for the client port not required either where a configured no_auth_user
 * steps in. */
bool directory_info_auth_required(const struct directory *, enum connection_type);
/* Who may start without CONNECT on such a connection; NULL: nobody. Only for deciding how long to
 * wait; who gets in decides auth_decide(). */
const struct auth_user *directory_no_auth_user(const struct directory *, enum connection_type);
/* INFO must carry a nonce. */
bool directory_nonce_needed(const struct directory *);
/* Some password stands in the file in plain: worth a warning. */
bool directory_has_plaintext(const struct directory *);

#endif
