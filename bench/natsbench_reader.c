/* SPDX-License-Identifier: Apache-2.0 */
#include "natsbench_reader.h"

#include <errno.h>
#include <string.h>

#include "natsbench_util.h"

void reader_init(struct reader *r, struct conn *conn)
{
    *r = (struct reader){ .conn = conn, .buffer = xalloc(1, READER_BYTES) };
}

bool reader_fill(struct reader *r, enum reader_wait wait)
{
    memmove(r->buffer, r->buffer + r->at, r->have - r->at);
    r->have -= r->at;
    r->at = 0;
    if (r->have == READER_BYTES) die("a message is too long for the reader");
    char *end = r->buffer + r->have;
    size_t room = READER_BYTES - r->have;
    ssize_t got = wait == READER_WAIT ? conn_read_wait(r->conn, end, room)
                                      : conn_read(r->conn, end, room);
    if (got < 0) return false;
    r->have += (size_t)got;
    return true;
}

static void control_line(struct reader *r, const char *line, size_t len)
{
    errno = 0;
    if (len >= 4 && memcmp(line, "PING", 4) == 0) conn_send(r->conn, "PONG\r\n", 6);
    if (len >= 4 && (memcmp(line, "-ERR", 4) == 0 || memcmp(line, "HMSG", 4) == 0))
        die("unexpected: %.*s", (int)len, line);
}

static size_t number_of(const char *digit)
{
    size_t number = 0;
    for (; *digit >= '0' && *digit <= '9'; digit++) number = number * 10 + (size_t)(*digit - '0');
    return number;
}

/* "MSG subject sid [reply] size" and "HMSG subject sid [reply] headers size": words from the left,
 * the sizes are the last. m->payload stands at the line's end already. */
static void parse_line(const char *line, const char *end, struct message *m)
{
    const char *word[6];
    size_t words = 0, sizes = *line == 'H' ? 2 : 1;
    for (const char *at = line; at != NULL && at < end && words < 6;) {
        word[words++] = at;
        at = memchr(at, ' ', (size_t)(end - at));
        if (at != NULL) at++;
    }
    if (words < 3 + sizes) die("unexpected: %.*s", (int)(end - line), line);
    bool has_reply = words == 4 + sizes;
    m->subject = word[1];
    m->reply = has_reply ? word[3] : NULL;
    m->reply_len = has_reply ? (size_t)(word[4] - word[3]) - 1 : 0;
    m->headers_len = sizes == 2 ? number_of(word[words - 2]) : 0;
    m->headers = sizes == 2 ? m->payload : NULL;
    m->payload_len = number_of(word[words - 1]) - m->headers_len;
    m->payload += m->headers_len;
}

static bool is_message(const struct reader *r, const char *line, size_t len)
{
    if (len < 6) return false;
    return memcmp(line, "MSG ", 4) == 0 || (r->takes_headers && memcmp(line, "HMSG ", 5) == 0);
}

bool reader_next(struct reader *r, struct message *m)
{
    for (;;) {
        char *line = r->buffer + r->at;
        size_t left = r->have - r->at;
        char *eol = memchr(line, '\n', left);
        if (eol == NULL) return false;
        size_t line_len = (size_t)(eol + 1 - line);
        if (!is_message(r, line, line_len)) {
            control_line(r, line, line_len);
            r->at += line_len;
            continue;
        }
        m->payload = eol + 1;
        parse_line(line, eol - 1, m);
        size_t body_len = m->headers_len + m->payload_len + 2;
        if (left - line_len < body_len) return false;
        r->at += line_len + body_len;
        return true;
    }
}
