/* SPDX-License-Identifier: Apache-2.0 */
/* A JetStream at rest on a store on a disk of memory, which is filled, closed and opened again. */
#include "stream/js_import.h"

#include "env/disk_memory.h"
#include "stream/api_testing.h"
#include "stream/dedupe.h"
#include "stream/stream_internal.h"
#include "stream/stream_restore.h"

struct rest {
    struct js_world    *w;
    struct disk_memory *disk;
    struct disks        disks;
};

static enum err open_disk(struct disks *d, const char *directory, bool read_only, struct disk **ret,
                          struct errmsg *why)
{
    (void)directory;
    (void)why;
    struct disk_memory *disk = container_of(d, struct rest, disks)->disk;
    disk->is_read_only = read_only;
    *ret = &disk->base;
    return ERR_OK;
}

static void close_disk(struct disks *d, struct disk *disk)
{
    container_of(d, struct rest, disks)->disk->is_read_only = false;
    (void)disk;
}

static struct store_owner *found(void *ctx, const struct store_found *what)
{
    struct rest *f = ctx;
    f->w->js.store = what->store;
    struct stream *s = stream_recover(&f->w->js, what);
    return s == NULL ? NULL : &s->owner;
}

static void failed(void *ctx, enum err e, const char *what)
{
    (void)ctx;
    fail_msg("%s: %s", err_text(e), what);
}

static void open_store(struct rest *f)
{
    struct reactor *home = jetstream_reactor(&f->w->js);
    const struct store_host host = { .ctx = f, .owner_found = found, .on_failed = failed };
    const struct store_options options = {
        .env = &f->w->world->fake->env,
        .wake = reactor_wake,
        .wake_ctx = home,
        .directory = "midge",
    };
    struct errmsg why = { "" };
    enum err e = store_open(&options, &host, &f->w->js.store, &why);
    if (e != ERR_OK) fail_msg("%s", why.text);
    reactor_set_disk(home, store_queue(f->w->js.store));
    streams_hidden_sort(&f->w->js);
}

static struct rest *rest_new(void)
{
    struct rest *f = xcalloc(1, sizeof *f);
    f->w = js_world_new(1, NULL);
    f->w->js.is_at_rest = true;
    f->disk = disk_memory_new(1);
    f->disks = (struct disks){ open_disk, close_disk };
    f->w->world->fake->env.disks = &f->disks;
    open_store(f);
    return f;
}

static void tick(struct rest *f)
{
    struct store *store = f->w->js.store;
    world_run(f->w->world);
    store_tick(store, jetstream_reactor(&f->w->js)->now);
    disk_memory_settle(f->disk, store_queue(store));
    f->w->world->fake->now += MICROSECOND;
}

static void settle(struct rest *f, const struct stream *s)
{
    while (!js_import_is_settled(s)) tick(f);
}

static void close_store(struct rest *f)
{
    struct jetstream *js = &f->w->js;
    store_stop(js->store);
    while (!store_is_idle(js->store)) tick(f);
    js->is_ending = true;
    streams_hidden_free(js);
    for (uint32_t i = 0; i < js->accounts_count; i++) {
        struct js_account *a = js->accounts[i];
        while (a->streams_count > 0) {
            struct stream *s = a->streams[0];
            stream_uncharge(s);
            js_account_remove(a, s);
            stream_free(s);
        }
    }
    reactor_set_disk(jetstream_reactor(js), NULL);
    js->store = store_close(js->store);
    js->is_ending = false;
}

static void rest_free(struct rest *f)
{
    close_store(f);
    disk_memory_free(f->disk);
    js_world_free(f->w);
    xfree(f);
}

#define CONFIG(more) \
    "{\"Created\":\"2020-01-01T00:00:00Z\",\"name\":\"S\",\"subjects\":[\"s.>\"]," more "}"

