/* SPDX-License-Identifier: Apache-2.0 */
/* A lane carries batches from one reactor to another. The producer fills a batch during its tick
 * and pushes it on the lane's stack with one atomic exchange; the consumer takes the whole stack
 * and turns it round. Emptied batches go back on a second stack, so that memory stays with the
 * reactor that allocated it.
 *
 * A record inside a batch: struct packed, targets, bytes; padded to 8. */
#include "net/mailbox.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "net/reactor.h"

enum { BATCH_SIZE = 64 * 1024, BATCH_SPARE_MAX = 8 };

struct batch {
    struct batch *next;
    uint32_t len;
    uint32_t cap;
    uint32_t records;
    _Alignas(8) uint8_t bytes[];
};

struct packed {
    uint32_t kind;
    uint32_t head_len;
    uint32_t header_len;
    uint32_t flags;
    uint64_t origin;
    void *context;
    struct blob *blob;
    uint32_t targets_count;
    uint32_t bytes_len;
};

struct lane {                                    /* owned by the receiver's mailbox */
    CACHE_ALIGNED _Atomic(struct batch *) full;  /* newest first */
    CACHE_ALIGNED _Atomic(struct batch *) empty; /* on their way back to the producer */
    CACHE_ALIGNED _Atomic uint64_t posted;       /* producer */
    CACHE_ALIGNED _Atomic uint64_t consumed;     /* consumer */
    struct batch *inbound; /* consumer: oldest first, taken but not yet read */
    uint32_t inbound_at;   /* offset of the next record in it */
};

struct outbound {        /* of the producer, towards one receiver */
    struct batch *first; /* oldest first */
    struct batch *last;
    struct batch *spare;
    uint32_t spare_count;
};

struct mailbox {
    CACHE_ALIGNED _Atomic uint32_t sleeping;
    CACHE_ALIGNED _Atomic(struct mail *) mail; /* newest first */
    struct lane lanes[REACTORS_MAX];           /* by producer */
    struct outbound outbound[REACTORS_MAX];    /* by receiver */
    uint32_t outbound_used;                    /* a bit per receiver with unpublished records */
    struct reactor *owner;
};

struct mailbox *mailbox_new(struct reactor *owner)
{
    struct mailbox *m = xalloc_aligned(CACHE_LINE, sizeof *m);
    m->owner = owner;
    return m;
}

static void free_chain(struct batch *b)
{
    while (b != NULL) {
        struct batch *next = b->next;
        xfree(b);
        b = next;
    }
}

static uint32_t packed_size(uint32_t targets_count, uint32_t bytes_len)
{
    size_t size = sizeof(struct packed) + targets_count * sizeof(void *) + bytes_len;
    assert(size < UINT32_MAX - 8);
    return (uint32_t)((size + 7) & ~(size_t)7);
}

/* Frees batches with unread records, whose blobs they still hold; the first is unread from `at`. */
static void drop_unread(struct batch *first, uint32_t at)
{
    for (struct batch *b = first; b != NULL; b = b->next, at = 0) {
        while (at < b->len) {
            struct packed p;
            memcpy(&p, b->bytes + at, sizeof p);
            (void)blob_unref(p.blob);
            at += packed_size(p.targets_count, p.bytes_len);
        }
        assert(at == b->len);
    }
    free_chain(first);
}

struct mailbox *mailbox_free(struct mailbox *m)
{
    if (m == NULL) return NULL;
    for (uint32_t i = 0; i < REACTORS_MAX; i++) {
        drop_unread(atomic_load(&m->lanes[i].full), 0);
        free_chain(atomic_load(&m->lanes[i].empty));
        drop_unread(m->lanes[i].inbound, m->lanes[i].inbound_at);
        drop_unread(m->outbound[i].first, 0);
        free_chain(m->outbound[i].spare);
    }
    return xfree(m);
}

static struct batch *batch_take(struct outbound *out, struct lane *lane, uint32_t need)
{
    if (out->spare == NULL) {
        out->spare = atomic_exchange_explicit(&lane->empty, NULL, memory_order_acquire);
        out->spare_count = 0;
        for (struct batch *b = out->spare; b != NULL; b = b->next) out->spare_count++;
    }
    struct batch *b = out->spare;
    if (b != NULL && b->cap >= need) {
        out->spare = b->next;
        out->spare_count--;
    } else {
        uint32_t cap = need > BATCH_SIZE ? need : BATCH_SIZE;
        b = xalloc(sizeof *b + cap);
        b->cap = cap;
    }
    b->next = NULL;
    b->len = 0;
    b->records = 0;
    return b;
}

