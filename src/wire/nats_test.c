/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/nats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"

static const struct nats_limits usual = { .max_control_line = 4096,
                                          .max_payload = 1 << 20,
                                          .headers = true };

static const char *const verb_names[] = {
    [NATS_CONNECT] = "CONNECT", [NATS_PUB] = "PUB",   [NATS_HPUB] = "HPUB", [NATS_SUB] = "SUB",
    [NATS_UNSUB] = "UNSUB",     [NATS_PING] = "PING", [NATS_PONG] = "PONG", [NATS_INFO] = "INFO",
    [NATS_OK] = "+OK",          [NATS_ERR] = "-ERR",
};

/* One operation as a line of text: all that a reader of `struct nats_op` may use. */
static void describe(struct buf *text, const struct nats_op *op)
{
    buf_printf(text, "%s", verb_names[op->verb]);
    switch (op->verb) {
    case NATS_PUB:
    case NATS_HPUB:
        buf_printf(text, " subject=%.*s reply=%.*s sizes=%.*s head=%u body=%.*s%s",
                   SLICE_ARGS(op->subject), SLICE_ARGS(op->reply), SLICE_ARGS(op->sizes),
                   op->header_len, SLICE_ARGS(op->body), op->canonical ? " canonical" : "");
        break;
    case NATS_SUB:
        buf_printf(text, " subject=%.*s queue=%.*s sid=%.*s", SLICE_ARGS(op->subject),
                   SLICE_ARGS(op->queue), SLICE_ARGS(op->sid));
        break;
    case NATS_UNSUB:
        buf_printf(text, " sid=%.*s max=%u", SLICE_ARGS(op->sid), (unsigned)op->max);
        break;
    case NATS_CONNECT:
    case NATS_INFO:
    case NATS_ERR: buf_printf(text, " args=%.*s", SLICE_ARGS(op->args)); break;
    case NATS_PING:
    case NATS_PONG:
    case NATS_OK: break;
    }
    buf_add_byte(text, '\n');
}

