/* SPDX-License-Identifier: Apache-2.0 */
/* A client's connection over TCP, TLS or WebSocket: bytes of the NATS protocol in and out.
 *
 * Thread:  one thread sends, one (maybe the same) receives; over TLS both must be the same.
 * Memory:  conn_open's result is freed by conn_close (NULL is fine).
 * Errors:  anything unexpected ends the benchmark, but for the peer's close, which conn_read
 * reports.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "natsbench.h"

struct conn;

/* TCP only, from one of 200 loopback addresses by `index` (so that ports do not run out); -1 with
 * errno when refused. */
int tcp_dial(const struct options *, uint32_t index);

/* Up to and including the first PONG. */
struct conn *conn_open(const struct options *, uint32_t index);
struct conn *conn_close(struct conn *);

/* The line that a client of these options says first. */
size_t conn_hello(const struct options *, char *line, size_t size);

int conn_fd(const struct conn *);

/* Sends all; over WebSocket as one frame. */
void conn_send(struct conn *, const char *data, size_t len);
void conn_print(struct conn *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* For senders that repeat themselves: conn_prepare writes to `out` (room for len + WS_HEAD_MAX)
 * what conn_send_prepared will send as it is. */
size_t conn_prepare(const struct conn *, char *out, const char *data, size_t len);
void conn_send_prepared(struct conn *, const char *data, size_t len);

/* What has come: > 0 bytes, 0 nothing now, -1 closed. conn_read_wait waits for at least one
 * byte. */
ssize_t conn_read(struct conn *, char *buffer, size_t size);
ssize_t conn_read_wait(struct conn *, char *buffer, size_t size);
bool conn_has_pending(struct conn *);       /* read again before polling */

/* Sends PING and swallows everything up to its PONG; an -ERR ends the benchmark. */
void conn_ping_pong(struct conn *);
