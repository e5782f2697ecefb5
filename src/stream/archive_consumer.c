/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/archive_consumer.h"

#include <stdlib.h>

#include "base/assert.h"
#include "json/request.h"

/* Sequences of acks stay below. */
#define SEQ_MAX ((uint64_t)INT64_MAX)

/* So deep is no such object. */
enum { DEPTH_MAX = 32 };

/* ---- writing ---- */

static void key_u64(struct json_writer *w, uint64_t number)
{
    struct buf text = { 0 };
    buf_add_u64(&text, number);
    json_key_slice(w, buf_slice(&text));
    buf_deinit(&text);
}

static void put_position(struct json_writer *w, const char *key, struct acks_position at)
{
    json_key(w, key);
    json_object_begin(w);
    json_key(w, "consumer_seq");
    json_u64(w, at.consumer_seq);
    json_key(w, "stream_seq");
    json_u64(w, at.stream_seq);
    json_object_end(w);
}

static void put_pending(struct json_writer *w, const struct acks *a)
{
    const struct ack_entry *e;
    if (ack_list_count(&a->pending) == 0) return;
    json_key(w, "pending");
    json_object_begin(w);
    for (uint32_t at = 0; (e = ack_list_next(&a->pending, &at)) != NULL;) {
        assert(e->stream_seq > a->floor.stream_seq);
        key_u64(w, e->stream_seq);
        json_object_begin(w);
        json_key(w, "Sequence");
        json_u64(w, e->consumer_seq);
        json_key(w, "Timestamp");
        json_i64(w, e->time);
        json_object_end(w);
    }
    json_object_end(w);
}

static void put_counts(struct json_writer *w, const struct ack_list *l)
{
    const struct ack_entry *e;
    for (uint32_t at = 0; (e = ack_list_next(l, &at)) != NULL;) {
        if (e->deliveries < 2) continue;
        key_u64(w, e->stream_seq);
        json_u64(w, e->deliveries - 1);
    }
}

/* A spent one that was delivered once is told as one that was delivered again: it would be
 * forgotten otherwise. */
static void put_redelivered(struct json_writer *w, const struct acks *a)
{
    const struct ack_entry *e;
    if (acks_num_redelivered(a) == 0) return;
    json_key(w, "redelivered");
    json_object_begin(w);
    put_counts(w, &a->pending);
    for (uint32_t at = 0; (e = ack_list_next(&a->spent, &at)) != NULL;) {
        assert(e->deliveries > 0);
        key_u64(w, e->stream_seq);
        json_u64(w, e->deliveries > 1 ? e->deliveries - 1 : 1);
    }
    json_object_end(w);
}

void archive_consumer_write(const struct consumer_config *config, const struct acks *a,
                            struct buf *out)
{
    struct json_writer w = json_writer_on(out, JSON_COMPACT);
    assert(a->floor.stream_seq <= a->delivered.stream_seq);
    json_object_begin(&w);
    json_key(&w, "config");
    json_table_write(&consumer_config_table, config, &w);
    json_key(&w, "state");
    json_object_begin(&w);
    put_position(&w, "delivered", a->delivered);
    put_position(&w, "ack_floor", a->floor);
    put_pending(&w, a);
    put_redelivered(&w, a);
    json_object_end(&w);
    json_object_end(&w);
}

/* ---- reading ---- */

static bool read_u64(struct json_value object, const char *name, uint64_t *ret)
{
    struct json_value value;
    return !json_member(object, name, &value) || json_to_u64(value, UINT64_MAX, ret);
}

static bool read_position(struct json_value state, const char *name, struct acks_position *ret)
{
    struct json_value at;
    if (!json_member(state, name, &at)) return true;
    return read_u64(at, "consumer_seq", &ret->consumer_seq) &&
           read_u64(at, "stream_seq", &ret->stream_seq);
}

/* An array for all members of an object; NULL: it has none, or is no object. */
static void *rows_new(struct json_value object, struct arena *arena, size_t size,
                      struct json_array *ret)
{
    uint32_t count = json_kind(object) == JSON_OBJECT ? json_count(object) : 0;
    ret->count = 0;
    ret->items = count == 0 ? NULL : arena_alloc(arena, count * size);
    return ret->items;
}

static bool read_pending(struct json_value state, struct arena *arena, struct json_array *ret)
{
    struct json_value all, one;
    struct slice key;
    if (!json_member(state, "pending", &all)) return true;
    struct ack_entry *rows = rows_new(all, arena, sizeof *rows, ret);
    if (rows == NULL) return json_kind(all) == JSON_NULL || json_kind(all) == JSON_OBJECT;
    for (struct json_members m = json_members_of(all); json_members_next(&m, &key, &one);) {
        struct ack_entry *e = &rows[ret->count++];
        struct json_value time;
        if (!slice_to_u64(key, &e->stream_seq)) return false;
        if (!read_u64(one, "Sequence", &e->consumer_seq)) return false;
        if (json_member(one, "Timestamp", &time) &&
            !json_to_i64(time, INT64_MIN, INT64_MAX, &e->time))
            return false;
    }
    return true;
}

static bool read_redelivered(struct json_value state, struct arena *arena, struct json_array *ret)
{
    struct json_value all, one;
    struct slice key;
    if (!json_member(state, "redelivered", &all)) return true;
    struct consumer_redelivered *rows = rows_new(all, arena, sizeof *rows, ret);
    if (rows == NULL) return json_kind(all) == JSON_NULL || json_kind(all) == JSON_OBJECT;
    for (struct json_members m = json_members_of(all); json_members_next(&m, &key, &one);) {
        struct consumer_redelivered *r = &rows[ret->count++];
        if (!slice_to_u64(key, &r->stream_seq)) return false;
        if (!json_to_u64(one, UINT64_MAX, &r->count)) return false;
    }
    return true;
}

