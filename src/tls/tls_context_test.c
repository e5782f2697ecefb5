/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/tls_context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/ssl.h>

#include "tls/tls_names.h"
#include "tls/tls_testing.h"

struct world {
    struct maker maker;
    struct buf warnings;
};

static const struct tls_pair server_pair = { "server.pem", "server.key" };

static int setup(void **state)
{
    struct world *w = test_calloc(1, sizeof *w);
    maker_init(&w->maker, "ca");
    maker_make(&w->maker, (struct made_cert){ .name = "server", .alternatives = "DNS:a.example" });
    maker_make(&w->maker, (struct made_cert){ .name = "other", .alternatives = "DNS:*.b.example" });
    maker_make(&w->maker,
               (struct made_cert){ .name = "rsa", .alternatives = "DNS:a.example", .rsa = true });
    buf_add_str(maker_file(&w->maker, "text", "pem"), "no certificate at all\n");
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    maker_deinit(&w->maker);
    buf_deinit(&w->warnings);
    test_free(w);
    return 0;
}

static void on_warn(void *ctx, const char *text)
{
    struct world *w = ctx;
    buf_printf(&w->warnings, "%s\n", text);
}

static enum err make(struct world *w, struct tls_settings s, struct tls_context **ret,
                     struct errmsg *why)
{
    if (s.pairs_count == 0) {
        s.pairs = &server_pair;
        s.pairs_count = 1;
    }
    s.warn = on_warn;
    s.ctx = w;
    return tls_context_new(&s, &w->maker.files, ret, why);
}

static void assert_refused(struct world *w, struct tls_settings s, const char *expected)
{
    struct tls_context *context;
    struct errmsg why = { "" };
    assert_int_not_equal(make(w, s, &context, &why), ERR_OK);
    if (strstr(why.text, expected) == NULL) fail_msg("%s, not: %s", why.text, expected);
}

static void what_is_wrong_with_a_file_is_told_by_name(void **state)
{
    static const struct {
        struct tls_pair pair;
        const char *why;
    } rows[] = {
        { { "absent.pem", "server.key" }, "open absent.pem: no such file or directory" },
        { { "server.pem", "absent.key" }, "open absent.key: no such file or directory" },
        { { "text.pem", "server.key" }, "no certificate in text.pem" },
        { { "server.pem", "server.pem" }, "no private key in server.pem" },
        { { "server.pem", "other.key" },
          "the private key in other.key does not belong to the certificate in server.pem" },
    };
    for (uint32_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_refused(*state, (struct tls_settings){ .pairs = &rows[i].pair, .pairs_count = 1 },
                       rows[i].why);
    assert_refused(*state, (struct tls_settings){ .ca_file = "absent.pem" }, "open absent.pem");
    assert_refused(*state, (struct tls_settings){ .ca_file = "text.pem" },
                   "failed to parse root ca certificate text.pem");
}

static void suites_and_curves_that_openssl_lacks_are_skipped_with_a_warning(void **state)
{
    struct world *w = *state;
    struct tls_context *context = NULL;
    struct errmsg why = { "" };
    static const char *const suites[] = { "TLS_RSA_WITH_RC4_128_SHA",
                                          "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" };
    static const char *const curves[] = { "NoSuchCurve", "CurveP256" };
    assert_int_equal(
        make(w,
             (struct tls_settings){
                 .suites = suites, .suites_count = 2, .curves = curves, .curves_count = 2 },
             &context, &why),
        ERR_OK);
    assert_string_equal(buf_str(&w->warnings),
                        "cipher suite TLS_RSA_WITH_RC4_128_SHA is not available and is skipped\n"
                        "curve NoSuchCurve is not available and is skipped\n");
    tls_context_unref(context);
}

static void a_list_with_nothing_left_is_an_error(void **state)
{
    static const char *const suites[] = { "TLS_RSA_WITH_RC4_128_SHA" };
    static const char *const curves[] = { "NoSuchCurve" };
    assert_refused(*state, (struct tls_settings){ .suites = suites, .suites_count = 1 },
                   "no listed cipher suite is available");
    assert_refused(*state, (struct tls_settings){ .curves = curves, .curves_count = 1 },
                   "no listed curve preference is available");
}

/* The client's end of a handshake in memory. Returns NULL when it failed. */
static SSL *shake(struct tls_context *context, SSL_CTX *with, const char *name, int version,
                  const char *suites)
{
    SSL *server = SSL_new(tls_context_native(context)), *client = SSL_new(with);
    BIO *up = BIO_new(BIO_s_mem()), *down = BIO_new(BIO_s_mem());
    BIO_up_ref(up);
    BIO_up_ref(down);
    SSL_set_bio(client, down, up);
    SSL_set_bio(server, up, down);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    SSL_set_min_proto_version(client, version);
    SSL_set_max_proto_version(client, version);
    if (name != NULL) SSL_set_tlsext_host_name(client, name);
    if (suites != NULL) assert_int_equal(SSL_set_cipher_list(client, suites), 1);
    for (int i = 0; i < 10; i++) {
        (void)SSL_do_handshake(client);
        (void)SSL_do_handshake(server);
    }
    bool done = SSL_is_init_finished(client) && SSL_is_init_finished(server);
    SSL_free(server);
    if (done) return client;
    SSL_free(client);
    return NULL;
}

static void assert_shown(struct tls_context *context, const char *name, const char *suites,
                         const char *expected)
{
    SSL_CTX *with = SSL_CTX_new(TLS_client_method());
    SSL *client = shake(context, with, name, TLS1_2_VERSION, suites);
    assert_non_null(client);
    char common[64];
    X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(client)),
                              NID_commonName, common, sizeof common);
    assert_string_equal(common, expected);
    SSL_free(client);
    SSL_CTX_free(with);
}

