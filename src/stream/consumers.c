/* SPDX-License-Identifier: Apache-2.0 */
/* The set of a stream's consumers: by name, by id, by filter; and whose turn it is. */
#include "base/alloc.h"
#include "base/assert.h"
#include "base/near.h"
#include "stream/consumer_internal.h"
#include "subject/subject.h"

struct consumers *consumers_new(struct stream *s)
{
    struct consumers *set = near_zalloc(sizeof *set);
    assert(s != NULL);
    set->stream = s;
    set->next_id = 1;
    list_init(&set->all);
    list_init(&set->ready);
    list_init(&set->changed);
    list_init(&set->told);
    list_init(&set->dead);
    list_init(&set->notes);
    list_init(&set->waiting);
    return set;
}

static void free_all(struct list *nodes)
{
    struct list *node;
    while ((node = list_pop(nodes)) != NULL) {
        struct consumer *c = container_of(node, struct consumer, node);
        assert(list_empty(&c->node));
        (void)consumer_free(c);
    }
    assert(list_empty(nodes));
}

struct consumers *consumers_free(struct consumers *set)
{
    if (set == NULL) return NULL;
    assert(!set->is_running);
    free_all(&set->all);
    free_all(&set->dead);
    consumers_notes_free(set);
    consumers_answers_free(set);
    matches_deinit(&set->matches);
    set->index = interest_free(set->index);
    set->by_id = map_free(set->by_id);
    buf_deinit(&set->progress);
    buf_deinit(&set->header);
    buf_deinit(&set->subject);
    buf_deinit(&set->status);
    buf_deinit(&set->gone);
    buf_deinit(&set->told_gone);
    consumer_names_deinit(&set->names);
    return near_free(set, sizeof *set);
}

/* ---- names ---- */

struct consumer *consumers_find(const struct consumers *set, struct slice name)
{
    struct consumer *c = consumer_names_find(&set->names, name);
    assert(c == NULL || !c->is_deleted);
    assert(c == NULL || c->set == set);
    return c;
}

uint32_t consumers_count_all(const struct consumers *set)
{
    assert(set->counted <= set->names.count);
    return set->names.count;
}

struct consumer *consumers_at(const struct consumers *set, uint32_t index)
{
    /* where it looked last is not part of the set's state */
    struct consumer *c = consumer_names_at(&((struct consumers *)(uintptr_t)set)->names, index);
    assert((c == NULL) == (index >= set->names.count));
    return c;
}

uint32_t consumers_count(const struct consumers *set)
{
    assert(set->counted <= set->names.count);
    return set->counted;
}

uint32_t consumers_limited(const struct consumers *set)
{
    assert(set->limited <= set->counted);
    return set->limited;
}

const struct consumer_config *consumer_config_of(const struct consumer *c, struct slice *ret_name)
{
    assert(c != NULL);
    assert(ret_name != NULL);
    *ret_name = slice_str(c->name);
    return consumer_newest(c);
}

static struct slice id_key(const uint64_t *id)
{
    return slice_of(id, sizeof *id);
}

struct consumer *consumers_by_id(const struct consumers *set, uint64_t id)
{
    assert(id != 0);
    return set->by_id == NULL ? NULL : map_find(set->by_id, id_key(&id));
}

static uint64_t hash_seed(const struct consumers *set)
{
    assert(set->stream->account != NULL);
    return set->stream->account->js->core->hash_seed;
}

static bool is_counted(const struct consumer *c)
{
    return !consumer_config(c)->direct;
}

static bool is_limited(const struct consumer *c)
{
    return is_counted(c) && !consumer_config(c)->sourcing;
}

/* ---- the index ---- */

/* Only this thread reads the index, and not now. */
static void unindex(struct consumer *c)
{
    struct garbage *garbage = NULL;
    for (uint32_t i = 0; i < c->filters_count; i++)
        interest_remove(c->set->index, &c->filters[i].entry, &garbage);
    garbage_free(garbage);
    c->filters = xfree(c->filters);
    c->filters_count = 0;
}

