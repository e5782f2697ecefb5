/* SPDX-License-Identifier: Apache-2.0 */
/* What the logs hold of an owner that is set aside is kept, and only then forgotten. */
#include "store/store_testing.h"

#include "store/checkpoint_format.h"
#include "store/store_internal.h"

#define KEPT "quarantine/0000000000000001.state"

static void start(struct world *w)
{
    struct errmsg why = { "" };
    enum err e = world_open(w, &why);
    if (e) fail_msg("%s", why.text);
}

static uint32_t count_reports(const struct world *w, const char *part)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->reports && i < REPORTS_MAX; i++)
        count += strstr(w->report[i], part) != NULL;
    return count;
}

static void list(struct world *w)
{
    world_settle(w);
    world_tick(w, HOUR);
    world_settle(w);
}

/* One thing whose head, two values and last record a list tells, and one record behind it. */
static void make_one(struct world *w)
{
    start(w);
    struct thing *t = world_begin(w);
    assert_true(world_set(w, t, 1) && world_set(w, t, 2));
    list(w);
    assert_true(world_set(w, t, 3));
    world_settle(w);
    world_crash(w, true);
}

struct kept {
    uint32_t lists, sections, heads, values, records;
    uint64_t last_record_pos;
};

static void count_section(const struct checkpoint_section *s, struct kept *k)
{
    assert_int_equal(s->owner, 1);
    k->sections++;
    k->heads += s->kind == SECTION_HEAD;
    k->values += s->kind == SECTION_VALUES;
    if (s->kind != ASIDE_RECORD) return;
    k->records++;
    assert_true(s->bytes.len >= ASIDE_RECORD_HEAD);
    assert_true(le_get_u64(s->bytes.ptr) >= k->last_record_pos);
    k->last_record_pos = le_get_u64(s->bytes.ptr);
}

static struct kept read_kept(struct world *w, const char *name)
{
    struct kept k = { 0 };
    uint64_t size = 0, at = 0;
    const uint8_t *bytes = disk_memory_bytes(w->disk, name, &size);
    assert_non_null(bytes);
    for (; at < size; k.lists++) {
        struct checkpoint_head h;
        struct checkpoint_section s;
        struct slice rest = slice_of(bytes + at, (uint32_t)(size - at));
        assert_int_equal(checkpoint_head_decode(rest, store_id(w->store), &h), CHECKPOINT_HEAD);
        assert_true(checkpoint_list_check(&h, rest));
        assert_int_equal(h.offset, at);
        struct slice body = slice_of(rest.ptr + HEAD_SIZE, h.body_len);
        for (uint32_t i = 0; h.flags == 0 && checkpoint_next(body, &i, &s);) count_section(&s, &k);
        at += checkpoint_list_len(h.body_len);
    }
    return k;
}

static void its_sections_and_records_are_kept(void **state)
{
    struct world *w = *state;
    make_one(w);
    w->refuses_load = true;
    start(w);
    assert_int_equal(w->things_count, 0);
    struct kept k = read_kept(w, KEPT);
    assert_int_equal(k.lists, 1);
    assert_int_equal(k.sections, 5);
    assert_int_equal(k.heads, 1);
    assert_int_equal(k.values, 2);
    assert_int_equal(k.records, 1);
}

static void also_what_only_the_journal_knows(void **state)
{
    struct world *w = *state;
    start(w);
    struct thing *t = world_begin(w);
    assert_true(world_set(w, t, 1));
    world_settle(w);
    assert_true(world_set(w, t, 2));
    world_settle(w);
    world_crash(w, true);
    w->refuses_found = true;
    start(w);
    struct kept k = read_kept(w, KEPT);
    assert_int_equal(k.sections, 3);
    assert_int_equal(k.records, 3);
}

static void what_is_kept_is_forgotten_and_reported_once(void **state)
{
    struct world *w = *state;
    make_one(w);
    w->refuses_load = true;
    start(w);
    assert_int_equal(count_reports(w, "is set aside"), 1);
    struct thing *t = world_begin(w); /* something for a list to tell */
    assert_true(world_set(w, t, 1));
    list(w);
    struct kept before = read_kept(w, KEPT);
    w->refuses_load = false;
    world_crash(w, true);
    start(w);
    assert_int_equal(count_reports(w, "is set aside"), 0);
    struct kept after = read_kept(w, KEPT);
    assert_memory_equal(&before, &after, sizeof before);
    assert_null(disk_memory_bytes(w->disk, KEPT ".1", &(uint64_t){ 0 }));
}

static void without_space_it_stays_in_the_log_until_there_is(void **state)
{
    struct world *w = *state;
    w->options.rewrite_min = 1024;
    make_one(w);
    w->refuses_load = true;
    w->disk->capacity = 1;
    start(w);
    assert_int_equal(count_reports(w, "cannot be kept in quarantine: "), 1);
    w->disk->capacity = 0;
    w->refuses_load = false;
    for (uint32_t i = 0; i < 50; i++) { /* the log grows, and is not rewritten */
        struct thing *t = world_begin(w);
        assert_true(world_set(w, t, 1));
        list(w);
    }
    assert_non_null(disk_memory_bytes(w->disk, "checkpoint/00000001.a", &(uint64_t){ 0 }));
    world_crash(w, true);
    w->refuses_load = true;
    start(w);
    assert_int_equal(count_reports(w, "cannot be kept"), 0);
    struct kept k = read_kept(w, KEPT);
    assert_int_equal(k.heads, 1);
    assert_int_equal(k.values, 2);
}

static void in_a_sealed_store_it_is_sealed(void **state)
{
    (void)state;
    struct world *w = world_new(3);
    w->options.cipher = STORE_CHACHA;
    w->options.key = slice_str("secret");
    make_one(w);
    w->refuses_load = true;
    start(w);
    struct kept k = read_kept(w, KEPT);
    assert_int_equal(k.lists, 1);
    assert_int_equal(k.sections, 0); /* that can be read without the key */
    w = world_free(w);
    assert_null(w);
}

#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(its_sections_and_records_are_kept),
        WITH_WORLD(also_what_only_the_journal_knows),
        WITH_WORLD(what_is_kept_is_forgotten_and_reported_once),
        WITH_WORLD(without_space_it_stays_in_the_log_until_there_is),
        cmocka_unit_test(in_a_sealed_store_it_is_sealed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
