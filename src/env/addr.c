/* SPDX-License-Identifier: Apache-2.0 */
/* Text of addresses. inet_ntop and inet_pton are pure; they ask nothing of the machine. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "env/net.h"

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

static bool is_v4(const struct net_addr *a)
{
    return !a->v6 || memcmp(a->ip, mapped_prefix, sizeof mapped_prefix) == 0;
}

const char *net_addr_ip_text(const struct net_addr *a, char text[NET_ADDR_TEXT])
{
    const char *made = is_v4(a)
                           ? inet_ntop(AF_INET, a->v6 ? a->ip + 12 : a->ip, text, NET_ADDR_TEXT)
                           : inet_ntop(AF_INET6, a->ip, text, NET_ADDR_TEXT);
    assert(made != NULL);
    return made;
}

const char *net_addr_text(const struct net_addr *a, char text[NET_ADDR_TEXT])
{
    char ip[NET_ADDR_TEXT];
    (void)net_addr_ip_text(a, ip);
    int len = snprintf(text, NET_ADDR_TEXT, is_v4(a) ? "%s:%u" : "[%s]:%u", ip, a->port);
    assert(len > 0 && len < NET_ADDR_TEXT);
    return text;
}

bool net_addr_parse_ip(struct net_addr *a, const char *text)
{
    uint8_t ip[16] = { 0 };
    bool v6 = strchr(text, ':') != NULL;
    if (inet_pton(v6 ? AF_INET6 : AF_INET, text, ip) != 1) return false;
    memcpy(a->ip, ip, sizeof ip);
    a->v6 = v6;
    return true;
}