static const struct {
    const char *bytes, *want;
} good[] = {
    { "PING\r\n", "PING\n" },
    { "ping\n", "PING\n" },
    { "PINGxyz \r\n", "PING\n" },
    { "PONG\r\n", "PONG\n" },
    { "PoNg 1 2\n", "PONG\n" },
    { "+OK\r\n", "+OK\n" },
    { "+okay then\n", "+OK\n" },
    { "-ERR 'gone'\r\n", "-ERR args='gone'\n" },
    { "-err\t x y\n", "-ERR args=x y\n" },
    { "CONNECT {\"a\":1}\r\n", "CONNECT args={\"a\":1}\n" },
    { "connect   {}  \r\n", "CONNECT args={}  \n" },
    { "CONNECT{}\r\n", "CONNECT args={}\n" },
    { "CONNECT\r\n", "CONNECT args=\n" },
    { "CONNECT \t\n", "CONNECT args=\n" },
    { "CONNECT {\r}\r\n", "CONNECT args={\r}\n" },
    { "INFO {}\r\n", "INFO args={}\n" },
    { "INFO{}\n", "INFO args={}\n" },
    { "Info\n", "INFO args=\n" },
    { "SUB foo 1\r\n", "SUB subject=foo queue= sid=1\n" },
    { "sub\tfoo.*.> \t workers  abc\t\n", "SUB subject=foo.*.> queue=workers sid=abc\n" },
    { "SUB a\rb 2\r\n", "SUB subject=a queue=b sid=2\n" },
    { "SUB foo 1\r\r\n", "SUB subject=foo queue= sid=1\n" },
    { "SUB a..b \x01\x7f\xff q\n", "SUB subject=a..b queue=\x01\x7f\xff sid=q\n" },
    { "UNSUB 1\r\n", "UNSUB sid=1 max=0\n" },
    { "UNSUB 1 5\r\n", "UNSUB sid=1 max=5\n" },
    { "unsub  x  999999999 \n", "UNSUB sid=x max=999999999\n" },
    { "UNSUB 1 1000000000\r\n", "UNSUB sid=1 max=0\n" },
    { "UNSUB 1 x\r\n", "UNSUB sid=1 max=0\n" },
    { "UNSUB 1 -1\r\n", "UNSUB sid=1 max=0\n" },
    { "UNSUB 1 1\r\r\n", "UNSUB sid=1 max=1\n" },
    { "PUB foo 0\r\n\r\n", "PUB subject=foo reply= sizes=0 head=0 body= canonical\n" },
    { "PUB foo 5\r\nhello\r\n", "PUB subject=foo reply= sizes=5 head=0 body=hello canonical\n" },
    { "pub foo bar 2\r\nhi\r\n", "PUB subject=foo reply=bar sizes=2 head=0 body=hi canonical\n" },
    { "PUB foo 2\r\n\r\n\r\n", "PUB subject=foo reply= sizes=2 head=0 body=\r\n canonical\n" },
    { "PUB foo 000000002\r\nhi\r\n",
      "PUB subject=foo reply= sizes=000000002 head=0 body=hi canonical\n" },
    { "PUB \t foo 2\r\nhi\r\n", "PUB subject=foo reply= sizes=2 head=0 body=hi canonical\n" },
    { "PUB foo 2\nhi\r\n", "PUB subject=foo reply= sizes=2 head=0 body=hi\n" },
    { "PUB foo 2 \r\nhi\r\n", "PUB subject=foo reply= sizes=2 head=0 body=hi\n" },
    { "PUB foo  2\r\nhi\r\n", "PUB subject=foo reply= sizes=2 head=0 body=hi\n" },
    { "PUB foo\t2\r\nhi\r\n", "PUB subject=foo reply= sizes=2 head=0 body=hi\n" },
    { "PUB foo bar\t2\r\nhi\r\n", "PUB subject=foo reply=bar sizes=2 head=0 body=hi\n" },
    { "PUB foo\tbar 2\r\nhi\r\n", "PUB subject=foo reply=bar sizes=2 head=0 body=hi\n" },
    { "PUB a\rb 2\r\nhi\r\n", "PUB subject=a\rb reply= sizes=2 head=0 body=hi canonical\n" },
    { "PUB a\r 2\r\nhi\r\n", "PUB subject=a\r reply= sizes=2 head=0 body=hi canonical\n" },
    { "HPUB foo 2 4\r\nHHhi\r\n",
      "HPUB subject=foo reply= sizes=2 4 head=2 body=HHhi canonical\n" },
    { "hpub foo bar 2 2\r\nHH\r\n",
      "HPUB subject=foo reply=bar sizes=2 2 head=2 body=HH canonical\n" },
    { "HPUB foo 0 2\r\nhi\r\n", "HPUB subject=foo reply= sizes=0 2 head=0 body=hi canonical\n" },
    { "HPUB foo 01 0002\r\nHh\r\n",
      "HPUB subject=foo reply= sizes=01 0002 head=1 body=Hh canonical\n" },
    { "HPUB foo 1  2\r\nHh\r\n", "HPUB subject=foo reply= sizes=1  2 head=1 body=Hh\n" },
    { "HPUB foo 1\t2\r\nHh\r\n", "HPUB subject=foo reply= sizes=1\t2 head=1 body=Hh\n" },
    { "HPUB foo 1 2\t\r\nHh\r\n", "HPUB subject=foo reply= sizes=1 2 head=1 body=Hh\n" },
    { "HPUB foo  r 1 2\r\nHh\r\n", "HPUB subject=foo reply=r sizes=1 2 head=1 body=Hh\n" },
    { "HPUB foo r 1 2\nHh\r\n", "HPUB subject=foo reply=r sizes=1 2 head=1 body=Hh\n" },
};

static void every_form_of_every_verb_is_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        struct slice in = slice_str(good[i].bytes);
        struct nats_op op;
        struct buf text = { 0 };
        uint32_t used = 0;
        uint64_t need = 77;
        assert_int_equal(nats_next(&usual, in, &op, &used, &need), NATS_PARSE_OP);
        describe(&text, &op);
        assert_string_equal(buf_str(&text), good[i].want);
        assert_int_equal(used, in.len);
        assert_int_equal(need, 0);
        buf_deinit(&text);
    }
}

