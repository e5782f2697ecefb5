/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/archive_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "import/nats_block_testing.h"
#include "import/nats_index_testing.h"
#include "import/nats_index.h"

enum {
    TAR_BLOCK = 512,
    TAR_NAME = 100,
    TAR_MODE = 100,
    TAR_SIZE = 124,
    TAR_SUM = 148,
    TAR_TYPE = 156
};

/* ---- an archive by hand ---- */

static void put_head(struct buf *out, const char *name, size_t len, char type)
{
    char head[TAR_BLOCK] = { 0 };
    uint32_t sum = 0;
    (void)snprintf(head, TAR_NAME, "%s", name);
    (void)snprintf(head + TAR_SIZE, 12, "%011zo", len);
    memset(head + TAR_SUM, ' ', 8);
    head[TAR_TYPE] = type;
    memcpy(head + 257, "ustar\00000", 8);
    for (size_t i = 0; i < sizeof head; i++) sum += (uint8_t)head[i];
    (void)snprintf(head + TAR_SUM, 8, "%06o", sum);
    buf_add(out, slice_of(head, sizeof head));
}

static void put_file(struct buf *out, const char *name, struct slice content)
{
    static const char zeros[TAR_BLOCK] = { 0 };
    put_head(out, name, content.len, '0');
    buf_add(out, content);
    if (content.len % TAR_BLOCK > 0)
        buf_add(out, slice_of(zeros, TAR_BLOCK - content.len % TAR_BLOCK));
}

static void put_end(struct buf *out)
{
    static const char zeros[2 * TAR_BLOCK] = { 0 };
    buf_add(out, slice_of(zeros, sizeof zeros));
}

static void put_block(struct buf *out)
{
    struct buf block = { 0 };
    const struct nats_record erased = { .kind = NATS_ERASED, .sequence = 3, .time = 1 };
    const struct nats_record gone = { .kind = NATS_TOMBSTONE, .sequence = 1, .time = 1 };
    nats_message_add(&block, "S-1", 1, "one");
    nats_message_add(&block, "S-1", 2, "two");
    nats_record_add(&block, "S-1", &erased);
    nats_record_add(&block, "S-1", &gone);
    nats_message_add(&block, "S-1", 2, "two again");
    nats_message_add(&block, "S-1", 4, "four");
    put_file(out, "msgs/1.blk", buf_slice(&block));
    buf_deinit(&block);
}

#define META "{\"Created\":\"2023-11-14T22:13:20Z\",\"name\":\"S\",\"subjects\":[\"t.>\"]}"
#define C_META "{\"Created\":\"2023-11-14T22:13:21Z\",\"Name\":\"C\",\"durable_name\":\"C\"}"

/* All that is read of plain bytes that come in pieces of `cut`. */
static const char *read_all(struct slice bytes, uint32_t cut, struct buf *ret)
{
    struct archive_files *f = archive_files_new(slice_first(bytes, 8));
    struct archive_item item = { .created = 0 };
    struct errmsg why = { "" };
    enum archive_verdict v = ARCHIVE_MORE;
    ret->len = 0;
    bytes = slice_from(bytes, 8);
    while (v != ARCHIVE_END && v != ARCHIVE_BAD && bytes.len > 0) {
        struct slice in = slice_first(bytes, cut);
        bytes = slice_from(bytes, in.len);
        while ((v = archive_files_next(f, &in, &item, &why)) != ARCHIVE_MORE) {
            if (v == ARCHIVE_STATE) buf_printf(ret, "stream %.*s", SLICE_ARGS(item.name));
            if (v == ARCHIVE_MESSAGE)
                buf_printf(ret, "%llu %.*s %.*s", (unsigned long long)item.message.sequence,
                           SLICE_ARGS(item.message.subject), SLICE_ARGS(item.message.payload));
            if (v == ARCHIVE_REMOVED) buf_printf(ret, "-%llu", (unsigned long long)item.removed);
            if (v == ARCHIVE_INDEX)
                buf_printf(ret, "index %llu", (unsigned long long)item.index->last);
            if (v == ARCHIVE_CONSUMER)
                buf_printf(ret, "consumer %.*s %llu", SLICE_ARGS(item.name),
                           (unsigned long long)item.consumer.state.delivered.stream_seq);
            if (v == ARCHIVE_END)
                buf_printf(ret, "end %llu", (unsigned long long)item.state.last_seq);
            if (v == ARCHIVE_END || v == ARCHIVE_BAD) break;
            buf_add_str(ret, ";");
        }
    }
    if (v == ARCHIVE_BAD) buf_add_str(ret, why.text);
    if (v == ARCHIVE_MORE) buf_add_str(ret, archive_files_is_between(f) ? "cut" : "cut within");
    (void)archive_files_free(f);
    return buf_str(ret);
}

#define MESSAGES "stream S;1 t.1 one;2 t.2 two;-1;4 t.4 four;"