/* NULL: it is refused, and `why` holds this text. */
static struct stream *begin(struct rest *f, const char *json, const char *because)
{
    const struct js_import_what what = { SLICE_LIT("A"), slice_str(json) };
    struct js_import_facts facts;
    struct errmsg why = { "" };
    struct stream *s = NULL;
    enum err e = js_import_begin(&f->w->js, &what, &s, &facts, &why);
    if (because == NULL) {
        if (e != ERR_OK) fail_msg("%s", why.text);
        assert_true(facts.is_file);
        return s;
    }
    assert_true(e == ERR_INVALID || e == ERR_EXISTS);
    assert_has(why.text, because);
    assert_null(s);
    return NULL;
}

static enum err put(struct stream *s, uint64_t sequence, const char *subject)
{
    struct errmsg why;
    const struct stored m = { .sequence = sequence,
                              .time = (nanos)sequence * SECOND,
                              .subject = slice_str(subject),
                              .header = SLICE_LIT("NATS/1.0\r\nNats-Msg-Id: x\r\n\r\n"),
                              .payload = slice_str(subject) };
    return js_import_message(s, &m, &why);
}

static void finish(struct rest *f, struct stream *s)
{
    struct errmsg why;
    settle(f, s);
    assert_int_equal(js_import_finish(s, 77 * SECOND, &why), ERR_OK);
    settle(f, s);
}

/* "3:s.a 9:s.b", read again. */
static const char *tell(struct rest *f, struct stream *s, struct buf *story)
{
    struct js_import_reader r = { .is_waiting = false };
    struct stored m;
    enum err e;
    uint64_t at = 1;
    story->len = 0;
    while ((e = js_import_next(s, at, &r, &m)) != ERR_NOTFOUND) {
        if (e == ERR_BUSY) {
            tick(f);
            continue;
        }
        assert_int_equal(e, ERR_OK);
        assert_true(slice_equal(m.subject, m.payload));
        buf_printf(story, "%s%llu:%.*s", story->len > 0 ? " " : "", (unsigned long long)m.sequence,
                   SLICE_ARGS(m.subject));
        at = m.sequence + 1;
    }
    return buf_str(story);
}

static void what_is_fed_is_there_after_the_next_start(void **state)
{
    (void)state;
    struct rest *f = rest_new();
    struct buf story = { 0 };
    struct errmsg why;
    struct msgs_state st;
    struct stream *s = begin(f, CONFIG("\"storage\":\"file\",\"num_replicas\":3"), NULL);
    assert_int_equal(put(s, 3, "s.a"), ERR_OK);
    assert_int_equal(put(s, 4, "s.b"), ERR_OK);
    assert_int_equal(put(s, 9, "s.a"), ERR_OK);
    assert_int_equal(js_import_last(s, 12, 12 * SECOND, &why), ERR_OK);
    settle(f, s);
    const struct js_import_pending pending = { 4, 2, SECOND };
    const struct js_import_consumer c = {
        .name = SLICE_LIT("C"),
        .json = SLICE_LIT("{\"Created\":\"…\",\"durable_name\":\"C\",\"ack_policy\":\"explicit\"}"),
        .created = 5 * SECOND,
        .floor_consumer = 1,
        .floor_stream = 3,
        .delivered_consumer = 2,
        .delivered_stream = 4,
        .pending = &pending,
        .pending_count = 1,
    };
    assert_int_equal(js_import_consumer(s, &c, &why), ERR_OK);
    finish(f, s);
    for (int round = 0; round < 2; round++) {
        s = js_import_find(&f->w->js, SLICE_LIT("A"), SLICE_LIT("S"));
        assert_non_null(s);
        assert_int_equal(s->created, 77 * SECOND);
        assert_int_equal(s->config.num_replicas, 1);
        assert_false(s->is_started);
        js_import_state(s, &st);
        assert_int_equal(st.messages, 3);
        assert_int_equal(st.first_sequence, 3);
        assert_int_equal(st.last_sequence, 12);
        assert_int_equal(st.last_time, 12 * SECOND);
        assert_int_equal(st.deleted, 4 + 3);
        assert_int_equal(js_import_consumers(s), 1);
        assert_string_equal(tell(f, s, &story), "3:s.a 4:s.b 9:s.a");
        close_store(f);
        open_store(f);
    }
    buf_deinit(&story);
    rest_free(f);
}

