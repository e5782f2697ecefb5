/* SPDX-License-Identifier: Apache-2.0 */
#include "store/msgs_file_testing.h"

enum { MESSAGES = 40, SECRET = 17 };

static const char secret[] = "the-secret-of-seventeen";
static const char secret_subject[] = "who.secret.knows";

struct search {
    struct files *files;
    const char   *text;
    uint32_t      found, files_seen;
};

static void search_one(void *ctx, const char *name, uint64_t size)
{
    struct search *s = ctx;
    if (strncmp(name, "streams/", 8) != 0) return;
    const uint8_t *bytes = disk_memory_bytes(s->files->disk, name, &size);
    size_t len = strlen(s->text);
    s->files_seen++;
    for (uint64_t at = 0; at + len <= size; at++)
        if (memcmp(bytes + at, s->text, len) == 0) s->found++;
}

/* How often a text stands in the blocks. */
static uint32_t found(struct files *f, const char *text)
{
    struct search s = { .files = f, .text = text };
    disk_memory_each(f->disk, &s, search_one);
    return s.found;
}

static uint32_t block_files(struct files *f)
{
    struct search s = { .files = f, .text = "x" };
    disk_memory_each(f->disk, &s, search_one);
    return s.files_seen;
}

static void note(void *ctx, enum err e)
{
    assert_int_equal(e, ERR_OK);
    ++*(int *)ctx;
}

static void ignore(void *ctx, const struct checkpoint_section *s)
{
    (void)ctx;
    (void)s;
}

/* A list, by way of a log. */
static void checkpoint(struct files *f, struct msgs *m)
{
    struct checkpoint *log;
    journal_pos pos;
    int done = 0;
    const struct checkpoint_options o = {
        .disk = &f->disk->base, .queue = f->queue, .directory = "checkpoint", .store_id = 1
    };
    const struct checkpoint_load none = { .on_section = ignore };
    assert_int_equal(checkpoint_open(&o, &none, false, &log, &pos, NULL), ERR_OK);
    checkpoint_begin(log, pos + 1);
    msgs_file_checkpoint(m, log);
    checkpoint_commit(log, note, &done);
    files_settle(f);
    assert_int_equal(done, 1);
    checkpoint_close(log);
    msgs_file_checkpointed(m);
}

/* Seventeen has a subject of its own. */
static void fill(struct msgs *m)
{
    char payload[64];
    for (uint64_t i = 1; i <= MESSAGES; i++) {
        (void)snprintf(payload, sizeof payload, "payload of message %02u", (unsigned)i);
        files_add(m, i, i == SECRET ? secret_subject : "a.b", i == SECRET ? secret : payload);
    }
}

static void expect_others(struct files *f, struct msgs *m)
{
    char payload[64];
    struct stored got;
    for (uint64_t i = 1; i <= MESSAGES; i++) {
        (void)snprintf(payload, sizeof payload, "payload of message %02u", (unsigned)i);
        enum err e = files_get(f, m, i, &got);
        assert_int_equal(e, i == SECRET ? ERR_NOTFOUND : ERR_OK);
        if (e == ERR_OK) assert_true(slice_equal_str(got.payload, payload));
    }
    assert_int_equal(msgs_lost(m, NULL, NULL), 0);
    msgs_check(m);
}

/* Puts messages of another stream into the cache until nothing of this one is left in it. */
static void evict_all(struct files *f)
{
    struct msgs_file_options kept = f->options;
    f->options.incarnation = 1000;
    struct msgs *other = msgs_file_new(&f->options, 1);
    int done = 0;
    for (uint64_t i = 1; i <= 400; i++) files_add(other, i, "other", "something else");
    msgs_file_flush(other, note, &done);
    files_settle(f);
    struct stored got;
    for (uint64_t i = 1; i <= 400; i++) assert_int_equal(files_get(f, other, i, &got), ERR_OK);
    (void)files_close(f, other);
    f->options = kept;
}

static void what_was_not_written_yet_never_is(void **state)
{
    (void)state;
    struct files *f = files_setup(1);
    int done = 0;
    f->options.tail_size = 1 << 20;
    struct msgs *m = files_make(f, 1);
    fill(m);
    assert_true(msgs_remove(m, SECRET, NULL));
    msgs_erase(m, SECRET, note, &done);
    assert_int_equal(done, 1);
    msgs_file_flush(m, note, &done);
    files_settle(f);
    assert_int_equal(done, 2);
    assert_int_equal(found(f, secret), 0);
    assert_int_equal(found(f, secret_subject), 0);
    assert_true(found(f, "payload of message") == MESSAGES - 1);
    expect_others(f, m);
    (void)files_close(f, m);
    files_teardown(f);
}

