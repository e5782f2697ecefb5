/* SPDX-License-Identifier: Apache-2.0 */
/* Ack subject: the reply subjects of deliveries and of flow control, which carry everything that an
 * ack must say.
 *
 *   v1   $JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<time>.<pending>
 *   v2   $JS.ACK.<domain or _>.<account hash>.<stream>.<consumer>.<the same five numbers>[.more]
 *   v1   $JS.FC.<stream>.<consumer>.<id>
 *   v2   $JS.FC.<domain or _>.<account hash>.<stream>.<consumer>.<id>
 *
 * Both are always understood; which one is written is a feature flag (v1 unless set). An ack with
 * 10 tokens is neither: nobody listens to it.
 *
 * Pure; thread: any. Memory: the caller's; parsed parts are slices of the subject. */
#ifndef MIDGE_STREAM_ACK_SUBJECT_H
#define MIDGE_STREAM_ACK_SUBJECT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/units.h"

enum ack_version { ACK_V1, ACK_V2 };

/* Eight characters for an account's name: what nats-server puts into v2 subjects. */
enum { ACCOUNT_HASH_LEN = 8 };
void account_hash(struct slice account_name, char ret_hash[ACCOUNT_HASH_LEN]);

/* Where the consumer is. `domain` empty: none. `account_hash` is not looked at for v1. */
struct ack_place {
    struct slice domain;
    struct slice account_hash;
    struct slice stream;
    struct slice consumer;
};

struct ack_info {
    uint64_t deliveries;
    uint64_t stream_seq;
    uint64_t consumer_seq;
    uint64_t time;                      /* of the message, ns since 1970 */
    uint64_t pending;                   /* how many still come */
};

/* ---- writing ---- */

/* "$JS.ACK.<stream>.<consumer>." and likewise for flow control: made once per consumer. */
void ack_prefix_write(enum ack_version, const struct ack_place *, struct buf *out);
void flow_prefix_write(enum ack_version, const struct ack_place *, struct buf *out);

enum { ACK_INFO_SIZE = 5 * 20 + 4 };    /* five numbers and the dots between them */

/* The subject of one delivery into `out`, which has room for the prefix and ACK_INFO_SIZE. Returns
 * its length. */
uint32_t ack_subject_write(struct slice prefix, const struct ack_info *, uint8_t *out);

enum { FLOW_ID_LEN = 4 };
/* Likewise; `random` makes the id. */
uint32_t flow_subject_write(struct slice prefix, uint64_t random, uint8_t *out);

/* ---- reading ---- */

struct ack_subject {
    enum ack_version version;
    /* v1: no domain and no hash; v2: the domain is "_" for none */
    struct ack_place place;
    /* a text that is no number, or too large a one: UINT64_MAX */
    struct ack_info  info;
};

/* False: neither form of ack. */
MUST_CHECK bool ack_subject_parse(struct slice subject, struct ack_subject *ret);

/* False: neither form of a flow control reply. */
MUST_CHECK bool flow_subject_parse(struct slice subject, enum ack_version *ret_version,
                                   struct ack_place *ret_place);

/* A v2 subject names this domain and account; v1 always does. */
bool ack_place_fits(enum ack_version, const struct ack_place *parsed, const struct ack_place *own);

#endif
