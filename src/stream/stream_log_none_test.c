/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/stream_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/net_fake.h"

struct owner {
    struct fake *fake;
    struct stream_log *log;
    struct buf seen;   /* "kind:sequence:body " */
    uint32_t chain;    /* commands that applying one proposes */
};

static void propose(struct owner *o, uint32_t kind, uint64_t sequence, const char *body)
{
    uint32_t len = (uint32_t)strlen(body);
    uint8_t *at = stream_log_propose(o->log, kind, sequence, len, JOURNAL_USE_STORE);
    assert_non_null(at);
    memcpy(at, body, len);
}

static void apply(void *ctx, const struct stream_log_command *c)
{
    struct owner *o = ctx;
    assert_false(c->is_replay);
    buf_printf(&o->seen, "%u:%u:%.*s ", c->kind, (unsigned)c->sequence, SLICE_ARGS(c->body));
    if (o->chain == 0) return;
    o->chain--;
    propose(o, 9, 0, "chained");
}

static void begin(struct owner *o)
{
    *o = (struct owner){ .fake = fake_new() };
    o->log = stream_log_none_new(o->fake->reactor);
    o->log->ctx = o;
    o->log->apply = apply;
}

static void end(struct owner *o)
{
    o->log = o->log->ops->free(o->log);
    buf_deinit(&o->seen);
    fake_free(o->fake);
}

static void commands_are_applied_in_order_at_the_end_of_the_tick(void **state)
{
    (void)state;
    struct owner o;
    begin(&o);
    propose(&o, 1, 5, "a");
    propose(&o, 2, 0, "");
    propose(&o, 1, 6, "bcd");
    assert_int_equal(o.seen.len, 0);
    assert_int_equal(o.log->proposed, 3);
    assert_int_equal(o.log->applied, 0);
    (void)reactor_tick(o.fake->reactor, 0);
    assert_string_equal(buf_str(&o.seen), "1:5:a 2:0: 1:6:bcd ");
    assert_int_equal(o.log->applied, 3);
    assert_int_equal(stream_log_error(o.log), ERR_OK);
    end(&o);
}

static void what_applying_proposes_is_applied_in_a_later_turn(void **state)
{
    (void)state;
    struct owner o;
    begin(&o);
    o.chain = 2;
    propose(&o, 1, 0, "x");
    propose(&o, 1, 0, "y");
    (void)reactor_tick(o.fake->reactor, 0);
    assert_string_equal(buf_str(&o.seen), "1:0:x 1:0:y ");
    (void)fake_run(o.fake);
    assert_string_equal(buf_str(&o.seen), "1:0:x 1:0:y 9:0:chained 9:0:chained ");
    assert_int_equal(o.log->applied, o.log->proposed);
    end(&o);
}

static void a_burst_leaves_no_memory_behind(void **state)
{
    (void)state;
    enum { LARGE = 3 << 20 };
    struct owner o;
    begin(&o);
    o.log->apply = apply;
    uint8_t *at = stream_log_propose(o.log, 1, 0, LARGE, JOURNAL_USE_STORE);
    memset(at, 'z', LARGE);
    (void)reactor_tick(o.fake->reactor, 0);
    assert_int_equal(o.seen.len, LARGE + 5);
    propose(&o, 2, 0, "small");
    (void)reactor_tick(o.fake->reactor, 0);
    assert_string_equal(buf_str(&o.seen) + LARGE + 5, "2:0:small ");
    end(&o);
}

static void what_was_not_applied_dies_with_the_log(void **state)
{
    (void)state;
    struct owner o;
    begin(&o);
    propose(&o, 1, 0, "x");
    end(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_applied_in_order_at_the_end_of_the_tick),
        cmocka_unit_test(what_applying_proposes_is_applied_in_a_later_turn),
        cmocka_unit_test(a_burst_leaves_no_memory_behind),
        cmocka_unit_test(what_was_not_applied_dies_with_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
