/* SPDX-License-Identifier: Apache-2.0 */
/* Http over libevent, on a thread of its own. The thread exists between start and stop only.
 *
 * Thread:  as env/http.h. A reply travels to the http thread through a locked queue and an eventfd.
 * Memory:  a request is owned here from its arrival until the http thread has taken its reply;
 *          those never answered are freed by os_http_free().
 * Limits:  HTTP_CONNECTIONS_MAX connections, further ones wait in the listen queue; request heads
 * of
 *          1 MiB that arrive within 5 s; bodies are read up to 1 MiB and dropped; a connection that
 *          is idle or takes no reply for 60 s is cut. */
#ifndef MIDGE_OS_HTTP_H
#define MIDGE_OS_HTTP_H

#include "env/http.h"
#include "os/roster.h"

enum { HTTP_CONNECTIONS_MAX = 256 };

struct http *os_http_new(struct roster *);      /* NULL: the thread stands nowhere */
struct http *os_http_free(struct http *);       /* stops it; NULL is fine; returns NULL */

#endif
