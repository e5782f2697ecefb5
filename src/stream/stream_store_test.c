/* SPDX-License-Identifier: Apache-2.0 */
/* File streams on a store on a disk of memory: what was acked is there after any end of the
 * process. */
#include "base/le.h"
#include "store/checkpoint_older_testing.h"
#include "stream/expiry.h"
#include "stream/schedules.h"
#include "stream/stream_store_testing.h"

static void an_ack_waits_for_the_disk(void **state)
{
    (void)state;
    struct file_world *f = file_world_new(1);
    struct stream *s = make(f, "");
    assert_string_equal(streams_publish(f->w, "a.b", NULL, "x"), "");
    assert_string_equal(streams_publish(f->w, "a.b", "Nats-Expected-Stream: T\r\n", "x"), "");
    assert_int_equal(streams_state(s).messages, 0);
    settle(f);
    const char *out = world_take(f->w->world, f->w->client);
    const char *first = strstr(out, "{\"stream\":\"S\",\"seq\":1}");
    assert_non_null(first);
    assert_non_null(strstr(first, "10060"));
    assert_int_equal(streams_state(s).messages, 1);
    file_world_free(f);
}

/* With persist_mode async they are told at once, of what stands nowhere yet. */
static void who_asks_for_it_is_acked_before_the_disk(void **state)
{
    (void)state;
    struct file_world *f = file_world_new(1);
    struct stream *s = make(f, ",\"persist_mode\":\"async\"");
    assert_string_equal(streams_publish(f->w, "a.b", NULL, "x"), "{\"stream\":\"S\",\"seq\":1}");
    assert_string_equal(streams_publish(f->w, "a.b", "Nats-Msg-Id: x\r\n", "x"),
                        "{\"stream\":\"S\",\"seq\":2}");
    assert_int_equal(streams_state(s).messages, 0);
    settle(f);
    assert_string_equal(world_take(f->w->world, f->w->client), "");
    assert_int_equal(streams_state(s).messages, 2);
    assert_string_equal(publish(f, "a.b", "Nats-Msg-Id: x\r\n", "x"),
                        "{\"stream\":\"S\",\"seq\":2,\"duplicate\": true}");
    crash(f, true);
    assert_int_equal(streams_state(the_stream(f)).messages, 2);
    assert_true(the_stream(f)->is_async);
    assert_string_equal(streams_publish(f->w, "a.b", NULL, "x"), "{\"stream\":\"S\",\"seq\":3}");
    settle(f);
    file_world_free(f);
}

static void what_was_acked_is_there_after_any_end(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        for (uint64_t seed = 1; seed <= 5; seed++) {
            struct file_world *f = file_world_new(seed);
            struct stream *s = make(f, ",\"max_msgs_per_subject\":3,\"allow_msg_ttl\":true");
            for (uint32_t i = 0; i < 30; i++) {
                char subject[16], header[64];
                snprintf(subject, sizeof subject, "a.%u", i % 4);
                snprintf(header, sizeof header, "Nats-Msg-Id: id%u\r\nNats-TTL: %us\r\n", i,
                         1000 + i);
                assert_non_null(strstr(publish(f, subject, header, "0123456789"), "seq"));
            }
            struct msgs_state before = streams_state(s), after;
            if (how == 0) stop(f);
            else crash(f, how == 1);
            s = the_stream(f);
            after = streams_state(s);
            assert_memory_equal(&before, &after, sizeof before);
            stream_check(s);
            assert_int_equal(f->w->account.store_used, after.bytes);
            assert_int_equal(dedupe_count(s->dedupe), 30);
            assert_int_equal(s->config.max_msgs_per_subject, 3);
            assert_string_equal(publish(f, "a.x", "Nats-Msg-Id: id7\r\n", "x"),
                                "{\"stream\":\"S\",\"seq\":8,\"duplicate\": true}");
            assert_string_equal(publish(f, "a.x", "Nats-Expected-Last-Msg-Id: id29\r\n", "x"),
                                "{\"stream\":\"S\",\"seq\":31}");
            streams_wait(f->w, 1000 * SECOND + 29500 * MILLISECOND);
            settle(f);
            assert_int_equal(streams_state(s).messages, 1);
            file_world_free(f);
        }
    }
}

