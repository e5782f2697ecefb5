/* SPDX-License-Identifier: Apache-2.0 */
/* What reading, writing and checking of tables share. Private to json/.
 *
 * Thread, memory: as table.h. */
#ifndef MIDGE_JSON_TABLE_INTERNAL_H
#define MIDGE_JSON_TABLE_INTERNAL_H

#include "json/table.h"

enum { JSON_TYPES_COUNT = JSON_EMBED_PTR + 1, JSON_PATH_SIZE = 128 };

/* One read under way. In Go's manner members are taken in the order of the text, and the texts are
 * those of Go's encoding/json: of wrong types and unknown members the first is kept, and reading
 * goes on; a word or a time that cannot be read ends it at once. */
struct json_reading {
    struct arena      *arena;
    struct errmsg     *why;
    bool               is_go;
    bool               is_strict;       /* an unknown member is an error; only in Go's manner */
    bool               is_over;         /* the error in `why` ends it */
    struct errmsg      kept;            /* empty: none yet */
    /* only in Go's manner: what is read, and the text that it was made of */
    struct json_value  root;
    struct slice       text;
    const char        *go_name;         /* of the innermost struct */
    /* set by a type's reader that knows better than its row what is wrong */
    struct json_value  bad;
    const char        *bad_type;
    uint32_t           path_len;
    char               path[JSON_PATH_SIZE];    /* "StreamConfig.mirror.": cut when it is long */
};

/* The struct as a whole; `why` says what is wrong. */
enum err json_object_read(const struct json_table *, struct json_value, struct json_reading *,
                          void *ret);

/* The same in Go's manner. */
enum err json_go_object_read(const struct json_table *, struct json_value, struct json_reading *,
                             void *ret);

/* By the type's row: false when the value has a wrong type, with or without a text in `why`. */
bool json_type_read(const struct json_field *, struct json_value, struct json_reading *, void *ret);

int64_t json_int_load(const struct json_field *, const void *from);
uint64_t json_uint_load(const struct json_field *, const void *from);

#endif
