/* SPDX-License-Identifier: Apache-2.0 */
/* A change of names is one entry of a directory, or the two of a rename, which a power cut does or
 * undoes as a whole. It is safe when the directory was synced in which the name now stands (of a
 * rename: the new one). */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "env/disk_memory_internal.h"
#include "env/disk_name.h"

/* What a name in a directory meant before and after; NULL: nothing. Holds references to all. */
struct entry {
    struct node *directory;
    char         name[DISK_NAME_MAX + 1];
    struct node *before;
    struct node *after;
};

struct name_change {
    struct change base;
    uint32_t      count;
    struct entry  entries[2];
    bool          is_kept; /* of a power cut */
    bool          is_lost;
};

/* A name that was looked up. */
struct place {
    struct node *directory;
    struct slice name; /* in the caller's text */
    struct node *found;
};

static struct name_change *change_of(struct list *node)
{
    return container_of(container_of(node, struct change, node), struct name_change, base);
}

static void change_free(struct name_change *c)
{
    change_forget(&c->base);
    list_remove(&c->base.node);
    for (uint32_t i = 0; i < c->count; i++) {
        node_unref(c->entries[i].directory);
        node_unref(c->entries[i].before);
        node_unref(c->entries[i].after);
    }
    xfree(c);
}

/* ---- look-up ---- */

static struct node *child(const struct node *directory, struct slice name)
{
    return directory->is_dir ? map_find(directory->children, name) : NULL;
}

/* NOTFOUND, or IO when a file is used as a directory. */
static enum err walk(struct node *from, struct slice path, struct node **ret)
{
    struct slice component;
    while (path.len > 0) {
        (void)slice_cut(&path, '/', &component);
        if (!from->is_dir) return ERR_IO;
        from = child(from, component);
        if (from == NULL) return ERR_NOTFOUND;
    }
    *ret = from;
    return ERR_OK;
}

enum err names_reach(struct disk_memory *d, const char *name, struct node **ret)
{
    return walk(d->state->root, slice_str(name), ret);
}

struct node *names_find(struct disk_memory *d, const char *name)
{
    struct node *n = NULL;
    return names_reach(d, name, &n) == ERR_OK ? n : NULL;
}

static enum err reach_directory(struct disk_memory *d, const char *name, struct node **ret)
{
    struct node *n;
    enum err e = names_reach(d, name, &n);
    if (e) return e;
    if (!n->is_dir) return ERR_IO;
    *ret = n;
    return ERR_OK;
}

static enum err look_up(struct disk_memory *d, const char *name, struct place *ret)
{
    struct slice directory, last;
    disk_name_cut(name, &directory, &last);
    struct node *n;
    enum err e = walk(d->state->root, directory, &n);
    if (e) return e;
    if (!n->is_dir) return ERR_IO;
    *ret = (struct place){ n, last, child(n, last) };
    return ERR_OK;
}

/* ---- changes ---- */

static void set_entry(struct node *directory, struct slice name, struct node *to)
{
    if (to != NULL) {
        to->links++;
        (void)node_ref(to);
    }
    struct node *old = to == NULL ? map_remove(directory->children, name)
                                  : map_set(directory->children, name, to);
    if (old == NULL) return;
    assert(old->links > 0);
    old->links--;
    node_unref(old);
}

static void add_entry(struct name_change *c, const struct place *p, struct node *after)
{
    struct entry *e = &c->entries[c->count++];
    assert(p->name.len <= DISK_NAME_MAX);
    e->directory = node_ref(p->directory);
    memcpy(e->name, p->name.ptr, p->name.len);
    e->before = p->found == NULL ? NULL : node_ref(p->found);
    e->after = after == NULL ? NULL : node_ref(after);
}

static void put_entry(const struct entry *e, struct node *to)
{
    set_entry(e->directory, slice_str(e->name), to);
}

static struct name_change *begin(struct disk_memory *d, struct flight *f)
{
    struct name_change *c = xcalloc(1, sizeof *c);
    change_begin(d, &c->base, f);
    list_add_tail(&d->state->changes, &c->base.node);
    return c;
}

static void apply(const struct name_change *c)
{
    for (uint32_t i = 0; i < c->count; i++) put_entry(&c->entries[i], c->entries[i].after);
}

enum err names_make(struct disk_memory *d, const char *name, bool is_dir, struct flight *f)
{
    struct place p;
    enum err e = look_up(d, name, &p);
    if (e) return e;
    if (p.found != NULL) return ERR_EXISTS;
    struct node *made = node_new(d, is_dir, p.name);
    struct name_change *c = begin(d, f);
    add_entry(c, &p, made);
    apply(c);
    node_unref(made);
    return ERR_OK;
}

enum err names_remove(struct disk_memory *d, const char *name, bool is_dir, struct flight *f)
{
    struct place p;
    enum err e = look_up(d, name, &p);
    if (e) return e;
    if (p.found == NULL) return ERR_NOTFOUND;
    if (p.found->is_dir != is_dir) return ERR_IO;
    if (is_dir && map_count(p.found->children) > 0) return ERR_EXISTS;
    struct name_change *c = begin(d, f);
    add_entry(c, &p, NULL);
    apply(c);
    return ERR_OK;
}

static bool is_above(const char *directory, const char *name)
{
    size_t len = strlen(directory);
    return strncmp(directory, name, len) == 0 && name[len] == '/';
}