static void a_deleted_stream_does_not_come_back(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct file_world *f = file_world_new((uint64_t)how + 1);
        struct js_error error;
        struct stream *s = make(f, "");
        for (uint32_t i = 0; i < 5; i++) (void)publish(f, "a.b", NULL, "x");
        assert_true(stream_delete(s, &error));
        settle(f);
        assert_int_equal(f->w->account.streams_count, 0);
        assert_int_equal(f->w->account.store_used, 0);
        if (how == 0) stop(f);
        else if (how == 1) crash(f, true);
        settle(f);
        assert_int_equal(f->w->account.streams_count, 0);
        make(f, "");
        assert_string_equal(publish(f, "a.b", NULL, "x"), "{\"stream\":\"S\",\"seq\":1}");
        if (how == 0) stop(f);
        else crash(f, true);
        assert_int_equal(streams_state(the_stream(f)).messages, 1);
        file_world_free(f);
    }
}

static void an_update_and_removals_are_remembered(void **state)
{
    (void)state;
    struct file_world *f = file_world_new(7);
    struct stream *s = make(f, "");
    for (uint32_t i = 0; i < 9; i++) (void)publish(f, "a.b", NULL, "x");
    const struct stream_purge purge = { .below = 4 };
    AUTO_FREE(arena) arena = arena_new();
    struct stream_config c;
    struct js_error error;
    stream_config_copy(&s->config, arena, &c);
    c.max_msgs = 5;
    c.description = "changed";
    stream_purge(s, &purge, streams_ignore_purged, NULL);
    assert_true(stream_remove(s, 5, false, streams_ignore, NULL));
    settle(f);
    assert_true(stream_update(s, &c, &error));
    settle(f);
    for (int i = 0; i < 3; i++) {
        struct msgs_state before = streams_state(the_stream(f)), after;
        assert_int_equal(before.messages, 5);
        if (i == 1) stop(f);
        else crash(f, true);
        s = the_stream(f);
        after = streams_state(s);
        assert_memory_equal(&before, &after, sizeof before);
        assert_string_equal(s->config.description, "changed");
        assert_false(msgs_has(s->msgs, 5));
    }
    file_world_free(f);
}

/* ---- erase ---- */

struct grep {
    struct file_world *f;
    const char *text;
    char        found[64]; /* in which file */
};

static void grep_file(void *ctx, const char *name, uint64_t size)
{
    struct grep *g = ctx;
    uint64_t len = strlen(g->text);
    const uint8_t *bytes = disk_memory_bytes(g->f->disk, name, &size);
    for (uint64_t at = 0; bytes != NULL && at + len <= size; at++)
        if (memcmp(bytes + at, g->text, len) == 0) snprintf(g->found, sizeof g->found, "%s", name);
}

/* The last file that holds the text; empty: none does. */
static const char *file_with(struct file_world *f, const char *text)
{
    static char found[64];
    struct grep g = { .f = f, .text = text };
    disk_memory_each(f->disk, &g, grep_file);
    memcpy(found, g.found, sizeof found);
    return found;
}

/* Nothing of it can be made shorter. */
static const char *secret(uint32_t i)
{
    static char text[400];
    struct rng rng;
    rng_init(&rng, i + 1);
    for (uint32_t k = 0; k + 1 < sizeof text; k++) text[k] = (char)('!' + rng_below(&rng, 90));
    return text;
}

struct answer {
    uint32_t count;
    enum err e;
};

static void answered(void *ctx, enum err e)
{
    struct answer *a = ctx;
    a->count++;
    a->e = e;
}

/* Longer than a checkpoint takes to become due. */
static void wait_for_list(struct file_world *f)
{
    streams_wait(f->w, 150 * SECOND);
    settle(f);
}

