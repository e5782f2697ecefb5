/* SPDX-License-Identifier: Apache-2.0 */
/* Embed_testing: a client by hand of a server in this process. Included by tests only.
 *
 * Thread: any, each with sockets of its own. Errors: what does not come as wanted fails the
 * test. */
#ifndef MIDGE_EMBED_EMBED_TESTING_H
#define MIDGE_EMBED_EMBED_TESTING_H

#include <midge.h>

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static inline int dial_port(int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static inline int dial(const struct midge *m)
{
    return dial_port(midge_client_port(m));
}

/* Reads until `end` is there; true: `wanted` stood in front of it. */
static inline bool hear_with(int fd, const char *wanted, const char *end)
{
    char text[16384];
    size_t len = 0;
    bool is_heard = false;
    for (;;) {
        if (len > sizeof text / 2) {    /* what may be a part of either stays */
            memmove(text, text + len - 64, 64);
            len = 64;
        }
        ssize_t got = recv(fd, text + len, sizeof text - 1 - len, 0);
        assert_true(got > 0);
        len += (size_t)got;
        text[len] = 0;
        is_heard |= strstr(text, wanted) != NULL;
        if (strstr(text, end) != NULL) return is_heard;
    }
}

/* Reads until `end` is there. */
static inline void hear(int fd, const char *end)
{
    (void)hear_with(fd, end, end);
}

static inline void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

#endif