static void the_line_comes_without_its_end(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *line;
    } rows[] = {
        { "SUB foo 1\r\n", "SUB foo 1" },
        { "SUB foo 1 \n", "SUB foo 1 " },
        { "PING\r\n", "PING" },
        { "PUB foo 2\r\nhi\r\n", "PUB foo 2" },
        { "SUB foo 1\r\r\n", "SUB foo 1\r" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct nats_op op;
        uint32_t used;
        uint64_t need;
        (void)nats_next(&usual, slice_str(rows[i].bytes), &op, &used, &need);
        assert_true(slice_equal_str(op.line, rows[i].line));
    }
}

static void the_tail_is_what_follows_the_subject(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *tail;
    } rows[] = {
        { "PUB foo 2\r\nhi\r\n", "2\r\nhi\r\n" },
        { "PUB foo bar 2\r\nhi\r\n", "bar 2\r\nhi\r\n" },
        { "HPUB foo 1 2\r\nHh\r\n", "1 2\r\nHh\r\n" },
        { "HPUB foo bar 1 2\r\nHh\r\n", "bar 1 2\r\nHh\r\n" },
        { "PUB foo 00\r\n\r\n", "00\r\n\r\n" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct nats_op op;
        uint32_t used;
        uint64_t need;
        (void)nats_next(&usual, slice_str(rows[i].bytes), &op, &used, &need);
        assert_true(op.canonical);
        assert_true(slice_equal_str(op.tail, rows[i].tail));
        assert_ptr_equal(op.tail.ptr + op.tail.len - 2, op.body.ptr + op.body.len);
    }
}

