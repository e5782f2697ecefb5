/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC-SHA256 over two pieces, by libsodium. The key may have any length.
 *
 * Pure; thread: any; memory: the caller's. */
#ifndef MIDGE_CRYPTO_HMAC_H
#define MIDGE_CRYPTO_HMAC_H

#include "base/slice.h"

enum { HMAC_SIZE = 32 };

void hmac_sha256(struct slice key, struct slice first, struct slice second,
                 uint8_t ret_sum[HMAC_SIZE]);

#endif
