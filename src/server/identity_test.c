/* SPDX-License-Identifier: Apache-2.0 */
#include "server/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "crypto/nkey.h"

struct fake_entropy {
    struct entropy base;
    struct rng     rng;
};

static void fill(struct entropy *base, void *bytes, size_t size)
{
    struct fake_entropy *e = container_of(base, struct fake_entropy, base);
    for (uint8_t *at = bytes, *end = at + size; at < end; at++) *at = (uint8_t)rng_next(&e->rng);
}

static int set_up(void **state)
{
    static struct fake_entropy entropy;
    static struct env env;
    entropy.base.fill = fill;
    rng_init(&entropy.rng, 1);
    env = (struct env){ .entropy = &entropy.base };
    *state = &env;
    return 0;
}

static void a_server_without_a_name_is_called_by_its_id(void **state)
{
    struct options *o = options_new();
    struct identity *i = identity_new(*state, o);
    const struct server_identity *id = identity_get(i);
    assert_true(nkey_is(slice_str(id->id), NKEY_SERVER));
    assert_true(nkey_is(slice_str(id->xkey), NKEY_CURVE));
    assert_string_equal(id->name, id->id);
    assert_null(id->cluster);
    assert_int_equal(strlen(identity_suffix(i)), IDENTITY_SUFFIX);
    (void)identity_free(i);
    (void)options_free(o);
}

static void two_servers_are_two(void **state)
{
    struct options *o = options_new();
    struct identity *a = identity_new(*state, o), *b = identity_new(*state, o);
    assert_string_not_equal(identity_get(a)->id, identity_get(b)->id);
    assert_string_not_equal(identity_suffix(a), identity_suffix(b));
    (void)identity_free(a);
    (void)identity_free(b);
    (void)options_free(o);
}

static void a_cluster_that_listens_has_a_name_even_if_made_up(void **state)
{
    struct options *o = options_new();
    o->cluster.present = true;
    struct identity *i = identity_new(*state, o);
    assert_null(identity_get(i)->cluster);
    (void)identity_free(i);
    o->cluster.listen.port = -1;
    i = identity_new(*state, o);
    assert_non_null(identity_get(i)->cluster);
    assert_true(identity_get(i)->cluster_dynamic);
    (void)identity_free(i);
    o->cluster.name = "C1";
    i = identity_new(*state, o);
    assert_string_equal(identity_get(i)->cluster, "C1");
    assert_false(identity_get(i)->cluster_dynamic);
    (void)identity_free(i);
    (void)options_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_server_without_a_name_is_called_by_its_id, set_up),
        cmocka_unit_test_setup(two_servers_are_two, set_up),
        cmocka_unit_test_setup(a_cluster_that_listens_has_a_name_even_if_made_up, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
