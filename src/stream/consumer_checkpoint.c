/* SPDX-License-Identifier: Apache-2.0 */
/* Consumers in checkpoints: what changed since the last one. A section says of one consumer what it
 * is (the body of COMMAND_CONSUMER), or how far it is (its id, 8 bytes, and acks_encode()), or that
 * it is gone (the body of COMMAND_CONSUMER_GONE). Of volatile ones only the first and the last are
 * kept; see consumer_is_logged().
 *
 * A delta is meant for the state of the list before. A slice of a rewrite shows a newer one, on
 * which that delta would leave what has come and gone in between: behind it the next list tells
 * all. In the new files a list may also stand before the slice that shows the consumer: what it
 * tells finds nothing that it is for, and is passed over, for the slice tells all of it. */
#include "base/assert.h"
#include "base/le.h"
#include "stream/command_consumer.h"
#include "stream/consumer_internal.h"

enum { ACKS_ID = 0, ACKS_BYTES = 8 };

static void put(struct checkpoint *cp, uint64_t owner, uint32_t kind, struct slice bytes)
{
    assert(bytes.len > 0);
    uint8_t *at = checkpoint_add(cp, owner, kind, bytes.len);
    assert(at != NULL);
    memcpy(at, bytes.ptr, bytes.len);
}

static void put_made(struct checkpoint *cp, uint64_t owner, const struct consumer *c)
{
    struct buf json = { .ptr = NULL };
    struct consumer_command made;
    assert(c->is_created);
    consumer_made(c, consumer_config(c), &json, &made);
    uint8_t *at = checkpoint_add(cp, owner, CONSUMER_SECTION_MADE, consumer_command_size(&made));
    assert(at != NULL);
    consumer_command_write(&made, at);
    buf_deinit(&json);
}

void consumer_acks_write(uint64_t id, const struct acks *a, enum acks_form form, struct buf *out)
{
    assert(id != 0);
    assert(out->len == 0);
    buf_reserve(out, ACKS_BYTES);
    le_put_u64(out->ptr + ACKS_ID, id);
    out->len = ACKS_BYTES;
    acks_encode(a, form, out);
    assert(out->len > ACKS_BYTES);
}

static void put_acks(struct checkpoint *cp, uint64_t owner, const struct consumer *c,
                     enum acks_form form)
{
    struct buf *out = &c->set->status;
    out->len = 0;
    consumer_acks_write(c->id, &c->acks, form, out);
    put(cp, owner, CONSUMER_SECTION_ACKS, buf_slice(out));
}

static void put_gone(const struct buf *gone, struct checkpoint *cp, uint64_t owner)
{
    uint64_t id;
    assert(gone->len % sizeof id == 0);
    for (uint32_t at = 0; at < gone->len; at += sizeof id) {
        memcpy(&id, gone->ptr + at, sizeof id);
        assert(id != 0);
        consumer_gone_write(id,
                            checkpoint_add(cp, owner, CONSUMER_SECTION_GONE, CONSUMER_GONE_SIZE));
    }
}

/* Everything, told to a file that is being made; nothing counts as told. No list is on its way. */
static void put_all(struct consumers *set, struct checkpoint *cp, uint64_t owner)
{
    assert(cp != NULL);
    assert(list_empty(&set->told));
    put_gone(&set->gone, cp, owner); /* a list before may have told it, and its name is free */
    LIST_EACH(&set->all, node) {
        struct consumer *c = container_of(node, struct consumer, node);
        assert(c->set == set);
        if (!c->is_created || consumer_config(c)->direct) continue;
        put_made(cp, owner, c);
        if (!consumer_is_logged(c)) continue;
        put_acks(cp, owner, c, ACKS_FULL);
        acks_told_apart(&c->acks);
    }
}

void consumers_checkpoint(struct consumers *set, struct checkpoint *cp, uint64_t owner,
                          bool is_full)
{
    if (is_full) {
        put_all(set, cp, owner);
        return;
    }
    assert(list_empty(&set->told));
    buf_add(&set->told_gone, buf_slice(&set->gone));
    set->gone.len = 0;
    put_gone(&set->told_gone, cp, owner);
    list_splice(&set->told, &set->changed);
    LIST_EACH(&set->told, node) {
        struct consumer *c = container_of(node, struct consumer, changed);
        assert(c->is_created);
        if (c->is_changed) put_made(cp, owner, c);
        c->is_changed = false;
        if (!consumer_is_logged(c) || !c->acks.is_changed) continue;
        put_acks(cp, owner, c, ACKS_DELTA);
        acks_settle(&c->acks);
    }
}

void consumers_checkpointed(struct consumers *set, enum err e)
{
    struct list *node;
    if (e != ERR_OK) buf_add(&set->gone, buf_slice(&set->told_gone));
    set->told_gone.len = 0;
    while ((node = list_pop(&set->told)) != NULL) {
        struct consumer *c = container_of(node, struct consumer, changed);
        assert(c->set == set);
        if (e != ERR_OK) {
            c->is_changed = true;
            if (consumer_is_logged(c)) acks_unsettle(&c->acks);
        }
        bool is_news = c->is_changed || (consumer_is_logged(c) && c->acks.is_changed);
        if (is_news) consumer_mark_changed(c);
    }
    assert(list_empty(&set->told));
}

/* ---- recovery ---- */

static enum err load_made(struct consumers *set, struct slice bytes)
{
    struct consumer *c = consumers_take_made(set, bytes);
    assert(!set->is_running);
    if (c == NULL) return ERR_CORRUPT;
    c->is_created = true;
    return ERR_OK;
}

struct consumer *consumers_take_acks(struct consumers *set, struct slice body)
{
    if (body.len <= ACKS_BYTES) return NULL;
    uint64_t id = le_get_u64(body.ptr + ACKS_ID);
    struct consumer *c = id == 0 ? NULL : consumers_by_id(set, id);
    if (c == NULL) return NULL;
    assert(c->is_created);
    return acks_decode(&c->acks, slice_from(body, ACKS_BYTES)) == ERR_OK ? c : NULL;
}

/* Of a consumer that no section has told yet. */
static bool is_too_early(const struct consumers *set, struct slice bytes)
{
    assert(!set->is_running);
    if (bytes.len <= ACKS_BYTES) return false;
    uint64_t id = le_get_u64(bytes.ptr + ACKS_ID);
    return id != 0 && consumers_by_id(set, id) == NULL;
}

static enum err load_acks(struct consumers *set, struct slice bytes)
{
    if (is_too_early(set, bytes)) return ERR_OK;
    struct consumer *c = consumers_take_acks(set, bytes);
    if (c == NULL) return ERR_CORRUPT;
    acks_settle(&c->acks);
    return ERR_OK;
}

static enum err load_gone(struct consumers *set, struct slice bytes)
{
    uint64_t id;
    enum err e = consumer_gone_read(bytes, &id);
    if (e != ERR_OK) return e;
    assert(id != 0);
    consumers_take_gone(set, id);
    set->gone.len = 0; /* a checkpoint knows it */
    return ERR_OK;
}

enum err consumers_load(struct consumers *set, uint32_t kind, struct slice bytes)
{
    assert(list_empty(&set->told));
    switch (kind) {
    case CONSUMER_SECTION_MADE: return load_made(set, bytes);
    case CONSUMER_SECTION_ACKS: return load_acks(set, bytes);
    case CONSUMER_SECTION_GONE: return load_gone(set, bytes);
    default: return ERR_CORRUPT;
    }
}
