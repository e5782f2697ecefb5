/* SPDX-License-Identifier: Apache-2.0 */
/* What a leader puts into the log makes the same consumers on who follows it, and after a
 * restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream/command_consumer.h"
#include "stream/consumer_testing.h"

/* ---- sections of a checkpoint, kept by the test ---- */

struct checkpoint {
    struct buf bytes;                   /* kind, length, bytes of each; 4 bytes each number */
};

uint8_t *checkpoint_add(struct checkpoint *cp, uint64_t owner, uint32_t kind, uint32_t len)
{
    assert(owner == 1);
    buf_reserve(&cp->bytes, 8 + len);
    le_put_u32(cp->bytes.ptr + cp->bytes.len, kind);
    le_put_u32(cp->bytes.ptr + cp->bytes.len + 4, len);
    cp->bytes.len += 8 + len;
    return cp->bytes.ptr + cp->bytes.len - len;
}

static void load_all(const struct checkpoint *cp, struct consumers *set)
{
    for (uint32_t at = 0; at < cp->bytes.len;) {
        uint32_t kind = le_get_u32(cp->bytes.ptr + at);
        struct slice bytes = slice_of(cp->bytes.ptr + at + 8, le_get_u32(cp->bytes.ptr + at + 4));
        assert_int_equal(consumers_load(set, kind, bytes), ERR_OK);
        at += 8 + bytes.len;
    }
}

/* ---- a second stream with the same messages ---- */

static void replica_init(struct stage *g, struct stream *s)
{
    *s = g->stream;
    s->is_started = false;
    s->log = NULL;
    list_init(&s->waits);
    turn_init(&s->turn, stage_turn);
    s->consumers = consumers_new(s);
}

static void expect_equal(struct consumers *a, struct consumers *b)
{
    struct buf x = { .ptr = NULL }, y = { .ptr = NULL };
    assert_int_equal(a->names.count, b->names.count);
    for (uint32_t i = 0; i < a->names.count; i++) {
        struct consumer *p = consumers_at(a, i), *q = consumers_at(b, i);
        assert_string_equal(p->name, q->name);
        assert_int_equal(p->id, q->id);
        assert_true(consumer_config_equal(consumer_config(p), consumer_config(q)));
        x.len = y.len = 0;
        acks_encode(&p->acks, ACKS_FULL, &x);
        acks_encode(&q->acks, ACKS_FULL, &y);
        assert_true(slice_equal(buf_slice(&x), buf_slice(&y)));
    }
    buf_deinit(&x);
    buf_deinit(&y);
}

static struct stage *stage_in_files(void)
{
    struct stage *g = stage_new();
    stage_file(g);
    (void)world_say(g->world, g->client, "SUB in 1\r\nSUB r 2\r\n");
    return g;
}

static const char *ack_subject(uint64_t stream_seq, uint64_t consumer_seq)
{
    static char text[64];
    (void)snprintf(text, sizeof text, "$JS.ACK.S.C.1.%llu.%llu.0.0", (unsigned long long)stream_seq,
                   (unsigned long long)consumer_seq);
    return text;
}

static void an_ack_is_answered_when_it_is_durable(void **state)
{
    (void)state;
    struct stage *g = stage_in_files();
    struct consumer_config config = stage_pull_config();
    struct consumer *c = stage_consumer(g, "C", &config);
    (void)stage_store(g, "s.a", "1");
    (void)stage_pull(g, c, "in", "1");
    assert_string_equal(stage_ack(g, ack_subject(1, 1), "r", ""), "");
    assert_int_equal(acks_num_pending(&c->acks), 0);
    stage_durable(g);
    assert_int_equal(c->acks.floor.stream_seq, 1);
    stage_run(g);
    assert_string_equal(world_take(g->world, g->client), "MSG r 2 0\r\n\r\n");
    stage_free(g);
}

static void a_consumer_delivers_when_it_is_durable(void **state)
{
    (void)state;
    struct stage *g = stage_in_files();
    struct consumer_config config = stage_pull_config();
    struct consumer_start start = { 0, 0 };
    struct js_error why;
    (void)stage_store(g, "s.a", "1");
    struct consumer *c = consumer_create(g->stream.consumers, &config, SLICE_LIT("C"), &start,
                                         &why);
    stage_run(g);
    assert_string_equal(stage_pull(g, c, "in", "1"), "");
    stage_durable(g);
    stage_run(g);
    assert_true(c->is_begun);
    assert_int_equal(strncmp(stage_pull(g, c, "in", "1"), "MSG s.a 1 ", 10), 0);
    stage_free(g);
}

