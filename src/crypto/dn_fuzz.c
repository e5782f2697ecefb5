/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a distinguished name: refused, or within its limits, equal to itself, and the same
 * when it is read again. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "crypto/dn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096) return 0;
    AUTO_FREE(arena) arena = arena_new();
    struct slice text = slice_of(data, size);
    struct dn dn, again;
    if (dn_parse(text, arena, &dn) != ERR_OK) return 0;
    assert(dn.count <= DN_RDNS_MAX);
    for (uint32_t i = 0; i < dn.count; i++) assert(dn.rdns[i].count <= DN_ATTRS_MAX);
    enum err e = dn_parse(text, arena, &again);
    assert(e == ERR_OK && dn_equal(&dn, &again) && dn_equal_unordered(&again, &dn));
    (void)dn_go_sequence_text(&dn, arena);
    (void)dn_go_name_text(&dn, true, arena);
    return 0;
}
