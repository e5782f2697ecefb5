/* SPDX-License-Identifier: Apache-2.0 */
/* For a concrete subject and queue:
 *
 *   allow  no allow entry at all, or: entries for queues that match the subject decide for a queue
 *          subscription; without such entries, and for a plain subscription, the others do
 *   deny   an entry without a queue that matches the subject, or one with a queue that fits
 *
 * A wildcard subscription is allowed when one entry that allows covers all of it, denied when a
 * deny entry matches it token for token (`foo.*` denies `foo.>`, as nats-server has it), and
 * filtered when some concrete subject in it would be decided otherwise. Unlike nats-server, an
 * allow entry `foo.*` does not let `foo.>` in: that delivers `foo.a.b`. */
#include "auth/permissions.h"

#include "auth/rules.h"
#include "base/alloc.h"
#include "config/options_auth.h"
#include "subject/subject.h"

struct direction {
    struct rules *allow;                /* empty: everything, unless allow_none */
    struct rules *deny;
    bool          allow_none;
};

struct permission_set {
    struct arena      *arena;
    struct permissions config;          /* a copy in the arena */
    struct direction   publish;
    struct direction   subscribe;
};

static struct subject_rule *copy_list(struct arena *arena, const struct subject_rule *list,
                                      uint32_t count)
{
    struct subject_rule *copy = arena_alloc(arena, count * sizeof *copy);
    for (uint32_t i = 0; i < count; i++) {
        copy[i].subject = arena_str(arena, slice_str(list[i].subject));
        if (list[i].queue != NULL) copy[i].queue = arena_str(arena, slice_str(list[i].queue));
    }
    return copy;
}

static struct subject_rules copy_rules(struct arena *arena, const struct subject_rules *rules)
{
    struct subject_rules copy = *rules;
    copy.allow = copy_list(arena, rules->allow, rules->allow_count);
    copy.deny = copy_list(arena, rules->deny, rules->deny_count);
    return copy;
}

static struct direction direction_new(struct arena *arena, const struct subject_rules *rules,
                                      uint64_t hash_seed)
{
    return (struct direction){
        .allow = rules_new(arena, rules->allow, rules->allow_count, hash_seed),
        .deny = rules_new(arena, rules->deny, rules->deny_count, hash_seed),
    };
}

/* nats-server takes an empty allow list for none, but for publishing beside allow_responses: there
 * it means that nothing but replies may be published. */
struct permission_set *permission_set_new(const struct permissions *config, uint64_t hash_seed)
{
    struct permission_set *p = xcalloc(1, sizeof *p);
    p->arena = arena_new();
    p->config.publish = copy_rules(p->arena, &config->publish);
    p->config.subscribe = copy_rules(p->arena, &config->subscribe);
    p->config.responses = config->responses;
    p->publish = direction_new(p->arena, &p->config.publish, hash_seed);
    p->subscribe = direction_new(p->arena, &p->config.subscribe, hash_seed);
    p->publish.allow_none = config->responses.present && config->publish.allow_count == 0;
    return p;
}

struct permission_set *permission_set_free(struct permission_set *p)
{
    if (p == NULL) return NULL;
    arena_free(p->arena);
    return xfree(p);
}

const struct permissions *permission_set_config(const struct permission_set *p)
{
    return p == NULL ? NULL : &p->config;
}

enum permission permission_publish(const struct permission_set *p, struct slice subject)
{
    if (p == NULL) return PERMISSION_ALLOWED;
    const struct direction *d = &p->publish;
    if (d->allow_none) return PERMISSION_DENIED;
    if (!rules_empty(d->allow) && !rules_match(d->allow, subject)) return PERMISSION_DENIED;
    return rules_match(d->deny, subject) ? PERMISSION_DENIED : PERMISSION_ALLOWED;
}

/* `how`: RULES_COVER for a subscription, RULES_MATCH for a message. `*ret_queued`: entries for
 * queues decided. */
static bool is_allowed(const struct rules *allow, enum rules_relation how, struct slice subject,
                       struct slice queue, bool *ret_queued)
{
    *ret_queued = false;
    if (rules_empty(allow)) return true;
    if (queue.len > 0) {
        struct rules_queues found = rules_queues(allow, how, subject, queue);
        *ret_queued = found.any;
        if (found.any) return found.fits;
    }
    return how == RULES_COVER ? rules_cover(allow, subject) : rules_match(allow, subject);
}

static bool is_denied(const struct rules *deny, struct slice subject, struct slice queue)
{
    if (rules_match(deny, subject)) return true;
    return queue.len > 0 && rules_queues(deny, RULES_MATCH, subject, queue).fits;
}

/* Would a part of what the pattern matches be decided otherwise? */
static bool needs_filter(const struct direction *d, struct slice pattern, struct slice queue,
                         bool by_queue)
{
    if (rules_overlap(d->deny, pattern)) return true;
    if (queue.len == 0) return false;
    if (rules_queues(d->deny, RULES_OVERLAP, pattern, queue).fits) return true;
    return !by_queue && rules_queues(d->allow, RULES_OVERLAP, pattern, queue).misfits;
}

enum permission permission_subscribe(const struct permission_set *p, struct slice subject,
                                     struct slice queue)
{
    if (slice_equal_str(queue, "_sys_")) return PERMISSION_DENIED;
    if (p == NULL) return PERMISSION_ALLOWED;
    const struct direction *d = &p->subscribe;
    bool by_queue;
    if (!is_allowed(d->allow, RULES_COVER, subject, queue, &by_queue)) return PERMISSION_DENIED;
    if (is_denied(d->deny, subject, queue)) return PERMISSION_DENIED;
    if (!subject_has_wildcard(subject)) return PERMISSION_ALLOWED;
    return needs_filter(d, subject, queue, by_queue) ? PERMISSION_ALLOWED_FILTERED
                                                     : PERMISSION_ALLOWED;
}

bool permission_delivery(const struct permission_set *p, struct slice subject, struct slice queue)
{
    if (p == NULL) return true;
    const struct direction *d = &p->subscribe;
    bool by_queue;
    return is_allowed(d->allow, RULES_MATCH, subject, queue, &by_queue) &&
           !is_denied(d->deny, subject, queue);
}

bool permission_delivery_denied(const struct permission_set *p, struct slice subject,
                                struct slice queue)
{
    return p != NULL && is_denied(p->subscribe.deny, subject, queue);
}
