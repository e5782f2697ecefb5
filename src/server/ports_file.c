/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ports_file.h"

#include <string.h>

enum { ADDRESSES_MAX = 256 };

static const char *const names[] = {
    [PORTS_NATS] = "nats",
    [PORTS_MONITORING] = "monitoring",
    [PORTS_CLUSTER] = "cluster",
    [PORTS_WEBSOCKET] = "websocket",
};

static bool is_any(const struct net_addr *a)
{
    static const uint8_t zero[16] = { 0 };
    return memcmp(a->ip, zero, a->v6 ? 16 : 4) == 0;
}

static void add_loopbacks(struct net_addr *list, uint32_t *count)
{
    bool has_v6 = false;
    for (uint32_t i = 0; i < *count; i++) has_v6 |= list[i].v6;
    uint32_t more = has_v6 ? 2 : 1;
    memmove(list + more, list, *count * sizeof *list);
    (void)net_addr_parse_ip(&list[0], "127.0.0.1");
    if (has_v6) (void)net_addr_parse_ip(&list[1], "::1");
    *count += more;
}

static void add_url(struct buf *json, const char *scheme, const struct net_addr *a)
{
    char text[NET_ADDR_TEXT];
    if (json->ptr[json->len - 1] != '[') buf_add_byte(json, ',');
    buf_printf(json, "\"%s://%s\"", scheme, net_addr_text(a, text));
}

static void add_all(struct net *net, struct buf *json, const char *scheme, uint16_t port)
{
    struct net_addr list[ADDRESSES_MAX + 2] = { 0 };
    uint32_t count = net->interfaces(net, list, ADDRESSES_MAX);
    add_loopbacks(list, &count);
    for (uint32_t i = 0; i < count; i++) {
        list[i].port = port;
        add_url(json, scheme, &list[i]);
    }
}

void ports_json(struct net *net, const struct ports *p, struct buf *json)
{
    buf_add_byte(json, '{');
    for (int kind = 0; kind < PORTS_KINDS; kind++) {
        const char *scheme = p->of[kind].scheme;
        const struct net_addr *bound = &p->of[kind].bound;
        if (scheme == NULL) continue;
        if (json->ptr[json->len - 1] != '{') buf_add_byte(json, ',');
        buf_printf(json, "\"%s\":[", names[kind]);
        if (is_any(bound)) add_all(net, json, scheme, bound->port);
        else add_url(json, scheme, bound);
        buf_add_byte(json, ']');
    }
    buf_add_byte(json, '}');
}