static void what_was_written_is_overwritten_with_its_subject(void **state)
{
    (void)state;
    for (int is_full = 0; is_full <= 1; is_full++) {
        struct files *f = files_setup(2);
        int done = 0;
        f->options.block_size = is_full ? 2048 : 1 << 20;
        struct msgs *m = files_make(f, 1);
        fill(m);
        msgs_file_flush(m, note, &done);
        files_settle(f);
        assert_int_equal(found(f, secret), 1);
        assert_int_equal(found(f, secret_subject), is_full ? 2 : 1);
        if (is_full) evict_all(f);
        assert_true(msgs_remove(m, SECRET, NULL));
        msgs_erase(m, SECRET, note, &done);
        assert_int_equal(done, 1);
        files_settle(f);
        assert_int_equal(done, 2);
        assert_int_equal(found(f, secret), 0);
        assert_int_equal(found(f, secret_subject), 0);
        disk_memory_crash(f->disk);     /* and it was made safe */
        disk_memory_start(f->disk);
        assert_int_equal(found(f, secret) + found(f, secret_subject), 0);
        files_settle(f);
        (void)msgs_free(m);
        files_stop(f);
        files_start(f);
        files_teardown(f);
    }
}

/* A start may ask what it was: it finds the removal in the journal alone. */
static void a_subject_stays_until_a_list_has_all_removals_of_it(void **state)
{
    (void)state;
    struct files *f = files_setup(3);
    int done = 0;
    f->options.block_size = 2048;
    struct msgs *m = files_make(f, 1);
    for (uint64_t i = 1; i <= MESSAGES; i++)
        files_add(m, i, i == 3 || i == 5 ? secret_subject : "a.b", "a payload of some bytes");
    msgs_file_flush(m, note, &done);
    files_settle(f);
    assert_true(msgs_remove(m, 3, NULL));
    checkpoint(f, m);
    assert_true(msgs_remove(m, 5, NULL));
    assert_int_equal(found(f, secret_subject), 3); /* two messages and the footer */
    msgs_erase(m, 3, note, &done);
    files_settle(f);
    assert_int_equal(found(f, secret_subject), 2);
    checkpoint(f, m);
    msgs_erase(m, 5, note, &done);
    files_settle(f);
    assert_int_equal(done, 3);
    assert_int_equal(found(f, secret_subject), 0);
    (void)files_close(f, m);
    files_teardown(f);
}

static void without_a_descriptor_it_waits_and_asks_no_more(void **state)
{
    (void)state;
    struct files *f = files_setup(9);
    struct disk_memory_fault *reads = &f->disk->fault[DISK_MEMORY_READS];
    int done = 0;
    f->options.block_size = 2048;
    f->options.is_compressed = true;
    struct msgs *m = files_make(f, 1);
    fill(m);
    msgs_file_flush(m, note, &done);
    files_settle(f);
    evict_all(f);
    assert_true(msgs_remove(m, SECRET, NULL));
    reads->fail_permille = 1000;
    reads->error = ERR_LIMIT;
    msgs_erase(m, SECRET, note, &done);
    files_settle(f);                    /* it ends */
    assert_int_equal(done, 1);
    assert_int_equal(msgs_lost(m, NULL, NULL), 0);
    reads->fail_permille = 0;
    msgs_file_retry(m);
    files_settle(f);
    checkpoint(f, m);
    files_settle(f);
    assert_int_equal(done, 2);
    expect_others(f, m);
    (void)files_close(f, m);
    files_teardown(f);
}

static void the_others_are_read_as_before(void **state)
{
    (void)state;
    struct files *f = files_setup(4);
    int done = 0;
    f->options.block_size = 2048;
    struct msgs *m = files_make(f, 1);
    fill(m);
    msgs_file_flush(m, note, &done);
    files_settle(f);
    assert_true(msgs_remove(m, SECRET, NULL));
    msgs_erase(m, SECRET, note, &done);
    files_settle(f);
    evict_all(f);
    expect_others(f, m);
    assert_int_equal(f->failures, 0);
    (void)files_close(f, m);
    files_teardown(f);
}

