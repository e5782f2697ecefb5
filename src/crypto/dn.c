/* SPDX-License-Identifier: Apache-2.0 */
/* How two names compare. Reading a name from text or DER stands in dn_parse.c, writing in
 * dn_text.c. */
#include "crypto/dn.h"

#include "base/assert.h"

static bool attr_equal(const struct dn_attr *a, const struct dn_attr *b)
{
    return slice_equal_nocase(slice_str(a->type), slice_str(b->type)) &&
           slice_equal(a->value, b->value);
}

/* How often `attr` stands in `rdn`. */
static uint32_t attr_count(const struct dn_rdn *rdn, const struct dn_attr *attr)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < rdn->count; i++) count += attr_equal(&rdn->attrs[i], attr);
    return count;
}

static bool rdn_equal(const struct dn_rdn *a, const struct dn_rdn *b)
{
    if (a->count != b->count) return false;
    for (uint32_t i = 0; i < a->count; i++) {
        const struct dn_attr *attr = &a->attrs[i];
        if (attr_count(a, attr) != attr_count(b, attr)) return false;
    }
    return true;
}

static uint32_t rdn_count(const struct dn *dn, const struct dn_rdn *rdn)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < dn->count; i++) count += rdn_equal(&dn->rdns[i], rdn);
    return count;
}

bool dn_equal(const struct dn *a, const struct dn *b)
{
    if (a->count != b->count) return false;
    for (uint32_t i = 0; i < a->count; i++)
        if (!rdn_equal(&a->rdns[i], &b->rdns[i])) return false;
    return true;
}

bool dn_equal_unordered(const struct dn *a, const struct dn *b)
{
    assert(a->count <= DN_RDNS_MAX);
    if (a->count != b->count) return false;
    for (uint32_t i = 0; i < a->count; i++) {
        const struct dn_rdn *rdn = &a->rdns[i];
        if (rdn_count(a, rdn) != rdn_count(b, rdn)) return false;
    }
    return true;
}
