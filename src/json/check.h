/* SPDX-License-Identifier: Apache-2.0 */
/* Check: is this exactly one JSON value, as Go's encoding/json understands it?
 *
 * json-c forgives what Go refuses (single quotes, NaN, "1.", raw control characters) and caps
 * integers that do not fit, so the reader asks here first. One pass, no allocation, no recursion.
 * Pure; thread: any; memory: none. */
#ifndef MIDGE_JSON_CHECK_H
#define MIDGE_JSON_CHECK_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/slice.h"

enum { JSON_DEPTH_MAX = 1023 };

struct json_shape {
    uint32_t depth; /* containers within each other, at most; 0: a bare value */
    uint32_t keys;  /* of all objects together */
    bool has_odd;   /* an integer is outside int64 and uint64, or -0 */
};

/* ERR_OK; ERR_INVALID (not JSON) or ERR_LIMIT (deeper than `depth_max` <= JSON_DEPTH_MAX).
 * `*ret_shape` is set with ERR_OK. */
MUST_CHECK enum err json_check(struct slice text, uint32_t depth_max, struct json_shape *ret_shape);

/* What is wrong with a text, in the words of Go's encoding/json: "invalid character 'x' looking for
 * beginning of value". `context` NULL: the text ends too early. */
struct json_fault {
    const char *context;
    uint32_t    offset;                 /* of the byte that cannot stand there */
    bool        is_too_deep;
};

/* Checks the first of several values, as Go's Decoder reads them; `*ret_len` is where it ends, the
 * blanks before it included. Errors as json_check(); with one, `*ret_fault` says what is wrong. */
MUST_CHECK enum err json_check_first(struct slice text, uint32_t depth_max, uint32_t *ret_len,
                                     struct json_fault *ret_fault);

/* Go's sentence without the place: `text` is what json_check_first() was given. */
enum { JSON_FAULT_SIZE = 96 };
const char *json_fault_text(const struct json_fault *, struct slice text,
                            char ret_text[JSON_FAULT_SIZE]);

#endif
