/* SPDX-License-Identifier: Apache-2.0 */
/* Unserved: what a configuration may ask for, but this server does not do yet.
 *
 * What decides who may enter or what they may do is never only warned about: the server refuses to
 * start. The rest is one warning per block, in the log and in /varz. `-t` says nothing of either.
 * Pure; thread: any; memory: texts are constants. A row that gets served leaves the table. */
#ifndef MIDGE_CONFIG_UNSERVED_H
#define MIDGE_CONFIG_UNSERVED_H

#include "config/options.h"

struct unserved {
    const char       *key;              /* "operator", "accounts.imports" .. */
    bool              refuses;          /* the server must not start; else warn */
    struct option_pos pos;              /* line 0 when it is not known */
};

/* for (uint32_t at = 0; unserved_next(o, &at, &u);) .. those that refuse come first. */
bool unserved_next(const struct options *, uint32_t *at, struct unserved *ret);

/* The sentence for the log: "FILE:LINE:POS: \"jetstream\" is accepted but not served yet". */
const char *unserved_text(const struct unserved *, struct arena *);

#endif
