/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the bytes, what the quick way reads is what the reader reads. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "json/flat.h"

struct one {
    bool         flag;
    int64_t      number;
    struct slice text;
};

/* clang-format off */
static const struct json_field fields[] = {
    { "f", JSON_AT(struct one, flag),   JSON_BOOLEAN, 0, NULL, "" },
    { "n", JSON_AT(struct one, number), JSON_I64,     0, NULL, "" },
    { "t", JSON_AT(struct one, text),   JSON_SLICE,   0, NULL, "" },
};
/* clang-format on */
static const struct json_table table = JSON_TABLE(struct one, fields);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct one quick = { .number = -1 }, slow = { .number = -1 };
    if (size > 4096 || !json_flat_read(&table, slice_of(data, size), &quick)) return 0;
    AUTO_FREE(json_doc) doc = NULL;
    AUTO_FREE(arena) arena = arena_new();
    enum err e = json_doc_parse(slice_of(data, size), NULL, &doc);
    assert(e == ERR_OK);
    e = json_table_read(&table, json_doc_root(doc), arena, &slow, NULL);
    assert(e == ERR_OK);
    assert(quick.flag == slow.flag);
    assert(quick.number == slow.number);
    assert(slice_equal(quick.text, slow.text));
    return 0;
}
