/* SPDX-License-Identifier: Apache-2.0 */
/* One row a flag. Parsing and applying walk the same table. */
#include "config/flags.h"

#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "config/flags_internal.h"
#include "config/url.h"

/* --- rows that set more than one field, or none --- */

static void debug_trace_set(struct options *o, const struct flag_given *g)
{
    o->logging.debug = o->logging.trace = g->boolean;
}

static void debug_trace_verbose_set(struct options *o, const struct flag_given *g)
{
    debug_trace_set(o, g);
    o->logging.trace_verbose = g->boolean;
}

static void trace_verbose_set(struct options *o, const struct flag_given *g)
{
    o->logging.trace = o->logging.trace_verbose = g->boolean;
}

static void syslog_set(struct options *o, const struct flag_given *g)
{
    o->logging.syslog = g->boolean ? TRI_TRUE : TRI_FALSE;
}

static void pass_set(struct options *o, const struct flag_given *g)
{
    o->authorization.present = true;
    o->authorization.pass = g->text;
}

static void user_set(struct options *o, const struct flag_given *g)
{
    o->authorization.present = true;
    o->authorization.user = g->text;
}

static void token_set(struct options *o, const struct flag_given *g)
{
    o->authorization.present = true;
    o->authorization.token = g->text;
}

static void jetstream_set(struct options *o, const struct flag_given *g)
{
    o->jetstream.enabled = g->boolean;
    o->jetstream.present = true;
}

/* clang-format off */
#define AT(field) (uint32_t)offsetof(struct options, field)
const struct flag_row flag_rows[] = {
    { "a addr net", FLAG_TEXT, .offset = AT(client.host) },
    { "p port", FLAG_INT, .offset = AT(client.port) },
    { "n name server_name", FLAG_TEXT, .offset = AT(server_name) },
    { "client_advertise", FLAG_TEXT, .offset = AT(client.advertise) },
    { "P pid", FLAG_TEXT, .offset = AT(pid_file) },
    { "ports_file_dir", FLAG_TEXT, .offset = AT(ports_file_dir) },
    { "m http_port", FLAG_INT, .offset = AT(monitoring.http_port) },
    { "ms https_port", FLAG_INT, .offset = AT(monitoring.https_port) },
    { "c config", FLAG_TEXT, .action = FLAG_DOES_CONFIG },
    { "t", FLAG_BOOL, .action = FLAG_DOES_TEST },
    { "sl signal", FLAG_TEXT, .action = FLAG_DOES_SIGNAL },
    { "l log", FLAG_TEXT, .offset = AT(logging.file) },
    { "T logtime", FLAG_BOOL, .offset = AT(logging.logtime) },
    { "logtime_utc", FLAG_BOOL, .offset = AT(logging.logtime_utc) },
    { "s syslog", FLAG_BOOL, .set = syslog_set },
    { "r remote_syslog", FLAG_TEXT, .offset = AT(logging.remote_syslog) },
    { "D debug", FLAG_BOOL, .offset = AT(logging.debug) },
    { "V trace", FLAG_BOOL, .offset = AT(logging.trace) },
    { "VV", FLAG_BOOL, .set = trace_verbose_set },
    { "DV", FLAG_BOOL, .set = debug_trace_set },
    { "DVV", FLAG_BOOL, .set = debug_trace_verbose_set },
    { "log_size_limit", FLAG_INT64, .offset = AT(logging.size_limit) },
    { "max_traced_msg_len", FLAG_INT64, .offset = AT(logging.traced_msg_len_max) },
    { "js jetstream", FLAG_BOOL, .set = jetstream_set },
    { "sd store_dir", FLAG_TEXT, .offset = AT(jetstream.store_dir) },
    { "user", FLAG_TEXT, .set = user_set, .secret = FLAG_SECRET_VALUE },
    { "pass", FLAG_TEXT, .set = pass_set, .secret = FLAG_SECRET_VALUE },
    { "auth", FLAG_TEXT, .set = token_set, .secret = FLAG_SECRET_VALUE },
    { "tls", FLAG_BOOL, .tls = FLAG_TLS_ON },
    { "tlsverify", FLAG_BOOL, .tls = FLAG_TLS_VERIFY },
    { "tlscert", FLAG_TEXT, .tls = FLAG_TLS_CERT },
    { "tlskey", FLAG_TEXT, .tls = FLAG_TLS_KEY },
    { "tlscacert", FLAG_TEXT, .tls = FLAG_TLS_CA },
    { "routes", FLAG_TEXT, .action = FLAG_DOES_ROUTES, .secret = FLAG_SECRET_URL },
    { "cluster", FLAG_TEXT, .action = FLAG_DOES_CLUSTER, .secret = FLAG_SECRET_URL },
    { "cluster_listen", FLAG_TEXT, .action = FLAG_DOES_CLUSTER, .secret = FLAG_SECRET_URL },
    { "cluster_name", FLAG_TEXT, .offset = AT(cluster.name) },
    { "cluster_advertise", FLAG_TEXT, .offset = AT(cluster.listen.advertise) },
    { "no_advertise", FLAG_BOOL, .offset = AT(cluster.no_advertise) },
    { "connect_retries", FLAG_INT, .offset = AT(cluster.connect_retries) },
    { "profile", FLAG_INT, .offset = AT(prof_port) },
    { "h help", FLAG_BOOL, .action = FLAG_DOES_HELP },
    { "v version", FLAG_BOOL, .action = FLAG_DOES_VERSION },
    { "help_tls", FLAG_BOOL, .action = FLAG_DOES_HELP_TLS },
};
#undef AT
/* clang-format on */
const uint32_t flag_rows_count = ARRAY_COUNT(flag_rows);

