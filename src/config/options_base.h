/* SPDX-License-Identifier: Apache-2.0 */
/* The small types that all option structs are made of.
 *
 * Thread: plain data, immutable once loaded. Memory: every pointer leads into the arena of the
 * `struct options` that holds it; strings are NUL-terminated, NULL means "not given".
 * A list's `items` may be NULL only when `count` is 0. */
#ifndef MIDGE_CONFIG_OPTIONS_BASE_H
#define MIDGE_CONFIG_OPTIONS_BASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"

/* A bool of which "not given" differs from "false". */
enum tri { TRI_UNSET, TRI_FALSE, TRI_TRUE };

/* Where something was written; file is NULL for what came from a flag or a default. */
struct option_pos {
    const char *file;
    uint32_t    line;                   /* from 1 */
    uint32_t    column;                 /* as nats-server counts it (see lexer.h) */
};

struct string_list {
    const char **items;
    uint32_t     count;
    bool         present;               /* the key was given, though perhaps with an empty list */
};

struct string_pair {
    const char *name;
    const char *value;
};

struct pair_list {
    struct string_pair *items;
    uint32_t            count;
    bool                present;
};

/* One listening address. `port` 0 means that the listener is off (client port excepted), -1 a
 * random one. */
struct listen_options {
    const char *host;                   /* NULL: all addresses (0.0.0.0 in reports) */
    int32_t     port;
    const char *advertise;              /* host[:port] told to others instead; NULL: none */
};

enum write_timeout { WRITE_TIMEOUT_DEFAULT, WRITE_TIMEOUT_CLOSE, WRITE_TIMEOUT_RETRY };

/* Compression of a link (cluster, leafnodes, leafnode remotes). */
enum compression_mode {
    COMPRESSION_UNSET,                  /* cluster: accept; leafnodes: s2_auto */
    COMPRESSION_NOT_SUPPORTED,          /* behave like a server that never heard of it */
    COMPRESSION_OFF,
    COMPRESSION_ACCEPT,
    COMPRESSION_S2_UNCOMPRESSED,        /* negotiated result of auto, also accepted in a file */
    COMPRESSION_S2_FAST,
    COMPRESSION_S2_BETTER,
    COMPRESSION_S2_BEST,
    COMPRESSION_S2_AUTO,
};

struct compression_options {
    enum compression_mode mode;
    const char *mode_text;              /* as written, or what a bool stands for; NULL: not given */
    nanos    *rtt_thresholds;           /* s2_auto: switch points; default 10 ms, 50 ms, 100 ms */
    uint32_t  rtt_thresholds_count;     /* 0: the default */
    bool      is_unknown;               /* mode_text is no mode: refused at start, not by -t */
};

#endif
