/* SPDX-License-Identifier: Apache-2.0 */
#include "core/check.h"

#include "base/assert.h"
#include "core/closed.h"
#include "core/session.h"
#include "core/strangers.h"

/* ---- a session ---- */

/* What never changes between session_start() and the last byte. */
static void belongings_check(const struct session *s)
{
    assert(s->conn.reactor == s->home->reactor);
    assert(s->listener->core == s->home->core);
    assert(s->sink.session == s);
    assert(s->sink.reactor == s->home->reactor->id);
    assert(s->sink.deliver == NULL);
    assert(s->cid > 0);
    assert(s->directory != NULL);
    assert(s->account != NULL);
    assert(s->nonce[0] == 0 || s->nonce[NONCE_LEN - 1] != 0);
    assert(s->nonce[NONCE_LEN] == 0);
}

/* How far it has come: what must have been before. */
static void progress_check(const struct session *s)
{
    bool is_web = s->listener->options.kind == LISTENER_WEBSOCKET;
    assert(!s->is_connected || s->is_told);             /* INFO comes before CONNECT */
    assert(!s->is_connected || s->login != NULL);       /* as CONNECT said it */
    assert(!s->first_pong_sent || s->is_connected);
    assert(s->phase != SESSION_OPEN || s->is_told);
    assert(!s->is_upgrading || is_web);
    assert(!s->is_forwarded || is_web);                 /* a field of the upgrade's request */
    assert(s->addr_known || s->listener->options.proxy_protocol);
    assert(!s->is_stranger || s->addr_known);
    assert(s->last_in >= s->started);
    assert(s->last_active >= s->started);
    assert(s->rtt >= 0);
    assert(s->subs_max >= -1);
}

/* Whose rights it has: they come together, with the directory that holds them. */
static void rights_check(const struct session *s)
{
    bool is_closed = s->phase == SESSION_CLOSED;
    assert(!s->is_connected || s->is_counted || is_closed);
    assert(s->user == NULL || s->is_counted || is_closed);
    assert(s->permissions == NULL || s->is_counted || is_closed);
    assert(s->old_directory == NULL || s->is_counted || is_closed);
    assert(s->old_directory != s->directory);
    assert(s->shown.len == 0 || s->shown.ptr[s->shown.len] == 0);
}

static void end_check(const struct session *s)
{
    bool is_closed = s->phase == SESSION_CLOSED;
    assert(s->phase <= SESSION_CLOSED);
    assert(s->timer_kind <= SESSION_TIMER_SWEEP);
    assert(timer_is_set(&s->timer) == (s->timer_kind != SESSION_TIMER_NONE));
    assert(is_closed == atomic_load_explicit(&s->is_closed, memory_order_relaxed));
    assert(is_closed == (s->reason != CLOSE_NONE));
    assert(!is_closed || !s->is_counted);
    assert(!s->is_stranger || !(s->is_counted || is_closed));
    assert(s->is_stranger || s->is_counted || s->phase != SESSION_OPEN);
    assert(!s->is_conn_gone || is_closed);
    assert(s->timer_kind != SESSION_TIMER_SWEEP || is_closed);
    assert(s->timer_kind != SESSION_TIMER_AUTH || s->phase == SESSION_OPEN);
    assert(s->timer_kind != SESSION_TIMER_REFUSE || s->refuse_reason != CLOSE_NONE);
    assert(is_closed || !list_empty(&s->node));
}

void session_check(const struct session *s)
{
    belongings_check(s);
    progress_check(s);
    rights_check(s);
    end_check(s);
}

uint32_t session_subs_check(const struct session *s)
{
    uint32_t count = sids_check(&s->subs, s->home->core->hash_seed);
    struct sub *sub;
    for (uint64_t at = 0; (sub = sids_next(&s->subs, &at)) != NULL;) {
        assert(sub->sink == &s->sink);
        assert(sub->door == &s->home->reactor->door);
        assert(sub->max == 0 || sub->delivered < sub->max);     /* else it has ended */
    }
    return count;
}

/* ---- a reactor ---- */

