/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "auth/pass_cache.h"
#include "auth/test_options.h"
#include "crypto/cert.h"
#include "crypto/nkey.h"

#define HASH_OF_S3CRET "$2a$04$ou8P/2wOR4bI1q0LpXmW/O0CShP.itrZqLL1BbNb5CGrjo7piZVEC"
#define LIT(text) SLICE_LIT(text)

static const struct slice nonce = SLICE_LIT("DEkRsqZv_jht7Eo");

struct made {
    struct options   *options;
    struct directory *directory;
};

static int setup(void **state)
{
    struct made *m = test_calloc(1, sizeof *m);
    m->options = options_new();
    *state = m;
    return 0;
}

static int teardown(void **state)
{
    struct made *m = *state;
    options_free(m->options);
    (void)directory_unref(m->directory);
    test_free(m);
    return 0;
}

static void ready(struct made *m)
{
    (void)directory_unref(m->directory);
    m->directory = NULL;
    assert_int_equal(directory_new(m->options, test_setup, &m->directory, NULL), ERR_OK);
}

static enum auth_verdict decide(const struct made *m, struct auth_request request,
                                struct auth_result *ret)
{
    if (request.type == 0) request.type = CONNECTION_STANDARD;
    return auth_decide(m->directory, &request, ret);
}

/* "" : nobody in particular. */
static void expect_accepted(const struct made *m, struct auth_request request, const char *name)
{
    struct auth_result r;
    assert_int_equal(decide(m, request, &r), AUTH_ACCEPTED);
    assert_string_equal(r.user == NULL ? "" : r.user->name, name);
    assert_non_null(r.account);
    assert_int_equal(r.reason, AUTH_REASON_NONE);
    if (r.user != NULL) assert_ptr_equal(r.permissions, r.user->permissions);
}

static void expect_refused(const struct made *m, struct auth_request request, const char *reason)
{
    struct auth_result r;
    assert_int_equal(decide(m, request, &r), AUTH_REFUSED);
    assert_string_equal(auth_reason_text(r.reason), reason);
    assert_null(r.user);
    assert_null(r.account);
    assert_null(r.permissions);
    assert_null(r.check.hash);
}

#define WRONG "Authentication Failure"

static void a_user_needs_his_password(void **state)
{
    struct made *m = *state;
    (void)test_user(m->options, "u", "p");
    (void)test_user(m->options, "v", NULL);
    ready(m);
    expect_accepted(m, (struct auth_request){ .user = LIT("u"), .pass = LIT("p") }, "u");
    expect_accepted(m, (struct auth_request){ .user = LIT("v") }, "v");
    expect_refused(m, (struct auth_request){ .user = LIT("u") }, WRONG);
    expect_refused(m, (struct auth_request){ .user = LIT("u"), .pass = LIT("P") }, WRONG);
    expect_refused(m, (struct auth_request){ .user = LIT("u"), .token = LIT("p") }, WRONG);
    expect_refused(m, (struct auth_request){ .user = LIT("v"), .pass = LIT("x") }, WRONG);
    expect_refused(m, (struct auth_request){ .user = LIT("w") }, WRONG);
    expect_refused(m, (struct auth_request){ .pass = LIT("p") }, WRONG);
    expect_refused(m, (struct auth_request){ .token = LIT("p") }, WRONG);
    expect_refused(m, (struct auth_request){ .type = CONNECTION_STANDARD }, WRONG);
}

static void a_single_user_and_a_token_work_alike(void **state)
{
    struct made *m = *state;
    m->options->authorization.user = "u";
    m->options->authorization.pass = "p";
    m->options->websocket.authorization.token = "tt";
    ready(m);
    expect_accepted(m, (struct auth_request){ .user = LIT("u"), .pass = LIT("p") }, "u");
    expect_refused(m, (struct auth_request){ .user = LIT("x"), .pass = LIT("p") }, WRONG);
    expect_refused(m, (struct auth_request){ .user = LIT("u"), .pass = LIT("x") }, WRONG);
    expect_refused(m, (struct auth_request){ .token = LIT("tt") }, WRONG);
    struct auth_request ws = { .type = CONNECTION_WEBSOCKET, .token = LIT("tt") };
    expect_accepted(m, ws, "[REDACTED]");
    ws.token = LIT("t");
    expect_refused(m, ws, WRONG);
    ws = (struct auth_request){ .type = CONNECTION_WEBSOCKET, .user = LIT("u"), .pass = LIT("p") };
    expect_refused(m, ws, WRONG);
}

