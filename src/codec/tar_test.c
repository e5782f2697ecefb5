/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/tar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/compiler.h"

static const struct tar_limits limits = {
    .size_max = 5000,
    .entries = 4,
    .name_max = 300,
    .header_max = 1000,
};

static void seal(uint8_t *block)
{
    uint32_t sum = 0;
    memset(block + 148, ' ', 8);
    for (int i = 0; i < 512; i++) sum += block[i];
    (void)snprintf((char *)block + 148, 8, "%06o", sum);
}

static uint8_t *header_add(struct buf *b, char type, const char *name, uint32_t size)
{
    buf_reserve(b, 512);
    uint8_t *block = b->ptr + b->len;
    memset(block, 0, 512);
    b->len += 512;
    memcpy(block, name, strlen(name));
    (void)snprintf((char *)block + 124, 12, "%011o", size);
    block[156] = (uint8_t)type;
    memcpy(block + 257, "ustar\00000", 8);
    seal(block);
    return block;
}

static void content_add(struct buf *b, struct slice content)
{
    buf_add(b, content);
    while (b->len % 512 != 0) buf_add_byte(b, 0);
}

static void file_add(struct buf *b, char type, const char *name, const char *content)
{
    (void)header_add(b, type, name, (uint32_t)strlen(content));
    content_add(b, slice_str(content));
}

static void end_add(struct buf *b)
{
    for (int i = 0; i < 1024; i++) buf_add_byte(b, 0);
}

static const char *const kinds[] = { "file", "directory", "link", "other" };

/* Tells what a reader finds, as "file name 5 [hello] … done", and frees the archive. */
static const char *tell_cut(struct slice in, uint32_t step, struct buf *story)
{
    static const char *const ends[] = { "more", NULL, NULL, "done", "bad", "limit" };
    struct tar_reader *r = tar_reader_new(&limits);
    enum tar_verdict v = TAR_MORE;
    bool in_data = false;
    story->len = 0;
    while (in.len > 0 && v == TAR_MORE) {
        struct slice part = slice_first(in, step), data;
        struct tar_entry entry;
        in = slice_from(in, part.len);
        while ((v = tar_reader_next(r, &part, &entry, &data)) == TAR_ENTRY || v == TAR_DATA) {
            if (v == TAR_DATA && !in_data) buf_add_str(story, "[");
            if (v == TAR_ENTRY && in_data) buf_add_str(story, "] ");
            in_data = v == TAR_DATA;
            if (v == TAR_DATA) buf_add(story, data);
            else
                buf_printf(story, "%s %.*s %u ", kinds[entry.kind], SLICE_ARGS(entry.name),
                           (unsigned)entry.size);
        }
    }
    buf_printf(story, "%s%s%s", in_data ? "] " : "", ends[v],
               tar_reader_is_between(r) ? " between" : "");
    tar_reader_free(r);
    return buf_str(story);
}

static void expect(struct buf *archive, const char *story)
{
    static const uint32_t steps[] = { 1, 511, 513, UINT32_MAX };
    struct buf told = { 0 };
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++)
        assert_string_equal(tell_cut(buf_slice(archive), steps[i], &told), story);
    buf_deinit(&told);
    buf_deinit(archive);
}

static void files_come_with_name_and_content(void **state)
{
    (void)state;
    struct buf b = { 0 };
    file_add(&b, '0', "meta.inf", "{}");
    file_add(&b, '\0', "msgs/1.blk", "");
    file_add(&b, '7', "obs/c/o.dat", "state");
    end_add(&b);
    buf_add_str(&b, "rubbish");
    expect(&b, "file meta.inf 2 [{}] file msgs/1.blk 0 file obs/c/o.dat 5 [state] done");
}

static void what_is_no_file_is_named_and_skipped(void **state)
{
    (void)state;
    struct buf b = { 0 };
    file_add(&b, '5', "dir", "");
    file_add(&b, '\0', "old/", "");
    (void)header_add(&b, '2', "link", 7); /* the size of a link is not that of a content */
    file_add(&b, 'Z', "what", "some bytes");
    end_add(&b);
    expect(&b, "directory dir 0 directory old/ 0 link link 0 other what 10 done");
}

