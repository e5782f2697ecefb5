/* SPDX-License-Identifier: Apache-2.0 */
/* From arguments to options, and from options to the log. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "config/load.h"
#include "embed/midge_internal.h"
#include "os/log.h"
#include "server/identity.h"

enum flag_kind { FLAG_TEXT, FLAG_NUMBER, FLAG_SWITCH };

/* What flags ask for besides options. */
struct wishes {
    const char *config;
    const char *signal;
    bool        check;
};

static const struct flag {
    const char    *names;           /* each between blanks */
    enum flag_kind kind;
    size_t         offset;          /* in struct options, or in struct wishes */
} flags[] = {
    { " a addr net ", FLAG_TEXT, offsetof(struct options, client.host) },
    { " p port ", FLAG_NUMBER, offsetof(struct options, client.port) },
    { " n name server_name ", FLAG_TEXT, offsetof(struct options, server_name) },
    { " m http_port ", FLAG_NUMBER, offsetof(struct options, monitoring.http_port) },
    { " P pid ", FLAG_TEXT, offsetof(struct options, pid_file) },
    { " ports_file_dir ", FLAG_TEXT, offsetof(struct options, ports_file_dir) },
    { " l log ", FLAG_TEXT, offsetof(struct options, logging.file) },
    { " D debug ", FLAG_SWITCH, offsetof(struct options, logging.debug) },
    { " V trace ", FLAG_SWITCH, offsetof(struct options, logging.trace) },
    { " T logtime ", FLAG_SWITCH, offsetof(struct options, logging.logtime) },
    { " reactors ", FLAG_NUMBER, offsetof(struct options, midge.reactors) },
};

static const struct flag wish_flags[] = {
    { " c config ", FLAG_TEXT, offsetof(struct wishes, config) },
    { " sl signal ", FLAG_TEXT, offsetof(struct wishes, signal) },
    { " t ", FLAG_SWITCH, offsetof(struct wishes, check) },
};

static const struct flag *flag_find(const struct flag *table, size_t count, const char *word)
{
    struct buf name = { 0 };
    const struct flag *found = NULL;
    buf_printf(&name, " %s ", word[0] == '-' && word[1] == '-' ? word + 2 : word + 1);
    for (size_t i = 0; i < count && word[0] == '-'; i++)
        if (strstr(table[i].names, buf_str(&name)) != NULL) found = &table[i];
    buf_deinit(&name);
    return found;
}

/* Reads the flag at `*at` into the options and steps past it. */
static enum err take_flag(struct midge *m, int *at, struct options *o, struct wishes *w,
                          struct errmsg *why)
{
    const char *word = m->argv[*at];
    const struct flag *wish = flag_find(wish_flags, ARRAY_COUNT(wish_flags), word);
    const struct flag *flag = wish ? wish : flag_find(flags, ARRAY_COUNT(flags), word);
    if (flag == NULL)
        return errmsg_set(why, ERR_INVALID, "flag provided but not defined: %s", word);
    void *into = (wish != NULL ? (char *)w : (char *)o) + flag->offset;
    if (flag->kind == FLAG_SWITCH) {
        *(bool *)into = true;
        *at += 1;
        return ERR_OK;
    }
    const char *value = *at + 1 < m->argc ? m->argv[*at + 1] : NULL;
    if (value == NULL) return errmsg_set(why, ERR_INVALID, "flag needs an argument: %s", word);
    int64_t number = 0;
    if (flag->kind == FLAG_TEXT) *(const char **)into = value;      /* lives as long as `m` */
    else if (slice_to_i64(slice_str(value), &number)) *(int32_t *)into = (int32_t)number;
    else return errmsg_set(why, ERR_INVALID, "invalid value \"%s\" for flag %s", value, word);
    *at += 2;
    return ERR_OK;
}

static enum err take_flags(struct midge *m, struct options *o, struct wishes *w, struct errmsg *why)
{
    for (int at = 1; at < m->argc;) {
        enum err e = take_flag(m, &at, o, w, why);
        if (e) return e;
    }
    return ERR_OK;
}

