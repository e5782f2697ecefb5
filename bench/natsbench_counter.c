/* SPDX-License-Identifier: Apache-2.0 */
#include "natsbench_counter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "natsbench_util.h"

void counter_init(struct counter *c, const struct options *o)
{
    const char *form = o->is_raw ? "PUB %s %u\r\n" : "MSG %s 1 %u\r\n";
    int head = snprintf(NULL, 0, form, o->subject, o->payload_len);
    *c = (struct counter){ .is_raw = o->is_raw };
    c->msg_bytes = (uint64_t)head + o->payload_len + 2;
    c->left = c->is_raw ? c->msg_bytes : 0;
}

/* A relay mixes publishers at any byte, so only the sum of bytes means something there. */
static void feed_raw(struct counter *c, size_t len)
{
    uint64_t total = c->msg_bytes - c->left + len;
    c->msgs += total / c->msg_bytes;
    c->left = c->msg_bytes - total % c->msg_bytes;
}

/* One byte of a control line; returns whether that completes a PING. */
static bool feed_line(struct counter *c, char byte)
{
    if (c->line_len < sizeof c->line) c->line[c->line_len++] = byte;
    if (byte != '\n') return false;
    if (c->line_len >= 4 && memcmp(c->line, "-ERR", 4) == 0) {
        errno = 0;
        die("a subscriber got %.*s", (int)c->line_len, c->line);
    }
    bool is_ping = c->line_len == 6 && memcmp(c->line, "PING\r\n", 6) == 0;
    c->line_len = 0;
    return is_ping;
}

uint32_t counter_feed(struct counter *c, const char *data, size_t len)
{
    uint32_t pings = 0;
    if (c->is_raw) {
        feed_raw(c, len);
        return 0;
    }
    for (size_t at = 0; at < len;) {
        if (c->left == 0 && (c->line_len > 0 || data[at] != 'M')) {
            pings += feed_line(c, data[at++]);
            continue;
        }
        if (c->left == 0) c->left = c->msg_bytes;
        uint64_t part = len - at < c->left ? len - at : c->left;
        c->left -= part;
        c->msgs += c->left == 0;
        at += part;
    }
    return pings;
}
