/* SPDX-License-Identifier: Apache-2.0 */
/* Units: time is nanoseconds in a signed 64-bit integer, everywhere. */
#ifndef MIDGE_BASE_UNITS_H
#define MIDGE_BASE_UNITS_H

#include <stdint.h>

typedef int64_t nanos;

#define NANOSECOND  ((nanos)1)
#define MICROSECOND (1000 * NANOSECOND)
#define MILLISECOND (1000 * MICROSECOND)
#define SECOND      (1000 * MILLISECOND)
#define MINUTE      (60 * SECOND)
#define HOUR        (60 * MINUTE)
#define DAY         (24 * HOUR)
#define NANOS_MAX   INT64_MAX

/* Time that would leave the range stays at its end: what a client asks for may be as long as the
 * type holds. */
static inline nanos nanos_add(nanos at, nanos by)
{
    if (by > 0) return at > NANOS_MAX - by ? NANOS_MAX : at + by;
    return at < INT64_MIN - by ? INT64_MIN : at + by;
}

#define KIB         ((size_t)1024)
#define MIB         (1024 * KIB)

#endif
