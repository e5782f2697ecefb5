/* SPDX-License-Identifier: Apache-2.0 */
/* What expires of a stream on a disk: damaged, or without space. */
#include "stream/stream_store_testing.h"

/* Long enough to be found among other bytes. */
static const char *secret(uint32_t i)
{
    static char text[64];
    snprintf(text, sizeof text, "%08x-the-text-of-a-message-that-expires", i);
    return text;
}

struct block_grep {
    struct file_world *f;
    const char        *text;
    uint32_t           flipped;
};

static void flip_in_block(void *ctx, const char *name, uint64_t size)
{
    struct block_grep *g = ctx;
    const uint8_t *bytes = disk_memory_bytes(g->f->disk, name, &size);
    if (strncmp(name, "streams/", 8) != 0) return;
    for (uint64_t at = 0; at + 30 <= size; at++) {
        if (memcmp(bytes + at, g->text, 30) != 0) continue;
        disk_memory_flip(g->f->disk, name, at, 3);
        g->flipped++;
    }
}

static void nobody(struct msgs_load *l, enum err e)
{
    (void)l;
    (void)e;
}

static enum err load_settled(struct file_world *f, uint64_t sequence)
{
    struct msgs *m = the_stream(f)->msgs;
    struct msgs_load load = { .done = nobody };
    enum err e;
    while ((e = msgs_load(m, sequence, 0, &load)) == ERR_BUSY) {
        msgs_load_cancel(m, &load);
        settle(f);
    }
    return e;
}

/* With an end of their own for some, messages expire one by one. */
static void what_is_damaged_expires_like_any_other(void **state)
{
    (void)state;
    struct file_world *f = file_world_new(1);
    struct stream *s = make(f, ",\"max_age\":400000000000,\"allow_msg_ttl\":true");
    s->owner.flushes_small = true;
    for (uint32_t i = 1; i <= 5; i++)
        (void)publish(f, "a.b", i == 5 ? "Nats-TTL: never\r\n" : NULL, secret(i));
    streams_wait(f->w, 150 * SECOND); /* longer than a checkpoint takes to become due */
    settle(f);
    stop(f);
    struct block_grep g = { .f = f, .text = secret(2) };
    disk_memory_each(f->disk, &g, flip_in_block);
    assert_int_equal(g.flipped, 1);
    s = the_stream(f);
    assert_int_equal(load_settled(f, 2), ERR_CORRUPT);
    assert_int_equal(msgs_lost(s->msgs, NULL, NULL), 1);
    run_for(f, 260);
    assert_int_equal(streams_state(s).first_sequence, 5);
    assert_int_equal(streams_state(s).messages, 1);
    assert_int_equal(msgs_lost(s->msgs, NULL, NULL), 0);
    file_world_free(f);
}

/* A marker takes space: it comes when there is some. */
static void what_finds_no_space_to_expire_does_so_later(void **state)
{
    (void)state;
    struct file_world *f = file_world_new(1);
    struct stream *s = make(f,
                            ",\"allow_msg_ttl\":true,\"subject_delete_marker_ttl\":3600000000000,"
                            "\"allow_rollup_hdrs\":true");
    (void)publish(f, "a.b", "Nats-TTL: 1h\r\n", "x");
    f->disk->capacity = disk_memory_used(f->disk);
    uint32_t refused = 0; /* in turn: what lists give back is used up, too */
    for (uint32_t i = 0; i < 2000 && refused < 10; i++) {
        bool is_refused = strstr(publish(f, "a.c", NULL, "x"), "10023") != NULL;
        refused = is_refused ? refused + 1 : 0;
        if (is_refused) run_for(f, 2);
    }
    assert_int_equal(refused, 10);
    streams_wait(f->w, HOUR);
    run_for(f, 10);
    assert_true(msgs_has(s->msgs, 1));
    f->disk->capacity = 0;
    run_for(f, 10);
    assert_false(msgs_has(s->msgs, 1));
    assert_int_equal(streams_state(s).subjects, 2);
    file_world_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_damaged_expires_like_any_other),
        cmocka_unit_test(what_finds_no_space_to_expire_does_so_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
