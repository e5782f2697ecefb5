/* SPDX-License-Identifier: Apache-2.0 */
/* Writer: JSON out, in one pass, byte for byte as Go's encoding/json would write it.
 *
 * Strings: `<`, `>` and `&` become \u003c, \u003e, \u0026 (unless told otherwise), invalid UTF-8
 * \ufffd, U+2028 and
 * U+2029 their escapes. Numbers: int64 and uint64 exact, doubles in their shortest form that reads
 * back equal.
 * Thread: one at a time. Memory: appends to the caller's `struct buf`; the writer itself is a plain
 * value.
 * Misuse (a value without a key in an object, more than 62 levels, an unbalanced end) is an
 * assert. */
#ifndef MIDGE_JSON_WRITER_H
#define MIDGE_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/units.h"

enum json_style {
    /* INFO, requests, events; else the spaces of one level: 2 or 3 */
    JSON_COMPACT = 0,
    JSON_INDENT_2 = 2,
    JSON_INDENT_3 = 3,
};

/* Fields are private to writer.c. */
struct json_writer {
    struct buf     *out;
    enum json_style style;
    bool            raw_html;           /* leave <, > and & as they are */
    bool            has_key;            /* a key was written, its value comes next */
    uint32_t        depth;
    uint64_t        has_items;          /* bit d: the container at depth d has a member already */
    uint64_t        is_object;
};

struct json_writer json_writer_on(struct buf *out, enum json_style style);

void json_object_begin(struct json_writer *);
void json_object_end(struct json_writer *);
void json_array_begin(struct json_writer *);
void json_array_end(struct json_writer *);
void json_key(struct json_writer *, const char *name);
void json_key_slice(struct json_writer *, struct slice name);

void json_null(struct json_writer *);
void json_bool(struct json_writer *, bool value);
void json_i64(struct json_writer *, int64_t value);
void json_u64(struct json_writer *, uint64_t value);
/* NaN and infinities are asserts, as JSON has none */
void json_double(struct json_writer *, double value);
void json_str(struct json_writer *, const char *text);      /* NULL is written as "" */
void json_slice(struct json_writer *, struct slice text);
void json_time(struct json_writer *, nanos since_1970);     /* RFC 3339, see gotime.h */
void json_duration_str(struct json_writer *, nanos d);      /* "1m30s" */
void json_raw(struct json_writer *, struct slice json);     /* one complete value, not checked */

/* The shortest decimal text that reads back as `value`, as Go's JSON has it. Returns `ret_text`. */
enum { JSON_DOUBLE_SIZE = 40 };
const char *json_double_text(double value, char ret_text[JSON_DOUBLE_SIZE]);

/* Only the string with its quotes, outside any document. */
void json_quote(struct buf *out, struct slice text, bool raw_html);

#endif
