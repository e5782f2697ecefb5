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

static void a_stranger_is_but_an_address(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    uint32_t c = world_accept(w, 0);
    note_stranger(world_session(w, c), "websocket handshake error: key missing");
    assert_non_null(logged(w, "127.0.0.1:1000 - websocket handshake error: key missing\n"));
    world_free(w);
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
        { "SUB a.b.c 9\r\n",
          "Subscription Violation Too Many Tokens - Subject \"a.b.c\", SID 9\n" },
        { "SUB ok 1\r\nSUB ok 2\r\n", " - maximum subscriptions exceeded\n" },
    };
    struct world *w = world_new(
        1, options_of("max_subs: 1\n"
                      "max_sub_tokens: 2\n"
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

static void what_cannot_be_parsed_is_told_as_tools_expect_it(void **state)
{
    (void)state;
    static const struct {
        const char *says, *want;
    } rows[] = {
        { "PUB a b c 3\r\n", " - processPub Parse Error: \"a b c 3\"\n" },
        { "PUB a\t-1\r\n", " - processPub Bad or Missing Size: \"a\\t-1\"\n" },
        { "HPUB a 3\r\n", " - processHeaderPub Parse Error: \"a 3\"\n" },
        { "HPUB a x 3\r\n", " - processHeaderPub Bad or Missing Header Size: \"a x 3\"\n" },
        { "HPUB a 3 x\r\n", " - processHeaderPub Bad or Missing Total Size: \"a 3 x\"\n" },
        { "HPUB a 5 3\r\n", " - processHeaderPub Header Size larger then TotalSize: \"a 5 3\"\n" },
        { "CONNECT {\"headers\":false}\r\nHPUB a 3 5\r\n", " - message headers not supported\n" },
        { "SUB a\r\n", " - processSub Parse Error: \"a\"\n" },
        { "UNSUB 1 2 3\r\n", " - processUnsub Parse Error: \"1 2 3\"\n" },
        { "PUB a 11\r\n", " - maximum payload exceeded: 11 vs 10\n" },
        { "HPUB a r 3 \t 0012 \r\n", " - maximum payload exceeded: 12 vs 10\n" },
        { "HELLO\r\n", " - Client parser ERROR: proto='\"HELLO\\r\\n\"'...\n" },
        { "PUB a 1\r\nab\r\n", " - Client parser ERROR: proto='\"PUB a 1\\r\\nab\\r\\n\"'...\n" },
        { "GET /a/very/long/path/of/some/page HTTP/1.1\r\n",
          " - Client parser ERROR: proto='\"GET /a/very/long/path/of/some/pa\"'...\n" },
        { "CONNECT {\r\n", " - unexpected end of JSON input\n" },
        { "CONNECT x\r\n", " - invalid character 'x' looking for beginning of value\n" },
        { "CONNECT {} x\r\n", " - invalid character 'x' after top-level value\n" },
        { "CONNECT []\r\n", " - CONNECT: not an object\n" },
        { "CONNECT {\"echo\":1}\r\n", " - CONNECT: field \"echo\" has a wrong type or value\n" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct world *w = world_new(1, options_of("max_payload: 10"));
        uint32_t c = world_accept(w, 0);
        (void)world_say(w, c, SAYS(",\"headers\":true"));
        (void)world_say(w, c, rows[i].says);
        assert_non_null(logged(w, rows[i].want));
        assert_true(world_is_closed(w, c));
        world_free(w);
    }
}

/* What came stands in the trace although it is no operation; an empty payload does not. */
static void a_trace_shows_what_cannot_be_parsed(void **state)
{
    (void)state;
    struct world *w = world_new(1, NULL);
    atomic_store(&w->log.trace, true);
    uint32_t c = world_accept(w, 0);
    (void)world_say(w, c, SAYS("") "PUB a 0\r\n\r\nPUB a 1\r\nx\r\nSUB a\r\n");
    assert_non_null(logged(w, " - <<- [PUB a 0]\n"));
    assert_null(logged(w, "MSG_PAYLOAD: [\"\"]"));
    assert_non_null(logged(w, "MSG_PAYLOAD: [\"x\"]"));
    assert_non_null(logged(w, " - <<- [SUB a]\n"));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_tells_who_the_connection_is),
        cmocka_unit_test(a_refused_login_is_named),
        cmocka_unit_test(a_stranger_is_but_an_address),
        cmocka_unit_test(nobody_writes_lines_of_his_own),
        cmocka_unit_test(a_violation_is_told_as_tools_expect_it),
        cmocka_unit_test(what_closes_a_connection_is_told_once),
        cmocka_unit_test(what_cannot_be_parsed_is_told_as_tools_expect_it),
        cmocka_unit_test(a_trace_shows_what_cannot_be_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