static void pack(uint8_t *at, const struct record *rec)
{
    struct packed p = {
        .kind = rec->kind,
        .head_len = rec->head_len,
        .header_len = rec->header_len,
        .flags = rec->flags,
        .origin = rec->origin,
        .context = rec->context,
        .blob = rec->blob == NULL ? NULL : blob_ref(rec->blob),
        .targets_count = rec->targets_count,
        .bytes_len = rec->bytes.len,
    };
    memcpy(at, &p, sizeof p);
    at += sizeof p;
    memcpy(at, rec->targets, rec->targets_count * sizeof(void *));
    at += rec->targets_count * sizeof(void *);
    if (rec->bytes.len > 0) memcpy(at, rec->bytes.ptr, rec->bytes.len);
}

void mailbox_record(struct reactor *from, struct reactor *to, const struct record *rec)
{
    assert(from != to);
    assert(rec->targets_count > 0);
    struct outbound *out = &from->mailbox->outbound[to->id];
    uint32_t need = packed_size(rec->targets_count, rec->bytes.len);
    if (out->last == NULL || out->last->cap - out->last->len < need) {
        struct batch *b = batch_take(out, &to->mailbox->lanes[from->id], need);
        if (out->last == NULL) out->first = b;
        else out->last->next = b;
        out->last = b;
    }
    pack(out->last->bytes + out->last->len, rec);
    out->last->len += need;
    out->last->records++;
    from->mailbox->outbound_used |= UINT32_C(1) << to->id;
}

static void wake_if_asleep(struct reactor *to)
{
    if (atomic_load_explicit(&to->mailbox->sleeping, memory_order_seq_cst) != 0)
        to->poller->ops->wake(to->poller);
}

static void publish_to(struct outbound *out, struct lane *lane)
{
    uint64_t records = 0;
    while (out->first != NULL) {
        struct batch *b = out->first;
        out->first = b->next;
        records += b->records;
        uint64_t posted = atomic_load_explicit(&lane->posted, memory_order_relaxed);
        atomic_store_explicit(&lane->posted, posted + b->records, memory_order_release);
        b->next = atomic_load_explicit(&lane->full, memory_order_relaxed);
        while (!atomic_compare_exchange_weak_explicit(&lane->full, &b->next, b,
                                                      memory_order_seq_cst, memory_order_relaxed)) {
        }
    }
    out->last = NULL;
    assert(records > 0);
}

void mailbox_publish(struct reactor *from)
{
    struct mailbox *m = from->mailbox;
    while (m->outbound_used != 0) {
        uint32_t id = (uint32_t)__builtin_ctz(m->outbound_used);
        m->outbound_used &= m->outbound_used - 1;
        struct reactor *to = from->set->at[id];
        publish_to(&m->outbound[id], &to->mailbox->lanes[from->id]);
        wake_if_asleep(to);
    }
}

static struct batch *reversed(struct batch *newest_first)
{
    struct batch *oldest_first = NULL;
    while (newest_first != NULL) {
        struct batch *next = newest_first->next;
        newest_first->next = oldest_first;
        oldest_first = newest_first;
        newest_first = next;
    }
    return oldest_first;
}

static void give_back(struct lane *lane, struct batch *b)
{
    if (b->cap > BATCH_SIZE) { /* made for one large record */
        xfree(b);
        return;
    }
    b->next = atomic_load_explicit(&lane->empty, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&lane->empty, &b->next, b, memory_order_release,
                                                  memory_order_relaxed)) {}
}

/* Hands up the record at `at`; returns its size. */
static uint32_t deliver_packed(struct reactor *r, const uint8_t *at)
{
    struct packed p;
    memcpy(&p, at, sizeof p);
    const uint8_t *targets = at + sizeof p;
    struct record rec = {
        .kind = p.kind,
        .head_len = p.head_len,
        .header_len = p.header_len,
        .flags = p.flags,
        .origin = p.origin,
        .context = p.context,
        .bytes = slice_of(targets + p.targets_count * sizeof(void *), p.bytes_len),
        .blob = p.blob,
        .targets = (void *const *)(const void *)targets,
        .targets_count = p.targets_count,
    };
    r->on_record(r, &rec);
    (void)blob_unref(p.blob);
    return packed_size(p.targets_count, p.bytes_len);
}

