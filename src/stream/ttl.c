/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/ttl.h"

#include "base/assert.h"
#include "json/gotime.h"

bool ttl_parse(struct slice text, int64_t *ret_seconds)
{
    nanos duration;
    uint64_t seconds;
    if (text.len == 0 || slice_equal_nocase(text, SLICE_LIT("never"))) {
        *ret_seconds = text.len == 0 ? TTL_NONE : TTL_NEVER;
        return true;
    }
    if (gotime_duration_parse(text, &duration) == ERR_OK) {
        if (duration < SECOND) return false;
        *ret_seconds = duration / SECOND;
        assert(*ret_seconds >= 1);
        return true;
    }
    if (!slice_to_u64(text, &seconds) || seconds > INT64_MAX) return false;
    *ret_seconds = (int64_t)seconds;
    assert(*ret_seconds >= TTL_NONE);
    return true;
}