void consumer_index(struct consumer *c)
{
    static const struct slice all[] = { SLICE_INIT(">") };
    struct garbage *garbage = NULL;
    const struct msgs_filter *f = &c->setup.filter;
    const struct slice *patterns = f->count == 0 ? all : f->patterns;
    uint32_t count = f->count == 0 ? 1 : f->count;
    assert(!c->is_deleted);
    if (c->set->index == NULL) c->set->index = interest_new(hash_seed(c->set));
    if (c->filters_count > 0) unindex(c);
    c->filters = xcalloc(count, sizeof *c->filters);
    c->filters_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct consumer_filter *filter = &c->filters[i];
        filter->consumer = c;
        filter->entry.text = patterns[i].ptr;
        filter->entry.subject_len = patterns[i].len;
        interest_insert(c->set->index, &filter->entry, &garbage);
    }
    garbage_free(garbage);
}

typedef void consumer_each(struct consumer *, void *ctx);

static void each_of_topic(struct topic *t, consumer_each *each, void *ctx)
{
    struct entries *entries = atomic_load_explicit(&t->plain, memory_order_relaxed);
    if (entries == NULL) return;
    uint32_t len = atomic_load_explicit(&entries->len, memory_order_relaxed);
    assert(len <= entries->cap);
    for (uint32_t i = 0; i < len; i++) {
        struct interest_entry *e = atomic_load_explicit(&entries->at[i], memory_order_relaxed);
        if (e != NULL) each(container_of(e, struct consumer_filter, entry)->consumer, ctx);
    }
}

/* Every consumer that a message on this subject matches; none is met twice, for the filters of one
 * do not overlap. */
static void each_match(struct consumers *set, struct slice subject, consumer_each *each, void *ctx)
{
    if (set->index == NULL || set->names.count == 0) return;
    struct matches *m = &set->matches;
    interest_match(set->index, subject, m);
    if (m->single != NULL)
        each(container_of(m->single, struct consumer_filter, entry)->consumer, ctx);
    for (uint32_t i = 0; i < m->count; i++) each_of_topic(m->topics[i], each, ctx);
}

/* ---- who is in it ---- */

void consumers_add(struct consumers *set, struct consumer *c)
{
    assert(consumers_by_id(set, c->id) == NULL);
    assert(!c->is_deleted);
    consumer_names_add(&set->names, c);
    set->stream->has_consumers = true;
    set->counted += is_counted(c);
    set->limited += is_limited(c);
    if (set->by_id == NULL) set->by_id = map_new(hash_seed(set));
    (void)map_set(set->by_id, id_key(&c->id), c);
    list_add_tail(&set->all, &c->node);
    if (c->id >= set->next_id) set->next_id = c->id + 1;
    consumer_index(c);
}

void consumers_hide(struct consumers *set, struct consumer *c)
{
    assert(!c->is_deleted);
    assert(set->counted >= is_counted(c));
    unindex(c);
    consumer_names_remove(&set->names, c);
    set->counted -= is_counted(c);
    set->limited -= is_limited(c);
    c->is_deleted = true;
}

static void gone_add(struct buf *gone, uint64_t id)
{
    assert(id != 0);
    buf_add(gone, id_key(&id));
}

void consumers_forget(struct consumers *set, struct consumer *c)
{
    assert(c->is_deleted);
    void *was = map_remove(set->by_id, id_key(&c->id));
    assert(was == c);
    if (!consumer_config(c)->direct) gone_add(&set->gone, c->id);
    list_remove(&c->changed);
    list_remove(&c->node);
    list_add_tail(&set->dead, &c->node);
    if (!set->is_running) free_all(&set->dead);
}

void consumer_mark_changed(struct consumer *c)
{
    assert(!consumer_config(c)->direct);
    if (c->is_created && list_empty(&c->changed)) list_add_tail(&c->set->changed, &c->changed);
}

/* ---- what the stream tells ---- */

static void on_stored(struct consumer *c, void *ctx)
{
    uint64_t sequence = *(const uint64_t *)ctx;
    if (!c->is_begun || sequence < c->next) return;
    if (c->is_counted) c->pending++;
    /* one that nobody asks has nothing to do */
    if (c->pull != NULL || c->push != NULL) consumer_wake(c);
}

void consumers_stored(struct consumers *set, uint64_t sequence, struct slice subject)
{
    assert(sequence > 0);
    assert(set->stream->has_consumers);
    each_match(set, subject, on_stored, &sequence);
}