static void a_full_log_keeps_what_was_acked_for_later(void **state)
{
    (void)state;
    struct stage *g = stage_in_files();
    struct consumer_config config = stage_pull_config();
    struct js_error why;
    struct consumer *c = stage_consumer(g, "C", &config);
    (void)stage_store(g, "s.a", "1");
    g->log.is_full = true;
    (void)stage_pull(g, c, "in", "1");
    (void)stage_ack(g, ack_subject(1, 1), "", "");
    assert_int_equal(g->log.waiting.len, 0);
    assert_false(consumer_delete(c, &why));
    assert_int_equal(why.err_code, JS_ERR_CONSUMER_STORE_FAILED);
    g->log.is_full = false;
    stream_wake(&g->stream);
    stage_run(g);
    stage_durable(g);
    assert_int_equal(c->acks.floor.stream_seq, 1);
    stage_free(g);
}

static void a_full_log_answers_no_ack_before_it_took_it(void **state)
{
    (void)state;
    struct stage *g = stage_in_files();
    struct consumer_config config = stage_pull_config();
    (void)stage_store(g, "s.a", "1");
    struct consumer *c = stage_consumer(g, "C", &config);
    (void)stage_pull(g, c, "in", "1");
    stage_durable(g);
    g->log.is_full = true;
    assert_string_equal(stage_ack(g, ack_subject(1, 1), "r", ""), "");
    stream_wake(&g->stream);
    stage_run(g);
    assert_string_equal(world_take(g->world, g->client), "");
    g->log.is_full = false;
    stream_wake(&g->stream);
    stage_run(g);
    stage_durable(g);
    stage_run(g);
    assert_string_equal(world_take(g->world, g->client), "MSG r 2 0\r\n\r\n");
    stage_free(g);
}

static void what_may_leave_once_is_durable_before_it_leaves(void **state)
{
    (void)state;
    struct stage *g = stage_in_files();
    struct consumer_config config = stage_pull_config();
    config.max_deliver = 1;
    (void)stage_store(g, "s.a", "1");
    struct consumer *c = stage_consumer(g, "C", &config);
    assert_string_equal(stage_pull(g, c, "in", "{\"batch\":2,\"no_wait\":true}"), "");
    assert_true(g->log.waiting.len > 0);
    stage_durable(g);
    stage_run(g);
    const char *got = world_take(g->world, g->client);
    const char *message = strstr(got, "MSG s.a 1 $JS.ACK.S.C.1.1.1.");
    const char *end = strstr(got, "NATS/1.0 404 No Messages");
    assert_ptr_equal(message, got);
    assert_true(end > message);
    assert_int_equal(acks_num_pending(&c->acks), 1);
    stage_free(g);
}

static void a_push_that_may_happen_once_is_durable_before_it_leaves(void **state)
{
    (void)state;
    struct stage *g = stage_in_files();
    struct consumer_config config = stage_pull_config();
    config.max_deliver = 1;
    config.deliver_subject = "in";
    (void)stage_store(g, "s.a", "1");
    (void)stage_consumer(g, "C", &config);
    assert_string_equal(world_take(g->world, g->client), "");
    stage_durable(g);
    stage_run(g);
    assert_int_equal(strncmp(world_take(g->world, g->client), "MSG s.a 1 $JS.ACK.S.C.1.1.1.", 28),
                     0);
    stage_free(g);
}

static void a_volatile_one_is_in_the_log_only_when_it_comes_and_goes(void **state)
{
    (void)state;
    struct stage *g = stage_in_files();
    struct consumer_config config = stage_pull_config();
    struct js_error why;
    config.mem_storage = true;
    struct consumer *c = stage_consumer(g, "C", &config);
    (void)stage_store(g, "s.a", "1");
    (void)stage_pull(g, c, "in", "1");
    assert_string_equal(stage_ack(g, ack_subject(1, 1), "r", ""), "MSG r 2 0\r\n\r\n");
    assert_int_equal(g->log.waiting.len, 0);
    assert_true(consumer_delete(c, &why));
    assert_true(g->log.waiting.len > 0);
    stage_durable(g);
    assert_true(list_empty(&g->stream.consumers->all));
    stage_free(g);
}

