/* SPDX-License-Identifier: Apache-2.0 */
#include "server/banner.h"

#include "config/unserved.h"

static const int64_t PAYLOAD_COMFORT = 8 * (int64_t)MIB;

void banner_start(struct log *log, const struct server_identity *id, const char *midge_version)
{
    log_info(log, "Starting nats-server");
    log_info(log, "  Version:  %s", id->version);
    log_info(log, "  Git:      [%s]", id->git_commit == NULL ? "not set" : id->git_commit);
    log_debug(log, "  Go build: %s", id->go);
    log_info(log, "  Midge:    %s", midge_version);
    if (id->cluster != NULL) log_info(log, "  Cluster:  %s", id->cluster);
    log_info(log, "  Name:     %s", id->name);
    log_info(log, "  ID:       %s", id->id);
}

void banner_passwords(struct log *log, const struct directory *d)
{
    if (directory_has_plaintext(d))
        log_warn(log, "Plaintext passwords detected, use nkeys or bcrypt");
}

void banner_options(struct log *log, const struct options *o)
{
    if (o->config_file != NULL)
        log_info(log, "Using configuration file: %s (%s)", o->config_file,
                 o->config_digest == NULL ? "" : o->config_digest);
    if (o->limits.max_payload > PAYLOAD_COMFORT)
        log_warn(log, "Maximum payloads over 8.00 MB are generally discouraged and could lead to "
                      "poor performance");
}

void banner_unserved(struct log *log, const struct options *o)
{
    struct unserved u;
    for (uint32_t at = 0; unserved_next(o, &at, &u);)
        log_warn(log, "%s", unserved_text(&u, o->arena));
}