static void without_rules_credentials_are_not_looked_at(void **state)
{
    struct made *m = *state;
    ready(m);
    struct auth_result r;
    expect_accepted(m, (struct auth_request){ .user = LIT("x"), .pass = LIT("y") }, "");
    assert_int_equal(decide(m, (struct auth_request){ .user = LIT("x") }, &r), AUTH_ACCEPTED);
    assert_true(slice_equal_str(r.name, "x"));
    assert_string_equal(r.account->name, "$G");
    assert_int_equal(decide(m, (struct auth_request){ .token = LIT("x") }, &r), AUTH_ACCEPTED);
    assert_true(slice_equal_str(r.name, "[REDACTED]"));
}

/* Advisory 2022-01. */
static void a_dormant_field_is_a_violation_even_where_all_are_let_in(void **state)
{
    struct made *m = *state;
    ready(m);
    expect_refused(m, (struct auth_request){ .dormant_field = true }, WRONG);
    (void)test_user(m->options, "u", "p");
    ready(m);
    struct auth_request r = { .user = LIT("u"), .pass = LIT("p"), .dormant_field = true };
    expect_refused(m, r, WRONG);
}

/* Advisories 2026-16 and 2026-24: whatever the path, the same limits. */
static void a_no_auth_user_is_held_to_kind_and_proxy_on_every_path(void **state)
{
    struct made *m = *state;
    struct user_options *u = test_user(m->options, "u", "p");
    m->options->no_auth_user = "u";
    u->connection_types = CONNECTION_STANDARD;
    ready(m);
    for (int fast = 0; fast < 2; fast++) {
        struct auth_request r = { .type = CONNECTION_STANDARD, .in_fast_path = fast == 1 };
        expect_accepted(m, r, "u");
        r.type = CONNECTION_WEBSOCKET;
        expect_refused(m, r, WRONG);
        r.type = CONNECTION_LEAFNODE;
        expect_refused(m, r, WRONG);
    }
    m->options->authorization.users.items[0].connection_types = 0;
    m->options->authorization.users.items[0].proxy_required = true;
    ready(m);
    for (int fast = 0; fast < 2; fast++) {
        struct auth_request r = { .in_fast_path = fast == 1 };
        expect_refused(m, r, "Proxy Required");
    }
    expect_refused(m, (struct auth_request){ .user = LIT("u"), .pass = LIT("p") },
                   "Proxy Required");
}

static void without_connect_only_a_no_auth_user_gets_in(void **state)
{
    struct made *m = *state;
    (void)test_user(m->options, "u", "p");
    ready(m);
    struct auth_request r = { .in_fast_path = true, .user = LIT("u"), .pass = LIT("p") };
    expect_refused(m, r, WRONG);
    m->options->no_auth_user = "u";
    ready(m);
    r.user = LIT("nobody");
    expect_accepted(m, r, "u");
    r.type = CONNECTION_LEAFNODE;
    expect_refused(m, r, WRONG);
}

static void a_no_auth_user_is_assumed_only_without_any_credential(void **state)
{
    struct made *m = *state;
    (void)test_user(m->options, "u", "p");
    m->options->no_auth_user = "u";
    ready(m);
    expect_accepted(m, (struct auth_request){ .type = CONNECTION_STANDARD }, "u");
    expect_refused(m, (struct auth_request){ .user = LIT("u") }, WRONG);
    expect_refused(m, (struct auth_request){ .pass = LIT("p") }, WRONG);
    expect_refused(m, (struct auth_request){ .token = LIT("x") }, WRONG);
}