const struct flag_row *flag_row_find(struct slice name)
{
    for (uint32_t i = 0; i < flag_rows_count; i++) {
        struct slice rest = slice_str(flag_rows[i].names), one;
        while (rest.len > 0) {
            (void)slice_cut(&rest, ' ', &one);
            if (slice_equal(one, name)) return &flag_rows[i];
        }
    }
    return NULL;
}

/* --- values, as Go's strconv reads them --- */

static bool bool_parse(const char *text, bool *ret_value)
{
    static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
    static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };
    for (size_t i = 0; i < ARRAY_COUNT(yes); i++) {
        if (strcmp(text, yes[i]) == 0) return *ret_value = true;
        if (strcmp(text, no[i]) == 0) {
            *ret_value = false;
            return true;
        }
    }
    return false;
}

static uint32_t base_cut(struct slice *s)
{
    if (s->len < 2 || s->ptr[0] != '0') return 10;
    uint8_t letter = s->ptr[1] | 0x20;
    uint32_t base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
    *s = slice_from(*s, base == 0 ? 1 : 2);
    return base == 0 ? 8 : base;
}

/* ERR_INVALID: no number; ERR_LIMIT: does not fit. */
static enum err int_parse(const char *text, int64_t *ret_value)
{
    struct slice s = slice_str(text);
    bool negative = s.len > 0 && s.ptr[0] == '-';
    if (s.len > 0 && (s.ptr[0] == '-' || s.ptr[0] == '+')) s = slice_from(s, 1);
    if (s.len == 0) return ERR_INVALID;
    uint32_t base = base_cut(&s);
    uint64_t value = 0, max = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    bool over = false;
    for (uint32_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        uint32_t digit = c >= '0' && c <= '9' ? (uint32_t)(c - '0')
                                              : (uint32_t)((c | 0x20) - 'a') + 10;
        if (c < '0' || (c > '9' && ((c | 0x20) < 'a')) || digit >= base) return ERR_INVALID;
        over = over || value > (max - digit) / base;
        value = value * base + digit;
    }
    if (over) return ERR_LIMIT;
    *ret_value = negative ? (int64_t)(0 - value) : (int64_t)value;
    return ERR_OK;
}

static enum err value_take(const struct flag_row *row, const char *name, const char *text,
                           struct flag_given *g, struct errmsg *why)
{
    g->row = row;
    g->text = text;
    if (row->type == FLAG_TEXT) return ERR_OK;
    if (row->type == FLAG_BOOL) {
        if (bool_parse(text, &g->boolean)) return ERR_OK;
        return errmsg_set(why, ERR_INVALID, "invalid boolean value \"%s\" for -%s: parse error",
                          text, name);
    }
    enum err e = int_parse(text, &g->integer);
    if (e == ERR_OK) return ERR_OK;
    return errmsg_set(why, ERR_INVALID, "invalid value \"%s\" for flag -%s: %s", text, name,
                      e == ERR_LIMIT ? "value out of range" : "parse error");
}

