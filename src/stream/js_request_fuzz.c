/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a client asks for, the answer is an error or a configuration that can be written, read
 * again and is the same then; and what was accepted once is accepted again.
 *
 * The first byte of the input chooses the kind of request. */
#include <stddef.h>
#include <stdint.h>

#include "json/request.h"
#include "stream/consumer_config_update.h"
#include "stream/directory_testing.h"
#include "stream/stream_config_update.h"

static const struct js_server_limits server = { .memory_max = -1, .store_max = -1 };
static const struct js_account_limits account = { -1, -1, -1, -1, -1, -1, -1, false };

static bool nobody(void *ctx, const char *subject)
{
    (void)ctx, (void)subject;
    return false;
}

/* Written and read again it is the same. */
static void assert_survives(const struct json_table *table, const void *config, void *again,
                            struct arena *arena)
{
    struct buf out = { 0 };
    struct json_writer w = json_writer_on(&out, JSON_COMPACT);
    json_table_write(table, config, &w);
    const struct json_request r = { table, buf_slice(&out), JSON_REQUEST_STRICT };
    enum err e = json_request_read(&r, arena, again, NULL);
    assert(e == ERR_OK);
    assert(json_table_equal(table, config, again));
    buf_deinit(&out);
}

/* As a server reads it that is not strict. */
static enum err body_read(const struct json_table *table, struct slice body, struct arena *arena,
                          void *ret)
{
    struct json_request r = { table, body, JSON_REQUEST_STRICT };
    if (json_request_read(&r, arena, ret, NULL) == ERR_OK) return ERR_OK;
    r.mode = JSON_REQUEST_PLAIN;
    return json_request_read(&r, arena, ret, NULL);
}

static void stream_ask(struct slice body, const struct js_check *k, struct test_directory *d)
{
    struct stream_config_request q = { .pedantic = false }, again = { .pedantic = false };
    struct js_error error = { 0 };
    if (body_read(&stream_config_request_table, body, k->arena, &q)) return;
    struct slice name = slice_str(q.config.name);
    enum stream_verdict verdict = stream_create_check(&q, name, k, &error);
    assert((verdict == STREAM_REFUSED) == (error.err_code != JS_ERR_NONE));
    if (verdict != STREAM_NEW) return;
    assert_survives(&stream_config_table, &q.config, &again.config, k->arena);
    test_stream_put(d, &q.config);
    assert(stream_create_check(&again, name, k, &error) == STREAM_PRESENT);
}

static void consumer_ask(struct slice body, const struct js_check *k, struct test_directory *d)
{
    struct consumer_create_request q = { .pedantic = false };
    struct consumer_config again = { .name = NULL };
    struct js_error error = { 0 };
    if (body_read(&consumer_create_request_table, body, k->arena, &q)) return;
    q.stream_name = "S";
    enum consumer_verdict verdict = consumer_create_check(&q, k, &error);
    assert((verdict == CONSUMER_REFUSED) == (error.err_code != JS_ERR_NONE));
    if (verdict != CONSUMER_NEW) return;
    assert_survives(&consumer_config_table, &q.config, &again, k->arena);
    d->consumers[d->consumers_count++] = q.config;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 4096) return 0;
    AUTO_FREE(arena) arena = arena_new();
    struct test_directory *d = arena_alloc(arena, sizeof(*d));
    const struct js_directory directory = {
        d, test_stream_at, test_stream_find, test_consumer_at, nobody, NULL, NULL
    };
    const struct js_check k = { &server, &account, &directory, arena, false, false };
    static const char *subjects[] = { "s.>" };
    test_stream_put(d,
                    &(struct stream_config){ .name = "S",
                                             .subjects = { subjects, 1 },
                                             .storage = JS_STORAGE_FILE,
                                             .num_replicas = 1,
                                             .retention = data[0] >> 1 & 1 ? JS_RETENTION_WORKQUEUE
                                                                           : JS_RETENTION_LIMITS });
    struct slice body = slice_of(data + 1, size - 1);
    if (data[0] & 1) consumer_ask(body, &k, d);
    else stream_ask(body, &k, d);
    return 0;
}