/* Whether `from` may take the place of `to`, as rename(2) says. */
static enum err may_replace(const struct place *from, const struct place *to)
{
    if (to->found == NULL) return ERR_OK;
    if (to->found->is_dir != from->found->is_dir) return ERR_IO;
    if (to->found->is_dir && map_count(to->found->children) > 0) return ERR_EXISTS;
    return ERR_OK;
}

enum err names_rename(struct disk_memory *d, const char *name, const char *to, struct flight *f)
{
    struct place source, target;
    enum err e = look_up(d, name, &source);
    if (e) return e;
    e = look_up(d, to, &target);
    if (e) return e;
    if (source.found == NULL) return ERR_NOTFOUND;
    if (is_above(name, to)) return ERR_IO; /* into itself */
    if (is_above(to, name)) return ERR_EXISTS;
    if (source.found == target.found) return ERR_OK;
    e = may_replace(&source, &target);
    if (e) return e;
    struct name_change *c = begin(d, f);
    add_entry(c, &source, NULL);
    add_entry(c, &target, source.found);
    apply(c);
    return ERR_OK;
}

/* ---- sync ---- */

static void trim(struct disk_memory *d)
{
    LIST_EACH(&d->state->changes, at) {
        struct name_change *c = change_of(at);
        if (!c->base.is_safe) return;
        change_free(c);
    }
}

/* A directory that is gone cannot be synced any more, so any sync will do for it. */
static bool reaches(const struct node *synced, const struct name_change *c)
{
    const struct node *directory = c->entries[c->count - 1].directory;
    return directory == synced || directory->links == 0;
}

enum err names_sync(struct disk_memory *d, const char *directory, struct flight *f)
{
    struct node *n;
    enum err e = reach_directory(d, directory, &n);
    if (e) return e;
    e = disk_memory_fail(d, DISK_MEMORY_SYNCS);
    if (!e && d->sync_lies) return ERR_OK;
    LIST_EACH(&d->state->changes, at) {
        struct name_change *c = change_of(at);
        if (c->base.home > change_reach(d, f) || c->base.is_orphan || !reaches(n, c)) continue;
        if (e) c->base.is_orphan = rng_chance(&d->rng, 1, 2);
        else c->base.is_safe = true;
    }
    trim(d);
    return e;
}

static int by_bytes(const void *a, const void *b)
{
    return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

enum err names_list(struct disk_memory *d, const char *directory, void *ctx,
                    void (*each)(void *ctx, const char *name, bool is_dir))
{
    struct node *n;
    enum err e = reach_directory(d, directory, &n);
    if (e) return e;
    uint32_t count = 0;
    struct slice *names = xcalloc(map_count(n->children) + 1, sizeof *names);
    void *value;
    for (uint32_t at = 0; map_next(n->children, &at, &names[count], &value);) count++;
    qsort(names, count, sizeof *names, by_bytes);
    for (uint32_t i = 0; i < count; i++) {
        char name[DISK_NAME_MAX + 1] = { 0 };
        memcpy(name, names[i].ptr, names[i].len);
        each(ctx, name, child(n, names[i])->is_dir);
    }
    xfree(names);
    return ERR_OK;
}

/* ---- a power cut ---- */

static bool same_entry(const struct entry *a, const struct entry *b)
{
    if (a->directory == b->directory && strcmp(a->name, b->name) == 0) return true;
    const struct node *mine[] = { a->before, a->after }, *theirs[] = { b->before, b->after };
    for (uint32_t i = 0; i < 4; i++)
        if (mine[i / 2] != NULL && mine[i / 2] == theirs[i % 2]) return true;
    return false;
}

/* True when they speak of one name or one file: file systems keep the order of such changes. */
static bool depend(const struct name_change *a, const struct name_change *b)
{
    for (uint32_t i = 0; i < a->count; i++)
        for (uint32_t k = 0; k < b->count; k++)
            if (same_entry(&a->entries[i], &b->entries[k])) return true;
    return false;
}

/* What a safe change builds upon is kept with it. */
static void keep_backwards(struct list *changes)
{
    for (struct list *at = changes->prev; at != changes; at = at->prev) {
        struct name_change *c = change_of(at);
        if (c->base.is_safe) c->is_kept = true;
        for (struct list *on = at->prev; c->is_kept && on != changes; on = on->prev)
            if (depend(c, change_of(on))) change_of(on)->is_kept = true;
    }
}

static void lose_forwards(struct disk_memory *d, struct list *changes, bool all)
{
    for (struct list *at = changes->next; at != changes; at = at->next) {
        struct name_change *c = change_of(at);
        bool drawn = rng_chance(&d->rng, 1, 2);
        if (!c->is_kept && (all || drawn)) c->is_lost = true;
        for (struct list *then = at->next; c->is_lost && then != changes; then = then->next)
            if (depend(c, change_of(then))) change_of(then)->is_lost = true;
    }
}

void names_crash(struct disk_memory *d)
{
    struct list *changes = &d->state->changes;
    bool all = d->crash_loses_all || rng_chance(&d->rng, 1, 4);
    keep_backwards(changes);
    lose_forwards(d, changes, all);
    for (struct list *at = changes->prev; at != changes; at = at->prev) {
        struct name_change *c = change_of(at);
        for (uint32_t i = c->count; i > 0; i--)
            put_entry(&c->entries[i - 1], c->entries[i - 1].before);
    }
    LIST_EACH(changes, at) {
        struct name_change *c = change_of(at);
        if (!c->is_lost) apply(c);
        change_free(c);
    }
}

void names_forget(struct disk_memory *d)
{
    LIST_EACH(&d->state->changes, at) change_free(change_of(at));
}