/* --- parsing --- */

struct cursor {
    const char *const *argv;
    int                argc;
    int                at;
};

/* One flag with its value. ERR_NOTFOUND: no flag stands here, and nothing was taken. */
static enum err flag_take(struct cursor *c, struct arena *arena, struct flag_given *ret,
                          struct errmsg *why)
{
    if (c->at >= c->argc) return ERR_NOTFOUND;
    const char *arg = c->argv[c->at];
    if (arg[0] != '-' || arg[1] == '\0') return ERR_NOTFOUND;
    uint32_t dashes = arg[1] == '-' ? 2 : 1;
    c->at++;
    if (dashes == 2 && arg[2] == '\0') return ERR_NOTFOUND;     /* "--" ends the flags */
    struct slice name, value = slice_str(arg + dashes);
    if (value.len == 0 || value.ptr[0] == '-' || value.ptr[0] == '=')
        return errmsg_set(why, ERR_INVALID, "bad flag syntax: %s", arg);
    bool has_value = slice_cut(&value, '=', &name);
    const struct flag_row *row = flag_row_find(name);
    const char *name_text = arena_str(arena, name);
    if (row == NULL)
        return errmsg_set(why, ERR_INVALID, "flag provided but not defined: -%s", name_text);
    if (has_value) return value_take(row, name_text, arena_str(arena, value), ret, why);
    if (row->type == FLAG_BOOL) return value_take(row, name_text, "true", ret, why);
    if (c->at >= c->argc)
        return errmsg_set(why, ERR_INVALID, "flag needs an argument: -%s", name_text);
    return value_take(row, name_text, arena_str(arena, slice_str(c->argv[c->at++])), ret, why);
}

static bool asked(const struct flags *f, enum flag_does what)
{
    bool on = false;                    /* the last one counts */
    for (uint32_t i = 0; i < f->given_count; i++)
        if (f->given[i].row->action == what) on = f->given[i].boolean;
    return on;
}

static const char *text_of(const struct flags *f, enum flag_does what)
{
    const char *text = NULL;
    for (uint32_t i = 0; i < f->given_count; i++)
        if (f->given[i].row->action == what) text = f->given[i].text;
    return text;
}

/* What stands behind the flags: `version` and `help` are commands. */
static enum flags_action words_take(const struct cursor *c, struct errmsg *why)
{
    for (int i = c->at; i < c->argc; i++) {
        struct slice word = slice_str(c->argv[i]);
        if (slice_equal_nocase(word, SLICE_LIT("version"))) return FLAGS_VERSION;
        if (slice_equal_nocase(word, SLICE_LIT("help"))) return FLAGS_HELP;
        (void)errmsg_set(why, ERR_INVALID, "unrecognized command: \"%s\"", c->argv[i]);
        return FLAGS_FAILED;
    }
    return FLAGS_RUN;
}

static enum flags_action action_of(const struct flags *f, const struct cursor *c,
                                   struct errmsg *why)
{
    if (asked(f, FLAG_DOES_VERSION)) return FLAGS_VERSION;
    if (asked(f, FLAG_DOES_HELP)) return FLAGS_HELP;
    if (asked(f, FLAG_DOES_HELP_TLS)) return FLAGS_HELP_TLS;
    enum flags_action words = words_take(c, why);
    if (words != FLAGS_RUN) return words;
    if (f->signal != NULL && f->signal[0] != '\0') return FLAGS_SIGNAL;
    if (!asked(f, FLAG_DOES_TEST)) return FLAGS_RUN;
    if (f->config_file != NULL) return FLAGS_TEST;
    (void)errmsg_set(why, ERR_INVALID,
                     "must specify [-c, --config] option to check configuration file syntax");
    return FLAGS_FAILED;
}

