/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/dn_types.h"

/* clang-format off */
static const struct dn_type types[] = {     /* RFC 4519 */
    { "SERIALNUMBER", "2.5.4.5",                    1 },
    { "CN",           "2.5.4.3",                    2 },
    { "OU",           "2.5.4.11",                   3 },
    { "O",            "2.5.4.10",                   4 },
    { "POSTALCODE",   "2.5.4.17",                   5 },
    { "STREET",       "2.5.4.9",                    6 },
    { "L",            "2.5.4.7",                    7 },
    { "ST",           "2.5.4.8",                    8 },
    { "C",            "2.5.4.6",                    DN_GO_GROUPS },
    { "DC",           "0.9.2342.19200300.100.1.25", 0 },
    { "UID",          "0.9.2342.19200300.100.1.1",  0 },
};
/* clang-format on */

const struct dn_type *dn_type_by_oid(struct slice oid)
{
    for (uint32_t i = 0; i < ARRAY_COUNT(types); i++)
        if (slice_equal_str(oid, types[i].oid)) return &types[i];
    return NULL;
}

const struct dn_type *dn_type_by_name(struct slice name)
{
    for (uint32_t i = 0; i < ARRAY_COUNT(types); i++)
        if (slice_equal_nocase(name, slice_str(types[i].name))) return &types[i];
    return NULL;
}