static void the_certificate_is_chosen_by_name_then_by_kind_of_key(void **state)
{
    static const struct tls_pair pairs[] = { { "server.pem", "server.key" },
                                             { "other.pem", "other.key" },
                                             { "rsa.pem", "rsa.key" } };
    struct tls_context *context = NULL;
    struct errmsg why = { "" };
    assert_int_equal(
        make(*state, (struct tls_settings){ .pairs = pairs, .pairs_count = 3 }, &context, &why),
        ERR_OK);
    assert_shown(context, NULL, NULL, "server");
    assert_shown(context, "a.example", NULL, "server");
    assert_shown(context, "x.b.example", NULL, "other");
    assert_shown(context, "unknown.example", NULL, "server");
    assert_shown(context, "a.example", "ECDHE-RSA-AES128-GCM-SHA256", "rsa");
    tls_context_unref(context);
}

static bool shakes(struct tls_context *context, int version, const char *suites)
{
    SSL_CTX *with = SSL_CTX_new(TLS_client_method());
    SSL *client = shake(context, with, NULL, version, suites);
    bool done = client != NULL;
    SSL_free(client);
    SSL_CTX_free(with);
    return done;
}

static void a_list_of_suites_binds_tls_1_2_only(void **state)
{
    static const char *const one[] = { "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" };
    static const char *const only_1_3[] = { "TLS_AES_128_GCM_SHA256" };
    struct tls_context *context = NULL;
    struct errmsg why = { "" };
    assert_int_equal(
        make(*state, (struct tls_settings){ .suites = one, .suites_count = 1 }, &context, &why),
        ERR_OK);
    assert_true(shakes(context, TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384"));
    assert_false(shakes(context, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256"));
    assert_true(shakes(context, TLS1_3_VERSION, NULL));
    context = tls_context_unref(context);
    assert_int_equal(make(*state, (struct tls_settings){ .suites = only_1_3, .suites_count = 1 },
                          &context, &why),
                     ERR_OK);
    assert_false(shakes(context, TLS1_2_VERSION, NULL));
    assert_true(shakes(context, TLS1_3_VERSION, NULL));
    tls_context_unref(context);
}

static void each_suite_that_openssl_should_have_it_has(void **state)
{
    (void)state;
    const struct tls_suite *suite;
    SSL_CTX *native = SSL_CTX_new(TLS_server_method());
    for (uint32_t i = 0; (suite = tls_suite_at(i)) != NULL; i++) {
        assert_ptr_equal(tls_suite_find(suite->name), suite);
        if (suite->openssl == NULL) continue;
        int ok = suite->class == SUITE_1_3 ? SSL_CTX_set_ciphersuites(native, suite->openssl)
                                           : SSL_CTX_set_cipher_list(native, suite->openssl);
        if (ok != 1) fail_msg("%s", suite->name);
    }
    SSL_CTX_free(native);
    assert_null(tls_suite_find("TLS_NO_SUCH_SUITE"));
    assert_non_null(tls_suite_find("tls_aes_128_gcm_sha256"));
    assert_string_equal(tls_curve_find("curvep256")->openssl, "P-256");
    assert_null(tls_curve_find("P-257"));
}

static void the_end_of_validity_is_the_first_of_all_certificates(void **state)
{
    struct world *w = *state;
    maker_make(&w->maker, (struct made_cert){ .name = "old", .expired = true });
    static const struct tls_pair pairs[] = { { "server.pem", "server.key" },
                                             { "old.pem", "old.key" } };
    struct tls_context *one = NULL, *two = NULL;
    struct errmsg why = { "" };
    assert_int_equal(make(w, (struct tls_settings){ 0 }, &one, &why), ERR_OK);
    assert_int_equal(make(w, (struct tls_settings){ .pairs = pairs, .pairs_count = 2 }, &two, &why),
                     ERR_OK);
    nanos apart = tls_context_not_after(one) - tls_context_not_after(two);
    assert_true(apart > 2 * DAY - HOUR && apart < 2 * DAY + HOUR);
    tls_context_unref(one);
    tls_context_unref(two);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_is_wrong_with_a_file_is_told_by_name),
        T(suites_and_curves_that_openssl_lacks_are_skipped_with_a_warning),
        T(a_list_with_nothing_left_is_an_error),
        T(the_certificate_is_chosen_by_name_then_by_kind_of_key),
        T(a_list_of_suites_binds_tls_1_2_only),
        T(each_suite_that_openssl_should_have_it_has),
        T(the_end_of_validity_is_the_first_of_all_certificates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
