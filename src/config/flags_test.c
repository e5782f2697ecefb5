/* SPDX-License-Identifier: Apache-2.0 */
#include "config/flags.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "config/testing.h"

enum { ARGS_MAX = 24 };

/* Words separated by single spaces; "''" stands for an empty one. */
static struct flags parse(const char *line, struct arena *arena, struct errmsg *why)
{
    const char *argv[ARGS_MAX] = { "midge" };
    int argc = 1;
    struct slice rest = slice_str(line), word;
    while (rest.len > 0 && argc < ARGS_MAX) {
        (void)slice_cut(&rest, ' ', &word);
        argv[argc++] = slice_equal_str(word, "''") ? "" : arena_str(arena, word);
    }
    why->text[0] = '\0';
    return flags_parse(argc, argv, arena, why);
}

/* Recorded from nats-server 2.15.2. */
static const struct {
    const char       *line;
    enum flags_action action;
    const char       *why;
} cases[] = {
    { "", FLAGS_RUN, "" },
    { "-p 5", FLAGS_RUN, "" },
    { "--", FLAGS_RUN, "" },
    { "-x", FLAGS_BAD_USAGE, "flag provided but not defined: -x" },
    { "--x", FLAGS_BAD_USAGE, "flag provided but not defined: -x" },
    { "-x=5", FLAGS_BAD_USAGE, "flag provided but not defined: -x" },
    { "---x", FLAGS_BAD_USAGE, "bad flag syntax: ---x" },
    { "-=5", FLAGS_BAD_USAGE, "bad flag syntax: -=5" },
    { "-", FLAGS_FAILED, "unrecognized command: \"-\"" },
    { "-p", FLAGS_BAD_USAGE, "flag needs an argument: -p" },
    { "-p x", FLAGS_BAD_USAGE, "invalid value \"x\" for flag -p: parse error" },
    { "-p=", FLAGS_BAD_USAGE, "invalid value \"\" for flag -p: parse error" },
    { "-p 99999999999999999999", FLAGS_BAD_USAGE,
      "invalid value \"99999999999999999999\" for flag -p: value out of range" },
    { "-p 0x10 -v", FLAGS_VERSION, "" },
    { "-js=x", FLAGS_BAD_USAGE, "invalid boolean value \"x\" for -js: parse error" },
    { "-js=T -v", FLAGS_VERSION, "" },
    { "-D false -v", FLAGS_FAILED, "unrecognized command: \"false\"" },
    { "-v=false foo", FLAGS_FAILED, "unrecognized command: \"foo\"" },
    { "-D version", FLAGS_VERSION, "" },
    { "help", FLAGS_HELP, "" },
    { "-v -h", FLAGS_VERSION, "" },
    { "-h", FLAGS_HELP, "" },
    { "-h -x", FLAGS_BAD_USAGE, "flag provided but not defined: -x" },
    { "-help_tls", FLAGS_HELP_TLS, "" },
    { "-t", FLAGS_FAILED, "must specify [-c, --config] option to check configuration file syntax" },
    { "-t -c", FLAGS_BAD_USAGE, "flag needs an argument: -c" },
    { "-t -c f", FLAGS_TEST, "" },
    { "--config=f -t", FLAGS_TEST, "" },
    { "-sl reload=5", FLAGS_SIGNAL, "" },
    { "-p 5 -- -x", FLAGS_FAILED, "unrecognized command: \"-x\"" },
    { "-no_advertise=x", FLAGS_BAD_USAGE,
      "invalid boolean value \"x\" for -no_advertise: parse error" },
};

static void flags_are_read_as_go_reads_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE(arena) arena = arena_new();
        struct errmsg why;
        struct flags f = parse(cases[i].line, arena, &why);
        if (f.action != cases[i].action) print_error("%s\n", cases[i].line);
        assert_int_equal(f.action, cases[i].action);
        assert_string_equal(why.text, cases[i].why);
    }
}