struct flags flags_parse(int argc, const char *const *argv, struct arena *arena, struct errmsg *why)
{
    assert(argv != NULL && why != NULL);
    struct flags f = { 0 };
    struct cursor c = { argv, argc, 1 };
    for (;;) {
        struct flag_given g = { 0 };
        enum err e = flag_take(&c, arena, &g, why);
        if (e == ERR_NOTFOUND) break;
        if (e) {
            f.action = FLAGS_BAD_USAGE;
            return f;
        }
        void *items = f.given;
        struct flag_given *at = arena_push(arena, &items, &f.given_count, sizeof(*at));
        f.given = items;
        *at = g;
        assert(g.row != NULL);
        bool off = g.row->tls == FLAG_TLS_ON && !g.boolean;
        if (g.row->tls != FLAG_TLS_NONE && !off) f.has_tls = true;
    }
    f.config_file = text_of(&f, FLAG_DOES_CONFIG);
    if (f.config_file != NULL && f.config_file[0] == '\0') f.config_file = NULL;
    f.signal = text_of(&f, FLAG_DOES_SIGNAL);
    f.action = action_of(&f, &c, why);
    return f;
}

/* --- applying --- */

static void field_set(struct options *o, const struct flag_given *g)
{
    void *at = (char *)o + g->row->offset;
    const char *text = g->text[0] == '\0' ? NULL : arena_str(o->arena, slice_str(g->text));
    switch (g->row->type) {
    case FLAG_TEXT: *(const char **)at = text; return;
    case FLAG_BOOL: *(bool *)at = g->boolean; return;
    case FLAG_INT:
        *(int32_t *)at = g->integer > INT32_MAX   ? INT32_MAX
                         : g->integer < INT32_MIN ? INT32_MIN
                                                  : (int32_t)g->integer;
        return;
    case FLAG_INT64: *(int64_t *)at = g->integer; return;
    }
    unreachable();
}

static enum err tls_apply(const struct flags *f, struct options *o, struct errmsg *why)
{
    if (!f->has_tls) return ERR_OK;
    struct tls_options tls = { .present = true };
    for (uint32_t i = 0; i < f->given_count; i++) {
        const struct flag_given *g = &f->given[i];
        const char *text = arena_str(o->arena, slice_str(g->text));
        switch (g->row->tls) {
        case FLAG_TLS_VERIFY: tls.verify = g->boolean; break;
        case FLAG_TLS_CERT: tls.cert_file = text; break;
        case FLAG_TLS_KEY: tls.key_file = text; break;
        case FLAG_TLS_CA: tls.ca_file = text; break;
        case FLAG_TLS_ON:
        case FLAG_TLS_NONE: break;
        }
    }
    if (tls.cert_file == NULL)
        return errmsg_set(why, ERR_INVALID, "TLS Server certificate must be present and valid");
    if (tls.key_file == NULL)
        return errmsg_set(why, ERR_INVALID, "TLS Server private key must be present and valid");
    o->tls = tls;
    return ERR_OK;
}

static enum err routes_apply(const char *list, struct options *o, struct errmsg *why)
{
    struct slice rest = slice_str(list), one;
    struct url_list routes = { 0 };
    while (rest.len > 0) {
        struct url unused;
        (void)slice_cut(&rest, ',', &one);
        one = slice_trim(one);
        if (!url_parse(one, &unused))
            return errmsg_set(why, ERR_INVALID, "parse \"%.*s\": invalid URL", SLICE_ARGS(one));
        void *items = routes.items;
        const char **item = arena_push(o->arena, &items, &routes.count, sizeof(*item));
        routes.items = items;
        *item = arena_str(o->arena, one);
    }
    o->cluster.routes = routes;
    o->cluster.present = true;
    return ERR_OK;
}

/* nats://[user:pass@]host:port; port -1 is a random one. */
static enum err cluster_apply(const char *text, struct options *o, struct errmsg *why)
{
    struct slice whole = slice_str(text);
    bool random = whole.len >= 3 && memcmp(whole.ptr + whole.len - 3, ":-1", 3) == 0;
    if (random) whole = slice_str(arena_printf(o->arena, "%.*s:0", (int)whole.len - 3, text));
    struct url url;
    int64_t port = 0;
    if (whole.len > 0 && whole.ptr[0] == ':')
        return errmsg_set(why, ERR_INVALID, "parse \"%.*s\": missing protocol scheme",
                          SLICE_ARGS(whole));
    if (!url_parse(whole, &url))
        return errmsg_set(why, ERR_INVALID, "parse \"%.*s\": invalid URL", SLICE_ARGS(whole));
    if (url.port.len == 0 || !slice_to_i64(url.port, &port))
        return errmsg_set(why, ERR_INVALID, "missing port in address");
    if (url.has_user && !url.has_pass)
        return errmsg_set(why, ERR_INVALID, "expected cluster password to be set");
    o->cluster.present = true;
    o->cluster.listen.host = arena_str(o->arena, url.host);
    o->cluster.listen.port = random ? -1 : port > INT32_MAX ? INT32_MAX : (int32_t)port;
    if (url.has_user) {
        o->cluster.authorization.present = true;
        o->cluster.authorization.user = arena_str(o->arena, url.user);
        o->cluster.authorization.pass = arena_str(o->arena, url.pass);
    }
    return ERR_OK;
}