/* A message that was delivered and not acked went: as if it had been terminated. */
static void pending_removed(struct consumer *c, uint64_t sequence)
{
    const struct ack_entry *e = acks_find(&c->acks, sequence);
    const struct acks_command gone = { .kind = ACKS_REMOVE, .stream_seq = sequence };
    if (e != NULL && consumer_is_alive(c)) {
        const struct advisory_facts facts = {
            .stream_seq = sequence,
            .consumer_seq = e->consumer_seq,
            .deliveries = e->deliveries,
            .reason = SLICE_LIT("Unacknowledged message was deleted"),
        };
        c->acked_at = consumer_reactor(c)->wall;
        consumer_note(c, ADVISORY_MSG_TERMINATED, &facts);
    }
    if (c->is_begun) redelivery_forget(&c->redelivery, sequence);
    consumer_acks_apply(c, &gone);
}

static void on_removed(struct consumer *c, void *ctx)
{
    uint64_t sequence = *(const uint64_t *)ctx;
    assert(sequence > 0);
    if (sequence <= c->acks.floor.stream_seq && ack_list_count(&c->acks.spent) == 0) return;
    if (!c->is_begun || sequence < c->next) {
        pending_removed(c, sequence);
        return;
    }
    /* one that is lost did not count */
    if (!consumer_is_counted(c) || !msgs_has(c->set->stream->msgs, sequence)) return;
    if (sequence <= c->list_end) {
        if (c->list == NULL) c->list = consumer_list_new(c);
        if (!consumer_list_has(c->list, sequence)) return;
    }
    assert(c->pending > 0);
    c->pending--;
}

void consumers_removed(struct consumers *set, uint64_t sequence, struct slice subject)
{
    assert(sequence > 0);
    each_match(set, subject, on_removed, &sequence);
}

/* What was delivered and is not there any more needs no ack. */
static void sweep_pending(struct consumer *c)
{
    struct msgs *msgs = c->set->stream->msgs;
    uint64_t from = 0;
    const struct ack_entry *e;
    while ((e = acks_from(&c->acks, from)) != NULL) {
        const struct acks_command gone = { .kind = ACKS_REMOVE, .stream_seq = e->stream_seq };
        from = e->stream_seq + 1;
        if (msgs_has(msgs, gone.stream_seq)) continue;
        if (c->is_begun) redelivery_forget(&c->redelivery, gone.stream_seq);
        consumer_acks_apply(c, &gone);
    }
}

static void on_purged(struct consumer *c, uint64_t first_left)
{
    const struct acks_command compact = { .kind = ACKS_COMPACT, .stream_seq = first_left };
    uint32_t before = acks_num_pending(&c->acks);
    consumer_acks_apply(c, &compact);
    sweep_pending(c);
    if (!c->is_begun) return;
    if (acks_num_pending(&c->acks) < before) c->acked_at = consumer_reactor(c)->wall;
    redelivery_forget_below(&c->redelivery, first_left);
    if (c->next < first_left) c->next = first_left;
    if (c->delivered.stream_seq + 1 < first_left) c->delivered.stream_seq = first_left - 1;
    consumer_recount(c);
    consumer_wake(c);
}

uint64_t consumers_reach(const struct consumers *set)
{
    uint64_t last = 0;
    LIST_EACH(&set->all, node) {
        const struct consumer *c = container_of(node, struct consumer, node);
        if (!c->is_created || c->is_deleted) continue;
        if (c->acks.delivered.stream_seq > last) last = c->acks.delivered.stream_seq;
    }
    return last;
}

/* It wants nothing but what `pattern` matches. */
static bool wants_only(const struct consumer *c, struct slice pattern)
{
    const struct msgs_filter *f = &c->setup.filter;
    assert(pattern.len > 0);
    for (uint32_t i = 0; i < f->count; i++)
        if (!subject_covers(pattern, f->patterns[i])) return false;
    return f->count > 0;
}

void consumers_purged(struct consumers *set, struct slice emptied)
{
    struct msgs_state state;
    assert(!set->is_running);
    msgs_state(set->stream->msgs, &state);
    LIST_EACH(&set->all, node) {
        struct consumer *c = container_of(node, struct consumer, node);
        bool has_none = emptied.len > 0 && wants_only(c, emptied);
        assert(c->set == set);
        on_purged(c, has_none ? state.last_sequence + 1 : state.first_sequence);
    }
}

struct question {
    uint64_t sequence;
    bool     is_yes;
};

static void on_need(struct consumer *c, void *ctx)
{
    struct question *q = ctx;
    assert(q->sequence > 0);
    q->is_yes = q->is_yes || acks_needs(&c->acks, q->sequence);
}

