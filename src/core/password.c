/* SPDX-License-Identifier: Apache-2.0 */
#include "core/password.h"

#include "base/assert.h"
#include "core/check.h"
#include "core/session.h"

struct check {
    struct reactor_work work;
    struct session     *session;
    struct auth_result  result;
    bool                matches;
    void              (*done)(struct session *, struct auth_result *, bool matches);
};

static void run(struct reactor_work *w)
{
    struct check *c = container_of(w, struct check, work);
    assert(!c->matches);                /* not yet run */
    c->matches = auth_check_run(&c->result.check);
}

static void done(struct reactor_work *w)
{
    struct check *c = container_of(w, struct check, work);
    session_check(c->session);          /* its memory waited for this */
    assert(c->session->home->reactor == w->home);
    assert(c->session->auth_pending);
    c->done(c->session, &c->result, c->matches);
    auth_check_wipe(&c->result.check);
    xfree(c);
}

bool password_check(struct session *s, struct auth_result *take_result,
                    void (*when_done)(struct session *, struct auth_result *, bool matches))
{
    session_check(s);
    assert(s->auth_pending);            /* the caller's mark, which keeps the session's memory */
    assert(take_result->check.hash != NULL);
    struct check *c = xcalloc(1, sizeof *c);
    *c = (struct check){ .session = s, .result = *take_result, .done = when_done };
    c->work.doing = "checking a password";
    c->work.run = run;
    c->work.done = done;
    if (reactor_work(s->home->reactor, &c->work) == ERR_OK) return true;
    xfree(c);
    return false;
}
