/* SPDX-License-Identifier: Apache-2.0 */
#include "import/nats_meta.h"

#include "base/assert.h"
#include "base/le.h"
#include "codec/highway.h"
#include "codec/varint.h"
#include "crypto/sha256.h"
#include "json/gotime.h"
#include "json/reader.h"

enum { SUM_DIGITS = 16, META_MAX = 64 << 20, SOURCES_HEAD = 17, SOURCES_VERSION = 1 };

bool nats_meta_sum_fits(struct slice file, struct slice name, struct slice sum)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t key[HIGHWAY_KEY_SIZE], bytes[8];
    sha256(name, key);
    le_put_u64(bytes, highway64(key, file));
    if (sum.len != SUM_DIGITS) return false;
    for (uint32_t i = 0; i < sizeof bytes; i++) {
        if (sum.ptr[2 * i] != (uint8_t)digits[bytes[i] >> 4]) return false;
        if (sum.ptr[2 * i + 1] != (uint8_t)digits[bytes[i] & 15]) return false;
    }
    return true;
}

enum err nats_meta_created(struct slice json, nanos *ret_created)
{
    AUTO_FREE(json_doc) doc = NULL;
    const struct json_limits limits = { .size_max = META_MAX };
    struct json_value value;
    struct slice text = { 0 };
    assert(ret_created != NULL);
    if (json_doc_parse(json, &limits, &doc) != ERR_OK) return ERR_INVALID;
    if (json_kind(json_doc_root(doc)) != JSON_OBJECT) return ERR_INVALID;
    *ret_created = 0;
    if (!json_member(json_doc_root(doc), "Created", &value)) return ERR_OK;
    if (!json_to_slice(value, &text) || text.len == 0) return ERR_OK;
    nanos created = 0;
    if (gotime_rfc3339_parse(text, &created) == ERR_OK && created > 0) *ret_created = created;
    return ERR_OK;
}

/* ---- sources.db ---- */

enum err nats_sources_init(struct nats_sources *s, struct slice file)
{
    assert(s != NULL);
    if (file.len < SOURCES_HEAD || file.ptr[0] != SOURCES_VERSION) return ERR_CORRUPT;
    *s = (struct nats_sources){
        .rest = slice_from(file, SOURCES_HEAD),
        .left = le_get_u64(file.ptr + 1),
        .upto = le_get_u64(file.ptr + 9),
    };
    return ERR_OK;
}

static bool take_text(struct slice *rest, struct slice *ret)
{
    uint64_t len;
    if (uvarint_take(rest, &len) != ERR_OK || len > rest->len) return false;
    *ret = slice_first(*rest, (uint32_t)len);
    *rest = slice_from(*rest, (uint32_t)len);
    return true;
}

enum err nats_sources_next(struct nats_sources *s, struct nats_source *ret)
{
    struct nats_source source = { 0 };
    assert(s != NULL && ret != NULL);
    if (s->left == 0) return ERR_NOTFOUND;
    if (!take_text(&s->rest, &source.name)) return ERR_CORRUPT;
    if (uvarint_take(&s->rest, &source.sequence) != ERR_OK) return ERR_CORRUPT;
    if (!take_text(&s->rest, &source.identity)) return ERR_CORRUPT;
    s->left--;
    *ret = source;
    return ERR_OK;
}
