/* SPDX-License-Identifier: Apache-2.0 */
#include "store/block_code.h"

#include <zstd.h>

#include "base/alloc.h"

/* Fast: the reactor does it, 32 KiB at a time. */
enum { ZSTD_LEVEL = 1 };

static bool is_sealed(const struct block_code *c)
{
    return c->seal->close != NULL;
}

static uint32_t overhead(const struct block_code *c)
{
    return is_sealed(c) ? c->seal->overhead : 0;
}

/* The compressed body behind room for a head; `*ret_len` 0 when it is not smaller. */
static uint8_t *compress(const uint8_t *body, uint32_t len, uint32_t more, uint32_t *ret_len)
{
    assert(len > 0);
    size_t room = ZSTD_compressBound(len);
    uint8_t *out = xalloc(PART_HEAD + room + more);
    size_t got = ZSTD_compress(out + PART_HEAD, room, body, len, ZSTD_LEVEL);
    *ret_len = ZSTD_isError(got) || got >= len ? 0 : (uint32_t)got;
    return out;
}

uint8_t *block_code_pack(const struct block_code *c, struct part_head *h, uint8_t *part,
                         bool is_compressed)
{
    uint8_t *out = part;
    uint32_t len = 0;
    assert(h->plain > 0);
    if (is_compressed) out = compress(part + PART_HEAD, h->plain, overhead(c), &len);
    h->flags = (len > 0 ? PART_FLAG_ZSTD : 0U) | (is_sealed(c) ? PART_FLAG_SEALED : 0U);
    if (len == 0 && out != part) out = xfree(out);
    if (len == 0) {
        len = h->plain;
        out = is_sealed(c) ? xalloc((size_t)PART_HEAD + len + overhead(c)) : part;
    }
    const uint8_t *body = h->flags & PART_FLAG_ZSTD ? out : part;
    h->stored = len + overhead(c);
    h->store_id = c->store_id;
    h->incarnation = c->incarnation;
    part_encode(h, out);
    if (is_sealed(c)) {
        c->seal->nonce(c->seal->ctx, out + PART_NONCE);
        c->seal->close(c->seal->ctx, out + PART_NONCE, part_context(out),
                       slice_of(body + PART_HEAD, len), out + PART_HEAD);
    }
    part_finish(out);
    return out;
}

static enum err unseal(const struct block_code *c, const uint8_t *part, struct slice *body,
                       uint8_t **ret)
{
    if (c->seal->open == NULL || body->len < c->seal->overhead) return ERR_CORRUPT;
    uint8_t *plain = xalloc(body->len);
    enum err e = c->seal->open(c->seal->ctx, part + PART_NONCE, part_context(part), *body, plain);
    if (e) {
        xfree(plain);
        return ERR_CORRUPT;
    }
    *body = slice_of(plain, body->len - c->seal->overhead);
    *ret = plain;
    return ERR_OK;
}

/* A frame says how long it becomes; nothing is allocated before that is what the head says. */
static enum err decompress(struct slice *body, uint32_t plain, uint8_t **ret)
{
    if (ZSTD_getFrameContentSize(body->ptr, body->len) != plain) return ERR_CORRUPT;
    uint8_t *out = xalloc(plain);
    size_t got = ZSTD_decompress(out, plain, body->ptr, body->len);
    if (ZSTD_isError(got) || got != plain) {
        xfree(out);
        return ERR_CORRUPT;
    }
    *body = slice_of(out, plain);
    *ret = out;
    return ERR_OK;
}

static enum err open_body(const struct block_code *c, const struct part_head *h,
                          const uint8_t *part, struct slice body, const uint8_t **ret_plain)
{
    uint8_t *unsealed = NULL, *plain = NULL;
    enum err e = ERR_OK;
    assert(body.len == h->stored);
    if (h->flags & PART_FLAG_SEALED) e = unseal(c, part, &body, &unsealed);
    if (e == ERR_OK && (h->flags & PART_FLAG_ZSTD)) e = decompress(&body, h->plain, &plain);
    if (e == ERR_OK && body.len != h->plain) e = ERR_CORRUPT;
    if (e || plain != NULL) unsealed = xfree(unsealed);
    if (e) xfree(plain);
    else *ret_plain = body.ptr;
    return e;
}

enum err block_code_unpack(const struct block_code *c, struct part_place place, struct slice part,
                           struct part_head *ret, const uint8_t **ret_plain)
{
    struct part_head h;
    enum part_verdict got = part_decode(part, c->store_id, &h);
    if (got == PART_NEWER) return ERR_INVALID;
    if (got == PART_NONE || h.incarnation != c->incarnation) return ERR_CORRUPT;
    if (h.block != place.block || h.offset != place.offset) return ERR_CORRUPT;
    if (h.stored > part.len - PART_HEAD) return ERR_CORRUPT;
    struct slice body = slice_of(part.ptr + PART_HEAD, h.stored);
    if (!part_body_check(&h, body)) return ERR_CORRUPT;
    enum err e = open_body(c, &h, part.ptr, body, ret_plain);
    if (e) return e;
    *ret = h;
    return ERR_OK;
}
