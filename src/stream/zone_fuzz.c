/* SPDX-License-Identifier: Apache-2.0 */
/* Any file: it is refused, or it gives offsets that are less than the widest a rule can say, at any
 * time. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/compiler.h"
#include "stream/zone.h"

enum { OFFSET_MAX = 169 * 3600 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t times[] = { 0,          1782907200,  1772951400, -2717650800,
                                     9223372036, -9223372036, 951782400 };
    struct zone *zone = NULL;
    if (size > 2 * ZONE_FILE_MAX) return 0;
    if (zone_parse(slice_of(data, size), &zone) != ERR_OK) return 0;
    for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
        int32_t offset = zone_offset(zone, times[i]);
        assert(offset > -OFFSET_MAX - 3600);
        assert(offset < OFFSET_MAX + 3600);
        int64_t away = zone_utc(zone, times[i]) - times[i];
        assert(away > -OFFSET_MAX - 3600);
        assert(away < OFFSET_MAX + 3600);
    }
    zone_free(zone);
    return 0;
}
