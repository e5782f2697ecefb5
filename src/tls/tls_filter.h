/* SPDX-License-Identifier: Apache-2.0 */
/* Tls_filter: the server's side of TLS on a connection.
 *
 * OpenSSL reads from the bytes that arrive and writes into the queue below, with nothing between.
 * Plaintext is gathered in the reactor's filter_buffer, up to 64 KiB a call. A step of a handshake
 * may cost a millisecond (a signature with RSA), so it is done by a worker (decision 005); what
 * comes meanwhile waits in the filter, and the socket is not read from.
 *
 * What OpenSSL holds for it counts at the reactor's door as much as was measured (tls_internal.h).
 *
 * Thread:  the connection's reactor; while a step is away OpenSSL's state is the worker's.
 * Memory:  the connection owns the filter, which holds a reference to its context. One that is
 *          freed while its step is away frees itself when that comes home.
 * Limits:  a waiting handshake keeps at most HANDSHAKE_KEPT_MAX bytes; OpenSSL keeps one record.
 * Errors:  what the peer did wrong is FILTER_FAILED; the alert is queued, reason() is for the
 * log. */
#ifndef MIDGE_TLS_TLS_FILTER_H
#define MIDGE_TLS_TLS_FILTER_H

#include "net/filter.h"
#include "tls/tls_context.h"

struct reactor;

/* NULL when memory is gone. */
MUST_CHECK struct filter *tls_filter_new(struct tls_context *, struct reactor *);

#endif
