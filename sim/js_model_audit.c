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

/* Updates that were not answered may have come or not, which only the server can tell. */
static void resolve_config(struct jm *m, struct jm_stream *s, const struct jm_told *t)
{
    const struct jm_config *is = is_config(&s->config, t) ? &s->config : NULL;
    for (uint32_t i = 0; i < s->doubted_count && is == NULL; i++)
        if (is_config(&s->doubted[i], t)) is = &s->doubted[i];
    if (is == NULL && is_config(&s->update, t)) is = &s->update;
    if (is != NULL) s->config = s->update = *is;
    else
        jm_fail(m, "%s: nobody has asked for its limits: %llu messages, %llu bytes, %llu each",
                s->config.name, (unsigned long long)t->msgs_max, (unsigned long long)t->bytes_max,
                (unsigned long long)t->per_subject_max);
    s->doubted_count = 0;
}

void jm_audit_begin(struct jm *m, struct jm_stream *s, const struct jm_told *t)
{
    m->now++;
    s->first = t->first;
    s->last = t->last;
    s->found = s->found_bytes = 0;
    s->lost_count = 0;
    resolve_config(m, s, t);
    for (uint32_t i = 0; i < s->by_seq_cap; i++)
        if (s->by_seq[i] != NULL) s->by_seq[i]->is_found = false;
    if (t->last < s->told_last)
        jm_fail(m, "%s: its last sequence is %llu, but %llu was told before", s->config.name,
                (unsigned long long)t->last, (unsigned long long)s->told_last);
}

/* The id of the first was still known when the second came. */
static void check_copy(struct jm *m, const struct jm_stream *s, const struct jm_msg *msg)
{
    const struct jm_msg *copy = msg->copy;
    if (copy == NULL || msg->stored_at == 0 || copy->stored_at == 0) return;
    nanos apart = copy->stored_at - msg->stored_at;
    if (apart < 0) apart = -apart;
    if (apart >= s->config.window || jm_may_be_damaged(m, s, msg->seq)) return;
    jm_fail(m, "%s: message %u is stored twice within the window, as %llu and %llu", s->config.name,
            msg->id, (unsigned long long)msg->seq, (unsigned long long)copy->seq);
}

static void check_time(struct jm *m, const struct jm_stream *s, struct jm_msg *msg, nanos stored_at)
{
    if (msg->stored_at != 0 && msg->stored_at != stored_at)
        jm_fail(m, "%s: %llu was stored at %lld, and now at %lld", s->config.name,
                (unsigned long long)msg->seq, (long long)msg->stored_at, (long long)stored_at);
    msg->stored_at = stored_at;
    check_copy(m, s, m->msgs[msg->id - 1]);
}

void jm_audit_found(struct jm *m, struct jm_stream *s, const struct jm_found *f)
{
    struct jm_msg *msg = jm_shown(m, s, f->seq, f->payload);
    unsigned long long seq = f->seq;
    if (msg == NULL) return;
    if (!slice_equal_str(f->subject, msg->subject))
        jm_fail(m, "%s: %llu is on %.*s, not %s", s->config.name, seq, SLICE_ARGS(f->subject),
                msg->subject);
    const char *why = jm_must_be_gone(m, s, msg);
    if (why != NULL)
        jm_fail(m, "%s: %llu (message %u on %s) is there, though it %s", s->config.name, seq,
                msg->id, msg->subject, why);
    check_time(m, s, msg, f->stored_at);
    msg->is_found = true;
    s->found++;
    s->found_bytes += jm_bytes(s, msg);
    m->checked++;
}

static void check_missing(struct jm *m, struct jm_stream *s)
{
    for (uint64_t seq = 1; seq < s->by_seq_cap && !jm_failed(m); seq++) {
        const struct jm_msg *msg = s->by_seq[seq];
        if (msg == NULL || msg->is_found) continue;
        if (jm_is_lost(s, seq) || jm_was_lost(s, seq) || jm_may_be_gone(m, s, msg)) continue;
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
        if (jm_may_be_gone(m, s, o) || jm_may_be_damaged(m, s, seq)) continue;
        jm_fail(m, "%s: message %u expected %llu on %s and is %llu, but %llu is between",
                s->config.name, msg->id, (unsigned long long)msg->expected, msg->subject,
                (unsigned long long)msg->seq, (unsigned long long)seq);
    }
}

static bool expects(const struct jm_msg *msg)
{
    return msg->seq != 0 && (msg->expects_last || msg->expects_subject);
}

/* What may be damaged is counted or not: up to so many `more`. */
struct number {
    const char *what;
    uint64_t told, is, more;
};

static void check_number(struct jm *m, const struct jm_stream *s, struct number n)
{
    if (n.told >= n.is && n.told - n.is <= n.more) return;
    jm_fail(m, "%s: tells %llu %s, but it is %llu", s->config.name, (unsigned long long)n.told,
            n.what, (unsigned long long)n.is);
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

/* What a flipped bit has made unreadable, and of which it can still be told how much it was. */
struct hidden {
    uint64_t msgs, bytes;
};

static struct hidden count_hidden(const struct jm *m, const struct jm_stream *s)
{
    struct hidden h = { 0 };
    for (uint64_t seq = 1; m->rots_count > 0 && seq <= s->last; seq++) {
        const struct jm_msg *msg = jm_at(s, seq);
        if ((msg != NULL && msg->is_found) || !jm_may_be_damaged(m, s, seq)) continue;
        h.msgs++;
        h.bytes += msg == NULL || msg->id == 0 ? UINT32_MAX : jm_bytes(s, msg);
    }
    return h;
}

static uint64_t first_found(const struct jm_stream *s)
{
    for (uint64_t seq = 1; seq < s->by_seq_cap; seq++)
        if (s->by_seq[seq] != NULL && s->by_seq[seq]->is_found) return seq;
    return s->last + 1;
}

static void check_told(struct jm *m, const struct jm_stream *s, const struct jm_told *t)
{
    const struct hidden h = count_hidden(m, s);
    uint64_t first = first_found(s), span = s->last + 1 - t->first;
    check_number(m, s, (struct number){ "messages", t->msgs, s->found, h.msgs });
    check_number(m, s, (struct number){ "bytes", t->bytes, s->found_bytes, h.bytes });
    if (s->found > 0 && !jm_may_be_damaged(m, s, t->first))
        check_number(m, s, (struct number){ "as the first", t->first, first, 0 });
    uint64_t deleted = t->msgs > 0 ? span - t->msgs : 0;
    check_number(m, s, (struct number){ "as deleted", t->deleted, deleted, 0 });
    check_number(m, s, (struct number){ "subjects", t->subjects, count_subjects(m, s), h.msgs });
}

void jm_audit_end(struct jm *m, struct jm_stream *s, const struct jm_told *t)
{
    m->audits++;
    check_missing(m, s);
    check_order(m, s);
    for (uint32_t i = 0; i < s->msgs_count; i++)
        if (expects(s->msgs[i])) check_expected(m, s, s->msgs[i]);
    bool may_have_more = s->config.is_new_refused && s->is_lowered;
    check_limit(m, s, "messages", may_have_more ? 0 : s->config.msgs_max, s->found);
    check_limit(m, s, "bytes", may_have_more ? 0 : s->config.bytes_max, s->found_bytes);
    check_end(m, s);
    check_told(m, s, t);
}