static void files_become_messages_and_consumers(void **state)
{
    (void)state;
    struct buf tar = { 0 }, said = { 0 };
    put_file(&tar, "meta.inf", SLICE_LIT(META));
    put_file(&tar, "meta.sum", SLICE_LIT("0123456789abcdef"));
    put_block(&tar);
    put_file(&tar, "msgs/thw.db", SLICE_LIT("whatever"));
    put_file(&tar, "obs/C/meta.inf", SLICE_LIT(C_META));
    put_file(&tar, "obs/C/o.dat", SLICE_LIT("\x16\x02\x01\x02\x05\x09\0\0"));
    put_file(&tar, "obs/D/meta.inf", SLICE_LIT("{\"Name\":\"D\"}"));
    put_end(&tar);
    static const uint32_t cuts[] = { 1, 7, 512, 1000, UINT32_MAX };
    for (size_t i = 0; i < ARRAY_COUNT(cuts); i++)
        assert_string_equal(read_all(buf_slice(&tar), cuts[i], &said),
                            MESSAGES "consumer C 9;consumer D 0;end 4");
    assert_string_equal(read_all(slice_first(buf_slice(&tar), 1600), 512, &said),
                        "stream S;cut within");
    assert_string_equal(read_all(slice_first(buf_slice(&tar), tar.len - 1024), 512, &said),
                        MESSAGES "consumer C 9;cut");
    buf_deinit(&tar);
    buf_deinit(&said);
}

static void an_index_counts_when_it_fits(void **state)
{
    (void)state;
    struct buf tar = { 0 }, index = { 0 }, said = { 0 };
    index_head(&index, 3, (struct index_span){ 8, 80, 2, 9 });
    index_uv(&index, 0);
    index_uv(&index, 1);
    index_block(&index, 3, 1, (struct index_span){ 0, 80, 2, 9 });
    index_end(&index, 1);
    index_seal(&index, "S");
    put_file(&tar, "meta.inf", SLICE_LIT(META));
    put_block(&tar);
    put_file(&tar, "msgs/index.db", buf_slice(&index));
    put_end(&tar);
    assert_string_equal(read_all(buf_slice(&tar), 100, &said), MESSAGES "index 9;end 9");
    tar.len = 0;
    index.ptr[3] ^= 1;
    put_file(&tar, "meta.inf", SLICE_LIT(META));
    put_block(&tar);
    put_file(&tar, "msgs/index.db", buf_slice(&index));
    put_end(&tar);
    assert_string_equal(read_all(buf_slice(&tar), 100, &said), MESSAGES "end 4");
    buf_deinit(&tar);
    buf_deinit(&index);
    buf_deinit(&said);
}

static void what_is_no_backup_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *content, *why;
        char        type;
        bool        has_meta;
    } cases[] = {
        { "../meta.inf", "x", "unexpected content", '0', true },
        { "msgs/../../x", "x", "unexpected content", '0', true },
        { "/etc/passwd", "x", "unexpected content", '0', true },
        { "obs\\C", "x", "unexpected content", '0', true },
        { "msgs", "", "unexpected content", '5', true },
        { "link", "", "unexpected content", '2', true },
        { "meta.inf", META, "meta.inf is there twice", '0', true },
        { "meta.inf", "{}", "meta.inf names no stream", '0', false },
        { "meta.inf", "{", "unexpected end of JSON input", '0', false },
        { "msgs/1.blk", "x", "expected meta.inf first", '0', false },
        { "msgs/1.blk", "this is no block at all, but long enough to be one",
          "block 1 is damaged at byte 0, sequence ", '0', true },
        { "msgs/0.blk", "x", "block 0 is out of order", '0', true },
        { "obs/C/o.dat", "x", "error restoring consumer [\"C\"]: it has no meta.inf", '0', true },
        { "errors.txt", "no space", "it could not be made: no space", '0', true },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct buf tar = { 0 }, said = { 0 };
        if (cases[i].has_meta) put_file(&tar, "meta.inf", SLICE_LIT(META));
        if (cases[i].type == '0') put_file(&tar, cases[i].name, slice_str(cases[i].content));
        else put_head(&tar, cases[i].name, 0, cases[i].type);
        put_end(&tar);
        const char *text = read_all(buf_slice(&tar), 512, &said);
        const char *last = strrchr(text, ';');
        last = last == NULL ? text : last + 1;
        if (strncmp(last, cases[i].why, strlen(cases[i].why)) != 0)
            assert_string_equal(last, cases[i].why);
        buf_deinit(&tar);
        buf_deinit(&said);
    }
}

static void a_file_that_is_too_large_is_refused_or_passed_over(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t      most;
        bool        is_passed_over;
    } cases[] = {
        { "obs/C/meta.inf", 4 << 20, false }, { "errors.txt", 4 << 20, false },
        { "obs/C/o.dat", 16 << 20, false },   { "msgs/1.blk", 64 << 20, false },
        { "msgs/index.db", 64 << 20, true },  { "msgs/thw.db", 64 << 20, true },
    };
    struct buf said = { 0 };
    for (size_t i = 0; i < 2 * ARRAY_COUNT(cases); i++) {
        struct buf tar = { 0 };
        bool is_large = i % 2 == 1, is_good = !is_large || cases[i / 2].is_passed_over;
        put_file(&tar, "meta.inf", SLICE_LIT(META));
        put_head(&tar, cases[i / 2].name, cases[i / 2].most + is_large, '0');
        assert_string_equal(read_all(buf_slice(&tar), 512, &said),
                            is_good ? "stream S;cut within"
                                    : "stream S;a file of the archive is too large");
        buf_deinit(&tar);
    }
    buf_deinit(&said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_become_messages_and_consumers),
        cmocka_unit_test(an_index_counts_when_it_fits),
        cmocka_unit_test(what_is_no_backup_is_refused),
        cmocka_unit_test(a_file_that_is_too_large_is_refused_or_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
