/* SPDX-License-Identifier: Apache-2.0 */
/* Messages in memory. Each is one block, which knows the message of its subject before and behind
 * it: so the ends of a subject are found at once when one of them goes, and who follows a subject
 * steps from message to message.
 *
 * Chunks of 512 places hold the pointers; a chunk without messages is freed, so that gaps of any
 * length cost nothing. */
#include "base/alloc.h"
#include "store/msgs_internal.h"

enum { CHUNK_BITS = 9, CHUNK_PLACES = 1 << CHUNK_BITS, CHUNK_MASK = CHUNK_PLACES - 1 };

struct message {
    uint64_t previous, next; /* sequences of the same subject; 0: none */
    nanos    time;
    uint32_t header_len, payload_len;
    uint16_t subject_len;
    uint8_t  texts[];        /* subject, header, payload */
};

struct chunk {
    uint64_t        number;  /* of its first sequence, without the low bits */
    uint32_t        live;
    struct message *at[CHUNK_PLACES];
};

struct memory {
    struct msgs    base;
    struct chunk **chunks;   /* ascending */
    uint32_t       count, cap;
};

static struct memory *memory_from(struct msgs *m)
{
    return container_of(m, struct memory, base);
}

static const struct memory *memory_from_const(const struct msgs *m)
{
    return container_of(m, const struct memory, base);
}

/* ---- places ---- */

/* Index of the first chunk whose number is not below. */
static uint32_t chunk_from(const struct memory *m, uint64_t number)
{
    uint32_t low = 0, high = m->count;
    if (m->count > 0 && m->chunks[m->count - 1]->number < number) return m->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (m->chunks[middle]->number < number) low = middle + 1;
        else high = middle;
    }
    return low;
}

static struct chunk *chunk_find(const struct memory *m, uint64_t number)
{
    if (m->count > 0 && m->chunks[m->count - 1]->number == number) return m->chunks[m->count - 1];
    uint32_t i = chunk_from(m, number);
    return i < m->count && m->chunks[i]->number == number ? m->chunks[i] : NULL;
}

static struct message *find(const struct memory *m, uint64_t sequence)
{
    const struct chunk *c = chunk_find(m, sequence >> CHUNK_BITS);
    return c == NULL ? NULL : c->at[sequence & CHUNK_MASK];
}

/* The chunk of a sequence that is above all others. */
static struct chunk *chunk_for(struct memory *m, uint64_t sequence)
{
    uint64_t number = sequence >> CHUNK_BITS;
    struct chunk *last = m->count == 0 ? NULL : m->chunks[m->count - 1];
    if (last != NULL && last->number == number) return last;
    assert(last == NULL || last->number < number);
    if (m->count == m->cap) {
        m->cap = m->cap == 0 ? 4 : m->cap * 2;
        m->chunks = xrealloc(m->chunks, m->cap * sizeof(struct chunk *));
    }
    struct chunk *c = xcalloc(1, sizeof *c);
    c->number = number;
    m->chunks[m->count++] = c;
    return c;
}

/* Empty chunks in front are taken away together, one elsewhere at once. */
static void chunk_remove(struct memory *m, uint64_t number)
{
    uint32_t i = chunk_from(m, number);
    assert(m->chunks[i]->live == 0);
    xfree(m->chunks[i]);
    m->count--;
    memmove(&m->chunks[i], &m->chunks[i + 1], (m->count - i) * sizeof(struct chunk *));
    if (m->count > 0) return;
    m->chunks = xfree(m->chunks);
    m->cap = 0;
}

/* ---- changes ---- */

static void put(struct msgs *base, const struct stored *msg, uint64_t previous)
{
    struct memory *m = memory_from(base);
    size_t texts = (size_t)msg->subject.len + msg->header.len + msg->payload.len;
    struct message *new = xalloc(sizeof *new + texts);
    *new = (struct message){
        .previous = previous,
        .time = msg->time,
        .header_len = msg->header.len,
        .payload_len = msg->payload.len,
        .subject_len = (uint16_t)msg->subject.len,
    };
    uint8_t *at = new->texts;
    memcpy(at, msg->subject.ptr, msg->subject.len);
    at += msg->subject.len;
    if (msg->header.len > 0) memcpy(at, msg->header.ptr, msg->header.len);
    at += msg->header.len;
    if (msg->payload.len > 0) memcpy(at, msg->payload.ptr, msg->payload.len);
    struct chunk *c = chunk_for(m, msg->sequence);
    assert(c->at[msg->sequence & CHUNK_MASK] == NULL);
    c->at[msg->sequence & CHUNK_MASK] = new;
    c->live++;
    if (previous == 0) return;
    struct message *before = find(m, previous);
    assert(before != NULL && before->next == 0);
    before->next = msg->sequence;
}