/* Or a message of a work queue would come again though its ack was answered. */
/* The commands of all that waits for the log, which is progress. */
static uint32_t commands_that_wait(const struct stage *g)
{
    uint32_t count = 0;
    uint64_t id;
    for (uint32_t at = 0; at < g->log.waiting.len;) {
        const uint8_t *head = g->log.waiting.ptr + at;
        struct slice in = slice_of(head + 8, le_get_u32(head + 4)), commands;
        struct acks_command one;
        at += 8 + in.len;
        assert_int_equal(le_get_u32(head), COMMAND_PROGRESS);
        assert_int_equal(progress_open(&in), ERR_OK);
        while (progress_next(&in, &id, &commands) == ERR_OK)
            for (; commands.len > 0; count++)
                assert_int_equal(acks_command_take(&commands, &one), ERR_OK);
    }
    return count;
}

static void deliveries_that_nobody_acks_are_told_once_a_run(void **state)
{
    (void)state;
    struct stage *g = stage_in_files();
    struct consumer_config config = stage_pull_config();
    config.ack_policy = JS_ACK_NONE;
    struct consumer *c = stage_consumer(g, "C", &config);
    for (int i = 0; i < 3; i++) (void)stage_store(g, "s.a", "1");
    (void)stage_pull(g, c, "in", "3");
    assert_int_equal(commands_that_wait(g), 1);
    (void)stage_store(g, "s.a", "1");
    (void)stage_pull(g, c, "in", "1");
    assert_int_equal(commands_that_wait(g), 2);
    stage_durable(g);
    assert_int_equal(c->acks.delivered.consumer_seq, 4);
    assert_int_equal(c->acks.floor.stream_seq, 4);
    stage_free(g);
}

/* The retention may change while they are on their way. */
static void deliveries_for_which_messages_go_are_all_told(void **state)
{
    (void)state;
    struct stage *g = stage_in_files();
    struct consumer_config config = stage_pull_config();
    config.ack_policy = JS_ACK_NONE;
    struct consumer *c = stage_consumer(g, "C", &config);
    for (int i = 0; i < 4; i++) (void)stage_store(g, "s.a", "1");
    (void)stage_pull(g, c, "in", "2");
    g->stream.config.retention = JS_RETENTION_INTEREST;
    (void)stage_pull(g, c, "in", "2");
    assert_int_equal(commands_that_wait(g), 3);
    stage_durable(g);
    assert_string_equal(buf_str(&g->unneeded), "1-2\n3-3\n4-4\n");
    stage_free(g);
}

static void what_was_acked_in_the_tick_of_a_deletion_is_acked(void **state)
{
    (void)state;
    struct stage *g = stage_in_files();
    struct consumer_config config = stage_pull_config();
    struct ack_subject ack;
    struct js_error why;
    g->stream.config.retention = JS_RETENTION_WORKQUEUE;
    struct consumer *c = stage_consumer(g, "C", &config);
    (void)stage_store(g, "s.a", "1");
    (void)stage_pull(g, c, "in", "1");
    stage_durable(g);
    assert_true(ack_subject_parse(slice_str(ack_subject(1, 1)), &ack));
    assert_true(consumer_ack(&g->account, &ack, SLICE_LIT("r"), SLICE_LIT("")));
    assert_true(consumer_delete(c, &why));
    stage_run(g);
    stage_durable(g);
    assert_int_equal(g->unneeded.len, 4);
    assert_memory_equal(g->unneeded.ptr, "1-1\n", 4);
    stage_run(g);
    assert_string_equal(world_take(g->world, g->client), "MSG r 2 0\r\n\r\n");
    stage_free(g);
}

