/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of lists within /varz. Thread and memory: varz.h; only its files include this. */
#ifndef MIDGE_MONITOR_VARZ_ROWS_H
#define MIDGE_MONITOR_VARZ_ROWS_H

#include "json/table.h"

struct remote_gateway_varz {
    const char *name;
    double tls_timeout;
    struct json_array urls;
};

struct deny_varz {
    struct json_array exports, imports;
};

struct remote_leaf_varz {
    const char *local_account;
    double tls_timeout;
    struct json_array urls;
    struct deny_varz *deny;
};

#endif
