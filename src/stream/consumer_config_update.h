/* SPDX-License-Identifier: Apache-2.0 */
/* Consumer config update: may this consumer be created, or become what a request asks for?
 *
 * All that the calls CONSUMER.CREATE and CONSUMER.DURABLE.CREATE decide before anything is done, in
 * nats-server's order, for one server. Pure; thread: any; memory: additions lie in the arena of the
 * check. */
#ifndef MIDGE_STREAM_CONSUMER_CONFIG_UPDATE_H
#define MIDGE_STREAM_CONSUMER_CONFIG_UPDATE_H

#include "stream/api_subjects.h"
#include "stream/consumer_config_check.h"

/* Do the names in the subject and in the body agree? Sets the name of the configuration. */
bool consumer_request_check(struct consumer_create_request *, const struct js_api_call *,
                            struct arena *, struct js_error *ret_error);

enum consumer_verdict {
    CONSUMER_REFUSED,                   /* the error says why */
    CONSUMER_NEW,                       /* may be made as it now stands in the request */
    CONSUMER_UPDATED,                   /* is there, and may become what now stands there */
};

/* After consumer_request_check(). The configuration gets defaults and the metadata that is stored.
 * A new one without a name keeps none, as on nats-server: the caller makes one up beside it. */
MUST_CHECK enum consumer_verdict consumer_create_check(struct consumer_create_request *,
                                                       const struct js_check *,
                                                       struct js_error *ret_error);

/* Only the rules of an update, for a configuration that is complete: what may not change. */
bool consumer_update_check(const struct consumer_config *now, const struct consumer_config *old,
                           const struct js_check *, struct js_error *ret_error);

#endif