static void connection_types_hold_for_every_user(void **state)
{
    struct made *m = *state;
    test_user(m->options, "u", "p")->connection_types = CONNECTION_WEBSOCKET | CONNECTION_MQTT;
    ready(m);
    static const enum connection_type yes[] = { CONNECTION_WEBSOCKET, CONNECTION_MQTT };
    static const enum connection_type no[] = { CONNECTION_STANDARD, CONNECTION_IN_PROCESS,
                                               CONNECTION_MQTT_WS, CONNECTION_LEAFNODE,
                                               CONNECTION_LEAFNODE_WS };
    struct auth_request r = { .user = LIT("u"), .pass = LIT("p") };
    for (size_t i = 0; i < ARRAY_COUNT(yes); i++) {
        r.type = yes[i];
        expect_accepted(m, r, "u");
    }
    for (size_t i = 0; i < ARRAY_COUNT(no); i++) {
        r.type = no[i];
        expect_refused(m, r, WRONG);
    }
}

struct signer {
    struct nkey seed;
    char        public[NKEY_TEXT_SIZE];
    char        sig[128];
};

static struct signer signer_new(uint8_t byte, struct slice message)
{
    struct signer s = { .seed = { .kind = NKEY_USER, .raw = { byte } } };
    struct nkey public = nkey_public(&s.seed);
    uint8_t signature[NKEY_SIGNATURE];
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    (void)nkey_encode(&public, s.public);
    nkey_sign(&s.seed, message, signature);
    uint32_t bits = 0, held = 0, at = 0;
    for (uint32_t i = 0; i < NKEY_SIGNATURE; i++) {
        bits = bits << 8 | signature[i];
        for (held += 8; held >= 6; held -= 6) s.sig[at++] = digits[bits >> (held - 6) & 63];
    }
    if (held > 0) s.sig[at++] = digits[bits << (6 - held) & 63];
    return s;
}

static void an_nkey_needs_the_signature_of_this_nonce(void **state)
{
    struct made *m = *state;
    struct signer s = signer_new(1, nonce), stranger = signer_new(2, nonce);
    (void)test_nkey(m->options, s.public);
    (void)test_user(m->options, "u", "p");
    ready(m);
    struct auth_request r = { .nkey = slice_str(s.public),
                              .sig = slice_str(s.sig),
                              .nonce = nonce };
    expect_accepted(m, r, s.public);
    r.nonce = LIT("DEkRsqZv_jht7Ep");
    expect_refused(m, r, WRONG);
    r.nonce = LIT("");
    expect_refused(m, r, WRONG);
    r.nonce = nonce;
    r.sig = slice_str(stranger.sig);
    expect_refused(m, r, WRONG);
    r.sig = LIT("");
    expect_refused(m, r, WRONG);
    r = (struct auth_request){ .nkey = slice_str(stranger.public),
                               .sig = slice_str(stranger.sig),
                               .nonce = nonce };
    expect_refused(m, r, WRONG);
    /* a claimed key decides, whatever else is right */
    r.user = LIT("u");
    r.pass = LIT("p");
    expect_refused(m, r, WRONG);
    r.nkey = LIT("");
    expect_accepted(m, r, "u");
    /* its name is no user's name */
    expect_refused(m, (struct auth_request){ .user = slice_str(s.public) }, WRONG);
}

static void an_nkey_as_no_auth_user_needs_connect_but_no_signature(void **state)
{
    struct made *m = *state;
    struct signer s = signer_new(1, nonce);
    (void)test_nkey(m->options, s.public);
    m->options->no_auth_user = s.public;
    ready(m);
    expect_accepted(m, (struct auth_request){ .type = CONNECTION_STANDARD }, s.public);
    expect_refused(m, (struct auth_request){ .in_fast_path = true }, WRONG);
    expect_refused(m, (struct auth_request){ .user = LIT("x") }, WRONG);
}

