/* SPDX-License-Identifier: Apache-2.0 */
#include <ifaddrs.h>
#include <linux/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "os/net.h"

static bool is_global(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, a, sizeof v4);
        uint32_t ip = ntohl(v4.sin_addr.s_addr);
        bool link_local = ip >> 16 == 0xa9fe;
        return ip != 0 && ip != INADDR_BROADCAST && ip >> 24 != 127 && !link_local &&
               !IN_MULTICAST(ip);
    }
    if (a->sa_family != AF_INET6) return false;
    struct sockaddr_in6 v6;
    memcpy(&v6, a, sizeof v6);
    const struct in6_addr *ip = &v6.sin6_addr;
    return !IN6_IS_ADDR_UNSPECIFIED(ip) && !IN6_IS_ADDR_LOOPBACK(ip) &&
           !IN6_IS_ADDR_LINKLOCAL(ip) && !IN6_IS_ADDR_MULTICAST(ip);
}

static bool take(const struct ifaddrs *i, struct net_addr *ret_addr)
{
    if (i->ifa_addr == NULL || (i->ifa_flags & IFF_UP) == 0) return false;
    if (!is_global(i->ifa_addr)) return false;
    struct sockaddr_storage s = { 0 };
    bool v6 = i->ifa_addr->sa_family == AF_INET6;
    memcpy(&s, i->ifa_addr, v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
    return os_addr_from(&s, ret_addr);
}

static bool is_first_of_name(const struct ifaddrs *all, const struct ifaddrs *one)
{
    while (strcmp(all->ifa_name, one->ifa_name) != 0) all = all->ifa_next;
    return all == one;
}

/* Interface by interface, as Go lists them; the C library lists family by family. */
uint32_t os_interfaces(struct net *net, struct net_addr *ret_addrs, uint32_t max)
{
    (void)net;
    struct ifaddrs *all = NULL;
    if (getifaddrs(&all) != 0) return 0;            /* a sandbox without netlink */
    uint32_t count = 0;
    for (const struct ifaddrs *first = all; first != NULL; first = first->ifa_next) {
        if (!is_first_of_name(all, first)) continue;
        for (const struct ifaddrs *i = first; i != NULL && count < max; i = i->ifa_next)
            if (strcmp(i->ifa_name, first->ifa_name) == 0 && take(i, &ret_addrs[count])) count++;
    }
    freeifaddrs(all);
    return count;
}
