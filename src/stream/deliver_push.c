/* SPDX-License-Identifier: Apache-2.0 */
/* Deliver_push */
#include "base/alloc.h"
#include "base/assert.h"
#include "stream/consumer_internal.h"

void consumer_push_begin(struct consumer *c) { (void)c; }
void consumer_push_end(struct consumer *c) { (void)c; }
bool consumer_push_run(struct consumer *c) { (void)c; return false; }
bool consumer_push_is_bound(const struct consumer *c) { (void)c; return false; }
void consumer_push_confirmed(struct consumer *c, struct slice id, struct slice header) { (void)c; (void)id; (void)header; }
