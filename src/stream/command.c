/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/command.h"

#include "base/assert.h"
#include "base/le.h"
#include "store/journal.h"

enum { VERSION = 0, THIS_VERSION = 1 };

enum {
    STORE_FLAGS = 1,
    STORE_SUBJECT_LEN = 2,
    STORE_HEADER_LEN = 4,
    STORE_PAYLOAD_LEN = 8,
    STORE_ZERO = 12,
    STORE_TIME = 16,
    STORE_ID = 24,
    STORE_EXPIRES = 32,
    STORE_FIXED = 40,
    STORE_ALL_FLAGS = STORE_ROLLUP_SUBJECT | STORE_ROLLUP_ALL | STORE_FOR_EVER | STORE_SCHEDULE |
                      STORE_SCHEDULE_ENDS | STORE_SCHEDULE_MOVES | STORE_UNWANTED,
    STORE_WITH_DUE = STORE_SCHEDULE | STORE_SCHEDULE_MOVES,
    DUE_SIZE = 8,
};
static_assert(STORE_FIXED == STORE_EXPIRES + 8, "what follows stands right behind the last field");

enum { MANY_COUNT = 4, MANY_BODY_HEAD = 8 };
enum { SKIP_LAST = 8, SKIP_TIME = 16 };
enum { REMOVE_FLAGS = 1, REMOVE_COUNT = 4, REMOVE_FIXED = 8, REMOVAL_SIZE = 8 };
enum { COMPACT_FIRST = 8 };
enum { PURGE_FILTER_LEN = 4, PURGE_BELOW = 8, PURGE_KEEP = 16, PURGE_FIXED = 24 };
enum { CONFIG_ACCOUNT_LEN = 4, CONFIG_CREATED = 8, CONFIG_FIXED = 16 };

static uint8_t *add(uint8_t *at, struct slice bytes)
{
    if (bytes.len > 0) memcpy(at, bytes.ptr, bytes.len);
    return at + bytes.len;
}

static bool is_readable(struct slice in, uint32_t fixed)
{
    assert(fixed > 0);
    return in.len >= fixed && in.ptr[VERSION] == THIS_VERSION;
}

/* What no encoder fills. */
static bool are_zero(const uint8_t *at, uint32_t from, uint32_t to)
{
    assert(from < to);
    for (uint32_t i = from; i < to; i++)
        if (at[i] != 0) return false;
    return true;
}

/* ---- store ---- */

/* What stands in front of the texts. */
static uint32_t store_fixed(uint8_t flags)
{
    return STORE_FIXED + ((flags & STORE_WITH_DUE) != 0 ? DUE_SIZE : 0);
}

uint32_t store_command_size(const struct store_command *c)
{
    uint64_t size = (uint64_t)store_fixed(c->flags) + c->subject.len + c->header.len +
                    c->payload.len;
    assert(size <= JOURNAL_BODY_MAX);
    return (uint32_t)size;
}

void store_command_write(const struct store_command *c, uint8_t *at)
{
    assert((c->flags & ~STORE_ALL_FLAGS) == 0);
    assert(c->subject.len > 0 && c->subject.len <= UINT16_MAX);
    at[VERSION] = THIS_VERSION;
    at[STORE_FLAGS] = c->flags;
    le_put_u16(at + STORE_SUBJECT_LEN, (uint16_t)c->subject.len);
    le_put_u32(at + STORE_HEADER_LEN, c->header.len);
    le_put_u32(at + STORE_PAYLOAD_LEN, c->payload.len);
    le_put_u32(at + STORE_ZERO, 0);
    le_put_u64(at + STORE_TIME, (uint64_t)c->time);
    le_put_u64(at + STORE_ID, c->id);
    le_put_u64(at + STORE_EXPIRES, (uint64_t)c->expires);
    if (UNLIKELY((c->flags & STORE_WITH_DUE) != 0)) le_put_u64(at + STORE_FIXED, (uint64_t)c->due);
    (void)add(add(add(at + store_fixed(c->flags), c->subject), c->header), c->payload);
}

enum err store_command_read(struct slice in, struct store_command *ret)
{
    if (!is_readable(in, STORE_FIXED)) return ERR_CORRUPT;
    const uint8_t *at = in.ptr;
    if ((at[STORE_FLAGS] & ~STORE_ALL_FLAGS) != 0) return ERR_CORRUPT;
    if (le_get_u32(at + STORE_ZERO) != 0) return ERR_CORRUPT;
    uint32_t fixed = store_fixed(at[STORE_FLAGS]);
    const uint8_t *texts = at + fixed;
    uint32_t subject = le_get_u16(at + STORE_SUBJECT_LEN);
    uint32_t header = le_get_u32(at + STORE_HEADER_LEN);
    uint32_t payload = le_get_u32(at + STORE_PAYLOAD_LEN);
    if (subject == 0 || (uint64_t)fixed + subject + header + payload != in.len) return ERR_CORRUPT;
    *ret = (struct store_command){
        .flags = at[STORE_FLAGS],
        .time = (nanos)le_get_u64(at + STORE_TIME),
        .id = le_get_u64(at + STORE_ID),
        .expires = (nanos)le_get_u64(at + STORE_EXPIRES),
        .due = fixed > STORE_FIXED ? (nanos)le_get_u64(at + STORE_FIXED) : 0,
        .subject = { texts, subject },
        .header = { texts + subject, header },
        .payload = { texts + subject + header, payload },
    };
    return ret->time < 0 || ret->expires < 0 ? ERR_CORRUPT : ERR_OK;
}

