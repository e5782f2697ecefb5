/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/permissions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/options_auth.h"

enum { LIST_MAX = 8 };

/* Lists of "subject" or "subject queue", ended by NULL. */
struct lists {
    const char *pub_allow[LIST_MAX];
    const char *pub_deny[LIST_MAX];
    const char *sub_allow[LIST_MAX];
    const char *sub_deny[LIST_MAX];
    bool        responses;
};

struct text {
    char bytes[64];
};

static struct subject_rule split(const char *entry, struct text *room)
{
    assert_in_range(strlen(entry), 0, sizeof room->bytes - 1);
    memcpy(room->bytes, entry, strlen(entry) + 1);
    char *blank = strchr(room->bytes, ' ');
    if (blank != NULL) *blank = 0;
    return (struct subject_rule){ room->bytes, blank == NULL ? NULL : blank + 1 };
}

static uint32_t split_all(const char *const *entries, struct subject_rule *ret, struct text *room)
{
    uint32_t count = 0;
    for (; entries[count] != NULL; count++) ret[count] = split(entries[count], &room[count]);
    return count;
}

static struct permission_set *set_of(const struct lists *lists)
{
    struct subject_rule rules[4][LIST_MAX];
    struct text rooms[4][LIST_MAX];
    struct permissions config = { .responses = { .present = lists->responses, .max = 1 } };
    config.publish.allow = rules[0];
    config.publish.allow_count = split_all(lists->pub_allow, rules[0], rooms[0]);
    config.publish.deny = rules[1];
    config.publish.deny_count = split_all(lists->pub_deny, rules[1], rooms[1]);
    config.subscribe.allow = rules[2];
    config.subscribe.allow_count = split_all(lists->sub_allow, rules[2], rooms[2]);
    config.subscribe.deny = rules[3];
    config.subscribe.deny_count = split_all(lists->sub_deny, rules[3], rooms[3]);
    return permission_set_new(&config, 7);
}

static enum permission pub(const struct permission_set *set, const char *subject)
{
    return permission_publish(set, slice_str(subject));
}

static enum permission sub(const struct permission_set *set, const char *what)
{
    struct slice queue = slice_str(what), subject;
    (void)slice_cut(&queue, ' ', &subject);
    return permission_subscribe(set, subject, queue);
}

static bool delivered(const struct permission_set *set, const char *subject, const char *queue)
{
    return permission_delivery(set, slice_str(subject), slice_str(queue));
}

static void without_a_set_everything_is_allowed_but_the_servers_queue(void **state)
{
    (void)state;
    assert_int_equal(pub(NULL, "a.b"), PERMISSION_ALLOWED);
    assert_int_equal(sub(NULL, "a.*"), PERMISSION_ALLOWED);
    assert_int_equal(sub(NULL, "a.* q"), PERMISSION_ALLOWED);
    assert_int_equal(sub(NULL, "a _sys_"), PERMISSION_DENIED);
    assert_true(delivered(NULL, "a", "q"));
    assert_null(permission_set_config(NULL));
}

struct publish_row {
    struct lists lists;
    const char  *allowed[LIST_MAX];
    const char  *denied[LIST_MAX];
};

/* Every row was seen on nats-server 2.15.2. */
static void publish_rules_are_those_of_nats_server(void **state)
{
    (void)state;
    static const struct publish_row rows[] = {
        { { .pub_allow = { "foo.*" } },
          { "foo.a", "foo.*", "foo.>" },
          { "foo", "*.a", "foo.a.b", "foo.", "foo..", ">", "" } },
        { { .pub_allow = { "foo.>" } },
          { "foo.a", "foo.*", "foo.>", "foo.*.a", "foo.a.b" },
          { "foo", "foo.", "foo..a", "foo..", "fo.a" } },
        { { .pub_deny = { "foo.a" } }, { "foo.*", "foo.>", "*.a", ">" }, { "foo.a" } },
        { { .pub_deny = { "foo.*" } }, { "*.a", ">", "foo.a.b" }, { "foo.a", "foo.*", "foo.>" } },
        { { .pub_deny = { "foo.>" } },
          { "*.a", ">", "foo.", "foo..a" },
          { "foo.a", "foo.*", "foo.>", "foo.a.b" } },
        { { .pub_allow = { ">" }, .pub_deny = { "x" } }, { "foo", "x.y" }, { "x", "a..b" } },
        { { .responses = true }, { NULL }, { "foo", "x" } },
        { { .responses = true, .pub_deny = { "x" } }, { NULL }, { "foo", "x" } },
        { { .responses = true, .pub_allow = { "foo" } }, { "foo" }, { "x" } },
        { { .sub_deny = { "x" } }, { "foo", "x" }, { NULL } },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        AUTO_FREE(permission_set) set = set_of(&rows[i].lists);
        for (const char *const *s = rows[i].allowed; *s != NULL; s++)
            assert_int_equal(pub(set, *s), PERMISSION_ALLOWED);
        for (const char *const *s = rows[i].denied; *s != NULL; s++)
            assert_int_equal(pub(set, *s), PERMISSION_DENIED);
    }
}

