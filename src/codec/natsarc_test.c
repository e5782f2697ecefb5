/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/natsarc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/compiler.h"

static const struct natsarc_limits limits = { .name_max = 20,
                                              .header_max = 30,
                                              .payload_max = 200 };

static void add(struct buf *out, const char *name, struct slice header, struct slice payload)
{
    const struct natsarc_entry entry = {
        .name = slice_str(name),
        .time = -5,
        .sequence = 300,
        .header = header,
        .payload = payload,
    };
    natsarc_entry_add(&entry, out);
}

/* Tells what a reader finds: "name@time#sequence (header) [payload] … done". */
static const char *tell_cut(struct slice in, uint32_t step, struct buf *story)
{
    static const char *const ends[] = { "more", NULL, "done", "bad", "limit" };
    struct natsarc_reader *r = natsarc_reader_new(&limits);
    enum natsarc_verdict v = NATSARC_MORE;
    story->len = 0;
    while (in.len > 0 && v == NATSARC_MORE) {
        struct slice part = slice_first(in, step);
        struct natsarc_entry e;
        in = slice_from(in, part.len);
        while ((v = natsarc_reader_next(r, &part, &e)) == NATSARC_ENTRY)
            buf_printf(story, "%.*s@%d#%u (%.*s) [%.*s] ", SLICE_ARGS(e.name), (int)e.time,
                       (unsigned)e.sequence, SLICE_ARGS(e.header), SLICE_ARGS(e.payload));
    }
    buf_add_str(story, ends[v]);
    natsarc_reader_free(r);
    return buf_str(story);
}

static void expect(struct slice archive, const char *story)
{
    struct buf told = { 0 };
    for (uint32_t step = 1; step < 90; step++)
        assert_string_equal(tell_cut(archive, step, &told), story);
    assert_string_equal(tell_cut(archive, UINT32_MAX, &told), story);
    buf_deinit(&told);
}

static void an_archive_reads_back_however_it_is_cut(void **state)
{
    (void)state;
    char text[160];
    memset(text, 'x', sizeof text);
    text[159] = '\0';
    struct buf b = { 0 }, story = { 0 };
    natsarc_start_add(&b);
    add(&b, "state.json", (struct slice){ 0 }, SLICE_LIT("{}"));
    add(&b, "orders.new", SLICE_LIT("NATS/1.0\r\nA: B\r\n\r\n"), slice_str(text));
    add(&b, "orders.new", (struct slice){ 0 }, (struct slice){ 0 });
    natsarc_end_add(&b);
    buf_add_str(&b, "rubbish");
    buf_printf(&story,
               "state.json@-5#300 () [{}] orders.new@-5#300 (NATS/1.0\r\nA: B\r\n\r\n) [%s] "
               "orders.new@-5#300 () [] done",
               text);
    expect(buf_slice(&b), buf_str(&story));
    buf_deinit(&story);
    buf_deinit(&b);
}

static void the_bytes_are_those_of_nats_server(void **state)
{
    (void)state;
    struct buf b = { 0 };
    natsarc_start_add(&b);
    add(&b, "a.b", SLICE_LIT("hh"), SLICE_LIT("ppp"));
    natsarc_end_add(&b);
    assert_true(slice_equal(buf_slice(&b), SLICE_LIT("NATSARC1\x03\x09\xac\x02\x02\x03"
                                                     "a.bhhppp\x00\x00\x00\x00\x00")));
    buf_deinit(&b);
}

#define MAGIC "NATSARC1"
static const struct {
    const char *what;
    struct slice archive;
    const char *story;
} cases[] = {
    { "nothing", SLICE_LIT(""), "more" },
    { "the name only", SLICE_LIT(MAGIC), "more" },
    { "the end only", SLICE_LIT(MAGIC "\0\0\0\0\0"), "done" },
    { "another name", SLICE_LIT("NATSARC2\0\0\0\0\0"), "bad" },
    { "another name, at once", SLICE_LIT("x"), "bad" },
    { "a cut end", SLICE_LIT(MAGIC "\0\0\0\0"), "more" },
    { "a cut entry", SLICE_LIT(MAGIC "\x01\0\x01\0\x02nx"), "more" },
    { "no name", SLICE_LIT(MAGIC "\0\0\0\0\x01x"), "bad" },
    { "a time and no name", SLICE_LIT(MAGIC "\0\x01\0\0\0"), "bad" },
    { "a length over 64 bits", SLICE_LIT(MAGIC "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), "bad" },
    { "a long name", SLICE_LIT(MAGIC "\x15\0\0\0\0"), "limit" },
    { "a long header", SLICE_LIT(MAGIC "\x01\0\0\x1f\0"), "limit" },
    { "a long payload", SLICE_LIT(MAGIC "\x01\0\0\0\xc9\x01"), "limit" },
    { "a payload without end",
      SLICE_LIT(MAGIC "\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "limit" },
    { "an entry of a byte", SLICE_LIT(MAGIC "\x01\0\0\0\0n\0\0\0\0\0"), "n@0#0 () [] done" },
};

static void any_bytes_read_as_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) expect(cases[i].archive, cases[i].story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_archive_reads_back_however_it_is_cut),
        cmocka_unit_test(the_bytes_are_those_of_nats_server),
        cmocka_unit_test(any_bytes_read_as_the_table_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
