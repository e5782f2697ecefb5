/* SPDX-License-Identifier: Apache-2.0 */
/*   header.claims.signature, each base64url without padding.
 *   Version 2 ("alg": "ed25519-nkey") signs "header.claims", version 1 ("ed25519") the claims
 *   alone. */
#include "config/jwt.h"

#include "crypto/nkey.h"
#include "json/reader.h"

static int sextet(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '-') return 62;
    if (c == '_') return 63;
    return -1;
}

static enum err decode(struct slice text, struct arena *arena, struct slice *ret,
                       struct errmsg *why)
{
    uint8_t *out = arena_alloc(arena, (size_t)text.len + 1);
    uint32_t len = 0, bits = 0, held = 0;
    for (uint32_t i = 0; i < text.len; i++) {
        int six = sextet(text.ptr[i]);
        if (six < 0) return errmsg_set(why, ERR_INVALID, "illegal base64 data at input byte %u", i);
        held = held << 6 | (uint32_t)six;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out[len++] = (uint8_t)(held >> bits);
    }
    if (bits >= 6)
        return errmsg_set(why, ERR_INVALID, "illegal base64 data at input byte %u", text.len - 1);
    *ret = slice_of(out, len);
    return ERR_OK;
}

static const char *text_member(struct json_value object, const char *name, struct arena *arena)
{
    struct json_value v;
    struct slice text = { 0 };
    if (!json_member(object, name, &v) || !json_to_slice(v, &text)) return "";
    return arena_str(arena, text);
}

/* Which bytes are signed; the empty slice for an unknown algorithm. */
static struct slice signed_part(struct slice header, struct slice whole, struct slice claims,
                                struct arena *arena)
{
    AUTO_FREE(json_doc) doc = NULL;
    if (json_doc_parse(header, NULL, &doc)) return (struct slice){ 0 };
    const char *type = text_member(json_doc_root(doc), "typ", arena);
    const char *algorithm = text_member(json_doc_root(doc), "alg", arena);
    if (strcmp(type, "JWT") != 0 && strcmp(type, "jwt") != 0) return (struct slice){ 0 };
    if (strcmp(algorithm, "ed25519-nkey") == 0) return whole;
    return strcmp(algorithm, "ed25519") == 0 ? claims : (struct slice){ 0 };
}

static enum err signature_check(const struct jwt *jwt, struct slice message, struct slice signature,
                                struct errmsg *why)
{
    struct nkey issuer;
    bool good = message.len > 0 && signature.len == NKEY_SIGNATURE &&
                nkey_decode(slice_str(jwt->issuer), &issuer) && issuer.kind != NKEY_CURVE &&
                nkey_verify(&issuer, message, signature.ptr);
    return good ? ERR_OK : errmsg_set(why, ERR_INVALID, "claim failed V2 signature verification");
}

enum err jwt_read(struct slice text, struct arena *arena, struct jwt *ret, struct errmsg *why)
{
    struct slice rest = text, chunks[3], decoded[3];
    uint32_t count = 0;
    for (struct slice all = text; count < 3; count++)
        if (!slice_cut(&all, '.', &chunks[count])) {
            rest = all;
            count++;
            break;
        }
    if (count != 3 || rest.len != 0 || slice_find_byte(chunks[2], '.') >= 0)
        return errmsg_set(why, ERR_INVALID, "expected 3 chunks");
    for (int i = 0; i < 3; i++) {
        enum err e = decode(chunks[i], arena, &decoded[i], why);
        if (e) return e;
    }
    AUTO_FREE(json_doc) doc = NULL;
    if (json_doc_parse(decoded[1], NULL, &doc))
        return errmsg_set(why, ERR_INVALID, "claims are not valid JSON");
    struct json_value root = json_doc_root(doc), nats = { 0 };
    struct jwt jwt = {
        .subject = text_member(root, "sub", arena),
        .issuer = text_member(root, "iss", arena),
        .kind = text_member(root, "type", arena),
        .name = text_member(root, "name", arena),
    };
    if (json_member(root, "nats", &nats) && text_member(nats, "type", arena)[0] != '\0')
        jwt.kind = text_member(nats, "type", arena);
    struct slice whole = slice_of(text.ptr, (size_t)(chunks[2].ptr - text.ptr) - 1);
    struct slice message = signed_part(decoded[0], whole, chunks[1], arena);
    enum err e = signature_check(&jwt, message, decoded[2], why);
    if (e == ERR_OK) *ret = jwt;
    return e;
}

struct slice jwt_undecorate(struct slice text)
{
    static const char begin[] = "-----BEGIN ";
    struct slice rest = text, line;
    while (rest.len > 0) {
        (void)slice_cut(&rest, '\n', &line);
        if (!slice_starts(line, slice_str(begin))) continue;
        while (rest.len > 0) {
            (void)slice_cut(&rest, '\n', &line);
            if (slice_trim(line).len > 0) return slice_trim(line);
        }
    }
    return slice_trim(text);
}
