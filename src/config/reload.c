/* SPDX-License-Identifier: Apache-2.0 */
/* Simple fields are compared where they are stored, so that flags count. What is stored in lists
 * and trees is compared as it was written. */
#include "config/reload.h"

#include "base/assert.h"
#include "config/digest.h"
#include "config/load_internal.h"
#include "config/validate.h"
#include "config/value.h"
#include "json/gotime.h"

struct comparison {
    struct arena       *arena;
    struct reload_diff *diff;
    struct errmsg      *why;
    enum err            result;
};

/* One block on both sides: the structs, and the maps as written (NULL: not written). */
struct side {
    const void         *at;
    const struct value *map;
    bool                is_whole;   /* keys that nobody wrote count too: flags may have set them */
};

/* --- what a field holds, as text --- */

static const char *text_or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static const char *tri_text(enum tri t)
{
    return t == TRI_TRUE ? "true" : "false";
}

static const char *field_text(struct comparison *c, enum option_type type, const void *at)
{
    static const char *const timeouts[] = {
        [WRITE_TIMEOUT_DEFAULT] = "default",
        [WRITE_TIMEOUT_CLOSE] = "close",
        [WRITE_TIMEOUT_RETRY] = "retry",
    };
    char duration[GOTIME_TEXT_SIZE];
    switch (type) {
    case OPT_BOOL: return *(const bool *)at ? "true" : "false";
    case OPT_TRI: return tri_text(*(const enum tri *)at);
    case OPT_TEXT: return text_or_empty(*(const char *const *)at);
    case OPT_I32: return arena_printf(c->arena, "%d", *(const int32_t *)at);
    case OPT_I64: return arena_printf(c->arena, "%lld", (long long)*(const int64_t *)at);
    case OPT_DURATION:
    case OPT_DURATION_TEXT:
        return arena_printf(c->arena, "%s", gotime_duration_text(*(const nanos *)at, duration));
    case OPT_WRITE_TIMEOUT: return timeouts[*(const enum write_timeout *)at];
    case OPT_LISTEN: {
        const struct listen_options *listen = at;
        return arena_printf(c->arena, "%s:%d", text_or_empty(listen->host), listen->port);
    }
    case OPT_NONE:
    case OPT_TEXTS:
    case OPT_COMPRESSION:
    case OPT_COVERED:
    case OPT_CUSTOM:
    case OPT_TYPES_COUNT: return NULL;
    }
    unreachable();
}

/* --- what was written, as JSON --- */

static const struct value *written(const struct option_block *block, const struct option_row *row,
                                   const struct value *map)
{
    const struct value *last = NULL;
    for (uint32_t i = 0; map != NULL && i < map->map.count; i++)
        if (load_row_find(block, map->map.items[i].key) == row) last = map->map.items[i].value;
    return last;
}

static bool written_equal(const struct value *a, const struct value *b)
{
    if (a == NULL || b == NULL) return a == b;
    struct buf x = { 0 }, y = { 0 };
    digest_json(a, &x);
    digest_json(b, &y);
    bool equal = slice_equal(buf_slice(&x), buf_slice(&y));
    buf_deinit(&x);
    buf_deinit(&y);
    return equal;
}

/* --- changes --- */

static const char *first_name(struct comparison *c, const struct option_row *row)
{
    struct slice rest = slice_str(row->names), name;
    (void)slice_cut(&rest, ' ', &name);
    return arena_str(c->arena, name);
}

static void refuse(struct comparison *c, const struct option_row *row,
                   const struct reload_change *change)
{
    if (c->result != ERR_OK) return;
    const char *name = row->go_name != NULL ? row->go_name : change->key;
    if (change->old_text != NULL)
        c->result = errmsg_set(c->why, ERR_DENIED,
                               "config reload not supported for %s: old=%s, new=%s", name,
                               change->old_text, change->new_text);
    else c->result = errmsg_set(c->why, ERR_DENIED, "config reload not supported for %s", name);
}

static void change_add(struct comparison *c, const struct option_row *row,
                       const struct reload_change *change)
{
    void *items = c->diff->items;
    struct reload_change *at = arena_push(c->arena, &items, &c->diff->count, sizeof(*at));
    c->diff->items = items;
    *at = *change;
    if (change->what == RELOAD_NO) refuse(c, row, change);
}

static void block_compare(struct comparison *c, const struct option_block *block,
                          const char *prefix, const struct side sides[2]);

