/* SPDX-License-Identifier: Apache-2.0 */
/* What a list, or a slice of a rewrite, says of a stream's messages: msgs_sections.h. */
#include "base/alloc.h"
#include "store/msgs_file_internal.h"

enum { PIECE = 256 << 10 }; /* bytes of a section that could be longer */

static void add(struct msgs_file *f, struct checkpoint *c, enum section_kind kind,
                const struct buf *bytes)
{
    assert(bytes->len > 0);
    memcpy(checkpoint_add(c, f->o.incarnation, kind, bytes->len), bytes->ptr, bytes->len);
}

static void flush_piece(struct msgs_file *f, struct checkpoint *c, enum section_kind kind,
                        struct buf *bytes, uint32_t more_than)
{
    if (bytes->len <= more_than) return;
    add(f, c, kind, bytes);
    bytes->len = 0;
}

static uint8_t *room(struct buf *b, uint32_t len)
{
    buf_reserve(b, len);
    uint8_t *at = b->ptr + b->len;
    b->len += len;
    assert(b->len <= b->cap);
    return at;
}

/* ---- sums ---- */

static void add_state(struct msgs_file *f, struct checkpoint *c, uint32_t flags)
{
    const struct msgs_state *s = &f->base.state;
    uint8_t *at = checkpoint_add(c, f->o.incarnation, SECTION_STATE, STATE_SIZE);
    assert(s->last_sequence >= f->end || f->end == 0 || s->messages == 0);
    le_put_u64(at + STATE_MESSAGES, s->messages);
    le_put_u64(at + STATE_BYTES, s->bytes);
    le_put_u64(at + STATE_FIRST, s->first_sequence);
    le_put_u64(at + STATE_LAST, s->last_sequence);
    le_put_u64(at + STATE_FIRST_TIME, (uint64_t)s->first_time);
    le_put_u64(at + STATE_LAST_TIME, (uint64_t)s->last_time);
    le_put_u64(at + STATE_PUT, f->end);
    le_put_u64(at + STATE_UNKNOWN, f->base.unknown);
    le_put_u32(at + STATE_NEXT_BLOCK, f->next_number);
    le_put_u32(at + STATE_FLAGS, flags);
    le_put_u64(at + STATE_LOST_BYTES, f->base.lost_bytes);
}

/* ---- blocks ---- */

static void encode_block(const struct block *b, uint32_t flags, struct buf *out)
{
    uint8_t *at = room(out, BLOCK_SIZE);
    const struct block_reach *r = &b->safe;
    assert((flags & BLOCK_FLAG_FORGOTTEN) || r->records > 0);
    le_put_u32(at + BLOCK_NUMBER, b->number);
    le_put_u16(at + BLOCK_FLAGS, (uint16_t)flags);
    le_put_u16(at + BLOCK_KEY, (uint16_t)b->key);
    le_put_u64(at + BLOCK_FIRST, b->first);
    le_put_u64(at + BLOCK_LAST, r->last);
    le_put_u64(at + BLOCK_END, r->end);
    le_put_u32(at + BLOCK_FOOTER, r->footer);
    le_put_u32(at + BLOCK_RECORDS, r->records);
    le_put_u64(at + BLOCK_BYTES, r->bytes);
}

static void say_block(struct block *b, struct buf *out)
{
    if (b->safe.records == 0) return;
    encode_block(b, b->safe.footer > 0 ? BLOCK_FLAG_FOOTER : 0, out);
    b->is_named = true;
}

static void add_blocks(struct msgs_file *f, struct checkpoint *c)
{
    struct buf out = { 0 };
    for (uint32_t i = 0; i < f->blocks_count; i++) {
        struct block *b = f->blocks[i];
        if (b->is_dirty) say_block(b, &out);
        b->is_dirty = false;
        flush_piece(f, c, SECTION_BLOCK, &out, PIECE);
    }
    for (uint32_t i = f->forgotten_said; i < f->forgotten_count; i++)
        if (f->forgotten[i]->is_named) encode_block(f->forgotten[i], BLOCK_FLAG_FORGOTTEN, &out);
    f->forgotten_said = f->forgotten_count;
    flush_piece(f, c, SECTION_BLOCK, &out, 0);
    buf_deinit(&out);
}

/* ---- sets ---- */

static void add_set(struct msgs_file *f, struct checkpoint *c, enum section_kind kind,
                    const struct seqset *s)
{
    struct buf out = { 0 };
    assert(kind == SECTION_DELETED || kind == SECTION_LOST || kind == SECTION_MISSING);
    seqset_encode(s, &out);
    flush_piece(f, c, kind, &out, 0);
    buf_deinit(&out);
}

/* ---- subjects ---- */

