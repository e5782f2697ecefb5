/* SPDX-License-Identifier: Apache-2.0 */
/* Hash_long: XXH3 of long texts; private to hash.c. hash_long.c has it for any machine as the
 * library's header does, hash_long_x86.c by what the library finds in the processor when it runs.
 *
 * Thread: any. */
#ifndef MIDGE_BASE_HASH_LONG_H
#define MIDGE_BASE_HASH_LONG_H

#include <stddef.h>
#include <stdint.h>

enum { HASH_LONG = 241 }; /* bytes: from here on XXH3 is reckoned in stripes */

uint64_t hash_long(const void *bytes, size_t len, uint64_t seed); /* len >= HASH_LONG */

#endif
