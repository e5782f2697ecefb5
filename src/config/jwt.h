/* SPDX-License-Identifier: Apache-2.0 */
/* Jwt: is this text an operator's or account's JWT, signed by the one who issued it? What it grants
 * is auth's business.
 *
 * Pure; thread: any; memory: results lie in the caller's arena. */
#ifndef MIDGE_CONFIG_JWT_H
#define MIDGE_CONFIG_JWT_H

#include "base/arena.h"
#include "base/err.h"

struct jwt {
    const char *subject;                /* whom it describes: an nkey */
    const char *issuer;                 /* who signed it: an nkey */
    const char *kind;                   /* "operator", "account", "user" .. */
    const char *name;
};

/* Reads and verifies. `why` in nats-server's words. */
MUST_CHECK enum err jwt_read(struct slice text, struct arena *, struct jwt *ret,
                             struct errmsg *why);

/* The JWT in a decorated file ("-----BEGIN NATS OPERATOR JWT-----"), or the trimmed text itself. */
struct slice jwt_undecorate(struct slice text);

#endif
