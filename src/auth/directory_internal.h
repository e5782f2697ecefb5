/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a directory, for those that build it and decide by it: directory.c,
 * directory_build.c, decide.c, cert_user.c. Thread and memory: as directory.h. */
#ifndef MIDGE_AUTH_DIRECTORY_INTERNAL_H
#define MIDGE_AUTH_DIRECTORY_INTERNAL_H

#include <stdatomic.h>

#include "auth/directory.h"
#include "base/map.h"
#include "crypto/cert.h"
#include "crypto/nkey.h"

enum auth_listener {
    AUTH_LISTENER_CLIENT,
    AUTH_LISTENER_WEBSOCKET,
    AUTH_LISTENER_MQTT,
    AUTH_LISTENER_LEAF,
    AUTH_LISTENER_COUNT,
};

/* A user whose name reads as a distinguished name. */
struct dn_user {
    const struct auth_user *user;
    struct dn               dn;
};

/* How one listener tells who comes. The maps are the directory's. */
struct auth_rules {
    const struct map          *users;           /* name to struct auth_user; may be empty */
    const struct map          *nkeys;           /* public key to struct auth_user; may be empty */
    const struct auth_user    *single;          /* the one user or token; NULL: none */
    const struct auth_user    *no_auth_user;    /* NULL: none */
    const struct auth_account *open_account;    /* where all go when nothing is required */
    struct dn_user            *dn_users;        /* of `users`, with from_certificate; in order */
    uint32_t                   dn_users_count;
    const char                *dummy_hash;      /* as dear as the dearest of bcrypt; NULL: none */
    bool                       required;
    bool                       is_client;       /* of the client port itself */
    bool                       from_certificate; /* verify_and_map */
};

struct trusted_proxy {
    const char *text;
    struct nkey key;
};

struct directory {
    _Atomic uint32_t       refs;
    struct arena          *arena;
    struct map            *accounts;            /* name to struct auth_account */
    struct auth_account  **account_list;
    uint32_t               account_count;
    struct map            *users;
    struct map            *nkeys;
    struct map            *leaf_users;
    struct map            *leaf_nkeys;
    struct permission_set **sets;               /* owned */
    uint32_t               set_count;
    struct auth_rules      rules[AUTH_LISTENER_COUNT];
    const struct auth_account *system_account;
    struct trusted_proxy  *proxies;
    uint32_t               proxy_count;
    bool                   is_closed;           /* nobody gets in */
    bool                   proxy_required;
    bool                   any_from_certificate;
    bool                   has_plaintext;
    bool                   nonce_needed;
};

const struct auth_rules *directory_rules(const struct directory *, enum connection_type);

/* directory_build.c: fills an all-zero directory that has its arena and maps. */
enum err directory_build(struct directory *, const struct options *, struct directory_setup,
                         struct errmsg *why);

/* cert_user.c: the user that the certificate names and that may come by this type of connection. */
const struct auth_user *cert_user(const struct auth_rules *, const struct cert *,
                                  enum connection_type);

static inline bool auth_user_may_come_by(const struct auth_user *user, enum connection_type type)
{
    return user->connection_types == 0 || (user->connection_types & (uint32_t)type) != 0;
}

#endif
