/* SPDX-License-Identifier: Apache-2.0 */
/* Stream config update: may this stream be created, or become what an update asks for?
 *
 * All that STREAM.CREATE and STREAM.UPDATE decide before anything is done, in nats-server's order.
 * Pure; thread: any; memory: additions lie in the arena of the check. */
#ifndef MIDGE_STREAM_STREAM_CONFIG_UPDATE_H
#define MIDGE_STREAM_STREAM_CONFIG_UPDATE_H

#include "stream/stream_config_check.h"

enum stream_verdict {
    STREAM_REFUSED,                     /* the error says why */
    STREAM_NEW,                         /* may be made as it now stands in the request */
    STREAM_PRESENT,                     /* is there and equal: answered as if it were made */
    STREAM_UPDATED,                     /* may become what now stands in the request */
};

/* `name` is the one in the API's subject. The request's configuration gets defaults and the
 * metadata that is stored. */
MUST_CHECK enum stream_verdict stream_create_check(struct stream_config_request *,
                                                   struct slice name, const struct js_check *,
                                                   struct js_error *ret_error);

/* The same for one that will come from a backup. An empty name is the one in the subject. */
MUST_CHECK bool stream_restore_check(struct stream_config *, struct slice name,
                                     const struct js_check *, struct js_error *ret_error);

/* Parts of both: so many replicas are possible; the account may have one more, and there is room
 * for it. */
MUST_CHECK bool stream_replicas_check(const struct stream_config *, const struct js_check *,
                                      struct js_error *ret_error);
MUST_CHECK bool stream_count_check(const struct stream_config *, const struct js_check *,
                                   struct js_error *ret_error);

MUST_CHECK enum stream_verdict stream_update_check(struct stream_config_request *,
                                                   struct slice name, const struct js_check *,
                                                   struct js_error *ret_error);

#endif
