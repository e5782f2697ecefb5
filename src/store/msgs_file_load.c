/* SPDX-License-Identifier: Apache-2.0 */
#include "store/msgs_file_internal.h"

static void show(struct block *b, uint32_t entry, const struct chunk *c, struct stored *ret)
{
    const struct block_entry *e = &index_of(b)->entries[entry];
    const uint8_t *at = c->body + e->position;
    assert(e->position + e->length <= c->len);
    assert(le_get_u64(at + MESSAGE_SEQUENCE) == entry_sequence(index_of(b), entry));
    message_view(at, ret);
    assert(message_len(ret) == e->length);
}

/* Begins to read what a consumer will want next, when it is not in memory. */
static void read_ahead(struct block *b, uint32_t number, uint32_t ahead)
{
    assert(b->index != NULL);
    assert(ahead > 0);
    struct chunk *c;
    uint64_t bytes = 0;
    if (b->owner->o.queue == NULL) return;
    for (uint32_t i = number + 1; i < index_of(b)->chunks_count && bytes < ahead; i++) {
        bytes += index_of(b)->chunks[i].plain;
        if (chunk_get(b, i) == NULL && chunk_need(b, i, true, &c) == ERR_BUSY) return;
    }
}

/* OK, BUSY, NOTFOUND or CORRUPT, as things are now. */
static enum err try_load(struct msgs_file *f, uint64_t sequence, uint32_t ahead,
                         struct msgs_load *l)
{
    assert(l != NULL);
    struct chunk *c;
    if (!is_there(f, sequence)) return ERR_NOTFOUND;
    if (seqset_has(f->lost, sequence)) return ERR_CORRUPT;
    struct block *b = block_of(f, sequence);
    bool waits = l->rounds < BUSY_MAX;
    if (b == NULL) return ERR_CORRUPT;
    enum err e = index_need(b, waits);
    if (e) return e;
    uint32_t entry = block_index_find(index_of(b), sequence);
    if (entry == ENTRY_NONE) return ERR_CORRUPT;
    uint32_t number = block_index_chunk_of(index_of(b), entry);
    store_cache_hold(f->o.cache, &b->index_cached);
    e = chunk_need(b, number, waits, &c);
    if (e == ERR_OK && seqset_has(f->lost, sequence)) e = ERR_CORRUPT;
    if (e == ERR_OK) {
        pin_chunk(f, c);
        show(b, entry, c, &l->msg);
        if (ahead > 0) read_ahead(b, number, ahead);
    }
    store_cache_release(f->o.cache, &b->index_cached);
    return e;
}

enum err file_load(struct msgs *base, uint64_t sequence, uint32_t ahead, struct msgs_load *l)
{
    struct msgs_file *f = file_from(base);
    pin_chunk(f, NULL);
    l->rounds = 0;
    enum err e = try_load(f, sequence, ahead, l);
    if (e != ERR_BUSY) return e;
    assert(l->done != NULL);
    l->msg = (struct stored){ .sequence = sequence };
    list_add_tail(&f->loads, &l->node);
    return e;
}

void file_load_cancel(struct msgs *base, struct msgs_load *l)
{
    assert(base->ops->is_file);
    if (l->node.next != NULL) list_remove(&l->node);
}

/* Something has been read: those who wait look again. What they do in `done` may make others
 * wait. */
void wake_waiting(struct msgs_file *f)
{
    struct list loads, waits, *node;
    list_init(&loads);
    list_init(&waits);
    list_splice(&loads, &f->loads);
    list_splice(&waits, &f->waits);
    while ((node = list_pop(&loads)) != NULL) {
        struct msgs_load *l = container_of(node, struct msgs_load, node);
        pin_chunk(f, NULL);
        enum err e = try_load(f, l->msg.sequence, 0, l);
        if (e == ERR_BUSY) {
            l->rounds++;
            list_add_tail(&f->loads, &l->node);
            continue;
        }
        l->done(l, e);
    }
    while ((node = list_pop(&waits)) != NULL) {
        struct msgs_wait *w = container_of(node, struct msgs_wait, node);
        w->done(w);
    }
}
