/* SPDX-License-Identifier: Apache-2.0 */
#include "natsbench_stored.h"

#include <errno.h>
#include <string.h>

#include "natsbench_text.h"
#include "natsbench_util.h"

#define STREAM_DIGITS 4
#define SUBJECT_DIGITS 8
#define COMPLAINT_BYTES 256
#define HEAD_BYTES 128
#define FILL_WINDOW 1000

struct stored {
    const struct options *options;
    char *tail;                 /* " 128\r\n", the payload, "\r\n" */
    size_t tail_len;
    char complaint[COMPLAINT_BYTES];
};

struct stored *stored_new(const struct options *o)
{
    struct stored *s = xalloc(1, sizeof *s);
    s->options = o;
    s->tail = xalloc(1, o->payload_len + 32);
    size_t head = text_print(s->tail, 32, " %u\r\n", o->payload_len);
    memset(s->tail + head, 'x', o->payload_len);
    memcpy(s->tail + head + o->payload_len, "\r\n", 2);
    s->tail_len = head + o->payload_len + 2;
    return s;
}

static size_t compose(void *ctx, char *out, uint64_t index, const char *reply)
{
    struct stored *s = ctx;
    const struct options *o = s->options;
    size_t reply_len = strlen(reply);
    memcpy(out, "PUB js.", 7);
    char *at = ask_digits(out + 7, index % o->streams, STREAM_DIGITS);
    *at++ = '.';
    at = ask_digits(at, index / o->streams % o->subjects, SUBJECT_DIGITS);
    *at++ = ' ';
    memcpy(at, reply, reply_len);
    memcpy(at + reply_len, s->tail, s->tail_len);
    return (size_t)(at - out) + reply_len + s->tail_len;
}

static bool answer(void *ctx, uint64_t index, const struct message *m)
{
    struct stored *s = ctx;
    (void)index;
    errno = 0;
    if (m->headers != NULL) die("no stream takes this publish: %.40s", m->headers);
    if (memmem(m->payload, m->payload_len, "\"error\"", 7) == NULL) return true;
    if (s->complaint[0] == '\0') {
        size_t len = m->payload_len < COMPLAINT_BYTES ? m->payload_len : COMPLAINT_BYTES - 1;
        memcpy(s->complaint, m->payload, len);
    }
    return false;
}

struct ask_kind stored_kind(struct stored *s)
{
    return (struct ask_kind){
        .compose = compose,
        .answer = answer,
        .ctx = s,
        .bytes_max = s->tail_len + HEAD_BYTES,
    };
}

const char *stored_complaint(const struct stored *s)
{
    return s->complaint;
}

void stored_streams_new(struct api *a, const struct options *o)
{
    char name[32], subjects[32];
    for (uint32_t i = 0; i < o->streams; i++) {
        (void)text_print(name, sizeof name, "BENCH%04u", i);
        (void)text_print(subjects, sizeof subjects, "js.%04u.>", i);
        api_stream_new(a, &(struct api_stream){
                              .name = name,
                              .subjects = subjects,
                              .history = o->history,
                              .is_memory = o->is_memory,
                          });
    }
}

void stored_streams_delete(struct api *a, const struct options *o)
{
    char name[32];
    for (uint32_t i = 0; i < o->streams; i++) {
        (void)text_print(name, sizeof name, "BENCH%04u", i);
        api_stream_delete(a, name);
    }
}

void stored_fill(struct api *a, const struct options *o)
{
    struct options filling = *o;
    filling.pubs = 1;
    filling.window = FILL_WINDOW;
    struct stored *s = stored_new(&filling);
    struct ask_kind kind = stored_kind(s);
    struct asks *as = asks_open(&filling, &kind);
    stored_streams_new(a, &filling);
    struct asks_result result = asks_run(as, o->msgs, UINT64_MAX, NULL);
    errno = 0;
    if (result.errors > 0) die("filling: %s", s->complaint);
    (void)asks_close(as);
}