static void encode_subject(struct slice subject, const struct tree_value *v, struct buf *out)
{
    uint8_t *at = room(out, SUBJECT_SIZE);
    assert(subject.len > 0 && subject.len <= UINT16_MAX);
    le_put_u16(at + SUBJECT_LEN, (uint16_t)subject.len);
    le_put_u64(at + SUBJECT_FIRST, v == NULL ? 0 : v->first);
    le_put_u64(at + SUBJECT_LAST, v == NULL ? 0 : v->last);
    le_put_u32(at + SUBJECT_COUNT, v == NULL ? 0 : v->count);
    at[SUBJECT_FLAGS] = v != NULL && v->is_first_stale;
    buf_add(out, subject);
}

/* Those of the list of changes: what the tree says of each now. One that stands there twice has
 * been said the first time. */
static void add_changed(struct msgs_file *f, struct checkpoint *c)
{
    struct buf *changed = &f->base.changed, out = { 0 };
    for (uint32_t at = 0; at < changed->len;) {
        struct slice subject = slice_of(changed->ptr + at + 2, le_get_u16(changed->ptr + at));
        struct tree_value *v = tree_find(f->base.tree, subject);
        at += 2 + subject.len;
        assert(at <= changed->len);
        if (v != NULL && !v->is_dirty) continue;
        if (v != NULL) v->is_dirty = false;
        encode_subject(subject, v, &out);
        flush_piece(f, c, SECTION_SUBJECTS, &out, PIECE);
    }
    flush_piece(f, c, SECTION_SUBJECTS, &out, 0);
    buf_deinit(&out);
    buf_deinit(changed);
}

/* ---- the tail ---- */

/* Sequences of which the first is not one. */
struct bounds {
    uint64_t above, up_to;
};

static void copy_messages(struct block *b, const struct chunk *c, struct bounds in, struct buf *out)
{
    const struct block_index *x = index_of(b);
    for (uint32_t i = x->chunks[c->number].first_entry; i < chunk_end(x, c->number); i++) {
        uint64_t sequence = entry_sequence(x, i);
        if (sequence <= in.above || sequence > in.up_to || !is_there(b->owner, sequence)) continue;
        (void)seqset_add(b->owner->told, sequence);
        buf_add(out, slice_of(c->body + x->entries[i].position, x->entries[i].length));
    }
}

/* Messages of these that no block has safely. */
static void add_tail(struct msgs_file *f, struct checkpoint *c, struct bounds in)
{
    struct buf out = { 0 };
    uint32_t i = f->blocks_count;
    while (i > 0 && !f->blocks[i - 1]->is_complete) i--;
    for (; i < f->blocks_count; i++) {
        struct block *b = f->blocks[i];
        if (b->last <= in.above || b->first > in.up_to) continue;
        for (uint32_t k = b->safe.chunks; k < index_of(b)->chunks_count; k++) {
            assert(chunk_get(b, k) != NULL);
            copy_messages(b, chunk_get(b, k), in, &out);
            flush_piece(f, c, SECTION_TAIL, &out, PIECE);
        }
    }
    flush_piece(f, c, SECTION_TAIL, &out, 0);
    buf_deinit(&out);
}

/* A slice goes to new files: what was told so far stands in those that count now. */
static void told_turn(struct msgs_file *f, uint32_t pair)
{
    uint64_t first, last;
    assert(pair > 0);
    if (f->told_pair == pair) {         /* the rewrite before did not come to its end */
        for (uint64_t at = 1; seqset_next_run(f->told, at, &first, &last); at = last + 1)
            (void)seqset_add_range(f->told_before, first, last);
        f->told = seqset_free(f->told);
    } else {
        f->told_before = seqset_free(f->told_before);
        f->told_before = f->told;
    }
    f->told = seqset_new();
    f->told_pair = pair;
}

bool msgs_file_is_told(const struct msgs *m, uint64_t sequence, uint32_t pair)
{
    const struct msgs_file *f = file_from_const(m);
    assert(sequence > 0 && pair > 0);
    if (seqset_has(f->told, sequence)) return true;
    return f->told_pair == pair && seqset_has(f->told_before, sequence);
}

/* ---- a list ---- */

/* Beside what a list that waits for space says already. */
static void said_gone(struct msgs_file *f)
{
    struct seqset *more = f->gone_new;
    uint64_t first, last;
    assert(more != NULL);
    f->gone_new = seqset_new();
    if (f->gone_said == NULL) {
        f->gone_said = more;
        return;
    }
    for (uint64_t at = 1; seqset_next_run(more, at, &first, &last); at = last + 1)
        (void)seqset_add_range(f->gone_said, first, last);
    (void)seqset_free(more);
}

