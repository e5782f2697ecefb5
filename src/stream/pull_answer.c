/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/pull_answer.h"

#include "base/assert.h"
#include "json/gotime.h"

static const struct row {
    struct slice line;
    enum pull_detail detail;
} rows[] = {
#define X(name, text, detail) [PULL_##name] = { SLICE_INIT(text), PULL_DETAIL_##detail },
    PULL_STATUS_LIST(X)
#undef X
};

static void number_add(struct buf *out, int64_t number)
{
    if (number < 0) buf_add_byte(out, '-');
    buf_add_u64(out, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
    assert(out->len > 0);
}

static void header_add(struct buf *out, const char *name, int64_t number)
{
    assert(out->len > 0);
    assert(name != NULL);
    buf_add_str(out, name);
    buf_add_str(out, ": ");
    number_add(out, number);
    buf_add_str(out, "\r\n");
}

static void line_end_add(const struct pull_answer *a, enum pull_detail detail, struct buf *out)
{
    assert(out->len > 0);
    char text[GOTIME_TEXT_SIZE];
    assert(detail <= PULL_DETAIL_TEXT);
    if (detail == PULL_DETAIL_NUMBER) number_add(out, a->first);
    if (detail == PULL_DETAIL_DURATION) buf_add_str(out, gotime_duration_text(a->first, text));
    if (detail == PULL_DETAIL_TEXT) buf_add(out, a->text);
    buf_add_str(out, "\r\n");
}

enum pull_detail pull_status_detail(enum pull_status status)
{
    assert(status < PULL_STATUS_COUNT);
    static_assert(ARRAY_COUNT(rows) == PULL_STATUS_COUNT, "a row for each status");
    return rows[status].detail;
}

void pull_answer_write(const struct pull_answer *a, struct buf *out)
{
    assert(a->status < PULL_STATUS_COUNT);
    enum pull_detail detail = rows[a->status].detail;
    buf_add_str(out, "NATS/1.0 ");
    buf_add(out, rows[a->status].line);
    line_end_add(a, detail, out);
    if (detail == PULL_DETAIL_PENDING) {
        header_add(out, "Nats-Pending-Messages", a->first);
        header_add(out, "Nats-Pending-Bytes", a->second);
    }
    if (detail == PULL_DETAIL_LAST) {
        header_add(out, "Nats-Last-Consumer", a->first);
        header_add(out, "Nats-Last-Stream", a->second);
    }
    if (detail == PULL_DETAIL_LAST && a->text.len > 0) {
        buf_add_str(out, "Nats-Consumer-Stalled: ");
        buf_add(out, a->text);
        buf_add_str(out, "\r\n");
    }
    buf_add_str(out, "\r\n");
    assert(out->len > 0);
}
