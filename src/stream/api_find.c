/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/api_find.h"

#include "base/assert.h"
#include "subject/subject.h"

/* Where the search begins. */
static enum err begin_of(struct stream *s, const struct msg_get_request *q, struct msgs_wait *wait,
                         uint64_t *ret)
{
    if (q->start_time != 0) return msgs_at_time(s->msgs, q->start_time, wait, ret);
    *ret = q->seq > 0 ? q->seq : 1;
    return ERR_OK;
}

enum err api_find(struct stream *s, const struct msg_get_request *q, struct msgs_wait *wait,
                  uint64_t *ret_sequence)
{
    bool is_last = js_text_set(q->last_by_subj), is_next = js_text_set(q->next_by_subj);
    struct slice pattern = slice_str(is_last ? q->last_by_subj : q->next_by_subj);
    const struct msgs_filter filter = { &pattern, 1 };
    uint64_t from;
    assert(!(is_last && is_next));
    if ((is_last || is_next) && !subject_valid(pattern)) return ERR_NOTFOUND;
    if (is_last) return msgs_last(s->msgs, &filter, 0, wait, ret_sequence);
    enum err e = begin_of(s, q, wait, &from);
    if (e) return e;
    if (is_next) return msgs_next(s->msgs, &filter, from, wait, ret_sequence);
    *ret_sequence = from;
    return ERR_OK;
}
