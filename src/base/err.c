/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"

static const char *const texts[] = {
#define X(name, text) text,
    ERR_LIST(X)
#undef X
};

const char *err_text(enum err e)
{
    assert((size_t)e < ARRAY_COUNT(texts));
    return texts[e];
}

enum err errmsg_set(struct errmsg *why, enum err e, const char *format, ...)
{
    assert(e != ERR_OK);
    if (why == NULL) return e;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    return e;
}
