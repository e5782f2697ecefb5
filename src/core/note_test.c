/* SPDX-License-Identifier: Apache-2.0 */
#include "core/note.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/testing.h"
#include "core/core_fake.h"

#define SAYS(fields) "CONNECT {\"verbose\":false" fields "}\r\n"

static struct options *options_of(const char *text)
{
    struct options *o = testing_options(text);
    assert_non_null(o);
    return o;
}

static const char *logged(struct world *w, const char *part)
{
    return strstr(buf_str(&w->logged), part);
}

static void a_line_tells_who_the_connection_is(void **state)
{
    (void)state;
    static const struct {
        const char *config, *says, *want;
    } rows[] = {
        { "", SAYS(",\"name\":\"nm\",\"lang\":\"c\",\"version\":\"1\""),
          "127.0.0.1:1000 - cid:5 - \"v1:c:nm\" - Client Error 'x'\n" },
        { "", SAYS(",\"lang\":\"c\""), "127.0.0.1:1000 - cid:5 - \"c\" - Client Error 'x'\n" },
        { "", SAYS(""), "127.0.0.1:1000 - cid:5 - Client Error 'x'\n" },
        { "authorization { user: a, password: b }", SAYS(",\"user\":\"a\",\"pass\":\"b\""),
          "cid:5 - \"$G/user:a\" - Client Error 'x'\n" },
        { "authorization { token: a }", SAYS(",\"auth_token\":\"a\""),
          "cid:5 - \"$G/token\" - Client Error 'x'\n" },
        { "", SAYS(",\"nkey\":\"UX\""), "cid:5 - \"$G/nkey:UX\" - Client Error 'x'\n" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct world *w = world_new(1, options_of(rows[i].config));
        uint32_t c = world_accept(w, 0);
        (void)world_say(w, c, rows[i].says);
        (void)world_say(w, c, "-ERR 'x'\r\n");
        assert_non_null(logged(w, rows[i].want));
        world_free(w);
    }
}

static void a_refused_login_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *says, *want;
    } rows[] = {
        { SAYS(",\"user\":\"x\",\"pass\":\"b\""), " - authentication error - User \"x\"\n" },
        { SAYS(",\"user\":\"x\\n\\\"y\""), " - authentication error - User \"x\\n\\\"y\"\n" },
        { SAYS(",\"nkey\":\"UX\",\"user\":\"x\""), " - authentication error - Nkey \"UX\"\n" },
        { SAYS(",\"auth_token\":\"CANARY\""), " - authentication error - Token \"[REDACTED]\"\n" },
        { SAYS(",\"pass\":\"CANARY\""), " - authentication error\n" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct world *w = world_new(1, options_of("authorization { user: a, password: b }"));
        uint32_t c = world_accept(w, 0);
        (void)world_say(w, c, rows[i].says);
        assert_non_null(logged(w, rows[i].want));
        assert_null(logged(w, "CANARY"));
        world_free(w);
    }
}

static void nobody_writes_lines_of_his_own(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    atomic_store(&w->log.trace, true);
    uint32_t c = world_accept(w, 0);
    (void)world_say(w, c, SAYS(",\"name\":\"a\\nFORGED\",\"lang\":\"\\r\""));
    (void)world_say(w, c, "PUB a 15\r\nx\r\nFORGED\r\nFORG\r\n");
    (void)world_say(w, c, "-ERR 'x'\r\n");
    assert_null(logged(w, "\nFORG"));
    assert_non_null(
        logged(w, "\"\\r:a\\nFORGED\" - <<- MSG_PAYLOAD: [\"x\\r\\nFORGED\\r\\nFORG\"]\n"));
    world_free(w);
}

static void a_violation_is_told_as_tools_expect_it(void **state)
{
    (void)state;
    static const struct {
        const char *says, *want;
    } rows[] = {
        { "PUB no 1\r\nx\r\n", "Publish Violation - Subject \"no\"\n" },
        { "PUB ok _R_.a 1\r\nx\r\n", "Publish Violation - Reply \"_R_.a\"\n" },
        { "SUB no 7\r\n", "Subscription Violation - Subject \"no\", SID 7\n" },
        { "SUB no q 8\r\n", "Subscription Violation - Subject \"no\", Queue: \"q\", SID 8\n" },
        { "SUB ok 1\r\nSUB ok 2\r\n", " - maximum subscriptions exceeded\n" },
    };
    struct world *w = world_new(
        1, options_of("max_subs: 1\n"
                      "authorization { users: [ { user: a, password: b, permissions {"
                      "pub: ok, sub: ok } } ] }"));
    uint32_t c = world_accept(w, 0);
    (void)world_say(w, c, SAYS(",\"user\":\"a\",\"pass\":\"b\""));
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        (void)world_say(w, c, rows[i].says);
        assert_non_null(logged(w, rows[i].want));
    }
    world_free(w);
}

static void what_closes_a_connection_is_told_once(void **state)
{
    (void)state;
    static const struct {
        const char *says, *want;
    } rows[] = {
        { SAYS(",\"protocol\":7"), " - invalid client protocol\n" },
        { SAYS(",\"no_responders\":true"), " - no responders requires headers support\n" },
        { "SUB aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1\r\n",
          " - maximum control line exceeded\n" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct world *w = world_new(1, options_of("max_control_line: 64"));
        uint32_t c = world_accept(w, 0);
        (void)world_say(w, c, rows[i].says);
        const char *line = logged(w, rows[i].want);
        assert_non_null(line);
        assert_null(strstr(line + 1, rows[i].want));
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_tells_who_the_connection_is),
        cmocka_unit_test(a_refused_login_is_named),
        cmocka_unit_test(nobody_writes_lines_of_his_own),
        cmocka_unit_test(a_violation_is_told_as_tools_expect_it),
        cmocka_unit_test(what_closes_a_connection_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
