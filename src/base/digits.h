/* SPDX-License-Identifier: Apache-2.0 */
/* Digits: an unsigned number as decimal text, for paths where each message has some.
 *
 * Pure; thread: any; memory: the caller's, which has room for DIGITS_MAX bytes whatever the value:
 * bytes behind the text are overwritten with anything. */
#ifndef MIDGE_BASE_DIGITS_H
#define MIDGE_BASE_DIGITS_H

#include <stdint.h>

enum { DIGITS_MAX = 20 };

/* Returns where the text ends. */
uint8_t *digits_put(uint64_t value, uint8_t *at);

#endif