static struct cert cert_of(struct made *m, const char *subject)
{
    struct cert cert = { 0 };
    assert_int_equal(dn_parse(slice_str(subject), m->options->arena, &cert.subject), ERR_OK);
    return cert;
}

static void a_certificate_names_the_user_and_a_password_still_counts(void **state)
{
    struct made *m = *state;
    (void)test_user(m->options, "CN=bob", NULL);
    (void)test_user(m->options, "CN=eve", "p");
    (void)test_user(m->options, "z", "p");
    m->options->tls.verify_and_map = true;
    ready(m);
    struct cert bob = cert_of(m, "CN=bob"), eve = cert_of(m, "CN=eve"), no = cert_of(m, "CN=no");
    expect_accepted(m, (struct auth_request){ .cert = &bob }, "CN=bob");
    expect_accepted(m, (struct auth_request){ .cert = &bob, .user = LIT("z") }, "CN=bob");
    expect_refused(m, (struct auth_request){ .cert = &bob, .pass = LIT("x") }, WRONG);
    expect_refused(m, (struct auth_request){ .cert = &eve }, WRONG);
    expect_accepted(m, (struct auth_request){ .cert = &eve, .pass = LIT("p") }, "CN=eve");
    expect_refused(m, (struct auth_request){ .cert = &no }, WRONG);
    struct auth_request z = { .cert = &no, .user = LIT("z"), .pass = LIT("p") };
    expect_refused(m, z, WRONG);
    z.cert = NULL;
    expect_refused(m, z, WRONG);
    expect_refused(m, (struct auth_request){ .cert = &bob, .in_fast_path = true }, WRONG);
    m->options->no_auth_user = "z";
    ready(m);
    expect_accepted(m, (struct auth_request){ .cert = &bob, .in_fast_path = true }, "CN=bob");
    expect_refused(m, (struct auth_request){ .cert = &no, .in_fast_path = true }, WRONG);
    expect_refused(m, (struct auth_request){ .cert = &no }, WRONG);
}

static void a_certificate_user_does_not_get_in_by_name_on_another_listener(void **state)
{
    struct made *m = *state;
    (void)test_user(m->options, "CN=bob", NULL);
    (void)test_user(m->options, "y", "p");
    (void)test_user(m->options, "z", NULL);
    struct cert bob = cert_of(m, "CN=bob");
    struct auth_request ws = { .type = CONNECTION_WEBSOCKET, .user = LIT("CN=bob"), .cert = &bob };
    ready(m);
    expect_accepted(m, ws, "CN=bob");
    m->options->tls.verify_and_map = true;
    ready(m);
    expect_refused(m, ws, WRONG);
    ws.user = LIT("z");
    expect_refused(m, ws, WRONG);
    ws.user = LIT("y");
    ws.pass = LIT("p");
    expect_accepted(m, ws, "y");
    m->options->no_auth_user = "z";
    ready(m);
    ws.user = LIT("z");
    ws.pass = LIT("");
    expect_accepted(m, ws, "z");
}

static void bcrypt_is_pending_until_the_worker_has_said(void **state)
{
    struct made *m = *state;
    (void)test_user(m->options, "u", HASH_OF_S3CRET);
    ready(m);
    struct auth_result r;
    struct auth_request q = { .user = LIT("u"), .pass = LIT("s3cret") };
    assert_int_equal(decide(m, q, &r), AUTH_PENDING_BCRYPT);
    struct auth_check travelling = r.check;
    assert_true(auth_check_run(&travelling));
    assert_int_equal(auth_finish(&r, true, NULL, 0), AUTH_ACCEPTED);
    assert_string_equal(r.user->name, "u");
    assert_null(r.check.hash);
    assert_int_equal(r.check.password[0], 0);

    q.pass = LIT("wrong");
    assert_int_equal(decide(m, q, &r), AUTH_PENDING_BCRYPT);
    assert_false(auth_check_run(&r.check));
    assert_int_equal(auth_finish(&r, false, NULL, 0), AUTH_REFUSED);
    assert_null(r.user);
    assert_null(r.account);
    assert_int_equal(r.reason, AUTH_REASON_FAILURE);
    assert_true(slice_equal_str(r.name, "u"));
}

