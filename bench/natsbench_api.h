/* SPDX-License-Identifier: Apache-2.0 */
/* The JetStream API, one request at a time: what the js modes need made and taken away again.
 *
 * Thread:  one at a time.
 * Memory:  an answer stands until the next call; `api_open`'s result lives as long as the process.
 * Errors:  no answer and an answer with an error end the benchmark, but for api_call_may_fail.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "natsbench.h"

struct api;

struct api *api_open(const struct options *);

/* `what` follows "$JS.API.". The answer's JSON, with a NUL. */
const char *api_call(struct api *, const char *what, const char *json);
const char *api_call_may_fail(struct api *, const char *what, const char *json);

/* The number behind `"name":`, at its first place in the text; 0: it is not there. */
uint64_t api_number(const char *json, const char *name);

/* A stream's configuration as far as the benchmarks vary it. */
struct api_stream {
    const char *name;
    const char *subjects;       /* one */
    uint32_t history;           /* messages a subject; 0: unlimited */
    bool is_memory;
    bool is_bucket;             /* as clients make a key-value bucket */
};

/* Takes away one of the same name first. */
void api_stream_new(struct api *, const struct api_stream *);
void api_stream_delete(struct api *, const char *name);
