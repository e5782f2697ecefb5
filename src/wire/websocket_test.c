/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/websocket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"

/* A slice in a static table: gcc takes no compound literal there. */
#define TEXT(text)                                   \
    {                                                \
        (const uint8_t *)("" text), sizeof(text) - 1 \
    }

struct row {
    struct slice bytes;
    struct ws_rules rules;
    const char *why;                    /* NULL: a good head */
};

#define MASK "\x11\x22\x33\x44"
#define FRAGMENT .in_message = true
#define DEFLATE .compression = true

/* clang-format off */
static const struct row rows[] = {
    {TEXT("\x82\x80" MASK), { 0 }, NULL },
    { TEXT("\x82\xfe\x00\x06" MASK), { 0 }, NULL },
    { TEXT("\x82\xff\0\0\0\0\0\0\0\x06" MASK), { 0 }, NULL },
    { TEXT("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff" MASK), { 0 }, NULL },
    { TEXT("\x82\xff\x80\0\0\0\0\0\0\0" MASK), { 0 }, "invalid 64-bit payload length" },
    { TEXT("\x01\x85" MASK), { 0 }, NULL },
    { TEXT("\x80\x85" MASK), { FRAGMENT }, NULL },
    { TEXT("\x82\x05"), { .unmasked_allowed = true }, NULL },
    { TEXT("\x82\x05"), { 0 }, "mask bit missing" },
    { TEXT("\x89\x05"), { 0 }, "mask bit missing" },
    { TEXT("\xc2\x85" MASK), { DEFLATE }, NULL },
    { TEXT("\xc2\x85" MASK), { 0 },
      "compressed frame received without negotiated permessage-deflate" },
    { TEXT("\xa2\x85" MASK), { 0 }, "RSV2 and RSV3 must be clear" },
    { TEXT("\x92\x85" MASK), { DEFLATE }, "RSV2 and RSV3 must be clear" },
    { TEXT("\x83\x85" MASK), { 0 }, "unknown opcode 3" },
    { TEXT("\x8f\x85" MASK), { 0 }, "unknown opcode 15" },
    { TEXT("\x80\x85" MASK), { 0 }, "invalid continuation frame" },
    { TEXT("\xc0\x85" MASK), { FRAGMENT, DEFLATE }, "invalid continuation frame" },
    { TEXT("\x82\x85" MASK), { FRAGMENT },
      "new message started before final frame for previous message was received" },
    { TEXT("\x89\xfd" MASK), { FRAGMENT }, NULL },
    { TEXT("\x89\xfe\x00\x7e" MASK), { 0 },
      "control frame length bigger than maximum allowed of 125 bytes" },
    { TEXT("\x09\x85" MASK), { 0 }, "control frame does not have final bit set"},
    { TEXT("\xc8\x85" MASK), { DEFLATE }, "control frame must not be compressed" },
};
/* clang-format on */

static void heads_are_judged_as_nats_server_does(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct ws_frame f;
        const char *why = NULL;
        enum ws_verdict verdict = ws_frame_decode(rows[i].bytes, &rows[i].rules, &f, &why);
        if (rows[i].why == NULL) {
            assert_int_equal(verdict, WS_OK);
            assert_int_equal(f.head_len, rows[i].bytes.len);
        } else {
            assert_int_equal(verdict, WS_BAD);
            assert_string_equal(why, rows[i].why);
        }
    }
}

static void the_verdict_does_not_depend_on_the_cut(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct ws_frame f;
        const char *why = NULL;
        uint32_t len = 0;
        while (ws_frame_decode(slice_first(rows[i].bytes, len), &rows[i].rules, &f, &why) ==
               WS_MORE)
            len++;
        assert_true(len <= rows[i].bytes.len);
        assert_int_equal(why != NULL, rows[i].why != NULL);
    }
}

static void lengths_survive_encoding_and_decoding(void **state)
{
    (void)state;
    static const uint64_t lens[] = {
        0, 1, 125, 126, 127, 65535, 65536, UINT64_C(1) << 40, INT64_MAX
    };
    struct ws_rules rules = { .unmasked_allowed = true, .compression = true };
    for (uint32_t i = 0; i < ARRAY_COUNT(lens); i++) {
        uint8_t head[WS_SERVER_HEAD_MAX];
        struct ws_frame f;
        const char *why;
        uint32_t len = ws_frame_encode(head, WS_FIN | WS_COMPRESSED | WS_BINARY, lens[i]);
        assert_int_equal(ws_frame_decode(slice_of(head, len), &rules, &f, &why), WS_OK);
        assert_true(f.payload_len == lens[i]);
        assert_true(f.fin && f.compressed && !f.masked);
        assert_int_equal(f.opcode, WS_BINARY);
    }
}

