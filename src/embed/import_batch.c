/* SPDX-License-Identifier: Apache-2.0 */
#include "embed/import_batch.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "stream/ack_subject.h"
#include "stream/publish_headers.h"

struct import_batch {
    struct import_walk_options options; /* of its own store */
    char               *directory;
    char                name[ACCOUNT_HASH_LEN + 1];
    struct import_asset meta;
    struct import_walk *walk;
    uint64_t            next, last; /* sequences to write; `last` may lie below `next` */
    bool                ends_apart; /* by "eob" */
    struct buf          header;
};

/* The batch's id and the first sequence that is not written. False: the message is of none, or
 * commits it. */
static bool is_part(struct slice header, struct slice *ret_id, uint64_t *ret_next)
{
    struct publish_headers h;
    uint64_t sequence;
    if (publish_headers_read(header, &h) == 0) return false;
    if (!publish_has(&h, PUBLISH_BATCH_ID) || publish_has(&h, PUBLISH_BATCH_COMMIT)) return false;
    if (!slice_to_u64(h.at[PUBLISH_BATCH_SEQUENCE], &sequence) || sequence >= INT64_MAX)
        return false;
    *ret_id = h.at[PUBLISH_BATCH_ID];
    *ret_next = sequence + 1;
    return true;
}

static enum err open_meta(struct import_batch *b, struct errmsg *why)
{
    char *path = import_path(b->directory, "meta.key");
    const struct import_place place = { b->options.account, b->options.stream, path };
    enum err e = import_asset_open(&b->meta, b->options.keys, &place, why);
    xfree(path);
    return e;
}

/* How far the batch goes. */
static enum err find_end(struct import_batch *b, struct errmsg *why)
{
    struct import_walk_options quiet = b->options;
    struct import_walk *w = NULL;
    struct stored m;
    quiet.on_damage = quiet.on_note = NULL;
    enum err e = import_walk_new(&quiet, &w, why);
    while (e == ERR_OK && (e = import_walk_next(w, &m, why)) == ERR_OK) {
        struct publish_headers h;
        (void)publish_headers_read(m.header, &h);
        b->last = m.sequence;
        b->ends_apart = slice_equal_str(h.at[PUBLISH_BATCH_COMMIT], "eob");
    }
    w = import_walk_free(w);
    assert(w == NULL);
    if (b->ends_apart) b->last--;
    return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err open_store(struct import_batch *b, struct errmsg *why)
{
    enum err e = open_meta(b, why);
    if (e == ERR_OK) e = find_end(b, why);
    if (e == ERR_OK && b->last < b->next) e = ERR_NOTFOUND;
    return e ? e : import_walk_new(&b->options, &b->walk, why);
}

enum err import_batch_new(const struct import_walk_options *stream, struct slice header,
                          struct import_batch **ret, struct errmsg *why)
{
    struct slice id;
    uint64_t next;
    if (!is_part(header, &id, &next)) return ERR_NOTFOUND;
    struct import_batch *b = xcalloc(1, sizeof *b);
    char *all = import_path(stream->directory, "batches");
    account_hash(id, b->name);
    b->directory = import_path(all, b->name);
    xfree(all);
    b->next = next;
    b->options = *stream;
    b->options.directory = b->directory;
    b->options.stream = slice_str(b->name);
    b->options.meta = &b->meta;
    b->options.has_batches = false;
    enum err e = import_exists(b->directory) ? open_store(b, why) : ERR_NOTFOUND;
    if (e) {
        (void)import_batch_free(b);
        return e;
    }
    *ret = b;
    return ERR_OK;
}

struct import_batch *import_batch_free(struct import_batch *b)
{
    if (b == NULL) return NULL;
    (void)import_walk_free(b->walk);
    import_asset_close(&b->meta);
    buf_deinit(&b->header);
    xfree(b->directory);
    return xfree(b);
}

/* The message commits what "eob" did. */
static struct slice with_commit(struct import_batch *b, struct slice header)
{
    static const struct slice end = SLICE_INIT("\r\n");
    bool has_end = header.len >= end.len &&
                   slice_equal(slice_from(header, header.len - end.len), end);
    b->header.len = 0;
    buf_add(&b->header, has_end ? slice_first(header, header.len - end.len) : header);
    buf_printf(&b->header, "%.*s: 1\r\n\r\n",
               SLICE_ARGS(publish_header_name(PUBLISH_BATCH_COMMIT)));
    return buf_slice(&b->header);
}

static enum err cut(struct import_batch *b)
{
    char text[256];
    (void)snprintf(text, sizeof text, "%s: message %llu of %llu of an atomic batch is not there",
                   b->directory, (unsigned long long)b->next, (unsigned long long)b->last);
    if (b->options.on_damage != NULL) b->options.on_damage(b->options.ctx, text);
    b->next = b->last + 1;
    return ERR_NOTFOUND;
}

enum err import_batch_next(struct import_batch *b, struct stored *ret, struct errmsg *why)
{
    struct stored m = { 0 };
    if (b->next > b->last) return ERR_NOTFOUND;
    while (m.sequence < b->next) {
        enum err e = import_walk_next(b->walk, &m, why);
        if (e == ERR_NOTFOUND) return cut(b);
        if (e) return e;
    }
    if (m.sequence > b->next) return cut(b);
    if (b->ends_apart && b->next == b->last) m.header = with_commit(b, m.header);
    b->next++;
    *ret = m;
    return ERR_OK;
}
