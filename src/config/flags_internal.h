/* SPDX-License-Identifier: Apache-2.0 */
/* The table of flags. Constants; any thread. */
#ifndef MIDGE_CONFIG_FLAGS_INTERNAL_H
#define MIDGE_CONFIG_FLAGS_INTERNAL_H

#include "config/flags.h"

enum flag_type { FLAG_TEXT, FLAG_BOOL, FLAG_INT, FLAG_INT64 };
enum flag_secret { FLAG_SECRET_NONE, FLAG_SECRET_VALUE, FLAG_SECRET_URL };
enum flag_tls {
    FLAG_TLS_NONE,
    FLAG_TLS_ON,
    FLAG_TLS_VERIFY,
    FLAG_TLS_CERT,
    FLAG_TLS_KEY,
    FLAG_TLS_CA,
};

/* Flags that are no field of the options. */
enum flag_does {
    FLAG_DOES_NOTHING,
    FLAG_DOES_CONFIG,
    FLAG_DOES_TEST,
    FLAG_DOES_SIGNAL,
    FLAG_DOES_HELP,
    FLAG_DOES_HELP_TLS,
    FLAG_DOES_VERSION,
    FLAG_DOES_ROUTES,
    FLAG_DOES_CLUSTER,
};

struct flag_given;

struct flag_row {
    const char      *names;             /* "p port" */
    enum flag_type   type;
    uint32_t         offset;            /* in struct options, unless one of the following is set */
    void (*set)(struct options *, const struct flag_given *);
    enum flag_does   action;
    enum flag_tls    tls;
    enum flag_secret secret;            /* in reports of the command line */
};

struct flag_given {
    const struct flag_row *row;
    const char            *text;
    int64_t                integer;
    bool                   boolean;
};

extern const struct flag_row flag_rows[];
extern const uint32_t        flag_rows_count;

const struct flag_row *flag_row_find(struct slice name);

#endif