static const struct {
    const char *bytes;
    enum nats_parse want;
} bad[] = {
    { "\r\n", NATS_PARSE_UNKNOWN },
    { "\n", NATS_PARSE_UNKNOWN },
    { " PING\r\n", NATS_PARSE_UNKNOWN },
    { "GET / HTTP/1.1\r\n", NATS_PARSE_UNKNOWN },
    { "\x16\x03\x01", NATS_PARSE_UNKNOWN },
    { "\xff", NATS_PARSE_UNKNOWN },
    { "PIN\r\n", NATS_PARSE_UNKNOWN },
    { "P\n", NATS_PARSE_UNKNOWN },
    { "PUB\r\n", NATS_PARSE_UNKNOWN },
    { "PUB\n", NATS_PARSE_UNKNOWN },
    { "PUBfoo 0\r\n", NATS_PARSE_UNKNOWN },
    { "HPUB\r\n", NATS_PARSE_UNKNOWN },
    { "SUB\r\n", NATS_PARSE_UNKNOWN },
    { "SUBS a 1\r\n", NATS_PARSE_UNKNOWN },
    { "UNSUB\r\n", NATS_PARSE_UNKNOWN },
    { "UNSUBx\r\n", NATS_PARSE_UNKNOWN },
    { "-ERR\r\n", NATS_PARSE_UNKNOWN },
    { "-ERRx\r\n", NATS_PARSE_UNKNOWN },
    { "+O\r\n", NATS_PARSE_UNKNOWN },
    { "MSG foo 1 0\r\n\r\n", NATS_PARSE_UNKNOWN },
    { "HMSG foo 1 0 0\r\n\r\n", NATS_PARSE_UNKNOWN },
    { "A+ x\r\n", NATS_PARSE_UNKNOWN },
    { "RS+ x y\r\n", NATS_PARSE_UNKNOWN },
    { "LS+ x\r\n", NATS_PARSE_UNKNOWN },
    { "PUB foo 2\r\nhixx", NATS_PARSE_END },
    { "PUB foo 2\r\nhi\n", NATS_PARSE_END },
    { "PUB foo 2\r\nhi\rx", NATS_PARSE_END },
    { "PUB foo 2\r\nhi \r\n", NATS_PARSE_END },
    { "PUB foo 0\r\nx", NATS_PARSE_END },
    { "HPUB foo 1 2\r\nHhx", NATS_PARSE_END },
    { "PUB \r\n", NATS_PARSE_ARGS },
    { "PUB foo\r\n", NATS_PARSE_ARGS },
    { "PUB 5\r\n", NATS_PARSE_ARGS },
    { "PUB foo bar\r\n", NATS_PARSE_ARGS },
    { "PUB foo bar baz 2\r\n", NATS_PARSE_ARGS },
    { "PUB foo -1\r\n", NATS_PARSE_ARGS },
    { "PUB foo +1\r\n", NATS_PARSE_ARGS },
    { "PUB foo 1.0\r\n", NATS_PARSE_ARGS },
    { "PUB foo 0x1\r\n", NATS_PARSE_ARGS },
    { "PUB foo 2\r\r\n", NATS_PARSE_ARGS },
    { "PUB foo 1000000000\r\n", NATS_PARSE_ARGS },
    { "PUB foo 0000000001\r\n", NATS_PARSE_ARGS },
    { "PUB foo 99999999999999999999\r\n", NATS_PARSE_ARGS },
    { "HPUB foo\r\n", NATS_PARSE_ARGS },
    { "HPUB foo 2\r\n", NATS_PARSE_ARGS },
    { "HPUB foo 3 2\r\n", NATS_PARSE_ARGS },
    { "HPUB foo x 2\r\n", NATS_PARSE_ARGS },
    { "HPUB foo 2 x\r\n", NATS_PARSE_ARGS },
    { "HPUB foo -2 2\r\n", NATS_PARSE_ARGS },
    { "HPUB foo 1000000000 2\r\n", NATS_PARSE_ARGS },
    { "HPUB a b c 1 2\r\n", NATS_PARSE_ARGS },
    { "SUB \r\n", NATS_PARSE_ARGS },
    { "SUB foo\r\n", NATS_PARSE_ARGS },
    { "SUB foo \r\r\n", NATS_PARSE_ARGS },
    { "SUB a b c d\r\n", NATS_PARSE_ARGS },
    { "UNSUB \r\n", NATS_PARSE_ARGS },
    { "UNSUB \r\r\n", NATS_PARSE_ARGS },
    { "UNSUB 1 2 3\r\n", NATS_PARSE_ARGS },
    { "PUB foo 1048577\r\n", NATS_PARSE_PAYLOAD },
    { "PUB foo 999999999\r\n", NATS_PARSE_PAYLOAD },
    { "HPUB foo 12 1048577\r\n", NATS_PARSE_PAYLOAD },
};

/* What the bytes come to when they arrive one by one: the first verdict that is not "more". */
static enum nats_parse verdict_bytewise(const struct nats_limits *limits, struct slice in)
{
    enum nats_parse got = NATS_PARSE_MORE;
    for (uint32_t len = 0; len <= in.len && got == NATS_PARSE_MORE; len++) {
        struct nats_op op;
        uint32_t used;
        uint64_t need;
        got = nats_next(limits, slice_first(in, len), &op, &used, &need);
    }
    return got;
}

static enum nats_parse verdict(const struct nats_limits *limits, const char *bytes)
{
    struct slice in = slice_str(bytes);
    struct nats_op op;
    uint32_t used;
    uint64_t need;
    enum nats_parse got = nats_next(limits, in, &op, &used, &need);
    assert_int_equal(verdict_bytewise(limits, in), got);
    return got;
}

static void each_mistake_has_its_verdict_whole_and_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        if (verdict(&usual, bad[i].bytes) != bad[i].want) print_error("row: %s\n", bad[i].bytes);
        assert_int_equal(verdict(&usual, bad[i].bytes), bad[i].want);
    }
}

