/* SPDX-License-Identifier: Apache-2.0 */
#include "core/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/core_fake.h"

static void what_is_reserved_is_refused_and_not_delivered(void **state)
{
    (void)state;
    static const struct {
        const char *frame, *want;
    } rows[] = {
        { "PUB _GR_.x 1\r\nx\r\n", "-ERR 'Permissions Violation for Publish to \"_GR_.x\"'\r\n" },
        { "PUB $GR.x 1\r\nx\r\n", "-ERR 'Permissions Violation for Publish to \"$GR.x\"'\r\n" },
        { "PUB a _R_.x 1\r\nx\r\n",
          "-ERR 'Permissions Violation for Publish with Reply of \"_R_.x\"'\r\n" },
        { "PUB a $JS.ACK.x 1\r\nx\r\n",
          "-ERR 'Permissions Violation for Publish with Reply of \"$JS.ACK.x\"'\r\n" },
    };
    struct world *w = world_new(1, NULL);
    uint32_t c = world_client(w, 0), other = world_client(w, 0);
    (void)world_say(w, other, "SUB > 1\r\n");
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_string_equal(world_say(w, c, rows[i].frame), rows[i].want);
    assert_string_equal(world_take(w, other), "");
    assert_int_equal(world_session(w, c)->in_msgs, ARRAY_COUNT(rows)); /* counted all the same */
    world_free(w);
}

static void a_pedantic_client_is_told_of_an_odd_subject(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    uint32_t c = world_accept(w, 0);
    (void)world_say(w, c, "CONNECT {\"verbose\":false,\"pedantic\":true}\r\n");
    assert_string_equal(world_say(w, c, "PUB a.* 1\r\nx\r\n"),
                        "-ERR 'Invalid Publish Subject'\r\n");
    assert_false(world_is_closed(w, c));
    world_free(w);
}

/* A refusal that waits holds its client longer than a stall would. */
static void a_stall_does_not_end_a_longer_pause(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    struct session *s = world_session(w, world_client(w, 0));
    conn_pause(&s->conn, NANOS_MAX);
    s->stall_due = true;
    session_stall(s);
    w->fake->now += SECOND;
    world_run(w);
    assert_true(s->conn.paused);
    assert_false(s->stall_due);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_reserved_is_refused_and_not_delivered),
        cmocka_unit_test(a_pedantic_client_is_told_of_an_odd_subject),
        cmocka_unit_test(a_stall_does_not_end_a_longer_pause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
