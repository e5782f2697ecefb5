/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

NORETURN void assert_failed(const char *what, const char *file, int line)
{
    (void)fprintf(stderr, "midge: bug: %s:%d: assertion failed: %s\n", file, line, what);
    abort();
}
