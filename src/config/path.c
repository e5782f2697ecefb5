/* SPDX-License-Identifier: Apache-2.0 */
#include "config/path.h"

#include "base/slice.h"

/* Drops the last part of `out`; false when there is none that may go. */
static bool part_drop(const char *out, uint32_t *len, bool rooted)
{
    uint32_t at = *len;
    while (at > 0 && out[at - 1] != '/') at--;
    if (at == *len) return rooted;      /* nothing behind the root: `/..` is `/` */
    if (*len - at == 2 && out[at] == '.' && out[at + 1] == '.') return false;
    *len = at > 1 || (at == 1 && !rooted) ? at - 1 : at;
    return true;
}

const char *path_clean(struct arena *arena, const char *path)
{
    struct slice rest = slice_str(path), part;
    bool rooted = rest.len > 0 && rest.ptr[0] == '/';
    char *out = arena_alloc(arena, (size_t)rest.len + 2);
    uint32_t len = 0;
    if (rooted) out[len++] = '/';
    while (rest.len > 0) {
        (void)slice_cut(&rest, '/', &part);
        if (part.len == 0 || slice_equal_str(part, ".")) continue;
        if (slice_equal_str(part, "..") && part_drop(out, &len, rooted)) continue;
        if (len > 0 && out[len - 1] != '/') out[len++] = '/';
        memcpy(out + len, part.ptr, part.len);
        len += part.len;
    }
    if (len == 0) out[len++] = '.';
    out[len] = '\0';
    return out;
}

const char *path_dir(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) return ".";
    return path_clean(arena, arena_str(arena, slice_of(path, (size_t)(slash - path) + 1)));
}

const char *path_join(struct arena *arena, const char *dir, const char *name)
{
    return path_clean(arena, arena_printf(arena, "%s/%s", dir, name));
}
