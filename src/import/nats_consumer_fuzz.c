/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a consumer's state: what is read lies above the floor. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "import/nats_consumer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nats_consumer n;
    if (size > 1 << 16) return 0;
    if (nats_consumer_read(slice_of(data, size), &n) != ERR_OK) return 0;
    assert(n.pending_count <= size && n.redelivered_count <= size);
    for (uint32_t i = 0; i < n.pending_count; i++) {
        assert(n.pending[i].stream > 0 && n.pending[i].stream >= n.floor.stream);
        assert(n.pending[i].time >= 0);
    }
    for (uint32_t i = 0; i < n.redelivered_count; i++) {
        assert(n.redelivered[i].stream > n.floor.stream);
        assert(n.redelivered[i].count > 0);
    }
    nats_consumer_deinit(&n);
    return 0;
}
