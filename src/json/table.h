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
 * Unmarshal does) and names the field. Bodies of requests are read by json/request.h, which refuses
 * unknown keys too and explains itself in Go's words.
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
    JSON_GOINT,                         /* int64_t that is an int in Go's messages */
    JSON_NANOS,                         /* nanos as a bare number, a time.Duration there */
    JSON_NANOS_LIST,                    /* struct json_array of nanos as numbers */
    /* nanos; only 0 is empty: Go's pointer to a time. Read: times that do not fit are the
     * nearest, and 1970 begins at GOTIME_EPOCH */
    JSON_TIMESTAMP_PTR,
    JSON_WORD,                          /* an enum; its table is a JSON_WORDS_TABLE */
    JSON_TEXT_MAP,                      /* struct json_array of struct json_pair, sorted by key */
    JSON_U64_LIST,                      /* struct json_array of uint64_t */
    JSON_COUNT_MAP,                     /* struct json_array of struct json_count, as they come */
    JSON_EMBED,                         /* a struct whose members stand in this object */
    JSON_EMBED_PTR,                     /* pointer to one; NULL: none of them. Only written */
};

enum {
    JSON_OMITEMPTY = 1 << 0,            /* not written when false, 0, "", empty or NULL */
    /* an empty array is written as null, as Go does with a nil slice */
    JSON_NULL_IF_EMPTY = 1 << 1,
    JSON_WRITE_ONLY = 1 << 2,           /* ignored when reading */
    JSON_GO_POINTERS = 1 << 3,          /* an array of pointers, in Go's messages */
};

struct json_array {
    void    *items;
    uint32_t count;
};

struct json_pair {
    const char *key;
    const char *value;
};

struct json_count {
    const char *key;
    uint64_t    value;
};

/* The words that an enum is in JSON. Written is the first one of a value; reading takes each. */
struct json_word {
    const char *text;
    int32_t     value;
};

struct json_words {
    const struct json_word *items;
    uint32_t    count;
    bool        is_any_case;            /* upper case is read too */
    bool        is_text;                /* other kinds of values are wrong types, not wrong words */
    /* what is said of another value; a %s or %q at its end stands for the value */
    const char *refusal;
};

struct json_table;

struct json_field {
    const char              *name;
    uint32_t                 offset;
    uint32_t                 size;      /* of the C field, to catch a wrong type in the table */
    enum json_type           type;
    uint32_t                 flags;
    const struct json_table *table;     /* of JSON_STRUCT…, JSON_EMBED and JSON_WORD */
    const char              *help;      /* one sentence for the reference */
};

struct json_table {
    const struct json_field *fields;
    uint32_t                 count;
    uint32_t                 size;      /* of the struct */
    const char              *go_name;   /* of the struct in Go's messages; NULL: not named there */
    const struct json_words *words;     /* of an enum; then there are no fields */
};

#define JSON_AT(type, field) (uint32_t) offsetof(type, field), (uint32_t)sizeof(((type *)0)->field)
#define JSON_TABLE(type, rows) JSON_NAMED_TABLE(type, rows, NULL)
#define JSON_NAMED_TABLE(type, rows, go_name)                                    \
    {                                                                            \
        rows, (uint32_t)ARRAY_COUNT(rows), (uint32_t)sizeof(type), go_name, NULL \
    }
#define JSON_WORDS_TABLE(words)                        \
    {                                                  \
        NULL, 0, (uint32_t)sizeof(int32_t), NULL, words \
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

/* A deep copy of what the rows name (the rest of the struct is copied as it is) into `arena`. */
void json_table_copy(const struct json_table *, const void *from, struct arena *, void *ret);
/* All fields are equal; an absent text equals an empty one. */
bool json_table_equal(const struct json_table *, const void *a, const void *b);

/* The value of `key` in a JSON_TEXT_MAP; NULL: not there. */
const char *json_map_find(const struct json_array *map, const char *key);
/* Sets, or removes with a NULL value. The map stays sorted; a changed one lies anew in `arena`, as
 * do copies of both texts. */
void json_map_set(struct json_array *map, const char *key, const char *value, struct arena *);

/* Asserts that names are unique and sizes fit the types. For tests. */
void json_table_check(const struct json_table *);

#endif
