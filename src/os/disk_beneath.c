/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/assert.h"
#include "env/disk_name.h"
#include "os/disk_internal.h"

enum { FILE_MODE = 0600, FLAGS_ALWAYS = O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK };

static int open_at_2(int root, const char *name, int flags)
{
    struct open_how how = {
        .flags = (uint32_t)(flags | FLAGS_ALWAYS),
        .mode = (flags & O_CREAT) != 0 ? FILE_MODE : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
    };
    return (int)syscall(SYS_openat2, root, name, &how, sizeof how);
}

bool disk_has_openat2(int root)
{
    int fd = open_at_2(root, ".", O_RDONLY | O_DIRECTORY);
    if (fd < 0) return false;
    (void)close(fd);
    return true;
}

/* `name` has one component. A link as a directory gives ENOTDIR. */
static int open_step(int directory, const char *name, int flags)
{
    return openat(directory, name, flags | FLAGS_ALWAYS, FILE_MODE);
}

/* For kernels before 5.6: one component after the other. */
static int walk(int root, const char *name, int flags)
{
    char component[DISK_NAME_MAX + 1];
    int directory = root;
    for (const char *slash; (slash = strchr(name, '/')) != NULL; name = slash + 1) {
        size_t len = (size_t)(slash - name);
        assert(len < sizeof component);
        memcpy(component, name, len);
        component[len] = 0;
        int next = open_step(directory, component, O_RDONLY | O_DIRECTORY);
        int number = errno;
        if (directory != root) (void)close(directory);
        errno = number;
        if (next < 0) return -1;
        directory = next;
    }
    int fd = open_step(directory, name, flags);
    int number = errno;
    if (directory != root) (void)close(directory);
    errno = number;
    return fd;
}

static bool is_lock(const char *name)
{
    return strcmp(name, DISK_LOCK_NAME) == 0;
}

int disk_beneath(const struct os_disk *d, const char *name, int flags)
{
    if (!disk_name_is_dir_ok(name) || is_lock(name)) {
        errno = EXDEV;
        return -1;
    }
    if (name[0] == 0) return open_step(d->root, ".", flags);
    return d->has_openat2 ? open_at_2(d->root, name, flags) : walk(d->root, name, flags);
}

int disk_beneath_parent(const struct os_disk *d, const char *name, const char **ret_last)
{
    struct slice directory, last;
    char text[DISK_NAME_MAX + 1] = { 0 };
    if (!disk_name_is_ok(name) || is_lock(name)) {
        errno = EXDEV;
        return -1;
    }
    disk_name_cut(name, &directory, &last);
    memcpy(text, directory.ptr, directory.len);
    *ret_last = name + strlen(name) - last.len;
    return disk_beneath(d, text, O_RDONLY | O_DIRECTORY);
}
