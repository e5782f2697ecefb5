/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"

static struct store_command example(void)
{
    return (struct store_command){
        .flags = STORE_ROLLUP_SUBJECT,
        .time = 1700000000 * SECOND,
        .id = 77,
        .expires = 1800000000 * SECOND,
        .subject = SLICE_LIT("orders.1"),
        .header = SLICE_LIT("NATS/1.0\r\nA: b\r\n\r\n"),
        .payload = SLICE_LIT("hello"),
    };
}

static void a_store_comes_back_as_it_was_written(void **state)
{
    (void)state;
    struct store_command c = example(), back;
    uint32_t size = store_command_size(&c);
    uint8_t *bytes = xalloc(size);
    store_command_write(&c, bytes);
    assert_int_equal(store_command_read(slice_of(bytes, size), &back), ERR_OK);
    assert_int_equal(back.flags, c.flags);
    assert_int_equal(back.time, c.time);
    assert_int_equal(back.id, 77);
    assert_int_equal(back.expires, c.expires);
    assert_true(slice_equal(back.subject, c.subject));
    assert_true(slice_equal(back.header, c.header));
    assert_true(slice_equal(back.payload, c.payload));
    xfree(bytes);
}

static void a_schedule_says_when_it_fires(void **state)
{
    (void)state;
    struct store_command c = example(), back;
    uint8_t bytes[256];
    uint32_t plain = store_command_size(&c);
    c.flags = STORE_SCHEDULE;
    c.due = 12345;
    assert_int_equal(store_command_size(&c), plain + 8);
    store_command_write(&c, bytes);
    assert_int_equal(store_command_read(slice_of(bytes, plain + 8), &back), ERR_OK);
    assert_int_equal(back.due, 12345);
    assert_true(slice_equal(back.payload, c.payload));
    assert_int_equal(store_command_read(slice_of(bytes, plain), &back), ERR_CORRUPT);
}

static void what_is_cut_or_longer_is_corrupt(void **state)
{
    (void)state;
    struct store_command c = example(), back;
    uint32_t size = store_command_size(&c);
    uint8_t *bytes = xcalloc(1, size + 1);
    store_command_write(&c, bytes);
    for (uint32_t len = 0; len < size; len++)
        assert_int_equal(store_command_read(slice_of(bytes, len), &back), ERR_CORRUPT);
    assert_int_equal(store_command_read(slice_of(bytes, size + 1), &back), ERR_CORRUPT);
    xfree(bytes);
}

static void what_no_encoder_writes_is_corrupt(void **state)
{
    (void)state;
    static const struct {
        uint32_t at;
        uint8_t byte;
    } cases[] = {
        { 0, 2 },    /* a version of later */
        { 1, 0x80 }, /* a flag that there is not */
        { 2, 0xff }, /* a subject beyond the end */
        { 23, 0x80 }, /* a time before 1970 */
        { 39, 0x80 }, /* an expiry before 1970 */
        { 12, 1 },    /* what is always zero */
        { 15, 1 },
    };
    struct store_command c = example(), back;
    uint32_t size = store_command_size(&c);
    uint8_t *bytes = xalloc(size);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        store_command_write(&c, bytes);
        bytes[cases[i].at] = cases[i].byte;
        assert_int_equal(store_command_read(slice_of(bytes, size), &back), ERR_CORRUPT);
    }
    xfree(bytes);
}

static void the_least_is_a_subject_alone(void **state)
{
    (void)state;
    struct store_command c = { .subject = SLICE_LIT("a") }, back;
    uint8_t bytes[64];
    store_command_write(&c, bytes);
    assert_int_equal(store_command_read(slice_of(bytes, store_command_size(&c)), &back), ERR_OK);
    assert_int_equal(back.header.len, 0);
    assert_int_equal(back.payload.len, 0);
}

