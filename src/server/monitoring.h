/* SPDX-License-Identifier: Apache-2.0 */
/* Monitoring: what the server gives to monitor/, and its port.
 *
 * Thread: the control thread. Memory: the monitor belongs to the server. */
#ifndef MIDGE_SERVER_MONITORING_H
#define MIDGE_SERVER_MONITORING_H

#include "base/err.h"
#include "monitor/monitor.h"

struct server;

struct monitor *monitoring_new(struct server *);
void monitoring_update(struct server *);                /* after a reload */
/* Opens the port when the options want one; logs it. */
MUST_CHECK enum err monitoring_start(struct server *, struct errmsg *why);

#endif
