/* SPDX-License-Identifier: Apache-2.0 */
#include "core/user_info.h"

#include "auth/user_info.h"
#include "base/assert.h"
#include "core/deliver.h"
#include "core/server_info.h"
#include "core/session.h"
#include "json/writer.h"

struct service {
    struct sink   sink;
    struct door   door;
    struct core  *core;
};

static void answer(struct sink *sink, struct core_reactor *cr, struct sub *sub,
                   const struct message *m)
{
    struct session *s = m->from;
    (void)sink;
    (void)sub;
    if (m->reply.len == 0 || s == NULL) return;
    assert(s->home == cr);
    assert(s->is_counted);
    assert(s->account == m->account);   /* who asks is told of himself */
    struct buf body = { 0 };
    struct json_writer w = json_writer_on(&body, JSON_COMPACT);
    json_object_begin(&w);
    server_info_write(cr, &w);
    json_key(&w, "data");
    struct user_info info = {
        .user = s->shown,
        .account = slice_str(s->account->name),
        .permissions = s->permissions,
    };
    user_info_write(&info, &w);
    json_object_end(&w);
    (void)deliver_internal(cr, s->account, m->reply, (struct slice){ 0 }, (struct slice){ 0 },
                           buf_slice(&body));
    buf_deinit(&body);
}

void user_info_serve(struct core *core, struct account *a)
{
    assert(a->internal == NULL);
    assert(accounts_find(core->accounts, slice_str(a->name)) == a);
    struct service *service = xcalloc(1, sizeof *service);
    service->sink = (struct sink){ .reactor = SINK_ANYWHERE, .deliver = answer };
    service->core = core;
    struct slice none = { 0 };
    a->internal = sub_new(&service->door, &service->sink, SLICE_LIT("$SYS.REQ.USER.INFO"), none,
                          none);
    assert(a->internal != NULL);
    struct garbage *garbage = NULL;
    sub_check(a->internal);
    interest_insert(a->interest, &a->internal->entry, &garbage);
    assert(garbage == NULL);
}

void user_info_end(struct account *a)
{
    if (a->internal == NULL) return;
    struct garbage *garbage = NULL;
    struct service *service = container_of(a->internal->sink, struct service, sink);
    assert(service->door.bytes > 0);
    assert(a->internal->door == &service->door);
    interest_remove(a->interest, &a->internal->entry, &garbage);
    garbage_free(garbage);
    sub_free(a->internal);
    a->internal = NULL;
    assert(service->door.bytes == 0);
    xfree(service);
}
