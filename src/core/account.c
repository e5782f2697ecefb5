/* SPDX-License-Identifier: Apache-2.0 */
#include "core/account.h"

#include "base/assert.h"
#include "base/map.h"
#include "core/core.h"
#include "core/sub.h"
#include "core/sub_watch.h"

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
    assert(core->accounts == NULL);     /* one set for each core */
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
        assert(a->at[i]->internal == NULL);     /* user_info_end() came before */
        assert(atomic_load(&a->at[i]->clients) == 0);
        interest_free(a->at[i]->interest);
        sub_watches_free(a->at[i]->watches);
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
    assert(found == NULL || slice_equal_str(name, found->name));
    assert(found == NULL || found->interest != NULL);       /* whole before anyone finds it */
    return found;
}

void account_check(const struct account *a)
{
    int64_t clients = atomic_load_explicit(&a->clients, memory_order_relaxed);
    assert(a->interest != NULL);
    assert(a->watches != NULL);
    assert(a->is_global == slice_equal_str(slice_str(a->name), GLOBAL_ACCOUNT));
    assert(clients >= 0);
    if (a->internal == NULL) return;
    sub_check(a->internal);
    sink_check(a->internal->sink);
    assert(a->internal->sink->reactor == SINK_ANYWHERE);
    assert(interest_count(a->interest) > 0);
}

uint32_t accounts_check(struct accounts *a)
{
    lock_take(&a->lock);
    assert(a->count <= a->cap);
    assert(a->count == map_count(a->by_name));
    for (uint32_t i = 0; i < a->count; i++) {
        account_check(a->at[i]);
        assert(map_find(a->by_name, slice_str(a->at[i]->name)) == a->at[i]);
    }
    uint32_t count = a->count;
    lock_drop(&a->lock);
    return count;
}

static struct account *add(struct accounts *a, struct slice name)
{
    assert(a->count <= a->cap);
    static_assert(sizeof(struct account_traffic) % CACHE_LINE == 0,
                  "no two reactors write to one line");
    struct account *account = xalloc_aligned(CACHE_LINE, sizeof *account);
    account->name = slice_dup(name);
    account->interest = interest_new(a->hash_seed);
    account->watches = sub_watches_new(a->hash_seed);
    account->is_global = slice_equal_str(name, GLOBAL_ACCOUNT);
    if (a->count == a->cap) {
        a->cap = a->cap > 0 ? a->cap * 2 : 8;
        a->at = xrealloc(a->at, a->cap * sizeof(struct account *));
    }
    a->at[a->count++] = account;
    const void *before = map_set(a->by_name, name, account);
    assert(before == NULL);             /* one name, one account */
    account_check(account);
    return account;
}

struct account *accounts_get(struct accounts *a, struct slice name)
{
    lock_take(&a->lock);
    struct account *account = map_find(a->by_name, name);
    if (account == NULL) account = add(a, name);
    lock_drop(&a->lock);
    assert(slice_equal_str(name, account->name));
    assert(account->interest != NULL);
    return account;
}

struct account *accounts_at(struct accounts *a, uint32_t index)
{
    lock_take(&a->lock);
    assert(a->count <= a->cap);
    struct account *account = index < a->count ? a->at[index] : NULL;
    lock_drop(&a->lock);
    assert(account == NULL || account->interest != NULL);   /* whole before anyone sees it */
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