static void flags_win_over_the_file(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct errmsg why;
    AUTO_FREE(options)
    o = testing_options("port: 4222\nlogtime: true\nserver_name: file\nhttp: 8222\n");
    struct flags f = parse(
        "-p -1 -T=false --name cli -m 9 -DV -user u --pass=p -js -sd /s -P /p -a ::1", arena, &why);
    assert_int_equal(f.action, FLAGS_RUN);
    assert_int_equal(flags_apply(&f, o, &why), ERR_OK);
    assert_int_equal(o->client.port, -1);
    assert_string_equal(o->client.host, "::1");
    assert_false(o->logging.logtime);
    assert_true(o->logging.debug && o->logging.trace);
    assert_string_equal(o->server_name, "cli");
    assert_int_equal(o->monitoring.http_port, 9);
    assert_string_equal(o->authorization.user, "u");
    assert_string_equal(o->authorization.pass, "p");
    assert_true(o->jetstream.enabled);
    assert_string_equal(o->jetstream.store_dir, "/s");
    assert_string_equal(o->pid_file, "/p");
}

static const struct {
    const char *line;
    const char *why;
} refused[] = {
    { "-tls", "TLS Server certificate must be present and valid" },
    { "-tlscert x", "TLS Server private key must be present and valid" },
    { "-tlsverify -tlskey x", "TLS Server certificate must be present and valid" },
    { "-tls=false", "" },
    { "-routes nats://a:5", "solicited routes require cluster capabilities, e.g. --cluster" },
    { "-cluster x", "missing port in address" },
    { "-cluster :-1", "parse \":0\": missing protocol scheme" },
    { "-cluster nats://a@127.0.0.1:-1", "expected cluster password to be set" },
    { "-cluster nats://a:b@127.0.0.1:-1 -routes nats://a:5,nats://b:6", "" },
};

static void flags_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        AUTO_FREE(arena) arena = arena_new();
        AUTO_FREE(options) o = options_new();
        struct errmsg why;
        struct flags f = parse(refused[i].line, arena, &why);
        enum err e = flags_apply(&f, o, &why);
        assert_string_equal(why.text, refused[i].why);
        assert_int_equal(e, refused[i].why[0] == '\0' ? ERR_OK : ERR_INVALID);
    }
}

static void the_cluster_url_is_taken_apart(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    AUTO_FREE(options) o = options_new();
    struct errmsg why;
    struct flags f = parse("-cluster nats://a:b@h:-1 -routes nats://x:1,nats://y:2", arena, &why);
    assert_int_equal(flags_apply(&f, o, &why), ERR_OK);
    assert_string_equal(o->cluster.listen.host, "h");
    assert_int_equal(o->cluster.listen.port, -1);
    assert_string_equal(o->cluster.authorization.pass, "b");
    assert_int_equal(o->cluster.routes.count, 2);
    assert_string_equal(o->cluster.routes.items[1], "nats://y:2");
}

static void secrets_do_not_appear_in_the_copy_of_the_command_line(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    const char *argv[] = {
        "midge", "-user", "u", "--pass=p", "-auth=t", "-routes", "nats://a:b@h:1,nats://i:2",
        "-p",    "5"
    };
    const char **copy = flags_redact(9, argv, arena);
    assert_string_equal(copy[2], "[REDACTED]");
    assert_string_equal(copy[3], "--pass=[REDACTED]");
    assert_string_equal(copy[4], "-auth=[REDACTED]");
    assert_string_equal(copy[6], "nats://[REDACTED]@h:1,nats://i:2");
    assert_string_equal(copy[8], "5");
}

static void the_usage_names_every_flag(void **state)
{
    (void)state;
    struct buf out = { 0 };
    flags_usage("midge", &out);
    static const char *const names[] = { "--addr",           "--port",     "--server_name",
                                         "--signal",         "--help_tls", "-DVV",
                                         "--cluster_listen", "--profile",  "--store_dir",
                                         "--tlscacert" };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        assert_non_null(strstr(buf_str(&out), names[i]));
    assert_non_null(strstr(buf_str(&out), "Usage: midge [options]"));
    out.len = 0;
    flags_usage_tls(&out);
    assert_non_null(strstr(buf_str(&out), "TLS_AES_128_GCM_SHA256"));
    buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_are_read_as_go_reads_them),
        cmocka_unit_test(flags_win_over_the_file),
        cmocka_unit_test(flags_that_do_not_fit_are_refused),
        cmocka_unit_test(the_cluster_url_is_taken_apart),
        cmocka_unit_test(secrets_do_not_appear_in_the_copy_of_the_command_line),
        cmocka_unit_test(the_usage_names_every_flag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
