/* SPDX-License-Identifier: Apache-2.0 */
#include "core/account.h"

#include "base/assert.h"
#include "base/map.h"
#include "core/core.h"

struct accounts {
    struct lock      lock;
    struct map      *by_name;
    struct account **at;
    uint32_t         count;
    uint32_t         cap;
    uint64_t         hash_seed;
};

struct accounts *accounts_new(struct core *core)
{
    struct accounts *a = xcalloc(1, sizeof *a);
    lock_init(&a->lock);
    a->hash_seed = core->hash_seed;
    a->by_name = map_new(core->hash_seed);
    return a;
}

struct accounts *accounts_free(struct accounts *a)
{
    if (a == NULL) return NULL;
    for (uint32_t i = 0; i < a->count; i++) {
        interest_free(a->at[i]->interest);
        xfree((void *)(uintptr_t)a->at[i]->name);
        xfree(a->at[i]);
    }
    map_free(a->by_name);
    lock_deinit(&a->lock);
    xfree(a->at);
    return xfree(a);
}

struct account *accounts_find(struct accounts *a, struct slice name)
{
    lock_take(&a->lock);
    struct account *found = map_find(a->by_name, name);
    lock_drop(&a->lock);
    return found;
}

static struct account *add(struct accounts *a, struct slice name)
{
    struct account *account = xalloc_aligned(CACHE_LINE, sizeof *account);
    account->name = slice_dup(name);
    account->interest = interest_new(a->hash_seed);
    account->is_global = slice_equal_str(name, GLOBAL_ACCOUNT);
    if (a->count == a->cap) {
        a->cap = a->cap > 0 ? a->cap * 2 : 8;
        a->at = xrealloc(a->at, a->cap * sizeof(struct account *));
    }
    a->at[a->count++] = account;
    (void)map_set(a->by_name, name, account);
    return account;
}

struct account *accounts_get(struct accounts *a, struct slice name)
{
    lock_take(&a->lock);
    struct account *account = map_find(a->by_name, name);
    if (account == NULL) account = add(a, name);
    lock_drop(&a->lock);
    return account;
}

struct account *accounts_at(struct accounts *a, uint32_t index)
{
    lock_take(&a->lock);
    struct account *account = index < a->count ? a->at[index] : NULL;
    lock_drop(&a->lock);
    return account;
}

void account_traffic_sum(const struct account *a, struct traffic *ret_sum)
{
    *ret_sum = (struct traffic){ 0 };
    for (uint32_t i = 0; i < REACTORS_MAX; i++) {
        const struct traffic *t = &a->stats[i].of;
        count_add(&ret_sum->in_msgs, count_get(&t->in_msgs));
        count_add(&ret_sum->in_bytes, count_get(&t->in_bytes));
        count_add(&ret_sum->out_msgs, count_get(&t->out_msgs));
        count_add(&ret_sum->out_bytes, count_get(&t->out_bytes));
        count_add(&ret_sum->slow_consumers, count_get(&t->slow_consumers));
    }
}
