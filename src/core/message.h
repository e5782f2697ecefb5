/* SPDX-License-Identifier: Apache-2.0 */
/* Message: one published message on its way to its sinks.
 *
 * `head`, `body` and the final CR LF are the bytes that every receiver gets behind "MSG subject sid
 * ".
 * Thread: the reactor that delivers. Memory: everything is borrowed for the delivery but `blob`. */
#ifndef MIDGE_CORE_MESSAGE_H
#define MIDGE_CORE_MESSAGE_H

#include "base/slice.h"
#include "net/outq.h"

struct account;
struct session;

struct message {
    struct account *account;
    /* on this reactor; NULL: another reactor's or the server's own */
    struct session *from;
    /* session_origin() of the publisher, on any reactor; 0: none. Mail to its reactor finds the
     * session, if it is still there, and with it name, user and address. */
    uint64_t        origin;
    struct slice    to;             /* what is looked up, when not `subject`; empty: it is */
    struct slice    subject;        /* what receivers are shown */
    struct slice    reply;          /* empty: none */
    struct slice    head;           /* "[reply ]sizes\r\n" */
    struct slice    body;           /* headers and payload; CR LF stands behind it */
    uint32_t        header_len;     /* 0: none */
    bool            is_contiguous;  /* head and body stand side by side */
    bool            is_shared;      /* several receivers are likely */
    struct blob    *blob;           /* body with CR LF, made when first shared; NULL: not yet */
};

/* Who wants this gets it. */
static inline struct slice message_target(const struct message *m)
{
    return m->to.len > 0 ? m->to : m->subject;
}

static inline struct slice message_header(const struct message *m)
{
    return slice_of(m->body.ptr, m->header_len);
}

static inline struct slice message_payload(const struct message *m)
{
    return slice_from(m->body, m->header_len);
}

#endif