struct subscribe_row {
    struct lists lists;
    const char  *allowed[LIST_MAX];
    const char  *filtered[LIST_MAX];
    const char  *denied[LIST_MAX];
};

/* Seen on nats-server 2.15.2, but for the entries of `differs`. */
static const struct subscribe_row subscribe_rows[] = {
    { { .sub_allow = { "foo.*" } }, { "foo.*", "foo.a" }, { NULL }, { "*.*", ">", "foo" } },
    { { .sub_allow = { "foo.>" } }, { "foo.>", "foo.*.>", "foo.a q" }, { NULL }, { "foo", ">" } },
    { { .sub_deny = { "foo.*" } },
      { "foo", "bar.*" },
      { "*.*", ">", "> q" },
      { "foo.>", "foo.*", "foo.a", "foo.a q" } },
    { { .sub_deny = { "foo.*.x" } }, { "foo.a" }, { "foo.a.*" }, { "foo.a.x" } },
    { { .sub_deny = { "*.x" } }, { "foo.y" }, { "foo.*", "foo.* q" }, { "foo.x q" } },
    { { .sub_deny = { "foo.a q" } },
      { "foo.*", "foo.* r", "foo.a", "foo.a r" },
      { "foo.* q" },
      { "foo.a q" } },
    { { .sub_deny = { "foo.* q" } },
      { "foo.a", "foo.a r" },
      { NULL },
      { "foo.* q", "foo.a q", "foo.> q" } },
    { { .sub_deny = { "foo", "foo q" } }, { "bar" }, { NULL }, { "foo", "foo q", "foo r" } },
    { { .sub_deny = { "foo", "foo q" }, .sub_allow = { ">", "> *" } },
      { "bar q", "bar" },
      { NULL },
      { "foo", "foo q", "foo r", "bar a.b" } },
    { { .sub_allow = { "foo", "foo q" } }, { "foo", "foo q" }, { NULL }, { "foo r" } },
    { { .sub_allow = { "foo", "* q" } },
      { "foo", "foo q", "bar q" },
      { NULL },
      { "foo r", "bar" } },
    { { .sub_allow = { "foo *.dev" } },
      { "foo a.dev", "foo *.dev" },
      { NULL },
      { "foo", "foo dev", "foo a.b.dev", "foo >" } },
    { { .sub_allow = { "foo >" } },
      { "foo a.dev", "foo dev", "foo a..b", "foo >", "foo *", "foo .a" },
      { NULL },
      { "foo" } },
    { { .sub_allow = { "foo q*" } }, { "foo q*" }, { NULL }, { "foo qa" } },
    { { .sub_deny = { "foo *.dev" } },
      { "foo", "foo dev", "foo >", "foo *.*" },
      { NULL },
      { "foo a.dev", "foo *.dev" } },
    { { .sub_allow = { "foo" } }, { "foo" }, { NULL }, { "a..b", "foo..", "foo _sys_" } },
    { { .sub_allow = { ">" } }, { "_sys_ x" }, { NULL }, { "a..b", "foo _sys_" } },
    { { .sub_allow = { "foo a.*" } }, { "foo a.b", "foo a.*" }, { NULL }, { "foo a.>", "foo a." } },
    { { .sub_deny = { "foo a.*" } }, { "foo a.>", "foo a." }, { NULL }, { "foo a.b", "foo a.*" } },
    { { .sub_allow = { "foo q.*", "bar" } },
      { "foo q.1", "bar", "bar z" },
      { NULL },
      { "foo", "foo z" } },
    { { .pub_allow = { "x" } }, { "foo", "foo.> q" }, { NULL }, { NULL } },
};

/* nats-server lets these in and then delivers what no entry allows (`foo.a.b`; `foo.a` to r). */
static const struct subscribe_row differs[] = {
    { { .sub_allow = { "foo.*" } }, { NULL }, { NULL }, { "foo.>" } },
    { { .sub_allow = { "foo.* q" } }, { "foo.* q" }, { NULL }, { "foo.> q" } },
    { { .sub_allow = { "foo.*", "foo.a q" } },
      { "foo.*", "foo.* q", "foo.a q", "foo.a" },
      { "foo.* r" },
      { "foo.a r" } },
};

static void expect_row(const struct subscribe_row *row)
{
    AUTO_FREE(permission_set) set = set_of(&row->lists);
    for (const char *const *s = row->allowed; *s != NULL; s++)
        assert_int_equal(sub(set, *s), PERMISSION_ALLOWED);
    for (const char *const *s = row->filtered; *s != NULL; s++)
        assert_int_equal(sub(set, *s), PERMISSION_ALLOWED_FILTERED);
    for (const char *const *s = row->denied; *s != NULL; s++)
        assert_int_equal(sub(set, *s), PERMISSION_DENIED);
}

