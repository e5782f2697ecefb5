/* SPDX-License-Identifier: Apache-2.0 */
/* Advisory 2023-01: each combination of authentication settings, and what it means for who comes
 * without credentials. The rows above the line were seen on nats-server 2.15.2. */
#include "auth/directory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "auth/decide.h"
#include "auth/test_options.h"

static const char nkey[] = "UAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3RLKK";

static void nothing(struct options *o)
{
    (void)o;
}

static void system_user(struct options *o)
{
    (void)test_account_user(o, test_account(o, "$SYS"), "s", "p");
}

static void system_alone(struct options *o)
{
    (void)test_account(o, "$SYS");
}

static void system_user_and_empty_block(struct options *o)
{
    system_user(o);
    o->authorization.present = true;
}

static void system_user_and_token(struct options *o)
{
    system_user(o);
    o->authorization.token = "t";           /* from a flag, so that no block was written */
}

static void system_of_another_name(struct options *o)
{
    (void)test_account_user(o, test_account(o, "S"), "s", "p");
    o->system_account = "S";
}

static void system_user_and_account(struct options *o)
{
    system_of_another_name(o);
    (void)test_account(o, "A");
}

static void system_and_account_without_users(struct options *o)
{
    (void)test_account(o, "S");
    (void)test_account(o, "A");
    o->system_account = "S";
}

static void system_user_switched_off(struct options *o)
{
    system_user(o);
    o->no_system_account = true;
}

static void system_nkey(struct options *o)
{
    struct account_options *account = test_account(o, "$SYS");
    test_user_in(o, &account->nkeys)->nkey = nkey;
}

static void account_without_users(struct options *o)
{
    (void)test_account(o, "A");
}

static void account_user(struct options *o)
{
    (void)test_account_user(o, test_account(o, "A"), "s", "p");
}

static void token(struct options *o)
{
    o->authorization.present = true;
    o->authorization.token = "t";
}

static void single_user(struct options *o)
{
    o->authorization.present = true;
    o->authorization.user = "u";
    o->authorization.pass = "p";
}

static void single_user_without_password(struct options *o)
{
    o->authorization.present = true;
    o->authorization.user = "u";
}

static void users(struct options *o)
{
    (void)test_user(o, "u", "p");
}

static void users_and_no_auth_user(struct options *o)
{
    (void)test_user(o, "u", "p");
    o->no_auth_user = "u";
}

static void no_auth_user_of_another_kind(struct options *o)
{
    users_and_no_auth_user(o);
    o->authorization.users.items[0].connection_types = CONNECTION_WEBSOCKET;
}

static void system_user_and_no_auth_user(struct options *o)
{
    system_user(o);
    o->no_auth_user = "s";
}

static void empty_users(struct options *o)
{
    o->authorization.present = true;
    o->authorization.users.present = true;
}

static void nkeys(struct options *o)
{
    (void)test_nkey(o, nkey);
}

static void nkey_as_no_auth_user(struct options *o)
{
    (void)test_nkey(o, nkey);
    o->no_auth_user = nkey;
}

static void certificates(struct options *o)
{
    users_and_no_auth_user(o);
    o->tls.present = o->tls.verify_and_map = true;
}

static const char *const some_key[] = {
    "OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT"
};

static void operators(struct options *o)
{
    o->trust.operators = (struct string_list){ (const char **)(uintptr_t)some_key, 1, true };
}

static void trusted_keys(struct options *o)
{
    o->trust.trusted_keys = (struct string_list){ (const char **)(uintptr_t)some_key, 1, true };
}

static void callout(struct options *o)
{
    users_and_no_auth_user(o);
    o->authorization.auth_callout.present = true;
}

static void only_by_proxy(struct options *o)
{
    o->authorization.present = true;
    o->authorization.proxy_required = true;
}

struct row {
    const char *name;
    void      (*write)(struct options *);
    bool        info_required;          /* the first INFO says auth_required */
    bool        nonce;
    const char *anonymous;              /* account after an empty CONNECT; NULL: refused */
    const char *user;                   /* .. as this user; NULL: nobody */
    bool        fast;                   /* .. and so without CONNECT */
};

#define ROW(function, ...)               \
    {                                    \
#function, function, __VA_ARGS__ \
    }
static const struct row rows[] = {
    ROW(nothing, false, false, "$G", NULL, true),
    ROW(system_user, true, false, "$G", "nats-12345678", true),
    ROW(system_alone, true, false, "$G", "nats-12345678", true),
    ROW(system_user_and_empty_block, true, false, NULL, NULL, false),
    ROW(system_of_another_name, true, false, "$G", "nats-12345678", true),
    ROW(system_user_and_account, true, false, NULL, NULL, false),
    ROW(system_and_account_without_users, false, false, "$G", NULL, true),
    ROW(system_user_switched_off, true, false, "$G", "nats-12345678", true),
    ROW(system_nkey, true, true, "$G", "nats-12345678", true),
    ROW(account_without_users, false, false, "$G", NULL, true),
    ROW(account_user, true, false, NULL, NULL, false),
    ROW(token, true, false, NULL, NULL, false),
    ROW(single_user, true, false, NULL, NULL, false),
    ROW(single_user_without_password, true, false, NULL, NULL, false),
    ROW(users, true, false, NULL, NULL, false),
    ROW(users_and_no_auth_user, false, false, "$G", "u", true),
    ROW(no_auth_user_of_another_kind, false, false, NULL, NULL, false),
    ROW(system_user_and_no_auth_user, false, false, "$SYS", "s", true),
    ROW(empty_users, false, false, "$G", NULL, true),
    ROW(nkeys, true, true, NULL, NULL, false),
    ROW(nkey_as_no_auth_user, false, true, "$G", nkey, false),
    ROW(certificates, false, false, NULL, NULL, false),
    /* --- not served yet, so closed; nats-server refuses the first --- */
    ROW(system_user_and_token, true, false, NULL, NULL, false),
    ROW(operators, true, true, NULL, NULL, false),
    ROW(trusted_keys, true, true, NULL, NULL, false),
    ROW(callout, true, true, NULL, NULL, false),
    ROW(only_by_proxy, true, false, NULL, NULL, false),
};

