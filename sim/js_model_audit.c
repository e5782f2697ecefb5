/* SPDX-License-Identifier: Apache-2.0 */
/* What a stream has, against what it must have. */
#include <string.h>

#include "base/assert.h"
#include "sim/js_model.h"

static bool is_config(const struct jm_config *c, const struct jm_told *t)
{
    return c->msgs_max == t->msgs_max && c->bytes_max == t->bytes_max &&
           c->per_subject_max == t->per_subject_max;
}

/* An update that was not answered may have come or not. */
static void resolve_config(struct jm *m, struct jm_stream *s, const struct jm_told *t)
{
    if (is_config(&s->update, t)) s->config = s->update;
    else if (is_config(&s->config, t)) s->update = s->config;
    else
        jm_fail(m, "%s: nobody has asked for its limits: %llu messages, %llu bytes, %llu each",
                s->config.name, (unsigned long long)t->msgs_max, (unsigned long long)t->bytes_max,
                (unsigned long long)t->per_subject_max);
}

void jm_audit_begin(struct jm *m, struct jm_stream *s, const struct jm_told *t)
{
    m->now++;
    s->first = t->first;
    s->last = t->last;
    s->found = s->found_bytes = 0;
    resolve_config(m, s, t);
    for (uint32_t i = 0; i < s->by_seq_cap; i++)
        if (s->by_seq[i] != NULL) s->by_seq[i]->is_found = false;
    if (t->last < s->told_last)
        jm_fail(m, "%s: its last sequence is %llu, but %llu was told before", s->config.name,
                (unsigned long long)t->last, (unsigned long long)s->told_last);
}

void jm_audit_found(struct jm *m, struct jm_stream *s, uint64_t seq, struct slice subject,
                    struct slice payload)
{
    struct jm_msg *msg = jm_shown(m, s, seq, payload);
    if (msg == NULL) return;
    if (!slice_equal_str(subject, msg->subject))
        jm_fail(m, "%s: %llu is on %.*s, not %s", s->config.name, (unsigned long long)seq,
                SLICE_ARGS(subject), msg->subject);
    const char *why = msg->is_doubled ? NULL : jm_must_be_gone(m, s, msg);
    if (why != NULL)
        jm_fail(m, "%s: %llu (message %u on %s) is there, though it %s", s->config.name,
                (unsigned long long)seq, msg->id, msg->subject, why);
    msg->is_found = true;
    s->found++;
    s->found_bytes += jm_bytes(s, msg);
    m->checked++;
}

static void check_missing(struct jm *m, struct jm_stream *s)
{
    for (uint64_t seq = 1; seq < s->by_seq_cap && !jm_failed(m); seq++) {
        const struct jm_msg *msg = s->by_seq[seq];
        if (msg == NULL || msg->is_found || msg->is_doubled) continue;
        if (jm_may_be_gone(m, s, msg)) continue;
        jm_fail(m, "%s: %llu (message %u on %s, %s) is lost", s->config.name,
                (unsigned long long)seq, msg->id, msg->subject,
                msg->fate == JM_DONE ? "acked" : "seen");
    }
}

static void check_order(struct jm *m, const struct jm_stream *s)
{
    const struct jm_msg *last[JM_CLIENTS] = { 0 };
    for (uint32_t i = 0; i < s->msgs_count; i++) {
        const struct jm_msg *msg = s->msgs[i], **before = &last[msg->client];
        if (msg->seq == 0 || msg->attempts > 1) continue;
        if (*before != NULL && (*before)->connection == msg->connection &&
            (*before)->seq > msg->seq)
            jm_fail(m, "%s: message %u is %llu, but %u, sent before it, is %llu", s->config.name,
                    msg->id, (unsigned long long)msg->seq, (*before)->id,
                    (unsigned long long)(*before)->seq);
        *before = msg;
    }
}

