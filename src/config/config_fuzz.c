/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the text, it is parsed or refused in bounded memory. The text may include itself and
 * refer to a variable of the environment whose value is the text again. */
#include <stddef.h>
#include <stdint.h>

#include "config/digest.h"
#include "config/parser.h"

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
    struct value *root = NULL;
    struct errmsg why;
    if (parser_file(&source, "a.conf", arena, &root, &why)) return 0;
    if (root->weight < 10000) (void)digest_of(root, arena);
    return 0;
}
