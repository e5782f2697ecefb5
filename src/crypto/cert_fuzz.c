/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a certificate, and as a name in DER: refused, or a name that equals itself and whose
 * texts can be written. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "crypto/cert.h"

static void name_check(const struct dn *dn, struct arena *arena)
{
    assert(dn->count <= DN_RDNS_MAX);
    for (uint32_t i = 0; i < dn->count; i++) assert(dn->rdns[i].count <= DN_ATTRS_MAX);
    assert(dn_equal(dn, dn) && dn_equal_unordered(dn, dn));
    (void)dn_go_sequence_text(dn, arena);
    (void)dn_go_name_text(dn, false, arena);
    (void)dn_domain_text(dn, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 16 * 1024) return 0;
    AUTO_FREE(arena) arena = arena_new();
    struct slice der = slice_of(data, size);
    struct cert cert;
    struct dn dn;
    if (cert_parse(der, arena, &cert) == ERR_OK) name_check(&cert.subject, arena);
    if (dn_decode(der, arena, &dn) == ERR_OK) name_check(&dn, arena);
    return 0;
}
