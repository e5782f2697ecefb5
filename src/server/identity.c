/* SPDX-License-Identifier: Apache-2.0 */
#include "server/identity.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "crypto/nkey.h"

enum { NAME_LEN = 22 };     /* of a made-up cluster name, as long as nats-server's */

struct identity {
    struct server_identity of;
    char                   id[NKEY_TEXT_SIZE];
    char                   xkey[NKEY_TEXT_SIZE];
    char                   suffix[IDENTITY_SUFFIX + 1];
    char                   made_up[NAME_LEN + 1];
    char                  *name;
    char                  *cluster;
    char                  *domain;
};

static void make_key(struct entropy *entropy, enum nkey_kind kind, char text[NKEY_TEXT_SIZE])
{
    struct nkey seed = { .kind = kind };
    entropy->fill(entropy, seed.raw, sizeof seed.raw);
    struct nkey public = nkey_public(&seed);
    (void)nkey_encode(&public, text);
    nkey_wipe(&seed);
}

static void make_letters(struct entropy *entropy, char *text, size_t len)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (size_t i = 0; i < len; i++) {
        uint8_t byte;
        do entropy->fill(entropy, &byte, 1);
        while (byte >= 4 * (sizeof digits - 1));        /* so that every letter is equally likely */
        text[i] = digits[byte % (sizeof digits - 1)];
    }
    text[len] = 0;
}

/* NULL: in no cluster. */
static const char *cluster_name(struct identity *i, const struct options *o)
{
    if (o->gateway.present && o->gateway.name != NULL) return o->gateway.name;
    if (o->cluster.name != NULL) return o->cluster.name;
    bool is_dynamic = o->cluster.present && o->cluster.listen.port != 0;
    i->of.cluster_dynamic = is_dynamic;
    return is_dynamic ? i->made_up : NULL;
}

struct identity *identity_new(struct env *env, const struct options *o)
{
    struct identity *i = xcalloc(1, sizeof *i);
    make_key(env->entropy, NKEY_SERVER, i->id);
    make_key(env->entropy, NKEY_CURVE, i->xkey);
    make_letters(env->entropy, i->suffix, IDENTITY_SUFFIX);
    make_letters(env->entropy, i->made_up, NAME_LEN);
    i->name = xstrdup(o->server_name == NULL ? i->id : o->server_name);
    i->cluster = xstrdup(cluster_name(i, o));
    i->of.id = i->id;
    i->of.name = i->name;
    i->of.version = NATS_VERSION;
    i->of.go = "C17 " __VERSION__;
    i->of.xkey = i->xkey;
    i->of.cluster = i->cluster;
    bool has_domain = o->jetstream.domain != NULL && o->jetstream.domain[0] != '\0';
    i->domain = has_domain ? xstrdup(o->jetstream.domain) : NULL;
    i->of.domain = i->domain;
    return i;
}

struct identity *identity_free(struct identity *i)
{
    if (i == NULL) return NULL;
    i->name = xfree(i->name);
    i->cluster = xfree(i->cluster);
    i->domain = xfree(i->domain);
    return xfree(i);
}

const struct server_identity *identity_get(const struct identity *i)
{
    return &i->of;
}

const char *identity_suffix(const struct identity *i)
{
    return i->suffix;
}