static void remove_and_look(struct file_world *f, uint64_t sequence)
{
    struct answer a = { 0 };
    assert_true(stream_remove(the_stream(f), sequence, false, answered, &a));
    settle(f);
    for (uint32_t i = 0; i < 1000 && a.count == 0; i++) settle(f);
    assert_int_equal(a.count, 1);
    assert_int_equal(a.e, ERR_OK);
    char text[40];
    snprintf(text, sizeof text, "%.30s", secret((uint32_t)sequence));
    assert_string_equal(file_with(f, text), "");
}

/* ---- schedules ---- */

#define SCHEDULES ",\"allow_msg_schedules\":true,\"allow_rollup_hdrs\":true"
enum { ENDS = 3 };

static void end_as(struct file_world *f, int how)
{
    if (how == 0) stop(f);
    else crash(f, how == 1);
}

static uint64_t count_on(struct file_world *f, const char *subject)
{
    struct msgs_subject found;
    return msgs_subject(the_stream(f)->msgs, slice_str(subject), &found) ? found.count : 0;
}

static void plan(struct file_world *f, const char *subject, const char *when, const char *target)
{
    char header[160];
    (void)snprintf(header, sizeof header, "Nats-Schedule: %s\r\nNats-Schedule-Target: %s\r\n", when,
                   target);
    assert_non_null(strstr(publish(f, subject, header, "x"), "\"seq\":"));
}

/* The world begins at 22:13:20. `has_list`: a checkpoint tells of them, or the journal alone. */
static void schedules_outlive(int how, bool has_list)
{
    struct file_world *f = file_world_new((uint64_t)how + 1);
    make(f, SCHEDULES);
    plan(f, "a.gone", "@at 2023-11-14T22:13:22Z", "a.early");
    plan(f, "a.once", "@at 2023-11-14T22:18:20Z", "a.late");
    plan(f, "a.again", "@every 10s", "a.tick");
    run_for(f, 25);
    if (has_list) wait_for_list(f);
    uint64_t ticks = count_on(f, "a.tick");
    assert_true(ticks >= 2);
    end_as(f, how);
    assert_int_equal(schedules_count(the_stream(f)->schedules), 2);
    run_for(f, 35);
    assert_int_equal(count_on(f, "a.tick"), ticks + 3);
    assert_int_equal(count_on(f, "a.early"), 1);
    assert_int_equal(count_on(f, "a.late"), 0);
    run_for(f, 300);
    assert_int_equal(count_on(f, "a.late"), 1);
    end_as(f, how);
    run_for(f, 30);
    assert_int_equal(count_on(f, "a.early") + count_on(f, "a.late"), 2);
    assert_int_equal(count_on(f, "a.gone") + count_on(f, "a.once"), 0);
    assert_int_equal(schedules_count(the_stream(f)->schedules), 1);
    file_world_free(f);
}

static void schedules_go_on_after_any_end(void **state)
{
    (void)state;
    for (int how = 0; how < ENDS; how++) {
        schedules_outlive(how, false);
        schedules_outlive(how, true);
    }
}

/* What would have repeated meanwhile comes once. */
static void what_was_due_while_nobody_ran_comes_once(void **state)
{
    (void)state;
    for (int how = 1; how < ENDS; how++) {
        struct file_world *f = file_world_new((uint64_t)how);
        make(f, SCHEDULES);
        plan(f, "a.once", "@at 2023-11-14T22:14:00Z", "a.late");
        plan(f, "a.again", "@every 10s", "a.tick");
        run_for(f, 12);
        uint64_t ticks = count_on(f, "a.tick");
        assert_int_equal(count_on(f, "a.late"), 0);
        f->w->world->fake->now += HOUR;
        f->w->world->fake->wall += HOUR;
        end_as(f, how);
        assert_int_equal(count_on(f, "a.late"), 0);
        run_for(f, 3);
        assert_int_equal(count_on(f, "a.late"), 1);
        assert_int_equal(count_on(f, "a.tick"), ticks + 1);
        run_for(f, 10);
        assert_int_equal(count_on(f, "a.tick"), ticks + 2);
        assert_int_equal(count_on(f, "a.once"), 0);
        file_world_free(f);
    }
}

/* ---- damage ---- */

struct lost {
    uint64_t first, last;
    uint32_t ranges;
};