bool consumers_need(struct consumers *set, uint64_t sequence, struct slice subject)
{
    struct question q = { .sequence = sequence };
    assert(sequence > 0);
    each_match(set, subject, on_need, &q);
    return q.is_yes;
}

static void on_want(struct consumer *c, void *ctx)
{
    struct question *q = ctx;
    assert(!c->is_deleted);
    q->is_yes = true;
}

bool consumers_want(struct consumers *set, struct slice subject)
{
    struct question q = { .sequence = 0 };
    assert(subject.len > 0);
    each_match(set, subject, on_want, &q);
    return q.is_yes;
}

void consumers_stream_updated(struct consumers *set)
{
    assert(!set->is_running);
    LIST_EACH(&set->all, node) consumer_wake(container_of(node, struct consumer, node));
}

static void end_all(struct consumers *set, enum pull_status status)
{
    set->is_ending = true;
    LIST_EACH(&set->all, node) {
        struct consumer *c = container_of(node, struct consumer, node);
        assert(c->set == set);
        consumer_pull_dismiss(c, status);
        consumer_push_end(c);
    }
    assert(!set->is_running);
}

void consumers_dismiss(struct consumers *set)
{
    end_all(set, PULL_CONSUMER_DELETED);
    LIST_EACH(&set->all, node) {
        const struct consumer *c = container_of(node, struct consumer, node);
        const struct advisory_facts facts = { .stream = stream_name(set->stream),
                                              .consumer = slice_str(c->name),
                                              .action = "delete" };
        if (c->is_created && !c->is_deleted)
            advise(set->stream->account, ADVISORY_CONSUMER_DELETED, &facts);
    }
}

void consumers_shutdown(struct consumers *set)
{
    end_all(set, PULL_SERVER_SHUTDOWN);
}

void consumers_resume(struct consumers *set)
{
    set->is_ending = false;
    LIST_EACH(&set->all, node) {
        struct consumer *c = container_of(node, struct consumer, node);
        bool pushes = c->is_begun && !c->is_deleted && consumer_is_push(consumer_config(c));
        if (pushes && c->push == NULL) consumer_push_begin(c);
        consumer_wake(c);
    }
    assert(!set->is_running);
}

/* ---- the run ---- */

void consumer_wake(struct consumer *c)
{
    assert(c->set != NULL);
    if (!consumer_is_alive(c) || !list_empty(&c->ready)) return;
    list_add_tail(&c->set->ready, &c->ready);
    stream_wake(c->set->stream);
}

void consumers_run(struct consumers *set)
{
    struct list now, *node;
    list_init(&now);
    list_splice(&now, &set->ready);
    assert(!set->is_running);
    set->is_running = true;
    consumers_notes_run(set);
    consumers_answers_now(set);         /* before what they lead to */
    while ((node = list_pop(&now)) != NULL) {
        struct consumer *c = container_of(node, struct consumer, ready);
        assert(c->set == set);
        if (consumer_is_alive(c) && consumer_run(c)) consumer_wake(c);
    }
    consumers_flush(set);
    consumers_answers_flush(set);
    set->is_running = false;
    free_all(&set->dead);
}

void consumers_soon(const struct consumers *set)
{
    PREFETCH(set);
}

bool consumers_are_idle(const struct consumers *set)
{
    bool is_idle = list_empty(&set->ready) && set->progress.len == 0 && set->answers == NULL &&
                   set->quick.len == 0;
    if (set->index == NULL) return is_idle; /* there was none who could have left something */
    return is_idle && list_empty(&set->notes) && list_empty(&set->dead);
}

void consumers_check(struct consumers *set)
{
    uint32_t counted = 0, limited = 0, all = 0, shown = 0;
    assert(set->index != NULL || (list_empty(&set->notes) && list_empty(&set->dead)));
    consumer_names_check(&set->names);
    assert(set->names.count == 0 || set->stream->has_consumers);
    LIST_EACH(&set->all, node) {
        const struct consumer *c = container_of(node, struct consumer, node);
        assert(consumers_by_id(set, c->id) == c);
        all++;
        consumer_check(c);
        if (c->is_deleted) continue;
        assert(consumer_names_find(&set->names, slice_str(c->name)) == c);
        counted += is_counted(c);
        limited += is_limited(c);
        shown++;
    }
    assert(counted == set->counted);
    assert(limited == set->limited);
    assert(shown == set->names.count);
    assert(all == (set->by_id == NULL ? 0 : map_count(set->by_id)));
}
