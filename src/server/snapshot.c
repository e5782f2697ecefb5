/* SPDX-License-Identifier: Apache-2.0 */
#include "server/snapshot.h"

#include "base/alloc.h"
#include "config/unserved.h"
#include "config/validate.h"

enum { PAIRS_MAX = 64 };

static void snapshot_free(void *ctx)
{
    struct snapshot *s = ctx;
    s->directory = directory_unref(s->directory);
    s->client_tls = tls_context_unref(s->client_tls);
    s->websocket_tls = tls_context_unref(s->websocket_tls);
    s->monitoring_tls = tls_context_unref(s->monitoring_tls);
    s->options = options_free(s->options);
    (void)xfree(s);
}

static void warn(void *ctx, const char *text)
{
    struct env *env = ctx;
    log_warn(env->log, "%s", text);
}

static uint32_t collect_pairs(const struct tls_options *o, struct tls_pair pairs[PAIRS_MAX])
{
    if (o->cert_file != NULL) {
        pairs[0] = (struct tls_pair){ o->cert_file, o->key_file };
        return 1;
    }
    uint32_t count = o->certs_count < PAIRS_MAX ? o->certs_count : PAIRS_MAX;
    for (uint32_t i = 0; i < count; i++)
        pairs[i] = (struct tls_pair){ o->certs[i].cert_file, o->certs[i].key_file };
    return count;
}

/* What a context is for. */
struct purpose {
    const char *listener;
    bool        verify;             /* clients must show a certificate */
    bool        is_http;            /* what is in clear there is told so in HTTP */
};

static enum err make_tls(struct env *env, struct purpose purpose, const struct tls_options *o,
                         struct tls_context **ret, struct errmsg *why)
{
    struct tls_pair pairs[PAIRS_MAX];
    struct tls_settings settings = {
        .listener = purpose.listener,
        .pairs = pairs,
        .pairs_count = collect_pairs(o, pairs),
        .ca_file = o->ca_file,
        .verify = purpose.verify,
        .http = purpose.is_http,
        .handshake_first = o->handshake_first,
        .min_version = (uint16_t)o->min_version,
        .suites = o->cipher_suites.items,
        .suites_count = o->cipher_suites.count,
        .curves = o->curve_preferences.items,
        .curves_count = o->curve_preferences.count,
        .warn = warn,
        .ctx = env,
    };
    if (settings.pairs_count == 0)
        return errmsg_set(why, ERR_INVALID, "tls of the %s listener: no certificate is configured",
                          purpose.listener);
    return tls_context_new(&settings, env->files, ret, why);
}

static bool wants_certificate(const struct tls_options *o)
{
    return o->verify || o->verify_and_map;
}

static enum err make_all_tls(struct snapshot *s, struct env *env, struct errmsg *why)
{
    const struct tls_options *client = &s->options->tls;
    const struct tls_options *websocket = &s->options->websocket.tls;
    struct purpose for_clients = { "client", wants_certificate(client), false };
    struct purpose for_browsers = { "websocket", wants_certificate(websocket), true };
    struct purpose for_monitoring = { "monitoring", false, true };
    enum err e = ERR_OK;
    rate_limit_init(&s->rate, client->connection_rate_limit);
    if (client->present) e = make_tls(env, for_clients, client, &s->client_tls, why);
    if (e == ERR_OK && client->present && s->options->monitoring.https_port != 0)
        e = make_tls(env, for_monitoring, client, &s->monitoring_tls, why);
    if (e == ERR_OK && websocket->present)
        e = make_tls(env, for_browsers, websocket, &s->websocket_tls, why);
    return e;
}

/* What decides who may enter is never only warned about. */
static enum err refuse_unserved(const struct options *o, struct errmsg *why)
{
    struct unserved u;
    uint32_t at = 0;
    if (!unserved_next(o, &at, &u) || !u.refuses) return ERR_OK;
    return errmsg_set(why, ERR_DENIED, "%s", unserved_text(&u, o->arena));
}

static enum err fill(struct snapshot *s, struct env *env, struct directory_setup setup,
                     struct errmsg *why)
{
    enum err e = validate_options(s->options, why);
    if (e) return e;
    e = refuse_unserved(s->options, why);
    if (e) return e;
    e = directory_new(s->options, setup, &s->directory, why);
    if (e) return e;
    return make_all_tls(s, env, why);
}

enum err snapshot_new(struct env *env, struct directory_setup setup, struct options *take_options,
                      struct settings **ret_settings, struct errmsg *why)
{
    struct snapshot *s = xcalloc(1, sizeof *s);
    s->options = take_options;
    enum err e = fill(s, env, setup, why);
    if (e) {
        snapshot_free(s);
        return e;
    }
    s->settings.options = s->options;
    s->settings.directory = s->directory;
    s->settings.release = snapshot_free;
    s->settings.ctx = s;
    atomic_init(&s->settings.refs, 1);
    *ret_settings = &s->settings;
    return ERR_OK;
}
