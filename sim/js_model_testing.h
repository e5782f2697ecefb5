/* SPDX-License-Identifier: Apache-2.0 */
/* Js_model_testing: a model with one stream, and a server that tells it what a test wants. Included
 * by tests only.
 *
 * Memory: js_set_up() and js_tear_down(). */
#ifndef MIDGE_SIM_JS_MODEL_TESTING_H
#define MIDGE_SIM_JS_MODEL_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "sim/js_model.h"

struct told_world {
    struct jm model;
    struct jm_config config;
    struct jm_stream *stream;
};

static inline void begin(struct told_world *w)
{
    w->stream = jm_stream_new(&w->model, &w->config);
    w->stream->creation = JM_DONE;
}

static inline int set_up(void **state)
{
    struct told_world *w = xcalloc(1, sizeof *w);
    jm_init(&w->model);
    w->config = (struct jm_config){ .name = "S", .is_file = true, .window = 20 * SECOND };
    *state = w;
    return 0;
}

static inline int tear_down(void **state)
{
    struct told_world *w = *state;
    jm_deinit(&w->model);
    xfree(w);
    return 0;
}

static inline struct jm_msg *sent(struct told_world *w, const char *subject)
{
    struct jm_msg *msg = jm_msg_new(&w->model, w->stream, 0);
    snprintf(msg->subject, sizeof msg->subject, "%s", subject);
    msg->size = 20;
    jm_msg_sent(&w->model, msg);
    return msg;
}

static inline struct jm_msg *stored(struct told_world *w, const char *subject, uint64_t seq)
{
    struct jm_msg *msg = sent(w, subject);
    jm_acked(&w->model, msg, seq, false);
    return msg;
}

/* The server shows it. */
static inline void found(struct told_world *w, const struct jm_msg *msg, uint64_t seq)
{
    struct buf payload = { 0 };
    jm_payload(msg, &payload);
    const struct jm_found f = { seq, slice_str(msg->subject), buf_slice(&payload),
                                SECOND * (nanos)seq };
    jm_audit_found(&w->model, w->stream, &f);
    buf_deinit(&payload);
}

/* What it tells when it has these messages, and nothing is hidden. */
static inline struct jm_told told_of(const struct told_world *w, struct jm_msg *const *msgs,
                                     uint32_t count, uint64_t last)
{
    bool has[256] = { false };
    struct jm_told t = {
        .msgs = count,
        .first = count > 0 ? msgs[0]->seq : last + 1,
        .last = last,
        .msgs_max = w->config.msgs_max,
        .bytes_max = w->config.bytes_max,
        .per_subject_max = w->config.per_subject_max,
    };
    for (uint32_t i = 0; i < count; i++) {
        uint8_t at = (uint8_t)msgs[i]->subject[strlen(msgs[i]->subject) - 1];
        t.bytes += jm_bytes(w->stream, msgs[i]);
        t.subjects += !has[at];
        has[at] = true;
    }
    if (count > 0) t.deleted = last - t.first + 1 - count;
    return t;
}

/* A whole audit in which these are shown. */
static inline void audit(struct told_world *w, struct jm_msg *const *msgs, uint32_t count,
                         uint64_t last)
{
    const struct jm_told t = told_of(w, msgs, count, last);
    jm_audit_begin(&w->model, w->stream, &t);
    for (uint32_t i = 0; i < count; i++) found(w, msgs[i], msgs[i]->seq);
    jm_audit_end(&w->model, w->stream, &t);
}

static inline void expect_well(const struct told_world *w)
{
    assert_string_equal(w->model.failure, "");
}

static inline void expect_complaint(const struct told_world *w, const char *part)
{
    if (strstr(w->model.failure, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, w->model.failure);
}

#define WITH_MODEL(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
