/* SPDX-License-Identifier: Apache-2.0 */
/* Facts: what the server told the monitor at its start or last reload. A snapshot.
 *
 * Thread: any; immutable but for the count. Memory: shared by reference; owns copies. */
#ifndef MIDGE_MONITOR_FACTS_H
#define MIDGE_MONITOR_FACTS_H

#include <stdatomic.h>

#include "base/arena.h"
#include "monitor/monitor.h"

struct facts {
    _Atomic uint32_t refs;
    struct arena *arena;
    struct settings *settings;
    const struct options *options; /* of the settings */
    const char *midge_version;
    const char **unserved;
    uint32_t unserved_count;
    struct jetstream *jetstream; /* NULL: off, or not served */
    nanos config_loaded;
    nanos cert_not_after;
    nanos websocket_cert_not_after;
    const char **arguments; /* redacted */
    uint32_t arguments_count;
    const char *base_path; /* "" or "/prefix" */
};

struct facts *facts_new(const struct monitor_options *, nanos started);
struct facts *facts_ref(struct facts *);
struct facts *facts_unref(struct facts *); /* NULL is fine; returns NULL */

/* Command line arguments without what follows a flag for secrets, and without the user and password
 * of URLs. */
const char **redact_arguments(const char *const *arguments, uint32_t count, struct arena *);

#endif
