/* SPDX-License-Identifier: Apache-2.0 */
#include "subject/transform_check.h"

#include "subject/transform.h"

static const char *error_of(struct arena *arena, enum err e, const struct errmsg *why)
{
    return e == ERR_OK ? NULL : arena_printf(arena, "%s", why->text);
}

const char *transform_error(struct arena *arena, const char *source, const char *destination)
{
    struct errmsg why;
    if (destination == NULL || destination[0] == 0) return NULL;
    enum err e = transform_check(slice_str(source), slice_str(destination), &why);
    return error_of(arena, e, &why);
}

const char *transform_import_error(struct arena *arena, const char *source, const char *destination)
{
    struct errmsg why;
    enum err e = transform_check_import(slice_str(source), slice_str(destination), &why);
    return error_of(arena, e, &why);
}