static void an_empty_stream_keeps_its_last_sequence(void **state)
{
    (void)state;
    struct rest *f = rest_new();
    struct errmsg why;
    struct msgs_state st;
    struct stream *s = begin(f, CONFIG("\"storage\":\"file\""), NULL);
    assert_int_equal(js_import_last(s, 7, 7 * SECOND, &why), ERR_OK);
    finish(f, s);
    js_import_state(s, &st);
    assert_int_equal(st.messages, 0);
    assert_int_equal(st.first_sequence, 8);
    assert_int_equal(st.last_sequence, 7);
    assert_int_equal(st.last_time, 7 * SECOND);
    rest_free(f);
}

static void what_was_not_finished_is_not_there(void **state)
{
    (void)state;
    struct rest *f = rest_new();
    struct stream *s = begin(f, CONFIG("\"storage\":\"file\""), NULL);
    assert_int_equal(put(s, 1, "s.a"), ERR_OK);
    settle(f, s);
    close_store(f);
    open_store(f);
    assert_null(js_import_find(&f->w->js, SLICE_LIT("A"), SLICE_LIT("S")));
    rest_free(f);
}

static void positions_of_sources_are_kept(void **state)
{
    (void)state;
    struct rest *f = rest_new();
    struct errmsg why;
    struct stream *s = begin(f, CONFIG("\"storage\":\"file\",\"sources\":[{\"name\":\"B\"}]"),
                             NULL);
    const struct js_import_source source = { SLICE_LIT("B > >"), SLICE_LIT("ident"), 300 };
    const struct js_import_source bad = { SLICE_LIT(""), SLICE_LIT(""), 3 };
    assert_int_equal(js_import_source(s, &source, &why), ERR_OK);
    assert_int_equal(js_import_source(s, &bad, &why), ERR_INVALID);
    finish(f, s);
    assert_non_null(s->sources);
    rest_free(f);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    struct rest *f = rest_new();
    struct errmsg why;
    (void)begin(f, "[]", "not understood");
    (void)begin(f, "{\"name\":", "not understood");
    (void)begin(f, "{\"name\":\"a.b\",\"storage\":\"file\"}", "name of the stream");
    (void)begin(f, CONFIG("\"storage\":\"memory\""), "not a stream of files");
    (void)begin(f, CONFIG("\"storage\":\"file\",\"max_age\":-5"), "");
    struct stream *s = begin(f, CONFIG("\"storage\":\"file\""), NULL);
    assert_int_equal(put(s, 5, "s.*"), ERR_INVALID);
    assert_int_equal(put(s, 5, ""), ERR_INVALID);
    assert_int_equal(put(s, 5, "s.a"), ERR_OK);
    assert_int_equal(put(s, 5, "s.a"), ERR_INVALID);
    assert_int_equal(put(s, 4, "s.a"), ERR_INVALID);
    assert_int_equal(put(s, UINT64_MAX, "s.a"), ERR_INVALID);
    assert_int_equal(js_import_last(s, UINT64_MAX, 1, &why), ERR_INVALID);
    settle(f, s);
    struct js_import_consumer c = { .name = SLICE_LIT("a b"), .json = SLICE_LIT("{}") };
    assert_int_equal(js_import_consumer(s, &c, &why), ERR_INVALID);
    c = (struct js_import_consumer){ .name = SLICE_LIT("C"), .json = SLICE_LIT("?") };
    assert_int_equal(js_import_consumer(s, &c, &why), ERR_INVALID);
    finish(f, s);
    (void)begin(f, CONFIG("\"storage\":\"file\""), "already");
    rest_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_fed_is_there_after_the_next_start),
        cmocka_unit_test(an_empty_stream_keeps_its_last_sequence),
        cmocka_unit_test(what_was_not_finished_is_not_there),
        cmocka_unit_test(positions_of_sources_are_kept),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
