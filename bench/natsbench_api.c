/* SPDX-License-Identifier: Apache-2.0 */
#include "natsbench_api.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "natsbench_conn.h"
#include "natsbench_reader.h"
#include "natsbench_text.h"
#include "natsbench_util.h"

#define NAME_BYTES 128
#define JSON_BYTES 1024

struct api {
    struct reader reader;
    uint64_t asked;
    char answer[READER_BYTES];
};

struct api *api_open(const struct options *o)
{
    struct api *a = xalloc(1, sizeof *a);
    reader_init(&a->reader, conn_open(o, 0));
    a->reader.takes_headers = true;
    conn_print(a->reader.conn, "SUB _INBOX.api.%d.* 1\r\n", (int)getpid());
    conn_ping_pong(a->reader.conn);
    return a;
}

static void wait_answer(struct api *a, const char *what)
{
    struct message m;
    while (!reader_next(&a->reader, &m))
        if (!reader_fill(&a->reader, READER_WAIT)) die("closed by the server during %s", what);
    errno = 0;
    if (m.headers != NULL) die("%s: the server does not answer JetStream", what);
    memcpy(a->answer, m.payload, m.payload_len);
    a->answer[m.payload_len] = '\0';
}

const char *api_call_may_fail(struct api *a, const char *what, const char *json)
{
    conn_print(a->reader.conn, "PUB $JS.API.%s _INBOX.api.%d.%llu %zu\r\n%s\r\n", what,
               (int)getpid(), (unsigned long long)a->asked++, strlen(json), json);
    wait_answer(a, what);
    return a->answer;
}

const char *api_call(struct api *a, const char *what, const char *json)
{
    const char *answer = api_call_may_fail(a, what, json);
    if (strstr(answer, "\"error\"") != NULL) die("%s: %s", what, answer);
    return answer;
}

uint64_t api_number(const char *json, const char *name)
{
    char key[NAME_BYTES];
    (void)text_print(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(json, key);
    if (at == NULL) return 0;
    at += strlen(key);
    return text_number(at + (*at == ' '));
}

void api_stream_delete(struct api *a, const char *name)
{
    char what[NAME_BYTES];
    (void)text_print(what, sizeof what, "STREAM.DELETE.%s", name);
    (void)api_call_may_fail(a, what, "");
}

void api_stream_new(struct api *a, const struct api_stream *s)
{
    static const char bucket[] = ",\"discard\":\"new\",\"allow_rollup_hdrs\":true,"
                                 "\"deny_delete\":true";
    char what[NAME_BYTES], json[JSON_BYTES];
    api_stream_delete(a, s->name);
    (void)text_print(json, sizeof json,
                     "{\"name\":\"%s\",\"subjects\":[\"%s\"],\"storage\":\"%s\","
                     "\"retention\":\"limits\",\"num_replicas\":1,\"max_msgs_per_subject\":%d,"
                     "\"allow_direct\":true%s}",
                     s->name, s->subjects, s->is_memory ? "memory" : "file",
                     s->history == 0 ? -1 : (int)s->history, s->is_bucket ? bucket : "");
    (void)text_print(what, sizeof what, "STREAM.CREATE.%s", s->name);
    (void)api_call(a, what, json);
}
