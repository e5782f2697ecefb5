/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/pull_request.h"

#include <string.h>

#include "base/assert.h"
#include "json/request.h"
#include "stream/text_trim.h"

/* clang-format off */
#define AT(field) JSON_AT(struct pull_request, field)
static const struct json_field group_fields[] = {
    { "group",           AT(group),           JSON_SLICE, 0, NULL, "a group of the consumer" },
    { "min_pending",     AT(min_pending),     JSON_I64,   0, NULL, "overflow: at so many to come" },
    { "min_ack_pending", AT(min_ack_pending), JSON_I64,   0, NULL, "or at so many unacked ones" },
    { "id",              AT(id),              JSON_SLICE, 0, NULL, "pinned client: the pin" },
    { "priority",        AT(priority),        JSON_GOINT, 0, NULL, "0 comes first, 9 last" },
};
static const struct json_table group_table =
    JSON_NAMED_TABLE(struct pull_request, group_fields, "PriorityGroup");

static const struct json_field request_fields[] = {
    { "expires",        AT(expires),   JSON_NANOS,   0, NULL, "how long it may wait" },
    { "batch",          AT(batch),     JSON_GOINT,   0, NULL, "how many messages" },
    { "max_bytes",      AT(max_bytes), JSON_GOINT,   0, NULL, "how many bytes" },
    { "no_wait",        AT(no_wait),   JSON_BOOLEAN, 0, NULL, "only what is there" },
    { "idle_heartbeat", AT(heartbeat), JSON_NANOS,   0, NULL, "a sign of life at least so often" },
    { "PriorityGroup",  0, sizeof(struct pull_request), JSON_EMBED, 0, &group_table, "" },
};
static const struct json_table request_table =
    JSON_NAMED_TABLE(struct pull_request, request_fields, "JSApiConsumerGetNextRequest");
#undef AT
/* clang-format on */

static bool refuse(struct pull_answer *ret_refusal, enum pull_status status, int64_t first)
{
    assert(ret_refusal != NULL);
    assert(status < PULL_STATUS_COUNT);
    *ret_refusal = (struct pull_answer){ .status = status, .first = first };
    return false;
}

/* ---- the plain form ---- */

/* Takes `byte` and the blanks before it off the front. */
static bool take(struct slice *s, uint8_t byte)
{
    uint32_t at = 0;
    while (at < s->len &&
           (s->ptr[at] == ' ' || s->ptr[at] == '\t' || s->ptr[at] == '\r' || s->ptr[at] == '\n'))
        at++;
    if (at == s->len || s->ptr[at] != byte) return false;
    *s = slice_from(*s, at + 1);
    return true;
}

/* A whole number that surely fits, not below 0. What follows it is the caller's to judge. */
static bool take_number(struct slice *s, int64_t *ret)
{
    uint32_t at = 0;
    int64_t value = 0;
    while (at < s->len && s->ptr[at] == ' ') at++;
    uint32_t first = at;
    for (; at < s->len && at - first < 18 && s->ptr[at] >= '0' && s->ptr[at] <= '9'; at++)
        value = value * 10 + (s->ptr[at] - '0');
    if (at == first || (s->ptr[first] == '0' && at > first + 1)) return false;
    *s = slice_from(*s, at);
    *ret = value;
    return true;
}

static bool take_word(struct slice *s, struct slice word)
{
    while (s->len > 0 && s->ptr[0] == ' ') *s = slice_from(*s, 1);
    if (!slice_starts(*s, word)) return false;
    *s = slice_from(*s, word.len);
    return true;
}

/* The value of this field, of one of the types of plain fields. */
static bool take_value(struct slice *s, const struct json_field *f, struct pull_request *ret)
{
    uint8_t *at = (uint8_t *)ret + f->offset;
    int64_t number;
    if (f->type == JSON_BOOLEAN) {
        bool is_true = take_word(s, SLICE_LIT("true"));
        if (!is_true && !take_word(s, SLICE_LIT("false"))) return false;
        memcpy(at, &is_true, sizeof is_true);
        return true;
    }
    assert(f->type == JSON_NANOS || f->type == JSON_GOINT);
    if (!take_number(s, &number)) return false;
    memcpy(at, &number, sizeof number);
    return true;
}

static const struct json_field *plain_field(struct slice name)
{
    for (size_t i = 0; i < ARRAY_COUNT(request_fields); i++)
        if (request_fields[i].type != JSON_EMBED && slice_equal_str(name, request_fields[i].name))
            return &request_fields[i];
    return NULL;
}

