/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as metadata, and as the positions of sources. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "import/nats_meta.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = slice_of(data, size);
    struct nats_sources s;
    struct nats_source one;
    nanos created = -1;
    uint32_t count = 0;
    if (size > 1 << 16) return 0;
    if (nats_meta_created(bytes, &created) == ERR_OK) assert(created >= 0);
    assert(!nats_meta_sum_fits(bytes, bytes, bytes));
    if (nats_sources_init(&s, bytes) != ERR_OK) return 0;
    while (nats_sources_next(&s, &one) == ERR_OK) {
        assert(one.name.len < size && one.identity.len < size);
        count++;
    }
    assert(count <= size);
    return 0;
}