static void masking_is_bytewise_however_it_is_cut(void **state)
{
    (void)state;
    static const uint8_t mask[4] = { 0x11, 0x22, 0x33, 0x44 };
    uint8_t plain[100], masked[100];
    struct rng rng;
    rng_init(&rng, 1);
    for (uint32_t i = 0; i < sizeof plain; i++) plain[i] = (uint8_t)rng_next(&rng);
    for (uint32_t cut = 0; cut <= sizeof plain; cut++) {
        memcpy(masked, plain, sizeof plain);
        ws_mask(masked, cut, mask, 0);
        ws_mask(masked + cut, sizeof plain - cut, mask, cut);
        for (uint32_t i = 0; i < sizeof plain; i++)
            assert_int_equal(masked[i], plain[i] ^ mask[i & 3]);
    }
}

static void assert_close(const char *payload, uint32_t len, uint16_t status, const char *text)
{
    char scratch[WS_CLOSE_SCRATCH];
    struct ws_close close = ws_close_decode(slice_of(payload, len), scratch);
    assert_int_equal(close.reply_status, status);
    assert_true(slice_equal_str(close.text, text));
    assert_int_equal(close.fault, status == WS_STATUS_PROTOCOL);
}

static void a_close_is_answered_by_its_own_status_or_by_a_fault(void **state)
{
    (void)state;
    assert_close("", 0, WS_STATUS_NONE, "");
    assert_close("\x03\xe8"
                 "bye",
                 5, 1000, "bye");
    assert_close("\x03\xf6", 2, 1014, "");
    assert_close("\x0b\xb8", 2, 3000, "");
    assert_close("\x13\x87", 2, 4999, "");
    assert_close("\x03", 1, WS_STATUS_PROTOCOL, "close frame payload cannot be 1 byte");
    assert_close("\x03\xe7", 2, WS_STATUS_PROTOCOL, "invalid close status code 999");
    assert_close("\x03\xec", 2, WS_STATUS_PROTOCOL, "invalid close status code 1004");
    assert_close("\x03\xed", 2, WS_STATUS_PROTOCOL, "invalid close status code 1005");
    assert_close("\x03\xee", 2, WS_STATUS_PROTOCOL, "invalid close status code 1006");
    assert_close("\x03\xf7", 2, WS_STATUS_PROTOCOL, "invalid close status code 1015");
    assert_close("\x0b\xb7", 2, WS_STATUS_PROTOCOL, "invalid close status code 2999");
    assert_close("\x13\x88", 2, WS_STATUS_PROTOCOL, "invalid close status code 5000");
    assert_close("\x03\xe8\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 11, 1000,
                 "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
}

static void text_that_is_not_utf8_is_told(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\xff",
        "\x80",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xc3",
        "\xe2\x82",
        "\xe2\x28\xa1",
    };
    for (uint32_t i = 0; i < ARRAY_COUNT(bad); i++) {
        char payload[16] = "\x03\xe8";
        strcpy(payload + 2, bad[i]);
        assert_close(payload, (uint32_t)strlen(bad[i]) + 2, WS_STATUS_BAD_TEXT,
                     "invalid utf8 body in close frame");
    }
}

static void a_long_reason_is_cut_between_characters(void **state)
{
    (void)state;
    uint8_t body[WS_CONTROL_MAX];
    char text[200];
    memset(text, 'a', sizeof text);
    assert_int_equal(ws_close_encode(body, 1000, slice_of(text, WS_REASON_MAX)), WS_CONTROL_MAX);
    assert_int_equal(body[WS_CONTROL_MAX - 1], 'a');
    assert_int_equal(ws_close_encode(body, 1000, slice_of(text, WS_REASON_MAX + 1)),
                     WS_CONTROL_MAX);
    assert_memory_equal(body + WS_CONTROL_MAX - 4, "a...", 4);
    for (uint32_t i = 1; i + 1 < sizeof text; i += 2) memcpy(text + i, "\xc3\xa4", 2);
    assert_int_equal(ws_close_encode(body, 1000, slice_of(text, 199)), WS_CONTROL_MAX - 1);
    assert_memory_equal(body + WS_CONTROL_MAX - 6, "\xc3\xa4...", 5);
    assert_int_equal(ws_close_encode(body, WS_STATUS_NONE, SLICE_LIT("x")), 0);
    assert_int_equal(ws_close_encode(body, 1001, (struct slice){ 0 }), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_are_judged_as_nats_server_does),
        cmocka_unit_test(the_verdict_does_not_depend_on_the_cut),
        cmocka_unit_test(lengths_survive_encoding_and_decoding),
        cmocka_unit_test(masking_is_bytewise_however_it_is_cut),
        cmocka_unit_test(a_close_is_answered_by_its_own_status_or_by_a_fault),
        cmocka_unit_test(text_that_is_not_utf8_is_told),
        cmocka_unit_test(a_long_reason_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
