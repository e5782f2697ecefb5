/* SPDX-License-Identifier: Apache-2.0 */
#include "ws/handshake.h"

#include <arpa/inet.h>
#include <time.h>

#include "base/assert.h"
#include "codec/base64.h"
#include "crypto/sha1.h"

enum { KEY_LEN = 16, KEY_TEXT = 24, ACCEPT_TEXT = 28, PORT_HTTP = 80, PORT_HTTPS = 443 };

static const char *status_text(uint32_t status)
{
    switch (status) {
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 431: return "Request Header Fields Too Large";
    default: return "HTTP Version Not Supported: unsupported protocol version";
    }
}

/* ---- origin ---- */

struct origin {
    struct slice scheme;
    struct slice host;
    uint32_t     port;
};

static uint32_t default_port(struct slice scheme)
{
    return slice_equal_nocase(scheme, SLICE_LIT("https")) ? PORT_HTTPS : PORT_HTTP;
}

/* "host", "host:port", "[v6]" or "[v6]:port". */
static bool split_authority(struct slice text, struct origin *o)
{
    uint64_t port = default_port(o->scheme);
    int64_t bracket = slice_find_byte(text, ']');
    uint32_t from = bracket < 0 ? 0 : (uint32_t)bracket + 1;
    int64_t colon = slice_find_byte(slice_from(text, from), ':');
    if (colon >= 0) {
        struct slice digits = slice_from(text, from + (uint32_t)colon + 1);
        text = slice_first(text, from + (uint32_t)colon);
        if (digits.len > 0 && (!slice_to_u64(digits, &port) || port > UINT16_MAX)) return false;
    } else if (from > 0 && from < text.len) {
        return false;
    }
    o->host = text;
    o->port = (uint32_t)port;
    return text.len > 0;
}

static bool parse_origin(struct slice text, struct origin *ret)
{
    struct slice path;
    if (!slice_cut(&text, ':', &ret->scheme) || ret->scheme.len == 0) return false;
    if (!slice_starts(text, SLICE_LIT("//"))) return false;
    text = slice_from(text, 2);
    (void)slice_cut(&text, '/', &path);
    return split_authority(path, ret);
}

static bool origin_equal(const struct origin *a, const struct origin *b)
{
    return slice_equal_nocase(a->scheme, b->scheme) && slice_equal_nocase(a->host, b->host) &&
           a->port == b->port;
}

static bool is_listed(const struct ws_listener *l, const struct origin *origin)
{
    for (uint32_t i = 0; i < l->allowed_origins_count; i++) {
        struct origin allowed;
        if (parse_origin(slice_str(l->allowed_origins[i]), &allowed) &&
            origin_equal(&allowed, origin))
            return true;
    }
    return false;
}

/* NULL: allowed. Only browsers send an origin, so one without is no browser and is let in. */
static const char *judge_origin(const struct ws_listener *l, const struct http_head *head)
{
    struct origin origin, own = { .scheme = l->tls ? SLICE_LIT("https") : SLICE_LIT("http") };
    if (!l->same_origin && l->allowed_origins_count == 0) return NULL;
    struct slice text = http_header(head, "Origin");
    if (text.len == 0) text = http_header(head, "Sec-WebSocket-Origin");
    if (text.len == 0) return NULL;
    if (!parse_origin(text, &origin))
        return WS_REFUSED "origin not allowed: invalid URI for request";
    if (l->same_origin && (!split_authority(head->host, &own) || !origin_equal(&own, &origin)))
        return WS_REFUSED "origin not allowed: not same origin";
    if (l->allowed_origins_count > 0 && !is_listed(l, &origin))
        return WS_REFUSED "origin not allowed: not in the allowed list";
    return NULL;
}

/* ---- the request ---- */

static bool ends_with(struct slice s, struct slice end)
{
    assert(s.ptr != NULL || s.len == 0);
    return s.len >= end.len && slice_equal(slice_from(s, s.len - end.len), end);
}

static enum ws_kind kind_of(struct slice path)
{
    if (ends_with(path, SLICE_LIT("/leafnode"))) return WS_KIND_LEAF;
    return ends_with(path, SLICE_LIT("/mqtt")) ? WS_KIND_MQTT : WS_KIND_CLIENT;
}