static bool note_lost(void *ctx, uint64_t first, uint64_t last)
{
    struct lost *l = ctx;
    if (l->ranges++ == 0) l->first = first;
    l->last = last;
    return true;
}

static void flip(struct file_world *f, uint64_t sequence)
{
    char text[40], name[64];
    uint64_t size = 0, at = 0;
    snprintf(text, sizeof text, "%.30s", secret((uint32_t)sequence));
    snprintf(name, sizeof name, "%s", file_with(f, text));
    const uint8_t *bytes = disk_memory_bytes(f->disk, name, &size);
    assert_non_null(bytes);
    while (memcmp(bytes + at, text, strlen(text)) != 0) at++;
    disk_memory_flip(f->disk, name, at, 3);
    disk_memory_flip(f->disk, name, at + 1, 3); /* one alone would be mended */
}

static void what_the_journal_has_lost_is_listed_for_ever(void **state)
{
    (void)state;
    struct file_world *f = file_world_new(3);
    make(f, "");
    for (uint32_t i = 1; i <= 8; i++) (void)publish(f, "a.b", NULL, secret(i));
    flip(f, 3);
    flip(f, 4);
    flip(f, 6);
    for (int how = 0; how < 3; how++) {
        if (how == 1) stop(f);
        else crash(f, how == 0);
        struct lost l = { 0 };
        assert_int_equal(msgs_lost(the_stream(f)->msgs, note_lost, &l), 3);
        assert_int_equal(l.first, 3);
        assert_int_equal(l.last, 6);
        assert_int_equal(streams_state(the_stream(f)).messages, 5);
        assert_int_equal(streams_state(the_stream(f)).last_sequence, 8);
        assert_false(msgs_has(the_stream(f)->msgs, 4));
        stream_check(the_stream(f));
    }
    file_world_free(f);
}

/* Two wrong bits in the head of a batch: nobody knows whose it was. */
static void what_a_lost_head_held_the_next_message_tells(void **state)
{
    (void)state;
    struct file_world *f = file_world_new(3);
    char text[40], name[64];
    uint64_t size = 0, at = 0;
    make(f, "");
    for (uint32_t i = 1; i <= 6; i++) (void)publish(f, "a.b", NULL, secret(i));
    snprintf(text, sizeof text, "%.30s", secret(4));
    snprintf(name, sizeof name, "%s", file_with(f, text));
    const uint8_t *bytes = disk_memory_bytes(f->disk, name, &size);
    while (memcmp(bytes + at, text, strlen(text)) != 0) at++;
    disk_memory_flip(f->disk, name, at / 512 * 512 + 60, 1);
    disk_memory_flip(f->disk, name, at / 512 * 512 + 60, 2);
    for (int how = 0; how < 2; how++) {
        struct lost l = { 0 };
        crash(f, how == 0);
        assert_int_equal(msgs_lost(the_stream(f)->msgs, note_lost, &l), 1);
        assert_int_equal(l.first, 4);
        assert_int_equal(streams_state(the_stream(f)).last_sequence, 6);
        stream_check(the_stream(f));
    }
    file_world_free(f);
}

/* Nobody can look for it there; but nobody waits for ever either. */
static void what_is_sealed_is_erased_too(void **state)
{
    (void)state;
    struct file_world *f = closed_world_new(1);
    f->options.cipher = STORE_CHACHA;
    f->options.key = SLICE_LIT("a key");
    open_store(f);
    make(f, "");
    for (uint32_t i = 1; i <= 100; i++) {
        (void)publish(f, "a.b", NULL, secret(i));
        if (i % 40 == 0) wait_for_list(f);
    }
    for (uint64_t i = 3; i <= 100; i += 7) remove_and_look(f, i);
    crash(f, true);
    assert_int_equal(streams_state(the_stream(f)).messages, 86);
    stream_check(the_stream(f));
    file_world_free(f);
}