/* One random thing that may happen to a stream and its consumers. */
static void something(struct stage *g, struct rng *rng)
{
    static const char *const names[] = { "A", "B", "C", "D" };
    static const char *const bodies[] = { "", "+WPI", "-NAK", "+TERM x", "-NAK {\"delay\":1000}" };
    struct consumers *set = g->stream.consumers;
    struct msgs_state state;
    struct js_error why;
    struct consumer *c = set->names.count == 0
                             ? NULL
                             : consumers_at(set, rng_below(rng, set->names.count));
    msgs_state(g->stream.msgs, &state);
    uint32_t draw = rng_below(rng, 100);
    if (draw < 3) {
        const char *name = names[rng_below(rng, 4)];
        struct consumer_config config = stage_pull_config();
        config.durable_name = config.name = name;
        config.max_deliver = rng_below(rng, 2) == 0 ? -1 : 2;
        config.ack_policy = rng_below(rng, 3) == 0 ? JS_ACK_ALL : JS_ACK_EXPLICIT;
        config.filter_subject = rng_below(rng, 2) == 0 ? "s.a" : NULL;
        if (consumers_find(set, slice_str(name)) == NULL) (void)stage_consumer(g, name, &config);
    } else if (draw < 4 && c != NULL) {
        (void)consumer_delete(c, &why);
    } else if (draw < 30) {
        (void)stage_store(g, rng_below(rng, 2) == 0 ? "s.a" : "s.b", "x");
    } else if (draw < 34 && state.messages > 0) {
        uint64_t sequence = state.first_sequence +
                            rng_below(rng,
                                      (uint32_t)(state.last_sequence - state.first_sequence + 1));
        if (msgs_has(g->stream.msgs, sequence)) stage_remove(g, sequence);
    } else if (draw < 60 && c != NULL && c->is_begun) {
        char text[16];
        (void)snprintf(text, sizeof text, "%u", 1 + rng_below(rng, 5));
        (void)stage_pull(g, c, "in", text);
    } else if (draw < 85 && c != NULL && c->is_begun) {
        char subject[80];
        uint64_t sequence = 1 + rng_below(rng, (uint32_t)c->next);
        (void)snprintf(subject, sizeof subject, "$JS.ACK.S.%s.1.%llu.%llu.0.0", c->name,
                       (unsigned long long)sequence, (unsigned long long)c->delivered.consumer_seq);
        (void)stage_ack(g, subject, "", bodies[rng_below(rng, 5)]);
    } else if (draw < 88) {
        stage_pass(g, 31 * SECOND);
    } else if (draw < 89 && c != NULL && c->is_begun) {
        consumer_reset(c, 1 + rng_below(rng, 20));
    } else {
        stage_durable(g);
    }
    stage_run(g);
}

static void expect_counts(struct stage *g)
{
    for (uint32_t i = 0; i < g->stream.consumers->names.count; i++) {
        struct consumer *c = consumers_at(g->stream.consumers, i);
        struct msgs_wait wait = { .done = NULL };
        uint64_t count;
        if (!c->is_begun) continue;
        enum err e = msgs_count(g->stream.msgs, &c->setup.filter, c->next, false, &wait, &count);
        assert_int_equal(e, ERR_OK);
        assert_int_equal(consumer_pending(c), count);
    }
}

static void who_follows_the_log_has_the_same(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct stage *g = stage_in_files();
        struct stream replica;
        struct rng rng;
        rng_init(&rng, seed);
        replica_init(g, &replica);
        g->replica = &replica;
        for (int step = 0; step < 400; step++) {
            something(g, &rng);
            if (step % 20 != 19) continue;
            stage_durable(g);
            stage_run(g);
            stage_durable(g);
            expect_equal(g->stream.consumers, replica.consumers);
            expect_counts(g);
        }
        replica.consumers = consumers_free(replica.consumers);
        stage_free(g);
    }
}

/* Told from this file alone. */
static void expect_told(struct stage *g, const struct checkpoint *file)
{
    struct stream replica;
    replica_init(g, &replica);
    load_all(file, replica.consumers);
    expect_equal(g->stream.consumers, replica.consumers);
    replica.consumers = consumers_free(replica.consumers);
}

/* A list into the file, and into the one that a rewrite makes if it has begun, which then takes its
 * place. False: it was not written. */
static bool list_add_to(struct stage *g, struct rng *rng, struct checkpoint *told,
                        struct checkpoint *next)
{
    uint32_t before = told->bytes.len;
    consumers_checkpoint(g->stream.consumers, told, 1, false);
    bool fails = rng_below(rng, 4) == 0;
    if (!fails && next->bytes.len > 0) {
        struct slice list = slice_from(buf_slice(&told->bytes), before);
        buf_add(&next->bytes, list);
        buf_deinit(&told->bytes);
        *told = *next;
        *next = (struct checkpoint){ .bytes.ptr = NULL };
    }
    if (fails) told->bytes.len = before;
    consumers_checkpointed(g->stream.consumers, fails ? ERR_IO : ERR_OK);
    return !fails;
}

/* The slice that begins a rewrite, if none has begun. */
static void slice_add_to(struct stage *g, struct checkpoint *next)
{
    if (next->bytes.len > 0) return;
    stage_durable(g);
    consumers_checkpoint(g->stream.consumers, next, 1, true);
    if (next->bytes.len > 0) expect_told(g, next);
}

