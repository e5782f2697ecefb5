/* SPDX-License-Identifier: Apache-2.0 */
#include "core/reasons.h"

#include "base/assert.h"

static const struct {
    const char *text;
    const char *err;
    uint32_t    status;
} reasons[] = {
#define X(name, text, err, status) { text, err, status },
    CLOSE_REASONS(X)
#undef X
};

const char *close_reason_text(enum close_reason r)
{
    assert((size_t)r < ARRAY_COUNT(reasons));
    assert((reasons[r].text[0] == 0) == (r == CLOSE_NONE));
    return reasons[r].text;
}

const char *close_reason_err(enum close_reason r)
{
    assert((size_t)r < ARRAY_COUNT(reasons));
    return reasons[r].err;
}

uint32_t close_reason_status(enum close_reason r)
{
    assert((size_t)r < ARRAY_COUNT(reasons));
    assert(reasons[r].status >= 1000);          /* RFC 6455: below are no codes */
    assert(reasons[r].status <= 4999);
    return reasons[r].status;
}
