/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/pins.h"

#include "base/arena.h"
#include "crypto/cert.h"

bool pins_hold(const char *const *pins, uint32_t count, struct slice cert_der)
{
    AUTO_FREE(arena) arena = arena_new();
    struct cert cert;
    char hex[CERT_HEX];
    if (cert_parse(cert_der, arena, &cert) != ERR_OK) return false;
    struct slice own = slice_str(cert_hash_hex(cert.spki_sha256, hex));
    for (uint32_t i = 0; i < count; i++)
        if (slice_equal_nocase(slice_str(pins[i]), own)) return true;
    return false;
}
