/* SPDX-License-Identifier: Apache-2.0 */
/* From arguments and files to options, and from options to the log. */
#include <stdlib.h>

#include "base/assert.h"
#include "config/load.h"
#include "embed/midge_internal.h"
#include "os/log.h"
#include "server/identity.h"

/* What to print, and what is asked for. */
static enum midge_wish wish_of(struct midge *m)
{
    switch (m->flags.action) {
    case FLAGS_RUN:
    case FLAGS_FAILED: return MIDGE_WANTS_SERVER;
    case FLAGS_TEST: return MIDGE_WANTS_CHECK;
    case FLAGS_SIGNAL: return MIDGE_WANTS_SIGNAL;
    case FLAGS_VERSION:
        buf_printf(&m->text, "nats-server: v%s\nmidge v%s\n", NATS_VERSION, MIDGE_VERSION);
        return MIDGE_WANTS_TEXT;
    case FLAGS_HELP: flags_usage("nats-server", &m->text); return MIDGE_WANTS_TEXT;
    case FLAGS_HELP_TLS: flags_usage_tls(&m->text); return MIDGE_WANTS_TEXT;
    case FLAGS_BAD_USAGE: flags_usage("nats-server", &m->text); return MIDGE_WANTS_USAGE;
    }
    unreachable();
}

enum err configure_arguments(struct midge *m, struct errmsg *why)
{
    m->arena = arena_new();
    if (store_command_is(m)) return store_command_arguments(m, why);
    m->flags = flags_parse(m->argc, (const char *const *)m->argv, m->arena, why);
    m->wish = wish_of(m);
    bool is_wrong = m->flags.action == FLAGS_BAD_USAGE || m->flags.action == FLAGS_FAILED;
    return is_wrong ? ERR_INVALID : ERR_OK;
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
    enum err e = load_file(&source, m->flags.config_file, o, &report);
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
    m->complaint.len = 0;
    m->text.len = 0;
    if (m->flags.config_file == NULL && m->wish == MIDGE_WANTS_CHECK)
        return errmsg_set(why, ERR_INVALID,
                          "must specify [-c, --config] option to check configuration file syntax");
    enum err e = m->flags.config_file == NULL ? ERR_OK : load_path(m, o);
    if (e) return errmsg_set(why, e, "%s", buf_str(&m->complaint));
    e = flags_apply(&m->flags, o, why);
    if (e) return e;
    options_finish(o);
    if (m->wish == MIDGE_WANTS_CHECK)
        buf_printf(&m->text, "nats-server: configuration file %s is valid (%s)\n",
                   m->flags.config_file, o->config_digest);
    *ret_options = options_take(&o);
    return ERR_OK;
}

enum err configure_reload(struct midge *m, struct options **ret_options, struct errmsg *why)
{
    if (m->flags.config_file != NULL) return configure_load(m, ret_options, why);
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