void hand_check(const struct hand *h)
{
    assert(!h->is_busy);
    assert(h->sent_msgs == 0);
    assert(h->sent_bytes == 0);
    assert((h->groups == NULL) == (h->groups_cap == 0));
    assert((h->named == NULL) == (h->groups_cap == 0));
    for (uint32_t i = 0; i < REACTORS_MAX; i++) {
        assert(h->remote[i].count == 0);
        assert((h->remote[i].at == NULL) == (h->remote[i].cap == 0));
    }
}

static uint64_t open_check(const struct core_reactor *cr)
{
    uint64_t open = 0;
    LIST_EACH(&cr->sessions, n) {
        const struct session *s = container_of(n, struct session, node);
        session_check(s);
        (void)session_subs_check(s);
        assert(s->home == cr);
        assert(s->phase != SESSION_CLOSED);
        open++;
    }
    return open;
}

/* They are closed and have something left to give up, and a timer that says when. */
static void sweeping_check(const struct core_reactor *cr)
{
    LIST_EACH(&cr->sweeping, n) {
        const struct session *s = container_of(n, struct session, node);
        session_check(s);
        assert(s->home == cr);
        assert(s->phase == SESSION_CLOSED);
        assert(s->timer_kind == SESSION_TIMER_SWEEP);
        assert(session_subs_check(s) > 0);
    }
}

uint64_t core_reactor_check(const struct core_reactor *cr)
{
    uint32_t id = cr->reactor->id;
    assert(core_reactor_of(cr->reactor) == cr);
    assert(cr->core->at[id] == cr);
    assert(atomic_load(&cr->settings->refs) > 0);
    assert(cr->drops_for_slow == cr->settings->options->no_fast_producer_stall);
    assert(!cr->wants_stall);               /* whoever published has taken it */
    assert(!cr->duck_closes || cr->is_lame_duck);
    for (uint32_t i = 0; i < INFO_KINDS; i++)
        assert(cr->kept[i].listener == NULL || cr->kept[i].front.len > 0);
    hand_check(&cr->hand);
    sweeping_check(cr);
    uint64_t open = open_check(cr);
    assert(session_index_check(&cr->index) == open);
    return open;
}

/* ---- everything ---- */

static int64_t members(const struct core *core, const struct account *a)
{
    int64_t found = 0;
    for (uint32_t i = 0; i < core->reactors->count; i++)
        LIST_EACH(&core->at[i]->sessions, n) {
            const struct session *s = container_of(n, struct session, node);
            found += s->is_counted && s->account == a;
        }
    return found;
}

/* In the number of its address is who is not in an account; more may be on the way to a reactor. */
static void strangers_all_check(const struct core *core)
{
    uint64_t here = 0;
    for (uint32_t i = 0; i < core->reactors->count; i++)
        LIST_EACH(&core->at[i]->sessions, n) {
            const struct session *s = container_of(n, struct session, node);
            here += s->is_stranger;
            assert(!s->is_stranger || strangers_of(core->strangers, &s->addr) > 0);
        }
    assert(strangers_check(core->strangers) >= here);
}

static void listeners_check(const struct core *core)
{
    assert(core->listeners_count <= LISTENERS_MAX);
    for (uint32_t i = 0; i < core->listeners_count; i++) {
        const struct listener *l = core->listeners[i];
        assert(l->core == core);
        assert(l->index == i);
        assert(!timer_is_set(&l->retry) || l->sock >= 0);
    }
}

void core_check(struct core *core)
{
    uint64_t open = 0;
    struct account *a;
    for (uint32_t i = 0; i < core->reactors->count; i++) open += core_reactor_check(core->at[i]);
    assert(core_clients(core) >= (int64_t)open);            /* more: on the way to a reactor */
    assert(atomic_load(&core->clients_total) + (uint64_t)atomic_load(&core->knocking) >= open);
    assert(accounts_check(core->accounts) > 0);
    assert(core->global->is_global);
    for (uint32_t i = 0; (a = accounts_at(core->accounts, i)) != NULL; i++)
        assert(atomic_load(&a->clients) == members(core, a));
    (void)closed_ring_check(core->closed);
    strangers_all_check(core);
    listeners_check(core);
}