static void who_does_not_exist_costs_as_much_and_never_gets_in(void **state)
{
    struct made *m = *state;
    (void)test_user(m->options, "u", HASH_OF_S3CRET);
    (void)test_user(m->options, "plain", "p");
    test_user(m->options, "ws", HASH_OF_S3CRET)->connection_types = CONNECTION_WEBSOCKET;
    ready(m);
    static const struct slice names[] = { SLICE_LIT("nobody"), SLICE_LIT("plain"),
                                          SLICE_LIT("ws") };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct auth_result r;
        struct auth_request q = { .user = names[i], .pass = LIT("s3cret") };
        assert_int_equal(decide(m, q, &r), AUTH_PENDING_BCRYPT);
        assert_true(r.check.is_dummy);
        assert_null(r.user);
        assert_false(auth_check_run(&r.check));
        assert_int_equal(auth_finish(&r, true, NULL, 0), AUTH_REFUSED);
    }
    expect_accepted(m, (struct auth_request){ .user = LIT("plain"), .pass = LIT("p") }, "plain");
}

static void a_password_that_matched_is_remembered_and_no_other(void **state)
{
    struct made *m = *state;
    static const uint8_t key[PASSWORD_KEY] = { 9 };
    AUTO_FREE(pass_cache) cache = pass_cache_new(key);
    (void)test_user(m->options, "u", HASH_OF_S3CRET);
    ready(m);
    struct auth_result r;
    struct auth_request q = { .user = LIT("u"), .pass = LIT("wrong"), .cache = cache, .now = 5 };
    assert_int_equal(decide(m, q, &r), AUTH_PENDING_BCRYPT);
    assert_int_equal(auth_finish(&r, false, cache, 5), AUTH_REFUSED);
    assert_int_equal(decide(m, q, &r), AUTH_PENDING_BCRYPT);
    auth_check_wipe(&r.check);

    q.pass = LIT("s3cret");
    assert_int_equal(decide(m, q, &r), AUTH_PENDING_BCRYPT);
    assert_int_equal(auth_finish(&r, true, cache, 5), AUTH_ACCEPTED);
    expect_accepted(m, q, "u");
    q.user = LIT("nobody");
    assert_int_equal(decide(m, q, &r), AUTH_PENDING_BCRYPT);
    assert_int_equal(auth_finish(&r, true, cache, 5), AUTH_REFUSED);
    q.user = LIT("u");
    q.now = 5 + PASS_CACHE_TTL;
    assert_int_equal(decide(m, q, &r), AUTH_PENDING_BCRYPT);
    auth_check_wipe(&r.check);
}

static void a_long_password_is_cut_where_bcrypt_stops_reading(void **state)
{
    struct made *m = *state;
    static const char hash[] = "$2a$04$HMmbBKTaGIgapvVhgS.Lm.cTYKbWF7l3nUnbHgBzF2ttOHjEd4K4m";
    (void)test_user(m->options, "u", hash);
    ready(m);
    char password[4000];
    for (size_t i = 0; i < sizeof password; i++) password[i] = (char)('0' + i % 10);
    struct auth_result r;
    struct auth_request q = { .user = LIT("u"), .pass = slice_of(password, sizeof password) };
    assert_int_equal(decide(m, q, &r), AUTH_PENDING_BCRYPT);
    assert_true(auth_check_run(&r.check));
    assert_int_equal(auth_finish(&r, true, NULL, 0), AUTH_ACCEPTED);
}

