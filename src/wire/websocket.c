/* SPDX-License-Identifier: Apache-2.0 */
/* Head of a frame (RFC 6455, section 5.2; big endian)
 *   offset  size
 *        0     1  FIN 0x80, RSV1 0x40, RSV2 0x20, RSV3 0x10, opcode
 *        1     1  masked 0x80; payload length, or 126: in the next 2 bytes, or 127: in the next 8
 *        …     4  mask, when masked */
#include "wire/websocket.h"

#include <stdio.h>

#include "base/assert.h"

enum {
    RSV2_RSV3 = 0x30,
    OPCODE = 0x0f,
    MASKED = 0x80,
    LEN7 = 0x7f,
    LEN_2_BYTES = 126,
    LEN_8_BYTES = 127
};

static uint64_t get_be(const uint8_t *at, uint32_t size)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < size; i++) value = value << 8 | at[i];
    return value;
}

static const char *const unknown_opcode[16] = {
    [3] = "unknown opcode 3",   [4] = "unknown opcode 4",   [5] = "unknown opcode 5",
    [6] = "unknown opcode 6",   [7] = "unknown opcode 7",   [11] = "unknown opcode 11",
    [12] = "unknown opcode 12", [13] = "unknown opcode 13", [14] = "unknown opcode 14",
    [15] = "unknown opcode 15",
};

static const char *judge_data(const struct ws_frame *f, const struct ws_rules *rules)
{
    bool continues = f->opcode == WS_CONTINUATION;
    if (continues && (!rules->in_message || f->compressed)) return "invalid continuation frame";
    if (!continues && rules->in_message)
        return "new message started before final frame for previous message was received";
    return NULL;
}

static const char *judge_control(const struct ws_frame *f, uint8_t len7)
{
    if (len7 > WS_CONTROL_MAX)
        return "control frame length bigger than maximum allowed of 125 bytes";
    if (!f->fin) return "control frame does not have final bit set";
    if (f->compressed) return "control frame must not be compressed";
    return NULL;
}

/* Judges the first two bytes; NULL: fine. */
static const char *judge(const struct ws_frame *f, const uint8_t *in, const struct ws_rules *rules)
{
    if (in[0] & RSV2_RSV3) return "RSV2 and RSV3 must be clear";
    if (f->compressed && !rules->compression)
        return "compressed frame received without negotiated permessage-deflate";
    if (!f->masked && !rules->unmasked_allowed) return "mask bit missing";
    if (unknown_opcode[f->opcode] != NULL) return unknown_opcode[f->opcode];
    return f->opcode >= WS_CLOSE ? judge_control(f, in[1] & LEN7) : judge_data(f, rules);
}

enum ws_verdict ws_frame_decode(struct slice in, const struct ws_rules *rules, struct ws_frame *ret,
                                const char **ret_why)
{
    if (in.len < 2) return WS_MORE;
    struct ws_frame f = {
        .opcode = in.ptr[0] & OPCODE,
        .fin = (in.ptr[0] & WS_FIN) != 0,
        .compressed = (in.ptr[0] & WS_COMPRESSED) != 0,
        .masked = (in.ptr[1] & MASKED) != 0,
        .payload_len = in.ptr[1] & LEN7,
    };
    *ret_why = judge(&f, in.ptr, rules);
    if (*ret_why != NULL) return WS_BAD;

    uint32_t extra = f.payload_len == LEN_8_BYTES ? 8 : f.payload_len == LEN_2_BYTES ? 2 : 0;
    f.head_len = (uint8_t)(2 + extra + (f.masked ? 4 : 0));
    if (in.len < f.head_len) return WS_MORE;
    if (extra > 0) f.payload_len = get_be(in.ptr + 2, extra);
    if (f.payload_len > INT64_MAX) {
        *ret_why = "invalid 64-bit payload length";
        return WS_BAD;
    }
    if (f.masked) memcpy(f.mask, in.ptr + 2 + extra, 4);
    *ret = f;
    return WS_OK;
}