/* What clients send is nearly always one object of a few plain names with small numbers: it is read
 * here, at a tenth of what a tree of it costs. False: it is something else, maybe wrong, and goes
 * the long way, which must read the same in what is plain. */
static bool plain_read(struct slice text, struct pull_request *ret)
{
    struct pull_request q = { .is_object = true };
    struct slice name;
    if (!take(&text, '{')) return false;
    bool is_over = take(&text, '}');
    while (!is_over) {
        if (!take(&text, '"') || !slice_cut(&text, '"', &name)) return false;
        const struct json_field *f = plain_field(name);
        if (f == NULL || !take(&text, ':') || !take_value(&text, f, &q)) return false;
        is_over = take(&text, '}');
        if (!is_over && !take(&text, ',')) return false;
    }
    if (text.len > 0) return false;
    *ret = q;
    return true;
}

static bool object_read(struct slice text, struct arena *arena, struct pull_request *ret,
                        struct pull_answer *ret_refusal)
{
    assert(text.len > 0 && text.ptr[0] == '{');
    const struct json_request q = { &request_table, text, JSON_REQUEST_PLAIN };
    struct pull_request request = { .is_object = true };
    struct errmsg why;
    if (!plain_read(text, &request) && json_request_read(&q, arena, &request, &why)) {
        (void)refuse(ret_refusal, PULL_BAD_JSON, 0);
        ret_refusal->text = arena_slice(arena, slice_str(why.text));
        return false;
    }
    bool is_big = request.heartbeat > 0 && request.heartbeat > request.expires / 2;
    if (is_big) return refuse(ret_refusal, PULL_BIG_HEARTBEAT, 0);
    assert(request.is_object);
    *ret = request;
    return true;
}

bool pull_request_read(struct slice body, struct arena *arena, struct pull_request *ret,
                       struct pull_answer *ret_refusal)
{
    assert(arena != NULL);
    struct slice text = text_trim(body);
    if (text.len > 0 && text.ptr[0] == '{') return object_read(text, arena, ret, ret_refusal);
    int64_t batch = 1;
    if (!slice_to_i64(text, &batch)) batch = 1;
    *ret = (struct pull_request){ .batch = batch };
    assert(!ret->is_object);
    return true;
}

static bool has_group(const struct pull_caps *caps, struct slice group)
{
    assert(group.len > 0);
    assert(caps->groups_count == 0 || caps->groups != NULL);
    for (uint32_t i = 0; i < caps->groups_count; i++)
        if (slice_equal(caps->groups[i], group)) return true;
    return false;
}

static bool group_judge(const struct pull_request *q, const struct pull_caps *caps,
                        struct pull_answer *ret_refusal)
{
    assert(ret_refusal != NULL);
    assert(q->is_object);
    bool has_min = q->min_pending != 0 || q->min_ack_pending != 0;
    if (has_min && caps->policy != PULL_OVERFLOW) return refuse(ret_refusal, PULL_NOT_OVERFLOW, 0);
    if (q->id.len > 0 && caps->policy != PULL_PINNED_CLIENT)
        return refuse(ret_refusal, PULL_NOT_PINNED, 0);
    if (q->priority < 0 || q->priority > 9) return refuse(ret_refusal, PULL_BAD_PRIORITY, 0);
    if (caps->policy == PULL_ANYONE) return true;
    if (q->group.len == 0) return refuse(ret_refusal, PULL_NO_GROUP, 0);
    if (!has_group(caps, q->group)) return refuse(ret_refusal, PULL_BAD_GROUP, 0);
    return true;
}

bool pull_request_judge(const struct pull_request *q, const struct pull_caps *caps,
                        struct pull_answer *ret_refusal)
{
    assert(ret_refusal != NULL);
    assert(caps->policy <= PULL_PRIORITIZED);
    if (caps->max_batch > 0 && q->batch > caps->max_batch)
        return refuse(ret_refusal, PULL_MAX_BATCH, caps->max_batch);
    if (caps->max_expires > 0 && q->expires > caps->max_expires)
        return refuse(ret_refusal, PULL_MAX_EXPIRES, caps->max_expires);
    if (caps->max_bytes > 0 && q->max_bytes > caps->max_bytes)
        return refuse(ret_refusal, PULL_MAX_BYTES, caps->max_bytes);
    return !q->is_object || group_judge(q, caps, ret_refusal);
}
