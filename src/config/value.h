/* SPDX-License-Identifier: Apache-2.0 */
/* Value: a configuration file as a tree, with the place where each part was written.
 *
 * Thread: one at a time while it is built, then any reader. Memory: all in one arena.
 * Order: members stand in the order of their first appearance; a repeated key replaces the value.
 * Sharing: a variable's value hangs in several places, so the tree is an acyclic graph; `weight`
 * counts what it unfolds to and is bounded by VALUE_WEIGHT_MAX, so that walking all of it stays
 * cheap. */
#ifndef MIDGE_CONFIG_VALUE_H
#define MIDGE_CONFIG_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "config/options_base.h"

enum { VALUE_WEIGHT_MAX = 4 << 20 };

enum value_kind {
    VALUE_TEXT,
    VALUE_BOOL,
    VALUE_INTEGER,
    VALUE_FLOAT,
    VALUE_DATETIME,
    VALUE_MAP,
    VALUE_ARRAY
};

struct value;
struct value_index;                     /* private to value.c */

struct value_member {
    struct slice  key;                  /* as written */
    struct value *value;
};

struct value_map {
    struct value_member *items;
    uint32_t             count;
    struct value_index  *index;
};

struct value_array {
    struct value **items;
    uint32_t       count;
};

struct value {
    enum value_kind   kind;
    struct option_pos pos;              /* of the key; of elements of an array, their own */
    /* some variable referred to it, so that an unknown key is no error */
    bool              is_used;
    bool              from_env;         /* came from a variable of the environment */
    uint32_t          weight;
    union {
        struct slice       text;        /* TEXT; DATETIME as written. NUL-terminated */
        bool               boolean;
        int64_t            integer;
        double             number;
        struct value_map   map;
        struct value_array array;
    };
};

struct value *value_new(struct arena *, enum value_kind, struct option_pos);

/* Sets or replaces. */
void value_map_set(struct arena *, struct value *map, struct slice key, struct value *);
/* Exact spelling; NULL when absent. */
struct value *value_map_find(const struct value *map, struct slice key);
void value_array_add(struct arena *, struct value *array, struct value *);

/* For error texts, in Go's words: "string", "int64", "bool", "float64", "map[string]interface {}"
 * .. */
const char *value_type_name(const struct value *);

#endif