uint32_t ws_frame_encode(uint8_t ret_head[WS_SERVER_HEAD_MAX], uint8_t opcode_and_flags,
                         uint64_t payload_len)
{
    assert((opcode_and_flags & RSV2_RSV3) == 0);
    assert(payload_len <= INT64_MAX);
    uint32_t extra = payload_len < LEN_2_BYTES ? 0 : payload_len <= UINT16_MAX ? 2 : 8;
    ret_head[0] = opcode_and_flags;
    ret_head[1] = (uint8_t)(extra == 8 ? LEN_8_BYTES : extra == 2 ? LEN_2_BYTES : payload_len);
    for (uint32_t i = 0; i < extra; i++)
        ret_head[2 + i] = (uint8_t)(payload_len >> (8 * (extra - 1 - i)));
    return 2 + extra;
}

/* Byte by byte at both ends, 8 at a time between: compilers widen the middle loop further. */
void ws_mask(uint8_t *bytes, uint64_t len, const uint8_t mask[4], uint64_t at)
{
    uint8_t turned[8];
    uint64_t i = 0;
    for (uint32_t k = 0; k < 8; k++) turned[k] = mask[(at + k) & 3];
    uint64_t wide;
    memcpy(&wide, turned, sizeof wide);
    for (; len - i >= 8; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof word);
        word ^= wide;
        memcpy(bytes + i, &word, sizeof word);
    }
    for (; i < len; i++) bytes[i] ^= turned[i & 7];
}

/* ---- close ---- */

static bool is_valid_status(uint16_t status)
{
    if (status >= 3000 && status <= 4999) return true;
    bool defined = status >= WS_STATUS_NORMAL && status <= 1014;
    return defined && status != 1004 && status != WS_STATUS_NONE && status != 1006;
}

/* RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
static uint32_t utf8_len(struct slice s)
{
    uint8_t c = s.ptr[0];
    if (c < 0x80) return 1;
    uint32_t len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (c < 0xc2 || c > 0xf4 || s.len < len) return 0;
    uint8_t second = s.ptr[1];
    if ((c == 0xe0 && second < 0xa0) || (c == 0xf0 && second < 0x90)) return 0;
    if ((c == 0xed && second > 0x9f) || (c == 0xf4 && second > 0x8f)) return 0;
    for (uint32_t i = 1; i < len; i++)
        if ((s.ptr[i] & 0xc0) != 0x80) return 0;
    return len;
}

static bool is_utf8(struct slice s)
{
    while (s.len > 0) {
        uint32_t len = utf8_len(s);
        if (len == 0) return false;
        s = slice_from(s, len);
    }
    return true;
}

struct ws_close ws_close_decode(struct slice payload, char scratch[WS_CLOSE_SCRATCH])
{
    struct ws_close fault = { .reply_status = WS_STATUS_PROTOCOL, .fault = true };
    if (payload.len == 0) return (struct ws_close){ .reply_status = WS_STATUS_NONE };
    if (payload.len == 1) {
        fault.text = SLICE_LIT("close frame payload cannot be 1 byte");
        return fault;
    }
    uint16_t status = (uint16_t)get_be(payload.ptr, 2);
    struct slice text = slice_from(payload, 2);
    if (!is_valid_status(status)) {
        (void)snprintf(scratch, WS_CLOSE_SCRATCH, "invalid close status code %u", status);
        fault.text = slice_str(scratch);
        return fault;
    }
    if (!is_utf8(text))
        return (struct ws_close){ .reply_status = WS_STATUS_BAD_TEXT,
                                  .text = SLICE_LIT("invalid utf8 body in close frame") };
    return (struct ws_close){ .reply_status = status, .text = text };
}

uint32_t ws_close_encode(uint8_t ret_body[WS_CONTROL_MAX], uint16_t status, struct slice text)
{
    if (status == WS_STATUS_NONE) return 0;
    ret_body[0] = (uint8_t)(status >> 8);
    ret_body[1] = (uint8_t)status;
    struct slice kept = slice_first(text, text.len > WS_REASON_MAX ? WS_REASON_MAX - 3 : text.len);
    while (kept.len < text.len && kept.len > 0 && (text.ptr[kept.len] & 0xc0) == 0x80) kept.len--;
    if (kept.len > 0) memcpy(ret_body + 2, kept.ptr, kept.len);
    if (kept.len == text.len) return 2 + kept.len;
    memcpy(ret_body + 2 + kept.len, "...", 3);
    return 2 + kept.len + 3;
}
