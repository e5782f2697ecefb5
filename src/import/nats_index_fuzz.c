/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an index: blocks ascend and are found, and asking for sequences goes well. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "import/nats_index.h"

static void ask(const struct nats_index_block *b)
{
    struct nats_deleted d;
    nats_deleted_init(&d, b);
    for (uint64_t i = 0; i < 100; i++) (void)nats_deleted_has(&d, b->first + i * 40);
    bool before = nats_deleted_has(&d, b->last);
    (void)nats_deleted_has(&d, 0);
    (void)nats_deleted_has(&d, UINT64_MAX);
    bool after = nats_deleted_has(&d, b->last);
    assert(before == after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nats_index x;
    if (size > 1 << 16) return 0;
    if (nats_index_read(slice_of(data, size), &x) != ERR_OK) return 0;
    (void)nats_index_is_consistent(&x);
    for (uint32_t i = 0; i < x.blocks_count; i++) {
        const struct nats_index_block *found = nats_index_find(&x, x.blocks[i].number);
        assert(found == &x.blocks[i]);
        ask(found);
    }
    nats_index_deinit(&x);
    return 0;
}
