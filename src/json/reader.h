/* SPDX-License-Identifier: Apache-2.0 */
/* Reader: JSON in. A strict check (check.h), then json-c builds the tree.
 *
 * Semantics of Go's encoding/json: keys match without regard to ASCII case and the last one in the
 * text wins, while who goes through the members sees each; null leaves the target alone; an integer
 * accepts no fraction, no exponent and no overflow; a wrong type anywhere spoils the whole document
 * for the caller.
 * Thread: one at a time. Memory: the document owns everything; slices live as long as it does.
 * Limits: refused before anything is built: longer than `size_max` or nested deeper than
 * `depth_max`. */
#ifndef MIDGE_JSON_READER_H
#define MIDGE_JSON_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/slice.h"

struct json_doc;

/* A node of a document. Cheap to copy. `node` NULL stands for null and for "absent" alike unless a
 * function says so. */
struct json_value {
    void                  *node;        /* private to reader.c and origin.c */
    const struct json_doc *doc;
};

struct json_limits {
    uint32_t size_max;                  /* 0: 1 MiB */
    uint32_t depth_max;                 /* 0: 32 */
};

enum json_kind {
    JSON_NULL,
    JSON_BOOL,
    JSON_INT,
    JSON_DOUBLE,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

/* ERR_INVALID: not JSON; ERR_LIMIT: too long or too deep; ERR_NOMEM. `limits` may be NULL. */
MUST_CHECK enum err json_doc_parse(struct slice text, const struct json_limits *limits,
                                   struct json_doc **ret_doc);
struct json_doc *json_doc_free(struct json_doc *);          /* NULL is fine; returns NULL */
DEFINE_AUTO_FREE(json_doc)

struct json_value json_doc_root(const struct json_doc *);
enum json_kind json_kind(struct json_value);

/* The member of an object by name. False when it is absent (or `object` is none); true with a null
 * otherwise. */
bool json_member(struct json_value object, const char *name, struct json_value *ret_value);

/* for (uint32_t at = 0; json_next_member(object, &at, &key, &value);) … in the order of the text.
 * Quadratic: for objects that a limit keeps small. */
bool json_next_member(struct json_value object, uint32_t *at, struct slice *ret_key,
                      struct json_value *ret_value);
/* The same in linear time: for (struct json_members m = json_members_of(object);
 * json_members_next(&m, &key, &value);) … */
struct json_members {
    const void            *at;          /* private */
    const struct json_doc *doc;
};
struct json_members json_members_of(struct json_value object);
bool json_members_next(struct json_members *, struct slice *ret_key, struct json_value *ret_value);
uint32_t json_count(struct json_value);                     /* of an array or object; else 0 */
struct json_value json_item(struct json_value array, uint32_t index);

/* Appends the value as compact JSON; numbers with a fraction or exponent as they were written. */
void json_value_text(struct json_value, struct buf *out);

/* True and `*ret` set for the right type; true and `*ret` untouched for null; false otherwise. */
MUST_CHECK bool json_to_bool(struct json_value, bool *ret);
MUST_CHECK bool json_to_i64(struct json_value, int64_t min, int64_t max, int64_t *ret);
MUST_CHECK bool json_to_u64(struct json_value, uint64_t max, uint64_t *ret);
MUST_CHECK bool json_to_double(struct json_value, double *ret);
/* may hold any byte, NUL too; invalid UTF-8 is U+FFFD */
MUST_CHECK bool json_to_slice(struct json_value, struct slice *ret);

#endif
