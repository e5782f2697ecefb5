/* SPDX-License-Identifier: Apache-2.0 */
/* A file (RFC 8536) has a head and a body for machines of 32 bits, then both again for 64 bits, and
 * the rule between two line ends. A head, big-endian:
 *
 *    0  4  "TZif"
 *    4  1  version, '2' or later
 *   20  4  isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt: 4 bytes each
 *
 * A body: timecnt moments, timecnt bytes that say which type of time begins then, typecnt types (4
 * bytes of offset, 1 whether it is summer time, 1 we do not need), and what we skip: charcnt bytes,
 * leapcnt leap seconds, isstdcnt and isutcnt bytes. Moments have 4 bytes in the first body, 8 in
 * the second, leap seconds 4 more. */
#include "stream/zone.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/compiler.h"
#include "stream/zone_rule.h"

enum { HEAD = 44, TYPE = 6, OFFSET_MAX = 26 * 3600 };

struct change {
    int64_t moment;
    uint8_t type;
};

/* Big-endian, which nothing else in the tree is. */
static uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint64_t get_u64(const uint8_t *at)
{
    return (uint64_t)get_u32(at) << 32 | get_u32(at + 4);
}

struct zone {
    struct zone_rule rule;
    bool has_rule;
    uint32_t changes_count;
    int32_t before; /* the offset before the first change */
    int32_t offsets[256];
    struct change changes[];
};

struct head {
    uint32_t isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt;
};

/* Cuts a head off and checks that its body of `size` is there. */
static bool head_take(struct slice *s, uint32_t moment_size, struct head *ret, uint32_t *ret_size)
{
    if (s->len < HEAD || memcmp(s->ptr, "TZif", 4) != 0 || s->ptr[4] < '2') return false;
    uint32_t counts[6];
    for (int i = 0; i < 6; i++) {
        counts[i] = get_u32(s->ptr + 20 + 4 * i);
        if (counts[i] > s->len) return false;
    }
    assert(moment_size == 4 || moment_size == 8);
    *ret = (struct head){ counts[0], counts[1], counts[2], counts[3], counts[4], counts[5] };
    *s = slice_from(*s, HEAD);
    /* counts are at most ZONE_FILE_MAX, so this does not overflow */
    uint32_t size = ret->timecnt * (moment_size + 1) + ret->typecnt * TYPE + ret->charcnt +
                    ret->leapcnt * (moment_size + 4) + ret->isstdcnt + ret->isutcnt;
    *ret_size = size;
    return size <= s->len;
}

/* The offset that holds before the first change: of the first type, when no change leads to it, or
 * of the first that is not summer time. (Go does the same.) */
static int32_t offset_before(const struct zone *z, const uint8_t *types, uint32_t typecnt)
{
    bool is_used = false;
    assert(typecnt > 0);
    assert(typecnt <= 256);
    for (uint32_t i = 0; i < z->changes_count; i++) is_used = is_used || z->changes[i].type == 0;
    if (!is_used) return z->offsets[0];
    assert(z->changes_count > 0);
    assert(z->changes[0].type < typecnt);
    if (types[(size_t)z->changes[0].type * TYPE + 4] != 0)
        for (int i = z->changes[0].type - 1; i >= 0; i--)
            if (types[i * TYPE + 4] == 0) return z->offsets[i];
    for (uint32_t i = 0; i < typecnt; i++)
        if (types[(size_t)i * TYPE + 4] == 0) return z->offsets[i];
    return z->offsets[0];
}

static bool body_read(struct zone *z, struct slice body, const struct head *h)
{
    assert(h->typecnt <= ARRAY_COUNT(z->offsets));
    assert(body.len >= h->timecnt * 9 + h->typecnt * TYPE);
    const uint8_t *kinds = body.ptr + (size_t)h->timecnt * 8, *types = kinds + h->timecnt;
    for (uint32_t i = 0; i < h->typecnt; i++) {
        int32_t offset = (int32_t)get_u32(types + (size_t)i * TYPE);
        if (offset > OFFSET_MAX || offset < -OFFSET_MAX) return false;
        z->offsets[i] = offset;
    }
    for (uint32_t i = 0; i < h->timecnt; i++) {
        int64_t moment = (int64_t)get_u64(body.ptr + (size_t)i * 8);
        if (kinds[i] >= h->typecnt) return false;
        if (i > 0 && moment <= z->changes[i - 1].moment) return false;
        z->changes[i] = (struct change){ .moment = moment, .type = kinds[i] };
    }
    z->changes_count = h->timecnt;
    z->before = offset_before(z, types, h->typecnt);
    return true;
}

