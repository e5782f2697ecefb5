/* SPDX-License-Identifier: Apache-2.0 */
/* Table: one row reads, writes and documents one field of a struct.
 *
 *     static const struct json_field info_fields[] = {
 *         { "server_id", JSON_AT(struct info, id),   JSON_TEXT, 0, NULL, "id of the server" },
 *         { "port",      JSON_AT(struct info, port), JSON_I32,  0, NULL, "client port" },
 *         { "tls_required", JSON_AT(struct info, tls), JSON_BOOLEAN, JSON_OMITEMPTY, NULL, "TLS is
 *         demanded" },
 *     };
 *     static const struct json_table info_table = JSON_TABLE(struct info, info_fields);
 *
 * Fields are written in the order of the rows. Reading sets what is present and leaves the rest
 * alone; unknown keys are ignored; a value of the wrong type fails the whole read (as Go's
 * Unmarshal does) and names the field.
 * Thread: any; tables are constants. Memory: what reading allocates lies in the caller's arena. */
#ifndef MIDGE_JSON_TABLE_H
#define MIDGE_JSON_TABLE_H

#include <stddef.h>

#include "base/arena.h"
#include "json/reader.h"
#include "json/writer.h"

enum json_type {
    JSON_BOOLEAN,                       /* bool */
    JSON_I32,                           /* int32_t */
    JSON_I64,                           /* int64_t; also nanos as a bare number */
    JSON_U8,
    JSON_U16,
    JSON_U32,
    JSON_U64,
    JSON_F64,                           /* double */
    JSON_TEXT,                          /* const char *; read: a copy cut at a NUL; NULL is empty */
    JSON_SLICE,                         /* struct slice; read: a copy */
    JSON_TEXTS,                         /* struct json_array of const char * */
    JSON_STRUCT,                        /* an embedded struct with a table of its own */
    /* pointer to one; NULL: null, or left out with JSON_OMITEMPTY */
    JSON_STRUCT_PTR,
    JSON_STRUCTS,                       /* struct json_array of structs */
    /* nanos since 1970 as RFC 3339; GOTIME_ZERO and 0 count as empty */
    JSON_TIMESTAMP,
    JSON_DURATION_TEXT,                 /* nanos as "1m30s" */
    /* struct slice with one complete JSON value; only written */
    JSON_RAW,
};

enum {
    JSON_OMITEMPTY = 1 << 0,            /* not written when false, 0, "", empty or NULL */
    /* an empty array is written as null, as Go does with a nil slice */
    JSON_NULL_IF_EMPTY = 1 << 1,
    JSON_WRITE_ONLY = 1 << 2,           /* ignored when reading */
};

struct json_array {
    void    *items;
    uint32_t count;
};

struct json_table;

struct json_field {
    const char              *name;
    uint32_t                 offset;
    uint32_t                 size;      /* of the C field, to catch a wrong type in the table */
    enum json_type           type;
    uint32_t                 flags;
    const struct json_table *table;     /* of JSON_STRUCT, JSON_STRUCT_PTR and JSON_STRUCTS */
    const char              *help;      /* one sentence for the reference */
};

struct json_table {
    const struct json_field *fields;
    uint32_t                 count;
    uint32_t                 size;      /* of the struct */
};

#define JSON_AT(type, field) (uint32_t) offsetof(type, field), (uint32_t)sizeof(((type *)0)->field)
#define JSON_TABLE(type, rows)                                    \
    {                                                             \
        rows, (uint32_t)ARRAY_COUNT(rows), (uint32_t)sizeof(type) \
    }

/* Sets the fields of the struct at `ret` that the object names. ERR_INVALID: some value has a wrong
 * type or does not fit; then `ret` holds what was read so far. `why` may be NULL. null as the whole
 * document is fine and sets nothing. */
MUST_CHECK enum err json_table_read(const struct json_table *, struct json_value object,
                                    struct arena *, void *ret, struct errmsg *why);

/* The struct at `from` as an object; the second form writes the members into an object that is open
 * already. */
void json_table_write(const struct json_table *, const void *from, struct json_writer *);
void json_table_write_members(const struct json_table *, const void *from, struct json_writer *);

/* Asserts that names are unique and sizes fit the types. For tests. */
void json_table_check(const struct json_table *);

#endif
