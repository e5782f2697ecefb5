/* SPDX-License-Identifier: Apache-2.0 */
/* tls { }, ocsp_peer { }, ocsp and ocsp_cache. Certificates are opened here, because `-t` shall
 * find a wrong path. */
#include "base/assert.h"
#include "config/load_internal.h"
#include "config/value.h"
#include "crypto/keypair.h"
#include "crypto/password.h"
#include "json/gotime.h"

#include <stdio.h>

#define CANNOT "error parsing tls config, "

static void name_add(struct loader *l, struct string_list *list, const char *text)
{
    void *items = list->items;
    const char **item = arena_push(l->arena, &items, &list->count, sizeof(*item));
    list->items = items;
    *item = text;
}

/* --- simple keys --- */

static void file_read(struct loader *l, const struct field *f)
{
    if (f->value->kind != VALUE_TEXT) {
        load_error(l, f->value->pos, CANNOT "expected '%s' to be filename", f->name);
        return;
    }
    const char *path = value_text(f->value);
    *(const char **)(void *)((char *)f->into + f->row->offset) = path[0] == '\0' ? NULL : path;
}

static void flag_read(struct loader *l, const struct field *f)
{
    if (f->value->kind != VALUE_BOOL) {
        load_error(l, f->value->pos, CANNOT "expected '%s' to be a boolean", f->name);
        return;
    }
    *(bool *)((char *)f->into + f->row->offset) = f->value->boolean;
}

static void verify_and_map_read(struct loader *l, const struct field *f)
{
    struct tls_options *tls = f->into;
    flag_read(l, f);
    if (tls->verify_and_map) tls->verify = true;
}

static void known_urls_read(struct loader *l, const struct field *f)
{
    struct tls_options *tls = f->into;
    flag_read(l, f);
    if (!tls->verify_cert_and_check_known_urls) return;
    tls->verify = true;
    if (!l->in_gateway_or_cluster)
        load_error(l, f->value->pos,
                   "verify_cert_and_check_known_urls not supported in this context");
}

static void min_version_read(struct loader *l, const struct field *f)
{
    struct tls_options *tls = f->into;
    const struct value *v = f->value;
    if (v->kind != VALUE_TEXT) {
        load_error(l, v->pos, "error parsing tls config: 'min_version' wrong type: %s",
                   load_value_text(l, v));
        return;
    }
    static const struct {
        const char      *text;
        enum tls_version version;
    } known[] = {
        { "1.2", TLS_VERSION_1_2 },
        { "1.3", TLS_VERSION_1_3 },
        { "1.0", TLS_VERSION_UNSET },
        { "1.1", TLS_VERSION_UNSET },
    };
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        if (!slice_equal_str(v->text, known[i].text)) continue;
        tls->min_version = known[i].version;
        if (known[i].version == TLS_VERSION_UNSET)
            load_error(l, v->pos, "error parsing tls config: unsupported TLS version: TLS %s",
                       known[i].text);
        return;
    }
    load_error(l, v->pos, "error parsing tls config: unknown version: %s", value_text(v));
}

static void tls_timeout_read(struct loader *l, const struct field *f)
{
    struct tls_options *tls = f->into;
    load_timeout(l, "error parsing tls config, ", f, &tls->timeout);
}

static void rate_limit_read(struct loader *l, const struct field *f)
{
    struct tls_options *tls = f->into;
    if (f->value->kind != VALUE_INTEGER)
        load_error(l, f->value->pos, CANNOT "'connection_rate_limit' wrong type");
    else tls->connection_rate_limit = f->value->integer;
}

/* --- lists of names --- */

static const char *const ciphers[] = {
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
};

static const char *const insecure_ciphers[] = {
    "TLS_RSA_WITH_RC4_128_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
};

static const char *const curves[] = {
    "X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024", "X25519",
    "CurveP256",      "CurveP384",         "CurveP521",
};

