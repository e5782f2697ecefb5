/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/jsz.h"

#include "monitor/monitor_testing.h"

static void jetstream_is_off_and_the_page_says_so(void **state)
{
    (void)state;
    struct world *w = world_new(NULL);
    world_has(w, "/jsz", "accounts=1&streams=true&limit=3", "\"disabled\": true,\n");
    world_expect(w, "/jsz", "leader-only=1", 400, "filtered response: not leader");
    world_expect(
        w, "/jsz", "raft=q", 400,
        "Error decoding boolean for 'raft': strconv.ParseBool: parsing \"q\": invalid syntax");
    world_expect(w, "/jsz", "limit=q", 400,
                 "Error decoding int for 'limit': strconv.Atoi: parsing \"q\": invalid syntax");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jetstream_is_off_and_the_page_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