static void what_is_erased_stands_in_no_file_when_that_is_said(void **state)
{
    (void)state;
    for (uint32_t kind = 0; kind < 12; kind++) {
        struct file_world *f = file_world_new(kind + 1);
        char text[40];
        make(f, kind % 2 == 0 ? "" : ",\"compression\":\"s2\"");
        for (uint32_t i = 1; i <= 200; i++) {
            (void)publish(f, i % 3 == 0 ? "a.b" : "a.c", NULL, secret(i));
            if (i % 20 == 0 && kind >= 2) wait_for_list(f);
            if (i == 100 && kind / 2 == 3) stop(f);
            if (i == 100 && kind / 2 == 4) crash(f, true);
        }
        if (kind / 2 == 5) crash(f, false);
        snprintf(text, sizeof text, "%.30s", secret(3));
        assert_string_not_equal(file_with(f, text), "");
        for (uint64_t i = 3; i <= 200; i += 7) remove_and_look(f, i);
        for (uint32_t i = 0; i < 2; i++) {
            struct msgs_state before = streams_state(the_stream(f)), after;
            if (i == 0) crash(f, true);
            else stop(f);
            after = streams_state(the_stream(f));
            assert_memory_equal(&before, &after, sizeof before);
            stream_check(the_stream(f));
        }
        file_world_free(f);
    }
}

/* Some messages of one that is being restored, applied. */
static struct stream *begin_restore(struct file_world *f, enum js_retention retention)
{
    struct stream_config c = streams_config_default();
    const char *subjects[] = { "r" };
    struct js_error error;
    c.name = "R";
    c.storage = JS_STORAGE_FILE;
    c.subjects = (struct json_array){ subjects, 1 };
    c.retention = retention;
    struct stream *s = stream_restore_new(&f->w->account, &c, &error);
    assert_non_null(s);
    for (uint64_t i = 5; i < 9; i++) {
        const struct stored m = { i, (nanos)i, SLICE_LIT("r"), { 0 }, SLICE_LIT("payload") };
        assert_true(i > 5 || stream_restore_first(s, i, &error));
        assert_true(stream_restore_message(s, &m, &error));
    }
    settle(f);
    assert_true(stream_restore_is_settled(s));
    return s;
}

/* ---- what a work queue has acked ---- */

static const char *told_as_acked(struct stream *s, char text[100])
{
    struct buf rows = { 0 };
    uint32_t len = 0;
    stream_acked_write(s, &rows);
    text[0] = '\0';
    for (uint32_t at = 0; at < rows.len; at += SECTION_ACKED_SIZE)
        len += (uint32_t)snprintf(text + len, 100 - len, "%llu-%llu ",
                                  (unsigned long long)le_get_u64(rows.ptr + at),
                                  (unsigned long long)le_get_u64(rows.ptr + at + 8));
    buf_deinit(&rows);
    return text;
}

/* Behind an ack that a checkpoint holds stands a removal that the journal may lose. */
static void what_is_acked_is_told_until_it_is_gone(void **state)
{
    (void)state;
    char text[100];
    struct file_world *f = file_world_new(1);
    struct stream *s = make(f, ",\"retention\":\"workqueue\"");
    for (uint32_t i = 0; i < 9; i++) (void)publish(f, "a.b", NULL, "x");
    stream_unneeded(s, 2, 3);
    assert_string_equal(told_as_acked(s, text), "2-3 ");
    stream_unneeded_propose(s);
    assert_int_equal(s->unneeded.len, 0);
    assert_int_equal(streams_state(s).messages, 9);
    stream_unneeded(s, 7, 7);
    assert_string_equal(told_as_acked(s, text), "2-3 7-7 ");
    settle(f);
    assert_int_equal(streams_state(s).messages, 6);
    assert_string_equal(told_as_acked(s, text), "");
    file_world_free(f);
}