static bool name_known(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

/* False when the value is no array with something in it. */
static bool names_array(struct loader *l, const struct field *f)
{
    if (!load_array(l, f->value)) return false;
    if (f->value->array.count > 0) return true;
    load_error(l, f->value->pos, CANNOT "'%s' cannot be empty", f->name);
    return false;
}

static void ciphers_read(struct loader *l, const struct field *f)
{
    struct tls_options *tls = f->into;
    if (!names_array(l, f)) return;
    tls->cipher_suites = (struct string_list){ .present = true };
    for (uint32_t i = 0; i < f->value->array.count; i++) {
        const struct value *item = f->value->array.items[i];
        const char *name;
        if (!load_text(l, item, &name)) continue;
        if (name_known(ciphers, ARRAY_COUNT(ciphers), name) ||
            name_known(insecure_ciphers, ARRAY_COUNT(insecure_ciphers), name))
            name_add(l, &tls->cipher_suites, name);
        else {
            load_error(l, item->pos, "unrecognized cipher %s", name);
            return;
        }
    }
}

static void curves_read(struct loader *l, const struct field *f)
{
    struct tls_options *tls = f->into;
    if (!names_array(l, f)) return;
    tls->curve_preferences = (struct string_list){ .present = true };
    for (uint32_t i = 0; i < f->value->array.count; i++) {
        const struct value *item = f->value->array.items[i];
        const char *name;
        if (!load_text(l, item, &name)) continue;
        if (name_known(curves, ARRAY_COUNT(curves), name))
            name_add(l, &tls->curve_preferences, name);
        else {
            load_error(l, item->pos, "unrecognized curve preference %s", name);
            return;
        }
    }
}

static bool is_sha256_hex(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

#define HEX_SHA256 "hex-encoded sha256 of DER encoded SubjectPublicKeyInfo"

static void pinned_certs_read(struct loader *l, const struct field *f)
{
    struct tls_options *tls = f->into;
    const struct value *v = f->value;
    if (v->kind != VALUE_ARRAY) {
        load_error(l, v->pos, CANNOT "expected 'pinned_certs' to be a list of " HEX_SHA256);
        return;
    }
    tls->pinned_certs = (struct string_list){ .present = true };
    for (uint32_t i = 0; i < v->array.count; i++) {
        const struct value *item = v->array.items[i];
        const char *text;
        if (!load_text(l, item, &text)) continue;
        const char *lower = load_lower(l->arena, item->text);
        if (!is_sha256_hex(lower)) {
            load_error(l, item->pos, CANNOT "'pinned_certs' key %s does not look like " HEX_SHA256,
                       lower);
            return;
        }
        name_add(l, &tls->pinned_certs, lower);
    }
}

/* --- handshake_first --- */

static void handshake_first_read(struct loader *l, const struct field *f)
{
    struct tls_options *tls = f->into;
    const struct value *v = f->value;
    static const nanos auto_fallback = 50 * MILLISECOND;
    if (v->kind == VALUE_BOOL) {
        tls->handshake_first = v->boolean;
        return;
    }
    if (v->kind != VALUE_TEXT) {
        load_error(l, v->pos, "field \"%s\" should be a boolean or a string, got %s", f->name,
                   value_type_name(v));
        return;
    }
    const char *word = load_lower(l->arena, v->text);
    nanos d = 0;
    tls->handshake_first = true;
    tls->handshake_first_fallback = 0;
    if (strcmp(word, "true") == 0 || strcmp(word, "on") == 0) return;
    if (strcmp(word, "false") == 0 || strcmp(word, "off") == 0) tls->handshake_first = false;
    else if (strcmp(word, "auto") == 0 || strcmp(word, "auto_fallback") == 0)
        tls->handshake_first_fallback = auto_fallback;
    else if (gotime_duration_parse(v->text, &d) == ERR_OK) tls->handshake_first_fallback = d;
    else
        load_error(l, v->pos, "field \"%s\"'s value %s is invalid", f->name,
                   load_quote(l, value_text(v)));
}

/* --- several certificates --- */

static bool pair_read(struct loader *l, const struct value *item, struct tls_cert *ret_cert)
{
    for (uint32_t i = 0; i < item->map.count; i++) {
        const struct value_member *m = &item->map.items[i];
        if (m->value->kind != VALUE_TEXT) {
            load_error(l, m->value->pos, "error parsing certificates config: unsupported type %s",
                       value_type_name(m->value));
            return false;
        }
        if (slice_equal_str(m->key, "cert_file")) ret_cert->cert_file = value_text(m->value);
        else if (slice_equal_str(m->key, "key_file")) ret_cert->key_file = value_text(m->value);
        else {
            load_error(l, m->value->pos, "error parsing tls certs config, unknown field %s",
                       load_quote(l, (const char *)m->key.ptr));
            return false;
        }
    }
    if (ret_cert->cert_file != NULL && ret_cert->key_file != NULL) return true;
    const struct option_pos pos = item->map.count > 0 ? item->map.items[0].value->pos : item->pos;
    load_error(
        l, pos,
        "error parsing certificates config: both 'cert_file' and 'cert_key' options are required");
    return false;
}

static void certs_read(struct loader *l, const struct field *f)
{
    struct tls_options *tls = f->into;
    const struct value *v = f->value;
    if (v->kind != VALUE_ARRAY) {
        load_error(l, v->pos,
                   "error parsing certificates config: unsupported type map[string]interface {}");
        return;
    }
    for (uint32_t i = 0; i < v->array.count; i++) {
        const struct value *item = v->array.items[i];
        struct tls_cert cert = { 0 };
        if (item->kind != VALUE_MAP) {
            load_error(l, item->pos, "error parsing certificates config: unsupported type %s",
                       value_type_name(item));
            return;
        }
        if (!pair_read(l, item, &cert)) return;
        void *items = tls->certs;
        struct tls_cert *at = arena_push(l->arena, &items, &tls->certs_count, sizeof(*at));
        tls->certs = items;
        *at = cert;
    }
}

/* --- the Windows store: known, and never there --- */

static bool words_check(struct loader *l, const struct field *f)
{
    if (f->value->kind == VALUE_TEXT && f->value->text.len > 0) return true;
    load_error(l, f->value->pos, "expected '%s' to be a valid non-empty string", f->name);
    return false;
}

static void cert_store_read(struct loader *l, const struct field *f)
{
    static const char *const stores[] = { "windowscurrentuser", "windowslocalmachine" };
    if (!words_check(l, f)) return;
    const char *name = load_lower(l->arena, f->value->text);
    bool known = name_known(stores, ARRAY_COUNT(stores), name);
    load_error(l, f->value->pos,
               known ? "cert_store not compatible with current operating system"
                     : "cert store type not implemented");
}

static void cert_match_by_read(struct loader *l, const struct field *f)
{
    static const char *const ways[] = { "subject", "issuer", "thumbprint" };
    struct tls_options *tls = f->into;
    if (!words_check(l, f)) return;
    const char *name = load_lower(l->arena, f->value->text);
    if (name_known(ways, ARRAY_COUNT(ways), name)) tls->cert_match_by = name;
    else load_error(l, f->value->pos, "cert match by type not implemented");
}

static void cert_match_read(struct loader *l, const struct field *f)
{
    struct tls_options *tls = f->into;
    if (words_check(l, f)) tls->cert_match = value_text(f->value);
}

/* A text or texts; nats-server passes over all else, but for an array with something else in it. */
static void ca_certs_match_read(struct loader *l, const struct field *f)
{
    struct tls_options *tls = f->into;
    const struct value *v = f->value;
    for (uint32_t i = 0; v->kind == VALUE_ARRAY && i < v->array.count; i++) {
        if (v->array.items[i]->kind == VALUE_TEXT) continue;
        load_error(l, v->pos,
                   "error parsing ca_cert_match: unsupported type *conf.token where string is "
                   "expected");
        return;
    }
    if (v->kind == VALUE_TEXT || v->kind == VALUE_ARRAY)
        (void)load_texts(l, f->name, v, &tls->ca_certs_match);
}

static void skip_invalid_read(struct loader *l, const struct field *f)
{
    struct tls_options *tls = f->into;
    if (f->value->kind == VALUE_BOOL) tls->cert_match_skip_invalid = f->value->boolean;
    else load_error(l, f->value->pos, "expected 'cert_match_skip_invalid' to be a boolean");
}

/* --- the block --- */

/* clang-format off */
#define AT(field) OPT_AT(struct tls_options, field)
#define OWN(field, reader, text) OPT_CUSTOM, AT(field), RELOAD_YES, .help = text, .read = reader
static const struct option_row tls_rows[] = {
    { "cert_file", OWN(cert_file, file_read, "PEM file with the certificate chain") },
    { "key_file", OWN(key_file, file_read, "PEM file with its private key") },
    { "ca_file", OWN(ca_file, file_read, "PEM file with the authorities to trust") },
    { "certs certificates", OWN(certs, certs_read, "several pairs of cert_file and key_file") },
    { "insecure", OWN(insecure, flag_read, "do not verify the server that is dialled; false") },
    { "verify", OWN(verify, flag_read, "demand and verify a client certificate; false") },
    { "verify_and_map", OPT_CUSTOM, AT(verify_and_map), RELOAD_NO,
      .help = "and take the user from it; false", .read = verify_and_map_read,
      .holds = OPT_BOOL, .go_name = "TLSMap" },
    { "verify_cert_and_check_known_urls", OWN(verify_cert_and_check_known_urls, known_urls_read,
      "the certificate must name a known URL (cluster, gateway); false") },
    { "cipher_suites", OWN(cipher_suites, ciphers_read,
      "TLS 1.2 ciphers by name; all that are secure") },
    { "allow_insecure_cipher_suites", OWN(allow_insecure_cipher_suites, flag_read,
      "accept weak names there; false") },
    { "curve_preferences", OWN(curve_preferences, curves_read,
      "key exchanges by name, best first") },
    { "min_version", OWN(min_version, min_version_read, "\"1.2\" or \"1.3\"; \"1.2\"") },
    { "timeout", OWN(timeout, tls_timeout_read,
      "time for the handshake, seconds or a duration; 2s") },
    { "connection_rate_limit", OPT_CUSTOM, AT(connection_rate_limit), RELOAD_NO,
      .help = "new connections a second; 0 (no limit)", .read = rate_limit_read,
      .holds = OPT_I64, .go_name = "TLSRateLimit" },
    { "pinned_certs", OWN(pinned_certs, pinned_certs_read,
      "SHA-256 of the public keys that are accepted, in hex") },
    { "handshake_first first immediate", OWN(handshake_first, handshake_first_read,
      "TLS before INFO: a bool, auto, or the time to wait for a client's hello; false") },
    { "ocsp_peer", OWN(ocsp_peer, load_ocsp_peer, "check peers' certificates by OCSP; false"),
      .block = &ocsp_peer_block },
    { "cert_store", OWN(cert_store, cert_store_read, "Windows only") },
    { "cert_match_by", OWN(cert_match_by, cert_match_by_read, "Windows only") },
    { "cert_match", OWN(cert_match, cert_match_read, "Windows only") },
    { "ca_certs_match", OWN(ca_certs_match, ca_certs_match_read, "Windows only") },
    { "cert_match_skip_invalid", OWN(cert_match_skip_invalid, skip_invalid_read, "Windows only") },
};
#undef AT
/* clang-format on */
const struct option_block tls_block = {
    OPT_BLOCK("tls", tls_rows),
    .unknown = "error parsing tls config, unknown field ",
    .unknown_ends = true,
};

static bool file_text(struct loader *l, const char *path, struct buf *ret_text, struct errmsg *why)
{
    return l->source->read(l->source->ctx, path, ret_text, why);
}

/* ORDER says which pair of a list it is, as " 1/2"; it is empty where there is only one. */
static bool pair_check(struct loader *l, struct tls_options *tls, const struct tls_cert *cert,
                       const char *order)
{
    struct buf chain = { 0 }, key = { 0 };
    struct errmsg why = { "" };
    bool good = file_text(l, cert->cert_file, &chain, &why) &&
                file_text(l, cert->key_file, &key, &why) &&
                keypair_check(buf_slice(&chain), buf_slice(&key), &why) == ERR_OK;
    nanos end = good ? keypair_not_after(buf_slice(&chain)) : 0;
    if (good && (tls->not_after == 0 || end < tls->not_after)) tls->not_after = end;
    buf_deinit(&chain);
    password_wipe(key.ptr, key.len);
    buf_deinit(&key);
    if (!good)
        load_error(l, tls->pos, "error parsing X509 certificate/key pair%s: %s", order, why.text);
    return good;
}

static bool pairs_check(struct loader *l, struct tls_options *tls)
{
    char order[32];
    for (uint32_t i = 0; i < tls->certs_count; i++) {
        (void)snprintf(order, sizeof order, " %u/%u", i + 1, tls->certs_count);
        if (!pair_check(l, tls, &tls->certs[i], order)) return false;
    }
    return true;
}

static void ca_check(struct loader *l, struct option_pos pos, const char *path)
{
    struct buf text = { 0 };
    struct errmsg why;
    if (!file_text(l, path, &text, &why)) load_error(l, pos, "%s", why.text);
    else if (!keypair_is_ca(buf_slice(&text)))
        load_error(l, pos, "failed to parse root ca certificate");
    buf_deinit(&text);
}

static bool insecure_check(struct loader *l, struct option_pos pos, const struct tls_options *tls)
{
    if (tls->allow_insecure_cipher_suites) return true;
    struct buf names = { 0 };
    for (uint32_t i = 0; i < tls->cipher_suites.count; i++) {
        if (!name_known(insecure_ciphers, ARRAY_COUNT(insecure_ciphers),
                        tls->cipher_suites.items[i]))
            continue;
        if (names.len > 0) buf_add_str(&names, ", ");
        buf_add_str(&names, tls->cipher_suites.items[i]);
    }
    bool good = names.len == 0;
    if (!good)
        load_error(l, pos,
                   "insecure cipher suites configured without "
                   "'allow_insecure_cipher_suites' option set: %s",
                   buf_str(&names));
    buf_deinit(&names);
    return good;
}

static void tls_check(struct loader *l, struct option_pos pos, struct tls_options *tls)
{
    if (tls->certs_count > 0 && tls->cert_file != NULL) {
        load_error(l, pos, CANNOT "cannot combine 'cert_file' option with 'certs' option");
        return;
    }
    if (!insecure_check(l, pos, tls)) return;
    if (tls->cert_file != NULL && tls->key_file == NULL) {
        load_error(l, pos, "missing 'key_file' in TLS configuration");
        return;
    }
    if (tls->key_file != NULL && tls->cert_file == NULL) {
        load_error(l, pos, "missing 'cert_file' in TLS configuration");
        return;
    }
    struct tls_cert one = { tls->cert_file, tls->key_file };
    if (tls->cert_file != NULL && !pair_check(l, tls, &one, "")) return;
    if (!pairs_check(l, tls)) return;
    if (tls->ca_file != NULL) ca_check(l, pos, tls->ca_file);
}

void load_tls(struct loader *l, const struct field *f)
{
    struct tls_options *tls = (void *)((char *)f->into + f->row->offset);
    if (!load_map(l, f->value)) return;
    *tls = (struct tls_options){ .present = true, .pos = f->value->pos };
    uint32_t errors = l->report->errors.count;
    bool whole = load_block(l, &tls_block, f->value, tls);
    if (whole && l->report->errors.count == errors) tls_check(l, f->value->pos, tls);
}