enum err flags_apply(const struct flags *f, struct options *o, struct errmsg *why)
{
    assert(f != NULL && o != NULL && why != NULL);
    const char *routes = text_of(f, FLAG_DOES_ROUTES), *cluster = text_of(f, FLAG_DOES_CLUSTER);
    for (uint32_t i = 0; i < f->given_count; i++) {
        const struct flag_given *g = &f->given[i];
        if (g->row->set != NULL) g->row->set(o, g);
        else if (g->row->action == FLAG_DOES_NOTHING && g->row->tls == FLAG_TLS_NONE)
            field_set(o, g);
    }
    enum err e = tls_apply(f, o, why);
    if (e == ERR_OK && cluster != NULL && cluster[0] != '\0') e = cluster_apply(cluster, o, why);
    if (e == ERR_OK && routes != NULL && routes[0] != '\0') e = routes_apply(routes, o, why);
    if (e) return e;
    if (o->cluster.routes.count > 0 && routes != NULL && o->cluster.listen.port == 0)
        return errmsg_set(why, ERR_INVALID,
                          "solicited routes require cluster capabilities, e.g. --cluster");
    return ERR_OK;
}

/* --- redaction --- */

static const char *urls_redact(const char *list, struct arena *arena)
{
    struct buf out = { 0 };
    struct slice rest = slice_str(list), one;
    while (rest.len > 0) {
        (void)slice_cut(&rest, ',', &one);
        if (out.len > 0) buf_add_byte(&out, ',');
        int64_t at = -1;
        for (uint32_t i = 0; i < one.len; i++)
            if (one.ptr[i] == '@') at = i;
        const char *slashes = memchr(one.ptr, '/', one.len);
        uint32_t scheme = slashes == NULL ? 0 : (uint32_t)((const uint8_t *)slashes - one.ptr) + 2;
        if (at < 0 || scheme > (uint32_t)at) {
            buf_add(&out, one);
            continue;
        }
        buf_add(&out, slice_first(one, scheme));
        buf_add_str(&out, "[REDACTED]");
        buf_add(&out, slice_from(one, (uint32_t)at));
    }
    const char *text = arena_str(arena, buf_slice(&out));
    buf_deinit(&out);
    return text;
}

static const char *value_redact(const struct flag_row *row, const char *value, struct arena *arena)
{
    return row->secret == FLAG_SECRET_VALUE ? "[REDACTED]" : urls_redact(value, arena);
}

const char **flags_redact(int argc, const char *const *argv, struct arena *arena)
{
    const char **copy = arena_alloc(arena, ((size_t)argc + 1) * sizeof(*copy));
    for (int i = 0; i < argc; i++) {
        copy[i] = arena_str(arena, slice_str(argv[i]));
        if (i == 0 || argv[i][0] != '-') continue;
        uint32_t dashes = argv[i][1] == '-' ? 2 : 1;
        struct slice name, value = slice_str(argv[i] + dashes);
        bool has_value = slice_cut(&value, '=', &name);
        const struct flag_row *row = flag_row_find(name);
        if (row == NULL || row->secret == FLAG_SECRET_NONE) continue;
        if (has_value) {
            const char *shown = value_redact(row, arena_str(arena, value), arena);
            copy[i] = arena_printf(arena, "%.*s%.*s=%s", (int)dashes, argv[i], SLICE_ARGS(name),
                                   shown);
        } else if (i + 1 < argc) {
            copy[i + 1] = value_redact(row, argv[i + 1], arena);
            i++;
        }
    }
    return copy;
}
