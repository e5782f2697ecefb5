/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/source_name.h"

#include "base/assert.h"
#include "json/gotime.h"
#include "stream/check.h"
#include "stream/publish_headers.h"

static void hash_add(struct slice text, struct buf *out)
{
    char hash[ACCOUNT_HASH_LEN];
    account_hash(text, hash);
    buf_add(out, slice_of(hash, sizeof hash));
}

/* ---- index names ---- */

static const char *or_all(const char *subject)
{
    return js_text_set(subject) ? subject : ">";
}

static const struct stream_transform *transform_at(const struct stream_source *s, uint32_t index)
{
    assert(index < s->subject_transforms.count);
    return (const struct stream_transform *)s->subject_transforms.items + index;
}

void source_index_name(const struct stream_source *s, struct buf *out)
{
    uint32_t count = s->subject_transforms.count;
    assert(js_text_set(s->name));
    buf_add_str(out, s->name);
    if (s->external != NULL) {
        buf_add_byte(out, ':');
        hash_add(slice_str(js_text_set(s->external->api) ? s->external->api : ""), out);
    }
    if (s->consumer != NULL) {
        buf_add_str(out, ":C=");
        hash_add(slice_str(s->consumer->name), out);
    }
    buf_add_byte(out, ' ');
    if (count == 0) buf_printf(out, "%s >", or_all(s->filter_subject));
    for (uint32_t i = 0; i < count; i++)
        buf_printf(out, "%s%s", i > 0 ? "\f" : "", or_all(transform_at(s, i)->src));
    for (uint32_t i = 0; i < count; i++)
        buf_printf(out, "%s%s", i > 0 ? "\f" : " ", or_all(transform_at(s, i)->dest));
}

/* ---- consumers ---- */

static bool is_only_one(const struct stream_config *c, const struct stream_source *s)
{
    uint32_t same = 0;
    for (uint32_t i = 0; i < c->sources.count; i++)
        same += strcmp(stream_config_source(c, i)->name, s->name) == 0;
    assert(same > 0);
    return same == 1;
}

void source_consumer_name(const struct source_drawer *d, const struct stream_config *config,
                          const struct stream_source *s, struct buf *out)
{
    struct buf id = { 0 }, hash = { 0 };
    assert(d->stream.len > 0 && d->account.len > 0);
    buf_printf(&id, "%.*s %.*s", SLICE_ARGS(d->stream), SLICE_ARGS(d->account));
    if (d->domain.len > 0) buf_printf(&id, " %.*s", SLICE_ARGS(d->domain));
    hash_add(buf_slice(&id), &hash);
    if (config->mirror != NULL) {
        buf_add_str(out, "JS_MIRROR_");
        buf_add(out, buf_slice(&hash));
    } else {
        if (!is_only_one(config, s)) {
            buf_add_byte(&hash, ' ');
            source_index_name(s, &hash);
        }
        buf_add_str(out, "JS_SRC_");
        hash_add(buf_slice(&hash), out);
    }
    buf_deinit(&id);
    buf_deinit(&hash);
}

void source_identity(nanos created, char ret[SOURCE_IDENTITY_LEN + 1])
{
    char text[GOTIME_TEXT_SIZE];
    assert(created > 0);
    account_hash(slice_str(gotime_rfc3339_text(created, text)), ret);
    ret[SOURCE_IDENTITY_LEN] = '\0';
}

/* ---- the header ---- */

/* Cuts a word off the front; empty when there is none. */
static struct slice word_take(struct slice *in)
{
    int64_t end = slice_find_byte(*in, ' ');
    struct slice word = end < 0 ? *in : slice_first(*in, (uint32_t)end);
    *in = end < 0 ? slice_from(*in, in->len) : slice_from(*in, (uint32_t)end + 1);
    return word;
}

void source_header_write(struct slice index, uint64_t sequence, struct slice subject,
                         struct slice identity, struct buf *out)
{
    struct slice rest = index, stream = word_take(&rest);
    assert(stream.len > 0 && rest.len > 0);
    assert(sequence > 0);
    buf_add(out, stream);
    buf_add_byte(out, ' ');
    buf_add_u64(out, sequence);
    buf_add_byte(out, ' ');
    buf_add(out, rest);
    buf_add_byte(out, ' ');
    buf_add(out, subject);
    if (identity.len == 0) return;
    buf_add_byte(out, ' ');
    buf_add(out, identity);
}

/* Neither a configuration nor an index name can have it. */
static bool has_nul(struct slice word)
{
    return slice_find_byte(word, '\0') >= 0;
}

bool source_header_read(struct slice value, struct source_header *ret)
{
    struct source_header h = { .stream = word_take(&value) };
    struct slice number = word_take(&value);
    h.filters = word_take(&value);
    h.destinations = word_take(&value);
    h.subject = word_take(&value);
    h.identity = word_take(&value);
    if (h.stream.len == 0 || h.filters.len == 0 || h.destinations.len == 0) return false;
    if (has_nul(h.stream) || has_nul(h.filters) || has_nul(h.destinations)) return false;
    if (has_nul(h.identity) || !slice_to_u64(number, &h.sequence)) return false;
    *ret = h;
    return true;
}

bool source_header_is_of(const struct source_header *h, struct slice index)
{
    struct slice rest = index;
    assert(index.len > 0);
    return slice_equal(word_take(&rest), h->stream) && slice_equal(word_take(&rest), h->filters) &&
           slice_equal(rest, h->destinations);
}
