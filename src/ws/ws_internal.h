/* SPDX-License-Identifier: Apache-2.0 */
/* The filter's state, for the files that implement ws.h.
 *
 * Thread and memory: as ws.h. */
#ifndef MIDGE_WS_WS_INTERNAL_H
#define MIDGE_WS_WS_INTERNAL_H

#include "codec/deflate.h"
#include "net/conn.h"
#include "net/reactor.h"
#include "wire/websocket.h"
#include "ws/ws.h"

struct ws_shared {
    struct deflater *deflater;
    struct inflater *inflater;
    bool             inflating;
};

enum ws_state {
    WS_STATE_HANDSHAKE,
    WS_STATE_OPEN,
    WS_STATE_CLOSED,            /* a close frame or a refusal was queued; nothing goes either way */
};

enum { WS_MAGIC = 0x57530001 };

struct ws_filter {
    struct filter             filter;
    uint32_t                  magic;
    enum ws_state             state;
    const struct ws_listener *listener;
    struct ws_shared         *shared;
    struct door              *door;
    void                    (*on_upgraded)(struct conn *, const struct ws_request *);
    struct ws_limits          limits;
    const char               *reason;

    struct ws_frame           frame;            /* the one being read */
    uint64_t                  left;             /* of its payload; 0: a head comes next */
    bool                      in_message;       /* more frames of the message follow */
    bool                      packed;           /* the message is compressed */
    bool                      compression;      /* agreed */
    bool                      no_masking;
    bool                      browser;
    bool                      safari;
    uint8_t                   part_len;
    uint8_t                   part[WS_HEAD_MAX];        /* a head that is cut */
    uint8_t                   control_len;
    /* payload of a control frame; later an error's text */
    uint8_t                   control[WS_CONTROL_MAX];
    uint8_t                  *kept;             /* a request or a compressed message that is cut */
    uint32_t                  kept_len;
    uint32_t                  kept_cap;
    uint8_t                  *later;            /* frames that wait for the end of a pause */
    uint32_t                  later_len;
};

struct ws_filter *ws_from(struct filter *);

/* The queue that the filter writes to when it answers by itself. */
struct outq *ws_below(struct ws_filter *, struct conn *);

/* What is kept of a cut request or message. */
bool ws_keep(struct ws_filter *, struct slice);         /* false: the door refuses */
void ws_keep_drop(struct ws_filter *);

/* Output (ws_output.c). All return false when the door refuses. */
bool ws_write_pending(struct ws_filter *, struct conn *, struct outq *below);
bool ws_write_control(struct ws_filter *, struct conn *, uint8_t opcode, struct slice payload);
/* What is pending, then a close frame; nothing goes out after it. */
bool ws_write_close(struct ws_filter *, struct conn *, uint16_t status, struct slice text);

/* Input (ws_input.c): frames, once the state is OPEN. */
enum filter_verdict ws_read_frames(struct ws_filter *, struct conn *, struct slice in);

#endif
