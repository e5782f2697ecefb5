/* SPDX-License-Identifier: Apache-2.0 */
/* How messages leave a stream: purged, with their stream, or every second one by itself. */
#include <string.h>

#include "natsbench.h"
#include "natsbench_api.h"
#include "natsbench_ask.h"
#include "natsbench_report.h"
#include "natsbench_stored.h"
#include "natsbench_text.h"
#include "natsbench_util.h"

#define JSON_BYTES 128
#define PARTS 10

static double call_ms(struct api *api, const char *what, const char *json)
{
    uint64_t start = now_ns();
    (void)api_call(api, what, json);
    return (double)(now_ns() - start) / 1e6;
}

/* Fills with `times` -n messages over `times` subjects, so that -n of them go. */
static void fill(struct api *api, const struct options *o, uint32_t times)
{
    struct options filling = *o;
    filling.msgs = o->msgs * times;
    filling.subjects = times;
    stored_fill(api, &filling);
    (void)server_cpu_begin(o->server_pid);      /* waits until it is idle */
}

/* -n messages go by each of the four ways. */
void mode_jspurge(const struct options *o)
{
    struct api *api = api_open(o);
    char json[JSON_BYTES];
    fill(api, o, 1);
    double whole_ms = call_ms(api, "STREAM.PURGE.BENCH0000", "");
    fill(api, o, 2);
    double subject_ms = call_ms(api, "STREAM.PURGE.BENCH0000", "{\"filter\":\"js.0000.00000001\"}");
    fill(api, o, 2);
    (void)text_print(json, sizeof json, "{\"seq\":%llu}", (unsigned long long)o->msgs + 1);
    double sequence_ms = call_ms(api, "STREAM.PURGE.BENCH0000", json);
    fill(api, o, 1);
    double stream_ms = call_ms(api, "STREAM.DELETE.BENCH0000", "");

    report_begin(o);
    report_number("msgs", (double)o->msgs);
    report_number("whole_ms", whole_ms);
    report_number("subject_ms", subject_ms);
    report_number("sequence_ms", sequence_ms);
    report_number("stream_ms", stream_ms);
    report_rss(o);
    report_end();
}

static size_t delete_compose(void *ctx, char *out, uint64_t index, const char *reply)
{
    char json[JSON_BYTES];
    (void)ctx;
    size_t len = text_print(json, sizeof json, "{\"seq\":%llu,\"no_erase\":true}",
                            (unsigned long long)index * 2 + 1);
    return text_print(out, 2 * JSON_BYTES,
                      "PUB $JS.API.STREAM.MSG.DELETE.BENCH0000 %s %zu\r\n%s\r\n", reply, len, json);
}

static bool delete_answer(void *ctx, uint64_t index, const struct message *m)
{
    (void)ctx;
    (void)index;
    return memmem(m->payload, m->payload_len, "\"success\":true", 14) != NULL;
}

/* Every second of -n messages that jsfill has left; the rates of the first and the last tenth show
 * whether there is a cliff. */
void mode_jsdelete(const struct options *o)
{
    const struct ask_kind kind = {
        .compose = delete_compose,
        .answer = delete_answer,
        .bytes_max = (size_t)2 * JSON_BYTES,
    };
    struct asks *as = asks_open(o, &kind);
    struct latencies latencies = { 0 };
    struct server_cpu cpu = server_cpu_begin(o->server_pid);
    uint64_t rss = server_rss_bytes(o->server_pid), part = o->msgs / 2 / PARTS;
    struct asks_result sum = { 0 };
    double rates[PARTS];
    for (uint32_t i = 0; i < PARTS; i++) {
        struct asks_result r = asks_run(as, part, UINT64_MAX, &latencies);
        sum.answers += r.answers;
        sum.errors += r.errors;
        sum.elapsed_ns += r.elapsed_ns;
        rates[i] = (double)r.answers * 1e9 / (double)r.elapsed_ns;
    }
    cpu = server_cpu_since(o->server_pid, cpu);

    report_begin(o);
    report_rate(sum.answers, sum.elapsed_ns);
    report_number("errors", (double)sum.errors);
    report_number("first_rate", rates[0]);
    report_number("last_rate", rates[PARTS - 1]);
    report_cpu(o, cpu, sum.answers, "msg");
    report_rss(o);
    report_number("rss_before_bytes", (double)rss);
    latencies_report(&latencies, "");
    report_end();
}
