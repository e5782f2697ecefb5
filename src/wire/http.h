/* SPDX-License-Identifier: Apache-2.0 */
/* Http: the head of an HTTP/1.x request, as far as a WebSocket handshake needs it.
 *
 * Thread: any; pure. Memory: all slices point into the bytes given, nothing is copied; while the
 * verdict is
 * MORE the caller offers the same bytes again with more behind them.
 * Limits: HTTP_HEAD_MAX bytes, HTTP_HEADERS_MAX headers. */
#ifndef MIDGE_WIRE_HTTP_H
#define MIDGE_WIRE_HTTP_H

#include <stdbool.h>

#include "base/slice.h"

/* A user's JWT may ride in a cookie, beside those of the page. */
enum { HTTP_HEAD_MAX = 16 * 1024, HTTP_HEADERS_MAX = 100 };

enum http_verdict {
    HTTP_MORE,
    HTTP_OK,
    HTTP_BAD,                   /* answer 400 */
    HTTP_TOO_LARGE,             /* answer 431 */
    HTTP_VERSION,               /* answer 505 */
};

struct http_header {
    struct slice name;
    struct slice value;         /* without blanks at its ends */
};

struct http_head {
    struct slice       method;
    struct slice       target;          /* as sent */
    struct slice       path;            /* without scheme, host and query */
    /* of the target when it names one, else of the Host header */
    struct slice       host;
    bool               has_host;
    bool               is_old;          /* HTTP/1.0 */
    uint32_t           consumed;
    uint32_t           headers_count;
    struct http_header headers[HTTP_HEADERS_MAX];
};

/* `*ret` holds what was read so far on any verdict but OK. */
enum http_verdict http_parse(struct slice in, struct http_head *ret);

/* Headers match without regard to case. The first of that name; an empty slice when absent. */
struct slice http_header(const struct http_head *, const char *name);
/* One of the comma-separated values of any header of that name is `token`, without regard to case;
 * parameters behind a ';' count as values too when `with_parameters`. */
bool http_has_token(const struct http_head *, const char *name, const char *token,
                    bool with_parameters);
/* The peer asks for nothing behind this: "Connection: close", or an old one that does not say
 * "keep-alive". */
bool http_is_last(const struct http_head *);
/* Value of the first cookie of that name (case matters); false when absent. */
bool http_cookie(const struct http_head *, struct slice name, struct slice *ret_value);

#endif
