/* SPDX-License-Identifier: Apache-2.0 */
/* From arguments to options, and from options to the log. */
#include <string.h>

#include "base/alloc.h"
#include "embed/midge_internal.h"
#include "os/log.h"
#include "server/identity.h"

enum flag_kind { FLAG_TEXT, FLAG_NUMBER, FLAG_SWITCH };

static const struct flag {
    const char    *names;           /* each between blanks */
    enum flag_kind kind;
    size_t         offset;          /* in struct options */
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
    { " reactors ", FLAG_NUMBER, offsetof(struct options, midge.reactors) },
};

static const struct flag *flag_find(const char *word)
{
    struct buf name = { 0 };
    const struct flag *found = NULL;
    buf_printf(&name, " %s ", word[0] == '-' && word[1] == '-' ? word + 2 : word + 1);
    for (size_t i = 0; i < ARRAY_COUNT(flags) && word[0] == '-'; i++)
        if (strstr(flags[i].names, buf_str(&name)) != NULL) found = &flags[i];
    buf_deinit(&name);
    return found;
}

/* Reads the flag at `*at` into the options and steps past it. */
static enum err take_flag(struct midge *m, int *at, struct options *o, struct errmsg *why)
{
    const char *word = m->argv[*at];
    const struct flag *flag = flag_find(word);
    if (flag == NULL)
        return errmsg_set(why, ERR_INVALID, "flag provided but not defined: %s", word);
    void *into = (char *)o + flag->offset;
    if (flag->kind == FLAG_SWITCH) {
        *(bool *)into = true;
        *at += 1;
        return ERR_OK;
    }
    const char *value = *at + 1 < m->argc ? m->argv[*at + 1] : NULL;
    if (value == NULL) return errmsg_set(why, ERR_INVALID, "flag needs an argument: %s", word);
    int64_t number = 0;
    if (flag->kind == FLAG_TEXT) *(const char **)into = arena_str(o->arena, slice_str(value));
    else if (slice_to_i64(slice_str(value), &number)) *(int32_t *)into = (int32_t)number;
    else return errmsg_set(why, ERR_INVALID, "invalid value \"%s\" for flag %s", value, word);
    *at += 2;
    return ERR_OK;
}

static enum err take_flags(struct midge *m, struct options *o, struct errmsg *why)
{
    for (int at = 1; at < m->argc;) {
        enum err e = take_flag(m, &at, o, why);
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
        (void)buf_str(&m->text);
        m->wish = MIDGE_WANTS_TEXT;
        return ERR_OK;
    }
    AUTO_FREE(options) o = options_new();
    enum err e = take_flags(m, o, why);
    if (e) m->wish = MIDGE_WANTS_USAGE;
    return e;
}

enum err configure_load(struct midge *m, struct options **ret_options, struct errmsg *why)
{
    AUTO_FREE(options) o = options_new();
    enum err e = take_flags(m, o, why);
    if (e) return e;
    options_finish(o);
    *ret_options = options_take(&o);
    return ERR_OK;
}

enum err configure_reload(struct midge *m, struct options **ret_options, struct errmsg *why)
{
    (void)m;
    (void)ret_options;
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