/* The keys of the block decide, each for itself. */
static bool parts_compare(struct comparison *c, const struct option_block *block,
                          const struct option_row *row, const struct side sides[2])
{
    if (row->reload != RELOAD_PARTS) return false;
    assert(row->block != NULL);
    struct side inner[2];
    for (int i = 0; i < 2; i++) {
        const struct value *v = written(block, row, sides[i].map);
        inner[i].at = (const char *)sides[i].at + row->offset;
        inner[i].map = v != NULL && v->kind == VALUE_MAP ? v : NULL;
        inner[i].is_whole = v != NULL && v->kind != VALUE_MAP;      /* "jetstream: true" */
    }
    block_compare(c, row->block, first_name(c, row), inner);
    return true;
}

/* What stands there without having been written follows from other keys, as the write deadline of
 * gateways follows from that of all. */
static bool is_unwritten(const struct option_block *block, const struct option_row *row,
                         const struct side sides[2])
{
    for (int i = 0; i < 2; i++)
        if (sides[i].is_whole || written(block, row, sides[i].map) != NULL) return false;
    return true;
}

static void row_compare(struct comparison *c, const struct option_block *block,
                        const struct option_row *row, const char *prefix,
                        const struct side sides[2])
{
    enum option_type type = row->type == OPT_CUSTOM ? row->holds : row->type;
    if (type == OPT_COVERED || parts_compare(c, block, row, sides)) return;
    if (is_unwritten(block, row, sides)) return;
    const char *name = first_name(c, row);
    struct reload_change change = {
        .key = prefix[0] == '\0' ? name : arena_printf(c->arena, "%s.%s", prefix, name),
        .what = row->reload,
    };
    const char *old_text = field_text(c, type, (const char *)sides[0].at + row->offset);
    const char *new_text = field_text(c, type, (const char *)sides[1].at + row->offset);
    bool equal = old_text != NULL ? strcmp(old_text, new_text) == 0
                                  : written_equal(written(block, row, sides[0].map),
                                                  written(block, row, sides[1].map));
    if (equal) return;
    if (!row->is_secret) {
        change.old_text = row->is_opposite ? new_text : old_text;
        change.new_text = row->is_opposite ? old_text : new_text;
    }
    change_add(c, row, &change);
}

static void block_compare(struct comparison *c, const struct option_block *block,
                          const char *prefix, const struct side sides[2])
{
    for (uint32_t i = 0; i < block->count; i++)
        row_compare(c, block, &block->rows[i], prefix, sides);
}

/* --- the exceptions --- */

/* no_auth_user may go when its user is gone too. Returns options to compare instead of `old`. */
static struct options without_gone_user(const struct options *old, const struct options *new)
{
    struct options copy = *old;
    bool gone = old->no_auth_user != NULL && new->no_auth_user == NULL &&
                !options_user_exists(new, old->no_auth_user);
    if (gone) copy.no_auth_user = NULL;
    return copy;
}

/* auth_callout and proxy_required decide who is let in, and cannot change under those who are
 * in. */
static void auth_compare(struct comparison *c, const struct options *old, const struct options *new)
{
    const struct option_row *row = load_row_find(&top_block, SLICE_LIT("authorization"));
    struct side sides[2] = { { old, old->values, true }, { new, new->values, true } };
    const struct value *maps[2];
    for (int i = 0; i < 2; i++) {
        const struct value *v = written(&top_block, row, sides[i].map);
        maps[i] = v != NULL && v->kind == VALUE_MAP ? v : NULL;
    }
    for (uint32_t i = 0; i < authorization_block.count; i++) {
        const struct option_row *inner = &authorization_block.rows[i];
        if (inner->reload != RELOAD_NO) continue;
        if (written_equal(written(&authorization_block, inner, maps[0]),
                          written(&authorization_block, inner, maps[1])))
            continue;
        struct reload_change change = {
            .key = arena_printf(c->arena, "authorization.%s", first_name(c, inner)),
            .what = RELOAD_NO,
        };
        change_add(c, inner, &change);
    }
}

static bool grows(int64_t old, int64_t new)
{
    return new >= old;
}

/* Why the storage of a running JetStream cannot become what it shall be, or NULL: it may grow. What
 * was not given was found at the start, and stays. */
