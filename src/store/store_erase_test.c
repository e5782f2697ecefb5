/* SPDX-License-Identifier: Apache-2.0 */
/* What a real stream loses, and from which files: stream/stream_store_test.c. */
#include "store/store_testing.h"

enum { SIZE_BASE = 64 };

struct erased {
    uint32_t count;
    enum err e;
};

static void on_erased(void *ctx, enum err e)
{
    struct erased *x = ctx;
    x->count++;
    x->e = e;
}

/* A record with this sequence is told from others by how many equal bytes it has. */
static void set(struct world *w, struct thing *t)
{
    assert_true(world_add(w, t, RECORD_SET, 0, SIZE_BASE + (uint32_t)t->sequence + 1));
    world_settle(w);
}

struct search {
    struct world *w;
    uint64_t run;
    bool is_found;
};

static void search_file(void *ctx, const char *name, uint64_t size)
{
    struct search *s = ctx;
    uint64_t run = 0;
    const uint8_t *bytes = disk_memory_bytes(s->w->disk, name, &size);
    for (uint64_t at = 0; bytes != NULL && at <= size; at++) {
        bool is_x = at < size && bytes[at] == 'x';
        if (!is_x && run == s->run) s->is_found = true;
        run = is_x ? run + 1 : 0;
    }
}

static bool is_on_disk(struct world *w, uint64_t sequence)
{
    struct search s = { w, SIZE_BASE + sequence, false };
    disk_memory_each(w->disk, &s, search_file);
    return s.is_found;
}

static struct thing *prepare(struct world *w, uint32_t records)
{
    struct errmsg why;
    assert_int_equal(world_open(w, &why), ERR_OK);
    struct thing *t = world_begin(w);
    for (uint32_t i = 0; i < records; i++) set(w, t);
    return t;
}

static void it_waits_for_the_list_that_holds_the_removal(void **state)
{
    struct world *w = *state;
    struct thing *t = prepare(w, 8);
    struct store_stats before, after;
    struct erased x = { 0 };
    store_stats(w->store, &before);
    assert_true(is_on_disk(w, 5));
    store_erase(w->store, &t->owner, 5, on_erased, &x);
    assert_int_equal(x.count, 0);
    world_settle(w);
    store_stats(w->store, &after);
    assert_int_equal(x.count, 1);
    assert_int_equal(x.e, ERR_OK);
    assert_true(after.checkpoints > before.checkpoints);
    assert_false(is_on_disk(w, 5));
    assert_true(is_on_disk(w, 4) && is_on_disk(w, 6));
}

static void the_journal_loses_it_wherever_it_stands(void **state)
{
    struct world *w = *state;
    w->options.journal_cap = 64 << 20; /* much of it stays */
    struct thing *t = prepare(w, 1500);
    struct erased x = { 0 };
    uint32_t seen = 0, asked = 0;
    for (uint64_t sequence = 1; sequence <= 1500; sequence += 7) {
        if (is_on_disk(w, sequence)) seen++;
        store_erase(w->store, &t->owner, sequence, on_erased, &x);
        asked++;
    }
    world_settle(w);
    assert_true(seen > 100);
    assert_int_equal(x.count, asked);
    assert_int_equal(x.e, ERR_OK);
    for (uint64_t sequence = 1; sequence <= 1500; sequence += 7)
        assert_false(is_on_disk(w, sequence));
    assert_string_equal(w->complaint, "");
}

static void the_journal_loses_what_a_start_has_found(void **state)
{
    struct world *w = *state;
    w->options.journal_cap = 1 << 20;
    for (int how = 0; how < 3; how++) {
        struct thing *t = prepare(w, 100);
        uint64_t incarnation = t->incarnation;
        if (how == 0) world_stop(w);
        else world_crash(w, how == 1);
        world_start(w);
        LIST_EACH(&w->things, node)
            if (thing_at(node)->incarnation == incarnation) t = thing_at(node);
        t->sequence = 100;
        for (uint64_t sequence = 3; sequence <= 100; sequence += 20) {
            struct erased x = { 0 };
            store_erase(w->store, &t->owner, sequence, on_erased, &x);
            world_settle(w);
            assert_int_equal(x.count, 1);
            assert_false(is_on_disk(w, sequence));
        }
        world_crash(w, true);
        assert_string_equal(w->complaint, "");
        w->disk = disk_memory_free(w->disk);
        w->disk = w->disks.disk = disk_memory_new((uint64_t)how + 10);
        w->count = 0;
        w->number = w->handed = w->incarnation = 0;
    }
}

static void who_leaves_hears_of_nothing(void **state)
{
    struct world *w = *state;
    struct thing *t = prepare(w, 3);
    struct erased x = { 0 };
    store_erase(w->store, &t->owner, 1, on_erased, &x);
    assert_true(world_finish(w, t));
    world_settle(w);
    assert_int_equal(x.count, 0);
}

static void a_log_that_cannot_be_written_is_told(void **state)
{
    struct world *w = *state;
    struct thing *t = prepare(w, 3);
    struct erased x = { 0 };
    w->disk->capacity = disk_memory_used(w->disk);
    store_erase(w->store, &t->owner, 1, on_erased, &x);
    for (uint32_t i = 0; i < 20; i++) {
        world_tick(w, SECOND);
        disk_memory_settle(w->disk, world_queue(w));
    }
    assert_int_equal(x.count, 1);
    assert_int_equal(x.e, ERR_LIMIT);
    w->disk->capacity = 0;
    world_settle(w);
    assert_string_equal(w->complaint, "");
}

int main(void)
{
#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        WITH_WORLD(it_waits_for_the_list_that_holds_the_removal),
        WITH_WORLD(the_journal_loses_it_wherever_it_stands),
        WITH_WORLD(the_journal_loses_what_a_start_has_found),
        WITH_WORLD(who_leaves_hears_of_nothing),
        WITH_WORLD(a_log_that_cannot_be_written_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
