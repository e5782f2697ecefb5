/* SPDX-License-Identifier: Apache-2.0 */
/* Takes MSG lines with their payload out of a connection's bytes, and HMSG lines where the owner
 * sets `takes_headers`. PINGs are answered, other control lines are skipped, -ERR and an HMSG that
 * nobody asked for end the benchmark.
 *
 * Thread:  the connection's.
 * Memory:  a message points into the reader's buffer until the next reader_fill.
 * Limits:  a message fits in READER_BYTES.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "natsbench_conn.h"

#define READER_BYTES (1 << 17)

struct reader {
    struct conn *conn;
    bool takes_headers;
    char *buffer;               /* private from here */
    size_t have;
    size_t at;
};

struct message {
    const char *subject;        /* up to the next space */
    const char *reply;          /* NULL: none */
    size_t reply_len;
    const char *headers;        /* with their last empty line; NULL: none */
    size_t headers_len;
    const char *payload;        /* with its CRLF */
    size_t payload_len;         /* without */
};

enum reader_wait { READER_NOW, READER_WAIT };

void reader_init(struct reader *, struct conn *);
bool reader_fill(struct reader *, enum reader_wait);        /* false: the peer closed */
bool reader_next(struct reader *, struct message *);        /* false: nothing whole left */