static void drop(struct msgs *base, uint64_t sequence)
{
    struct memory *m = memory_from(base);
    struct chunk *c = chunk_find(m, sequence >> CHUNK_BITS);
    assert(c != NULL);
    struct message *gone = c->at[sequence & CHUNK_MASK];
    assert(gone != NULL);
    if (gone->previous != 0) find(m, gone->previous)->next = gone->next;
    if (gone->next != 0) find(m, gone->next)->previous = gone->previous;
    c->at[sequence & CHUNK_MASK] = xfree(gone);
    c->live--;
    /* The last chunk takes more; one in front goes with its neighbours. */
    bool is_front = c == m->chunks[0];
    if (c->live == 0 && !is_front && c != m->chunks[m->count - 1]) chunk_remove(m, c->number);
}

static void drop_below(struct msgs *base, uint64_t sequence)
{
    struct memory *m = memory_from(base);
    uint32_t empty = 0;
    while (empty < m->count && m->chunks[empty]->live == 0 &&
           m->chunks[empty]->number < sequence >> CHUNK_BITS)
        xfree(m->chunks[empty++]);
    if (empty == 0) return;
    m->count -= empty;
    memmove(m->chunks, m->chunks + empty, m->count * sizeof(struct chunk *));
}

/* Freed memory is nobody's to read. */
static void erase(struct msgs *base, uint64_t sequence, void (*done)(void *ctx, enum err),
                  void *ctx)
{
    (void)base;
    (void)sequence;
    done(ctx, ERR_OK);
}

/* ---- questions ---- */

static bool has(const struct msgs *base, uint64_t sequence)
{
    return find(memory_from_const(base), sequence) != NULL;
}

static enum err meta(struct msgs *base, uint64_t sequence, struct msgs_wait *w,
                     struct slice *ret_subject, uint64_t *ret_size, nanos *ret_time)
{
    const struct message *msg = find(memory_from(base), sequence);
    (void)w;
    if (msg == NULL) return ERR_NOTFOUND;
    *ret_subject = slice_of(msg->texts, msg->subject_len);
    *ret_size = msgs_size(false, msg->subject_len, msg->header_len, msg->payload_len);
    *ret_time = msg->time;
    return ERR_OK;
}

static enum err next(struct msgs *base, uint64_t from, struct msgs_wait *w, uint64_t *ret)
{
    const struct memory *m = memory_from(base);
    uint64_t number = from >> CHUNK_BITS;
    (void)w;
    for (uint32_t i = chunk_from(m, number); i < m->count; i++) {
        const struct chunk *c = m->chunks[i];
        uint32_t place = c->number == number ? (uint32_t)(from & CHUNK_MASK) : 0;
        for (; c->live > 0 && place < CHUNK_PLACES; place++) {
            if (c->at[place] == NULL) continue;
            *ret = c->number << CHUNK_BITS | place;
            return ERR_OK;
        }
    }
    return ERR_NOTFOUND;
}

static enum err previous(struct msgs *base, uint64_t up_to, struct msgs_wait *w, uint64_t *ret)
{
    const struct memory *m = memory_from(base);
    uint64_t number = up_to >> CHUNK_BITS;
    (void)w;
    for (uint32_t i = chunk_from(m, number + 1); i > 0; i--) {
        const struct chunk *c = m->chunks[i - 1];
        uint32_t place = c->number == number ? (uint32_t)(up_to & CHUNK_MASK) + 1 : CHUNK_PLACES;
        for (; c->live > 0 && place > 0; place--) {
            if (c->at[place - 1] == NULL) continue;
            *ret = c->number << CHUNK_BITS | (place - 1);
            return ERR_OK;
        }
    }
    return ERR_NOTFOUND;
}

static bool is_of(const struct message *msg, struct slice subject)
{
    return msg != NULL && slice_equal(slice_of(msg->texts, msg->subject_len), subject);
}

/* Along the chain when the neighbour is of it (who reads on from a message of this subject), else
 * one by one, up to the first that is of it. */
