/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/model_rules.h"

#include <string.h>

typedef bool (*question)(const struct sim_permissions *, const char *subject);

static bool in_force(const struct model *m, uint32_t version, uint64_t from, uint64_t to)
{
    const struct sim_version *v = &m->versions[version];
    if (v->begun > to) return false;
    if (version + 1 == m->versions_count) return true;
    return m->versions[version + 1].applied >= from;
}

static const struct sim_user *user_in(const struct model *m, uint32_t version,
                                      const struct sim_peer *p)
{
    if (p->user == NULL) return NULL;
    return &m->versions[version].config.users[p->user_index];
}

struct span {
    uint64_t from, to;
};

static enum sim_verdict ask(const struct model *m, const struct sim_peer *p, struct span span,
                            question may, const char *subject)
{
    bool some = false, all = true;
    if (p->user == NULL) return SIM_YES;
    for (uint32_t v = 0; v < m->versions_count; v++) {
        if (!in_force(m, v, span.from, span.to)) continue;
        const struct sim_user *u = user_in(m, v, p);
        bool is = may(u->permissions, subject);
        some |= is;
        all &= is;
    }
    return all ? SIM_YES : some ? SIM_MAYBE : SIM_NO;
}

enum sim_verdict model_may_publish(const struct model *m, const struct sim_msg *msg, uint64_t to)
{
    if (m->mischief.deaf_to_deny) return SIM_YES;
    return ask(m, msg->from, (struct span){ msg->sent, to }, sim_may_publish, msg->subject);
}

enum sim_verdict model_may_receive(const struct model *m, const struct sim_sub *s,
                                   const struct sim_msg *msg, uint64_t to)
{
    return ask(m, s->peer, (struct span){ msg->sent, to }, sim_may_receive, msg->subject);
}

enum sim_verdict model_may_subscribe(const struct model *m, const struct sim_sub *s, uint64_t to)
{
    return ask(m, s->peer, (struct span){ s->sent, to }, sim_may_subscribe, s->pattern);
}

enum sim_verdict model_may_keep(const struct model *m, const struct sim_sub *s, uint64_t to)
{
    uint64_t from = s->proven > s->sent ? s->proven : s->sent;
    return ask(m, s->peer, (struct span){ from, to }, sim_may_subscribe, s->pattern);
}

bool model_login_is_sure(const struct model *m, const struct sim_peer *p, uint64_t to)
{
    if (p->user == NULL) return true;
    for (uint32_t v = 0; v < m->versions_count; v++) {
        if (!in_force(m, v, p->opened, to)) continue;
        const struct sim_user *u = user_in(m, v, p);
        if (u->is_removed || u->account != p->account) return false;
        if (strcmp(u->pass, p->user->pass) != 0) return false;
    }
    return true;
}

bool model_might_listen(const struct model *m, const struct sim_sub *s, const struct sim_msg *msg)
{
    uint64_t until = msg->confirmed;
    bool own = s->peer == msg->from && !s->peer->echo;
    if (own || s->sent > until || s->peer->gone < msg->sent) return false;
    if (s->unsub_confirmed < msg->sent || s->ended < msg->sent) return false;
    if (!s->peer->is_vague && !msg->from->is_vague && s->peer->account != msg->from->account)
        return false;
    return sim_matches(s->pattern, msg->subject) &&
           model_may_receive(m, s, msg, until == SIM_NEVER ? m->now : until) != SIM_NO;
}
