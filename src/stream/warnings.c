/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/warnings.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/hash.h"
#include "stream/jetstream_internal.h"

bool warnings_admit(struct warnings *w, struct slice line, nanos now)
{
    uint64_t hash = hash_bytes(line, 0);
    assert(w->count <= WARNINGS_MAX);
    if (now - w->begin >= WARNINGS_PERIOD) {
        w->begin = now;
        w->count = 0;
    }
    for (uint32_t i = 0; i < w->count; i++)
        if (w->lines[i] == hash) return false;
    if (w->count == WARNINGS_MAX) return false;
    w->lines[w->count++] = hash;
    return true;
}

void jetstream_warn(struct jetstream *js, const char *format, ...)
{
    char text[WARNINGS_LINE_MAX + 1];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f) *at = '?';
    if (warnings_admit(&js->warnings, slice_str(text), jetstream_reactor(js)->now))
        log_warn(js->core->env->log, "%s", text);
}