static enum err read_object(struct json_value object, struct arena *arena,
                            struct archive_consumer *ret, struct errmsg *why)
{
    struct json_value config, state;
    if (!json_member(object, "config", &config) || json_kind(config) != JSON_OBJECT)
        return errmsg_set(why, ERR_NOTFOUND, "is missing config");
    if (!json_member(object, "state", &state) || json_kind(state) != JSON_OBJECT)
        return errmsg_set(why, ERR_NOTFOUND, "is missing state");
    if (json_table_read(&consumer_config_table, config, arena, &ret->config, why) != ERR_OK)
        return ERR_INVALID;
    if (!read_position(state, "delivered", &ret->state.delivered) ||
        !read_position(state, "ack_floor", &ret->state.floor) ||
        !read_pending(state, arena, &ret->state.pending) ||
        !read_redelivered(state, arena, &ret->state.redelivered))
        return errmsg_set(why, ERR_INVALID, "a number is none");
    return ERR_OK;
}

enum err archive_consumer_read(struct slice json, struct arena *arena, struct archive_consumer *ret,
                               struct errmsg *why)
{
    AUTO_FREE(json_doc) doc = NULL;
    const struct json_limits limits = { .size_max = json.len, .depth_max = DEPTH_MAX };
    const struct json_table none = { .size = sizeof *ret };
    const struct json_request syntax = { &none, json, JSON_REQUEST_PLAIN }; /* says what is wrong */
    assert(arena != NULL);
    memset(ret, 0, sizeof *ret);
    if (json.len == 0 || json_doc_parse(json, &limits, &doc) != ERR_OK)
        return json_request_read(&syntax, arena, ret, why) == ERR_OK
                   ? errmsg_set(why, ERR_INVALID, "too deep")
                   : ERR_INVALID;
    return read_object(json_doc_root(doc), arena, ret, why);
}

/* ---- put right ---- */

static int by_sequence(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static_assert(offsetof(struct ack_entry, stream_seq) == 0, "sorted by it");
static_assert(offsetof(struct consumer_redelivered, stream_seq) == 0, "sorted by it");

static void sort(struct json_array *rows, size_t size)
{
    if (rows->count > 0) qsort(rows->items, rows->count, size, by_sequence);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* How often this one was delivered; the cursor goes up with the sequences that are asked for. */
static uint32_t deliveries_of(const struct consumer_state *s, uint32_t *at, uint64_t stream_seq)
{
    const struct consumer_redelivered *all = s->redelivered.items;
    while (*at < s->redelivered.count && all[*at].stream_seq < stream_seq) ++*at;
    if (*at == s->redelivered.count || all[*at].stream_seq != stream_seq) return 1;
    return (uint32_t)least(all[*at].count, UINT32_MAX - 1) + 1;
}

/* Consumer sequences ascend with those of the stream: one that does not gets the next one. */
static void add_pending(const struct consumer_state *s, struct acks *a)
{
    const struct ack_entry *rows = s->pending.items;
    struct acks_position before = a->floor;
    uint32_t at = 0;
    for (uint32_t i = 0; i < s->pending.count; i++) {
        struct ack_entry e = rows[i];
        if (e.stream_seq <= before.stream_seq || e.stream_seq > a->delivered.stream_seq) continue;
        if (e.consumer_seq <= before.consumer_seq) e.consumer_seq = before.consumer_seq + 1;
        if (e.consumer_seq >= SEQ_MAX - 1) break;
        e.deliveries = deliveries_of(s, &at, e.stream_seq);
        (void)ack_list_add(&a->pending, &e);
        a->again += e.deliveries > 1;
        before = (struct acks_position){ e.consumer_seq, e.stream_seq };
    }
    if (before.consumer_seq > a->delivered.consumer_seq)
        a->delivered.consumer_seq = before.consumer_seq;
}

static void add_spent(const struct consumer_state *s, struct acks *a)
{
    const struct consumer_redelivered *rows = s->redelivered.items;
    uint64_t before = 0;
    for (uint32_t i = 0; i < s->redelivered.count; i++) {
        uint64_t seq = rows[i].stream_seq;
        if (seq <= before || seq > a->delivered.stream_seq) continue;
        before = seq;
        if (acks_find(a, seq) != NULL) continue;
        const struct ack_entry e = {
            .stream_seq = seq,
            .deliveries = (uint32_t)least(rows[i].count, UINT32_MAX - 1) + 1,
        };
        (void)ack_list_add(&a->spent, &e);
    }
}

void consumer_state_acks(struct consumer_state *state, uint64_t last_seq, struct acks *ret)
{
    uint64_t last = least(last_seq, SEQ_MAX - 1);
    assert(ack_list_count(&ret->pending) == 0);
    assert(ack_list_count(&ret->spent) == 0);
    sort(&state->pending, sizeof(struct ack_entry));
    sort(&state->redelivered, sizeof(struct consumer_redelivered));
    ret->delivered.consumer_seq = least(state->delivered.consumer_seq, SEQ_MAX / 2);
    ret->delivered.stream_seq = least(state->delivered.stream_seq, last);
    ret->floor.consumer_seq = least(state->floor.consumer_seq, ret->delivered.consumer_seq);
    ret->floor.stream_seq = least(state->floor.stream_seq, ret->delivered.stream_seq);
    if (ret->policy == ACKS_NONE) {
        ret->floor = ret->delivered;
        return;
    }
    add_pending(state, ret);
    add_spent(state, ret);
    assert_slow((acks_check(ret), true));
}
