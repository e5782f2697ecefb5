/* SPDX-License-Identifier: Apache-2.0 */
/* Texts in fixed buffers.
 *
 * Thread:  any.
 * Memory:  the caller's.
 * Errors:  text that does not fit, or a file that cannot be read, ends the benchmark.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Returns the length without the NUL. */
size_t text_print(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

uint64_t text_number(const char *);         /* the digits that it begins with; 0 without any */
const char *text_word(const char *, uint32_t index);        /* words stand between single spaces */

/* All of a small file; returns its length, 0 when there is none. */
size_t text_file(const char *path, char *out, size_t size);
