/* SPDX-License-Identifier: Apache-2.0 */
/* Ws: the WebSocket filter of a server: an HTTP upgrade, then frames (RFC 6455, RFC 7692).
 *
 * What the application writes between two flushes becomes one binary message, or several: a browser
 * gets frames of at most 4096 bytes, a compressed message carries at most 64 KiB. Large output is
 * moved, not copied. Incoming frames are unmasked where they stand and handed up as they arrive,
 * without waiting for the end of a frame or message; only compressed messages are gathered first.
 *
 * Thread:  the connection's reactor. Memory: the connection owns the filter; the listener and the
 * shared part outlive it.
 * Limits:  until the upgrade at most HTTP_HEAD_MAX bytes are kept; then at most `packed_max` of a
 *          compressed message, which may grow to `message_max`. Both through the reactor's door.
 * Errors:  a refused upgrade is answered, a broken frame closed with its status; reason() tells the
 * log why. */
#ifndef MIDGE_WS_WS_H
#define MIDGE_WS_WS_H

#include <stdbool.h>

#include "net/filter.h"

struct reactor;

struct ws_header {
    const char *name;
    const char *value;
};

/* What one listener offers; a snapshot of its configuration. All texts are borrowed. */
struct ws_listener {
    bool                    tls;                /* requests come over TLS */
    bool                    compression;
    bool                    mqtt;               /* the path /mqtt is served */
    bool                    same_origin;
    const char *const      *allowed_origins;    /* "https://host:port"; the port may be missing */
    uint32_t                allowed_origins_count;
    const struct ws_header *headers;            /* added to the answer */
    uint32_t                headers_count;
    const char             *jwt_cookie;         /* names of cookies; NULL: none */
    const char             *user_cookie;
    const char             *pass_cookie;
    const char             *token_cookie;
    /* A request was refused for this reason; the same connection may ask again. NULL: a refusal
     * ends it. */
    void                  (*on_refused)(struct conn *, const char *why);
};

/* Compressors of one reactor, made when first needed. */
struct ws_shared;
struct ws_shared *ws_shared_new(void);
struct ws_shared *ws_shared_free(struct ws_shared *);       /* NULL is fine; returns NULL */

enum ws_kind { WS_KIND_CLIENT, WS_KIND_LEAF, WS_KIND_MQTT };

/* Valid during `on_upgraded`. */
struct ws_request {
    enum ws_kind kind;                          /* by the end of the path */
    struct slice jwt, user, pass, token;        /* cookies; empty when absent */
    struct slice forwarded_for;                 /* the first address of X-Forwarded-For; or empty */
};

struct ws_limits {
    uint64_t packed_max;                        /* bytes of a compressed message */
    uint64_t message_max;                       /* bytes that a compressed message may grow to */
};

/* Before authentication: room for any CONNECT, for little else. */
#define WS_LIMITS_STRANGER ((struct ws_limits){ 16 * 1024, 64 * 1024 })

/* After authentication, as nats-server: min(8 × max_payload, 64 MiB), growing to max_payload and
 * the line before it. */
struct ws_limits ws_limits_known(int64_t max_payload, uint32_t control_line_max);

/* Calls `on_upgraded` once, after the answer was queued and before any byte goes up. NULL when
 * memory is gone. */
MUST_CHECK struct filter *ws_filter_new(const struct ws_listener *, struct ws_shared *,
                                        struct reactor *,
                                        void (*on_upgraded)(struct conn *,
                                                            const struct ws_request *));

/* WS_LIMITS_STRANGER until called. */
void ws_set_limits(struct filter *, struct ws_limits);

/* The filter is one made here. */
bool ws_is(const struct filter *);

#endif