static bool asks_version(const struct midge *m)
{
    static const char *const words[] = { "-v", "--v", "-version", "--version", "version" };
    for (size_t i = 0; i < ARRAY_COUNT(words) && m->argc > 1; i++)
        if (strcmp(m->argv[1], words[i]) == 0) return true;
    return false;
}

enum err configure_arguments(struct midge *m, struct errmsg *why)
{
    if (asks_version(m)) {
        buf_printf(&m->text, "nats-server: v%s\nmidge v%s\n", NATS_VERSION, MIDGE_VERSION);
        m->wish = MIDGE_WANTS_TEXT;
        return ERR_OK;
    }
    AUTO_FREE(options) o = options_new();
    struct wishes w = { 0 };
    enum err e = take_flags(m, o, &w, why);
    if (e) {
        m->wish = MIDGE_WANTS_USAGE;
        return e;
    }
    m->config_path = xstrdup(w.config);
    m->signal_command = xstrdup(w.signal);
    if (w.signal != NULL) m->wish = MIDGE_WANTS_SIGNAL;
    if (w.check) m->wish = MIDGE_WANTS_CHECK;
    return ERR_OK;
}

/* --- the configuration file --- */

static bool source_read(void *ctx, const char *path, struct buf *ret_text, struct errmsg *why)
{
    struct midge *m = ctx;
    struct buf bytes = { 0 };
    if (m->env->files->read(m->env->files, path, PARSER_TEXT_MAX, &bytes, why)) return false;
    buf_add(ret_text, buf_slice(&bytes));
    buf_deinit(&bytes);
    return true;
}

static const char *source_getenv(void *ctx, const char *name)
{
    (void)ctx;
    return getenv(name);
}

/* What is wrong stands in m->complaint, remarks in m->text. */
static enum err load_path(struct midge *m, struct options *o)
{
    struct config_source source = { .ctx = m, .read = source_read, .getenv = source_getenv };
    struct load_report report = { 0 };
    enum err e = load_file(&source, m->config_path, o, &report);
    bool is_strict = m->wish == MIDGE_WANTS_CHECK && report.warnings.count > 0;
    struct buf *into = e || is_strict ? &m->complaint : &m->text;
    load_report_text(&report, into);
    bool has_places = report.errors.count == 0 || report.errors.items[0].pos.line > 0;
    if (into->len > 0 && has_places) buf_add_byte(into, '\n');     /* as nats-server */
    return is_strict ? ERR_INVALID : e;
}

enum err configure_load(struct midge *m, struct options **ret_options, struct errmsg *why)
{
    AUTO_FREE(options) o = options_new();
    struct wishes w = { 0 };
    m->complaint.len = 0;
    m->text.len = 0;
    if (m->config_path == NULL && m->wish == MIDGE_WANTS_CHECK)
        return errmsg_set(why, ERR_INVALID,
                          "must specify [-c, --config] option to check configuration file syntax");
    enum err e = m->config_path == NULL ? ERR_OK : load_path(m, o);
    if (e) return errmsg_set(why, e, "%s", buf_str(&m->complaint));
    e = take_flags(m, o, &w, why);
    if (e) return e;
    options_finish(o);
    if (m->wish == MIDGE_WANTS_CHECK)
        buf_printf(&m->text, "nats-server: configuration file %s is valid (%s)\n", m->config_path,
                   o->config_digest);
    *ret_options = options_take(&o);
    return ERR_OK;
}

enum err configure_reload(struct midge *m, struct options **ret_options, struct errmsg *why)
{
    if (m->config_path != NULL) return configure_load(m, ret_options, why);
    return errmsg_set(why, ERR_INVALID,
                      "can only reload config when a file is provided using -c or --config");
}

enum err configure_log(struct midge *m, const struct options *o, struct errmsg *why)
{
    const struct logging_options *l = &o->logging;
    struct os_log_options log = {
        .debug = l->debug,
        .trace = l->trace,
        .trace_system = l->trace_verbose,
        .no_time = !l->logtime,
        .utc = l->logtime_utc,
        .file = l->file,
        .size_limit = l->size_limit,
        .files_max = l->files_max,
        .syslog = l->syslog == TRI_TRUE,
        .remote_syslog = l->remote_syslog,
        .tag = m->program,
    };
    return os_log_configure(m->env->log, &log, why);
}
