/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8: one character at a time, strict (no overlong forms, no surrogates, nothing above
 * U+10FFFF).
 *
 * Pure; thread: any; memory: none. */
#ifndef MIDGE_JSON_UTF8_H
#define MIDGE_JSON_UTF8_H

#include "base/slice.h"

/* The character at the start of `s` and its length in bytes; 0 when `s` is empty or does not start
 * with one. */
uint32_t utf8_next(struct slice s, uint32_t *ret_rune);

/* Writes 1 to 4 bytes, returns how many. What is not a character is written as U+FFFD. */
uint32_t utf8_put(uint32_t rune, uint8_t ret_bytes[4]);

#endif
