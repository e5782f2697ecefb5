/* SPDX-License-Identifier: Apache-2.0 */
/* Digits: an unsigned number as decimal text, for paths where each message has some; and as
 * hexadecimal text, as names of files have it.
 *
 * Pure; thread: any; memory: the caller's, which has room for DIGITS_MAX bytes whatever the value:
 * bytes behind the text are overwritten with anything. */
#ifndef MIDGE_BASE_DIGITS_H
#define MIDGE_BASE_DIGITS_H

#include <stdint.h>

enum { DIGITS_MAX = 20 };

/* Returns where the text ends. */
uint8_t *digits_put(uint64_t value, uint8_t *at);

/* The number that `count` (1 to 16) lower-case hexadecimal digits at the front of a text are; 0
 * when one of them is none. */
uint64_t digits_hex(const char *text, uint32_t count);

#endif