static void subscribe_rules_are_those_of_nats_server(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(subscribe_rows); i++) expect_row(&subscribe_rows[i]);
}

static void a_wildcard_subscription_gets_nothing_that_no_entry_allows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(differs); i++) expect_row(&differs[i]);
}

static void a_denied_subject_reaches_no_queue_group_on_a_wildcard(void **state)
{
    (void)state;
    struct lists lists = { .sub_allow = { "foo.*" }, .sub_deny = { "foo.secret", "foo.mine q" } };
    AUTO_FREE(permission_set) set = set_of(&lists);
    assert_int_equal(sub(set, "foo.* q"), PERMISSION_ALLOWED_FILTERED);
    assert_true(delivered(set, "foo.a", ""));
    assert_true(delivered(set, "foo.a", "q"));
    assert_false(delivered(set, "foo.secret", ""));
    assert_false(delivered(set, "foo.secret", "q"));
    assert_false(delivered(set, "foo.secret", "r"));
    assert_true(delivered(set, "foo.mine", ""));
    assert_false(delivered(set, "foo.mine", "q"));
    assert_true(delivered(set, "foo.mine", "r"));
}

static void what_is_denied_is_known_without_what_is_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *subject, *queue;
        bool is_denied;
    } rows[] = {
        { "foo.a", "", false },       { "bar", "", false },         { "foo.secret", "", true },
        { "foo.secret", "q", true },  { "foo.mine", "", false },    { "foo.mine", "q", true },
        { "foo.mine", "r", false },
    };
    struct lists lists = { .sub_allow = { "foo.*" }, .sub_deny = { "foo.secret", "foo.mine q" } };
    AUTO_FREE(permission_set) set = set_of(&lists);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct slice subject = slice_str(rows[i].subject), queue = slice_str(rows[i].queue);
        assert_int_equal(permission_delivery_denied(set, subject, queue), rows[i].is_denied);
        assert_false(permission_delivery_denied(NULL, subject, queue));
    }
}

static void the_rules_can_be_read_back(void **state)
{
    (void)state;
    struct lists lists = { .sub_allow = { "foo", "bar q" },
                           .pub_deny = { "x" },
                           .responses = true };
    AUTO_FREE(permission_set) set = set_of(&lists);
    const struct permissions *config = permission_set_config(set);
    assert_int_equal(config->subscribe.allow_count, 2);
    assert_string_equal(config->subscribe.allow[1].subject, "bar");
    assert_string_equal(config->subscribe.allow[1].queue, "q");
    assert_null(config->subscribe.allow[0].queue);
    assert_string_equal(config->publish.deny[0].subject, "x");
    assert_true(config->responses.present);
}

static void a_thousand_rules_decide_as_one_by_one(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    static struct subject_rule rules[COUNT];
    static struct text rooms[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        char *at = rooms[i].bytes;
        const char *forms[] = { "a%u.b", "a%u.*.c", "a%u.>", "*.b%u" };
        (void)snprintf(at, sizeof rooms[i], forms[i % 4], i);
        rules[i].subject = at;
    }
    struct permissions config = { .publish = { .allow = rules, .allow_count = COUNT } };
    AUTO_FREE(permission_set) set = permission_set_new(&config, 3);
    assert_int_equal(pub(set, "a0.b"), PERMISSION_ALLOWED);
    assert_int_equal(pub(set, "a1.x.c"), PERMISSION_ALLOWED);
    assert_int_equal(pub(set, "a2.x.y.z"), PERMISSION_ALLOWED);
    assert_int_equal(pub(set, "a996.b"), PERMISSION_ALLOWED);
    assert_int_equal(pub(set, "z.b999"), PERMISSION_ALLOWED);
    assert_int_equal(pub(set, "a1.b"), PERMISSION_DENIED);
    assert_int_equal(pub(set, "a0.b.c"), PERMISSION_DENIED);
    assert_int_equal(pub(set, "a2"), PERMISSION_DENIED);
    assert_int_equal(pub(set, "z.b998"), PERMISSION_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_set_everything_is_allowed_but_the_servers_queue),
        cmocka_unit_test(publish_rules_are_those_of_nats_server),
        cmocka_unit_test(subscribe_rules_are_those_of_nats_server),
        cmocka_unit_test(a_wildcard_subscription_gets_nothing_that_no_entry_allows),
        cmocka_unit_test(a_denied_subject_reaches_no_queue_group_on_a_wildcard),
        cmocka_unit_test(what_is_denied_is_known_without_what_is_allowed),
        cmocka_unit_test(the_rules_can_be_read_back),
        cmocka_unit_test(a_thousand_rules_decide_as_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
