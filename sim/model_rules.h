/* SPDX-License-Identifier: Apache-2.0 */
/* What is certain and what is possible, given that a reload takes a while. Private to the model.
 *
 * Pure. `from` and `to` are moments; a configuration may have been in force at any moment between
 * the order of its reload and the moment when every reactor had the next one. */
#ifndef MIDGE_SIM_MODEL_RULES_H
#define MIDGE_SIM_MODEL_RULES_H

#include "sim/model.h"

enum sim_verdict { SIM_NO, SIM_MAYBE, SIM_YES };

enum sim_verdict model_may_publish(const struct model *, const struct sim_msg *, uint64_t to);
enum sim_verdict model_may_receive(const struct model *, const struct sim_sub *,
                                   const struct sim_msg *, uint64_t to);
/* It was let in: did a later reload take it away? */
enum sim_verdict model_may_keep(const struct model *, const struct sim_sub *, uint64_t to);
enum sim_verdict model_may_subscribe(const struct model *, const struct sim_sub *, uint64_t to);
/* Does this user get in, with the password of the first configuration that the peer knows? */
bool model_login_is_sure(const struct model *, const struct sim_peer *, uint64_t to);

/* Could the subscription have been in the index while the message was carried out? */
bool model_might_listen(const struct model *, const struct sim_sub *, const struct sim_msg *);

#endif