static const char *storage_refusal(const struct jetstream_options *old,
                                   const struct jetstream_options *new)
{
    bool was_found = (old->memory_max < 0 && new->memory_max >= 0) ||
                     (old->store_max < 0 && new->store_max >= 0);
    bool is_gone = (old->memory_max >= 0 && new->memory_max < 0) ||
                   (old->store_max >= 0 && new->store_max < 0);
    const char *dir = text_or_empty(new->store_dir);
    bool is_moved = strcmp(text_or_empty(old->store_dir), dir) != 0;
    if (is_moved && dir[0] != '\0') return "jetstream storage directory";
    if (is_gone) return "jetstream max memory and max store";
    if (was_found) return "jetstream dynamic max memory and store";
    if (!grows(old->memory_max, new->memory_max) || !grows(old->store_max, new->store_max))
        return "decreasing jetstream max memory and store";
    return is_moved ? "jetstream storage dir" : NULL;
}

static bool is_lazy(const struct jetstream_options *j)
{
    return j->sync_present && !j->sync_always;
}

static const char *sync_text(const struct jetstream_options *j, char text[GOTIME_TEXT_SIZE])
{
    return gotime_duration_text(is_lazy(j) ? j->sync_interval : 2 * MINUTE, text);
}

static const char *cipher_text(const struct jetstream_options *j)
{
    return j->cipher == JS_CIPHER_AES ? "AES-GCM" : "ChaCha20-Poly1305";
}

/* What a running store cannot change, in the words for it. What is not lazy syncs each time: that
 * is the same as "always" to us, and two minutes to nats-server. */
static const char *fixed_refusal(struct comparison *c, const struct jetstream_options *a,
                                 const struct jetstream_options *b)
{
    char old[GOTIME_TEXT_SIZE], new[GOTIME_TEXT_SIZE];
    if (strcmp(sync_text(a, old), sync_text(b, new)) != 0 || is_lazy(a) != is_lazy(b))
        return arena_printf(c->arena, "SyncInterval: old=%s, new=%s", old, new);
    if (a->sync_always != b->sync_always)
        return arena_printf(c->arena, "SyncAlways: old=%s, new=%s",
                            a->sync_always ? "true" : "false", b->sync_always ? "true" : "false");
    if (strcmp(cipher_text(a), cipher_text(b)) != 0)
        return arena_printf(c->arena, "JetStreamCipher: old=%s, new=%s", cipher_text(a),
                            cipher_text(b));
    if (b->enabled && a->concurrent_io_max != b->concurrent_io_max)
        return arena_printf(c->arena, "JetStreamConcurrentIOs: old=%lld, new=%lld",
                            (long long)a->concurrent_io_max, (long long)b->concurrent_io_max);
    return NULL;
}

static void storage_compare(struct comparison *c, const struct options *old,
                            const struct options *new)
{
    const struct jetstream_options *a = &old->jetstream, *b = &new->jetstream;
    const char *refused = NULL;
    if (c->result != ERR_OK) return;
    if (a->enabled && b->enabled) refused = storage_refusal(a, b);
    if (refused == NULL) refused = fixed_refusal(c, a, b);
    if (refused == NULL) return;
    c->result = errmsg_set(c->why, ERR_DENIED, "config reload not supported for %s", refused);
}

/* The other listeners keep what they tell. */
static void advertise_compare(struct comparison *c, const struct options *old,
                              const struct options *new)
{
    const char *now = text_or_empty(new->client.advertise);
    struct listen_options unused;
    struct errmsg reason;
    if (now[0] == '\0' || strcmp(text_or_empty(old->client.advertise), now) == 0) return;
    if (c->result != ERR_OK || !validate_host_port(now, 0, c->arena, &unused, &reason)) return;
    c->result = errmsg_set(c->why, ERR_DENIED, "invalid ClientAdvertise value of %s, err=%s", now,
                           reason.text);
}

enum err reload_compare(const struct options *old, const struct options *new, struct arena *arena,
                        struct reload_diff *ret_diff, struct errmsg *why)
{
    assert(old != NULL && new != NULL &&why != NULL);
    *ret_diff = (struct reload_diff){ 0 };
    struct comparison c = { arena, ret_diff, why, ERR_OK };
    struct options before = without_gone_user(old, new);
    const struct side sides[2] = { { &before, old->values, true }, { new, new->values, true } };
    advertise_compare(&c, old, new);
    storage_compare(&c, old, new);
    block_compare(&c, &top_block, "", sides);
    auth_compare(&c, old, new);
    return c.result;
}

bool reload_has(const struct reload_diff *diff, const char *key)
{
    size_t len = strlen(key);
    for (uint32_t i = 0; i < diff->count; i++) {
        const char *changed = diff->items[i].key;
        if (strncmp(changed, key, len) == 0 && (changed[len] == '\0' || changed[len] == '.'))
            return true;
    }
    return false;
}