static void checkpoints_and_what_came_after_make_the_same(void **state)
{
    (void)state;
    for (uint64_t seed = 100; seed < 120; seed++) {
        struct stage *g = stage_in_files();
        struct checkpoint told = { .bytes.ptr = NULL }, next = { .bytes.ptr = NULL };
        struct rng rng;
        rng_init(&rng, seed);
        for (int step = 0; step < 400; step++) {
            something(g, &rng);
            if (step % 40 == 19 && rng_below(&rng, 2) == 0) slice_add_to(g, &next);
            if (step % 40 != 39) continue;
            stage_durable(g);
            if (list_add_to(g, &rng, &told, &next)) expect_told(g, &told);
        }
        buf_deinit(&told.bytes);
        buf_deinit(&next.bytes);
        stage_free(g);
    }
}

/* An update, or another one of the same name. */
static void change_one(struct stage *g, struct rng *rng)
{
    struct consumers *set = g->stream.consumers;
    struct consumer_config config = stage_pull_config();
    struct js_error why;
    if (set->names.count == 0) return;
    struct consumer *c = consumers_at(set, rng_below(rng, set->names.count));
    if (rng_below(rng, 4) > 0) {
        c->is_changed = true;
        consumer_mark_changed(c);
        return;
    }
    const char name[] = { c->name[0], '\0' };
    config.durable_name = config.name = name;
    assert_true(consumer_delete(c, &why));
    stage_durable(g);
    (void)stage_consumer(g, name, &config);
    stage_durable(g);
}

/* What a slice tells stands in the new files, or they begin anew. */
static void slice_or_none(struct stage *g, struct checkpoint *new, bool *is_shown)
{
    if (*is_shown) new->bytes.len = 0;
    *is_shown = !*is_shown;
    if (*is_shown) consumers_checkpoint(g->stream.consumers, new, 1, true);
}

/* A rewrite: lists go to the new files too, before the slice that shows the consumers and behind
 * it, and messages come and go in between. */
static void a_slice_between_two_lists_makes_the_same(void **state)
{
    (void)state;
    for (uint64_t seed = 200; seed < 220; seed++) {
        struct stage *g = stage_in_files();
        struct checkpoint old = { .bytes.ptr = NULL }, new = { .bytes.ptr = NULL };
        struct rng rng;
        bool is_shown = false;
        rng_init(&rng, seed);
        for (int step = 0; step < 600; step++) {
            something(g, &rng);
            if (step % 10 != 9) continue;
            stage_durable(g);
            if (rng_below(&rng, 6) == 0) change_one(g, &rng);
            if (rng_below(&rng, 3) == 0) {
                slice_or_none(g, &new, &is_shown);
                continue;
            }
            uint32_t before = old.bytes.len;
            consumers_checkpoint(g->stream.consumers, &old, 1, false);
            consumers_checkpointed(g->stream.consumers, ERR_OK);
            buf_add(&new.bytes, slice_from(buf_slice(&old.bytes), before));
            expect_told(g, &old);
            if (is_shown) expect_told(g, &new);
        }
        buf_deinit(&old.bytes);
        buf_deinit(&new.bytes);
        stage_free(g);
    }
}

/* Delivered after the last list, told as pending by a slice of a rewrite, acked before the next
 * list: in the rewritten file nothing stands between these two. */
static void an_ack_between_a_slice_and_the_next_list_is_kept(void **state)
{
    (void)state;
    struct stage *g = stage_in_files();
    struct checkpoint before = { .bytes.ptr = NULL }, file = { .bytes.ptr = NULL };
    struct stream replica;
    struct consumer_config config = stage_pull_config();
    struct consumer *c = stage_consumer(g, "C", &config);
    (void)stage_store(g, "s.a", "1");
    (void)stage_store(g, "s.a", "2");
    (void)stage_store(g, "s.a", "3");
    (void)stage_pull(g, c, "in", "1");
    stage_durable(g);
    consumers_checkpoint(g->stream.consumers, &before, 1, false);
    consumers_checkpointed(g->stream.consumers, ERR_OK);
    (void)stage_pull(g, c, "in", "2");
    stage_durable(g);
    consumers_checkpoint(g->stream.consumers, &file, 1, true);
    (void)stage_ack(g, ack_subject(2, 2), "", "");
    stage_durable(g);
    assert_null(acks_find(&c->acks, 2));
    assert_int_equal(acks_num_pending(&c->acks), 2);
    consumers_checkpoint(g->stream.consumers, &file, 1, false);
    consumers_checkpointed(g->stream.consumers, ERR_OK);
    replica_init(g, &replica);
    load_all(&file, replica.consumers);
    expect_equal(g->stream.consumers, replica.consumers);
    replica.consumers = consumers_free(replica.consumers);
    buf_deinit(&before.bytes);
    buf_deinit(&file.bytes);
    stage_free(g);
}

