/* SPDX-License-Identifier: Apache-2.0 */
/* Dn: distinguished names (X.501) as structure, and the texts that people write for them.
 *
 * Names are compared as structure, never as text: `CN=a\,O=b` and `CN=a,O=b` differ, and the parts
 * of a multi-valued RDN do not become RDNs (that confusion was a login bypass elsewhere).
 *
 * Thread: any. Memory: a parsed name and all texts live in the caller's arena.
 * Limits: DN_RDNS_MAX relative names of DN_ATTRS_MAX attributes; beyond that a name does not parse.
 * Errors: what is not a DN is ERR_INVALID. */
#ifndef MIDGE_CRYPTO_DN_H
#define MIDGE_CRYPTO_DN_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

enum { DN_RDNS_MAX = 64, DN_ATTRS_MAX = 16 };

struct dn_attr {
    /* "CN" when the type is well known, else dotted: "1.2.840.113549.1.9.1" */
    const char  *type;
    struct slice value;         /* UTF-8; may hold any byte, NUL too */
};

/* A relative name: one attribute, or several that count together (`CN=a+UID=b`). */
struct dn_rdn {
    struct dn_attr *attrs;
    uint32_t        count;
};

/* In the order of the certificate; a text is written the other way round, as RFC 4514 wants it. */
struct dn {
    struct dn_rdn *rdns;
    uint32_t       count;
};

/* A DN as RFC 4514 writes it: `CN=Bob,OU=Sales+UID=7,DC=example`. Types match without regard to
 * case and may be dotted; blanks around types and values do not count. The last RDN of the text
 * comes first, so that the result compares with a certificate's name. */
MUST_CHECK enum err dn_parse(struct slice text, struct arena *, struct dn *ret);

/* The encoded name of a certificate. */
MUST_CHECK enum err dn_decode(struct slice der, struct arena *, struct dn *ret);

/* Same relative names in the same order. Attributes within one RDN are a set. */
bool dn_equal(const struct dn *, const struct dn *);

/* Same relative names in any order, each as often. */
bool dn_equal_unordered(const struct dn *, const struct dn *);

/* What Go's pkix.RDNSequence prints: last RDN first, types without a name as `1.2.3=#hex`. */
struct slice dn_go_sequence_text(const struct dn *, struct arena *);

/* What Go's pkix.Name prints (`subject` in /connz): values grouped by type in a fixed order, types
 * without a name at the end. Without those when `well_known_only`. */
struct slice dn_go_name_text(const struct dn *, bool well_known_only, struct arena *);

/* "DC=a,DC=b" in the order of the certificate; empty when there are none. */
struct slice dn_domain_text(const struct dn *, struct arena *);

#endif
