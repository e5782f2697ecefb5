/* SPDX-License-Identifier: Apache-2.0 */
#include "core/password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/test_options.h"
#include "core/core_fake.h"

#define HASH_OF_S3CRET "$2a$04$ou8P/2wOR4bI1q0LpXmW/O0CShP.itrZqLL1BbNb5CGrjo7piZVEC"
#define RIGHT "CONNECT {\"verbose\":false,\"user\":\"a\",\"pass\":\"s3cret\"}\r\n"
#define WRONG "CONNECT {\"verbose\":false,\"user\":\"a\",\"pass\":\"secret\"}\r\n"

static struct options *one_user(const char *pass)
{
    struct options *o = options_new();
    (void)test_user(o, "a", pass);
    return o;
}

static void a_client_waits_for_the_answer_and_others_do_not(void **state)
{
    (void)state;
    struct world *w = world_new(1, one_user(HASH_OF_S3CRET));
    uint32_t c = world_accept(w, 0), other = world_accept(w, 0);
    assert_string_equal(world_say(w, c, RIGHT "PING\r\n"), "");
    assert_string_equal(world_say(w, other, "PING\r\n"), "-ERR 'Authorization Violation'\r\n");
    world_work(w);
    assert_string_equal(world_take(w, c), "PONG\r\n");
    world_free(w);
}

static void a_wrong_password_is_refused_when_the_answer_comes(void **state)
{
    (void)state;
    struct world *w = world_new(1, one_user(HASH_OF_S3CRET));
    uint32_t c = world_accept(w, 0);
    assert_string_equal(world_say(w, c, WRONG "PING\r\n"), "");
    assert_false(world_is_closed(w, c));
    world_work(w);
    assert_string_equal(world_take(w, c), "-ERR 'Authorization Violation'\r\n");
    assert_true(world_is_closed(w, c));
    world_free(w);
}

/* The answer finds the session it was asked for, whatever became of its client. */
static void who_leaves_meanwhile_is_forgotten_only_with_the_answer(void **state)
{
    (void)state;
    struct world *w = world_new(1, one_user(HASH_OF_S3CRET));
    const struct door *door = &w->fake->reactor->door;
    uint32_t calm = world_accept(w, 0);
    uint64_t before = door->bytes;
    uint32_t c = world_accept(w, 0);
    (void)world_say(w, c, RIGHT);
    session_close(world_session(w, c), CLOSE_KICKED);
    world_run(w);
    assert_true(world_is_closed(w, c));
    assert_true(door->bytes >= before + sizeof(struct session));
    world_work(w);
    world_run(w);
    assert_true(door->bytes <= before);
    assert_false(world_is_closed(w, calm));
    world_free(w);
}

static void rules_that_came_meanwhile_decide(void **state)
{
    (void)state;
    static const struct {
        const char *pass, *want;
    } rows[] = {
        { "s3cret", "PONG\r\n" },
        { "other", "-ERR 'Authorization Violation'\r\n" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct world *w = world_new(1, one_user(HASH_OF_S3CRET));
        uint32_t c = world_accept(w, 0);
        (void)world_say(w, c, RIGHT "PING\r\n");
        core_reload(w->core, world_settings(w, one_user(rows[i].pass)));
        world_run(w);
        assert_string_equal(world_take(w, c), "");
        world_work(w);
        assert_string_equal(world_take(w, c), rows[i].want);
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_waits_for_the_answer_and_others_do_not),
        cmocka_unit_test(a_wrong_password_is_refused_when_the_answer_comes),
        cmocka_unit_test(who_leaves_meanwhile_is_forgotten_only_with_the_answer),
        cmocka_unit_test(rules_that_came_meanwhile_decide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
