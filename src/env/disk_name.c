/* SPDX-License-Identifier: Apache-2.0 */
#include "env/disk_name.h"

#include "base/assert.h"
#include "env/disk.h"

static bool is_component(struct slice s)
{
    if (s.len == 0) return false;
    return !slice_equal_str(s, ".") && !slice_equal_str(s, "..");
}

bool disk_name_is_ok(const char *name)
{
    size_t len = strnlen(name, DISK_NAME_MAX + 1);
    if (len > DISK_NAME_MAX) return false;
    struct slice rest = slice_of(name, len), component;
    bool more = true;
    while (more) {
        more = slice_cut(&rest, '/', &component);
        if (!is_component(component)) return false;
    }
    return true;
}

bool disk_name_is_dir_ok(const char *name)
{
    return name[0] == 0 || disk_name_is_ok(name);
}

void disk_name_cut(const char *name, struct slice *ret_directory, struct slice *ret_last)
{
    struct slice all = slice_str(name);
    uint32_t at = all.len;
    assert(all.len > 0);
    while (at > 0 && all.ptr[at - 1] != '/') at--;
    *ret_directory = slice_first(all, at == 0 ? 0 : at - 1);
    *ret_last = slice_from(all, at);
}
