/* SPDX-License-Identifier: Apache-2.0 */
/* Reading is OpenSSL's; what is kept are plain bytes in the arena. */
#include "crypto/cert.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/buf.h"
#include "crypto/dn_types.h"

enum { OID_TEXT = 128 };

static const char *attr_type(X509_NAME_ENTRY *entry, struct arena *arena)
{
    char text[OID_TEXT];
    int  len = OBJ_obj2txt(text, sizeof text, X509_NAME_ENTRY_get_object(entry), 1);
    if (len <= 0 || len >= (int)sizeof text) return NULL;
    const struct dn_type *known = dn_type_by_oid(slice_str(text));
    return known != NULL ? known->name : arena_str(arena, slice_str(text));
}

static bool read_attr(X509_NAME_ENTRY *entry, struct arena *arena, struct dn_attr *ret)
{
    ret->type = attr_type(entry, arena);
    if (ret->type == NULL) return false;
    unsigned char *utf8 = NULL;
    int            len = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
    if (len < 0) return false;
    ret->value = arena_slice(arena, slice_of(utf8, (size_t)len));
    OPENSSL_free(utf8);
    return true;
}

static enum err read_name(X509_NAME *name, struct arena *arena, struct dn *ret)
{
    struct dn dn = { 0 };
    int       set = -1;                     /* entries of one RDN share a number */
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        if (X509_NAME_ENTRY_set(entry) != set) {
            set = X509_NAME_ENTRY_set(entry);
            if (dn.count == DN_RDNS_MAX) return ERR_INVALID;
            arena_push(arena, (void **)&dn.rdns, &dn.count, sizeof *dn.rdns);
        }
        assert(dn.rdns != NULL && dn.count > 0);
        struct dn_rdn *rdn = &dn.rdns[dn.count - 1];
        if (rdn->count == DN_ATTRS_MAX) return ERR_INVALID;
        struct dn_attr *attr = arena_push(arena, (void **)&rdn->attrs, &rdn->count,
                                          sizeof *rdn->attrs);
        if (!read_attr(entry, arena, attr)) return ERR_INVALID;
    }
    *ret = dn;
    return ERR_OK;
}

enum err dn_decode(struct slice der, struct arena *arena, struct dn *ret)
{
    const unsigned char *at = der.ptr;
    X509_NAME           *name = d2i_X509_NAME(NULL, &at, (long)der.len);
    ERR_clear_error();
    if (name == NULL) return ERR_INVALID;
    enum err e = at == der.ptr + der.len ? read_name(name, arena, ret) : ERR_INVALID;
    X509_NAME_free(name);
    return e;
}

static void add_name(struct cert_names *names, const ASN1_STRING *text, struct arena *arena)
{
    struct slice *name = arena_push(arena, (void **)&names->names, &names->count, sizeof *name);
    int           len = ASN1_STRING_length(text);
    *name = arena_slice(arena, slice_of(ASN1_STRING_get0_data(text), (size_t)len));
}

static void read_alternative_names(X509 *x, struct arena *arena, struct cert *cert)
{
    GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
        const GENERAL_NAME *one = sk_GENERAL_NAME_value(all, i);
        if (one->type == GEN_EMAIL) add_name(&cert->emails, one->d.rfc822Name, arena);
        if (one->type == GEN_DNS) add_name(&cert->dns, one->d.dNSName, arena);
        if (one->type == GEN_URI) add_name(&cert->uris, one->d.uniformResourceIdentifier, arena);
    }
    GENERAL_NAMES_free(all);
}

static nanos read_time(const ASN1_TIME *time)
{
    ASN1_TIME *origin = ASN1_TIME_set(NULL, 0);
    int        days = 0;
    int        seconds = 0;
    int        ok = ASN1_TIME_diff(&days, &seconds, origin, time);
    ASN1_TIME_free(origin);
    if (ok != 1) return 0;
    if (days >= NANOS_MAX / DAY) return NANOS_MAX;      /* beyond the year 2262 */
    return days * DAY + seconds * SECOND;
}

static bool read_spki_hash(X509 *x, uint8_t ret[CERT_HASH])
{
    unsigned char *der = NULL;
    int            len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
    if (len <= 0) return false;
    int ok = EVP_Digest(der, (size_t)len, ret, NULL, EVP_sha256(), NULL);
    OPENSSL_free(der);
    return ok == 1;
}

static enum err read_cert(X509 *x, struct arena *arena, struct cert *ret)
{
    struct cert cert = { .not_after = read_time(X509_get0_notAfter(x)) };
    enum err    e = read_name(X509_get_subject_name(x), arena, &cert.subject);
    if (e) return e;
    read_alternative_names(x, arena, &cert);
    if (!read_spki_hash(x, cert.spki_sha256)) return ERR_INVALID;
    *ret = cert;
    return ERR_OK;
}

enum err cert_parse(struct slice der, struct arena *arena, struct cert *ret)
{
    const unsigned char *at = der.ptr;
    X509                *x = d2i_X509(NULL, &at, (long)der.len);
    enum err             e = ERR_INVALID;
    if (x != NULL && at == der.ptr + der.len) e = read_cert(x, arena, ret);
    X509_free(x);
    ERR_clear_error();
    if (e) return e;
    int ok = EVP_Digest(der.ptr, der.len, ret->cert_sha256, NULL, EVP_sha256(), NULL);
    assert(ok == 1);
    return ERR_OK;
}

const char *cert_hash_hex(const uint8_t hash[CERT_HASH], char ret[CERT_HEX])
{
    static const char digits[] = "0123456789abcdef";
    for (uint32_t i = 0; i < CERT_HASH; i++) {
        ret[2 * i] = digits[hash[i] >> 4];
        ret[2 * i + 1] = digits[hash[i] & 15];
    }
    ret[2 * CERT_HASH] = 0;
    return ret;
}
