/* SPDX-License-Identifier: Apache-2.0 */
/* Usually there is one pair. A second one is a rewrite's that did not end (not complete: it goes),
 * or one whose rewrite did, while the old pair was still to be removed. Of complete ones the one
 * with the latest checkpoint counts, of equals the newer. */
#include <string.h>

#include "base/alloc.h"
#include "base/digits.h"
#include "store/checkpoint_internal.h"

enum { NUMBERS_MAX = 64, NUMBER_DIGITS = 8, NAME_LEN = NUMBER_DIGITS + 2 };

struct listing {
    uint32_t numbers[NUMBERS_MAX];
    uint32_t count;
    bool is_full;
};

/* The number of a copy's name; 0: it is none. */
static uint32_t number_of(const char *name)
{
    assert(name != NULL);
    if (strlen(name) != NAME_LEN || name[NUMBER_DIGITS] != '.') return 0;
    if (name[NAME_LEN - 1] != 'a' && name[NAME_LEN - 1] != 'b') return 0;
    return (uint32_t)digits_hex(name, NUMBER_DIGITS);
}

static void on_name(void *ctx, const char *name, bool is_dir)
{
    struct listing *l = ctx;
    uint32_t number = is_dir ? 0 : number_of(name);
    if (number == 0) return;
    /* In bytewise order: the copies of a pair are neighbours. */
    if (l->count > 0 && l->numbers[l->count - 1] == number) return;
    if (l->count == NUMBERS_MAX) l->is_full = true;
    else l->numbers[l->count++] = number;
    assert(l->count <= NUMBERS_MAX);
}

static enum err list_pairs(struct checkpoint *c, struct listing *ret, struct errmsg *why)
{
    struct disk *disk = c->o.disk;
    enum err e = disk->list(disk, c->o.directory, on_name, ret);
    if (e == ERR_NOTFOUND && c->is_read_only) return ERR_OK;
    if (e) return errmsg_set(why, e, "the directory %s cannot be read", c->o.directory);
    if (ret->is_full) return errmsg_set(why, ERR_CORRUPT, "%s has too many files", c->o.directory);
    if (ret->count > 0) c->number = ret->numbers[ret->count - 1];
    assert(ret->count == 0 || c->number > 0);
    return ERR_OK;
}

static enum err make_directory(struct checkpoint *c, struct errmsg *why)
{
    struct disk *disk = c->o.disk;
    char parent[PAIR_NAME_MAX];
    size_t len = strlen(c->o.directory);
    assert(!c->is_read_only);
    assert(len + 1 + NAME_LEN <= DISK_NAME_MAX);
    memcpy(parent, c->o.directory, len + 1);
    char *slash = strrchr(parent, '/');
    if (slash != NULL) *slash = '\0';
    else parent[0] = '\0';
    enum err e = disk->make_dir(disk, c->o.directory);
    if (!e) e = disk->sync_dir(disk, parent);
    if (e) return errmsg_set(why, e, "the directory %s cannot be made", c->o.directory);
    return ERR_OK;
}

/* ---- which one ---- */

static enum err probe(struct checkpoint *c, uint32_t number, struct pair_state *ret,
                      struct errmsg *why)
{
    struct pair p;
    pair_init(c, &p, number);
    enum err e = pair_open(c, &p, why);
    if (!e) e = pair_probe(c, &p, ret, why);
    pair_close(c, &p);
    assert(p.files[0] == NULL && p.files[1] == NULL);
    return e;
}

/* When none is complete the oldest counts: it was complete once. */
static enum err choose(struct checkpoint *c, const struct listing *l, uint32_t *ret_number,
                       struct errmsg *why)
{
    struct pair_state best = { 0 }, s = { 0 };
    assert(l->count > 0);
    uint32_t number = l->numbers[0];
    for (uint32_t i = 0; i < l->count && l->count > 1; i++) {
        enum err e = probe(c, l->numbers[i], &s, why);
        if (e) return e;
        if (!s.is_complete || (best.is_complete && s.turn < best.turn)) continue;
        best = s;
        number = l->numbers[i];
    }
    assert(number > 0);
    *ret_number = number;
    return ERR_OK;
}

/* ---- what is left of others ---- */

static enum err remove_others(struct checkpoint *c, const struct listing *l, struct errmsg *why)
{
    struct disk *disk = c->o.disk;
    assert(!c->is_read_only);
    for (uint32_t i = 0; i < l->count; i++) {
        struct pair p;
        if (l->numbers[i] == c->current.number) continue;
        pair_init(c, &p, l->numbers[i]);
        for (uint32_t k = 0; k < COPIES; k++) {
            enum err e = disk->remove(disk, p.names[k]);
            if (e && e != ERR_NOTFOUND)
                return errmsg_set(why, e, "%s cannot be removed", p.names[k]);
        }
    }
    assert(c->current.number > 0);
    return ERR_OK;
}

static enum err sync_names(struct checkpoint *c, struct errmsg *why)
{
    enum err e = c->o.disk->sync_dir(c->o.disk, c->o.directory);
    assert(!c->is_read_only);
    if (e) return errmsg_set(why, e, "the directory %s cannot be synced", c->o.directory);
    return ERR_OK;
}

/* ---- start ---- */

static enum err load(struct checkpoint *c, const struct checkpoint_load *load, uint32_t number,
                     journal_pos *ret_pos, struct errmsg *why)
{
    struct pair_state s = { 0 };
    assert(number > 0);
    pair_init(c, &c->current, number);
    enum err e = pair_open(c, &c->current, why);
    if (!e) e = pair_load(c, &c->current, load, &s, why);
    if (e) return e;
    c->turn = s.turn;
    c->rewrite.is_wanted = s.is_damaged || s.is_unequal;
    *ret_pos = s.pos;
    assert(c->current.end % CHECKPOINT_SECTOR == 0);
    return ERR_OK;
}

static enum err start(struct checkpoint *c, const struct checkpoint_load *up, journal_pos *ret_pos,
                      struct errmsg *why)
{
    struct listing l = { 0 };
    uint32_t number = 1;
    assert(up != NULL);
    enum err e = c->is_read_only ? ERR_OK : make_directory(c, why);
    if (!e) e = list_pairs(c, &l, why);
    if (!e && l.count > 0) e = choose(c, &l, &number, why);
    if (!e) e = load(c, up, number, ret_pos, why);
    if (e || c->is_read_only) return e;
    if (c->number < number) c->number = number;
    /* The one that counts is safe before others go. */
    e = sync_names(c, why);
    if (e || l.count <= 1) return e;
    e = remove_others(c, &l, why);
    return e ? e : sync_names(c, why);
}

enum err checkpoint_open(const struct checkpoint_options *o, const struct checkpoint_load *up,
                         bool read_only, struct checkpoint **ret, journal_pos *ret_pos,
                         struct errmsg *why)
{
    struct checkpoint *c = xcalloc(1, sizeof *c);
    journal_pos pos = 0;
    assert(o->disk != NULL && o->directory != NULL);
    c->o = *o;
    if (c->o.rewrite_min == 0) c->o.rewrite_min = REWRITE_MIN;
    if (c->o.list_max == 0) c->o.list_max = LIST_MAX;
    assert(c->o.list_max <= LIST_MAX);
    c->is_read_only = read_only;
    enum err e = start(c, up, &pos, why);
    if (e) {
        (void)checkpoint_close(c);
        return e;
    }
    if (!read_only) {
        write_init(c);
        rewrite_init(c);
    }
    *ret = c;
    *ret_pos = pos;
    return ERR_OK;
}
