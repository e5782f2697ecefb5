/* SPDX-License-Identifier: Apache-2.0 */
#include "os/syslog.h"

#include <arpa/inet.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static int listener(int type, char *url, size_t size)
{
    struct sockaddr_in a = { .sin_family = AF_INET };
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    if (type == SOCK_STREAM) assert_int_equal(listen(fd, 4), 0);
    (void)snprintf(url, size, "%s://127.0.0.1:%u", type == SOCK_STREAM ? "tcp" : "udp",
                   ntohs(a.sin_port));
    return fd;
}

static void expect_line(int fd, const char *pattern)
{
    char text[2048] = "";
    regex_t r;
    ssize_t len = recv(fd, text, sizeof text - 1, 0);
    assert_true(len > 0);
    assert_int_equal(regcomp(&r, pattern, REG_EXTENDED | REG_NOSUB), 0);
    if (regexec(&r, text, 0, NULL, 0) != 0) fail_msg("'%s' does not match '%s'", text, pattern);
    regfree(&r);
}

#define STAMP "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(Z|[+-][0-9]{2}:[0-9]{2})"

static void a_remote_line_has_priority_time_host_and_tag(void **state)
{
    (void)state;
    char url[64];
    int fd = listener(SOCK_DGRAM, url, sizeof url);
    struct syslog *s = NULL;
    assert_int_equal(syslog_dial(url, "midge", &s, NULL), ERR_OK);
    syslog_write(s, LOG_INFO, SLICE_LIT("Server is ready"));
    expect_line(fd, "^<5>" STAMP " [^ ]* midge\\[[0-9]+\\]: Server is ready\n$");
    syslog_write(s, LOG_FATAL, SLICE_LIT("x"));
    expect_line(fd, "^<2>");
    syslog_write(s, LOG_ERROR, SLICE_LIT("x"));
    expect_line(fd, "^<3>");
    syslog_write(s, LOG_DEBUG, SLICE_LIT("x"));
    expect_line(fd, "^<7>");
    (void)syslog_free(s);
    (void)close(fd);
}

static void tcp_carries_the_same_lines(void **state)
{
    (void)state;
    char url[64];
    int fd = listener(SOCK_STREAM, url, sizeof url);
    struct syslog *s = NULL;
    assert_int_equal(syslog_dial(url, "midge", &s, NULL), ERR_OK);
    int peer = accept(fd, NULL, NULL);
    syslog_write(s, LOG_INFO, SLICE_LIT("over tcp"));
    expect_line(peer, "^<5>" STAMP ".*: over tcp\n$");
    (void)close(peer);
    (void)syslog_free(s);
    (void)close(fd);
}

static void a_unix_socket_is_dialled_by_its_path(void **state)
{
    (void)state;
    char dir[] = "/tmp/midge-syslog-XXXXXX";
    assert_non_null(mkdtemp(dir));
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    (void)snprintf(a.sun_path, sizeof a.sun_path, "%s/log", dir);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    char url[128];
    (void)snprintf(url, sizeof url, "unix://%s", a.sun_path);
    struct syslog *s = NULL;
    assert_int_equal(syslog_dial(url, "midge", &s, NULL), ERR_OK);
    syslog_write(s, LOG_INFO, SLICE_LIT("near"));
    expect_line(fd, ": near\n$");
    (void)syslog_free(s);
    (void)close(fd);
    (void)unlink(a.sun_path);
    (void)rmdir(dir);
}

static void what_cannot_be_reached_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *text;
    } rows[] = {
        { "foo://127.0.0.1:44", "error invalid network type: \"foo\"" },
        { "udp://127.0.0.1",
          "error connecting to syslog: \"dial udp: address 127.0.0.1: missing port in address\"" },
        { "tcp://127.0.0.1:1",
          "error connecting to syslog: \"dial tcp 127.0.0.1:1: connect: connection refused\"" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct syslog *s = NULL;
        struct errmsg why;
        assert_int_not_equal(syslog_dial(rows[i].url, "midge", &s, &why), ERR_OK);
        assert_string_equal(why.text, rows[i].text);
        assert_null(s);
    }
}

static void a_dead_peer_holds_nobody_up(void **state)
{
    (void)state;
    char url[64];
    int fd = listener(SOCK_STREAM, url, sizeof url);
    struct syslog *s = NULL;
    assert_int_equal(syslog_dial(url, "midge", &s, NULL), ERR_OK);
    char big[4096];
    memset(big, 'x', sizeof big);
    for (int i = 0; i < 20000; i++) syslog_write(s, LOG_INFO, slice_of(big, sizeof big));
    (void)close(fd);
    for (int i = 0; i < 10; i++) syslog_write(s, LOG_INFO, slice_of(big, sizeof big));
    (void)syslog_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_remote_line_has_priority_time_host_and_tag),
        cmocka_unit_test(tcp_carries_the_same_lines),
        cmocka_unit_test(a_unix_socket_is_dialled_by_its_path),
        cmocka_unit_test(what_cannot_be_reached_is_told),
        cmocka_unit_test(a_dead_peer_holds_nobody_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
