/* SPDX-License-Identifier: Apache-2.0 */
/* Compiler: what the language lacks. The one header of base/ that may ask which compiler this
 * is. */
#ifndef MIDGE_BASE_COMPILER_H
#define MIDGE_BASE_COMPILER_H

#include <stddef.h>

#define MUST_CHECK        __attribute__((warn_unused_result))
#define NORETURN          __attribute__((noreturn))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define LIKELY(x)         __builtin_expect(!!(x), 1)
#define UNLIKELY(x)       __builtin_expect(!!(x), 0)
#define NOINLINE          __attribute__((noinline))
#define ALWAYS_INLINE     inline __attribute__((always_inline))
#define PREFETCH(p)       __builtin_prefetch(p)

/* Two threads that write neighbours within one line slow each other down. 64 on x86-64 and most ARM
 * cores. */
#define CACHE_LINE    64
#define CACHE_ALIGNED __attribute__((aligned(CACHE_LINE)))

/* The struct that embeds `member` at `ptr`. */
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Whether a sanitizer watches over memory in this build. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

#define ARRAY_COUNT(a)                  (sizeof(a) / sizeof((a)[0]))

#define AUTO_FREE(type)                 __attribute__((cleanup(type##_auto_free))) struct type *
#define DEFINE_AUTO_FREE(type)                              \
    static inline void type##_auto_free(struct type **p)    \
    {                                                       \
        *p = type##_free(*p);                               \
    }                                                       \
    static inline struct type *type##_take(struct type **p) \
    {                                                       \
        struct type *t = *p;                                \
        *p = NULL;                                          \
        return t;                                           \
    }

#endif