static void what_was_told_as_acked_goes_at_a_start_and_nothing_else(void **state)
{
    (void)state;
    static const uint64_t rows[] = { 2, 3, 5, 5, 8, 20 }, bad[][2] = { { 0, 1 }, { 3, 2 } };
    struct file_world *f = file_world_new(1);
    struct stream *s = make(f, ",\"retention\":\"workqueue\"");
    uint8_t bytes[sizeof rows];
    for (uint32_t i = 0; i < 9; i++) (void)publish(f, "a.b", NULL, "x");
    for (uint32_t i = 0; i < ARRAY_COUNT(rows); i++) le_put_u64(bytes + i * sizeof *rows, rows[i]);
    s->is_started = false;
    for (uint32_t i = 0; i < ARRAY_COUNT(bad); i++) {
        uint8_t row[SECTION_ACKED_SIZE];
        le_put_u64(row, bad[i][0]);
        le_put_u64(row + 8, bad[i][1]);
        assert_int_equal(stream_acked_load(s, slice_of(row, sizeof row)), ERR_CORRUPT);
    }
    assert_int_equal(stream_acked_load(s, slice_of(bytes, 15)), ERR_CORRUPT);
    assert_int_equal(stream_acked_load(s, slice_of(bytes, sizeof bytes)), ERR_OK);
    s->is_started = true;
    stream_wake(s);
    settle(f);
    assert_int_equal(streams_state(s).messages, 4);
    assert_false(msgs_has(s->msgs, 5));
    assert_true(msgs_has(s->msgs, 4));
    crash(f, true);
    s = the_stream(f);
    settle(f);
    assert_int_equal(streams_state(s).messages, 4);
    file_world_free(f);
}

/* It said nothing of what was acked and not yet gone. */
static void what_an_older_list_does_not_tell_is_found_by_the_consumers(void **state)
{
    (void)state;
    struct file_world *f = file_world_new(1);
    (void)make(f, ",\"retention\":\"workqueue\"");
    for (uint32_t i = 0; i < 9; i++) (void)publish(f, "a.b", NULL, "x");
    for (uint32_t i = 0; i < 3; i++) {
        uint64_t store = store_id(f->w->js.store);
        store_stop(f->w->js.store);
        for (uint32_t k = 0; k < 10000 && !store_is_idle(f->w->js.store); k++) settle(f);
        leave(f);
        if (i == 1) assert_true(older_make(f->disk, store, STREAM_SECTION_ACKED) > 0);
        /* nobody wants them; they are known to be acked up to 4; … and were given up to 7 */
        consumers_at_first = (struct consumers){ .wants = i == 2, .needs_from = 5, .reach = 7 };
        open_store(f);
        settle(f);
        assert_int_equal(streams_state(the_stream(f)).messages, i == 2 ? 5 : 9);
        assert_int_equal(the_stream(f)->is_acked_told, i == 0);
    }
    assert_false(msgs_has(the_stream(f)->msgs, 4));
    assert_true(msgs_has(the_stream(f)->msgs, 5));
    consumers_at_first = (struct consumers){ .wants = false };
    file_world_free(f);
}

/* A consumer that had got nothing went, or wants less: the removals that this led to are lost. */
static void what_a_replay_lets_go_is_looked_at_by_the_start(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 2; round++) {
        consumers_at_first = (struct consumers){ .wants = true };
        struct file_world *f = file_world_new(round + 1);
        struct stream *s = make(f, ",\"retention\":\"interest\"");
        for (uint32_t i = 0; i < 9; i++) (void)publish(f, "a.b", NULL, "x");
        uint8_t *body = stream_log_propose(s->log, COMMAND_CONSUMER, 0, 4, JOURNAL_USE_STORE);
        assert_non_null(body);
        memset(body, 0, 4);
        settle(f);
        assert_int_equal(s->consumers->applied, 1);
        consumers_at_first = (struct consumers){ .wants = true, .needs_from = 4, .lets_go = 5 };
        crash(f, round == 0);
        settle(f);
        s = the_stream(f);
        assert_int_equal(streams_state(s).messages, 6);
        assert_int_equal(streams_state(s).first_sequence, 4);
        consumers_at_first = (struct consumers){ .wants = false };
        file_world_free(f);
    }
}