static void a_subject_that_others_have_stays(void **state)
{
    (void)state;
    struct files *f = files_setup(5);
    int done = 0;
    struct msgs *m = files_make(f, 1);
    fill(m);
    msgs_file_flush(m, note, &done);
    files_settle(f);
    assert_true(msgs_remove(m, 3, NULL));
    msgs_erase(m, 3, note, &done);
    files_settle(f);
    assert_int_equal(done, 2);
    assert_int_equal(found(f, "payload of message 03"), 0);
    struct msgs_subject s;
    assert_true(msgs_subject(m, SLICE_LIT("a.b"), &s));
    assert_int_equal(s.count, MESSAGES - 2);
    struct msgs_wait w = { .done = waited };
    struct msgs_filter ab = { &(struct slice){ (const uint8_t *)"a.b", 3 }, 1 };
    uint64_t next = 0;
    assert_int_equal(msgs_next(m, &ab, 3, &w, &next), ERR_OK);
    assert_int_equal(next, 4);
    (void)files_close(f, m);
    files_teardown(f);
}

static void a_block_without_any_message_is_filled_with_zeros_when_a_list_knows(void **state)
{
    (void)state;
    struct files *f = files_setup(6);
    int done = 0;
    f->options.block_size = 1024;
    struct msgs *m = files_make(f, 1);
    fill(m);
    msgs_file_flush(m, note, &done);
    files_settle(f);
    assert_int_equal(found(f, secret), 1);
    for (uint64_t i = 1; i <= MESSAGES; i++) assert_true(msgs_remove(m, i, NULL));
    msgs_erase(m, SECRET, note, &done);
    files_settle(f);
    assert_int_equal(done, 1);
    assert_true(msgs_file_is_urgent(m)); /* a start may still ask what the others were */
    assert_int_equal(found(f, secret), 1);
    checkpoint(f, m);
    files_settle(f);
    assert_int_equal(done, 2);
    assert_int_equal(found(f, secret), 0);
    (void)files_close(f, m);
    files_teardown(f);
}

static void what_is_packed_goes_with_its_block_when_a_list_has_forgotten_it(void **state)
{
    (void)state;
    for (int is_sealed = 0; is_sealed <= 1; is_sealed++) {
        struct files *f = files_setup(7);
        int done = 0;
        f->options.block_size = 2048;
        f->options.is_compressed = !is_sealed;
        if (is_sealed) files_seal(f);
        struct msgs *m = files_make(f, 1);
        fill(m);
        msgs_file_flush(m, note, &done);
        files_settle(f);
        checkpoint(f, m);
        uint32_t before = block_files(f);
        assert_true(msgs_remove(m, SECRET, NULL));
        msgs_erase(m, SECRET, note, &done);
        files_settle(f);
        assert_int_equal(done, 1);
        assert_true(msgs_file_is_urgent(m));
        assert_int_equal(block_files(f), before + 1);
        checkpoint(f, m);
        assert_false(msgs_file_is_urgent(m));
        files_settle(f);
        assert_int_equal(done, 2);
        assert_int_equal(block_files(f), before);
        expect_others(f, m);
        (void)files_close(f, m);
        files_teardown(f);
    }
}

static void the_copy_of_a_compaction_is_erased_too(void **state)
{
    (void)state;
    struct files *f = files_setup(8);
    int done = 0;
    f->options.block_size = 2048;
    struct msgs *m = files_make(f, 1);
    fill(m);
    msgs_file_flush(m, note, &done);
    files_settle(f);
    checkpoint(f, m);
    for (uint64_t i = 1; i < SECRET; i++) assert_true(msgs_remove(m, i, NULL));
    for (int i = 0; i < 20; i++) {      /* somewhere in the compaction */
        (void)disk_memory_step(f->disk);
        (void)disk_queue_poll(f->queue);
    }
    assert_true(msgs_remove(m, SECRET, NULL));
    msgs_erase(m, SECRET, note, &done);
    files_settle(f);
    checkpoint(f, m);
    files_settle(f);
    assert_int_equal(done, 2);
    assert_int_equal(found(f, secret), 0);
    msgs_check(m);
    (void)files_close(f, m);
    files_teardown(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_not_written_yet_never_is),
        cmocka_unit_test(what_was_written_is_overwritten_with_its_subject),
        cmocka_unit_test(a_subject_stays_until_a_list_has_all_removals_of_it),
        cmocka_unit_test(without_a_descriptor_it_waits_and_asks_no_more),
        cmocka_unit_test(the_others_are_read_as_before),
        cmocka_unit_test(a_subject_that_others_have_stays),
        cmocka_unit_test(a_block_without_any_message_is_filled_with_zeros_when_a_list_knows),
        cmocka_unit_test(what_is_packed_goes_with_its_block_when_a_list_has_forgotten_it),
        cmocka_unit_test(the_copy_of_a_compaction_is_erased_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
