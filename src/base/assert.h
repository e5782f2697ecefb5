/* SPDX-License-Identifier: Apache-2.0 */
/* Asserts: our own bugs stop the process with a report, in release builds too.
 *
 * Never assert on input from a peer, a file or the host application: that is data, not a bug.
 * Thread: any. The report goes to stderr, then abort(). */
#ifndef MIDGE_BASE_ASSERT_H
#define MIDGE_BASE_ASSERT_H

#include "base/compiler.h"

NORETURN void assert_failed(const char *what, const char *file, int line);

#undef assert
#define assert(x) (LIKELY(x) ? (void)0 : assert_failed(#x, __FILE__, __LINE__))

/* O(n) checks: on in sanitizer and simulation builds (-DMIDGE_SLOW_ASSERTS=1), else not
 * evaluated. */
#if defined(MIDGE_SLOW_ASSERTS) && MIDGE_SLOW_ASSERTS
#define assert_slow(x) assert(x)
#else
#define assert_slow(x) ((void)sizeof(x))
#endif

/* Both outcomes are fine; a reader should not wonder. */
#define maybe(x)      ((void)sizeof(x))

#define unreachable() assert_failed("unreachable", __FILE__, __LINE__)

#undef static_assert
#define static_assert _Static_assert

#endif
