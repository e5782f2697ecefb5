/* SPDX-License-Identifier: Apache-2.0 */
/* Proxy: the header in which a load balancer names the client (PROXY protocol, versions 1 and 2).
 *
 * Thread: any; pure. Memory: nothing is kept; while the verdict is MORE the caller offers the same
 * bytes again with more behind them. The verdict does not depend on how the bytes were cut.
 * Limits: a header is at most PROXY_V1_MAX or PROXY_V2_MAX bytes; a longer one is BAD. */
#ifndef MIDGE_WIRE_PROXY_H
#define MIDGE_WIRE_PROXY_H

#include <stdbool.h>

#include "base/slice.h"

/* 107: the specification. Version 2 may carry 64 KiB of extensions; nobody's need is near 4 KiB,
 * and a stranger's bytes wait in memory until the header is whole. */
enum { PROXY_V1_MAX = 107, PROXY_V2_HEAD = 16, PROXY_V2_MAX = 4096 };

enum proxy_verdict {
    PROXY_MORE,                 /* may become a header */
    PROXY_NONE,                 /* not a header: the bytes are the client's */
    PROXY_BAD,                  /* `why` says what is wrong */
    PROXY_OK,
};

struct proxy_head {
    uint32_t    consumed;       /* length of the header */
    /* false (LOCAL, UNKNOWN): the address of the socket is the client's */
    bool        known;
    bool        v6;
    uint8_t     ip[16];         /* the client's, network order; IPv4 uses the first 4 bytes */
    uint16_t    port;
    const char *why;            /* of BAD; static, as nats-server words it */
};

enum proxy_verdict proxy_parse(struct slice in, struct proxy_head *ret);

#endif
