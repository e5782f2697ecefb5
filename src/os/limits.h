/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine grants this process.
 *
 * Thread: any. Errors: none: what is forbidden stays as it is. */
#ifndef MIDGE_OS_LIMITS_H
#define MIDGE_OS_LIMITS_H

#include <stdint.h>

/* Raises the number of descriptors to what the machine allows; returns the limit now, 0:
 * unknown. */
uint64_t limits_raise_files(void);
/* How many descriptors this process may have now, 0: unknown. */
uint64_t limits_files(void);

#endif
