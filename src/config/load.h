/* SPDX-License-Identifier: Apache-2.0 */
/* Load: from a configuration file to options, with every mistake found.
 *
 * The keys stand in tables (load_*.c); a row says how a key is read, checked, reloaded and
 * explained.
 * Thread: one at a time. Memory: everything, messages included, lives in the arena of the options.
 * Errors: a file that cannot be parsed gives one message; else all mistakes are collected. Options
 * that were loaded with errors are not fit for use. */
#ifndef MIDGE_CONFIG_LOAD_H
#define MIDGE_CONFIG_LOAD_H

#include "config/options.h"
#include "config/parser.h"

struct load_message {
    const char       *text;             /* the whole line: "FILE:LINE:POS: reason" */
    struct option_pos pos;              /* line 0: the message has none */
};

struct load_messages {
    struct load_message *items;
    uint32_t             count;
};

struct load_report {
    struct load_messages warnings;      /* the server starts, `-t` fails */
    struct load_messages errors;
};

/* ERR_OK: no errors, perhaps warnings. ERR_INVALID: see the report. Does not call
 * options_finish(). */
MUST_CHECK enum err load_file(const struct config_source *, const char *path, struct options *,
                              struct load_report *ret_report);

/* All warnings, then all errors, one per line, without a line feed at the end. "" when there are
 * none. */
void load_report_text(const struct load_report *, struct buf *out);

#endif