enum err zone_parse(struct slice file, struct zone **ret_zone)
{
    struct head h;
    uint32_t size;
    if (file.len > ZONE_FILE_MAX) return ERR_LIMIT;
    if (!head_take(&file, 4, &h, &size)) return ERR_INVALID;
    file = slice_from(file, size);
    if (!head_take(&file, 8, &h, &size)) return ERR_INVALID;
    if (h.typecnt == 0 || h.typecnt > 256) return ERR_INVALID;
    struct slice body = slice_first(file, size), rule = slice_from(file, size);

    struct zone *z = xcalloc(1, sizeof *z + h.timecnt * sizeof z->changes[0]);
    if (!body_read(z, body, &h)) {
        zone_free(z);
        return ERR_INVALID;
    }
    if (rule.len > 2 && rule.ptr[0] == '\n' && rule.ptr[rule.len - 1] == '\n') {
        struct slice text = slice_from(slice_first(rule, rule.len - 1), 1);
        z->has_rule = zone_rule_parse(text, &z->rule);
    }
    *ret_zone = z;
    return ERR_OK;
}

struct zone *zone_free(struct zone *z)
{
    xfree(z);
    return NULL;
}

int32_t zone_offset(const struct zone *z, int64_t utc_seconds)
{
    uint32_t low = 0, high = z->changes_count;
    if (high == 0) return z->has_rule ? zone_rule_offset(&z->rule, utc_seconds) : z->before;
    if (utc_seconds < z->changes[0].moment) return z->before;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (z->changes[middle].moment <= utc_seconds) low = middle;
        else high = middle;
    }
    assert(high == low + 1);
    assert(z->changes[low].moment <= utc_seconds);
    if (high == z->changes_count && z->has_rule) return zone_rule_offset(&z->rule, utc_seconds);
    return z->offsets[z->changes[low].type];
}

int64_t zone_utc(const struct zone *z, int64_t local_seconds)
{
    assert(local_seconds > INT64_MIN / 2);
    assert(local_seconds < INT64_MAX / 2);
    int64_t guess = local_seconds - zone_offset(z, local_seconds);
    return local_seconds - zone_offset(z, guess);
}

static bool name_is_safe(struct slice name)
{
    if (name.len == 0 || name.len > ZONE_NAME_MAX) return false;
    for (uint32_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool is_digit = c >= '0' && c <= '9';
        if (!is_letter && !is_digit && memchr("/_+-.", c, 5) == NULL) return false;
        if (c == '.' && i > 0 && name.ptr[i - 1] == '.') return false; /* leads up */
    }
    return name.ptr[0] != '/';
}

static enum err utc_new(struct zone **ret_zone)
{
    *ret_zone = xcalloc(1, sizeof **ret_zone); /* no changes, no rule, nothing to add */
    return ERR_OK;
}

enum err zone_load(const struct zone_source *source, struct slice name, struct zone **ret_zone)
{
    if (!name_is_safe(name)) return ERR_NOTFOUND;
    if (slice_equal_str(name, "UTC")) return utc_new(ret_zone);
    char path[ZONE_NAME_MAX + 1];
    assert(name.len < sizeof path);
    memcpy(path, name.ptr, name.len);
    path[name.len] = '\0';
    struct buf file = { 0 };
    enum err e = source->read(source->ctx, path, &file);
    if (!e) e = zone_parse(buf_slice(&file), ret_zone);
    buf_deinit(&file);
    bool is_known = e != ERR_NOTFOUND && e != ERR_INVALID && e != ERR_LIMIT;
    if (!is_known && slice_equal_str(name, ZONE_LOCAL)) return utc_new(ret_zone);
    return is_known ? e : ERR_NOTFOUND;
}
