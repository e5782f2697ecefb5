/* SPDX-License-Identifier: Apache-2.0 */
/* Test options: configurations written down in a line or two, for the tests of this folder.
 *
 * Thread: one. Memory: all in the options' arena. */
#ifndef MIDGE_AUTH_TEST_OPTIONS_H
#define MIDGE_AUTH_TEST_OPTIONS_H

#include "auth/directory.h"
#include "base/arena.h"

static const struct directory_setup test_setup = { .hash_seed = 5, .hidden_suffix = "12345678" };

static inline struct user_options *test_user_in(struct options *o, struct user_list *list)
{
    list->present = true;
    return arena_push(o->arena, (void **)&list->items, &list->count, sizeof *list->items);
}

/* Of the authorization block. */
static inline struct user_options *test_user(struct options *o, const char *name, const char *pass)
{
    struct user_options *user = test_user_in(o, &o->authorization.users);
    o->authorization.present = true;
    user->name = name;
    user->pass = pass;
    return user;
}

static inline struct user_options *test_nkey(struct options *o, const char *public_key)
{
    struct user_options *user = test_user_in(o, &o->authorization.nkeys);
    o->authorization.present = true;
    user->nkey = public_key;
    return user;
}

static inline struct account_options *test_account(struct options *o, const char *name)
{
    o->accounts_present = true;
    struct account_options *account = arena_push(o->arena, (void **)&o->accounts,
                                                 &o->accounts_count, sizeof *o->accounts);
    account->name = name;
    account->connections_max = account->leafs_max = -1;
    account->subscriptions_max = account->payload_max = -1;
    return account;
}

static inline struct user_options *test_account_user(struct options *o,
                                                     struct account_options *account,
                                                     const char *name, const char *pass)
{
    struct user_options *user = test_user_in(o, &account->users);
    user->name = name;
    user->pass = pass;
    user->account = account->name;
    return user;
}

#endif
