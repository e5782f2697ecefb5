/* SPDX-License-Identifier: Apache-2.0 */
/* The public header, used as a program would: it includes nothing else of ours. */
#include "embed/embed_testing.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ARGUMENTS_MAX = 8 };

static struct midge *make(const char *const *arguments, char *error)
{
    struct midge_setup setup = { .size = sizeof setup, .argv = arguments };
    while (setup.argc < ARGUMENTS_MAX && arguments[setup.argc] != NULL) setup.argc++;
    error[0] = 0;
    return midge_new(&setup, error, MIDGE_ERROR_SIZE);
}

static struct midge *started(void)
{
    static const char *const arguments[ARGUMENTS_MAX] = { "test", "-a",        "127.0.0.1", "-p",
                                                          "-1",   "-l",        "/dev/null", NULL };
    char error[MIDGE_ERROR_SIZE];
    struct midge *m = make(arguments, error);
    assert_non_null(m);
    assert_int_equal(midge_wish(m), MIDGE_WANTS_SERVER);
    assert_int_equal(midge_client_port(m), 0);
    assert_int_equal(midge_configure(m, error, sizeof error), MIDGE_OK);
    assert_int_equal(midge_start(m, error, sizeof error), MIDGE_OK);
    assert_true(midge_client_port(m) > 0);
    return m;
}

static void a_message_goes_through_a_server_in_this_process(void **state)
{
    (void)state;
    struct midge *m = started();
    int fd = dial(m);
    say(fd, "CONNECT {}\r\nSUB a 1\r\nPUB a 2\r\nhi\r\nPING\r\n");
    hear(fd, "MSG a 1 2\r\nhi\r\n");
    (void)close(fd);
    midge_free(m);
}

static void two_servers_live_side_by_side(void **state)
{
    (void)state;
    struct midge *a = started(), *b = started();
    assert_int_not_equal(midge_client_port(a), midge_client_port(b));
    int fd = dial(b);
    midge_free(a);
    say(fd, "PING\r\n");
    hear(fd, "PONG\r\n");
    midge_free(b);
    char byte;
    while (recv(fd, &byte, 1, 0) > 0) continue;     /* closed by the server */
    (void)close(fd);
}

static void *stop_it(void *server)
{
    midge_stop(server);
    return NULL;
}

static void a_stop_from_another_thread_ends_the_run(void **state)
{
    (void)state;
    struct midge *m = started();
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, stop_it, m), 0);
    assert_int_equal(midge_run(m), 0);
    assert_int_equal(pthread_join(t, NULL), 0);
    midge_free(m);
}

static void a_drain_without_clients_ends_the_run(void **state)
{
    (void)state;
    struct midge *m = started();
    midge_drain(m);
    assert_int_equal(midge_run(m), 0);
    midge_free(m);
}

static void without_a_file_there_is_nothing_to_reload(void **state)
{
    (void)state;
    char error[MIDGE_ERROR_SIZE];
    struct midge *m = started();
    assert_int_equal(midge_reload(m, error, sizeof error), MIDGE_FAILED);
    assert_string_equal(error,
                        "can only reload config when a file is provided using -c or --config");
    midge_free(m);
}

static void a_port_in_use_fails_the_start(void **state)
{
    (void)state;
    struct midge *first = started();
    char port[16], error[MIDGE_ERROR_SIZE];
    (void)snprintf(port, sizeof port, "%d", midge_client_port(first));
    const char *const arguments[ARGUMENTS_MAX] = { "test", "-a",        "127.0.0.1", "-p",
                                                   port,   "-l",        "/dev/null", NULL };
    struct midge *m = make(arguments, error);
    assert_int_equal(midge_configure(m, error, sizeof error), MIDGE_OK);
    assert_int_equal(midge_start(m, error, sizeof error), MIDGE_FAILED);
    assert_non_null(strstr(error, "address already in use"));
    midge_free(m);
    midge_free(first);
}

static void the_version_is_told_without_a_server(void **state)
{
    (void)state;
    static const char *const arguments[ARGUMENTS_MAX] = { "test", "-v", NULL };
    char error[MIDGE_ERROR_SIZE];
    struct midge *m = make(arguments, error);
    assert_int_equal(midge_wish(m), MIDGE_WANTS_TEXT);
    assert_non_null(strstr(midge_text(m), midge_version()));
    assert_int_equal(strncmp(midge_text(m), "nats-server: v2.", 16), 0);
    midge_free(m);
}

static void a_wrong_flag_is_told(void **state)
{
    (void)state;
    static const char *const arguments[ARGUMENTS_MAX] = { "test", "-nonsense", NULL };
    char error[MIDGE_ERROR_SIZE];
    struct midge *m = make(arguments, error);
    assert_non_null(m);
    assert_int_equal(midge_wish(m), MIDGE_WANTS_USAGE);
    assert_string_equal(error, "flag provided but not defined: -nonsense");
    midge_free(m);
    midge_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_goes_through_a_server_in_this_process),
        cmocka_unit_test(two_servers_live_side_by_side),
        cmocka_unit_test(a_stop_from_another_thread_ends_the_run),
        cmocka_unit_test(a_drain_without_clients_ends_the_run),
        cmocka_unit_test(without_a_file_there_is_nothing_to_reload),
        cmocka_unit_test(a_port_in_use_fails_the_start),
        cmocka_unit_test(the_version_is_told_without_a_server),
        cmocka_unit_test(a_wrong_flag_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