static enum err next_same(struct msgs *base, struct slice subject, uint64_t from,
                          struct msgs_wait *w, uint64_t *ret)
{
    const struct memory *m = memory_from(base);
    const struct message *before = from == 0 ? NULL : find(m, from - 1);
    if (is_of(before, subject)) {
        *ret = before->next;
        return before->next == 0 ? ERR_NOTFOUND : ERR_OK;
    }
    uint64_t at = from;
    while (next(base, at, w, &at) == ERR_OK) {
        if (is_of(find(m, at), subject)) {
            *ret = at;
            return ERR_OK;
        }
        at++;
    }
    return ERR_NOTFOUND;
}

static enum err previous_same(struct msgs *base, struct slice subject, uint64_t up_to,
                              struct msgs_wait *w, uint64_t *ret)
{
    const struct memory *m = memory_from(base);
    const struct message *behind = find(m, up_to + 1);
    if (is_of(behind, subject)) {
        *ret = behind->previous;
        return behind->previous == 0 ? ERR_NOTFOUND : ERR_OK;
    }
    uint64_t at = up_to;
    while (previous(base, at, w, &at) == ERR_OK) {
        if (is_of(find(m, at), subject)) {
            *ret = at;
            return ERR_OK;
        }
        if (at-- == 0) break;
    }
    return ERR_NOTFOUND;
}

static enum err load(struct msgs *base, uint64_t sequence, uint32_t ahead, struct msgs_load *l)
{
    const struct message *msg = find(memory_from(base), sequence);
    (void)ahead;
    if (msg == NULL) return ERR_NOTFOUND;
    const uint8_t *header = msg->texts + msg->subject_len;
    l->msg = (struct stored){
        .sequence = sequence,
        .time = msg->time,
        .subject = slice_of(msg->texts, msg->subject_len),
        .header = slice_of(header, msg->header_len),
        .payload = slice_of(header + msg->header_len, msg->payload_len),
    };
    return ERR_OK;
}

static void load_cancel(struct msgs *base, struct msgs_load *l)
{
    (void)base;
    (void)l;
}

static enum err prepare(struct msgs *base, uint64_t first, uint64_t last, struct msgs_wait *w)
{
    (void)base;
    (void)first;
    (void)last;
    (void)w;
    return ERR_OK;
}

static uint64_t lost(const struct msgs *base,
                     bool (*each)(void *ctx, uint64_t first, uint64_t last), void *ctx)
{
    (void)base;
    (void)each;
    (void)ctx;
    return 0;
}

/* ---- life ---- */

static void chunk_check(const struct memory *m, const struct chunk *c, uint64_t *messages)
{
    uint32_t live = 0;
    for (uint32_t i = 0; i < CHUNK_PLACES; i++) {
        const struct message *msg = c->at[i];
        uint64_t sequence = c->number << CHUNK_BITS | i;
        if (msg == NULL) continue;
        live++;
        assert(msg->previous < sequence);
        assert(msg->previous == 0 || find(m, msg->previous)->next == sequence);
        assert(msg->next == 0 || msg->next > sequence);
    }
    assert(live == c->live);
    *messages += live;
}

static void check(struct msgs *base)
{
    const struct memory *m = memory_from(base);
    uint64_t messages = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        assert(i == 0 || m->chunks[i - 1]->number < m->chunks[i]->number);
        chunk_check(m, m->chunks[i], &messages);
    }
    assert(messages == base->state.messages);
}

static struct msgs *memory_free(struct msgs *base)
{
    struct memory *m = memory_from(base);
    for (uint32_t i = 0; i < m->count; i++) {
        for (uint32_t k = 0; k < CHUNK_PLACES; k++) xfree(m->chunks[i]->at[k]);
        xfree(m->chunks[i]);
    }
    xfree(m->chunks);
    msgs_deinit(base);
    xfree(m);
    return NULL;
}

static const struct msgs_ops ops = {
    .free = memory_free,
    .put = put,
    .drop = drop,
    .drop_below = drop_below,
    .has = has,
    .meta = meta,
    .next = next,
    .previous = previous,
    .next_same = next_same,
    .previous_same = previous_same,
    .load = load,
    .load_cancel = load_cancel,
    .erase = erase,
    .prepare = prepare,
    .lost = lost,
    .check = check,
};

struct msgs *msgs_memory_new(uint64_t first_sequence)
{
    struct memory *m = xcalloc(1, sizeof *m);
    msgs_init(&m->base, &ops, first_sequence);
    return &m->base;
}
