/* SPDX-License-Identifier: Apache-2.0 */
#include "os/limits.h"

#include <sys/resource.h>

uint64_t limits_files(void)
{
    struct rlimit now;
    return getrlimit(RLIMIT_NOFILE, &now) == 0 ? now.rlim_cur : 0;
}

uint64_t limits_raise_files(void)
{
    struct rlimit now;
    if (getrlimit(RLIMIT_NOFILE, &now) != 0) return 0;
    struct rlimit more = { .rlim_cur = now.rlim_max, .rlim_max = now.rlim_max };
    if (now.rlim_cur < now.rlim_max && setrlimit(RLIMIT_NOFILE, &more) == 0) now = more;
    return now.rlim_cur;
}
