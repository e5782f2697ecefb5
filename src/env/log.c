/* SPDX-License-Identifier: Apache-2.0 */
#include "env/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"

void log_line(struct log *log, enum log_level level, const char *format, ...)
{
    char small[1024];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (len >= 0 && (size_t)len < sizeof small) {
        log->write(log, level, slice_of(small, (size_t)len));
    } else if (len >= 0) {
        char *big = xalloc((size_t)len + 1);
        (void)vsnprintf(big, (size_t)len + 1, format, again);
        log->write(log, level, slice_of(big, (size_t)len));
        xfree(big);
    }
    va_end(again);
}
