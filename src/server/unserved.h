/* SPDX-License-Identifier: Apache-2.0 */
/* Unserved: what a configuration may say and this server does not do yet.
 *
 * What decides who may enter or what they may do is never only warned about: it is refused. The
 * rest is named, once a block, in the log and in /varz.
 * Thread: any; pure. Memory: names are static strings. */
#ifndef MIDGE_SERVER_UNSERVED_H
#define MIDGE_SERVER_UNSERVED_H

#include "base/err.h"
#include "config/options.h"

enum { UNSERVED_MAX = 32 };

/* DENIED: the first key that must not be ignored, by name and place. */
MUST_CHECK enum err unserved_refuse(const struct options *, struct errmsg *why);

/* The blocks that are parsed and not served; returns how many. */
uint32_t unserved_list(const struct options *, const char *ret_names[UNSERVED_MAX]);

#endif
