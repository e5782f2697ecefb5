/* SPDX-License-Identifier: Apache-2.0 */
/* Handshake: judges the request for an upgrade to WebSocket and writes the answer.
 *
 * Thread: any; pure. Memory: what is returned points into the request or is static; answers are
 * added to the caller's buffer. Status codes, reasons and the order of headers are those of
 * nats-server. */
#ifndef MIDGE_WS_HANDSHAKE_H
#define MIDGE_WS_HANDSHAKE_H

#include "base/buf.h"
#include "base/units.h"
#include "wire/http.h"
#include "ws/ws.h"

/* Each reason begins so, as in the log of nats-server. */
#define WS_REFUSED "websocket handshake error: "

struct ws_agreement {
    const char *refused;        /* why not; NULL: upgraded */
    uint32_t    status;         /* of the refusal */
    bool        compression;
    bool        no_masking;
    bool        browser;        /* wants small frames */
    bool        safari;         /* …but not compressed ones */
};

/* Judges a request that is well-formed HTTP. Fills the request for core when upgraded. */
struct ws_agreement ws_handshake_judge(const struct ws_listener *, const struct http_head *,
                                       struct ws_request *ret_request);

/* 101, or what the agreement says of the refusal. `wall` is for the Date of a refusal. */
void ws_handshake_answer(const struct ws_listener *, const struct http_head *,
                         const struct ws_agreement *, nanos wall, struct buf *out);

/* The refusal of what is not well-formed; returns the reason for the log. */
const char *ws_handshake_answer_bad(enum http_verdict, struct buf *out);

#endif
