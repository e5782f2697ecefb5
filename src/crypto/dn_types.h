/* SPDX-License-Identifier: Apache-2.0 */
/* The attribute types of a DN that have a name, for the files of dn.
 *
 * Thread: any. Memory: static. */
#ifndef MIDGE_CRYPTO_DN_TYPES_H
#define MIDGE_CRYPTO_DN_TYPES_H

#include "base/slice.h"

struct dn_type {
    const char *name;
    const char *oid;
    /* place in the text of Go's pkix.Name, from 1; 0: has no name there */
    uint32_t    go_group;
};

/* NULL when unknown. */
const struct dn_type *dn_type_by_oid(struct slice oid);
const struct dn_type *dn_type_by_name(struct slice name);      /* without regard to case */

enum { DN_GO_GROUPS = 9 };

#endif
