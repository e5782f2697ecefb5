/* SPDX-License-Identifier: Apache-2.0 */
/* Server info: the `server` object that every answer and event of the server carries (reference:
 * events, common objects).
 * Thread: the reactor's. */
#ifndef MIDGE_CORE_SERVER_INFO_H
#define MIDGE_CORE_SERVER_INFO_H

struct core_reactor;
struct json_writer;

/* Adds the member "server" to the object that is open. */
void server_info_write(struct core_reactor *, struct json_writer *);

#endif
