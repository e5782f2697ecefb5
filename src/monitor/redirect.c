/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/redirect.h"

#include "base/assert.h"
#include "base/buf.h"
#include "config/path.h"

/* What may not stand in a header, or in the HTML of the answer, is escaped. */
static void add_escaped(struct buf *out, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        uint8_t c = (uint8_t)*p;
        bool is_plain = c > ' ' && c < 0x7F && strchr("\"'<>\\^`{|}", c) == NULL;
        if (is_plain) buf_add_byte(out, c);
        else buf_printf(out, "%%%02X", c);
    }
}

const char *redirect_of(const char *target, const char *query, struct arena *arena)
{
    size_t len = strlen(target);
    const char *clean = path_join(arena, "", target);
    bool has_slash = len > 0 && target[len - 1] == '/' && clean[1] != '\0';
    const char *path = arena_printf(arena, "%s%s", clean, has_slash ? "/" : "");
    assert(path[0] == '/');
    if (strcmp(path, target) == 0) return NULL;
    struct buf location = { 0 };
    add_escaped(&location, path);
    if (query[0] != '\0') buf_add_byte(&location, '?');
    add_escaped(&location, query);
    const char *copy = arena_str(arena, buf_slice(&location));
    buf_deinit(&location);
    assert(copy[1] != '/');
    return copy;
}
