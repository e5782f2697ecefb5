/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* madvise() */
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/assert.h"

enum { HUGE_PAGE = 2 << 20 };

static void *must(void *p)
{
    if (UNLIKELY(p == NULL)) assert_failed("out of memory", __FILE__, __LINE__);
    return p;
}

void *xalloc(size_t size)
{
    return must(malloc(size > 0 ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
    assert(size == 0 || count <= SIZE_MAX / size);
    return must(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *xrealloc(void *old, size_t size)
{
    return must(realloc(old, size > 0 ? size : 1));
}

void *xalloc_aligned(size_t alignment, size_t size)
{
    size_t rounded = (size + alignment - 1) / alignment * alignment;
    void *p = must(aligned_alloc(alignment, rounded > 0 ? rounded : alignment));
    memset(p, 0, rounded);
    return p;
}

void *xalloc_huge(size_t size)
{
    assert(size > 0 && size % HUGE_PAGE == 0);
    void *p = must(aligned_alloc(HUGE_PAGE, size));
    (void)madvise(p, size, MADV_HUGEPAGE); /* without them it is as good, and slower */
    return p;
}

char *xstrdup(const char *text)
{
    if (text == NULL) return NULL;
    size_t size = strlen(text) + 1;
    return memcpy(xalloc(size), text, size);
}

void *xfree(void *p)
{
    free(p);
    return NULL;
}

void *try_alloc(size_t size)
{
    return malloc(size > 0 ? size : 1);
}

static bool may_pass(struct door *door, size_t size)
{
    door->calls++;
    if (UNLIKELY(door->calls == door->fail_at)) return false;
    return LIKELY(door->bytes_max == 0 || size <= door->bytes_max - door->bytes);
}

void *door_alloc(struct door *door, size_t size)
{
    if (!may_pass(door, size)) return NULL;
    void *p = try_alloc(size);
    if (LIKELY(p != NULL)) door->bytes += size;
    assert(door->bytes_max == 0 || door->bytes <= door->bytes_max);
    return p;
}

void *door_free(struct door *door, void *p, size_t size)
{
    if (p == NULL) return NULL;
    assert(door->bytes >= size);
    door->bytes -= size;
    free(p);
    return NULL;
}

bool door_charge(struct door *door, size_t size)
{
    if (!may_pass(door, size)) return false;
    door->bytes += size;
    return true;
}

void door_discharge(struct door *door, size_t size)
{
    assert(door->bytes >= size);
    door->bytes -= size;
}
