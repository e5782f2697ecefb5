/* SPDX-License-Identifier: Apache-2.0 */
#include "os/errno_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"

/* Where Go's words are not the C library's with a small first letter. */
static const struct {
    int         number;
    const char *text;
} rows[] = {
    { ENOTSUP, "operation not supported" },
    { EIO, "input/output error" },
    { EAFNOSUPPORT, "address family not supported by protocol" },
};

const char *errno_text(int number, char text[ERRNO_TEXT])
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (rows[i].number != number) continue;
        (void)snprintf(text, ERRNO_TEXT, "%s", rows[i].text);
        return text;
    }
    (void)snprintf(text, ERRNO_TEXT, "%s", strerror(number));
    if (islower((unsigned char)text[1])) text[0] = (char)tolower((unsigned char)text[0]);
    return text;
}
