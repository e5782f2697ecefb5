/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/access.h"

#include "codec/base64.h"
#include <stdio.h>

#include "monitor/monitor_testing.h"

static struct access *access;
static struct fake *fake;

static int setup(void **state)
{
    (void)state;
    fake = fake_new();
    access = access_new(&fake->entropy);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    access = access_free(access);
    fake = fake_free(fake);
    return 0;
}

static bool granted(struct access_rule rule, const char *scheme, const char *credentials)
{
    uint8_t text[256];
    uint32_t len = base64_encode(BASE64_STD, slice_str(credentials), text);
    char header[300];
    (void)snprintf(header, sizeof header, "%s%.*s", scheme, (int)len, (const char *)text);
    return access_granted(access, rule, header, SECOND);
}

static void without_a_user_everybody_may_look(void **state)
{
    (void)state;
    struct access_rule rule = { NULL, NULL };
    assert_true(access_granted(access, rule, "", SECOND));
    assert_true(access_granted(access, rule, "Basic !", SECOND));
}

static void only_the_right_user_and_password_get_in(void **state)
{
    (void)state;
    struct access_rule rule = { "anna", "pa:ss" };
    assert_true(granted(rule, "Basic ", "anna:pa:ss"));
    assert_true(granted(rule, "basic   ", "anna:pa:ss"));
    assert_false(granted(rule, "Basic ", "anna:pa"));
    assert_false(granted(rule, "Basic ", "anna:pa:ss2"));
    assert_false(granted(rule, "Basic ", "anna"));
    assert_false(granted(rule, "Basic ", ":pa:ss"));
    assert_false(granted(rule, "Basic ", "ann:pa:ss"));
    assert_false(granted(rule, "Bearer ", "anna:pa:ss"));
    assert_false(granted(rule, "", "anna:pa:ss"));
    assert_false(access_granted(access, rule, "", SECOND));
    assert_false(access_granted(access, rule, "Basic", SECOND));
    assert_false(access_granted(access, rule, "Basic !!!", SECOND));
}

static void a_header_too_long_to_be_right_is_refused(void **state)
{
    (void)state;
    char header[8192] = "Basic ";
    memset(header + 6, 'A', sizeof header - 7);
    header[sizeof header - 1] = '\0';
    assert_false(access_granted(access, (struct access_rule){ "a", "b" }, header, SECOND));
}

/* bcrypt of "secret", cost 4 */
static const char HASH[] = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";

static void a_bcrypt_password_is_checked_and_remembered(void **state)
{
    (void)state;
    struct access_rule rule = { "anna", HASH };
    assert_true(granted(rule, "Basic ", "anna:secret"));
    assert_true(granted(rule, "Basic ", "anna:secret"));
    assert_false(granted(rule, "Basic ", "bert:secret"));
    assert_false(granted(rule, "Basic ", "anna:Secret"));
    assert_false(granted(rule, "Basic ", "anna:"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(without_a_user_everybody_may_look),
        TEST(only_the_right_user_and_password_get_in),
        TEST(a_header_too_long_to_be_right_is_refused),
        TEST(a_bcrypt_password_is_checked_and_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
