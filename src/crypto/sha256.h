/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 of some bytes, by libsodium: the first sum by OpenSSL brings 2 MB of it into memory, and
 * every server that has a configuration file makes one.
 *
 * Pure; thread: any; memory: the caller's. */
#ifndef MIDGE_CRYPTO_SHA256_H
#define MIDGE_CRYPTO_SHA256_H

#include "base/slice.h"

enum { SHA256_SIZE = 32 };

void sha256(struct slice bytes, uint8_t ret_sum[SHA256_SIZE]);

#endif
