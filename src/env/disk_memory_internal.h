/* SPDX-License-Identifier: Apache-2.0 */
/* Disk_memory_internal: nodes (files and directories), and the changes that a power cut may undo.
 *
 * A change stays in the log of its file (respectively of all names) until it and all before it are
 * safe. A power cut undoes the log from its end, then does again what was safe or, by choice, kept.
 *
 * Memory: a node is counted: one reference each by its directory, an open file, a change of names.
 * Thread: the test's. */
#ifndef MIDGE_ENV_DISK_MEMORY_INTERNAL_H
#define MIDGE_ENV_DISK_MEMORY_INTERNAL_H

#include "base/map.h"
#include "env/disk_memory.h"

enum { SECTOR = 512 };

struct flight;

/* What both kinds of change have. */
struct change {
    struct list    node;
    uint64_t       home;   /* when its operation came home; UINT64_MAX: not yet */
    struct flight *flight; /* that is not home yet, or NULL */
    bool           is_safe;
    bool           is_orphan; /* a sync failed: no later one saves it */
};

struct node {
    struct list all;
    uint32_t    refs;
    uint32_t    links; /* directories that name it: 1, or 0 when removed */
    uint32_t    handles;
    bool        is_dir;
    char        name[DISK_NAME_MAX + 1]; /* the last component that it was made with */
    struct map *children;                /* of a directory: struct node */
    uint8_t    *bytes;
    uint64_t    size;
    uint64_t    cap;
    struct list changes; /* struct file_change, oldest first */
};

struct disk_memory_state {
    struct list  nodes; /* all, for the space */
    struct node *root;
    struct list  changes; /* struct name_change, oldest first */
    struct list  queues;
    struct list  files; /* open ones, dead ones too */
    struct list  flights;
    uint32_t     flights_count;
    uint64_t     time; /* counts submissions and home-comings */
    bool         is_off;
};

/* An operation in flight. */
struct flight {
    struct list     node;
    struct disk_op *op;
    struct change  *change; /* made, and not home yet */
    uint64_t        submitted;
};

struct disk_file {
    struct list  all;
    struct node *node;
    bool         can_write;
    bool         is_dead;
    uint32_t     in_flight;
};

/* OK, or how this call fails. */
enum err disk_memory_fail(struct disk_memory *, enum disk_memory_call);

/* A change of an operation `f`, or of a blocking call (NULL), which is home at once. */
void change_begin(struct disk_memory *, struct change *, struct flight *f);
void change_forget(struct change *); /* before it is freed */
/* Up to when a sync of `f` (NULL: blocking) reaches. */
uint64_t change_reach(const struct disk_memory *, const struct flight *f);

/* disk_memory_run.c: what both the blocking calls and the operations do */
enum err file_open(struct disk_memory *, const char *name, enum disk_open, struct flight *,
                   struct disk_file **ret_file);
void     file_close(struct disk_file *);
enum err file_read(struct disk_memory *, struct disk_file *, uint64_t offset, struct disk_span,
                   uint64_t *ret_moved);
/* REMOVE, RENAME, MAKE_DIR, REMOVE_DIR */
enum err run_change_name(struct disk_memory *, const struct disk_op *, struct flight *);
enum err run_sync_dir(struct disk_memory *, const char *name, struct flight *);
/* `syncs` false: the power is cut between a write and its sync. */
enum err run_flight(struct disk_memory *, struct flight *, bool syncs);

/* disk_memory_queue.c */
struct disk_queue *memory_queue_new(struct disk *, void (*wake)(void *ctx), void *ctx);

/* disk_memory_file.c */
struct node *node_new(struct disk_memory *, bool is_dir, struct slice name);
struct node *node_ref(struct node *);
void         node_unref(struct node *);
uint64_t     node_read(const struct node *, uint64_t offset, struct disk_span);
/* LIMIT when not all fits, which is written as far as it does. `ptr` NULL: zeros. */
enum err node_write(struct disk_memory *, struct node *, uint64_t offset, struct disk_span,
                    struct flight *);
enum err node_truncate(struct disk_memory *, struct node *, uint64_t size, struct flight *);
enum err node_sync(struct disk_memory *, struct node *, struct flight *);
void     node_crash(struct disk_memory *, struct node *);

/* disk_memory_names.c; names are good ones */
struct node *names_find(struct disk_memory *, const char *name); /* NULL when absent */
enum err names_reach(struct disk_memory *, const char *name, struct node **ret);
enum err names_make(struct disk_memory *, const char *name, bool is_dir, struct flight *);
enum err names_remove(struct disk_memory *, const char *name, bool is_dir, struct flight *);
enum err names_rename(struct disk_memory *, const char *name, const char *to, struct flight *);
enum err names_sync(struct disk_memory *, const char *directory, struct flight *);
enum err names_list(struct disk_memory *, const char *directory, void *ctx,
                    void (*each)(void *ctx, const char *name, bool is_dir));
void     names_crash(struct disk_memory *);
void     names_forget(struct disk_memory *); /* the whole log, at the end */

#endif
