/* SPDX-License-Identifier: Apache-2.0 */
/* Store import: a nats-server's store becomes one of ours, offline: what `midge store import` does.
 *
 * Streams are read from <store_dir>/jetstream/<account>/streams/ and written into a new store in
 * <store_dir>/midge.import; that is closed, opened again and compared with what was read, byte for
 * byte; then it is renamed to <store_dir>/midge. Until then an interrupted import has changed
 * nothing that counts, and the next one begins anew. What nats-server wrote is never changed.
 *
 * What is damaged is told, one sentence each; the rest is imported only when `accepts_damage`.
 *
 * Files: store_import.c (order of things, the switch), import_stream.c (one stream), import_walk.h
 * (its messages), import_batch.h (a batch that was being written), import_asset.h (decryption),
 * import_files.h.
 * Thread: the caller's, blocking. */
#ifndef MIDGE_EMBED_STORE_IMPORT_H
#define MIDGE_EMBED_STORE_IMPORT_H

#include "config/options.h"
#include "embed/import_asset.h"
#include "env/env.h"
#include "server/at_rest.h"

struct store_import_options {
    struct env  *env;
    const char  *store_dir;
    const char  *key, *previous_key; /* NULL: none */
    enum js_cipher cipher;
    int64_t      store_cache; /* 0: as by default */
    bool         accepts_damage;
    void  *ctx;
    void (*say)(void *ctx, const char *line); /* progress, damage, the summary */
};

/* NOTFOUND: no streams are there. EXISTS: a store of ours is. BUSY: another import runs, or a
 * server writes there. CORRUPT: there is damage. LIMIT: there is not enough space. Nothing has
 * changed then. */
MUST_CHECK enum err store_import(const struct store_import_options *, struct errmsg *why);

/* ---- one stream: import_stream.c ---- */

struct import_stream {
    struct import_stream *next;
    char        *account, *name, *directory;
    struct import_asset meta;
    nanos       created;   /* 0: it does not say */
    uint64_t     given;     /* messages that were read */
    uint64_t     messages, bytes, first, last;  /* that it has in the new store */
    uint32_t     consumers;
    bool         has_batches; /* see import_walk.h */
    bool         is_made;   /* false: it could not be, and that was told as damage */
};

struct import_run {
    const struct store_import_options *options;
    struct import_keys keys;
    struct at_rest    *target;
    uint64_t           damages, streams, messages, bytes, consumers;
};

/* Formats a line and says it. */
void import_say(const struct import_run *, const char *format, ...) PRINTF_LIKE(2, 3);
void import_damage(struct import_run *, const char *format, ...) PRINTF_LIKE(2, 3);

/* Reads it into the target. Damage is told; an error ends the import. */
MUST_CHECK enum err import_stream_copy(struct import_run *, struct import_stream *,
                                       struct errmsg *why);
/* The target was opened again: it has what was read, and nothing else. CORRUPT: it has not. */
MUST_CHECK enum err import_stream_verify(struct import_run *, const struct import_stream *,
                                         struct errmsg *why);

#endif
