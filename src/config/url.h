/* SPDX-License-Identifier: Apache-2.0 */
/* Url: just enough of Go's net/url to say which addresses nats-server accepts, and to take them
 * apart.
 *
 * Pure; thread: any; memory: slices lead into the text. Percent escapes are checked, not
 * decoded. */
#ifndef MIDGE_CONFIG_URL_H
#define MIDGE_CONFIG_URL_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/slice.h"

struct url {
    struct slice scheme;                /* "" when there is none */
    struct slice user;                  /* userinfo before the first colon */
    struct slice pass;
    struct slice host;                  /* without brackets and port */
    struct slice port;                  /* digits; "" when there is none */
    /* path, query, fragment; or what follows "scheme:" without slashes */
    struct slice rest;
    bool         has_user;
    bool         has_pass;
};

MUST_CHECK bool url_parse(struct slice text, struct url *ret_url);

#endif