static const char *judge_key(struct slice key)
{
    uint8_t bytes[KEY_TEXT / 4 * 3];
    uint32_t len;
    if (key.len == 0) return WS_REFUSED "key missing";
    bool good = key.len == KEY_TEXT && base64_decode(BASE64_STD, key, bytes, &len) == ERR_OK;
    return good && len == KEY_LEN ? NULL : WS_REFUSED "invalid websocket key";
}

static struct ws_agreement refuse(uint32_t status, const char *why)
{
    return (struct ws_agreement){ .status = status, .refused = why };
}

static struct ws_agreement judge_headers(const struct ws_listener *l, const struct http_head *head)
{
    struct slice version = http_header(head, "Sec-WebSocket-Version");
    if (!slice_equal_str(head->method, "GET"))
        return refuse(405, WS_REFUSED "request method must be GET");
    if (!http_has_token(head, "Upgrade", "websocket", false))
        return refuse(400, WS_REFUSED "invalid value for header 'Upgrade'");
    if (!http_has_token(head, "Connection", "Upgrade", false))
        return refuse(400, WS_REFUSED "invalid value for header 'Connection'");
    const char *key = judge_key(http_header(head, "Sec-WebSocket-Key"));
    if (key != NULL) return refuse(400, key);
    if (!slice_equal_str(version, "13")) return refuse(400, WS_REFUSED "invalid version");
    const char *origin = judge_origin(l, head);
    return origin != NULL ? refuse(403, origin) : refuse(0, NULL);
}

static struct slice cookie(const struct http_head *head, const char *name)
{
    struct slice value = { 0 };
    if (name != NULL) (void)http_cookie(head, slice_str(name), &value);
    return value;
}

/* The first address of the list when it is one. */
static struct slice forwarded_for(const struct http_head *head)
{
    struct slice list = http_header(head, "X-Forwarded-For"), first;
    char text[INET6_ADDRSTRLEN] = { 0 };
    uint8_t ip[16];
    (void)slice_cut(&list, ',', &first);
    first = slice_trim(first);
    if (first.len == 0 || first.len >= sizeof text) return (struct slice){ 0 };
    memcpy(text, first.ptr, first.len);
    bool good = inet_pton(AF_INET, text, ip) == 1 || inet_pton(AF_INET6, text, ip) == 1;
    return good ? first : (struct slice){ 0 };
}

static bool contains(struct slice s, struct slice what)
{
    for (uint32_t i = 0; i + what.len <= s.len; i++)
        if (slice_starts(slice_from(s, i), what)) return true;
    return false;
}

struct ws_agreement ws_handshake_judge(const struct ws_listener *l, const struct http_head *head,
                                       struct ws_request *ret_request)
{
    enum ws_kind kind = kind_of(head->path);
    if (kind == WS_KIND_MQTT && !l->mqtt)
        return refuse(404, WS_REFUSED "mqtt websocket endpoint not enabled");
    struct ws_agreement a = judge_headers(l, head);
    if (a.refused != NULL) return a;

    struct slice agent = http_header(head, "User-Agent");
    a.compression = l->compression &&
                    http_has_token(head, "Sec-WebSocket-Extensions", "permessage-deflate", true);
    a.no_masking = slice_equal_nocase(http_header(head, "Nats-No-Masking"), SLICE_LIT("true"));
    a.browser = slice_starts(agent, SLICE_LIT("Mozilla/"));
    a.safari = contains(agent, SLICE_LIT("Version/")) && contains(agent, SLICE_LIT("Safari/"));
    *ret_request = (struct ws_request){
        .kind = kind,
        .jwt = cookie(head, l->jwt_cookie),
        .user = cookie(head, l->user_cookie),
        .pass = cookie(head, l->pass_cookie),
        .token = cookie(head, l->token_cookie),
        .forwarded_for = forwarded_for(head),
    };
    return a;
}

/* ---- the answer ---- */

