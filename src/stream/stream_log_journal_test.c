/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/stream_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "env/disk_memory.h"
#include "store/store.h"

/* A stream that writes down what is applied. */
struct tester {
    struct store_owner owner;
    struct disk_memory *disk;
    struct disks disks;
    struct entropy entropy;
    struct env env;
    struct store *store;
    struct stream_log *log;
    struct buf seen; /* "kind:sequence:body " and "!" when it is a replay */
    uint8_t drawn;
    nanos now;
};

static void apply(void *ctx, const struct stream_log_command *c)
{
    struct tester *t = ctx;
    buf_printf(&t->seen, "%s%u:%u:%.*s ", c->is_replay ? "!" : "", c->kind, (unsigned)c->sequence,
               SLICE_ARGS(c->body));
}

static void on_apply(struct store_owner *o, const struct journal_record *r, bool is_replay)
{
    stream_log_journal_apply(container_of(o, struct tester, owner)->log, r, is_replay);
}

static void nothing_to_tell(struct store_owner *o, struct checkpoint *c)
{
    assert_non_null(o);
    assert_non_null(c);
}

static void on_dropped(struct store_owner *o)
{
    assert_int_equal(o->incarnation, 0);
}

static const struct store_owner_ops ops = {
    .apply = on_apply,
    .checkpoint = nothing_to_tell,
    .dropped = on_dropped,
};

static void make_log(struct tester *t, uint64_t incarnation)
{
    t->owner = (struct store_owner){ .ops = &ops };
    store_enter(t->store, &t->owner, incarnation);
    t->log = stream_log_journal_new(t->store, &t->owner);
    t->log->ctx = t;
    t->log->apply = apply;
}

static struct store_owner *found(void *ctx, const struct store_found *found)
{
    struct tester *t = ctx;
    assert_true(found->is_record);
    t->store = found->store;
    make_log(t, found->incarnation);
    return &t->owner;
}

static enum err disks_open(struct disks *d, const char *directory, bool read_only,
                           struct disk **ret, struct errmsg *why)
{
    struct tester *t = container_of(d, struct tester, disks);
    (void)directory;
    (void)read_only;
    (void)why;
    *ret = &t->disk->base;
    return ERR_OK;
}

static void disks_close(struct disks *d, struct disk *disk)
{
    (void)d;
    (void)disk;
}

static void fill(struct entropy *e, void *bytes, size_t size)
{
    memset(bytes, ++container_of(e, struct tester, entropy)->drawn, size);
}

static void wake(void *ctx)
{
    (void)ctx;
}

static void open_store(struct tester *t)
{
    const struct store_options o = {
        .env = &t->env,
        .wake = wake,
        .directory = "midge",
        .segment_first = 4096,
        .segment_max = 4096,
    };
    const struct store_host host = { .ctx = t, .owner_found = found };
    struct errmsg why = { "" };
    assert_int_equal(store_open(&o, &host, &t->store, &why), ERR_OK);
}

static void close_store(struct tester *t)
{
    t->log = t->log->ops->free(t->log);
    assert_null(t->log);
    store_leave(t->store, &t->owner);
    t->store = store_close(t->store);
}

static void settle(struct tester *t)
{
    for (uint32_t i = 0; i < 20; i++) {
        store_tick(t->store, ++t->now);
        disk_memory_settle(t->disk, store_queue(t->store));
    }
}

static int begin(void **state)
{
    struct tester *t = xcalloc(1, sizeof *t);
    t->disk = disk_memory_new(1);
    t->disks = (struct disks){ disks_open, disks_close };
    t->entropy.fill = fill;
    t->env = (struct env){ .disks = &t->disks, .entropy = &t->entropy };
    open_store(t);
    make_log(t, store_incarnation_new(t->store));
    *state = t;
    return 0;
}

static int end(void **state)
{
    struct tester *t = *state;
    close_store(t);
    buf_deinit(&t->seen);
    t->disk = disk_memory_free(t->disk);
    xfree(t);
    return 0;
}

static void propose(struct tester *t, uint32_t kind, uint64_t sequence, const char *body)
{
    uint32_t len = (uint32_t)strlen(body);
    uint8_t *at = stream_log_propose(t->log, kind, sequence, len, JOURNAL_USE_STORE);
    assert_non_null(at);
    memcpy(at, body, len);
}

static void commands_are_applied_in_order_when_they_are_durable(void **state)
{
    struct tester *t = *state;
    propose(t, 1, 5, "a");
    propose(t, 2, 0, "");
    propose(t, 1, 6, "bcd");
    store_tick(t->store, ++t->now);
    assert_int_equal(t->seen.len, 0);
    assert_int_equal(t->log->proposed, 3);
    assert_int_equal(t->log->applied, 0);
    settle(t);
    assert_string_equal(buf_str(&t->seen), "1:5:a 2:0: 1:6:bcd ");
    assert_int_equal(t->log->applied, 3);
    assert_int_equal(stream_log_error(t->log), ERR_OK);
}

static void a_start_applies_them_again_and_says_so(void **state)
{
    struct tester *t = *state;
    propose(t, 1, 1, "one");
    propose(t, 1, 2, "two");
    settle(t);
    close_store(t);
    t->seen.len = 0;
    open_store(t);
    assert_string_equal(buf_str(&t->seen), "!1:1:one !1:2:two ");
    assert_int_equal(t->log->proposed, 2);
    assert_int_equal(t->log->applied, 2);
    propose(t, 1, 3, "three");
    settle(t);
    assert_string_equal(buf_str(&t->seen), "!1:1:one !1:2:two 1:3:three ");
}

static void without_space_it_refuses_and_says_why(void **state)
{
    struct tester *t = *state;
    t->disk->capacity = disk_memory_used(t->disk);
    bool is_refused = false;
    for (uint32_t i = 0; i < 100 && !is_refused; i++) {
        uint8_t *at = stream_log_propose(t->log, 1, 1, 1000, JOURNAL_USE_STORE);
        if (at != NULL) memset(at, 'x', 1000);
        is_refused = at == NULL;
        settle(t);
    }
    assert_true(is_refused);
    assert_int_equal(stream_log_error(t->log), ERR_LIMIT);
    assert_int_equal(t->log->applied, t->log->proposed);
}

static void after_a_failed_write_it_refuses_and_says_why(void **state)
{
    struct tester *t = *state;
    t->disk->fault[DISK_MEMORY_WRITES].fail_permille = 1000;
    propose(t, 1, 1, "lost");
    settle(t);
    assert_null(stream_log_propose(t->log, 1, 2, 1, JOURNAL_USE_RELEASE));
    assert_int_equal(stream_log_error(t->log), ERR_IO);
    assert_int_equal(t->seen.len, 0);
    assert_int_equal(t->log->proposed, 1);
    assert_int_equal(t->log->applied, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(commands_are_applied_in_order_when_they_are_durable, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_start_applies_them_again_and_says_so, begin, end),
        cmocka_unit_test_setup_teardown(without_space_it_refuses_and_says_why, begin, end),
        cmocka_unit_test_setup_teardown(after_a_failed_write_it_refuses_and_says_why, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
