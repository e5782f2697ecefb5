/* SPDX-License-Identifier: Apache-2.0 */
/* Flags: the command line, in the forms of Go's flag package (`-p 1`, `--p=1`, `-js`,
 * `--js=false`).
 *
 * flags_parse() remembers what was given; flags_apply() lays it over options, after the file, at
 * start and at each reload, so that flags always win.
 * Pure; thread: any. Memory: everything lives in the arena of `struct flags`' caller; argv is
 * copied. */
#ifndef MIDGE_CONFIG_FLAGS_H
#define MIDGE_CONFIG_FLAGS_H

#include "base/buf.h"
#include "base/err.h"
#include "config/options.h"

enum flags_action {
    FLAGS_RUN,
    FLAGS_VERSION,                      /* print the version, exit 0 */
    FLAGS_HELP,                         /* print flags_usage() on stdout, exit 0 */
    FLAGS_HELP_TLS,
    FLAGS_TEST,                         /* -t: check `config_file`, exit 0 or 1 */
    FLAGS_SIGNAL,                       /* -sl: send `signal`, exit 0 or 1 */
    /* `why` on stderr as it is, flags_usage() on stdout, exit 0, as Go does */
    FLAGS_BAD_USAGE,
    FLAGS_FAILED,                       /* "nats-server: " and `why` on stderr, exit 1 */
};

struct flag_given;

struct flags {
    enum flags_action  action;
    const char        *config_file;     /* -c; NULL: none */
    /* -sl as given: "reload", "reload=1234", "stop=/run/x.pid" */
    const char        *signal;
    struct flag_given *given;           /* private: in the order of the command line */
    uint32_t           given_count;
    /* some -tls flag other than -tls=false: the file's tls block does not count */
    bool               has_tls;
};

/* argv[0] is not looked at. `why` says what was wrong for the last two actions. */
struct flags flags_parse(int argc, const char *const *argv, struct arena *, struct errmsg *why);

/* Lays the flags over the options; ERR_INVALID with a reason that ends the start ("nats-server:
 * ..."). The certificate files of -tlscert are only named, not opened. */
MUST_CHECK enum err flags_apply(const struct flags *, struct options *, struct errmsg *why);

/* The help texts, with `program` as the name of the executable. */
void flags_usage(const char *program, struct buf *out);
void flags_usage_tls(struct buf *out);

/* A copy of argv for reports, with secrets replaced by [REDACTED]: values of -user, -pass and
 * -auth, and the user part of the URLs of -routes, -cluster and -cluster_listen. */
const char **flags_redact(int argc, const char *const *argv, struct arena *);

#endif
