/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-1, for the WebSocket handshake only: RFC 6455 uses it as a checksum, not as a defence.
 *
 * Thread: any; pure. */
#ifndef MIDGE_CRYPTO_SHA1_H
#define MIDGE_CRYPTO_SHA1_H

#include "base/slice.h"

enum { SHA1_LEN = 20 };

void sha1(struct slice bytes, uint8_t ret[SHA1_LEN]);

#endif
