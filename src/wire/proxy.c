/* SPDX-License-Identifier: Apache-2.0 */
/* Version 1 is a line: PROXY TCP4 <client ip> <server ip> <client port> <server port> CR LF.
 *
 * Version 2 (big endian)
 *   offset  size
 *        0    12  signature
 *       12     1  version 2 in the high half; command in the low one: 0 LOCAL, 1 PROXY
 *       13     1  family in the high half: 0 none, 1 IPv4, 2 IPv6; transport in the low one: 1
 *       stream
 *       14     2  length of what follows
 *       16     …  client ip, server ip, client port, server port; then extensions, which are
 *       skipped */
#include "wire/proxy.h"

#include <arpa/inet.h>

#include "base/assert.h"

/* Whether a header comes is decided on so many bytes, as nats-server does. */
enum { DETECT_LEN = 6, V1_FIELDS_MAX = 6, IP_TEXT = 46 };

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

static enum proxy_verdict parse_v1(struct slice in, struct proxy_head *head);
static enum proxy_verdict parse_v2(struct slice in, struct proxy_head *head);

static enum proxy_verdict bad(struct proxy_head *head, const char *why)
{
    head->why = why;
    return PROXY_BAD;
}

/* `in` begins as `mark` does, as far as both go. */
static bool may_begin(struct slice in, struct slice mark)
{
    uint32_t len = in.len < mark.len ? in.len : mark.len;
    return slice_equal(slice_first(in, len), slice_first(mark, len));
}

enum proxy_verdict proxy_parse(struct slice in, struct proxy_head *ret)
{
    static_assert(sizeof "PROXY " - 1 == DETECT_LEN, "both versions are told by as many bytes");
    struct proxy_head head = { 0 };
    struct slice start = slice_first(in, DETECT_LEN);
    enum proxy_verdict verdict = PROXY_NONE;
    if (may_begin(start, SLICE_LIT("PROXY "))) verdict = parse_v1(in, &head);
    else if (may_begin(start, SLICE_LIT(SIGNATURE))) verdict = parse_v2(in, &head);
    *ret = head;
    return verdict;
}

/* ---- version 1 ---- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* The next word of `*line`; empty at its end. */
static struct slice take_word(struct slice *line)
{
    while (line->len > 0 && is_blank(line->ptr[0])) *line = slice_from(*line, 1);
    uint32_t len = 0;
    while (len < line->len && !is_blank(line->ptr[len])) len++;
    struct slice word = slice_first(*line, len);
    *line = slice_from(*line, len);
    return word;
}

static bool parse_ip(struct slice text, bool *ret_v6, uint8_t ret_ip[16])
{
    char copy[IP_TEXT + 1] = { 0 };
    if (text.len == 0 || text.len > IP_TEXT) return false;
    memcpy(copy, text.ptr, text.len);
    *ret_v6 = slice_find_byte(text, ':') >= 0;
    return inet_pton(*ret_v6 ? AF_INET6 : AF_INET, copy, ret_ip) == 1;
}

static bool parse_port(struct slice text, uint16_t *ret)
{
    uint64_t value;
    if (!slice_to_u64(text, &value) || value > UINT16_MAX) return false;
    *ret = (uint16_t)value;
    return true;
}

static enum proxy_verdict parse_v1_fields(struct slice line, struct proxy_head *head)
{
    struct slice word[V1_FIELDS_MAX];
    uint32_t count = 0;
    for (struct slice w = take_word(&line); w.len > 0; w = take_word(&line)) {
        if (count == V1_FIELDS_MAX)
            return bad(head, "invalid PROXY protocol header: invalid v1 format");
        word[count++] = w;
    }
    if (count > 0 && slice_equal_str(word[0], "UNKNOWN")) return PROXY_OK;
    if (count != 5) return bad(head, "invalid PROXY protocol header: invalid v1 format");

