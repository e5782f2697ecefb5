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

/* Each client is told its address, mostly one of these. */
static void ip4_text(const uint8_t ip[4], char *at)
{
    for (int i = 0; i < 4; i++) {
        if (i > 0) *at++ = '.';
        if (ip[i] >= 100) *at++ = (char)('0' + ip[i] / 100);
        if (ip[i] >= 10) *at++ = (char)('0' + ip[i] / 10 % 10);
        *at++ = (char)('0' + ip[i] % 10);
    }
    *at = 0;
}

const char *net_addr_ip_text(const struct net_addr *a, char text[NET_ADDR_TEXT])
{
    if (is_v4(a)) {
        ip4_text(a->v6 ? a->ip + 12 : a->ip, text);
        return text;
    }
    const char *made = inet_ntop(AF_INET6, a->ip, text, NET_ADDR_TEXT);
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