static void headers_that_were_not_negotiated_are_refused(void **state)
{
    (void)state;
    struct nats_limits limits = usual;
    limits.headers = false;
    assert_int_equal(verdict(&limits, "HPUB foo 2 4\r\nHHhi\r\n"), NATS_PARSE_ARGS);
    assert_int_equal(verdict(&limits, "PUB foo 2\r\nhi\r\n"), NATS_PARSE_OP);
}

static void a_payload_may_have_its_limit_and_not_a_byte_more(void **state)
{
    (void)state;
    struct nats_limits limits = usual;
    limits.max_payload = 4;
    assert_int_equal(verdict(&limits, "PUB foo 4\r\nabcd\r\n"), NATS_PARSE_OP);
    assert_int_equal(verdict(&limits, "PUB foo 5\r\n"), NATS_PARSE_PAYLOAD);
    assert_int_equal(verdict(&limits, "HPUB foo 4 4\r\nabcd\r\n"), NATS_PARSE_OP);
    assert_int_equal(verdict(&limits, "HPUB foo 1 5\r\n"), NATS_PARSE_PAYLOAD);
    limits.max_payload = 0;
    assert_int_equal(verdict(&limits, "PUB foo 0\r\n\r\n"), NATS_PARSE_OP);
    assert_int_equal(verdict(&limits, "PUB foo 1\r\n"), NATS_PARSE_PAYLOAD);
    limits.max_payload = -1;
    assert_int_equal(verdict(&limits, "PUB foo 999999999\r\n"), NATS_PARSE_MORE);
}

/* `verb`, then arguments of `len` bytes, then `end`. */
static const char *line_of(const char *verb, uint32_t len, const char *end)
{
    static char line[256];
    size_t at = strlen(verb);
    memcpy(line, verb, at);
    memset(line + at, 'x', len);
    (void)snprintf(line + at + len, sizeof line - at - len, "%s", end);
    return line;
}

static void arguments_may_have_their_limit_and_not_a_byte_more(void **state)
{
    (void)state;
    static const char *const starts[] = { "CONNECT ", "CONNECT", "INFO  ", "-ERR ",
                                          "PONG",     "+OK ",    "PING  " };
    static const char *const ends[] = { "\r\n", "\n", "\r", "" };
    struct nats_limits limits = usual;
    limits.max_control_line = 20;
    for (size_t i = 0; i < ARRAY_COUNT(starts); i++)
        for (size_t e = 0; e < ARRAY_COUNT(ends); e++) {
            enum nats_parse fits = e < 2 ? NATS_PARSE_OP : NATS_PARSE_MORE;
            assert_int_equal(verdict(&limits, line_of(starts[i], 20, ends[e])), fits);
            assert_int_equal(verdict(&limits, line_of(starts[i], 21, ends[e])), NATS_PARSE_LINE);
        }
}

static void the_limit_of_a_line_comes_before_what_is_wrong_with_it(void **state)
{
    (void)state;
    static const char *const starts[] = { "PUB ", "HPUB ", "SUB ", "UNSUB " };
    struct nats_limits limits = usual;
    limits.max_control_line = 20;
    for (size_t i = 0; i < ARRAY_COUNT(starts); i++) {
        enum nats_parse fits = i < 3 ? NATS_PARSE_ARGS : NATS_PARSE_OP;
        assert_int_equal(verdict(&limits, line_of(starts[i], 20, "\r\n")), fits);
        assert_int_equal(verdict(&limits, line_of(starts[i], 21, "\r\n")), NATS_PARSE_LINE);
        assert_int_equal(verdict(&limits, line_of(starts[i], 21, "")), NATS_PARSE_LINE);
    }
    /* The blanks in front of the arguments do not count, those behind do. */
    assert_int_equal(verdict(&limits, "SUB                          foo 1\r\n"), NATS_PARSE_OP);
    assert_int_equal(verdict(&limits, "SUB foo 1                    \r\n"), NATS_PARSE_LINE);
}