static void long_names_are_joined(void **state)
{
    (void)state;
    struct buf b = { 0 };
    uint8_t *block = header_add(&b, '0', "name", 0);
    memcpy(block + 345, "some/folder", 11);
    seal(block);
    file_add(&b, 'x', "pax", "21 path=r\xc3\xa9sum\xc3\xa9.txt\n10 size=3\n8 zzz=1\n");
    (void)header_add(&b, '0', "short", 1);
    content_add(&b, SLICE_LIT("abc"));
    file_add(&b, 'g', "global", "15 path=global\n");
    file_add(&b, 'K', "long link", "target");
    file_add(&b, 'L', "long name", "by/gnu");
    file_add(&b, '0', "short", "x");
    expect(&b,
           "file some/folder/name 0 file r\xc3\xa9sum\xc3\xa9.txt 3 [abc] file by/gnu 1 [x] more "
           "between");
}

static void a_sparse_file_is_no_file(void **state)
{
    (void)state;
    struct buf b = { 0 };
    uint8_t *block = header_add(&b, 'S', "holes", 3);
    block[482] = 1;
    seal(block);
    uint8_t map[512] = { 0 };
    map[504] = 1;
    buf_add(&b, slice_of(map, 512));
    map[504] = 0;
    buf_add(&b, slice_of(map, 512));
    content_add(&b, SLICE_LIT("abc"));
    file_add(&b, 'x', "pax", "22 GNU.sparse.major=1\n");
    file_add(&b, '0', "more holes", "abc");
    file_add(&b, '0', "file", "abc");
    end_add(&b);
    expect(&b, "other holes 3 other more holes 3 file file 3 [abc] done");
}

static void a_binary_size_is_read(void **state)
{
    (void)state;
    struct buf b = { 0 };
    uint8_t *block = header_add(&b, '0', "f", 0);
    memcpy(block + 124, "\x80\0\0\0\0\0\0\0\0\0\0\x03", 12);
    seal(block);
    content_add(&b, SLICE_LIT("abc"));
    expect(&b, "file f 3 [abc] more between");
    block = header_add(&b, '0', "f", 0);
    memcpy(block + 124, "\x80\0\0\x01\0\0\0\0\0\0\0\0", 12); /* over 63 bits */
    seal(block);
    expect(&b, "bad");
    block = header_add(&b, '0', "f", 0);
    memset(block + 124, 0xff, 12); /* -1 */
    seal(block);
    expect(&b, "bad");
}

static void a_limit_ends_it(void **state)
{
    (void)state;
    struct buf b = { 0 };
    (void)header_add(&b, '0', "f", 5001);
    expect(&b, "limit");
    for (int i = 0; i < 5; i++) file_add(&b, '0', "f", "");
    expect(&b, "file f 0 file f 0 file f 0 file f 0 limit");
    (void)header_add(&b, 'x', "pax", 1001);
    expect(&b, "limit");
    char name[302];
    memset(name, 'n', 301);
    name[301] = '\0';
    file_add(&b, 'L', "", name);
    file_add(&b, '0', "f", "");
    expect(&b, "limit");
}

static void an_archive_that_is_cut_shows_it(void **state)
{
    (void)state;
    struct buf b = { 0 };
    expect(&b, "more between");
    file_add(&b, '0', "f", "abc");
    b.len -= 1;
    expect(&b, "file f 3 [abc] more");
    file_add(&b, 'x', "pax", "10 path=p\n");
    expect(&b, "more");
}

static void bad_bytes_are_no_archive(void **state)
{
    (void)state;
    static const char *const records[] = {
        "99 path=p\n", "8 path=p\n", "path=p\n", "8 pathp\n",
        "6 =pp\n",     "0 a=b\n",    "6 a=bb\n", "11 size=-1\n"
    };
    struct buf b = { 0 };
    for (size_t i = 0; i < ARRAY_COUNT(records); i++) {
        file_add(&b, 'x', "pax", records[i]);
        expect(&b, "bad");
    }
    header_add(&b, '0', "f", 0)[0] = 'g'; /* the sum does not fit */
    expect(&b, "bad");
    uint8_t *block = header_add(&b, '0', "f", 0);
    block[130] = '9';
    seal(block);
    expect(&b, "bad");
    end_add(&b);
    b.len -= 512;
    file_add(&b, '0', "f", "");
    expect(&b, "bad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_come_with_name_and_content),
        cmocka_unit_test(what_is_no_file_is_named_and_skipped),
        cmocka_unit_test(long_names_are_joined),
        cmocka_unit_test(a_sparse_file_is_no_file),
        cmocka_unit_test(a_binary_size_is_read),
        cmocka_unit_test(a_limit_ends_it),
        cmocka_unit_test(an_archive_that_is_cut_shows_it),
        cmocka_unit_test(bad_bytes_are_no_archive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
