/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the text, it is read and checked or refused, in bounded memory. The text may include
 * itself and refer to a variable of the environment whose value is the text again. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "config/load.h"
#include "config/reload.h"
#include "config/unserved.h"
#include "config/validate.h"

struct input {
    struct slice text;
    const char  *as_string;
};

static bool input_read(void *ctx, const char *path, struct buf *ret_text, struct errmsg *why)
{
    const struct input *in = ctx;
    (void)path, (void)why;
    buf_add(ret_text, in->text);
    return true;
}

static const char *input_getenv(void *ctx, const char *name)
{
    const struct input *in = ctx;
    return name[0] == 'E' ? in->as_string : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 2048) return 0;
    AUTO_FREE(arena) arena = arena_new();
    struct input in = { slice_of(data, size), arena_str(arena, slice_of(data, size)) };
    const struct config_source source = { &in, input_read, input_getenv };
    AUTO_FREE(options) o = options_new();
    struct load_report report;
    if (load_file(&source, "a.conf", o, &report)) return 0;
    options_finish(o);
    struct errmsg why;
    (void)!validate_options(o, &why);
    (void)!validate_listeners(o, &why);
    struct unserved u;
    for (uint32_t at = 0; unserved_next(o, &at, &u);) (void)unserved_text(&u, arena);
    struct reload_diff diff;
    enum err e = reload_compare(o, o, arena, &diff, &why);
    assert(e == ERR_OK && diff.count == 0);
    return 0;
}
