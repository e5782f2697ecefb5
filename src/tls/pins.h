/* SPDX-License-Identifier: Apache-2.0 */
/* Pins: is a certificate's public key one of those listed (pinned_certs)?
 *
 * Thread: any; pure. Memory: borrowed. */
#ifndef MIDGE_TLS_PINS_H
#define MIDGE_TLS_PINS_H

#include <stdbool.h>

#include "base/slice.h"

/* `pins`: SHA-256 of the SubjectPublicKeyInfo, 64 hex digits of any case. False for what is no
 * certificate. */
bool pins_hold(const char *const *pins, uint32_t count, struct slice cert_der);

#endif
