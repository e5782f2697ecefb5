/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of nats-server's binary files, one after the other, until one is not there: then the
 * cursor is bad, stays so, and every number is 0.
 *
 * Thread: any. Memory: it points into what it reads. Hostile: never reads behind `rest`. */
#ifndef MIDGE_IMPORT_NATS_CURSOR_H
#define MIDGE_IMPORT_NATS_CURSOR_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "codec/varint.h"

struct nats_cursor {
    struct slice rest;
    uint8_t      version; /* of the file, for who reads it */
    bool         is_bad;
};

static inline uint64_t nats_take(struct nats_cursor *c)
{
    uint64_t value = 0;
    if (c->is_bad || uvarint_take(&c->rest, &value) != ERR_OK) c->is_bad = true;
    return c->is_bad ? 0 : value;
}

static inline int64_t nats_take_signed(struct nats_cursor *c)
{
    int64_t value = 0;
    if (c->is_bad || varint_take(&c->rest, &value) != ERR_OK) c->is_bad = true;
    return c->is_bad ? 0 : value;
}

#endif
