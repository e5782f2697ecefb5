/* SPDX-License-Identifier: Apache-2.0 */
/* Request: the body of an API request into a struct by its table, as nats-server reads it.
 *
 * Errors are the sentences of Go's encoding/json: unknown fields, syntax with the offset, wrong
 * types with the names of Go's structs (JSON_NAMED_TABLE). A word or a time that cannot be read
 * wins over all others, else the first error in the order of the text does.
 * Thread: any. Memory: what is read lies in the caller's arena.
 * Limits: as reader.h, with a depth of JSON_REQUEST_DEPTH_MAX. */
#ifndef MIDGE_JSON_REQUEST_H
#define MIDGE_JSON_REQUEST_H

#include "json/table.h"

enum { JSON_REQUEST_DEPTH_MAX = 256 };

enum json_request_mode {
    /* any number of values, also none, each on top of the one before; unknown fields are errors */
    JSON_REQUEST_STRICT,
    /* exactly one value; unknown fields are ignored; no offset in errors of syntax. With jetstream
     * { strict: false } it follows upon a STRICT one that failed, on top of what that has read. */
    JSON_REQUEST_PLAIN,
};

struct json_request {
    const struct json_table *table;
    struct slice             body;
    enum json_request_mode   mode;
};

/* Sets the fields of the struct at `ret` that the body names. ERR_INVALID: `why`, which may be
 * NULL, has the sentence, and `ret` holds what was read so far. */
MUST_CHECK enum err json_request_read(const struct json_request *, struct arena *, void *ret,
                                      struct errmsg *why);

#endif
