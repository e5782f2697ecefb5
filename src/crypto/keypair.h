/* SPDX-License-Identifier: Apache-2.0 */
/* Keypair: can a server use this certificate with this key? For `-t`, which shall find a wrong
 * file.
 *
 * Thread: any. Memory: nothing is kept. Errors: the reason in the words of Go's crypto/tls, which
 * users know from nats-server. */
#ifndef MIDGE_CRYPTO_KEYPAIR_H
#define MIDGE_CRYPTO_KEYPAIR_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/units.h"

/* Both PEM; the first certificate of `chain` is the one that counts. `why` must not be NULL. */
MUST_CHECK enum err keypair_check(struct slice chain, struct slice key, struct errmsg *why);

/* The end of validity of the first certificate, since 1970; NANOS_MAX when it is beyond the year
 * 2262 or there is none. */
nanos keypair_not_after(struct slice chain);

/* Does the PEM text hold at least one certificate? */
bool keypair_is_ca(struct slice pem);

#endif
