/* SPDX-License-Identifier: Apache-2.0 */
/* Rules: what matches what and who may do what, by brute force, outside the code under test.
 *
 * Pure; texts are NUL-terminated. */
#ifndef MIDGE_SIM_RULES_H
#define MIDGE_SIM_RULES_H

#include <stdbool.h>
#include <stdint.h>

/* A pattern against a published subject, in which `*` and `>` would be plain tokens. */
bool sim_matches(const char *pattern, const char *subject);
/* Every subject that `inner` matches is matched by `outer`; and: some subject is matched by
 * both. */
bool sim_covers(const char *outer, const char *inner);
bool sim_overlaps(const char *a, const char *b);

enum { SIM_RULES_MAX = 4 };

/* NULL ends a list. An empty allow list allows all; deny wins. */
struct sim_permissions {
    const char *pub_allow[SIM_RULES_MAX];
    const char *pub_deny[SIM_RULES_MAX];
    const char *sub_allow[SIM_RULES_MAX];
    const char *sub_deny[SIM_RULES_MAX];
};

bool sim_may_publish(const struct sim_permissions *, const char *subject);
bool sim_may_subscribe(const struct sim_permissions *, const char *pattern);
/* One message to a subscription that was let in. */
bool sim_may_receive(const struct sim_permissions *, const char *subject);

#endif