static void a_restore_is_all_or_nothing(void **state)
{
    (void)state;
    struct js_error error;
    for (uint32_t round = 0; round < 6; round++) {
        struct file_world *f = file_world_new(round + 1);
        bool is_finished = round % 2 == 1;
        make(f, "");
        struct stream *s = begin_restore(f, JS_RETENTION_LIMITS);
        assert_int_equal(f->w->account.streams_count, 1);
        assert_true(f->w->account.store_used > 0);
        if (is_finished) {
            assert_true(stream_restore_finish(s, &error));
            settle(f);
            assert_true(s->is_created);
        }
        if (round < 2) stop(f);
        else crash(f, round < 4);
        assert_null(f->w->js.hidden);
        assert_int_equal(f->w->account.streams_count, is_finished ? 2 : 1);
        s = js_account_stream(&f->w->account, SLICE_LIT("R"));
        assert_true((s != NULL) == is_finished);
        assert_true((f->w->account.store_used > 0) == is_finished);
        if (s != NULL) assert_int_equal(streams_state(s).messages, 4);
        if (s != NULL) assert_int_equal(streams_state(s).first_sequence, 5);
        file_world_free(f);
    }
}

/* The removals that the end of a restore leads to may be lost with the process. */
static void what_a_restored_queue_has_acked_goes_after_any_end(void **state)
{
    (void)state;
    struct js_error error;
    for (uint32_t round = 0; round < 3; round++) {
        struct file_world *f = file_world_new(round + 1);
        make(f, "");
        struct stream *s = begin_restore(f, JS_RETENTION_WORKQUEUE);
        assert_true(stream_restore_finish(s, &error));
        settle(f);
        assert_int_equal(streams_state(s).messages, 4); /* nobody wants them here, nobody acked */
        consumers_at_first = (struct consumers){ .wants = true, .needs_from = 7, .reach = 6 };
        crash(f, round == 1);
        if (round == 2) crash(f, false);
        settle(f);
        s = js_account_stream(&f->w->account, SLICE_LIT("R"));
        assert_non_null(s);
        assert_int_equal(streams_state(s).messages, 2);
        assert_true(msgs_has(s->msgs, 7));
        consumers_at_first = (struct consumers){ .wants = false };
        file_world_free(f);
    }
}

static void one_that_was_given_up_is_gone_from_the_disk(void **state)
{
    (void)state;
    struct file_world *f = file_world_new(3);
    make(f, "");
    struct stream *s = begin_restore(f, JS_RETENTION_LIMITS);
    stream_restore_drop(s);
    assert_null(f->w->js.hidden);
    assert_int_equal(f->w->account.store_used, 0);
    stop(f);
    assert_int_equal(f->w->account.streams_count, 1);
    assert_null(f->w->js.hidden);
    file_world_free(f);
}

/* Its blocks cannot be written: what stands in the journal is acked, nothing new is taken. */
static void a_failed_stream_refuses_and_others_go_on(void **state)
{
    (void)state;
    struct file_world *f = file_world_new(3);
    struct stream *s = make(f, "");
    (void)streams_make(f->w, "{\"name\":\"M\",\"subjects\":[\"m\"]}");
    assert_string_equal(streams_publish(f->w, "a.b", NULL, "x"), "");
    stream_fail(s, ERR_IO);
    settle(f);
    assert_non_null(strstr(world_take(f->w->world, f->w->client), "{\"stream\":\"S\",\"seq\":1}"));
    assert_string_equal(publish(f, "a.b", NULL, "y"),
                        "{\"error\":{\"code\":503,\"err_code\":10077,\"description\":"
                        "\"disk or network failed\"},\"stream\":\"S\",\"seq\":0}");
    assert_string_equal(streams_publish(f->w, "m", NULL, "x"), "{\"stream\":\"M\",\"seq\":1}");
    assert_int_equal(f->failures, 0);
    stop(f);
    assert_string_equal(publish(f, "a.b", NULL, "z"), "{\"stream\":\"S\",\"seq\":2}");
    file_world_free(f);
}

