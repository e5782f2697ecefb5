/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/command.h"

#include "base/assert.h"
#include "base/le.h"
#include "store/journal.h"

enum {
    STORE_VERSION = 0,
    STORE_FLAGS = 1,
    STORE_SUBJECT_LEN = 2,
    STORE_HEADER_LEN = 4,
    STORE_PAYLOAD_LEN = 8,
    STORE_REMOVALS = 12,
    STORE_TIME = 16,
    STORE_COMPACT = 24,
    STORE_ID = 32,
    STORE_EXPIRES = 40,
    STORE_FIXED = 48,
    STORE_THIS_VERSION = 1,
    STORE_ALL_FLAGS = STORE_ROLLUP_SUBJECT | STORE_ROLLUP_ALL,
    REMOVAL_SIZE = 8,
};
static_assert(STORE_FIXED == STORE_EXPIRES + 8, "removals stand right behind the last field");

uint32_t store_command_size(const struct store_command *c)
{
    uint64_t size = (uint64_t)STORE_FIXED + (uint64_t)c->removals_count * REMOVAL_SIZE +
                    c->subject.len + c->header.len + c->payload.len;
    assert(size <= JOURNAL_BODY_MAX);
    return (uint32_t)size;
}

static uint8_t *add(uint8_t *at, const uint8_t *bytes, size_t len)
{
    if (len > 0) memcpy(at, bytes, len);
    return at + len;
}

void store_command_write(const struct store_command *c, uint8_t *at)
{
    assert((c->flags & ~STORE_ALL_FLAGS) == 0);
    assert(c->subject.len > 0 && c->subject.len <= UINT16_MAX);
    at[STORE_VERSION] = STORE_THIS_VERSION;
    at[STORE_FLAGS] = c->flags;
    le_put_u16(at + STORE_SUBJECT_LEN, (uint16_t)c->subject.len);
    le_put_u32(at + STORE_HEADER_LEN, c->header.len);
    le_put_u32(at + STORE_PAYLOAD_LEN, c->payload.len);
    le_put_u32(at + STORE_REMOVALS, c->removals_count);
    le_put_u64(at + STORE_TIME, (uint64_t)c->time);
    le_put_u64(at + STORE_COMPACT, c->compact);
    le_put_u64(at + STORE_ID, c->id);
    le_put_u64(at + STORE_EXPIRES, (uint64_t)c->expires);
    uint8_t *to = add(at + STORE_FIXED, c->removals, (size_t)c->removals_count * REMOVAL_SIZE);
    to = add(to, c->subject.ptr, c->subject.len);
    to = add(to, c->header.ptr, c->header.len);
    to = add(to, c->payload.ptr, c->payload.len);
    assert(to == at + store_command_size(c));
}

enum err store_command_read(struct slice in, struct store_command *ret)
{
    if (in.len < STORE_FIXED) return ERR_CORRUPT;
    const uint8_t *at = in.ptr;
    if (at[STORE_VERSION] != STORE_THIS_VERSION) return ERR_CORRUPT;
    if ((at[STORE_FLAGS] & ~STORE_ALL_FLAGS) != 0) return ERR_CORRUPT;
    uint32_t subject = le_get_u16(at + STORE_SUBJECT_LEN),
             header = le_get_u32(at + STORE_HEADER_LEN);
    uint32_t payload = le_get_u32(at + STORE_PAYLOAD_LEN);
    uint32_t removals = le_get_u32(at + STORE_REMOVALS);
    uint64_t size = (uint64_t)STORE_FIXED + (uint64_t)removals * REMOVAL_SIZE + subject + header +
                    payload;
    if (size != in.len || subject == 0) return ERR_CORRUPT;
    const uint8_t *texts = at + STORE_FIXED + (size_t)removals * REMOVAL_SIZE;
    *ret = (struct store_command){
        .flags = at[STORE_FLAGS],
        .time = (nanos)le_get_u64(at + STORE_TIME),
        .compact = le_get_u64(at + STORE_COMPACT),
        .id = le_get_u64(at + STORE_ID),
        .expires = (nanos)le_get_u64(at + STORE_EXPIRES),
        .removals_count = removals,
        .removals = at + STORE_FIXED,
        .subject = { texts, subject },
        .header = { texts + subject, header },
        .payload = { texts + subject + header, payload },
    };
    return ret->time < 0 || ret->expires < 0 ? ERR_CORRUPT : ERR_OK;
}

uint64_t command_removal(const struct store_command *c, uint32_t index)
{
    assert(index < c->removals_count);
    return le_get_u64(c->removals + (size_t)index * REMOVAL_SIZE);
}
