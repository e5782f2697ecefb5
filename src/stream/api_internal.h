/* SPDX-License-Identifier: Apache-2.0 */
/* What api.c and api_answer.c share: the queues. */
#ifndef MIDGE_STREAM_API_INTERNAL_H
#define MIDGE_STREAM_API_INTERNAL_H

#include "stream/api.h"

/* Each request is in one of the lists, from api_take() until it is freed. */
struct api_queue {
    struct jetstream *js;
    struct turn       turn;
    struct list       at_once;          /* API_AT_ONCE */
    struct list       ready;            /* have waited, and go on */
    struct list       calls;
    struct list       looks;            /* API_LOOKS */
    struct list       kept;             /* being handled, or waiting */
    uint32_t          calls_count, looks_count;
    bool              calls_over, looks_over;   /* over the limit since the last turn */
    uint32_t          inflight;         /* in all lists */
};

/* What one call needs. */
struct api_row {
    api_handler *handle;                /* NULL: nobody answers */
    uint32_t     flags;
};
const struct api_row *api_row(enum js_api);

/* Waits over: its `then` is called in the next turn. */
void api_ready(struct api_request *);
/* Calls the handler, unless the request is refused or must wait. */
void api_dispatch(struct api_request *);
void api_request_free(struct api_request *);
void api_wait_init(struct api_request *);
void api_wait_cancel(struct api_request *);

#endif
