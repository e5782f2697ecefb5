/* SPDX-License-Identifier: Apache-2.0 */
/* leafnodes { } and its remotes. */
#include "config/load_internal.h"
#include "config/url.h"
#include "config/value.h"
#include "crypto/nkey.h"

/* --- one remote --- */

static void urls_read(struct loader *l, const struct field *f)
{
    struct leaf_remote_options *r = f->into;
    if (f->value->kind == VALUE_TEXT || f->value->kind == VALUE_ARRAY)
        load_urls(l, f->value, "leafnode", &r->urls);
    else
        load_error(l, f->value->pos,
                   "Expected remote leafnode url to be an array or string, got %s",
                   load_value_text(l, f->value));
}

/* `~` at the start and $VARIABLES anywhere. */
static const char *path_expand(struct loader *l, const char *path)
{
    struct buf out = { 0 };
    if (path[0] == '~' && (path[1] == '/' || path[1] == '\0')) {
        const char *home = l->source->getenv(l->source->ctx, "HOME");
        if (home != NULL) {
            buf_add_str(&out, home);
            path++;
        }
    }
    while (*path != '\0') {
        if (*path != '$') {
            buf_add_byte(&out, (uint8_t)*path++);
            continue;
        }
        bool braces = path[1] == '{';
        const char *name = path + (braces ? 2 : 1);
        size_t len = strspn(name,
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
        const char *value = len == 0 ? NULL
                                     : l->source->getenv(l->source->ctx,
                                                         arena_str(l->arena, slice_of(name, len)));
        if (value != NULL) buf_add_str(&out, value);
        path = name + len + (braces && name[len] == '}' ? 1 : 0);
    }
    const char *expanded = arena_str(l->arena, buf_slice(&out));
    buf_deinit(&out);
    return expanded;
}

static void credentials_read(struct loader *l, const struct field *f)
{
    struct leaf_remote_options *r = f->into;
    const char *path;
    if (load_text(l, f->value, &path)) r->credentials = path_expand(l, path);
}

static void seed_read(struct loader *l, const struct field *f)
{
    struct leaf_remote_options *r = f->into;
    const char *text;
    struct nkey seed;
    if (!load_text(l, f->value, &text)) return;
    bool good = nkey_seed_decode(slice_str(text), &seed) && seed.kind == NKEY_USER;
    nkey_wipe(&seed);
    if (good) r->nkey_seed = text;
    else
        load_error(l, f->value->pos, "Remote leafnode nkey is not a valid seed: %s",
                   load_quote(l, text));
}

static void deny_read(struct loader *l, const struct field *f)
{
    struct string_list *list = (void *)((char *)f->into + f->row->offset);
    struct subject_rule *rules;
    uint32_t count;
    l->rule_pos = f->value->pos;
    bool good = load_subject_rules(l, f->value, false, &rules, &count);
    l->rule_pos.line = 0;
    if (!good) return;
    *list = (struct string_list){ .present = true };
    for (uint32_t i = 0; i < count; i++) {
        void *items = list->items;
        const char **item = arena_push(l->arena, &items, &list->count, sizeof(*item));
        list->items = items;
        *item = rules[i].subject;
    }
}

/* clang-format off */
static const struct option_row migrate_rows[] = {
    { "leader_migrate_delay", OPT_DURATION,
      OPT_AT(struct leaf_remote_options, jetstream_cluster_migrate_delay),
      RELOAD_NO, .help = "time before leaders move; 0" },
};
/* clang-format on */
static const struct option_block migrate_block = {
    OPT_BLOCK("jetstream_cluster_migrate", migrate_rows),
    .ignores_unknown = true,
};

static void migrate_read(struct loader *l, const struct field *f)
{
    struct leaf_remote_options *r = f->into;
    if (f->value->kind == VALUE_BOOL) {
        r->jetstream_cluster_migrate = f->value->boolean;
    } else if (f->value->kind == VALUE_MAP) {
        r->jetstream_cluster_migrate = true;
        (void)load_block(l, &migrate_block, f->value, r);
    } else {
        load_error_nowhere(l, "Expected boolean or map for jetstream_cluster_migrate, got %s",
                           value_type_name(f->value));
    }
}

/* --- its HTTP proxy --- */

static void proxy_timeout_read(struct loader *l, const struct field *f)
{
    struct leaf_remote_options *r = f->into;
    (void)load_duration(l, "proxy timeout", f->value, &r->proxy_timeout);
}

/* clang-format off */
#define AT(field) OPT_AT(struct leaf_remote_options, field)
static const struct option_row proxy_rows[] = {
    { "url", OPT_TEXT, AT(proxy_url), RELOAD_NO,
      .help = "http:// or https:// proxy to go through" },
    { "username", OPT_TEXT, AT(proxy_username), RELOAD_NO, .help = "its user" },
    { "password", OPT_TEXT, AT(proxy_password), RELOAD_NO, .help = "and password" },
    { "timeout", OPT_CUSTOM, AT(proxy_timeout), RELOAD_NO,
      .help = "time for its answer", .read = proxy_timeout_read },
};
/* clang-format on */
static const struct option_block proxy_block = { OPT_BLOCK("proxy", proxy_rows) };

static bool given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static const char *proxy_error(struct loader *l, const struct leaf_remote_options *r)
{
    struct url url;
    if (!given(r->proxy_url)) {
        bool others = given(r->proxy_username) || given(r->proxy_password) || r->proxy_timeout != 0;
        return others ? "proxy URL must be specified when other proxy options are set" : NULL;
    }
    if (!url_parse(slice_str(r->proxy_url), &url))
        return arena_printf(l->arena, "invalid proxy URL: %s", r->proxy_url);
    if (!slice_equal_str(url.scheme, "http") && !slice_equal_str(url.scheme, "https"))
        return arena_printf(l->arena, "proxy URL scheme must be http or https, got: %.*s",
                            SLICE_ARGS(url.scheme));
    if (url.host.len == 0) return "proxy URL must specify a host";
    if (given(r->proxy_username) != given(r->proxy_password))
        return "proxy username and password must both be specified or both be empty";
    return NULL;
}

static void proxy_read(struct loader *l, const struct field *f)
{
    struct leaf_remote_options *r = f->into;
    if (f->value->kind != VALUE_MAP) {
        load_error(l, f->value->pos, "Expected proxy to be a map, got %s",
                   value_type_name(f->value));
        return;
    }
    uint32_t errors = l->report->errors.count;
    (void)load_block(l, &proxy_block, f->value, r);
    if (l->report->errors.count > errors) return;
    const char *error = proxy_error(l, r);
    if (error != NULL) load_error(l, f->value->pos, "%s", error);
}

/* --- the remotes --- */

/* clang-format off */
static const struct option_row leaf_remote_rows[] = {
    { "no_randomize dont_randomize", OPT_BOOL, AT(no_randomize), RELOAD_NO,
      .help = "dial in the order given; false" },
    { "url urls", OPT_CUSTOM, OPT_NOWHERE, RELOAD_NO,
      .help = "addresses of the hub", .read = urls_read },
    { "account local", OPT_TEXT, AT(account), RELOAD_NO, .help = "local account; $G" },
    { "creds credentials", OPT_CUSTOM, AT(credentials), RELOAD_NO,
      .help = "file with a JWT and its seed",
      .read = credentials_read },
    { "nkey seed", OPT_CUSTOM, AT(nkey_seed), RELOAD_NO,
      .help = "seed of a user key", .read = seed_read },
    { "tls", OPT_CUSTOM, AT(tls), RELOAD_YES,
      .help = "TLS towards the hub", .read = load_tls, .block = &tls_block },
    { "hub", OPT_BOOL, AT(hub), RELOAD_NO, .help = "this side is the hub; false" },
    { "deny_imports deny_import", OPT_CUSTOM, AT(deny_imports), RELOAD_NO,
      .help = "subjects that do not come in",
      .read = deny_read },
    { "deny_exports deny_export", OPT_CUSTOM, AT(deny_exports), RELOAD_NO,
      .help = "subjects that do not go out",
      .read = deny_read },
    { "ws_compress ws_compression websocket_compress websocket_compression", OPT_BOOL,
      AT(ws_compression), RELOAD_NO,
      .help = "compress over WebSocket; false" },
    { "ws_no_masking websocket_no_masking", OPT_BOOL, AT(ws_no_masking), RELOAD_NO,
      .help = "no masks over WebSocket; false" },
    { "jetstream_cluster_migrate js_cluster_migrate", OPT_CUSTOM, OPT_NOWHERE, RELOAD_NO,
      .help = "move leaders away when the link is down; false", .read = migrate_read,
          .block = &migrate_block },
    { "isolate_leafnode_interest isolate", OPT_BOOL, AT(isolate_interest), RELOAD_NO,
      .help = "keep interest local; false" },
    { "request_isolation", OPT_TRI, AT(request_isolation), RELOAD_NO,
      .help = "ask the hub to isolate" },
    { "compression", OPT_COMPRESSION, AT(compression), RELOAD_YES,
      .help = "mode, bool, or a block; s2_auto" },
    { "first_info_timeout", OPT_DURATION, AT(first_info_timeout), RELOAD_NO,
      .help = "time for the hub's INFO; 1s" },
    { "dial_timeout", OPT_DURATION, AT(dial_timeout), RELOAD_NO, .help = "time to connect; 1s" },
    { "disabled", OPT_BOOL, AT(disabled), RELOAD_YES, .help = "do not dial; false" },
    { "proxy", OPT_CUSTOM, OPT_NOWHERE, RELOAD_NO,
      .help = "HTTP proxy", .read = proxy_read, .block = &proxy_block },
    { "ignore_discovered_servers", OPT_BOOL, AT(ignore_discovered_servers), RELOAD_NO,
      .help = "dial only what is listed; false" },
};
#undef AT
/* clang-format on */
const struct option_block leaf_remote_block = { OPT_BLOCK("remotes", leaf_remote_rows) };

static bool same_remote(const struct leaf_remote_options *a, const struct leaf_remote_options *b)
{
    const char *x = given(a->account) ? a->account : "$G",
               *y = given(b->account) ? b->account : "$G";
    if (strcmp(x, y) != 0 || a->urls.count != b->urls.count || a->urls.count == 0) return false;
    for (uint32_t i = 0; i < a->urls.count; i++) {
        bool found = false;
        for (uint32_t k = 0; k < b->urls.count; k++)
            found = found || strcmp(a->urls.items[i], b->urls.items[k]) == 0;
        if (!found) return false;
    }
    return true;
}

static void remote_check(struct loader *l, const struct value *v, const struct leafnode_options *n)
{
    const struct leaf_remote_options *r = &n->remotes[n->remotes_count - 1];
    struct option_pos last = v->map.count > 0 ? v->map.items[v->map.count - 1].value->pos : v->pos;
    if (r->credentials != NULL && r->nkey_seed != NULL)
        load_error(l, last, "Remote leafnode can not have both creds and nkey defined");
    for (uint32_t i = 0; i + 1 < n->remotes_count; i++) {
        if (!same_remote(&n->remotes[i], r)) continue;
        struct buf urls = { 0 };
        for (uint32_t k = 0; k < r->urls.count; k++)
            buf_printf(&urls, "%s%s", k > 0 ? " " : "", load_quote(l, r->urls.items[k]));
        load_error(l, last, "duplicate remote urls=[%s], account=%s", buf_str(&urls),
                   load_quote(l, given(r->account) ? r->account : "$G"));
        buf_deinit(&urls);
        return;
    }
}

static void remotes_read(struct loader *l, const struct field *f)
{
    struct leafnode_options *n = f->into;
    const struct value *v = f->value;
    if (v->kind != VALUE_ARRAY) {
        load_error(l, v->pos, "Expected remotes field to be an array, got %s", value_type_name(v));
        return;
    }
    for (uint32_t i = 0; i < v->array.count; i++) {
        const struct value *item = v->array.items[i];
        if (item->kind != VALUE_MAP) {
            load_error(l, item->pos, "Expected remote leafnode entry to be a map/struct, got %s",
                       load_value_text(l, item));
            continue;
        }
        void *items = n->remotes;
        struct leaf_remote_options *r = arena_push(l->arena, &items, &n->remotes_count, sizeof(*r));
        n->remotes = items;
        r->pos = item->pos;
        (void)load_block(l, &leaf_remote_block, item, r);
        remote_check(l, item, n);
    }
}

/* --- the block --- */

/* Three numbers, perhaps "-something" behind; false otherwise. */
static bool version_parse(struct slice text, uint64_t ret[3])
{
    struct slice part;
    for (int i = 0; i < 3; i++) {
        if (i < 2) {
            if (!slice_cut(&text, '.', &part)) return false;
        } else {
            uint32_t n = 0;
            while (n < text.len && text.ptr[n] >= '0' && text.ptr[n] <= '9') n++;
            part = slice_first(text, n);
            if (n < text.len && text.ptr[n] != '-' && text.ptr[n] != '+') return false;
        }
        if (!slice_to_u64(part, &ret[i])) return false;
    }
    return true;
}

static void min_version_read(struct loader *l, const struct field *f)
{
    struct leafnode_options *n = f->into;
    const char *text;
    uint64_t v[3];
    if (!load_text(l, f->value, &text)) return;
    if (!version_parse(slice_str(text), v))
        load_error(l, f->value->pos, "invalid leafnode's minimum version: invalid semver");
    else if (v[0] < 2 || (v[0] == 2 && v[1] < 8))
        load_error(l, f->value->pos, "the minimum version should be at least 2.8.0");
    else n->min_version = text;
}

/* clang-format off */
#define AT(field) OPT_AT(struct leafnode_options, field)
static const struct option_row leafnode_rows[] = {
    { "listen", OPT_LISTEN, AT(listen), RELOAD_NO, .help = "\"host:port\" or port for leaf nodes" },
    { "port", OPT_I32, AT(listen.port), RELOAD_NO,
      .help = "port for leaf nodes, -1 for a random one; 0 (off)" },
    { "host net", OPT_TEXT, AT(listen.host), RELOAD_NO,
      .help = "address of the listener; 0.0.0.0" },
    { "authorization", OPT_CUSTOM, AT(authorization), RELOAD_NO,
      .help = "who may connect as a leaf node",
      .read = load_leaf_authorization },
    { "remotes", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "hubs to dial", .read = remotes_read, .block = &leaf_remote_block },
    { "reconnect reconnect_delay reconnect_interval", OPT_DURATION, AT(reconnect_interval),
      RELOAD_NO,
      .help = "time between attempts; 1s" },
    { "dial_timeout", OPT_DURATION, AT(dial_timeout), RELOAD_NO, .help = "time to connect; 1s" },
    { "tls", OPT_CUSTOM, AT(tls), RELOAD_YES,
      .help = "TLS of leaf nodes", .read = load_tls, .block = &tls_block },
    { "leafnode_advertise advertise", OPT_TEXT, AT(listen.advertise), RELOAD_NO,
      .help = "host[:port] told to leaf nodes" },
    { "no_advertise", OPT_BOOL, AT(no_advertise), RELOAD_NO,
      .help = "do not tell them of other servers; false" },
    { "min_version minimum_version", OPT_CUSTOM, AT(min_version), RELOAD_NO,
      .help = "oldest version let in, from 2.8.0",
      .read = min_version_read },
    { "compression", OPT_COMPRESSION, AT(compression), RELOAD_YES,
      .help = "mode, bool, or a block; s2_auto" },
    { "isolate_leafnode_interest isolate", OPT_BOOL, AT(isolate_interest), RELOAD_NO,
      .help = "keep interest local; false" },
    { "write_deadline", OPT_DURATION, AT(write_deadline), RELOAD_NO,
      .help = "time that a write may take; the global one" },
    { "write_timeout", OPT_WRITE_TIMEOUT, AT(write_timeout), RELOAD_NO,
      .help = "default, close or retry; retry" },
};
#undef AT
/* clang-format on */
const struct option_block leafnode_block = { OPT_BLOCK("leafnodes", leafnode_rows) };

void load_leafnodes(struct loader *l, const struct field *f)
{
    struct options *o = f->into;
    if (f->value->kind != VALUE_MAP) {
        load_error(l, f->value->pos, "Expected map to define a leafnode, got %s",
                   value_type_name(f->value));
        return;
    }
    o->leafnodes.present = true;
    o->leafnodes.pos = f->value->pos;
    l->bool_compresses_auto = true;
    (void)load_block(l, &leafnode_block, f->value, &o->leafnodes);
}
