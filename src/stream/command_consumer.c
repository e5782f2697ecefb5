/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/command_consumer.h"

#include "base/assert.h"
#include "base/le.h"

enum { VERSION = 1 };

enum {
    MADE_VERSION = 0,
    MADE_ZERO = 1,
    MADE_NAME_LEN = 2,
    MADE_CONFIG_LEN = 4,
    MADE_ID = 8,
    MADE_CREATED = 16,
    MADE_START = 24,
    MADE_LIST_END = 32,
    MADE_TEXTS = 40,
};
enum { GONE_VERSION = 0, GONE_ID = 8 };
enum { RUN_ID = 0, RUN_LEN = 8, RUN_COMMANDS = 12 };
static_assert((int)GONE_ID + 8 == (int)CONSUMER_GONE_SIZE, "the id is the last field");

/* ---- made, changed ---- */

uint32_t consumer_command_size(const struct consumer_command *c)
{
    assert(c->name.len > 0 && c->name.len <= UINT16_MAX);
    assert(c->config.len <= INT32_MAX);
    return (uint32_t)MADE_TEXTS + c->name.len + c->config.len;
}

void consumer_command_write(const struct consumer_command *c, uint8_t *at)
{
    assert(c->id != 0);
    assert(c->name.len > 0 && c->name.len <= UINT16_MAX);
    at[MADE_VERSION] = VERSION;
    at[MADE_ZERO] = 0;
    le_put_u16(at + MADE_NAME_LEN, (uint16_t)c->name.len);
    le_put_u32(at + MADE_CONFIG_LEN, c->config.len);
    le_put_u64(at + MADE_ID, c->id);
    le_put_u64(at + MADE_CREATED, (uint64_t)c->created);
    le_put_u64(at + MADE_START, c->start);
    le_put_u64(at + MADE_LIST_END, c->list_end);
    memcpy(at + MADE_TEXTS, c->name.ptr, c->name.len);
    if (c->config.len > 0) memcpy(at + MADE_TEXTS + c->name.len, c->config.ptr, c->config.len);
}

enum err consumer_command_read(struct slice in, struct consumer_command *ret)
{
    assert(ret != NULL);
    if (in.len < MADE_TEXTS || in.ptr[MADE_VERSION] != VERSION) return ERR_CORRUPT;
    if (in.ptr[MADE_ZERO] != 0) return ERR_CORRUPT;
    uint32_t name = le_get_u16(in.ptr + MADE_NAME_LEN);
    uint32_t config = le_get_u32(in.ptr + MADE_CONFIG_LEN);
    if ((uint64_t)MADE_TEXTS + name + config != in.len) return ERR_CORRUPT;
    struct consumer_command c = {
        .id = le_get_u64(in.ptr + MADE_ID),
        .created = (nanos)le_get_u64(in.ptr + MADE_CREATED),
        .start = le_get_u64(in.ptr + MADE_START),
        .list_end = le_get_u64(in.ptr + MADE_LIST_END),
        .name = slice_of(in.ptr + MADE_TEXTS, name),
        .config = slice_of(in.ptr + MADE_TEXTS + name, config),
    };
    if (c.id == 0 || name == 0) return ERR_CORRUPT;
    if (c.start >= INT64_MAX || c.list_end >= INT64_MAX) return ERR_CORRUPT;
    *ret = c;
    assert(ret->name.len > 0);
    return ERR_OK;
}

/* ---- gone ---- */

void consumer_gone_write(uint64_t id, uint8_t at[CONSUMER_GONE_SIZE])
{
    assert(id != 0);
    assert(at != NULL);
    memset(at, 0, CONSUMER_GONE_SIZE);
    at[GONE_VERSION] = VERSION;
    le_put_u64(at + GONE_ID, id);
}

enum err consumer_gone_read(struct slice in, uint64_t *ret_id)
{
    assert(ret_id != NULL);
    if (in.len != CONSUMER_GONE_SIZE || in.ptr[GONE_VERSION] != VERSION) return ERR_CORRUPT;
    for (int i = 1; i < GONE_ID; i++)
        if (in.ptr[i] != 0) return ERR_CORRUPT;
    uint64_t id = le_get_u64(in.ptr + GONE_ID);
    if (id == 0) return ERR_CORRUPT;
    *ret_id = id;
    return ERR_OK;
}

/* ---- progress ---- */

void progress_begin(struct buf *out)
{
    assert(out->len == 0);
    buf_add_byte(out, VERSION);
    assert(out->len == 1);
}

uint32_t progress_run_begin(struct buf *out, uint64_t id)
{
    assert(id != 0);
    assert(out->len > 0);
    uint32_t run = out->len;
    buf_reserve(out, RUN_COMMANDS);
    le_put_u64(out->ptr + run + RUN_ID, id);
    le_put_u32(out->ptr + run + RUN_LEN, 0);
    out->len += RUN_COMMANDS;
    return run;
}

void progress_run_end(struct buf *out, uint32_t run)
{
    assert(run > 0);
    assert(out->len > run + RUN_COMMANDS);
    le_put_u32(out->ptr + run + RUN_LEN, out->len - run - RUN_COMMANDS);
}

enum err progress_open(struct slice *in)
{
    assert(in != NULL);
    if (in->len < 1 || in->ptr[0] != VERSION) return ERR_CORRUPT;
    *in = slice_from(*in, 1);
    return ERR_OK;
}

enum err progress_next(struct slice *in, uint64_t *ret_id, struct slice *ret_commands)
{
    assert(ret_id != NULL);
    assert(ret_commands != NULL);
    if (in->len == 0) return ERR_NOTFOUND;
    if (in->len < RUN_COMMANDS) return ERR_CORRUPT;
    uint64_t id = le_get_u64(in->ptr + RUN_ID);
    uint32_t len = le_get_u32(in->ptr + RUN_LEN);
    if (id == 0 || len == 0 || len > in->len - RUN_COMMANDS) return ERR_CORRUPT;
    *ret_id = id;
    *ret_commands = slice_of(in->ptr + RUN_COMMANDS, len);
    *in = slice_from(*in, RUN_COMMANDS + len);
    return ERR_OK;
}