/* ---- several ---- */

uint32_t store_many_size(uint32_t count, uint64_t bodies)
{
    assert(count > 0);
    uint64_t size = (uint64_t)STORE_MANY_HEAD + (uint64_t)count * MANY_BODY_HEAD + bodies;
    assert(size <= JOURNAL_BODY_MAX);
    return (uint32_t)size;
}

void store_many_begin(uint8_t *at, uint32_t count)
{
    assert(count > 0);
    memset(at, 0, STORE_MANY_HEAD);
    at[VERSION] = THIS_VERSION;
    le_put_u32(at + MANY_COUNT, count);
}

uint8_t *store_many_add(uint8_t *at, uint32_t *offset, uint32_t body_len)
{
    assert(*offset >= STORE_MANY_HEAD);
    uint8_t *head = at + *offset;
    le_put_u32(head, body_len);
    le_put_u32(head + 4, 0);
    *offset += MANY_BODY_HEAD + body_len;
    return head + MANY_BODY_HEAD;
}

/* The body at `*at`, which moves behind it. False: it is cut, or has no head. */
static bool many_body(struct slice in, uint32_t *at, struct slice *ret)
{
    if (in.len - *at < MANY_BODY_HEAD) return false;
    uint32_t len = le_get_u32(in.ptr + *at);
    if (len > in.len - *at - MANY_BODY_HEAD || le_get_u32(in.ptr + *at + 4) != 0) return false;
    *ret = slice_of(in.ptr + *at + MANY_BODY_HEAD, len);
    *at += MANY_BODY_HEAD + len;
    return true;
}

enum err store_many_check(struct slice in, uint32_t *ret_count)
{
    if (!is_readable(in, STORE_MANY_HEAD)) return ERR_CORRUPT;
    uint32_t count = le_get_u32(in.ptr + MANY_COUNT), at = STORE_MANY_HEAD;
    if (count == 0 || !are_zero(in.ptr, VERSION + 1, MANY_COUNT)) return ERR_CORRUPT;
    for (uint32_t i = 0; i < count; i++) {
        struct slice body;
        struct store_command c;
        if (!many_body(in, &at, &body) || store_command_read(body, &c) != ERR_OK)
            return ERR_CORRUPT;
    }
    if (at != in.len) return ERR_CORRUPT;
    *ret_count = count;
    return ERR_OK;
}

bool store_many_next(struct slice in, uint32_t *at, struct store_command *ret)
{
    struct slice body;
    if (*at == 0) *at = STORE_MANY_HEAD;
    if (*at == in.len) return false;
    bool is_whole = many_body(in, at, &body);
    assert(is_whole);
    enum err e = store_command_read(body, ret);
    assert(e == ERR_OK);
    return true;
}

/* ---- skip ---- */

void skip_command_write(const struct skip_command *c, uint8_t *at)
{
    assert(c->last > 0);
    assert(c->time >= 0);
    memset(at, 0, SKIP_SIZE);
    at[VERSION] = THIS_VERSION;
    le_put_u64(at + SKIP_LAST, c->last);
    le_put_u64(at + SKIP_TIME, (uint64_t)c->time);
}

enum err skip_command_read(struct slice in, struct skip_command *ret)
{
    if (!is_readable(in, SKIP_SIZE) || in.len != SKIP_SIZE) return ERR_CORRUPT;
    if (!are_zero(in.ptr, VERSION + 1, SKIP_LAST)) return ERR_CORRUPT;
    *ret = (struct skip_command){
        .last = le_get_u64(in.ptr + SKIP_LAST),
        .time = (nanos)le_get_u64(in.ptr + SKIP_TIME),
    };
    return ret->last == 0 || ret->time < 0 ? ERR_CORRUPT : ERR_OK;
}

/* ---- remove, compact ---- */

uint32_t remove_command_size(uint32_t count)
{
    assert(count > 0);
    assert((uint64_t)count * REMOVAL_SIZE + REMOVE_FIXED <= JOURNAL_BODY_MAX);
    return REMOVE_FIXED + count * REMOVAL_SIZE;
}

void remove_command_begin(uint8_t *at, uint8_t flags, uint32_t count)
{
    assert(count > 0);
    assert((flags & ~REMOVE_ERASE) == 0);
    memset(at, 0, REMOVE_FIXED);
    at[VERSION] = THIS_VERSION;
    at[REMOVE_FLAGS] = flags;
    le_put_u32(at + REMOVE_COUNT, count);
}

void remove_command_set(uint8_t *at, uint32_t index, uint64_t sequence)
{
    assert(index < le_get_u32(at + REMOVE_COUNT));
    assert(sequence > 0);
    le_put_u64(at + REMOVE_FIXED + (size_t)index * REMOVAL_SIZE, sequence);
}