static void add_accept(struct slice key, struct buf *out)
{
    uint8_t hash[SHA1_LEN], text[ACCEPT_TEXT];
    struct buf joined = { 0 };
    buf_add(&joined, key);
    buf_add_str(&joined, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");       /* RFC 6455, section 1.3 */
    sha1(buf_slice(&joined), hash);
    buf_deinit(&joined);
    uint32_t len = base64_encode(BASE64_STD, slice_of(hash, SHA1_LEN), text);
    assert(len == ACCEPT_TEXT);
    buf_add(out, slice_of(text, len));
}

static void answer_upgrade(const struct ws_listener *l, const struct http_head *head,
                           const struct ws_agreement *a, struct buf *out)
{
    buf_add_str(out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Accept: ");
    add_accept(http_header(head, "Sec-WebSocket-Key"), out);
    if (a->compression)
        buf_add_str(out, "\r\nSec-WebSocket-Extensions: permessage-deflate; "
                         "server_no_context_takeover; client_no_context_takeover");
    if (a->no_masking) buf_add_str(out, "\r\nNats-No-Masking: true");
    if (kind_of(head->path) == WS_KIND_MQTT) buf_add_str(out, "\r\nSec-Websocket-Protocol: mqtt");
    buf_add_str(out, "\r\n");
    for (uint32_t i = 0; i < l->headers_count; i++)
        buf_printf(out, "%s: %s\r\n", l->headers[i].name, l->headers[i].value);
    buf_add_str(out, "\r\n");
}

/* RFC 9110, section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT". */
static void add_date(nanos wall, struct buf *out)
{
    static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t seconds = (time_t)(wall / SECOND);
    struct tm t;
    struct tm *made = gmtime_r(&seconds, &t);
    assert(made != NULL);
    buf_printf(out, "%s, %02d %s %d %02d:%02d:%02d GMT", days[t.tm_wday], t.tm_mday,
               months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

/* Load balancers ask so whether the server lives: in old HTTP, by HEAD, with "Connection:
 * close". */
static void answer_refusal(const struct http_head *head, const struct ws_agreement *a, nanos wall,
                           struct buf *out)
{
    const char *text = status_text(a->status);
    buf_printf(out, "HTTP/1.%d %u %s\r\nContent-Type: text/plain; charset=utf-8\r\n",
               head->is_old ? 0 : 1, a->status, text);
    buf_add_str(out, "Sec-Websocket-Version: 13\r\nX-Content-Type-Options: nosniff\r\nDate: ");
    add_date(wall, out);
    buf_printf(out, "\r\nContent-Length: %zu\r\n", strlen(text) + 1);
    if (http_is_last(head) != head->is_old)
        buf_printf(out, "Connection: %s\r\n", head->is_old ? "keep-alive" : "close");
    buf_add_str(out, "\r\n");
    if (!slice_equal_str(head->method, "HEAD")) buf_printf(out, "%s\n", text);
}

static void answer_plain(uint32_t status, const char *text, struct buf *out)
{
    buf_printf(out, "HTTP/1.1 %u %s\r\nContent-Type: text/plain; charset=utf-8\r\n", status, text);
    buf_printf(out, "Connection: close\r\n\r\n%u %s", status, text);
}

void ws_handshake_answer(const struct ws_listener *l, const struct http_head *head,
                         const struct ws_agreement *a, nanos wall, struct buf *out)
{
    if (a->refused == NULL) answer_upgrade(l, head, a, out);
    else answer_refusal(head, a, wall, out);
}

const char *ws_handshake_answer_bad(enum http_verdict verdict, struct buf *out)
{
    switch (verdict) {
    case HTTP_TOO_LARGE:
        answer_plain(431, status_text(431), out);
        return WS_REFUSED "header fields too large";
    case HTTP_VERSION:
        answer_plain(505, status_text(505), out);
        return WS_REFUSED "unsupported protocol version";
    case HTTP_OK:
        answer_plain(400, "Bad Request: missing required Host header", out);
        return WS_REFUSED "missing required Host header";
    case HTTP_MORE:
    case HTTP_BAD:
    default: answer_plain(400, status_text(400), out); return WS_REFUSED "malformed HTTP request";
    }
}