static void many_stores_come_back_one_by_one(void **state)
{
    (void)state;
    struct store_command a = example(), b = { .subject = SLICE_LIT("b") }, back;
    uint32_t sizes = store_command_size(&a) + store_command_size(&b);
    uint32_t size = store_many_size(2, sizes), offset = STORE_MANY_HEAD, count, at = 0;
    uint8_t *bytes = xalloc(size + 1);
    store_many_begin(bytes, 2);
    store_command_write(&a, store_many_add(bytes, &offset, store_command_size(&a)));
    store_command_write(&b, store_many_add(bytes, &offset, store_command_size(&b)));
    assert_int_equal(offset, size);
    struct slice all = slice_of(bytes, size);
    assert_int_equal(store_many_check(all, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_true(store_many_next(all, &at, &back));
    assert_true(slice_equal(back.subject, a.subject));
    assert_true(store_many_next(all, &at, &back));
    assert_true(slice_equal_str(back.subject, "b"));
    assert_false(store_many_next(all, &at, &back));
    for (uint32_t len = 0; len < size; len++)
        assert_int_equal(store_many_check(slice_of(bytes, len), &count), ERR_CORRUPT);
    bytes[size] = 0;
    assert_int_equal(store_many_check(slice_of(bytes, size + 1), &count), ERR_CORRUPT);
    xfree(bytes);
}

static void the_small_ones_come_back(void **state)
{
    (void)state;
    uint8_t bytes[256];
    struct skip_command skip = { 9, 5 }, skip_back;
    skip_command_write(&skip, bytes);
    assert_int_equal(skip_command_read(slice_of(bytes, SKIP_SIZE), &skip_back), ERR_OK);
    assert_int_equal(skip_back.last, 9);
    assert_int_equal(skip_back.time, 5);
    assert_int_equal(skip_command_read(slice_of(bytes, SKIP_SIZE + 1), &skip_back), ERR_CORRUPT);

    struct remove_command remove;
    remove_command_begin(bytes, REMOVE_ERASE, 2);
    remove_command_set(bytes, 0, 7);
    remove_command_set(bytes, 1, UINT64_C(1) << 40);
    uint32_t size = remove_command_size(2);
    assert_int_equal(remove_command_read(slice_of(bytes, size), &remove), ERR_OK);
    assert_int_equal(remove.count, 2);
    assert_int_equal(remove.flags, REMOVE_ERASE);
    assert_int_equal(remove_command_get(&remove, 0), 7);
    assert_int_equal(remove_command_get(&remove, 1), UINT64_C(1) << 40);
    assert_int_equal(remove_command_read(slice_of(bytes, size - 1), &remove), ERR_CORRUPT);
    bytes[1] = 2;
    assert_int_equal(remove_command_read(slice_of(bytes, size), &remove), ERR_CORRUPT);

    uint64_t first;
    compact_command_write(77, bytes);
    assert_int_equal(compact_command_read(slice_of(bytes, COMPACT_SIZE), &first), ERR_OK);
    assert_int_equal(first, 77);
    assert_int_equal(compact_command_read(slice_of(bytes, COMPACT_SIZE - 1), &first), ERR_CORRUPT);
}

static void a_purge_and_a_configuration_come_back(void **state)
{
    (void)state;
    uint8_t bytes[256];
    struct purge_command purge = { 5, 2, SLICE_LIT("a.>") }, purge_back;
    purge_command_write(&purge, bytes);
    uint32_t size = purge_command_size(&purge);
    assert_int_equal(purge_command_read(slice_of(bytes, size), &purge_back), ERR_OK);
    assert_int_equal(purge_back.below, 5);
    assert_int_equal(purge_back.keep, 2);
    assert_true(slice_equal_str(purge_back.filter, "a.>"));
    for (uint32_t len = 0; len < size; len++)
        assert_int_equal(purge_command_read(slice_of(bytes, len), &purge_back), ERR_CORRUPT);

    struct config_command config = { 5, SLICE_LIT("$G"), SLICE_LIT("{}") }, config_back;
    config_command_write(&config, bytes);
    size = config_command_size(&config);
    assert_int_equal(config_command_read(slice_of(bytes, size), &config_back), ERR_OK);
    assert_int_equal(config_back.created, 5);
    assert_true(slice_equal_str(config_back.account, "$G"));
    assert_true(slice_equal_str(config_back.json, "{}"));
    for (uint32_t len = 0; len < size - 1; len++)
        assert_int_equal(config_command_read(slice_of(bytes, len), &config_back), ERR_CORRUPT);
}

static bool reads(enum command_kind kind, struct slice body)
{
    struct skip_command skip;
    struct remove_command remove;
    struct purge_command purge;
    struct config_command config;
    uint64_t first;
    uint32_t count;
    switch ((int)kind) {
    case COMMAND_STORE_MANY: return store_many_check(body, &count) == ERR_OK;
    case COMMAND_SKIP: return skip_command_read(body, &skip) == ERR_OK;
    case COMMAND_REMOVE: return remove_command_read(body, &remove) == ERR_OK;
    case COMMAND_COMPACT: return compact_command_read(body, &first) == ERR_OK;
    case COMMAND_PURGE: return purge_command_read(body, &purge) == ERR_OK;
    case COMMAND_CONFIG: return config_command_read(body, &config) == ERR_OK;
    default: return false;
    }
}

/* Returns how long it is. */
static uint32_t write_one(enum command_kind kind, uint8_t *bytes)
{
    static const struct skip_command skip = { 9, 5 };
    static const struct purge_command purge = { 5, 2, SLICE_INIT("a.>") };
    static const struct config_command config = { 5, SLICE_INIT("$G"), SLICE_INIT("{}") };
    struct store_command store = example();
    uint32_t offset = STORE_MANY_HEAD;
    switch ((int)kind) {
    case COMMAND_STORE_MANY:
        store_many_begin(bytes, 1);
        store_command_write(&store, store_many_add(bytes, &offset, store_command_size(&store)));
        return offset;
    case COMMAND_SKIP: skip_command_write(&skip, bytes); return SKIP_SIZE;
    case COMMAND_REMOVE:
        remove_command_begin(bytes, 0, 1);
        remove_command_set(bytes, 0, 7);
        return remove_command_size(1);
    case COMMAND_COMPACT: compact_command_write(77, bytes); return COMPACT_SIZE;
    case COMMAND_PURGE: purge_command_write(&purge, bytes); return purge_command_size(&purge);
    default: config_command_write(&config, bytes); return config_command_size(&config);
    }
}

static void what_is_always_zero_is_looked_at(void **state)
{
    (void)state;
    static const struct {
        enum command_kind kind;
        uint32_t at[4]; /* 0 ends them */
    } cases[] = {
        { COMMAND_STORE_MANY, { 1, 3, 12, 15 } },
        { COMMAND_SKIP, { 1, 7 } },
        { COMMAND_REMOVE, { 2, 3 } },
        { COMMAND_COMPACT, { 1, 7 } },
        { COMMAND_PURGE, { 1, 3, 6, 7 } },
        { COMMAND_CONFIG, { 1, 3, 7 } },
    };
    uint8_t bytes[256];
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        uint32_t size = write_one(cases[i].kind, bytes);
        assert_true(reads(cases[i].kind, slice_of(bytes, size)));
        for (size_t k = 0; k < ARRAY_COUNT(cases[i].at) && cases[i].at[k] > 0; k++) {
            size = write_one(cases[i].kind, bytes);
            bytes[cases[i].at[k]] = 1;
            assert_false(reads(cases[i].kind, slice_of(bytes, size)));
        }
    }
    uint32_t size = write_one(COMMAND_REMOVE, bytes);
    bytes[8] = 0; /* sequence 0 */
    assert_false(reads(COMMAND_REMOVE, slice_of(bytes, size)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_comes_back_as_it_was_written),
        cmocka_unit_test(a_schedule_says_when_it_fires),
        cmocka_unit_test(what_is_cut_or_longer_is_corrupt),
        cmocka_unit_test(what_no_encoder_writes_is_corrupt),
        cmocka_unit_test(the_least_is_a_subject_alone),
        cmocka_unit_test(many_stores_come_back_one_by_one),
        cmocka_unit_test(the_small_ones_come_back),
        cmocka_unit_test(a_purge_and_a_configuration_come_back),
        cmocka_unit_test(what_is_always_zero_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