enum err remove_command_read(struct slice in, struct remove_command *ret)
{
    if (!is_readable(in, REMOVE_FIXED)) return ERR_CORRUPT;
    uint32_t count = le_get_u32(in.ptr + REMOVE_COUNT);
    if (count == 0 || (uint64_t)REMOVE_FIXED + (uint64_t)count * REMOVAL_SIZE != in.len)
        return ERR_CORRUPT;
    if ((in.ptr[REMOVE_FLAGS] & ~REMOVE_ERASE) != 0) return ERR_CORRUPT;
    if (!are_zero(in.ptr, REMOVE_FLAGS + 1, REMOVE_COUNT)) return ERR_CORRUPT;
    struct remove_command c = { in.ptr[REMOVE_FLAGS], count, in.ptr + REMOVE_FIXED };
    for (uint32_t i = 0; i < count; i++)
        if (remove_command_get(&c, i) == 0) return ERR_CORRUPT;
    *ret = c;
    return ERR_OK;
}

uint64_t remove_command_get(const struct remove_command *c, uint32_t index)
{
    assert(index < c->count);
    return le_get_u64(c->sequences + (size_t)index * REMOVAL_SIZE);
}

void compact_command_write(uint64_t first, uint8_t *at)
{
    assert(first > 0);
    memset(at, 0, COMPACT_SIZE);
    at[VERSION] = THIS_VERSION;
    le_put_u64(at + COMPACT_FIRST, first);
}

enum err compact_command_read(struct slice in, uint64_t *ret_first)
{
    if (!is_readable(in, COMPACT_SIZE) || in.len != COMPACT_SIZE) return ERR_CORRUPT;
    if (!are_zero(in.ptr, VERSION + 1, COMPACT_FIRST)) return ERR_CORRUPT;
    uint64_t first = le_get_u64(in.ptr + COMPACT_FIRST);
    if (first == 0) return ERR_CORRUPT;
    *ret_first = first;
    return ERR_OK;
}

/* ---- purge ---- */

uint32_t purge_command_size(const struct purge_command *c)
{
    assert(c->filter.len <= UINT16_MAX);
    return PURGE_FIXED + c->filter.len;
}

void purge_command_write(const struct purge_command *c, uint8_t *at)
{
    assert(c->filter.len <= UINT16_MAX);
    memset(at, 0, PURGE_FIXED);
    at[VERSION] = THIS_VERSION;
    le_put_u32(at + PURGE_FILTER_LEN, c->filter.len);
    le_put_u64(at + PURGE_BELOW, c->below);
    le_put_u64(at + PURGE_KEEP, c->keep);
    (void)add(at + PURGE_FIXED, c->filter);
}

enum err purge_command_read(struct slice in, struct purge_command *ret)
{
    if (!is_readable(in, PURGE_FIXED)) return ERR_CORRUPT;
    uint32_t len = le_get_u32(in.ptr + PURGE_FILTER_LEN);
    if (len > UINT16_MAX || PURGE_FIXED + len != in.len) return ERR_CORRUPT;
    if (!are_zero(in.ptr, VERSION + 1, PURGE_FILTER_LEN)) return ERR_CORRUPT;
    *ret = (struct purge_command){
        .below = le_get_u64(in.ptr + PURGE_BELOW),
        .keep = le_get_u64(in.ptr + PURGE_KEEP),
        .filter = { in.ptr + PURGE_FIXED, len },
    };
    return ERR_OK;
}

/* ---- configuration ---- */

uint32_t config_command_size(const struct config_command *c)
{
    uint64_t size = (uint64_t)CONFIG_FIXED + c->account.len + c->json.len;
    assert(size <= JOURNAL_BODY_MAX);
    return (uint32_t)size;
}

void config_command_write(const struct config_command *c, uint8_t *at)
{
    assert(c->account.len > 0 && c->json.len > 0);
    assert(c->created >= 0);
    memset(at, 0, CONFIG_FIXED);
    at[VERSION] = THIS_VERSION;
    le_put_u32(at + CONFIG_ACCOUNT_LEN, c->account.len);
    le_put_u64(at + CONFIG_CREATED, (uint64_t)c->created);
    (void)add(add(at + CONFIG_FIXED, c->account), c->json);
}

enum err config_command_read(struct slice in, struct config_command *ret)
{
    if (!is_readable(in, CONFIG_FIXED)) return ERR_CORRUPT;
    uint32_t account = le_get_u32(in.ptr + CONFIG_ACCOUNT_LEN);
    if (account == 0 || account >= in.len - CONFIG_FIXED) return ERR_CORRUPT;
    if (!are_zero(in.ptr, VERSION + 1, CONFIG_ACCOUNT_LEN)) return ERR_CORRUPT;
    *ret = (struct config_command){
        .created = (nanos)le_get_u64(in.ptr + CONFIG_CREATED),
        .account = { in.ptr + CONFIG_FIXED, account },
        .json = slice_from(in, CONFIG_FIXED + account),
    };
    return ret->created < 0 ? ERR_CORRUPT : ERR_OK;
}
