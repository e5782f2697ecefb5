/* SPDX-License-Identifier: Apache-2.0 */
#include "natsbench_ws.h"

#include <string.h>

enum { WS_FIN_BINARY = 0x82, WS_MASKED = 0x80, WS_LEN16 = 126, WS_LEN64 = 127, WS_CONTROL = 0x8 };

size_t ws_wrap(char *out, const char *data, size_t len)
{
    static const unsigned char mask[4] = { 0x5a, 0xc3, 0x17, 0xe9 };
    unsigned char *at = (unsigned char *)out;
    *at++ = WS_FIN_BINARY;
    if (len < WS_LEN16) {
        *at++ = (unsigned char)(WS_MASKED | len);
    } else {
        int bytes = len < 65536 ? 2 : 8;
        *at++ = (unsigned char)(WS_MASKED | (bytes == 2 ? WS_LEN16 : WS_LEN64));
        for (int i = bytes - 1; i >= 0; i--) *at++ = (unsigned char)(len >> (8 * i));
    }
    memcpy(at, mask, sizeof mask);
    at += sizeof mask;
    for (size_t i = 0; i < len; i++) at[i] = (unsigned char)data[i] ^ mask[i % 4];
    return (size_t)(at - (unsigned char *)out) + len;
}

/* How long the head is, as far as its first two bytes are known. */
static uint32_t head_size(const struct ws_in *ws)
{
    if (ws->head_len < 2) return 2;
    int len7 = ws->head[1] & 0x7f;
    return len7 == WS_LEN16 ? 4 : len7 == WS_LEN64 ? 10 : 2;
}

static void head_done(struct ws_in *ws)
{
    uint64_t len = ws->head[1] & 0x7f;
    if (ws->head_len > 2) len = 0;
    for (uint32_t i = 2; i < ws->head_len; i++) len = len << 8 | ws->head[i];
    ws->opcode = ws->head[0] & 0x0f;
    ws->body_left = len;
    ws->head_len = 0;
}

/* Takes what `data` holds of the current frame's body; returns how much that is. */
static size_t body_take(struct ws_in *ws, char *kept_end, const char *data, size_t len)
{
    size_t part = len < ws->body_left ? len : (size_t)ws->body_left;
    if (!(ws->opcode & WS_CONTROL) && kept_end != data) memmove(kept_end, data, part);
    ws->body_left -= part;
    return part;
}

size_t ws_unwrap(struct ws_in *ws, char *data, size_t len)
{
    size_t kept = 0;
    for (size_t at = 0; at < len;) {
        if (ws->body_left > 0) {
            size_t part = body_take(ws, data + kept, data + at, len - at);
            if (!(ws->opcode & WS_CONTROL)) kept += part;
            at += part;
            continue;
        }
        ws->head[ws->head_len++] = (unsigned char)data[at++];
        if (ws->head_len >= 2 && ws->head_len == head_size(ws)) head_done(ws);
    }
    return kept;
}
