/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of an owner that is set aside: quarantine/<incarnation>.state, lists as in a
 * checkpoint log (checkpoint_format.h), sealed as there: first its sections in the order in which
 * they were said, then its records of the journal, as sections of the kind ASIDE_RECORD:
 *
 *   offset  size
 *        0     8  position of the batch
 *        8     8  sequence; 0: none
 *       16     4  kind of the record
 *       20     …  its body
 *
 * Only then a list forgets the owner. */
#include <stdio.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/le.h"
#include "store/checkpoint_format.h"
#include "store/store_internal.h"

enum { LIST_BYTES = 1 << 20, NAMES_MAX = 1000 };

struct aside {
    uint64_t incarnation;
    struct disk_file *file; /* NULL: nothing is written yet */
    char name[DISK_NAME_MAX + 1];
    uint64_t end;           /* of it */
    uint64_t lists;
    struct buf body;        /* of the next list */
    uint32_t sections;      /* in it */
    enum err failed;
};

struct aside *aside_new(uint64_t incarnation)
{
    struct aside *a = xcalloc(1, sizeof *a);
    assert(incarnation > 0);
    a->incarnation = incarnation;
    return a;
}

struct aside *aside_free(struct store *s, struct aside *a)
{
    if (a == NULL) return NULL;
    assert(a->incarnation > 0);
    if (a->file != NULL) s->disk->close(s->disk, a->file);
    buf_deinit(&a->body);
    return xfree(a);
}

/* ---- writing ---- */

/* One of before, which may hold the same, is never replaced. */
static enum err create(struct store *s, struct aside *a)
{
    enum err e = ERR_EXISTS;
    assert(a->file == NULL);
    for (uint32_t turn = 0; e == ERR_EXISTS && turn < NAMES_MAX; turn++) {
        int len = turn == 0
                      ? snprintf(a->name, sizeof a->name, STORE_QUARANTINE "/%016llx.state",
                                 (unsigned long long)a->incarnation)
                      : snprintf(a->name, sizeof a->name, STORE_QUARANTINE "/%016llx.state.%u",
                                 (unsigned long long)a->incarnation, turn);
        assert(len > 0 && (size_t)len < sizeof a->name);
        e = s->disk->open(s->disk, a->name, DISK_OPEN_CREATE, &a->file, NULL);
    }
    return e;
}

static struct buf encode(struct store *s, const struct aside *a)
{
    const struct journal_seal *seal = &s->seal;
    bool is_sealed = seal->close != NULL;
    struct buf list = { 0 };
    const struct checkpoint_head h = {
        .flags = is_sealed ? CHECKPOINT_FLAG_SEALED : 0,
        .store_id = s->identity.store_id,
        .file = 1,
        .sections = a->sections,
        .offset = a->end,
        .number = a->lists + 1,
        .pos = s->settled,
        .body_len = a->body.len + (is_sealed ? seal->overhead : 0),
        .turn = a->lists + 1,
    };
    uint64_t len = checkpoint_list_len(h.body_len);
    assert(len <= UINT32_MAX && a->sections > 0);
    buf_reserve(&list, (uint32_t)len);
    uint8_t *to = list.ptr;
    assert(to != NULL && a->body.ptr != NULL);
    list.len = (uint32_t)len;
    checkpoint_head_encode(&h, to);
    if (is_sealed) {
        seal->nonce(seal->ctx, to + HEAD_NONCE);
        seal->close(seal->ctx, to + HEAD_NONCE, checkpoint_context(to), buf_slice(&a->body),
                    to + HEAD_SIZE);
    } else {
        memcpy(to + HEAD_SIZE, a->body.ptr, a->body.len);
    }
    checkpoint_list_finish(to);
    return list;
}

static void flush(struct store *s, struct aside *a)
{
    if (a->sections == 0 || a->failed) return;
    if (a->file == NULL) a->failed = create(s, a);
    if (a->failed) return;
    struct buf list = encode(s, a);
    a->failed = s->disk->write(s->disk, a->file, a->end, buf_slice(&list));
    a->end += list.len;
    a->lists++;
    buf_deinit(&list);
    a->body.len = 0;
    a->sections = 0;
    assert(a->end % CHECKPOINT_SECTOR == 0);
}

/* Room for a section of `len` bytes; NULL: it cannot be kept. */
static uint8_t *add(struct store *s, struct aside *a, uint32_t kind, uint32_t len)
{
    uint8_t head[SECTION_SIZE];
    const struct checkpoint_section section = { a->incarnation, kind, { NULL, len } };
    if (a->failed) return NULL;
    if (a->body.len >= LIST_BYTES || len >= LIST_BYTES) flush(s, a);
    if (a->failed) return NULL;
    assert(len < CHECKPOINT_BODY_MAX);
    checkpoint_section_encode(&section, head);
    buf_add(&a->body, slice_of(head, sizeof head));
    buf_reserve(&a->body, len + 1);
    uint8_t *at = a->body.ptr + a->body.len;
    a->body.len += len;
    a->sections++;
    return at;
}

void aside_section(struct store *s, struct aside *a, uint32_t kind, struct slice bytes)
{
    uint8_t *at = add(s, a, kind, bytes.len);
    assert(kind != ASIDE_RECORD);
    if (at != NULL && bytes.len > 0) memcpy(at, bytes.ptr, bytes.len);
}

void aside_record(struct store *s, struct aside *a, journal_pos pos, const struct journal_record *r)
{
    uint8_t *at = add(s, a, ASIDE_RECORD, ASIDE_RECORD_HEAD + r->body.len);
    assert(r->owner == a->incarnation && pos > 0);
    if (at == NULL) return;
    le_put_u64(at, pos);
    le_put_u64(at + 8, r->sequence);
    le_put_u32(at + 16, r->kind);
    if (r->body.len > 0) memcpy(at + ASIDE_RECORD_HEAD, r->body.ptr, r->body.len);
}

enum err aside_end(struct store *s, struct aside *a)
{
    flush(s, a);
    if (a->file == NULL) return a->failed;
    if (!a->failed) a->failed = s->disk->sync(s->disk, a->file);
    if (!a->failed) a->failed = s->disk->sync_dir(s->disk, STORE_QUARANTINE);
    s->disk->close(s->disk, a->file);
    a->file = NULL;
    /* half of it would be taken for all of it; what cannot be removed is found by its sums */
    if (a->failed && s->disk->remove(s->disk, a->name) != ERR_OK) maybe(s->settled > 0);
    return a->failed;
}
