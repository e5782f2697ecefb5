/* SPDX-License-Identifier: Apache-2.0 */
#include "store/msgs_file_testing.h"

enum { MANY = 400 };

static void no_error(void *ctx, enum err e)
{
    assert_int_equal(e, ERR_OK);
    ++*(int *)ctx;
}

static void payload_of(uint64_t sequence, char text[64])
{
    snprintf(text, 64, "this is the text of number %llu", (unsigned long long)sequence);
}

static struct msgs *prepare(struct files *w, bool is_packed)
{
    char text[64];
    int flushed = 0;
    w->options.is_compressed = is_packed;
    struct msgs *m = files_make(w, 1);
    for (uint64_t i = 1; i <= MANY; i++) {
        payload_of(i, text);
        files_add(m, i, "a.b", text);
    }
    msgs_file_flush(m, no_error, &flushed);
    files_settle(w);
    assert_int_equal(flushed, 1);
    return m;
}

/* Bytes that were read. */
static uint64_t pass(struct files *w, struct msgs *m)
{
    uint64_t bytes = 0;
    uint32_t turns = 0;
    for (uint32_t n = 1; n > 0; turns++) {
        n = msgs_file_scrub(m);
        bytes += n;
        files_settle(w);
        assert_true(turns < 10000);
    }
    return bytes;
}

struct lost {
    uint64_t first, last;
};

static bool note_lost(void *ctx, uint64_t first, uint64_t last)
{
    struct lost *l = ctx;
    if (l->first == 0) l->first = first;
    l->last = last;
    return true;
}

static void flip(struct files *w, const char *name, uint64_t sequence)
{
    char text[64];
    uint64_t size = 0, at = 0;
    payload_of(sequence, text);
    const uint8_t *bytes = disk_memory_bytes(w->disk, name, &size);
    assert_non_null(bytes);
    while (at + 64 < size && memcmp(bytes + at, text, strlen(text)) != 0) at++;
    assert_true(at + 64 < size);
    disk_memory_flip(w->disk, name, at + 5, 1);
}

static void it_finds_what_nobody_has_asked_for(void **state)
{
    (void)state;
    struct files *w = files_setup(1);
    struct msgs *m = prepare(w, false);
    struct msgs_file_stats stats;
    struct store_cache_stats cache;
    struct lost l = { 0 };
    assert_true(pass(w, m) > 10000);
    assert_int_equal(msgs_lost(m, note_lost, &l), 0);
    flip(w, "streams/0000000000000001/00000001", 5);
    assert_int_equal(msgs_lost(m, note_lost, &l), 0);
    assert_true(pass(w, m) > 10000);
    assert_int_equal(msgs_lost(m, note_lost, &l), 1);
    assert_int_equal(l.first, 5);
    assert_int_equal(l.last, 5);
    msgs_file_stats(m, &stats);
    assert_int_equal(stats.blocked, 0);
    store_cache_stats(w->cache, &cache);
    assert_true(cache.bytes <= cache.budget);
    msgs_check(m);
    (void)files_close(w, m);
    files_teardown(w);
}

static void it_reads_what_is_packed(void **state)
{
    (void)state;
    struct files *w = files_setup(2);
    struct msgs *m = prepare(w, true);
    struct lost l = { 0 };
    disk_memory_flip(w->disk, "streams/0000000000000001/00000001", 150, 0);
    assert_true(pass(w, m) > 1000);
    assert_true(msgs_lost(m, note_lost, &l) > 0);
    assert_int_equal(l.first, 1);
    msgs_check(m);
    (void)files_close(w, m);
    files_teardown(w);
}

static void an_empty_stream_has_nothing_to_read(void **state)
{
    (void)state;
    struct files *w = files_setup(3);
    struct msgs *m = files_make(w, 1);
    assert_int_equal(msgs_file_scrub(m), 0);
    files_add(m, 1, "a", "x");
    assert_int_equal(msgs_file_scrub(m), 0);
    (void)files_close(w, m);
    files_teardown(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_finds_what_nobody_has_asked_for),
        cmocka_unit_test(it_reads_what_is_packed),
        cmocka_unit_test(an_empty_stream_has_nothing_to_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
