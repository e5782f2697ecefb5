/* SPDX-License-Identifier: Apache-2.0 */
#include "natsbench_kv.h"

#include <errno.h>
#include <string.h>

#include "natsbench_text.h"
#include "natsbench_util.h"

#define KEY_DIGITS 8
#define HEAD_BYTES 256
#define STRIDE 7919             /* neighbours in time are no neighbours in the bucket */

struct kv {
    const struct options *options;
    char *payload;              /* with CRLF */
    uint64_t *revisions;        /* of each key, as the last answer said; 0: none */
};

struct kv *kv_new(const struct options *o)
{
    struct kv *kv = xalloc(1, sizeof *kv);
    kv->options = o;
    kv->payload = xalloc(1, o->payload_len + 2);
    memset(kv->payload, 'x', o->payload_len);
    memcpy(kv->payload + o->payload_len, "\r\n", 2);
    kv->revisions = xalloc(o->subjects, sizeof *kv->revisions);
    return kv;
}

void kv_bucket_new(struct api *a, const struct options *o)
{
    api_stream_new(a, &(struct api_stream){
                          .name = KV_STREAM,
                          .subjects = KV_SUBJECTS,
                          .history = o->history > 0 ? o->history : 1,
                          .is_memory = o->is_memory,
                          .is_bucket = true,
                      });
}

void kv_subject(char out[KV_SUBJECT_BYTES], uint64_t key)
{
    memcpy(out, "$KV.bench.key.", 14);
    *ask_digits(out + 14, key, KEY_DIGITS) = '\0';
}

static uint64_t key_of(const struct kv *kv, uint64_t index)
{
    return index % kv->options->subjects * STRIDE % kv->options->subjects;
}

static size_t add_payload(const struct kv *kv, char *out)
{
    memcpy(out, kv->payload, kv->options->payload_len + 2);
    return kv->options->payload_len + 2;
}

static size_t put_compose(void *ctx, char *out, uint64_t index, const char *reply)
{
    struct kv *kv = ctx;
    char subject[KV_SUBJECT_BYTES];
    kv_subject(subject, key_of(kv, index));
    size_t len = text_print(out, HEAD_BYTES, "PUB %s %s %u\r\n", subject, reply,
                            kv->options->payload_len);
    return len + add_payload(kv, out + len);
}

static size_t get_compose(void *ctx, char *out, uint64_t index, const char *reply)
{
    char subject[KV_SUBJECT_BYTES];
    kv_subject(subject, key_of(ctx, index));
    return text_print(out, HEAD_BYTES, "PUB $JS.API.DIRECT.GET." KV_STREAM ".%s %s 0\r\n\r\n",
                      subject, reply);
}

static size_t cas_compose(void *ctx, char *out, uint64_t index, const char *reply)
{
    struct kv *kv = ctx;
    char subject[KV_SUBJECT_BYTES], headers[HEAD_BYTES];
    uint64_t key = key_of(kv, index);
    kv_subject(subject, key);
    size_t headers_len = text_print(headers, sizeof headers,
                                    "NATS/1.0\r\nNats-Expected-Last-Subject-Sequence: %llu\r\n\r\n",
                                    (unsigned long long)kv->revisions[key]);
    size_t len = text_print(out, HEAD_BYTES, "HPUB %s %s %zu %zu\r\n%s", subject, reply,
                            headers_len, headers_len + kv->options->payload_len, headers);
    return len + add_payload(kv, out + len);
}

static bool acked(void *ctx, uint64_t index, const struct message *m)
{
    static const char seq[] = "\"seq\":";
    struct kv *kv = ctx;
    const char *at = memmem(m->payload, m->payload_len, seq, sizeof seq - 1);
    errno = 0;
    if (m->headers != NULL) die("no bucket takes this put: %.40s", m->headers);
    if (at == NULL || memmem(m->payload, m->payload_len, "\"error\"", 7) != NULL) return false;
    at += sizeof seq - 1;
    kv->revisions[key_of(kv, index)] = text_number(at + (*at == ' '));
    return true;
}

/* A value comes with headers, and a status instead of one with a number in their first line. */
static bool got(void *ctx, uint64_t index, const struct message *m)
{
    const struct kv *kv = ctx;
    (void)index;
    bool is_value = m->headers != NULL && m->headers[8] == '\r';
    return is_value && m->payload_len == kv->options->payload_len;
}

static struct ask_kind kind(struct kv *kv)
{
    return (struct ask_kind){
        .answer = acked,
        .ctx = kv,
        .bytes_max = kv->options->payload_len + (size_t)2 * HEAD_BYTES,
    };
}

struct ask_kind kv_put(struct kv *kv)
{
    struct ask_kind k = kind(kv);
    k.compose = put_compose;
    return k;
}

struct ask_kind kv_get(struct kv *kv)
{
    struct ask_kind k = kind(kv);
    k.compose = get_compose;
    k.answer = got;
    return k;
}

struct ask_kind kv_cas(struct kv *kv)
{
    struct ask_kind k = kind(kv);
    k.compose = cas_compose;
    return k;
}
