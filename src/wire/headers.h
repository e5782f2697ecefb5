/* SPDX-License-Identifier: Apache-2.0 */
/* Headers: the block of header lines in front of a payload, "NATS/1.0\r\nName: value\r\n\r\n".
 *
 * Nobody has checked a block that a client sent. It is read as nats-server reads it: lines end with
 * CR LF, the first one is not looked at, a name is what stands before the first ':' and is compared
 * byte by byte, blanks in front of a value do not count, and of several lines with one name the
 * first counts. The end may be missing.
 *
 * Thread:  any; pure. Memory: what is read points into the block. Changes are appended to a buffer
 *          that is not the block; nothing is appended where nothing is left ("no headers").
 * Writing: CR and LF in a name or a value become blanks, so that one header stays one. */
#ifndef MIDGE_WIRE_HEADERS_H
#define MIDGE_WIRE_HEADERS_H

#include "base/buf.h"
#include "base/slice.h"

struct header {
    struct slice name;
    struct slice value;
};

/* for (uint32_t at = 0; headers_next(block, &at, &header);) …  Lines without ':' are left out. */
bool headers_next(struct slice block, uint32_t *at, struct header *ret_header);

bool headers_find(struct slice block, struct slice name, struct slice *ret_value);

/* Finds several in one pass: ret_values[i] is that of names[i], or has a NULL `ptr` when it is
 * absent. Returns how many are there. */
uint32_t headers_scan(struct slice block, const struct slice *names, uint32_t count,
                      struct slice *ret_values);

struct headers_change {
    bool strip_status;          /* "NATS/1.0 503 Oh" becomes "NATS/1.0" */
    const struct slice *remove; /* all lines with one of these names */
    uint32_t remove_count;
    const struct slice *prefixes; /* all lines that begin so */
    uint32_t prefixes_count;
    const struct header *add; /* behind those that stay */
    uint32_t add_count;
};

/* `block` may be empty. A block that is changed and has no lines left is not appended. */
void headers_change(struct slice block, const struct headers_change *, struct buf *out);

/* Gives the first line of that name another value, or adds one at the end. */
void headers_set(struct slice block, const struct header *, struct buf *out);

/* "NATS/1.0 404 Message Not Found\r\n", `extra`, "\r\n". */
struct headers_status {
    uint32_t code;
    const char *text; /* may be empty */
    const struct header *extra;
    uint32_t extra_count;
};
void headers_status_add(const struct headers_status *, struct buf *out);

#endif