static struct directory *directory_of(void (*write)(struct options *))
{
    AUTO_FREE(options) o = options_new();
    struct directory *d = NULL;
    write(o);
    assert_int_equal(directory_new(o, test_setup, &d, NULL), ERR_OK);
    return d;
}

static void expect_anonymous(const struct directory *d, const struct row *row, bool in_fast_path)
{
    struct auth_result result;
    struct auth_request request = { .type = CONNECTION_STANDARD, .in_fast_path = in_fast_path };
    bool expected = row->anonymous != NULL && (row->fast || !in_fast_path);
    enum auth_verdict verdict = auth_decide(d, &request, &result);
    assert_int_equal(verdict, expected ? AUTH_ACCEPTED : AUTH_REFUSED);
    if (!expected) return;
    assert_string_equal(result.account->name, row->anonymous);
    assert_string_equal(result.user == NULL ? "" : result.user->name,
                        row->user == NULL ? "" : row->user);
}

static void anonymous_access_is_what_each_configuration_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct row *row = &rows[i];
        print_message("    %s\n", row->name);
        struct directory *d = directory_of(row->write);
        bool info = directory_info_auth_required(d, CONNECTION_STANDARD);
        assert_int_equal(info, row->info_required);
        assert_int_equal(directory_nonce_needed(d), row->nonce);
        assert_false(info && !directory_auth_required(d, CONNECTION_STANDARD));
        expect_anonymous(d, row, false);
        expect_anonymous(d, row, true);
        (void)directory_unref(d);
    }
}

static void a_wrong_name_never_gets_in_where_names_count(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct directory *d = directory_of(rows[i].write);
        struct auth_request r = { .type = CONNECTION_STANDARD,
                                  .user = SLICE_LIT("nobody"),
                                  .pass = SLICE_LIT("") };
        struct auth_result result;
        bool open = !directory_auth_required(d, CONNECTION_STANDARD);
        assert_int_equal(auth_decide(d, &r, &result), open ? AUTH_ACCEPTED : AUTH_REFUSED);
        assert_true(slice_equal_str(result.name, "nobody"));
        (void)directory_unref(d);
    }
}

static void names_are_found_and_the_snapshot_outlives_its_options(void **state)
{
    (void)state;
    struct directory *d = directory_of(system_user_and_account);
    assert_int_equal(directory_account_count(d), 3);
    assert_string_equal(directory_account_at(d, 0)->name, "$G");
    assert_string_equal(directory_account_at(d, 1)->name, "S");
    assert_string_equal(directory_account_at(d, 2)->name, "A");
    assert_ptr_equal(directory_system_account(d), directory_account(d, SLICE_LIT("S")));
    assert_null(directory_account(d, SLICE_LIT("$SYS")));
    assert_ptr_equal(directory_user(d, SLICE_LIT("s"))->account, directory_system_account(d));
    assert_null(directory_user(d, SLICE_LIT("S")));
    (void)directory_unref(d);

    d = directory_of(nkeys);
    assert_true(directory_nkey(d, slice_str(nkey))->is_nkey);
    assert_null(directory_user(d, slice_str(nkey)));
    (void)directory_unref(d);
}

static void it_lives_until_the_last_reference_is_gone(void **state)
{
    (void)state;
    struct directory *d = directory_of(users);
    assert_ptr_equal(directory_ref(d), d);
    assert_null(directory_unref(d));
    assert_non_null(directory_user(d, SLICE_LIT("u")));
    assert_null(directory_unref(d));
    assert_null(directory_unref(NULL));
}

static void a_plain_password_is_noticed(void **state)
{
    (void)state;
    void (*const plain[])(struct options *) = { users, single_user, token, account_user };
    void (*const none[])(struct options *) = { nothing, nkeys, single_user_without_password,
                                               system_alone };
    for (size_t i = 0; i < ARRAY_COUNT(plain); i++) {
        struct directory *d = directory_of(plain[i]);
        assert_true(directory_has_plaintext(d));
        (void)directory_unref(d);
        d = directory_of(none[i]);
        assert_false(directory_has_plaintext(d));
        (void)directory_unref(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anonymous_access_is_what_each_configuration_says),
        cmocka_unit_test(a_wrong_name_never_gets_in_where_names_count),
        cmocka_unit_test(names_are_found_and_the_snapshot_outlives_its_options),
        cmocka_unit_test(it_lives_until_the_last_reference_is_gone),
        cmocka_unit_test(a_plain_password_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