bool msgs_file_leave(struct msgs *m)
{
    struct msgs_file *f = file_from(m);
    assert(f->on_flushed == NULL && f->leave_above == UINT64_MAX);
    if (f->unsafe == 0 || f->flush_to >= f->end) return false;
    f->leave_above = f->flush_to > f->tail_said ? f->flush_to : f->tail_said;
    return true;
}

void msgs_file_checkpoint(struct msgs *m, struct checkpoint *c)
{
    struct msgs_file *f = file_from(m);
    uint64_t up_to = f->leave_above < f->end ? f->leave_above : f->end;
    assert(c != NULL && f->tail_said <= up_to);
    add_state(f, c, m->is_cleared ? STATE_FLAG_NO_SUBJECTS : 0);
    add_blocks(f, c);
    add_set(f, c, SECTION_DELETED, f->gone_new);
    if (f->is_lost_changed) {
        add_set(f, c, SECTION_LOST, f->lost);
        add_set(f, c, SECTION_MISSING, f->missing);
    }
    add_changed(f, c);
    add_tail(f, c, (struct bounds){ f->tail_said, up_to });
    said_gone(f);
    f->first_said = f->first;
    f->tail_said = up_to;
    f->leave_above = UINT64_MAX;
    m->is_cleared = f->is_lost_changed = f->is_changed = false;
}

void msgs_file_checkpointed(struct msgs *m)
{
    struct msgs_file *f = file_from(m);
    assert(f->forgotten_said <= f->forgotten_count);
    f->forgotten_free = f->forgotten_said;
    f->gone_said = seqset_free(f->gone_said);
    f->first_safe = f->first_said;
    f->tail_safe = f->tail_said;
    f->is_held_up = false;
    writer_go(f);
}

/* ---- a list that waits for space ---- */

void msgs_file_amend(struct msgs *m)
{
    struct msgs_file *f = file_from(m);
    assert(f->tail_safe <= f->tail_said);
    assert(f->tail_said <= f->end);
    f->tail_said = f->tail_safe;
}

bool msgs_file_is_kept(uint32_t kind)
{
    assert(kind > 0);
    return kind != SECTION_TAIL;
}

bool msgs_file_frees(const struct msgs *m)
{
    const struct msgs_file *f = file_from_const(m);
    assert(f->forgotten_free <= f->forgotten_count);
    return f->forgotten_count > f->forgotten_free;
}

/* ---- slices ---- */

struct piece {
    struct msgs_file *file;
    struct buf        out;
    uint32_t          budget;
};

static bool piece_subject(void *ctx, struct slice subject, struct tree_value *v)
{
    struct piece *p = ctx;
    assert(subject.len > 0);
    if (p->out.len >= p->budget) return false;
    encode_subject(subject, v, &p->out);
    p->file->slice_after.len = 0;
    buf_add(&p->file->slice_after, subject);
    return true;
}

/* False: that was the last of them. */
static bool slice_subjects(struct msgs_file *f, struct checkpoint *c, uint32_t budget)
{
    struct piece p = { .file = f, .budget = budget };
    struct buf after = f->slice_after;  /* the walk reads it, what is shown is written anew */
    f->slice_after = (struct buf){ 0 };
    bool is_all = tree_match_after(f->base.tree, SLICE_LIT(""), buf_slice(&after), piece_subject,
                                   &p);
    buf_deinit(&after);
    assert(is_all || f->slice_after.len > 0);
    flush_piece(f, c, SECTION_SUBJECTS, &p.out, 0);
    buf_deinit(&p.out);
    return !is_all;
}

/* Of the tail what lists have said: what is newer the next one says, without which slices are
 * nothing. */
static void slice_rest(struct msgs_file *f, struct checkpoint *c)
{
    struct buf out = { 0 };
    add_state(f, c, 0);
    for (uint32_t i = 0; i < f->blocks_count; i++) {
        say_block(f->blocks[i], &out);
        flush_piece(f, c, SECTION_BLOCK, &out, PIECE);
    }
    flush_piece(f, c, SECTION_BLOCK, &out, 0);
    buf_deinit(&out);
    add_set(f, c, SECTION_DELETED, f->gone);
    add_set(f, c, SECTION_LOST, f->lost);
    add_set(f, c, SECTION_MISSING, f->missing);
    told_turn(f, checkpoint_number(c));
    add_tail(f, c, (struct bounds){ 0, f->tail_said });
}

/* All that is not subjects is shown at once, first; then subjects, from where the piece before
 * ended. */
bool msgs_file_slice(struct msgs *m, struct checkpoint *c, bool is_first, uint32_t budget)
{
    struct msgs_file *f = file_from(m);
    assert(budget > 0);
    if (is_first) {
        f->slice_after.len = 0;
        slice_rest(f, c);
    }
    return slice_subjects(f, c, budget);
}
