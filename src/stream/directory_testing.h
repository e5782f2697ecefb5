/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of streams and consumers for tests of configurations: a list that tests change. */
#ifndef MIDGE_STREAM_DIRECTORY_TESTING_H
#define MIDGE_STREAM_DIRECTORY_TESTING_H

#include "base/assert.h"
#include "stream/check.h"
#include "stream/consumer_config.h"

enum { TEST_STREAMS_MAX = 32, TEST_CONSUMERS_MAX = 256 };

struct test_directory {
    struct stream_config   streams[TEST_STREAMS_MAX];
    uint32_t               streams_count;
    struct consumer_config consumers[TEST_CONSUMERS_MAX];   /* of one stream, whichever is asked */
    uint32_t               consumers_count;
};

static inline const struct stream_config *test_stream_at(void *ctx, uint32_t index)
{
    struct test_directory *d = ctx;
    return index < d->streams_count ? &d->streams[index] : NULL;
}

static inline const struct stream_config *test_stream_find(void *ctx, struct slice name)
{
    struct test_directory *d = ctx;
    for (uint32_t i = 0; i < d->streams_count; i++)
        if (slice_equal_str(name, d->streams[i].name)) return &d->streams[i];
    return NULL;
}

static inline const struct consumer_config *test_consumer_at(void *ctx, struct slice stream,
                                                             uint32_t index, struct slice *ret_name)
{
    (void)stream;
    struct test_directory *d = ctx;
    if (index >= d->consumers_count) return NULL;
    *ret_name = slice_str(d->consumers[index].name);
    if (ret_name->len == 0) *ret_name = SLICE_LIT("RANDOM");
    return &d->consumers[index];
}

/* Adds it, or puts it in the place of the one with its name. */
static inline void test_stream_put(struct test_directory *d, const struct stream_config *c)
{
    for (uint32_t i = 0; i < d->streams_count; i++) {
        if (strcmp(d->streams[i].name, c->name) != 0) continue;
        d->streams[i] = *c;
        return;
    }
    assert(d->streams_count < TEST_STREAMS_MAX);
    d->streams[d->streams_count++] = *c;
}

static inline void test_stream_drop(struct test_directory *d, const char *name)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < d->streams_count; i++)
        if (strcmp(d->streams[i].name, name) != 0) d->streams[kept++] = d->streams[i];
    d->streams_count = kept;
}

#endif