    bool v6, server_v6;
    uint8_t server_ip[16];
    uint16_t server_port;
    if (!parse_ip(word[1], &v6, head->ip) || !parse_ip(word[2], &server_v6, server_ip))
        return bad(head, "invalid PROXY protocol header: invalid address");
    if (!parse_port(word[3], &head->port)) return bad(head, "invalid source port");
    if (!parse_port(word[4], &server_port)) return bad(head, "invalid dest port");
    if (slice_equal_str(word[0], "TCP4")) {
        if (v6 || server_v6)
            return bad(head, "invalid PROXY protocol header: TCP4 with IPv6 address");
    } else if (slice_equal_str(word[0], "TCP6")) {
        if (!v6 || !server_v6)
            return bad(head, "invalid PROXY protocol header: TCP6 with IPv4 address");
    } else {
        return bad(head, "invalid PROXY protocol header: invalid protocol");
    }
    head->known = true;
    head->v6 = v6;
    return PROXY_OK;
}

static enum proxy_verdict parse_v1(struct slice in, struct proxy_head *head)
{
    int64_t end = slice_find_byte(slice_first(in, PROXY_V1_MAX), '\n');
    if (end < 0 && in.len >= PROXY_V1_MAX)
        return bad(head, "invalid PROXY protocol header: v1 line too long");
    if (end < 0) return PROXY_MORE;
    if (in.ptr[end - 1] != '\r')
        return bad(head, "invalid PROXY protocol header: invalid v1 format");
    head->consumed = (uint32_t)end + 1;
    struct slice line = slice_first(in, (uint32_t)end - 1);
    return parse_v1_fields(slice_from(line, DETECT_LEN), head);
}

/* ---- version 2 ---- */

enum {
    COMMAND_LOCAL = 0,
    COMMAND_PROXY = 1,
    TRANSPORT_STREAM = 1,
    FAMILY_NONE = 0,
    FAMILY_V4 = 1,
    FAMILY_V6 = 2
};

static enum proxy_verdict take_address(struct slice body, uint32_t ip_len, struct proxy_head *head)
{
    if (body.len < 2 * ip_len + 4)
        return bad(head,
                   ip_len == 4 ? "IPv4 address data too short" : "IPv6 address data too short");
    memcpy(head->ip, body.ptr, ip_len);
    head->port = (uint16_t)(body.ptr[2 * ip_len] << 8 | body.ptr[2 * ip_len + 1]);
    head->v6 = ip_len == 16;
    head->known = true;
    return PROXY_OK;
}

static enum proxy_verdict parse_v2_body(struct slice in, struct proxy_head *head)
{
    uint8_t command = in.ptr[12] & 15, family = in.ptr[13] >> 4, transport = in.ptr[13] & 15;
    struct slice body = slice_from(in, PROXY_V2_HEAD);
    if (command == COMMAND_LOCAL) return PROXY_OK;
    if (command != COMMAND_PROXY) return bad(head, "unknown PROXY protocol command");
    if (transport != TRANSPORT_STREAM)
        return bad(head, "unsupported PROXY protocol feature: only STREAM protocol supported");
    if (family == FAMILY_NONE) return PROXY_OK;
    if (family == FAMILY_V4) return take_address(body, 4, head);
    if (family == FAMILY_V6) return take_address(body, 16, head);
    return bad(head, "unsupported PROXY protocol feature: unsupported address family");
}

static enum proxy_verdict parse_v2(struct slice in, struct proxy_head *head)
{
    if (!may_begin(in, SLICE_LIT(SIGNATURE)))
        return bad(head, "invalid PROXY protocol header: invalid signature");
    if (in.len < PROXY_V2_HEAD) return PROXY_MORE;
    if (in.ptr[12] >> 4 != 2) return bad(head, "invalid PROXY protocol header: invalid version");
    uint32_t len = PROXY_V2_HEAD + (uint32_t)(in.ptr[14] << 8 | in.ptr[15]);
    if (len > PROXY_V2_MAX) return bad(head, "invalid PROXY protocol header: too long");
    if (in.len < len) return PROXY_MORE;
    head->consumed = len;
    return parse_v2_body(slice_first(in, len), head);
}
