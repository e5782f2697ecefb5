/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/liar.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "store/block_format.h"

/* Turns a bit of the payload of the message that begins at `at`; returns where the next one
 * begins. */
static uint32_t forge_message(struct sim_liar *l, uint8_t *body, uint32_t len, uint32_t at,
                              uint64_t seed)
{
    struct stored m;
    bool is_erased = false;
    if (!message_decode(slice_of(body + at, len - at), seed, &m, &is_erased)) return len;
    uint32_t next = at + message_len(&m);
    if (is_erased || m.payload.len == 0 || rng_below(&l->rng, 4) > 0) return next;
    uint8_t *payload = body + next - m.payload.len, *forged = xalloc(message_len(&m));
    payload[rng_below(&l->rng, m.payload.len)] ^= (uint8_t)(1U << rng_below(&l->rng, 8));
    message_encode(&m, seed, forged); /* … and its sum */
    memcpy(body + at, forged, message_len(&m));
    xfree(forged);
    l->told++;
    return next;
}

/* Of a chunk that is plain; what is packed has another sum around it. */
static void forge(void *ctx, const char *file, uint64_t offset, struct disk_span bytes)
{
    struct sim_liar *l = ctx;
    struct part_head h;
    (void)file;
    if (bytes.len < PART_HEAD || bytes.len > UINT32_MAX) return;
    uint64_t store_id = le_get_u64(bytes.ptr + PART_STORE);
    struct slice all = slice_of(bytes.ptr, bytes.len);
    if (part_decode(all, store_id, &h) != PART_FOUND || h.kind != PART_CHUNK) return;
    if (h.flags != 0 || h.offset != offset || h.stored > all.len - PART_HEAD) return;
    uint64_t seed = message_seed(store_id, h.incarnation);
    for (uint32_t at = 0; at < h.stored;)
        at = forge_message(l, bytes.ptr + PART_HEAD, h.stored, at, seed);
}

void sim_liar_begin(struct sim_liar *l, struct disk_memory *d, enum sim_lie lie, uint64_t seed)
{
    *l = (struct sim_liar){ 0 };
    rng_init(&l->rng, seed);
    assert(lie <= SIM_LIE_FORGE);
    d->sync_lies = lie == SIM_LIE_SYNC;
    d->alter_read = lie == SIM_LIE_FORGE ? forge : NULL;
    d->alter_ctx = l;
}