/* Nothing of that subject stands between what was expected and what was stored. */
static void check_expected(struct jm *m, struct jm_stream *s, const struct jm_msg *msg)
{
    if (msg->expects_last && msg->seq != msg->expected + 1)
        jm_fail(m, "%s: message %u expected %llu and is %llu", s->config.name, msg->id,
                (unsigned long long)msg->expected, (unsigned long long)msg->seq);
    if (!msg->expects_subject) return;
    for (uint64_t seq = msg->expected + 1; seq < msg->seq; seq++) {
        const struct jm_msg *o = s->by_seq[seq];
        if (o == NULL || strcmp(o->subject, msg->subject) != 0) continue;
        if (o->answered > msg->sent && o->batch != NULL) continue;
        if (jm_may_be_gone(m, s, o)) continue;
        jm_fail(m, "%s: message %u expected %llu on %s and is %llu, but %llu is between",
                s->config.name, msg->id, (unsigned long long)msg->expected, msg->subject,
                (unsigned long long)msg->seq, (unsigned long long)seq);
    }
}

static bool expects(const struct jm_msg *msg)
{
    return msg->seq != 0 && !msg->is_doubled && (msg->expects_last || msg->expects_subject);
}

static void check_number(struct jm *m, const struct jm_stream *s, const char *what, uint64_t told,
                         uint64_t is)
{
    if (told == is) return;
    jm_fail(m, "%s: tells %llu %s, but it is %llu", s->config.name, (unsigned long long)told, what,
            (unsigned long long)is);
}

static void check_limit(struct jm *m, const struct jm_stream *s, const char *what, uint64_t max,
                        uint64_t is)
{
    if (max == 0 || is <= max) return;
    jm_fail(m, "%s: has %llu %s, %llu may be", s->config.name, (unsigned long long)is, what,
            (unsigned long long)max);
}

static uint64_t count_subjects(struct jm *m, const struct jm_stream *s)
{
    uint64_t subjects = 0;
    for (int k = 'a'; k < 'a' + JM_SUBJECTS; k++) {
        uint64_t count = 0;
        for (uint32_t i = 0; i < s->by_seq_cap; i++) {
            const struct jm_msg *msg = s->by_seq[i];
            count += msg != NULL && msg->is_found && msg->subject[strlen(msg->subject) - 1] == k;
        }
        subjects += count > 0;
        check_limit(m, s, "messages on a subject", s->config.per_subject_max, count);
    }
    return subjects;
}

/* Sequences of which nobody was told are at most those whose outcome nobody knows. */
static void check_end(struct jm *m, const struct jm_stream *s)
{
    uint64_t open = 0;
    for (uint32_t i = 0; i < s->msgs_count; i++)
        open += s->msgs[i]->seq == 0 && s->msgs[i]->fate != JM_REFUSED;
    unsigned long long most = s->told_last + open;
    if (s->last > most)
        jm_fail(m, "%s: its last sequence is %llu, but only %llu can be", s->config.name,
                (unsigned long long)s->last, most);
}

void jm_audit_end(struct jm *m, struct jm_stream *s, const struct jm_told *t)
{
    uint64_t first = s->last + 1;
    m->audits++;
    check_missing(m, s);
    check_order(m, s);
    for (uint32_t i = 0; i < s->msgs_count; i++)
        if (expects(s->msgs[i])) check_expected(m, s, s->msgs[i]);
    for (uint64_t seq = s->by_seq_cap; seq > 0; seq--)
        if (s->by_seq[seq - 1] != NULL && s->by_seq[seq - 1]->is_found) first = seq - 1;
    uint64_t subjects = count_subjects(m, s);
    bool may_have_more = s->config.is_new_refused && s->is_lowered;
    check_limit(m, s, "messages", may_have_more ? 0 : s->config.msgs_max, s->found);
    check_limit(m, s, "bytes", may_have_more ? 0 : s->config.bytes_max, s->found_bytes);
    check_end(m, s);
    if (t->has_lost) jm_fail(m, "%s: tells of damage, but no bit was flipped", s->config.name);
    check_number(m, s, "messages", t->msgs, s->found);
    check_number(m, s, "bytes", t->bytes, s->found_bytes);
    if (s->found > 0) check_number(m, s, "as the first", t->first, first);
    check_number(m, s, "as deleted", t->deleted, s->found > 0 ? s->last - first + 1 - s->found : 0);
    check_number(m, s, "subjects", t->subjects, subjects);
}
