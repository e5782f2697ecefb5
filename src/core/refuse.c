/* SPDX-License-Identifier: Apache-2.0 */
#include "core/refuse.h"

#include "auth/throttle.h"
#include "base/assert.h"
#include "core/check.h"
#include "core/note.h"
#include "core/session.h"

static enum close_reason reason_of(enum auth_reason reason)
{
    switch (reason) {
    case AUTH_REASON_PROXY_NOT_TRUSTED: return CLOSE_PROXY_NOT_TRUSTED;
    case AUTH_REASON_PROXY_REQUIRED: return CLOSE_PROXY_REQUIRED;
    case AUTH_REASON_NONE:
    case AUTH_REASON_FAILURE: return CLOSE_AUTH_VIOLATION;
    }
    unreachable();
}

void session_refuse(struct session *s, enum auth_reason why)
{
    struct core *core = s->home->core;
    session_check(s);
    assert(s->phase == SESSION_OPEN);
    assert(!s->auth_pending);
    note_refused(s);
    lock_take(&core->throttle_lock);
    nanos delay = throttle_failed(core->throttle, slice_of(s->addr.ip, sizeof s->addr.ip),
                                  s->home->reactor->now);
    lock_drop(&core->throttle_lock);
    if (delay <= 0) {
        session_close(s, reason_of(why));
        return;
    }
    s->refuse_reason = (uint8_t)reason_of(why);
    conn_pause(&s->conn, NANOS_MAX);
    session_timer_set(s, SESSION_TIMER_REFUSE, delay);
    session_check(s);
}