static void a_cut_frame_tells_its_length_once_its_sizes_are_there(void **state)
{
    (void)state;
    static const char *const frames[] = { "PUB foo 5\r\nhello\r\n", "HPUB foo bar 2 7\nHHhello\r\n",
                                          "PUB foo 0\r\n\r\n" };
    for (size_t i = 0; i < ARRAY_COUNT(frames); i++) {
        struct slice in = slice_str(frames[i]);
        uint32_t head = (uint32_t)slice_find_byte(in, '\n') + 1;
        for (uint32_t len = 0; len < in.len; len++) {
            struct nats_op op;
            uint32_t used;
            uint64_t need = 77;
            assert_int_equal(nats_next(&usual, slice_first(in, len), &op, &used, &need),
                             NATS_PARSE_MORE);
            assert_int_equal(need, len < head ? 0 : in.len);
        }
    }
}

/* ---- cuts ---- */

static const char stream[] =
    "CONNECT {\"verbose\":false}\r\nPING\r\nSUB foo.* workers 1\r\nsub bar 2\n"
    "PUB foo 5\r\nhello\r\n"
    "PUB foo reply  3\nPU\n\r\nHPUB foo r 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPUB a 0\r\n\r\n"
    "UNSUB 1 3\r\nPONG\r\n+OK\r\nINFO{}\r\nPUB b 4\r\n\r\n\r\n\r\n-ERR 'x'\r\n";

/* A connection's way of reading: what is cut is looked at again with more behind it. */
struct reader {
    uint32_t at;
    uint32_t len;
    struct buf seen;
    enum nats_parse last;
};

static void reader_feed(struct reader *r, struct slice all, uint32_t more)
{
    r->len += more;
    do {
        struct nats_op op;
        uint32_t used = 0;
        uint64_t need;
        struct slice in = slice_from(slice_first(all, r->len), r->at);
        r->last = nats_next(&usual, in, &op, &used, &need);
        if (r->last != NATS_PARSE_OP) return;
        describe(&r->seen, &op);
        r->at += used;
    } while (true);
}

static void assert_same_however_cut(struct slice all, uint32_t first, uint32_t second,
                                    const char *want)
{
    struct reader r = { 0 };
    reader_feed(&r, all, first);
    reader_feed(&r, all, second - first);
    reader_feed(&r, all, all.len - second);
    assert_string_equal(buf_str(&r.seen), want);
    assert_int_equal(r.last, NATS_PARSE_MORE);
    assert_int_equal(r.at, all.len);
    buf_deinit(&r.seen);
}

static void the_operations_are_the_same_however_the_bytes_are_cut(void **state)
{
    (void)state;
    struct slice all = slice_of(stream, sizeof stream - 1);
    struct reader whole = { 0 }, bytewise = { 0 };
    reader_feed(&whole, all, all.len);
    const char *want = buf_str(&whole.seen);
    uint32_t lines = 0;
    for (const char *c = want; *c != 0; c++) lines += *c == '\n';
    assert_int_equal(lines, 14 + 5); /* 14 operations; 5 line ends stand in payloads */

    for (uint32_t first = 0; first <= all.len; first++)
        for (uint32_t second = first; second <= all.len; second++)
            assert_same_however_cut(all, first, second, want);

    for (uint32_t i = 0; i < all.len; i++) reader_feed(&bytewise, all, 1);
    assert_string_equal(buf_str(&bytewise.seen), want);
    buf_deinit(&bytewise.seen);
    buf_deinit(&whole.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_every_verb_is_understood),
        cmocka_unit_test(the_line_comes_without_its_end),
        cmocka_unit_test(the_tail_is_what_follows_the_subject),
        cmocka_unit_test(each_mistake_has_its_verdict_whole_and_byte_by_byte),
        cmocka_unit_test(headers_that_were_not_negotiated_are_refused),
        cmocka_unit_test(a_payload_may_have_its_limit_and_not_a_byte_more),
        cmocka_unit_test(arguments_may_have_their_limit_and_not_a_byte_more),
        cmocka_unit_test(the_limit_of_a_line_comes_before_what_is_wrong_with_it),
        cmocka_unit_test(a_cut_frame_tells_its_length_once_its_sizes_are_there),
        cmocka_unit_test(the_operations_are_the_same_however_the_bytes_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
