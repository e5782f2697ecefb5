/* SPDX-License-Identifier: Apache-2.0 */
/* The texts were seen on nats-server 2.15.2. */
#include "auth/user_info.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "config/options_auth.h"
#include "json/writer.h"

static void expect_text(struct user_info info, const struct permissions *config, const char *text)
{
    AUTO_FREE(permission_set) set = config == NULL ? NULL : permission_set_new(config, 1);
    info.permissions = set;
    struct buf out = { 0 };
    struct json_writer w = json_writer_on(&out, JSON_COMPACT);
    user_info_write(&info, &w);
    assert_string_equal(buf_str(&out), text);
    buf_deinit(&out);
}

static void without_permissions_there_is_user_and_account(void **state)
{
    (void)state;
    expect_text((struct user_info){ .account = SLICE_LIT("$G") }, NULL,
                "{\"user\":\"\",\"account\":\"$G\",\"account_name\":\"$G\"}");
    expect_text((struct user_info){ SLICE_LIT("s"), SLICE_LIT("$SYS"), NULL, 5 * SECOND }, NULL,
                "{\"user\":\"s\",\"account\":\"$SYS\",\"account_name\":\"$SYS\","
                "\"expires\":5000000000}");
}

static void permissions_are_told_as_configured(void **state)
{
    (void)state;
    static struct subject_rule pub_allow = { ">", NULL }, pub_deny = { "x", NULL };
    static struct subject_rule sub_allow[] = { { "b", "q" }, { "a", NULL }, { ">", NULL } };
    const struct permissions config = {
        .publish = { .allow = &pub_allow, .allow_count = 1, .deny = &pub_deny, .deny_count = 1 },
        .subscribe = { .allow = sub_allow, .allow_count = 3 },
        .responses = { .present = true, .max = 1, .expires = 2 * MINUTE },
    };
    expect_text((struct user_info){ .user = SLICE_LIT("u"), .account = SLICE_LIT("$G") }, &config,
                "{\"user\":\"u\",\"account\":\"$G\",\"account_name\":\"$G\",\"permissions\":"
                "{\"publish\":{\"allow\":[\"\\u003e\"],\"deny\":[\"x\"]},"
                "\"subscribe\":{\"allow\":[\"b q\",\"a\",\"\\u003e\"]},"
                "\"responses\":{\"max\":1,\"ttl\":120000000000}}}");
}

static void empty_permissions_are_told_too(void **state)
{
    (void)state;
    const struct permissions config = { 0 };
    expect_text((struct user_info){ .user = SLICE_LIT("u"), .account = SLICE_LIT("$G") }, &config,
                "{\"user\":\"u\",\"account\":\"$G\",\"account_name\":\"$G\",\"permissions\":"
                "{\"publish\":{},\"subscribe\":{}}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_permissions_there_is_user_and_account),
        cmocka_unit_test(permissions_are_told_as_configured),
        cmocka_unit_test(empty_permissions_are_told_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
