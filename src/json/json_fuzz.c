/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the bytes, the reader says yes or no; a yes is walked to its last leaf and written
 * again. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "json/reader.h"
#include "json/writer.h"

static void walk(struct json_value v, struct json_writer *w)
{
    struct slice text = { 0 }, key;
    struct json_value child;
    double number = 0;
    bool flag = false;
    switch (json_kind(v)) {
    case JSON_OBJECT:
        json_object_begin(w);
        for (uint32_t at = 0; json_next_member(v, &at, &key, &child);) {
            json_key_slice(w, key);
            walk(child, w);
        }
        json_object_end(w);
        break;
    case JSON_ARRAY:
        json_array_begin(w);
        for (uint32_t i = 0; i < json_count(v); i++) walk(json_item(v, i), w);
        json_array_end(w);
        break;
    case JSON_STRING:
        assert(json_to_slice(v, &text));
        json_slice(w, text);
        break;
    case JSON_BOOL:
        assert(json_to_bool(v, &flag));
        json_bool(w, flag);
        break;
    case JSON_INT:
    case JSON_DOUBLE:
        assert(json_to_double(v, &number));
        json_double(w, number > 1e308 || number < -1e308 ? 0 : number);
        break;
    case JSON_NULL: json_null(w); break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096) return 0;
    AUTO_FREE(json_doc) doc = NULL;
    if (json_doc_parse(slice_of(data, size), NULL, &doc)) return 0;
    struct buf out = { 0 };
    struct json_writer w = json_writer_on(&out, JSON_COMPACT);
    walk(json_doc_root(doc), &w);

    AUTO_FREE(json_doc) again = NULL;
    enum err e = json_doc_parse(buf_slice(&out), NULL, &again);
    assert(e == ERR_OK);
    buf_deinit(&out);
    return 0;
}
