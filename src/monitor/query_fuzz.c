/* SPDX-License-Identifier: Apache-2.0 */
/* Any query string decodes without trouble, and what decodes is bounded. */
#include "base/assert.h"
#include "base/slice.h"
#include "monitor/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    AUTO_FREE(arena) arena = arena_new();
    const char *raw = arena_str(arena, slice_of(bytes, size));
    struct query q;
    bool detail;
    query_parse(&q, raw, arena);
    assert(q.count <= QUERY_PAIRS_MAX);
    for (uint32_t i = 0; i < q.count; i++) {
        (void)query_int(&q, q.pairs[i].name);
        (void)query_u64(&q, q.pairs[i].name);
        (void)query_bool_or_detail(&q, q.pairs[i].name, &detail);
    }
    return 0;
}