static void after_a_restart_what_waits_for_acks_is_due_as_before(void **state)
{
    (void)state;
    struct stage *g = stage_in_files();
    struct stream again;
    struct consumer_config config = stage_pull_config();
    replica_init(g, &again);
    g->replica = &again;
    struct consumer *c = stage_consumer(g, "C", &config);
    (void)stage_store(g, "s.a", "1");
    (void)stage_pull(g, c, "in", "1");
    stage_durable(g);
    stage_run(g);
    g->replica = NULL;
    struct consumers *old = g->stream.consumers;
    g->stream.consumers = again.consumers;
    again.consumers->stream = &g->stream;
    again.consumers = consumers_free(old);
    stage_pass(g, 20 * SECOND);
    consumers_start(g->stream.consumers);
    c = consumers_find(g->stream.consumers, SLICE_LIT("C"));
    assert_string_equal(stage_pull(g, c, "in", "1"), "");
    stage_pass(g, 9 * SECOND);
    assert_string_equal(world_take(g->world, g->client), "");
    stage_pass(g, 2 * SECOND);
    assert_int_equal(strncmp(world_take(g->world, g->client), "MSG s.a 1 $JS.ACK.S.C.2.1.2.", 28),
                     0);
    stage_free(g);
}

static void bytes_that_no_checkpoint_has_are_refused(void **state)
{
    (void)state;
    struct stage *g = stage_in_files();
    struct consumers *set = g->stream.consumers;
    assert_int_equal(consumers_load(set, CONSUMER_SECTION_MADE, SLICE_LIT("x")), ERR_CORRUPT);
    assert_int_equal(consumers_load(set, CONSUMER_SECTION_ACKS, SLICE_LIT("12345678")),
                     ERR_CORRUPT);
    assert_int_equal(consumers_load(set, CONSUMER_SECTION_ACKS, SLICE_LIT("\0\0\0\0\0\0\0\0x")),
                     ERR_CORRUPT);
    struct consumer_config config = stage_pull_config();
    uint8_t bad[] = "12345678x";
    le_put_u64(bad, stage_consumer(g, "C", &config)->id);
    assert_int_equal(consumers_load(set, CONSUMER_SECTION_ACKS, slice_of(bad, 9)), ERR_CORRUPT);
    assert_int_equal(consumers_load(set, CONSUMER_SECTION_GONE, SLICE_LIT("x")), ERR_CORRUPT);
    assert_int_equal(consumers_load(set, 1, SLICE_LIT("x")), ERR_CORRUPT);
    stage_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ack_is_answered_when_it_is_durable),
        cmocka_unit_test(a_consumer_delivers_when_it_is_durable),
        cmocka_unit_test(a_full_log_keeps_what_was_acked_for_later),
        cmocka_unit_test(a_full_log_answers_no_ack_before_it_took_it),
        cmocka_unit_test(what_may_leave_once_is_durable_before_it_leaves),
        cmocka_unit_test(a_push_that_may_happen_once_is_durable_before_it_leaves),
        cmocka_unit_test(a_volatile_one_is_in_the_log_only_when_it_comes_and_goes),
        cmocka_unit_test(deliveries_that_nobody_acks_are_told_once_a_run),
        cmocka_unit_test(deliveries_for_which_messages_go_are_all_told),
        cmocka_unit_test(what_was_acked_in_the_tick_of_a_deletion_is_acked),
        cmocka_unit_test(who_follows_the_log_has_the_same),
        cmocka_unit_test(checkpoints_and_what_came_after_make_the_same),
        cmocka_unit_test(a_slice_between_two_lists_makes_the_same),
        cmocka_unit_test(an_ack_between_a_slice_and_the_next_list_is_kept),
        cmocka_unit_test(after_a_restart_what_waits_for_acks_is_due_as_before),
        cmocka_unit_test(bytes_that_no_checkpoint_has_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
