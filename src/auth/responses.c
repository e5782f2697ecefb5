/* SPDX-License-Identifier: Apache-2.0 */
/* All replies live equally long, so the order in which they came is the order in which they expire:
 * one list by age, and a hash table with chains to find them. */
#include "auth/responses.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hash.h"
#include "base/list.h"
#include "config/options_auth.h"

struct reply {
    struct list   age;
    struct reply *next;                 /* in its bucket */
    uint64_t      hash;
    nanos         until;                /* NANOS_MAX: never expires */
    int64_t       left;                 /* messages that may still be published; negative: any */
    struct slice  subject;              /* behind the struct */
};

struct responses {
    struct list    ages;                /* oldest first */
    struct reply **buckets;
    uint32_t       buckets_count;       /* a power of two */
    uint32_t       count;
    uint64_t       bytes;               /* of all subjects */
    uint64_t       hash_seed;
    int64_t        max;
    nanos          expires;             /* negative: never */
};

struct responses *responses_new(const struct response_rule *rule, uint64_t hash_seed)
{
    struct responses *r = xcalloc(1, sizeof *r);
    list_init(&r->ages);
    r->buckets_count = 16;
    r->buckets = xcalloc(r->buckets_count, sizeof *r->buckets);
    r->hash_seed = hash_seed;
    r->max = rule->max == 0 ? 1 : rule->max;
    r->expires = rule->expires == 0 ? 2 * MINUTE : rule->expires;
    return r;
}

static struct reply **bucket_of(const struct responses *r, uint64_t hash)
{
    return &r->buckets[hash & (r->buckets_count - 1)];
}

static void forget(struct responses *r, struct reply *reply)
{
    struct reply **link = bucket_of(r, reply->hash);
    while (*link != reply) link = &(*link)->next;
    *link = reply->next;
    list_remove(&reply->age);
    assert(r->count > 0);
    r->count--;
    r->bytes -= reply->subject.len;
    xfree(reply);
}

static struct reply *oldest(const struct responses *r)
{
    return list_empty(&r->ages) ? NULL : container_of(r->ages.next, struct reply, age);
}

struct responses *responses_free(struct responses *r)
{
    if (r == NULL) return NULL;
    while (r->count > 0) forget(r, oldest(r));
    xfree(r->buckets);
    return xfree(r);
}

static struct reply *find(const struct responses *r, struct slice subject, uint64_t hash)
{
    struct reply *reply = *bucket_of(r, hash);
    while (reply != NULL && (reply->hash != hash || !slice_equal(reply->subject, subject)))
        reply = reply->next;
    return reply;
}

static void grow(struct responses *r)
{
    xfree(r->buckets);
    r->buckets_count *= 2;
    r->buckets = xcalloc(r->buckets_count, sizeof *r->buckets);
    LIST_EACH(&r->ages, node) {
        struct reply *reply = container_of(node, struct reply, age);
        struct reply **bucket = bucket_of(r, reply->hash);
        reply->next = *bucket;
        *bucket = reply;
    }
}

static struct reply *add(struct responses *r, struct slice subject, uint64_t hash)
{
    while (r->count >= RESPONSES_MAX ||
           (r->count > 0 && r->bytes + subject.len > RESPONSES_BYTES_MAX))
        forget(r, oldest(r));
    if (r->count == r->buckets_count) grow(r);
    struct reply *reply = xcalloc(1, sizeof *reply + subject.len);
    uint8_t *bytes = (uint8_t *)(reply + 1);
    if (subject.len > 0) memcpy(bytes, subject.ptr, subject.len);
    reply->subject = slice_of(bytes, subject.len);
    reply->hash = hash;
    struct reply **bucket = bucket_of(r, hash);
    reply->next = *bucket;
    *bucket = reply;
    list_init(&reply->age);
    r->count++;
    r->bytes += subject.len;
    return reply;
}

void responses_remember(struct responses *r, struct slice reply_subject, nanos now)
{
    uint64_t hash = hash_bytes(reply_subject, r->hash_seed);
    responses_prune(r, now);
    struct reply *reply = find(r, reply_subject, hash);
    if (reply == NULL) reply = add(r, reply_subject, hash);
    list_remove(&reply->age);
    list_add_tail(&r->ages, &reply->age);
    reply->left = r->max;
    reply->until = r->expires < 0 || now > NANOS_MAX - r->expires ? NANOS_MAX : now + r->expires;
}

bool responses_take(struct responses *r, struct slice subject, nanos now)
{
    responses_prune(r, now);
    if (r->count == 0) return false;
    struct reply *reply = find(r, subject, hash_bytes(subject, r->hash_seed));
    if (reply == NULL) return false;
    assert(reply->left != 0);
    if (reply->left < 0) return true;
    reply->left--;
    if (reply->left == 0) forget(r, reply);
    return true;
}

void responses_prune(struct responses *r, nanos now)
{
    for (struct reply *reply = oldest(r); reply != NULL && reply->until <= now; reply = oldest(r))
        forget(r, reply);
}

uint32_t responses_count(const struct responses *r)
{
    return r->count;
}