static void whoever_waits_for_a_failed_journal_is_told(void **state)
{
    (void)state;
    struct file_world *f = file_world_new(3);
    make(f, "");
    (void)publish(f, "a.b", NULL, "x");
    struct disk_memory_fault *writes = &f->disk->fault[DISK_MEMORY_WRITES];
    writes->fail_at = writes->count + 1;
    const char *said = publish(f, "a.b", NULL, "y");
    assert_non_null(strstr(said, "\"err_code\":10077,"));
    assert_int_equal(f->failures, 1);
    assert_non_null(strstr(publish(f, "a.b", NULL, "z"), "\"err_code\":10077,"));
    stream_check(the_stream(f));
    leave(f);
    f->failures = 0;
    open_store(f);
    uint64_t there = streams_state(the_stream(f)).messages; /* nobody knew of the second one */
    assert_true(there == 1 || there == 2);
    assert_non_null(strstr(publish(f, "a.b", NULL, "z"), there == 1 ? ":2}" : ":3}"));
    file_world_free(f);
}

static uint32_t count_of(const char *text, const char *part)
{
    uint32_t count = 0;
    for (; (text = strstr(text, part)) != NULL; text++) count++;
    return count;
}

/* Once, with the reply of the newest message: the batch is over. */
static void a_fast_batch_on_its_way_to_a_failed_journal_is_told(void **state)
{
    (void)state;
    struct file_world *f = file_world_new(3);
    struct stream *s = make(f, ",\"allow_batched\":true");
    struct world *w = f->w->world;
    const char *said = world_say(w, f->w->client, "PUB a.b re.id.10.fail.1.0.$FI 1\r\nx\r\n");
    assert_non_null(strstr(said, "\"type\":\"ack\""));
    settle(f);
    (void)world_take(w, f->w->client);
    struct disk_memory_fault *writes = &f->disk->fault[DISK_MEMORY_WRITES];
    writes->fail_at = writes->count + 1;
    said = world_say(w, f->w->client,
                     "PUB a.b re.id.10.fail.2.1.$FI 1\r\nx\r\n"
                     "PUB a.b re.other.10.fail.1.0.$FI 1\r\nx\r\n"
                     "PUB a.b re.id.10.fail.3.1.$FI 1\r\nx\r\n");
    assert_null(strstr(said, "10077"));
    settle(f);
    said = world_take(w, f->w->client);
    assert_int_equal(count_of(said, "\"err_code\":10077,"), 2);
    assert_non_null(strstr(said, "MSG re.id.10.fail.3.1.$FI "));
    assert_non_null(strstr(said, "MSG re.other.10.fail.1.0.$FI "));
    said = world_say(w, f->w->client, "PUB a.b re.id.10.fail.4.1.$FI 1\r\nx\r\n");
    assert_int_equal(count_of(said, "\"err_code\":10077,"), 1);
    stream_check(s);
    leave(f);
    f->failures = 0;
    open_store(f);
    file_world_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ack_waits_for_the_disk),
        cmocka_unit_test(who_asks_for_it_is_acked_before_the_disk),
        cmocka_unit_test(what_was_acked_is_there_after_any_end),
        cmocka_unit_test(a_deleted_stream_does_not_come_back),
        cmocka_unit_test(an_update_and_removals_are_remembered),
        cmocka_unit_test(what_is_acked_is_told_until_it_is_gone),
        cmocka_unit_test(what_was_told_as_acked_goes_at_a_start_and_nothing_else),
        cmocka_unit_test(what_an_older_list_does_not_tell_is_found_by_the_consumers),
        cmocka_unit_test(what_a_replay_lets_go_is_looked_at_by_the_start),
        cmocka_unit_test(a_restore_is_all_or_nothing),
        cmocka_unit_test(what_a_restored_queue_has_acked_goes_after_any_end),
        cmocka_unit_test(one_that_was_given_up_is_gone_from_the_disk),
        cmocka_unit_test(what_is_erased_stands_in_no_file_when_that_is_said),
        cmocka_unit_test(what_is_sealed_is_erased_too),
        cmocka_unit_test(schedules_go_on_after_any_end),
        cmocka_unit_test(what_was_due_while_nobody_ran_comes_once),
        cmocka_unit_test(what_the_journal_has_lost_is_listed_for_ever),
        cmocka_unit_test(what_a_lost_head_held_the_next_message_tells),
        cmocka_unit_test(a_failed_stream_refuses_and_others_go_on),
        cmocka_unit_test(whoever_waits_for_a_failed_journal_is_told),
        cmocka_unit_test(a_fast_batch_on_its_way_to_a_failed_journal_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