/* The oldest unread batch of the lane; NULL when there is none. */
static struct batch *lane_front(struct lane *lane)
{
    if (lane->inbound == NULL && atomic_load_explicit(&lane->full, memory_order_relaxed) != NULL) {
        lane->inbound = reversed(atomic_exchange_explicit(&lane->full, NULL, memory_order_acquire));
        lane->inbound_at = 0;
    }
    return lane->inbound;
}

static uint32_t drain_lane(struct reactor *r, struct lane *lane, uint32_t max)
{
    uint32_t done = 0;
    struct batch *b;
    while (done < max && (b = lane_front(lane)) != NULL) {
        uint32_t before = done;
        while (lane->inbound_at < b->len && done < max) {
            lane->inbound_at += deliver_packed(r, b->bytes + lane->inbound_at);
            done++;
        }
        uint64_t consumed = atomic_load_explicit(&lane->consumed, memory_order_relaxed);
        atomic_store_explicit(&lane->consumed, consumed + (done - before), memory_order_release);
        if (lane->inbound_at < b->len) break;
        lane->inbound = b->next;
        lane->inbound_at = 0;
        give_back(lane, b);
    }
    return done;
}

uint32_t mailbox_drain_records(struct reactor *r, uint32_t max)
{
    uint32_t done = 0;
    for (uint32_t i = 0; i < r->set->count && done < max; i++)
        if (i != r->id) done += drain_lane(r, &r->mailbox->lanes[i], max - done);
    return done;
}

void mailbox_mail(struct reactor *to, struct mail *mail)
{
    struct mailbox *m = to->mailbox;
    mail->next = atomic_load_explicit(&m->mail, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&m->mail, &mail->next, mail, memory_order_seq_cst,
                                                  memory_order_relaxed)) {}
    wake_if_asleep(to);
}

uint32_t mailbox_drain_mail(struct reactor *r)
{
    if (atomic_load_explicit(&r->mailbox->mail, memory_order_relaxed) == NULL) return 0;
    struct mail *newest_first = atomic_exchange_explicit(&r->mailbox->mail, NULL,
                                                         memory_order_acquire);
    struct mail *oldest_first = NULL;
    while (newest_first != NULL) {
        struct mail *next = newest_first->next;
        newest_first->next = oldest_first;
        oldest_first = newest_first;
        newest_first = next;
    }
    uint32_t done = 0;
    while (oldest_first != NULL) {
        struct mail *mail = oldest_first;
        oldest_first = mail->next;
        mail->run(mail, r);
        done++;
    }
    return done;
}

bool mailbox_has_work(struct reactor *r)
{
    struct mailbox *m = r->mailbox;
    if (atomic_load_explicit(&m->mail, memory_order_seq_cst) != NULL) return true;
    for (uint32_t i = 0; i < r->set->count; i++) {
        struct lane *lane = &m->lanes[i];
        if (lane->inbound != NULL) return true;
        if (atomic_load_explicit(&lane->full, memory_order_seq_cst) != NULL) return true;
    }
    return false;
}

bool mailbox_may_sleep(struct reactor *r)
{
    assert(r->mailbox->outbound_used == 0); /* nobody would publish them while it sleeps */
    atomic_store_explicit(&r->mailbox->sleeping, 1, memory_order_seq_cst);
    if (!mailbox_has_work(r)) return true;
    mailbox_woke(r);
    return false;
}

void mailbox_woke(struct reactor *r)
{
    atomic_store_explicit(&r->mailbox->sleeping, 0, memory_order_relaxed);
}

uint64_t mailbox_posted(struct reactor *to, uint32_t from)
{
    return atomic_load_explicit(&to->mailbox->lanes[from].posted, memory_order_acquire);
}

uint64_t mailbox_consumed(struct reactor *to, uint32_t from)
{
    return atomic_load_explicit(&to->mailbox->lanes[from].consumed, memory_order_acquire);
}