static void a_bcrypt_token_is_checked_like_a_password(void **state)
{
    struct made *m = *state;
    m->options->authorization.token = HASH_OF_S3CRET;
    ready(m);
    struct auth_result r;
    assert_int_equal(decide(m, (struct auth_request){ .token = LIT("s3cret") }, &r),
                     AUTH_PENDING_BCRYPT);
    assert_true(auth_check_run(&r.check));
    assert_int_equal(auth_finish(&r, true, NULL, 0), AUTH_ACCEPTED);
    assert_true(slice_equal_str(r.name, "[REDACTED]"));
    struct auth_request hash_itself = { .token = LIT(HASH_OF_S3CRET) };
    assert_int_equal(decide(m, hash_itself, &r), AUTH_PENDING_BCRYPT);
    assert_false(auth_check_run(&r.check));
    auth_check_wipe(&r.check);
}

static void a_proxy_is_trusted_by_its_signature_only(void **state)
{
    struct made *m = *state;
    struct signer proxy = signer_new(3, nonce), other = signer_new(4, nonce);
    const char *trusted[] = { proxy.public };
    m->options->proxies.trusted = (struct string_list){ trusted, 1, true };
    test_user(m->options, "u", "p")->proxy_required = true;
    (void)test_user(m->options, "v", "p");
    ready(m);
    struct auth_result r;
    struct auth_request q = {
        .user = LIT("u"), .pass = LIT("p"), .nonce = nonce, .proxy_sig = slice_str(proxy.sig)
    };
    expect_accepted(m, q, "u");
    assert_int_equal(decide(m, q, &r), AUTH_ACCEPTED);
    assert_string_equal(r.proxy_key, proxy.public);
    q.proxy_sig = slice_str(other.sig);
    expect_refused(m, q, "Proxy Not Trusted");
    q.user = LIT("v");
    expect_refused(m, q, "Proxy Not Trusted");
    q.proxy_sig = LIT("");
    expect_accepted(m, q, "v");
    q.user = LIT("u");
    expect_refused(m, q, "Proxy Required");
}

static void leafnodes_with_a_block_of_their_own_know_only_its_users(void **state)
{
    struct made *m = *state;
    (void)test_user(m->options, "u", "p");
    ready(m);
    struct auth_request leaf = { .type = CONNECTION_LEAFNODE, .user = LIT("u"), .pass = LIT("p") };
    expect_accepted(m, leaf, "u");
    (void)test_account(m->options, "A");
    struct user_options *l = test_user_in(m->options, &m->options->leafnodes.authorization.users);
    *l = (struct user_options){ .name = "l", .pass = "x", .account = "A" };
    ready(m);
    expect_refused(m, leaf, WRONG);
    leaf.user = LIT("l");
    leaf.pass = LIT("x");
    struct auth_result r;
    assert_int_equal(decide(m, leaf, &r), AUTH_ACCEPTED);
    assert_string_equal(r.account->name, "A");
    leaf.type = CONNECTION_STANDARD;
    expect_refused(m, leaf, WRONG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_user_needs_his_password),
        TEST(a_single_user_and_a_token_work_alike),
        TEST(without_rules_credentials_are_not_looked_at),
        TEST(a_dormant_field_is_a_violation_even_where_all_are_let_in),
        TEST(a_no_auth_user_is_held_to_kind_and_proxy_on_every_path),
        TEST(without_connect_only_a_no_auth_user_gets_in),
        TEST(a_no_auth_user_is_assumed_only_without_any_credential),
        TEST(connection_types_hold_for_every_user),
        TEST(an_nkey_needs_the_signature_of_this_nonce),
        TEST(an_nkey_as_no_auth_user_needs_connect_but_no_signature),
        TEST(a_certificate_names_the_user_and_a_password_still_counts),
        TEST(a_certificate_user_does_not_get_in_by_name_on_another_listener),
        TEST(bcrypt_is_pending_until_the_worker_has_said),
        TEST(who_does_not_exist_costs_as_much_and_never_gets_in),
        TEST(a_password_that_matched_is_remembered_and_no_other),
        TEST(a_long_password_is_cut_where_bcrypt_stops_reading),
        TEST(a_bcrypt_token_is_checked_like_a_password),
        TEST(a_proxy_is_trusted_by_its_signature_only),
        TEST(leafnodes_with_a_block_of_their_own_know_only_its_users),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
